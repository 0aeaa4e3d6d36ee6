// A sortable, filterable table of rows, with words in place of an empty one.
#pragma once

#include "ui/models/row_model.h"

#include <QSortFilterProxyModel>
#include <QWidget>

class QLabel;
class QStackedLayout;
class QTableView;

namespace posthorn::ui {

class Table : public QWidget
{
    Q_OBJECT
public:
    Table(QList<Column> columns, const QString &key, QWidget *parent = nullptr);

    [[nodiscard]] RowModel &model() { return *m_model; }
    [[nodiscard]] QTableView &view() { return *m_view; }
    void setRows(QList<QJsonObject> rows);
    void append(const QList<QJsonObject> &rows, qsizetype keepAtMost);
    // Words shown when there is nothing, and when nothing matches the filter.
    void setEmptyText(const QString &text);
    void setFilter(const QString &text);
    [[nodiscard]] QList<QJsonObject> selected() const;
    void selectFirst();
    void select(const QString &key); // the row with this key, if there is one
    [[nodiscard]] QList<QJsonObject> shown() const; // those that match the filter, as they are sorted
    // The widths that its user draws are the same at the next start, under this name.
    void keepColumns(const QString &name);
    void setName(const QString &name); // for those who hear it
    void copy(); // what is selected, as lines with tabs, to the clipboard

Q_SIGNALS:
    void selectionChanged();
    void activated(const QJsonObject &row);

private:
    void showWhatFits();
    void restoreSelection(const QVariantList &keys, const QVariant &current);

    RowModel *m_model;
    QSortFilterProxyModel *m_proxy;
    QTableView *m_view;
    QLabel *m_empty;
    QStackedLayout *m_stack;
    QString m_emptyText;
    bool m_fits = true; // columns are made as wide as the first rows need
};

} // namespace posthorn::ui
