#include "ui/models/paged_model.h"

namespace posthorn::ui {

PagedModel::PagedModel(QList<Column> columns, QString key, QObject *parent)
    : QAbstractTableModel(parent), m_columns(std::move(columns)), m_key(std::move(key))
{
    m_asking.setSingleShot(true);
    m_asking.setInterval(0);
    connect(&m_asking, &QTimer::timeout, this, [this] { ask(); });
}

void PagedModel::restart()
{
    beginResetModel();
    m_pages.clear();
    m_used.clear();
    m_wanted.clear();
    m_asked.clear();
    m_total = 0;
    m_known = false;
    ++m_number;
    endResetModel();
    want(0);
}

void PagedModel::refresh()
{
    m_used = m_used.mid(qMax<qsizetype>(0, m_used.size() - inView));
    m_pages.removeIf([&](const auto &page) { return !m_used.contains(page.key()); });
    for (const int page : std::as_const(m_used))
        want(page);
    if (m_used.isEmpty())
        want(0);
}

void PagedModel::want(int page) const
{
    if (m_asked.contains(page) && m_wanted.contains(page))
        return;
    m_wanted.removeOne(page);
    m_wanted.append(page);
    if (m_wanted.size() > mostWanted)
        m_wanted.removeFirst();
    m_asking.start();
}

void PagedModel::ask()
{
    while (!m_wanted.isEmpty() && m_asked.size() < mostAsked) {
        const int page = m_wanted.takeLast();
        if (m_asked.contains(page))
            continue;
        m_asked.insert(page);
        Q_EMIT wanted(m_number, page);
    }
}

void PagedModel::fill(int asking, int page, QList<QJsonObject> rows, int total)
{
    if (asking != m_number)
        return;
    m_asked.remove(page);
    m_known = true;
    setTotal(total);
    const int first = page * pageSize, last = qMin(first + pageSize, m_total) - 1;
    m_pages.insert(page, std::move(rows));
    m_used.removeOne(page);
    m_used.append(page);
    forgetOldest();
    if (last >= first)
        Q_EMIT dataChanged(index(first, 0), index(last, columnCount() - 1));
    Q_EMIT filled();
    m_asking.start();
}

void PagedModel::failed(int asking, int page)
{
    if (asking == m_number)
        m_asked.remove(page);
}

void PagedModel::setTotal(int total)
{
    if (total > m_total) {
        beginInsertRows({}, m_total, total - 1);
        m_total = total;
        endInsertRows();
    } else if (total < m_total) {
        beginRemoveRows({}, total, m_total - 1);
        m_total = total;
        endRemoveRows();
    }
}

void PagedModel::forgetOldest()
{
    while (m_pages.size() > mostKept && !m_used.isEmpty())
        m_pages.remove(m_used.takeFirst());
}

const QJsonObject *PagedModel::row(int number) const
{
    const auto page = m_pages.constFind(number / pageSize);
    const int at = number % pageSize;
    return page == m_pages.cend() || at >= page->size() ? nullptr : &page->at(at);
}

int PagedModel::rowCount(const QModelIndex &parent) const { return parent.isValid() ? 0 : m_total; }
int PagedModel::columnCount(const QModelIndex &parent) const { return parent.isValid() ? 0 : int(m_columns.size()); }

QVariant PagedModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid() || index.row() >= m_total)
        return {};
    const Column &column = m_columns.at(index.column());
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(column.alignment);
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole && role != RowModel::KeyRole)
        return {};
    const QJsonObject *const shown = row(index.row());
    if (role == Qt::DisplayRole) { // it is looked at
        const int page = index.row() / pageSize;
        if (!shown && !m_asked.contains(page))
            want(page);
        if (!m_used.isEmpty() && m_used.last() != page && m_used.removeOne(page))
            m_used.append(page);
    }
    if (!shown)
        return {};
    if (role == RowModel::KeyRole)
        return shown->value(m_key).toVariant();
    return role == Qt::ToolTipRole && column.toolTip ? column.toolTip(*shown) : column.text(*shown);
}

QVariant PagedModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= m_columns.size())
        return {};
    if (role == Qt::DisplayRole)
        return m_columns.at(section).title;
    return role == Qt::TextAlignmentRole ? QVariant::fromValue(m_columns.at(section).alignment) : QVariant();
}

} // namespace posthorn::ui
