#include "ui/facts.h"

#include "ui/words.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QHostAddress>
#include <QJsonArray>
#include <QLocale>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

using Grade = Fact::Grade;

QString tr(const char *text) { return QCoreApplication::translate("Facts", text); }

QList<QJsonObject> servicesNamed(const QJsonObject &status, QLatin1StringView name)
{
    QList<QJsonObject> found;
    for (const QJsonValue &value : status.value("services"_L1).toArray()) {
        if (const QJsonObject service = value.toObject(); service.value("name"_L1).toString() == name)
            found += service;
    }
    return found;
}

bool isOpen(const QJsonObject &service) { return service.value("listening"_L1).toBool(); }

bool isOff(const QJsonObject &service)
{
    return !isOpen(service) && service.value("error"_L1).toString().isEmpty();
}

bool anyOpen(const QJsonObject &status, std::initializer_list<QLatin1StringView> names)
{
    for (const QLatin1StringView name : names) {
        const auto services = servicesNamed(status, name);
        if (std::ranges::any_of(services, isOpen))
            return true;
    }
    return false;
}

bool isLoopback(const QJsonObject &service)
{
    return QHostAddress(service.value("address"_L1).toString()).isLoopback();
}

QString closedText(const QJsonObject &service)
{
    return tr("%1 does not work: %2").arg(serviceText(service.value("name"_L1).toString()), listenErrorText(service));
}

Fact incomingFact(const QJsonObject &status)
{
    const auto services = servicesNamed(status, "smtp"_L1);
    QList<QJsonObject> open;
    std::ranges::copy_if(services, std::back_inserter(open), isOpen);
    if (open.isEmpty() && std::ranges::all_of(services, isOff))
        return {Grade::Warning, tr("Other servers can't bring mail: the service for it is switched off."), u"settings"_s};
    if (open.isEmpty())
        return {Grade::Bad, tr("Other servers can't bring mail: %1").arg(listenErrorText(services.first())), u"settings"_s};
    if (std::ranges::all_of(open, isLoopback))
        return {Grade::Note, tr("Only programs on this computer can bring mail: port %1 is not open to other computers.")
                                 .arg(open.first().value("port"_L1).toInt()),
                u"settings"_s};
    const bool standard = std::ranges::any_of(open, [](const QJsonObject &one) { return one.value("port"_L1).toInt() == 25; });
    if (!standard)
        return {Grade::Note, tr("Other servers always bring mail to port 25; this one takes it on port %1. That works only if "
                                "your router passes port 25 on to it.").arg(open.first().value("port"_L1).toInt()),
                u"settings"_s};
    return {Grade::Good, tr("Port 25 is open on this computer, so other servers can bring mail, as far as your router and your "
                            "provider let port 25 through."), {}};
}

Fact programsFact(const QJsonObject &status)
{
    const bool send = anyOpen(status, {"submission"_L1, "submissions"_L1});
    const bool read = anyOpen(status, {"imap"_L1, "imaps"_L1, "pop3"_L1, "pop3s"_L1});
    if (send && read)
        return {Grade::Good, tr("Mail programs can read and send mail here."), {}};
    return {Grade::Warning, send   ? tr("Mail programs can't read mail: none of the services for it is open.")
                            : read ? tr("Mail programs can't send mail: none of the services for it is open.")
                                   : tr("Mail programs can neither read nor send mail: none of the services for it is open."),
            u"settings"_s};
}

// Of all the addresses there are, or so many that it makes no difference.
bool isWholeInternet(const QString &network)
{
    const auto [address, bits] = QHostAddress::parseSubnet(network);
    return bits >= 0 && bits < 8 && !address.isNull();
}

bool isPrivate(const QString &network)
{
    const QHostAddress address = QHostAddress::parseSubnet(network).first;
    return address.isPrivateUse() || address.isLoopback() || address.isLinkLocal();
}

Fact outgoingFact(const QHash<QString, QString> &settings)
{
    if (settings.value(u"relay.enabled"_s) == "false"_L1)
        return {Grade::Warning, tr("Mail to other servers is not sent: that is switched off. It waits in the queue."), u"settings"_s};
    const QString host = settings.value(u"relay.smart_host"_s);
    if (!host.isEmpty())
        return {Grade::Good, tr("Mail to other servers goes through %1.").arg(host), {}};
    return {Grade::Note, tr("Mail to other servers goes straight there, by port 25. Most home lines have it closed: if mail stays in the "
                            "queue, enter your provider's server."), u"settings"_s};
}

QString validityText(const QDateTime &until, const QDateTime &at)
{
    const qint64 days = at.daysTo(until);
    if (at > until)
        return tr("It has expired, and mail programs refuse it.");
    if (days <= 1)
        return days == 0 ? tr("It expires today.") : tr("It expires tomorrow.");
    return days < 100 ? tr("It is valid for %1 more days.").arg(days)
                      : tr("It is valid until %1.").arg(QLocale().toString(until.date(), QLocale::LongFormat));
}

bool isFor(const QJsonObject &certificate, const QString &host)
{
    const QString parent = u"*."_s + host.section(u'.', 1);
    for (const QJsonValue &name : certificate.value("names"_L1).toArray()) {
        if (name.toString().compare(host, Qt::CaseInsensitive) == 0 || name.toString().compare(parent, Qt::CaseInsensitive) == 0)
            return true;
    }
    return false;
}

Fact certificateFact(const QJsonObject &status, const QDateTime &at)
{
    const QJsonObject certificate = status.value("certificates"_L1).toArray().first().toObject();
    if (certificate.isEmpty())
        return {Grade::Bad, tr("There is no certificate, so nothing is encrypted."), u"settings"_s};
    const QString error = certificate.value("error"_L1).toString(), host = status.value("hostName"_L1).toString();
    if (!error.isEmpty())
        return {Grade::Bad, tr("The certificate can't be used: %1").arg(error), u"settings"_s};
    const QDateTime until = QDateTime::fromMSecsSinceEpoch(certificate.value("notAfter"_L1).toInteger());
    const qint64 days = at.daysTo(until);
    const QString validity = validityText(until, at);
    if (at > until)
        return {Grade::Bad, tr("Certificate of %1: %2").arg(host, validity), u"settings"_s};
    if (certificate.value("selfSigned"_L1).toBool())
        return {Grade::Note, tr("Posthorn made its certificate itself: mail programs ask once whether to trust it. %1").arg(validity),
                u"settings"_s};
    if (!isFor(certificate, host))
        return {Grade::Warning, tr("The certificate is for %1, not for %2: mail programs that use this name refuse it. %3")
                                    .arg(certificate.value("subject"_L1).toString(), host, validity), u"settings"_s};
    return {days < 14 ? Grade::Warning : Grade::Good, tr("The certificate is for %1. %2").arg(host, validity),
            days < 14 ? u"settings"_s : QString()};
}

Fact storeFact(const QJsonObject &status)
{
    const QJsonObject store = status.value("store"_L1).toObject();
    const QString health = store.value("health"_L1).toString(), space = octetsText(store.value("freeOctets"_L1).toInteger());
    if (health == "good"_L1)
        return {Grade::Good, tr("The mail store is in good order; %1 are free on its disk.").arg(space), {}};
    const QString fact = tr("The mail store: %1 (%2 free).").arg(healthText(health), space);
    if (const QString fault = store.value("firstFault"_L1).toString(); !fault.isEmpty())
        return {Grade::Bad, tr("%1 Faults found: %2. The first: %3").arg(fact).arg(store.value("faults"_L1).toInteger()).arg(fault), {}};
    return {Grade::Bad, fact, {}};
}

QString fewOf(const QStringList &domains)
{
    constexpr qsizetype few = 3;
    QStringList shown;
    for (const QString &domain : domains.first(qMin(few, domains.size())))
        shown += shownAddress(domain);
    return domains.size() <= few ? shown.join(u", "_s) : tr("%1 and %2 more").arg(shown.join(u", "_s)).arg(domains.size() - few);
}

bool isWholeName(const QString &host)
{
    return host.contains(u'.') && !host.endsWith(".local"_L1) && !host.endsWith(".localdomain"_L1) && !host.endsWith(".lan"_L1);
}

ProgramAccess access(const QString &protocol, const QJsonObject &status, const QJsonObject &service, bool tls)
{
    return {protocol, status.value("hostName"_L1).toString(), service.value("port"_L1).toInt(), tls ? u"SSL/TLS"_s : u"STARTTLS"_s};
}

void addWay(QList<ProgramAccess> &ways, const QString &protocol, const QJsonObject &status, QLatin1StringView name, bool tls)
{
    const auto services = servicesNamed(status, name);
    const auto found = std::ranges::find_if(services, isOpen);
    if (found != services.end())
        ways += access(protocol, status, *found, tls);
}

} // namespace

Fact relayFact(const QString &trusted)
{
    const QStringList networks = QString(trusted).replace(u',', u' ').split(u' ', Qt::SkipEmptyParts);
    if (networks.isEmpty())
        return {Grade::Good, tr("Nobody can send mail to other servers without signing in: this is not an open relay."), {}};
    const QString list = networks.join(u", "_s);
    if (std::ranges::any_of(networks, isWholeInternet))
        return {Grade::Bad, tr("This is an open relay: anyone on the internet can send mail in your name without a password (%1). "
                               "Senders of spam will find it.").arg(list), u"settings"_s};
    if (!std::ranges::all_of(networks, isPrivate))
        return {Grade::Warning, tr("Anyone at %1 can send mail in your name without a password, and these are addresses on the "
                                   "internet.").arg(list), u"settings"_s};
    return {Grade::Note, tr("Devices at %1 can send mail in your name without a password. Nobody else can.").arg(list), u"settings"_s};
}

QList<Fact> factsOf(const Circumstances &now)
{
    QList<Fact> facts{incomingFact(now.status), programsFact(now.status), outgoingFact(now.settings),
                      relayFact(now.settings.value(u"smtp.trusted_networks"_s)), certificateFact(now.status, now.at), storeFact(now.status)};
    for (const QJsonValue &value : now.status.value("services"_L1).toArray()) {
        const QJsonObject service = value.toObject();
        if (!isOpen(service) && !isOff(service) && service.value("name"_L1) != "smtp"_L1)
            facts += {Grade::Bad, closedText(service), u"settings"_s};
    }
    const QString host = now.status.value("hostName"_L1).toString();
    if (!isWholeName(host))
        facts += {Grade::Warning, tr("This server calls itself “%1”. Others want a whole name, such as mail.example.org.").arg(host),
                  u"settings"_s};
    if (now.held > 0)
        facts += {Grade::Warning, tr("Held in the queue: %1. What is held, by you or because an account sends very much, goes nowhere until it is "
                                     "released.").arg(now.held), u"queue"_s};
    if (now.late > 0)
        facts += {Grade::Warning, tr("Waiting in the queue for more than a day: %1. The details of a message there tell why.").arg(now.late),
                  u"queue"_s};
    if (!now.unsignedDomains.isEmpty())
        facts += {Grade::Note, tr("Mail from %1 is not signed (DKIM), and may be taken for spam.").arg(fewOf(now.unsignedDomains)), u"accounts"_s};
    std::ranges::stable_sort(facts, std::ranges::greater{}, &Fact::grade); // the worst first
    return facts;
}

QString troubleIn(const QJsonObject &status, const QDateTime &at)
{
    for (const QJsonValue &value : status.value("services"_L1).toArray()) {
        const QJsonObject service = value.toObject();
        if (!isOpen(service) && !isOff(service))
            return closedText(service);
    }
    for (const Fact &fact : {storeFact(status), certificateFact(status, at)}) {
        if (fact.grade == Grade::Bad)
            return fact.text;
    }
    return {};
}

QList<ProgramAccess> waysToRead(const QJsonObject &status)
{
    QList<ProgramAccess> ways;
    addWay(ways, u"IMAP"_s, status, "imaps"_L1, true);
    addWay(ways, u"IMAP"_s, status, "imap"_L1, false);
    addWay(ways, u"POP3"_s, status, "pop3s"_L1, true);
    addWay(ways, u"POP3"_s, status, "pop3"_L1, false);
    return ways;
}

QList<ProgramAccess> waysToSend(const QJsonObject &status)
{
    QList<ProgramAccess> ways;
    addWay(ways, u"SMTP"_s, status, "submissions"_L1, true);
    addWay(ways, u"SMTP"_s, status, "submission"_L1, false);
    return ways;
}

bool hasOwnCertificate(const QJsonObject &status)
{
    return status.value("certificates"_L1).toArray().first().toObject().value("selfSigned"_L1).toBool();
}

} // namespace posthorn::ui
