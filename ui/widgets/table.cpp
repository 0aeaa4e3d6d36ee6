#include "ui/widgets/table.h"

#include "ui/widgets/places.h"

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QHeaderView>
#include <QLabel>
#include <QStackedLayout>
#include <QTableView>

namespace posthorn::ui {

namespace {

constexpr int widest = 320; // of a column, until somebody draws it wider

} // namespace

Table::Table(QList<Column> columns, const QString &key, QWidget *parent)
    : QWidget(parent), m_model(new RowModel(std::move(columns), key, this)), m_proxy(new QSortFilterProxyModel(this)),
      m_view(new QTableView), m_empty(new QLabel), m_stack(new QStackedLayout(this))
{
    m_proxy->setSourceModel(m_model);
    m_proxy->setSortRole(RowModel::SortRole);
    m_proxy->setFilterKeyColumn(-1);
    m_proxy->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_proxy->setSortCaseSensitivity(Qt::CaseInsensitive);
    m_view->setModel(m_proxy);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_view->setAlternatingRowColors(true);
    m_view->setShowGrid(false);
    m_view->setWordWrap(false);
    m_view->setTabKeyNavigation(false);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(m_view->fontMetrics().height() + 10);
    m_view->horizontalHeader()->setStretchLastSection(true);
    m_view->horizontalHeader()->setHighlightSections(false);
    m_view->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder); // as they come, until somebody asks otherwise
    m_view->horizontalHeader()->setSortIndicatorClearable(true);
    m_view->setSortingEnabled(true);
    auto *copyAction = new QAction(tr("&Copy"), m_view);
    copyAction->setShortcut(QKeySequence::Copy);
    copyAction->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(copyAction, &QAction::triggered, this, &Table::copy);
    m_view->addAction(copyAction);
    m_view->setContextMenuPolicy(Qt::ActionsContextMenu);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setMargin(40);
    m_empty->setForegroundRole(QPalette::PlaceholderText);
    m_empty->setFrameStyle(QFrame::StyledPanel | QFrame::Sunken);
    m_empty->setBackgroundRole(QPalette::Base);
    m_empty->setAutoFillBackground(true);
    m_stack->setContentsMargins(0, 0, 0, 0);
    m_stack->addWidget(m_view);
    m_stack->addWidget(m_empty);
    setFocusProxy(m_view);
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, &Table::selectionChanged);
    connect(m_view, &QTableView::activated, this, [this](const QModelIndex &index) {
        Q_EMIT activated(m_model->row(m_proxy->mapToSource(index).row()));
    });
    showWhatFits();
}

void Table::setRows(QList<QJsonObject> rows)
{
    QVariantList keys;
    const QModelIndexList chosen = m_view->selectionModel()->selectedRows();
    for (const QModelIndex &index : chosen)
        keys += index.data(RowModel::KeyRole);
    const QVariant current = m_view->currentIndex().data(RowModel::KeyRole);
    const bool first = m_model->rowCount() == 0 && !rows.isEmpty();
    m_model->setRows(std::move(rows));
    if (m_view->selectionModel()->selectedRows().size() != keys.size())
        restoreSelection(keys, current);
    if (first && m_fits) {
        m_view->resizeColumnsToContents();
        for (int i = 0; i < m_model->columnCount(); ++i)
            m_view->setColumnWidth(i, qMin(m_view->columnWidth(i) + 16, widest));
    }
    showWhatFits();
}

void Table::append(const QList<QJsonObject> &rows, qsizetype keepAtMost)
{
    m_model->append(rows, keepAtMost);
    showWhatFits();
}

void Table::restoreSelection(const QVariantList &keys, const QVariant &current)
{
    for (int i = 0; i < m_proxy->rowCount(); ++i) {
        const QModelIndex index = m_proxy->index(i, 0);
        const QVariant key = index.data(RowModel::KeyRole);
        if (keys.contains(key))
            m_view->selectionModel()->select(index, QItemSelectionModel::Select | QItemSelectionModel::Rows);
        if (current.isValid() && key == current)
            m_view->selectionModel()->setCurrentIndex(index, QItemSelectionModel::NoUpdate);
    }
}

void Table::setEmptyText(const QString &text)
{
    m_emptyText = text;
    showWhatFits();
}

void Table::setFilter(const QString &text)
{
    m_proxy->setFilterFixedString(text);
    showWhatFits();
}

void Table::showWhatFits()
{
    const bool nothing = m_proxy->rowCount() == 0;
    m_empty->setText(m_model->rowCount() == 0 ? m_emptyText : tr("Nothing matches what you typed."));
    m_stack->setCurrentWidget(nothing ? static_cast<QWidget *>(m_empty) : m_view);
}

QList<QJsonObject> Table::selected() const
{
    QList<QJsonObject> rows;
    const QModelIndexList chosen = m_view->selectionModel()->selectedRows();
    for (const QModelIndex &index : chosen)
        rows += m_model->row(m_proxy->mapToSource(index).row());
    return rows;
}

QList<QJsonObject> Table::shown() const
{
    QList<QJsonObject> rows;
    for (int i = 0; i < m_proxy->rowCount(); ++i)
        rows += m_model->row(m_proxy->mapToSource(m_proxy->index(i, 0)).row());
    return rows;
}

void Table::keepColumns(const QString &name) { m_fits = !ui::keepColumns(m_view->horizontalHeader(), name); }

void Table::setName(const QString &name) { m_view->setAccessibleName(name); }

void Table::copy()
{
    QStringList lines;
    QModelIndexList chosen = m_view->selectionModel()->selectedRows();
    std::ranges::sort(chosen);
    for (const QModelIndex &index : std::as_const(chosen)) {
        QStringList cells;
        for (int column = 0; column < m_proxy->columnCount(); ++column)
            cells += index.siblingAtColumn(column).data().toString();
        lines += cells.join(u'\t');
    }
    if (!lines.isEmpty())
        QGuiApplication::clipboard()->setText(lines.join(u'\n'));
}

void Table::select(const QString &key)
{
    for (int i = 0; i < m_proxy->rowCount(); ++i) {
        if (m_proxy->index(i, 0).data(RowModel::KeyRole).toString() == key) {
            m_view->selectRow(i);
            return;
        }
    }
}

void Table::selectFirst()
{
    if (m_proxy->rowCount() > 0)
        m_view->selectRow(0);
}

} // namespace posthorn::ui
