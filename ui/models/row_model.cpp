#include "ui/models/row_model.h"

#include <algorithm>

namespace posthorn::ui {

RowModel::RowModel(QList<Column> columns, QString key, QObject *parent)
    : QAbstractTableModel(parent), m_columns(std::move(columns)), m_key(std::move(key))
{
}

bool RowModel::sameKeys(const QList<QJsonObject> &rows) const
{
    return rows.size() == m_rows.size()
           && std::equal(rows.begin(), rows.end(), m_rows.begin(),
                         [this](const QJsonObject &a, const QJsonObject &b) { return a.value(m_key) == b.value(m_key); });
}

void RowModel::setRows(QList<QJsonObject> rows)
{
    if (sameKeys(rows)) {
        m_rows = std::move(rows);
        if (!m_rows.isEmpty())
            Q_EMIT dataChanged(index(0, 0), index(int(m_rows.size()) - 1, int(m_columns.size()) - 1));
        return;
    }
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

void RowModel::append(const QList<QJsonObject> &rows, qsizetype keepAtMost)
{
    if (rows.isEmpty())
        return;
    const qsizetype over = m_rows.size() + rows.size() - keepAtMost;
    if (over > 0 && over <= m_rows.size()) {
        beginRemoveRows({}, 0, int(over) - 1);
        m_rows.remove(0, over);
        endRemoveRows();
    }
    beginInsertRows({}, int(m_rows.size()), int(m_rows.size() + rows.size()) - 1);
    m_rows += rows;
    endInsertRows();
}

int RowModel::rowCount(const QModelIndex &parent) const { return parent.isValid() ? 0 : int(m_rows.size()); }
int RowModel::columnCount(const QModelIndex &parent) const { return parent.isValid() ? 0 : int(m_columns.size()); }

QVariant RowModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid() || index.row() >= m_rows.size())
        return {};
    const Column &column = m_columns.at(index.column());
    const QJsonObject &row = m_rows.at(index.row());
    switch (role) {
    case Qt::DisplayRole: return column.text(row);
    case Qt::ToolTipRole: return column.toolTip ? column.toolTip(row) : column.text(row);
    case Qt::TextAlignmentRole: return QVariant::fromValue(column.alignment);
    case SortRole: return column.sortKey ? column.sortKey(row) : QVariant(column.text(row));
    case KeyRole: return row.value(m_key).toVariant();
    default: return {};
    }
}

QVariant RowModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= m_columns.size())
        return {};
    if (role == Qt::DisplayRole)
        return m_columns.at(section).title;
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(m_columns.at(section).alignment);
    return {};
}

} // namespace posthorn::ui
