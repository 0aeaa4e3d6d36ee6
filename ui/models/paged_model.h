// A table of very many rows that are somewhere else: it knows how many there are, asks for the pages that are looked at, and
// forgets those that were not for long. Rows that are not here yet are empty.
#pragma once

#include "ui/models/row_model.h"

#include <QHash>
#include <QSet>
#include <QTimer>

namespace posthorn::ui {

class PagedModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    static constexpr int pageSize = 200;
    static constexpr int inView = 2;      // pages that a view shows at a time
    static constexpr int mostKept = 30;   // pages
    static constexpr int mostAsked = 2;   // pages at a time
    static constexpr int mostWanted = 4;  // those wanted last; whoever scrolls by does not wait for what he passed

    explicit PagedModel(QList<Column> columns, QString key, QObject *parent = nullptr);

    // Something else is to be shown: forgets all, and asks for the first page.
    void restart();
    // Asks anew for what is looked at, and forgets the rest, which may be stale.
    void refresh();
    // The answer to wanted(); `total`: rows in all. Answers to what was asked before restart() are left out.
    void fill(int asking, int page, QList<QJsonObject> rows, int total);
    void failed(int asking, int page);

    [[nodiscard]] const QJsonObject *row(int number) const; // null: not here
    [[nodiscard]] bool isKnown() const { return m_known; }  // how many there are
    [[nodiscard]] int keptPages() const { return int(m_pages.size()); }

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

Q_SIGNALS:
    void wanted(int asking, int page);
    void filled();

private:
    void want(int page) const;
    void ask();
    void setTotal(int total);
    void forgetOldest();

    QList<Column> m_columns;
    QString m_key;
    QHash<int, QList<QJsonObject>> m_pages;
    mutable QList<int> m_used;   // pages, the one looked at last at the end
    mutable QList<int> m_wanted; // the newest at the end
    mutable QTimer m_asking;
    QSet<int> m_asked;
    int m_total = 0;
    int m_number = 0; // of what is shown: counts restart()s
    bool m_known = false;
};

} // namespace posthorn::ui
