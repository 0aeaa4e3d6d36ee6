#include "ui/pages/overview_page.h"

#include "ui/facts.h"
#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QDateTime>
#include <QFrame>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QScrollArea>
#include <QStyle>
#include <QTabWidget>
#include <QTimer>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 dayMs = 86'400'000;
constexpr int slowly = 5; // what seldom changes is asked for at every fifth beat

QString field(const QJsonObject &row, QLatin1StringView name) { return row.value(name).toString(); }

QList<QJsonObject> objects(const QJsonValue &list)
{
    QList<QJsonObject> rows;
    for (const QJsonValue &row : list.toArray())
        rows += row.toObject();
    return rows;
}

QString serviceState(const QJsonObject &service)
{
    const QString error = listenErrorText(service);
    if (service.value("listening"_L1).toBool())
        return error.isEmpty() ? OverviewPage::tr("Running") : OverviewPage::tr("Running. %1").arg(error);
    return error.isEmpty() ? OverviewPage::tr("Off") : OverviewPage::tr("Can't start: %1").arg(error);
}

QString whereText(const QJsonObject &service)
{
    const QString address = field(service, "address"_L1);
    if (address.isEmpty())
        return u"–"_s;
    if (address == "::"_L1 || address == "0.0.0.0"_L1)
        return OverviewPage::tr("all addresses");
    return address.startsWith("127."_L1) || address == "::1"_L1 ? OverviewPage::tr("this computer only (%1)").arg(address) : address;
}

QString portText(const QJsonObject &service)
{
    const int port = service.value("port"_L1).toInt();
    return port == 0 ? u"–"_s : QString::number(port);
}

QString sinceText(qint64 seconds)
{
    if (seconds < 120)
        return OverviewPage::tr("%1 s").arg(seconds);
    if (seconds < 7200)
        return OverviewPage::tr("%1 min").arg(seconds / 60);
    return seconds < 2 * 86'400 ? OverviewPage::tr("%1 h").arg(seconds / 3600) : OverviewPage::tr("%1 days").arg(seconds / 86'400);
}

std::function<QVariant(const QJsonObject &)> byNumber(QLatin1StringView key)
{
    return [key](const QJsonObject &row) { return QVariant(row.value(key).toInteger()); };
}

QStyle::StandardPixmap pixmapOf(Fact::Grade grade)
{
    switch (grade) {
    case Fact::Grade::Good: return QStyle::SP_DialogApplyButton;
    case Fact::Grade::Note: return QStyle::SP_MessageBoxInformation;
    case Fact::Grade::Warning: return QStyle::SP_MessageBoxWarning;
    case Fact::Grade::Bad: break;
    }
    return QStyle::SP_MessageBoxCritical;
}

QString gradeText(Fact::Grade grade)
{
    switch (grade) {
    case Fact::Grade::Good: return OverviewPage::tr("Good");
    case Fact::Grade::Note: return OverviewPage::tr("To know");
    case Fact::Grade::Warning: return OverviewPage::tr("Warning");
    case Fact::Grade::Bad: break;
    }
    return OverviewPage::tr("Trouble");
}

QList<Column> serviceColumns()
{
    return {{OverviewPage::tr("Service"), [](const QJsonObject &s) { return serviceText(field(s, "name"_L1)); }},
            {OverviewPage::tr("Port"), portText, byNumber("port"_L1), Qt::AlignCenter},
            {OverviewPage::tr("Open to"), whereText},
            {OverviewPage::tr("Connections"), [](const QJsonObject &s) { return QString::number(s.value("connections"_L1).toInt()); },
             byNumber("connections"_L1), Qt::AlignCenter},
            {OverviewPage::tr("State"), serviceState}};
}

QList<Column> sessionColumns()
{
    return {{OverviewPage::tr("Who"), [](const QJsonObject &s) {
                 const QString user = field(s, "user"_L1);
                 return user.isEmpty() ? OverviewPage::tr("(not signed in)") : shownAddress(user);
             }},
            {OverviewPage::tr("From"), [](const QJsonObject &s) { return field(s, "client"_L1); }},
            {OverviewPage::tr("By"), [](const QJsonObject &s) { return field(s, "protocol"_L1).toUpper(); }},
            {OverviewPage::tr("Since"), [](const QJsonObject &s) { return timeText(s.value("startedAt"_L1).toInteger()); }, byNumber("startedAt"_L1)},
            {OverviewPage::tr("Doing"), [](const QJsonObject &s) { return field(s, "state"_L1); }},
            {OverviewPage::tr("Encryption"), [](const QJsonObject &s) {
                 const QString tls = field(s, "tls"_L1);
                 return tls.isEmpty() ? OverviewPage::tr("none") : tls;
             }}};
}

} // namespace

OverviewPage::OverviewPage(control::Client &client, QWidget *parent) : Page(client, tr("Overview"), {}, parent)
{
    auto *inside = new QWidget;
    auto *layout = new QVBoxLayout(inside);
    layout->setContentsMargins(0, 0, 6, 0);
    layout->setSpacing(10);
    m_server = new QLabel;
    m_server->setForegroundRole(QPalette::PlaceholderText);
    m_server->setTextFormat(Qt::PlainText);
    layout->addWidget(m_server);
    layout->addWidget(firstSteps());
    layout->addWidget(figures());
    m_facts = new QWidget;
    m_factLines = new QGridLayout(m_facts);
    m_factLines->setContentsMargins(0, 0, 0, 0);
    m_factLines->setColumnStretch(1, 1);
    layout->addWidget(m_facts);
    layout->addWidget(lists(), 1);
    auto *scroll = new QScrollArea;
    scroll->setWidget(inside);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    content()->setContentsMargins(0, 0, 0, 0);
    content()->addWidget(scroll, 1);
    m_timer = new QTimer(this);
    m_timer->setInterval(2000);
    connect(m_timer, &QTimer::timeout, this, &OverviewPage::load);
}

QWidget *OverviewPage::firstSteps()
{
    auto *frame = new QFrame;
    frame->setFrameShape(QFrame::StyledPanel);
    frame->setAutoFillBackground(true);
    frame->setBackgroundRole(QPalette::AlternateBase);
    auto *row = new QHBoxLayout(frame);
    row->setContentsMargins(16, 14, 16, 14);
    m_stepWords = new QLabel;
    m_stepWords->setWordWrap(true);
    m_step = new QPushButton;
    row->addWidget(m_stepWords, 1);
    row->addWidget(m_step);
    connect(m_step, &QPushButton::clicked, this, [this] {
        if (m_domains == 0)
            Q_EMIT domainWanted();
        else
            Q_EMIT accountWanted();
    });
    m_welcome = frame;
    m_welcome->hide();
    return frame;
}

QWidget *OverviewPage::figures()
{
    auto *box = new QWidget;
    auto *grid = new QGridLayout(box);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(12);
    m_today = addFigure(grid, 0, tr("messages today"));
    m_connections = addFigure(grid, 1, tr("connections now"));
    m_queue = addFigure(grid, 2, tr("waiting to go out"));
    m_store = addFigure(grid, 3, tr("mail store"));
    return box;
}

QWidget *OverviewPage::lists()
{
    m_services = new Table(serviceColumns(), u"key"_s);
    m_services->setEmptyText(tr("No service is switched on. See Settings, Services."));
    m_services->keepColumns(u"services"_s);
    m_services->setName(tr("Services"));
    m_sessions = new Table(sessionColumns(), u"id"_s);
    m_sessions->setEmptyText(tr("Nobody is connected."));
    m_sessions->keepColumns(u"connections"_s);
    m_sessions->setName(tr("Connections"));
    m_disconnect = new QPushButton(tr("&Disconnect"));
    m_disconnect->setAutoDefault(false);
    m_disconnect->setEnabled(false);
    connect(m_sessions, &Table::selectionChanged, this, [this] { m_disconnect->setEnabled(!m_sessions->selected().isEmpty()); });
    connect(m_disconnect, &QPushButton::clicked, this, &OverviewPage::closeSessions);
    auto *connections = new QWidget;
    auto *column = new QVBoxLayout(connections);
    column->addWidget(m_sessions, 1);
    column->addWidget(m_disconnect, 0, Qt::AlignLeft);
    auto *services = new QWidget;
    (new QVBoxLayout(services))->addWidget(m_services);
    auto *tabs = new QTabWidget;
    tabs->setDocumentMode(true);
    tabs->addTab(services, tr("S&ervices"));
    tabs->addTab(connections, tr("&Connections"));
    tabs->setMinimumHeight(m_server->fontMetrics().height() * 16);
    return tabs;
}

QLabel *OverviewPage::addFigure(QGridLayout *grid, int column, const QString &words)
{
    auto *frame = new QFrame;
    frame->setFrameShape(QFrame::StyledPanel);
    auto *layout = new QVBoxLayout(frame);
    layout->setSpacing(2);
    auto *figure = new QLabel(u"–"_s);
    QFont font = figure->font();
    font.setPointSizeF(font.pointSizeF() * 1.7);
    figure->setFont(font);
    auto *label = new QLabel(words);
    label->setForegroundRole(QPalette::PlaceholderText);
    layout->addWidget(figure);
    layout->addWidget(label);
    figure->setAccessibleName(words);
    grid->addWidget(frame, 0, column);
    grid->setColumnStretch(column, 1);
    return figure;
}

void OverviewPage::refresh()
{
    m_beats = 0;
    load();
    m_timer->start();
}

void OverviewPage::leave() { m_timer->stop(); }

void OverviewPage::load()
{
    const auto quiet = [](const Error &) {}; // the window says when the engine is gone
    ask(u"server.status"_s, {}, [this](const QJsonObject &status) { show(status); }, quiet);
    ask(u"session.list"_s, {}, [this](const QJsonObject &answer) { m_sessions->setRows(objects(answer.value("sessions"_L1))); }, quiet);
    if (m_beats++ % slowly == 0)
        loadSlowly();
}

void OverviewPage::loadSlowly()
{
    const auto quiet = [](const Error &) {};
    ask(u"settings.list"_s, {}, [this](const QJsonObject &answer) {
        for (const QJsonObject &setting : objects(answer.value("settings"_L1)))
            m_settings.insert(field(setting, "key"_L1), field(setting, "value"_L1));
        showFacts();
    }, quiet);
    ask(u"account.list"_s, {{u"limit"_s, 1}}, [this](const QJsonObject &answer) {
        m_accounts = int(answer.value("accounts"_L1).toArray().size());
        showSteps();
    }, quiet);
    count({{u"state"_s, u"held"_s}}, m_held);
    count({{u"state"_s, u"waiting"_s}, {u"createdBefore"_s, QDateTime::currentMSecsSinceEpoch() - dayMs}}, m_late);
    ask(u"domain.list"_s, {}, [this](const QJsonObject &answer) {
        QStringList domains;
        for (const QJsonObject &domain : objects(answer.value("domains"_L1)))
            domains += field(domain, "name"_L1);
        m_domains = int(domains.size());
        showSteps();
        ask(u"dkim.list"_s, {}, [this, domains](const QJsonObject &keys) {
            m_unsigned = domains;
            for (const QJsonObject &key : objects(keys.value("keys"_L1))) {
                if (field(key, "state"_L1) == "active"_L1)
                    m_unsigned.removeAll(field(key, "domain"_L1));
            }
            showFacts();
        }, [](const Error &) {});
    }, quiet);
}

// Entries of the queue.
void OverviewPage::count(const QJsonObject &filter, int &number)
{
    QJsonObject parameters = filter;
    parameters.insert(u"limit"_s, 1);
    ask(u"queue.list"_s, parameters, [this, &number](const QJsonObject &answer) {
        number = answer.value("matching"_L1).toInt();
        showFacts();
    }, [](const Error &) {});
}

void OverviewPage::show(const QJsonObject &status)
{
    m_status = status;
    const QLocale locale;
    const QJsonObject store = status.value("store"_L1).toObject();
    m_server->setText(tr("%1 · Posthorn %2 · running for %3 · data in %4")
                          .arg(field(status, "hostName"_L1), field(status, "version"_L1),
                               sinceText(status.value("uptimeSeconds"_L1).toInteger()), field(status, "dataDirectory"_L1)));
    const QJsonObject today = status.value("messagesToday"_L1).toObject();
    m_today->setText(locale.toString(today.value("accepted"_L1).toInteger()));
    m_today->setToolTip(tr("%1 delivered here, %2 refused")
                            .arg(locale.toString(today.value("delivered"_L1).toInteger()),
                                 locale.toString(today.value("refused"_L1).toInteger())));
    m_connections->setText(locale.toString(status.value("connections"_L1).toInteger()));
    m_queue->setText(locale.toString(status.value("queued"_L1).toInteger()));
    m_store->setText(octetsText(store.value("octets"_L1).toInteger()));
    QList<QJsonObject> services = objects(status.value("services"_L1));
    for (QJsonObject &service : services) // one service may be open at several addresses
        service.insert("key"_L1, field(service, "name"_L1) + u' ' + field(service, "address"_L1) + portText(service));
    m_services->setRows(std::move(services));
    showFacts();
}

void OverviewPage::showSteps()
{
    m_welcome->setVisible(m_domains == 0 || m_accounts == 0);
    m_stepWords->setText(m_domains == 0 ? tr("<b>Welcome.</b> Nobody gets mail here yet. Begin with your domain: the part of your addresses "
                                             "after the @, such as example.org.")
                                        : tr("<b>Next:</b> add an account for each person who gets mail here."));
    m_step->setText(m_domains == 0 ? tr("&Add your first domain…") : tr("&Add the first account…"));
}

void OverviewPage::showFacts()
{
    if (m_status.isEmpty() || m_settings.isEmpty())
        return;
    const QList<Fact> facts = factsOf({m_status, m_settings, m_unsigned, m_held, m_late});
    QString all;
    for (const Fact &fact : facts)
        all += fact.text + u'\n';
    if (std::exchange(m_shownFacts, all) == all)
        return; // nothing under the mouse or the reader's finger moves without need
    while (QLayoutItem *item = m_factLines->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    const int size = m_server->fontMetrics().height();
    for (int row = 0; row < facts.size(); ++row) {
        const Fact &fact = facts.at(row);
        auto *icon = new QLabel;
        icon->setPixmap(style()->standardIcon(pixmapOf(fact.grade)).pixmap(QSize(size, size), devicePixelRatioF()));
        icon->setAccessibleName(gradeText(fact.grade));
        icon->setToolTip(gradeText(fact.grade));
        auto *words = new QLabel(fact.text.toHtmlEscaped()
                                 + (fact.page.isEmpty() ? QString() : u" <a href=\"%1\">%2</a>"_s.arg(fact.page, fact.page == "queue"_L1 ? tr("Look at it") : tr("Change it"))));
        words->setTextFormat(Qt::RichText);
        words->setWordWrap(true);
        words->setTextInteractionFlags(Qt::TextBrowserInteraction);
        words->setAccessibleName(gradeText(fact.grade) + u": "_s + fact.text);
        connect(words, &QLabel::linkActivated, this, &OverviewPage::pageWanted);
        m_factLines->addWidget(icon, row, 0, Qt::AlignTop);
        m_factLines->addWidget(words, row, 1);
    }
}

void OverviewPage::closeSessions()
{
    const auto rows = m_sessions->selected();
    if (!confirm(tr("Disconnect %n connection(s)?", nullptr, int(rows.size())),
                 tr("What is under way there breaks off; no mail is lost. Programs connect again by themselves."), tr("Disconnect")))
        return;
    for (const QJsonObject &row : rows) // one that is gone by now is just as well
        ask(u"session.close"_s, {{u"id"_s, row.value("id"_L1).toVariant().toString()}}, [this](const QJsonObject &) { load(); }, [](const Error &) {});
}

} // namespace posthorn::ui
