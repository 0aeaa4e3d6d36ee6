// A table of JSON objects as the control protocol gives them. Columns are values; rows are replaced as a whole, keeping
// the selection by key, so that tens of thousands of rows scroll smoothly and live lists don't jump.
#pragma once

#include <QAbstractTableModel>
#include <QJsonObject>
#include <QList>

#include <functional>

namespace posthorn::ui {

struct Column
{
    QString title;
    std::function<QString(const QJsonObject &)> text;
    std::function<QVariant(const QJsonObject &)> sortKey = {}; // empty: by text
    Qt::Alignment alignment = Qt::AlignLeft | Qt::AlignVCenter;
    std::function<QString(const QJsonObject &)> toolTip = {};
};

class RowModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    static constexpr int SortRole = Qt::UserRole;
    static constexpr int KeyRole = Qt::UserRole + 1;

    // `key` names the field that tells rows apart.
    RowModel(QList<Column> columns, QString key, QObject *parent = nullptr);

    // Rows with the same keys in the same order are changed in place; else the table is reset.
    void setRows(QList<QJsonObject> rows);
    void append(const QList<QJsonObject> &rows, qsizetype keepAtMost);
    [[nodiscard]] const QJsonObject &row(int number) const { return m_rows.at(number); }
    [[nodiscard]] const QList<QJsonObject> &rows() const { return m_rows; }

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    [[nodiscard]] bool sameKeys(const QList<QJsonObject> &rows) const;

    QList<Column> m_columns;
    QString m_key;
    QList<QJsonObject> m_rows;
};

} // namespace posthorn::ui
