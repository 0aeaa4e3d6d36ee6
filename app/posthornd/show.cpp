#include "show.h"

#include "arguments.h"
#include "control/api/providers.h"
#include "control/api/values.h"

#include <QDateTime>
#include <QJsonArray>

#include <algorithm>

namespace posthorn::app {

using namespace Qt::StringLiterals;

namespace {

using control::octetsText;

QString text(const QJsonObject &object, QLatin1StringView name)
{
    const QJsonValue value = object.value(name);
    return value.isDouble() ? QString::number(value.toInteger()) : value.toString();
}

QString timeText(const QJsonObject &object, QLatin1StringView name)
{
    const qint64 at = object.value(name).toInteger();
    return at ? QDateTime::fromMSecsSinceEpoch(at).toString(u"yyyy-MM-dd HH:mm:ss"_s) : u"-"_s;
}

QString octets(const QJsonObject &object, QLatin1StringView name) { return octetsText(object.value(name).toInteger()); }

QString orDash(const QString &value) { return value.isEmpty() ? u"-"_s : value; }

QString endpoint(const QString &address, const QString &port)
{
    return (address.contains(u':') ? u"[%1]:%2"_s : u"%1:%2"_s).arg(address, port);
}

// The list as a table with a heading, or a sentence when it is empty.
template<typename Row>
void showList(const QJsonArray &list, const QStringList &heading, const QString &ifEmpty, QTextStream &out, Row row)
{
    if (list.isEmpty()) {
        out << ifEmpty << '\n';
        return;
    }
    QList<QStringList> rows{heading};
    for (const auto &item : list)
        rows += row(item.toObject());
    out << alignedTable(rows);
}

// What to do about a key's record.
QString dkimAdvice(const QJsonObject &key)
{
    constexpr qint64 weekMs = 7ll * 86'400'000;
    const QString state = text(key, "state"_L1);
    if (state == "active"_L1)
        return u"This key signs mail: the record must be there."_s;
    if (state == "pending"_L1) {
        return u"Publish this record, wait until it can be seen, then: posthornd dkim activate %1 %2"_s
            .arg(text(key, "domain"_L1), text(key, "selector"_L1));
    }
    const qint64 until = key.value("changedAt"_L1).toInteger() + weekMs;
    return u"This key signs no more. Keep the record until %1, for mail that is still on its way."_s
        .arg(QDateTime::fromMSecsSinceEpoch(until).toString(u"yyyy-MM-dd"_s));
}

QString durationText(qint64 seconds)
{
    if (seconds >= 86'400)
        return u"%1 d %2 h"_s.arg(seconds / 86'400).arg(seconds / 3'600 % 24);
    if (seconds >= 3'600)
        return u"%1 h %2 min"_s.arg(seconds / 3'600).arg(seconds / 60 % 60);
    return seconds >= 60 ? u"%1 min"_s.arg(seconds / 60) : u"%1 s"_s.arg(seconds);
}

QStringList serviceRow(const QJsonObject &service)
{
    const QString address = text(service, "address"_L1);
    const bool listening = service.value("listening"_L1).toBool();
    if (address.isEmpty())
        return {text(service, "name"_L1), u"-"_s, u"off"_s, u"-"_s};
    return {text(service, "name"_L1), endpoint(address, text(service, "port"_L1)),
            listening ? u"listening"_s : text(service, "error"_L1), text(service, "connections"_L1)};
}

void showCertificates(const QJsonArray &certificates, QTextStream &out)
{
    for (const auto &item : certificates) {
        const QJsonObject one = item.toObject();
        const QString error = text(one, "error"_L1);
        out << "certificate " << printable(text(one, "subject"_L1)) << ", valid until "
            << QDateTime::fromMSecsSinceEpoch(one.value("notAfter"_L1).toInteger()).toString(u"yyyy-MM-dd"_s)
            << (one.value("selfSigned"_L1).toBool() ? ", self-signed" : "") << '\n';
        if (!error.isEmpty())
            out << "  not loaded: " << printable(error) << '\n';
    }
}

} // namespace

QString printable(const QString &raw)
{
    QString clean = raw;
    for (QChar &c : clean) {
        const char16_t code = c.unicode();
        const bool steers = code < 0x20 || (code >= 0x7f && code < 0xa0) || c.category() == QChar::Other_Format
                            || code == 0x2028 || code == 0x2029;
        if (steers)
            c = u'?';
    }
    return clean;
}

QString alignedTable(const QList<QStringList> &rows)
{
    QList<qsizetype> widths;
    for (const QStringList &row : rows) {
        widths.resize(qMax(widths.size(), row.size()));
        for (qsizetype i = 0; i < row.size(); ++i)
            widths[i] = qMax(widths[i], row[i].size());
    }
    QString table;
    for (const QStringList &row : rows) {
        QString line;
        for (qsizetype i = 0; i < row.size(); ++i)
            line += printable(row[i]) + (i + 1 < row.size() ? QString(widths[i] - row[i].size() + 2, u' ') : QString());
        table += line + u'\n';
    }
    return table;
}

// What the last check found is told as well.
QString storeState(const QJsonObject &store)
{
    const qint64 faults = store.value("faults"_L1).toInteger();
    const QString health = text(store, "health"_L1);
    return faults == 0 ? health
                       : u"%1 (check found faults: %2; the first: %3)"_s.arg(health).arg(faults).arg(text(store, "firstFault"_L1));
}

void showStatus(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const QJsonObject store = result.value("store"_L1).toObject(), today = result.value("messagesToday"_L1).toObject();
    out << "Posthorn " << text(result, "version"_L1) << " on " << text(result, "hostName"_L1) << ", running for "
        << durationText(result.value("uptimeSeconds"_L1).toInteger()) << '\n'
        << "data        " << text(result, "dataDirectory"_L1) << '\n'
        << "store       " << storeState(store) << ", " << octets(store, "octets"_L1) << ", "
        << octets(store, "freeOctets"_L1) << " free\n"
        << "today       " << text(today, "accepted"_L1) << " accepted, " << text(today, "delivered"_L1) << " delivered, "
        << text(today, "refused"_L1) << " refused\n"
        << "queue       " << orDash(text(result, "queued"_L1)) << '\n'
        << "connections " << text(result, "connections"_L1) << '\n';
    showCertificates(result.value("certificates"_L1).toArray(), out);
    out << '\n';
    showList(result.value("services"_L1).toArray(), {u"SERVICE"_s, u"ADDRESS"_s, u"STATE"_s, u"CONNECTIONS"_s},
             u"No services"_s, out, serviceRow);
}

void showDone(const Invocation &, const QJsonObject &, QTextStream &) {}

void showDomainDone(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    out << "The domain is " << text(result, "name"_L1) << '\n';
}

void showDomains(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    showList(result.value("domains"_L1).toArray(), {u"DOMAIN"_s, u"ALIAS OF"_s, u"CATCH-ALL"_s}, u"No domains"_s, out,
             [](const QJsonObject &one) {
                 return QStringList{text(one, "name"_L1), orDash(text(one, "aliasOf"_L1)), orDash(text(one, "catchAll"_L1))};
             });
}

void showAccountDone(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    out << "The account is " << text(result, "address"_L1) << '\n';
}

void showAccounts(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const auto row = [](const QJsonObject &one) {
        const qint64 quota = one.value("quotaOctets"_L1).toInteger();
        QStringList marks;
        if (!one.value("enabled"_L1).toBool())
            marks += u"disabled"_s;
        if (one.value("administrator"_L1).toBool())
            marks += u"administrator"_s;
        if (one.value("shared"_L1).toBool())
            marks += u"shared"_s;
        return QStringList{text(one, "address"_L1), octets(one, "usedOctets"_L1), quota ? octetsText(quota) : u"-"_s,
                           orDash(marks.join(u", "_s)), text(one, "displayName"_L1)};
    };
    showList(result.value("accounts"_L1).toArray(), {u"ACCOUNT"_s, u"USED"_s, u"QUOTA"_s, u"STATE"_s, u"NAME"_s},
             u"No accounts"_s, out, row);
    if (result.value("more"_L1).toBool())
        out << "There are more.\n";
}

// One account, or the list it stands in.
void showForward(const Invocation &in, const QJsonObject &result, QTextStream &out)
{
    QJsonObject account = result;
    for (const auto &item : result.value("accounts"_L1).toArray()) {
        if (item.toObject().value("address"_L1).toString() == in.positionals[0].toLower())
            account = item.toObject();
    }
    const QString address = text(account, "address"_L1);
    const QStringList targets = account.value("forwardTo"_L1).toVariant().toStringList();
    if (address.isEmpty())
        out << "There is no account " << printable(in.positionals[0]) << '\n';
    else if (targets.isEmpty())
        out << address << " forwards to nobody\n";
    else
        out << address << " forwards to " << targets.join(u", "_s)
            << (account.value("forwardKeep"_L1).toBool() ? " and keeps a copy\n" : " and keeps no copy\n");
}

void showAliasDone(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const QStringList targets = result.value("targets"_L1).toVariant().toStringList();
    out << "The alias " << text(result, "address"_L1) << " leads to " << targets.join(u", "_s) << '\n';
}

void showAliases(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    showList(result.value("aliases"_L1).toArray(), {u"ALIAS"_s, u"LEADS TO"_s}, u"No aliases"_s, out,
             [](const QJsonObject &one) {
                 return QStringList{text(one, "address"_L1),
                                    one.value("targets"_L1).toVariant().toStringList().join(u", "_s)};
             });
}

void showSharedDone(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const QString address = text(result, "address"_L1);
    out << "The shared mailbox " << address << " is there; let people in with: mailbox share " << address << " --to WHO\n";
}

void showMailboxes(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const auto row = [](const QJsonObject &one) {
        QStringList access;
        for (const auto &entry : one.value("access"_L1).toArray())
            access += text(entry.toObject(), "who"_L1) + u" ("_s + text(entry.toObject(), "rights"_L1) + u')';
        return QStringList{text(one, "name"_L1), text(one, "messages"_L1), octets(one, "octets"_L1), orDash(access.join(u", "_s))};
    };
    showList(result.value("mailboxes"_L1).toArray(), {u"MAILBOX"_s, u"MESSAGES"_s, u"SIZE"_s, u"OPEN TO"_s}, u"No mailboxes"_s,
             out, row);
    if (result.value("others"_L1).toArray().isEmpty())
        return;
    out << '\n';
    showList(result.value("others"_L1).toArray(), {u"OF OTHERS"_s, u"RIGHTS"_s}, {}, out, [](const QJsonObject &one) {
        return QStringList{text(one, "name"_L1), text(one, "rights"_L1)};
    });
}

void showShared(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const QString rights = text(result, "rights"_L1);
    const QStringList names = result.value("mailboxes"_L1).toVariant().toStringList();
    out << text(result, "who"_L1) << (rights.isEmpty() ? u" is let in no more: "_s : u" has the rights %1 in: "_s.arg(rights))
        << names.join(u", "_s) << '\n';
}

void showGroupDone(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    out << "The group " << text(result, "name"_L1) << " has the members "
        << orDash(result.value("members"_L1).toVariant().toStringList().join(u", "_s)) << '\n';
}

void showGroups(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    showList(result.value("groups"_L1).toArray(), {u"GROUP"_s, u"MEMBERS"_s}, u"No groups"_s, out, [](const QJsonObject &one) {
        return QStringList{text(one, "name"_L1), orDash(one.value("members"_L1).toVariant().toStringList().join(u", "_s))};
    });
}

void showDkimKeys(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    showList(result.value("keys"_L1).toArray(), {u"DOMAIN"_s, u"SELECTOR"_s, u"ALGORITHM"_s, u"STATE"_s, u"SINCE"_s},
             u"No keys: mail is not signed"_s, out, [](const QJsonObject &one) {
                 return QStringList{text(one, "domain"_L1), text(one, "selector"_L1), text(one, "algorithm"_L1),
                                    text(one, "state"_L1), timeText(one, "changedAt"_L1)};
             });
}

void showDkimRecords(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const QJsonArray keys = result.value("keys"_L1).toArray();
    if (keys.isEmpty())
        out << "No keys: mail is not signed\n";
    for (const auto &item : keys) {
        const QJsonObject key = item.toObject();
        QStringList strings = key.value("recordStrings"_L1).toVariant().toStringList();
        for (QString &string : strings)
            string = u'"' + string + u'"';
        out << "Name:  " << text(key, "recordName"_L1) << "\nType:  TXT\nValue: " << strings.join(u' ') << '\n'
            << dkimAdvice(key) << "\n\n";
    }
}

void showDkimKeyDone(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    out << "The key " << text(result, "selector"_L1) << " of " << text(result, "domain"_L1) << " is "
        << text(result, "state"_L1) << '\n';
}

void showSettings(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const auto row = [](const QJsonObject &one) {
        const QString state = one.value("overridden"_L1).toBool() ? u"command line"_s
                              : one.value("isSet"_L1).toBool()    ? u"set"_s
                                                                  : u"-"_s;
        const bool hidden = one.value("secret"_L1).toBool() && one.value("isSet"_L1).toBool();
        return QStringList{text(one, "key"_L1), state, hidden ? u"(not shown)"_s : text(one, "value"_L1)};
    };
    showList(result.value("settings"_L1).toArray(), {u"SETTING"_s, u"STATE"_s, u"VALUE"_s}, u"No settings"_s, out, row);
}

void showSetting(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    out << printable(text(result, "value"_L1)) << '\n';
}

void showSettingDone(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    if (result.value("restartNeeded"_L1).toBool())
        out << "Takes effect when the server is started again.\n";
    for (const auto &item : result.value("notListening"_L1).toArray()) {
        const QJsonObject service = item.toObject();
        out << text(service, "name"_L1) << " could not be opened on "
            << endpoint(text(service, "address"_L1), text(service, "port"_L1)) << "; the log says why.\n";
    }
}

void showQueue(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const auto row = [](const QJsonObject &one) {
        return QStringList{text(one, "id"_L1), text(one, "state"_L1), timeText(one, "createdAt"_L1), octets(one, "size"_L1),
                           text(one, "attempts"_L1), orDash(text(one, "sender"_L1)), text(one, "recipient"_L1),
                           text(one, "lastError"_L1)};
    };
    const QJsonArray entries = result.value("entries"_L1).toArray();
    showList(entries, {u"ENTRY"_s, u"STATE"_s, u"SINCE"_s, u"SIZE"_s, u"TRIES"_s, u"FROM"_s, u"TO"_s, u"LAST ERROR"_s},
             u"The queue has no such entries"_s, out, row);
    const qint64 total = result.value("total"_L1).toInteger(), matching = result.value("matching"_L1).toInteger();
    if (total > entries.size())
        out << entries.size() << " of " << matching << " entries" << (matching < total ? " that fit" : "") << ", " << total
            << " in all; more with --after " << text(entries.last().toObject(), "id"_L1) << '\n';
}

void showEntry(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const QList<QStringList> rows{{u"entry"_s, text(result, "id"_L1)},
                                  {u"state"_s, text(result, "state"_L1)},
                                  {u"from"_s, orDash(text(result, "sender"_L1))},
                                  {u"to"_s, text(result, "recipient"_L1)},
                                  {u"size"_s, octets(result, "size"_L1)},
                                  {u"journey"_s, text(result, "journey"_L1)},
                                  {u"route"_s, orDash(text(result, "route"_L1))},
                                  {u"queued"_s, timeText(result, "createdAt"_L1)},
                                  {u"next try"_s, timeText(result, "nextAttempt"_L1)},
                                  {u"tries"_s, text(result, "attempts"_L1)},
                                  {u"last error"_s, orDash(text(result, "lastError"_L1))}};
    out << alignedTable(rows);
    const QStringList dialogue = text(result, "lastDialogue"_L1).split(u'\n', Qt::SkipEmptyParts);
    for (const QString &line : dialogue)
        out << "  " << printable(line.trimmed()) << '\n';
}

void showEntryDone(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const QString route = text(result, "route"_L1);
    if (result.contains("count"_L1))
        out << "Done to " << result.value("count"_L1).toInteger() << " entries\n";
    else if (result.contains("id"_L1))
        out << "Entry " << text(result, "id"_L1) << " is " << text(result, "state"_L1)
            << (route.isEmpty() ? QString() : u", route "_s + route) << '\n';
}

static QString domainsText(const QJsonObject &route, QLatin1StringView key)
{
    return orDash(route.value(key).toVariant().toStringList().join(u' '));
}

void showRoutes(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const auto row = [](const QJsonObject &one) {
        const QString host = text(one, "host"_L1), token = text(one, "tokenCommand"_L1);
        return QStringList{text(one, "name"_L1), domainsText(one, "recipients"_L1), domainsText(one, "senders"_L1),
                           host.isEmpty() ? u"direct"_s : host, orDash(text(one, "tls"_L1)), orDash(text(one, "user"_L1)),
                           !token.isEmpty() ? u"token"_s : one.value("hasSecret"_L1).toBool() ? u"password"_s : u"-"_s};
    };
    showList(result.value("routes"_L1).toArray(),
             {u"ROUTE"_s, u"MAIL TO"_s, u"MAIL FROM"_s, u"HOST"_s, u"TLS"_s, u"USER"_s, u"BY"_s},
             u"No routes: mail goes through relay.smart_host, or straight to the recipients' servers"_s, out, row);
}

void showRouteDone(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const QString name = text(result, "name"_L1), host = text(result, "host"_L1);
    out << "Route " << name << " goes to " << (host.isEmpty() ? u"the recipients' own servers"_s : host);
    if (!host.isEmpty())
        out << "; try it with: route test " << name;
    out << '\n';
}

void showRouteTest(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    for (const QJsonValue &value : result.value("steps"_L1).toArray()) {
        const QJsonObject step = value.toObject();
        out << (step.value("good"_L1).toBool() ? "ok    " : "FAIL  ") << printable(text(step, "text"_L1)) << '\n';
    }
    const QStringList dialogue = text(result, "dialogue"_L1).split(u'\n', Qt::SkipEmptyParts);
    for (const QString &line : dialogue)
        out << "      " << printable(line.trimmed()) << '\n';
}

QJsonObject providersJson()
{
    QJsonArray list;
    for (const control::Provider &one : control::providers())
        list += QJsonObject{{u"id"_s, one.id},   {u"name"_s, one.name}, {u"host"_s, one.host}, {u"port"_s, one.port},
                            {u"tls"_s, one.tls}, {u"auth"_s, QJsonArray::fromStringList(one.auth)},
                            {u"user"_s, one.user}, {u"hint"_s, one.hint}, {u"regions"_s, QJsonArray::fromStringList(one.regions)}};
    return {{u"providers"_s, list}};
}

QString providersText()
{
    QList<QStringList> rows{{u"ID"_s, u"PROVIDER"_s, u"USER NAME"_s, u"GOOD TO KNOW"_s}};
    for (const control::Provider &one : control::providers()) {
        const QString regions = one.regions.isEmpty() ? QString() : u" Regions: "_s + one.regions.join(u' ') + u'.';
        rows += {one.id, one.name, one.user, one.hint + regions};
    }
    return alignedTable(rows);
}

void showSuppressions(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const auto row = [](const QJsonObject &one) {
        return QStringList{text(one, "address"_L1), timeText(one, "since"_L1), text(one, "reason"_L1), orDash(text(one, "reply"_L1))};
    };
    showList(result.value("addresses"_L1).toArray(), {u"ADDRESS"_s, u"SINCE"_s, u"REASON"_s, u"LAST REPLY"_s},
             u"No addresses are on the list"_s, out, row);
}

void showTlsPolicies(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const auto row = [](const QJsonObject &one) {
        return QStringList{text(one, "domain"_L1), text(one, "source"_L1), text(one, "mode"_L1), timeText(one, "expiresAt"_L1),
                           one.value("hosts"_L1).toVariant().toStringList().join(u' ')};
    };
    showList(result.value("policies"_L1).toArray(),
             {u"DOMAIN"_s, u"SOURCE"_s, u"MODE"_s, u"UNTIL"_s, u"MAIL SERVERS"_s}, u"No policies are kept"_s, out, row);
}

void showSteps(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const auto row = [](const QJsonObject &one) {
        // Who could not sign in has no sender yet.
        const bool nameless = text(one, "step"_L1) == "denied"_L1 && text(one, "sender"_L1).isEmpty();
        return QStringList{timeText(one, "at"_L1),           text(one, "step"_L1),
                           orDash(text(one, nameless ? "user"_L1 : "sender"_L1)), orDash(text(one, "recipient"_L1)),
                           orDash(text(one, "client"_L1)),   text(one, "journey"_L1),
                           orDash(text(one, "text"_L1))};
    };
    showList(result.value("steps"_L1).toArray(),
             {u"TIME"_s, u"STEP"_s, u"FROM"_s, u"TO"_s, u"CLIENT"_s, u"JOURNEY"_s, u"TEXT"_s}, u"Nothing found"_s, out, row);
}

void showSessions(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const auto row = [](const QJsonObject &one) {
        return QStringList{text(one, "id"_L1), text(one, "protocol"_L1), text(one, "state"_L1),
                           endpoint(text(one, "client"_L1), text(one, "clientPort"_L1)), orDash(text(one, "tls"_L1)),
                           timeText(one, "startedAt"_L1), orDash(text(one, "user"_L1))};
    };
    showList(result.value("sessions"_L1).toArray(),
             {u"SESSION"_s, u"PROTOCOL"_s, u"STATE"_s, u"CLIENT"_s, u"TLS"_s, u"SINCE"_s, u"USER"_s},
             u"No live conversations"_s, out, row);
}

QString eventLine(const QJsonObject &event)
{
    QString line = timeText(event, "at"_L1) + u"  "_s + text(event, "level"_L1).leftJustified(8)
                   + text(event, "kind"_L1).leftJustified(20);
    for (auto it = event.begin(); it != event.end(); ++it) {
        static const QStringList heads{u"at"_s, u"level"_s, u"kind"_s, u"id"_s};
        if (!heads.contains(it.key()))
            line += u' ' + it.key() + u'=' + text(event, QLatin1StringView(it.key().toLatin1()));
    }
    return printable(line);
}

void showEvents(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    for (const auto &event : result.value("events"_L1).toArray())
        out << eventLine(event.toObject()) << '\n';
}

void showBackup(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    out << "Copied " << octets(result, "octets"_L1) << " into " << text(result, "file"_L1) << '\n';
}

void showSearchState(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    out << text(result, "indexed"_L1) << " messages in the index, " << text(result, "waiting"_L1) << " not yet\n";
}

void showCheck(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    const QStringList faults = result.value("faults"_L1).toVariant().toStringList();
    for (const QString &fault : faults)
        out << printable(fault) << '\n';
    out << (faults.isEmpty() ? u"Clean"_s : u"%1 faults"_s.arg(faults.size())) << ": " << text(result, "messages"_L1)
        << " messages, " << text(result, "mailboxes"_L1) << " mailboxes, " << text(result, "queued"_L1)
        << " queue entries, " << text(result, "journeys"_L1) << " journeys\n";
}

void showRows(const Invocation &, const QJsonObject &result, QTextStream &out)
{
    out << text(result, "rows"_L1) << " rows, " << text(result, "directory"_L1) << '\n';
}

} // namespace posthorn::app
