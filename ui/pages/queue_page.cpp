#include "ui/pages/queue_page.h"

#include "ui/models/paged_model.h"
#include "ui/pages/entry_dialog.h"
#include "ui/pages/routes_dialog.h"
#include "ui/pages/suppressions_dialog.h"
#include "ui/pages/tls_dialog.h"
#include "ui/widgets/places.h"
#include "ui/words.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDateTime>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>
#include <QShortcut>
#include <QStackedWidget>
#include <QTableView>
#include <QTimer>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

constexpr int mostAskedFor = 10'000; // rows at once, when ids are gathered
constexpr qsizetype mostIds = 5'000; // in one call
constexpr qint64 hourMs = 3'600'000;

QString stateText(const QJsonObject &entry)
{
    const QString state = entry.value("state"_L1).toString();
    if (state == "held"_L1)
        return QueuePage::tr("Held");
    return state == "active"_L1 ? QueuePage::tr("Being sent") : QueuePage::tr("Waiting");
}

QString routeText(const QJsonObject &entry)
{
    const QString route = entry.value("route"_L1).toString();
    return route == "direct"_L1 ? QueuePage::tr("Directly") : route;
}

QList<Column> columns()
{
    const auto text = [](QLatin1StringView key) {
        return [key](const QJsonObject &e) { return e.value(key).toString(); };
    };
    return {{QueuePage::tr("State"), stateText},
            {QueuePage::tr("From"), [](const QJsonObject &e) {
                 const QString from = e.value("sender"_L1).toString();
                 return from.isEmpty() ? QueuePage::tr("(a report)") : from;
             }},
            {QueuePage::tr("To"), text("recipient"_L1)},
            {QueuePage::tr("Last answer"), text("lastError"_L1)},
            {QueuePage::tr("Since"), [](const QJsonObject &e) { return timeText(e.value("createdAt"_L1).toInteger()); }},
            {QueuePage::tr("Tries"), [](const QJsonObject &e) { return QString::number(e.value("attempts"_L1).toInteger()); }, {},
             Qt::AlignCenter},
            {QueuePage::tr("Size"), [](const QJsonObject &e) { return octetsText(e.value("size"_L1).toInteger()); }, {},
             Qt::AlignCenter},
            {QueuePage::tr("Route"), routeText}};
}

} // namespace

QueuePage::QueuePage(control::Client &client, QWidget *parent)
    : Page(client, tr("Queue"), tr("Mail that waits to go to other servers."), parent), m_timer(new QTimer(this)),
      m_typing(new QTimer(this)), m_soon(new QTimer(this))
{
    addFilters();
    addTable();
    addButtons();
    m_timer->setInterval(5'000);
    m_typing->setSingleShot(true);
    m_typing->setInterval(250);
    m_soon->setSingleShot(true);
    m_soon->setInterval(1'000);
    connect(m_timer, &QTimer::timeout, m_model, &PagedModel::refresh);
    connect(m_typing, &QTimer::timeout, m_model, &PagedModel::restart);
    connect(m_soon, &QTimer::timeout, m_model, &PagedModel::refresh);
    enableButtons();
}

void QueuePage::addFilters()
{
    m_search = new QLineEdit;
    m_search->setPlaceholderText(tr("Find"));
    m_search->setClearButtonEnabled(true);
    m_where = new QComboBox;
    m_where->addItem(tr("in sender or recipient"), u"text"_s);
    m_where->addItem(tr("in the sender"), u"sender"_s);
    m_where->addItem(tr("in the recipient"), u"recipient"_s);
    m_where->addItem(tr("as the recipient's domain"), u"domain"_s);
    m_where->addItem(tr("in the last answer"), u"error"_s);
    m_state = new QComboBox;
    m_state->addItem(tr("Waiting and held"), QString());
    m_state->addItem(tr("Waiting only"), u"waiting"_s);
    m_state->addItem(tr("Held only"), u"held"_s);
    m_state->addItem(tr("Being sent now"), u"active"_s);
    m_age = new QComboBox;
    m_age->addItem(tr("Of any age"), 0);
    m_age->addItem(tr("Older than an hour"), hourMs);
    m_age->addItem(tr("Older than a day"), 24 * hourMs);
    m_age->addItem(tr("Older than three days"), 72 * hourMs);
    m_search->setAccessibleName(tr("Find in the queue"));
    m_where->setAccessibleName(tr("Where to look"));
    m_state->setAccessibleName(tr("State"));
    m_age->setAccessibleName(tr("Age"));
    auto *bar = new QHBoxLayout;
    bar->addWidget(m_search, 1);
    for (QComboBox *box : {m_where, m_state, m_age}) {
        bar->addWidget(box);
        connect(box, &QComboBox::currentIndexChanged, m_typing, qOverload<>(&QTimer::start));
    }
    connect(m_search, &QLineEdit::textChanged, m_typing, qOverload<>(&QTimer::start));
    content()->addLayout(bar);
}

void QueuePage::addTable()
{
    m_model = new PagedModel(columns(), u"id"_s, this);
    m_view = new QTableView;
    m_view->setModel(m_model);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_view->setAlternatingRowColors(true);
    m_view->setShowGrid(false);
    m_view->setWordWrap(false);
    m_view->setTabKeyNavigation(false);
    m_view->setAccessibleName(tr("Messages in the queue"));
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_view->verticalHeader()->setDefaultSectionSize(m_view->fontMetrics().height() + 10);
    m_view->horizontalHeader()->setStretchLastSection(true);
    m_view->horizontalHeader()->setHighlightSections(false);
    const int letter = m_view->fontMetrics().averageCharWidth();
    const int widths[] = {9, 20, 24, 38, 10, 6, 10};
    for (int i = 0; i < int(std::size(widths)); ++i)
        m_view->setColumnWidth(i, letter * widths[i] + 16);
    keepColumns(m_view->horizontalHeader(), u"queue"_s);
    m_empty = new QLabel;
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setForegroundRole(QPalette::PlaceholderText);
    m_stack = new QStackedWidget;
    m_stack->addWidget(m_view);
    m_stack->addWidget(m_empty);
    content()->addWidget(m_stack, 1);
    connect(m_model, &PagedModel::wanted, this, &QueuePage::fetch);
    connect(m_model, &PagedModel::filled, this, &QueuePage::restoreSelection);
    connect(m_model, &PagedModel::filled, this, &QueuePage::showCount);
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, &QueuePage::noteSelection);
    connect(m_view, &QTableView::activated, this, [this](const QModelIndex &index) { showDetails(index.row()); });
}

void QueuePage::addButtons()
{
    auto *bar = new QHBoxLayout;
    const auto button = [&](const QString &text, auto slot) {
        auto *made = new QPushButton(text);
        made->setAutoDefault(false);
        connect(made, &QPushButton::clicked, this, slot);
        bar->addWidget(made);
        return made;
    };
    m_details = button(tr("&Details…"), [this] { showDetails(m_view->currentIndex().row()); });
    m_buttons += button(tr("&Try now"), [this] { act(u"queue.retry"_s); });
    m_buttons += button(tr("&Hold"), [this] { act(u"queue.hold"_s); });
    m_buttons += button(tr("R&elease"), [this] { act(u"queue.release"_s); });
    m_sendBy = button(tr("Send &by…"), [this] { chooseRoute(); });
    m_buttons += m_sendBy;
    m_buttons += button(tr("Re&move…"), [this] { removeSelected(); });
    auto *removeKey = new QShortcut(QKeySequence::Delete, m_view, nullptr, nullptr, Qt::WidgetShortcut);
    connect(removeKey, &QShortcut::activated, m_buttons.last(), &QPushButton::click);
    m_count = new QLabel;
    bar->addStretch();
    bar->addWidget(m_count);
    content()->addLayout(bar);
    bar = new QHBoxLayout;
    bar->addWidget(new QLabel(tr("How mail goes out:")));
    button(tr("R&outes…"), [this] { (new RoutesDialog(client(), this))->open(); });
    button(tr("E&ncryption…"), [this] { (new TlsDialog(client(), this))->open(); });
    button(tr("&Failed addresses…"), [this] { (new SuppressionsDialog(client(), this))->open(); });
    bar->addStretch();
    content()->addLayout(bar);
}

void QueuePage::find()
{
    m_search->setFocus();
    m_search->selectAll();
}

// --- what is shown ---------------------------------------------------------------------------------------------

void QueuePage::refresh()
{
    leave();
    if (m_model->isKnown())
        m_model->refresh();
    else
        m_model->restart();
    m_subscription = client().subscribe(u"queue"_s, this, [this](const control::TopicUpdate &) {
        if (!m_soon->isActive())
            m_soon->start();
    });
    m_timer->start();
}

void QueuePage::leave()
{
    if (m_subscription)
        client().unsubscribe(m_subscription);
    m_subscription = 0;
    m_timer->stop();
    m_soon->stop();
}

QJsonObject QueuePage::filter() const
{
    QJsonObject filter;
    if (const QString text = m_search->text().trimmed(); !text.isEmpty())
        filter.insert(m_where->currentData().toString(), text);
    if (const QString state = m_state->currentData().toString(); !state.isEmpty())
        filter.insert(u"state"_s, state);
    if (const qint64 age = m_age->currentData().toLongLong(); age > 0)
        filter.insert(u"createdBefore"_s, QDateTime::currentMSecsSinceEpoch() - age);
    return filter;
}

void QueuePage::fetch(int asking, int page)
{
    QJsonObject parameters = filter();
    parameters.insert(u"offset"_s, page * PagedModel::pageSize);
    parameters.insert(u"limit"_s, PagedModel::pageSize);
    ask(u"queue.list"_s, parameters,
        [this, asking, page](const QJsonObject &answer) {
            QList<QJsonObject> rows;
            for (const QJsonValue &entry : answer.value("entries"_L1).toArray())
                rows += entry.toObject();
            m_model->fill(asking, page, std::move(rows), answer.value("matching"_L1).toInt());
        },
        [this, asking, page](const Error &) { m_model->failed(asking, page); });
}

void QueuePage::showCount()
{
    const int rows = m_model->rowCount();
    m_count->setText(rows == 0 ? QString() : tr("%n message(s)", nullptr, rows));
    m_empty->setText(filter().isEmpty() ? tr("No mail is waiting. Mail to other servers shows here until it is handed over.")
                                        : tr("Nothing matches what you look for."));
    m_stack->setCurrentWidget(rows == 0 ? static_cast<QWidget *>(m_empty) : m_view);
}

// --- what is selected ------------------------------------------------------------------------------------------

int QueuePage::selectedRows() const
{
    int rows = 0;
    const QItemSelection selection = m_view->selectionModel()->selection();
    for (const QItemSelectionRange &range : selection)
        rows += range.height();
    return rows;
}

bool QueuePage::isAllSelected() const
{
    return m_model->rowCount() > 0 && selectedRows() >= m_model->rowCount();
}

void QueuePage::noteSelection()
{
    if (m_restoring)
        return;
    m_wasAll = isAllSelected();
    QHash<int, QString> ids;
    const QItemSelection selection = m_wasAll ? QItemSelection() : m_view->selectionModel()->selection();
    for (const QItemSelectionRange &range : selection) {
        for (int row = range.top(); row <= range.bottom(); ++row) {
            const QJsonObject *entry = m_model->row(row);
            if (m_ids.contains(row))
                ids.insert(row, m_ids.value(row));
            else if (entry)
                ids.insert(row, entry->value("id"_L1).toString());
        }
    }
    m_ids = ids;
    enableButtons();
}

// Rows move when entries leave the queue; the selection stays with the entries.
void QueuePage::restoreSelection()
{
    if (m_wasAll) {
        if (!isAllSelected())
            m_view->selectAll();
        return;
    }
    QHash<int, QString> moved;
    for (auto it = m_ids.cbegin(); it != m_ids.cend(); ++it) {
        const QJsonObject *entry = m_model->row(it.key());
        if (entry && entry->value("id"_L1).toString() != it.value())
            moved.insert(it.key(), it.value());
    }
    m_restoring = true;
    if (!moved.isEmpty())
        moveSelection(moved);
    m_restoring = false;
    noteSelection();
}

// They come nearer to the top: others before them have left.
void QueuePage::moveSelection(const QHash<int, QString> &moved)
{
    auto *selection = m_view->selectionModel();
    QSet<QString> wanted;
    int last = 0;
    for (auto it = moved.cbegin(); it != moved.cend(); ++it) {
        selection->select(m_model->index(it.key(), 0), QItemSelectionModel::Deselect | QItemSelectionModel::Rows);
        m_ids.remove(it.key());
        wanted.insert(it.value());
        last = qMax(last, it.key());
    }
    for (int row = 0; row <= last && row < m_model->rowCount(); ++row) {
        const QJsonObject *entry = m_model->row(row);
        if (!entry || !wanted.contains(entry->value("id"_L1).toString()))
            continue;
        selection->select(m_model->index(row, 0), QItemSelectionModel::Select | QItemSelectionModel::Rows);
        m_ids.insert(row, entry->value("id"_L1).toString());
    }
}

void QueuePage::enableButtons()
{
    const bool any = m_view->selectionModel()->hasSelection();
    for (QPushButton *button : std::as_const(m_buttons))
        button->setEnabled(any);
    m_details->setEnabled(selectedRows() == 1);
}

// --- what is done ----------------------------------------------------------------------------------------------

void QueuePage::act(const QString &method, const QJsonObject &more)
{
    if (isAllSelected()) {
        QJsonObject parameters = filter();
        parameters.insert(u"all"_s, true);
        for (auto it = more.begin(); it != more.end(); ++it)
            parameters.insert(it.key(), it.value());
        ask(method, parameters, [this](const QJsonObject &answer) { changed(answer); });
        return;
    }
    QList<std::pair<int, int>> missing; // first row, how many
    QStringList ids;
    const QItemSelection selection = m_view->selectionModel()->selection();
    for (const QItemSelectionRange &range : selection) {
        for (int row = range.top(); row <= range.bottom(); ++row) {
            if (m_ids.contains(row))
                ids += m_ids.value(row);
            else if (!missing.isEmpty() && missing.last().first + missing.last().second == row && missing.last().second < mostAskedFor)
                ++missing.last().second;
            else
                missing.emplaceBack(row, 1);
        }
    }
    gatherIds(missing, ids, method, more);
}

void QueuePage::gatherIds(QList<std::pair<int, int>> ranges, QStringList ids, const QString &method, const QJsonObject &more)
{
    if (ranges.isEmpty())
        return actOn(std::move(ids), method, more);
    const auto [first, count] = ranges.takeFirst();
    QJsonObject parameters = filter();
    parameters.insert(u"offset"_s, first);
    parameters.insert(u"limit"_s, count);
    ask(u"queue.list"_s, parameters, [this, ranges, ids, method, more](const QJsonObject &answer) mutable {
        for (const QJsonValue &entry : answer.value("entries"_L1).toArray())
            ids += entry.toObject().value("id"_L1).toString();
        gatherIds(std::move(ranges), std::move(ids), method, more);
    });
}

void QueuePage::actOn(QStringList ids, const QString &method, const QJsonObject &more)
{
    while (!ids.isEmpty()) {
        QJsonObject parameters = more;
        const qsizetype some = qMin(mostIds, ids.size());
        parameters.insert(u"ids"_s, QJsonArray::fromStringList(ids.first(some)));
        ids.remove(0, some);
        ask(method, parameters, [this](const QJsonObject &answer) { changed(answer); });
    }
}

void QueuePage::changed(const QJsonObject &answer)
{
    Q_EMIT told(tr("Done for %n message(s).", nullptr, answer.value("count"_L1).toInt()));
    m_model->refresh();
}

void QueuePage::removeSelected()
{
    if (selectedRows() == 0)
        return;
    QMessageBox box(QMessageBox::Warning, title(), tr("Remove %n message(s) from the queue?", nullptr, selectedRows()),
                    QMessageBox::NoButton, this);
    box.setInformativeText(tr("They will not be sent. This can't be undone."));
    auto *report = new QCheckBox(tr("&Tell the senders"));
    box.setCheckBox(report);
    box.addButton(tr("Remove"), QMessageBox::DestructiveRole);
    box.setDefaultButton(box.addButton(QMessageBox::Cancel));
    box.exec();
    if (box.buttonRole(box.clickedButton()) == QMessageBox::DestructiveRole)
        act(u"queue.remove"_s, {{u"report"_s, report->isChecked()}});
}

void QueuePage::chooseRoute()
{
    ask(u"route.list"_s, {}, [this](const QJsonObject &answer) {
        auto *menu = new QMenu(this);
        menu->setAttribute(Qt::WA_DeleteOnClose);
        const auto offer = [&](const QString &words, const QString &route) {
            menu->addAction(words, this, [this, route] { act(u"queue.route"_s, {{u"route"_s, route}}); });
        };
        offer(tr("As usual"), u"usual"_s);
        offer(tr("Directly to the recipients' servers"), u"direct"_s);
        menu->addSeparator();
        for (const QJsonValue &route : answer.value("routes"_L1).toArray()) {
            const QString name = route.toObject().value("name"_L1).toString();
            offer(tr("Route %1").arg(name), name);
        }
        menu->popup(m_sendBy->mapToGlobal(QPoint(0, m_sendBy->height())));
    });
}

void QueuePage::showDetails(int row)
{
    if (const QJsonObject *entry = row < 0 ? nullptr : m_model->row(row))
        (new EntryDialog(client(), entry->value("id"_L1).toString(), this))->open();
}

} // namespace posthorn::ui
