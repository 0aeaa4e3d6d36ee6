#include "ui/pages/overview_page.h"

#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QDateTime>
#include <QFrame>
#include <QGridLayout>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QSplitter>
#include <QTimer>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

QString field(const QJsonObject &row, QLatin1StringView name) { return row.value(name).toString(); }

QString serviceState(const QJsonObject &service)
{
    if (service.value("listening"_L1).toBool())
        return OverviewPage::tr("Running");
    const QString error = field(service, "error"_L1);
    return error.isEmpty() ? OverviewPage::tr("Off") : OverviewPage::tr("Can't start: %1").arg(error);
}

QString sinceText(qint64 seconds)
{
    if (seconds < 120)
        return OverviewPage::tr("%1 s").arg(seconds);
    if (seconds < 7200)
        return OverviewPage::tr("%1 min").arg(seconds / 60);
    return seconds < 2 * 86'400 ? OverviewPage::tr("%1 h").arg(seconds / 3600) : OverviewPage::tr("%1 days").arg(seconds / 86'400);
}

} // namespace

OverviewPage::OverviewPage(control::Client &client, QWidget *parent) : Page(client, tr("Overview"), {}, parent)
{
    m_server = new QLabel;
    m_server->setForegroundRole(QPalette::PlaceholderText);
    content()->addWidget(m_server);

    m_welcome = new QFrame;
    static_cast<QFrame *>(m_welcome)->setFrameShape(QFrame::StyledPanel);
    auto *welcome = new QHBoxLayout(m_welcome);
    auto *words = new QLabel(tr("Nobody gets mail here yet. Add your domain, then an account for each person."));
    words->setWordWrap(true);
    auto *begin = new QPushButton(tr("&Set up accounts"));
    welcome->addWidget(words, 1);
    welcome->addWidget(begin);
    connect(begin, &QPushButton::clicked, this, &OverviewPage::setUpWanted);
    m_welcome->hide();
    content()->addWidget(m_welcome);

    auto *figures = new QGridLayout;
    figures->setHorizontalSpacing(12);
    m_today = addFigure(figures, 0, tr("messages today"));
    m_connections = addFigure(figures, 1, tr("connections now"));
    m_queue = addFigure(figures, 2, tr("waiting to go out"));
    m_store = addFigure(figures, 3, tr("mail store"));
    content()->addLayout(figures);
    m_health = new QLabel;
    m_health->setWordWrap(true);
    m_certificate = new QLabel;
    m_certificate->setWordWrap(true);
    content()->addWidget(m_health);
    content()->addWidget(m_certificate);

    m_services = new Table({{tr("Service"), [](const QJsonObject &s) { return serviceText(field(s, "name"_L1)); }},
                            {tr("Address"), [](const QJsonObject &s) { return field(s, "address"_L1); }},
                            {tr("Port"), [](const QJsonObject &s) { return QString::number(s.value("port"_L1).toInt()); },
                             [](const QJsonObject &s) { return QVariant(s.value("port"_L1).toInt()); },
                             Qt::AlignRight | Qt::AlignVCenter},
                            {tr("Connections"), [](const QJsonObject &s) { return QString::number(s.value("connections"_L1).toInt()); },
                             [](const QJsonObject &s) { return QVariant(s.value("connections"_L1).toInt()); },
                             Qt::AlignRight | Qt::AlignVCenter},
                            {tr("State"), serviceState}},
                           u"name"_s);
    m_services->setEmptyText(tr("No service is switched on. See Settings, Services."));
    m_sessions = new Table({{tr("Who"), [](const QJsonObject &s) {
                                 const QString user = field(s, "user"_L1);
                                 return user.isEmpty() ? tr("(not signed in)") : user;
                             }},
                            {tr("From"), [](const QJsonObject &s) { return field(s, "client"_L1); }},
                            {tr("By"), [](const QJsonObject &s) { return field(s, "protocol"_L1).toUpper(); }},
                            {tr("Doing"), [](const QJsonObject &s) { return field(s, "state"_L1); }},
                            {tr("Encryption"), [](const QJsonObject &s) {
                                 const QString tls = field(s, "tls"_L1);
                                 return tls.isEmpty() ? tr("none") : tls;
                             }}},
                           u"id"_s);
    m_sessions->setEmptyText(tr("Nobody is connected."));
    auto *splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(m_services);
    splitter->addWidget(m_sessions);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);
    splitter->setChildrenCollapsible(false);
    content()->addWidget(splitter, 1);

    m_timer = new QTimer(this);
    m_timer->setInterval(2000);
    connect(m_timer, &QTimer::timeout, this, &OverviewPage::load);
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
    load();
    m_timer->start();
}

void OverviewPage::leave() { m_timer->stop(); }

void OverviewPage::load()
{
    const auto quiet = [](const Error &) {}; // the window says when the engine is gone
    ask(u"server.status"_s, {}, [this](const QJsonObject &status) { show(status); }, quiet);
    ask(u"account.list"_s, {{u"limit"_s, 1}}, [this](const QJsonObject &answer) {
        m_welcome->setVisible(answer.value("accounts"_L1).toArray().isEmpty());
    }, quiet);
    ask(u"session.list"_s, {}, [this](const QJsonObject &answer) {
        QList<QJsonObject> rows;
        for (const QJsonValue &row : answer.value("sessions"_L1).toArray())
            rows += row.toObject();
        m_sessions->setRows(std::move(rows));
    }, quiet);
}

void OverviewPage::show(const QJsonObject &status)
{
    const QLocale locale;
    const QJsonObject store = status.value("store"_L1).toObject();
    m_server->setText(tr("%1 · Posthorn %2 · running for %3")
                          .arg(field(status, "hostName"_L1), field(status, "version"_L1),
                               sinceText(status.value("uptimeSeconds"_L1).toInteger())));
    const QJsonObject today = status.value("messagesToday"_L1).toObject();
    m_today->setText(locale.toString(today.value("accepted"_L1).toInteger()));
    m_today->setToolTip(tr("%1 delivered here, %2 refused")
                            .arg(locale.toString(today.value("delivered"_L1).toInteger()),
                                 locale.toString(today.value("refused"_L1).toInteger())));
    m_connections->setText(locale.toString(status.value("connections"_L1).toInteger()));
    m_queue->setText(locale.toString(status.value("queued"_L1).toInteger()));
    m_store->setText(octetsText(store.value("octets"_L1).toInteger()));
    const QString health = field(store, "health"_L1);
    m_health->setText(tr("Mail store: %1. Free on its disk: %2.")
                          .arg(healthText(health), octetsText(store.value("freeOctets"_L1).toInteger())));
    showServices(status.value("services"_L1).toArray());
    showCertificate(status.value("certificates"_L1).toArray());
}

void OverviewPage::showServices(const QJsonArray &services)
{
    QList<QJsonObject> rows;
    for (const QJsonValue &row : services)
        rows += row.toObject();
    m_services->setRows(std::move(rows));
}

void OverviewPage::showCertificate(const QJsonArray &certificates)
{
    if (certificates.isEmpty()) {
        m_certificate->setText(tr("Certificate: none, so nothing is encrypted."));
        return;
    }
    const QJsonObject first = certificates.at(0).toObject();
    const QLocale locale;
    const QDateTime until = QDateTime::fromMSecsSinceEpoch(first.value("notAfter"_L1).toInteger());
    const qint64 days = QDateTime::currentDateTime().daysTo(until);
    QString words = first.value("selfSigned"_L1).toBool()
                        ? tr("Certificate: made by Posthorn itself; mail programs ask whether to trust it.")
                        : tr("Certificate: %1.").arg(field(first, "subject"_L1));
    if (until.isValid())
        words += u' ' + (days < 0     ? tr("It has expired.")
                         : days == 0  ? tr("It expires today.")
                         : days == 1  ? tr("It expires tomorrow.")
                         : days < 100 ? tr("It is valid for %1 more days.").arg(days)
                                      : tr("It is valid until %1.").arg(locale.toString(until.date(), QLocale::LongFormat)));
    m_certificate->setText(words);
}

} // namespace posthorn::ui
