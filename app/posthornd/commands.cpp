#include "commands.h"
#include "core/settings.h"

#include "control/api/values.h"
#include "show.h"

#include <QDir>
#include <QJsonArray>

#include <algorithm>

namespace posthorn::app {

using namespace Qt::StringLiterals;

namespace {

constexpr Positional domainName[] = {{"DOMAIN"_L1}};
constexpr Positional address[] = {{"ADDRESS"_L1}};
constexpr Positional maybeDomain[] = {{"DOMAIN"_L1, false}};
constexpr Positional dkimKey[] = {{"DOMAIN"_L1}, {"SELECTOR"_L1}};
constexpr Positional alias[] = {{"ADDRESS"_L1}, {"TARGET"_L1, true, true}};
constexpr Positional accountName[] = {{"ACCOUNT"_L1}};
constexpr Positional accountMailbox[] = {{"ACCOUNT"_L1}, {"MAILBOX"_L1}};
constexpr Positional maybeMailbox[] = {{"ACCOUNT"_L1}, {"MAILBOX"_L1, false}};
constexpr Positional groupMembers[] = {{"NAME"_L1}, {"MEMBER"_L1, false, true}};
constexpr Positional key[] = {{"KEY"_L1}};
constexpr Positional keyValue[] = {{"KEY"_L1}, {"VALUE"_L1, false}};
constexpr Positional entry[] = {{"ENTRY"_L1}};
constexpr Positional addressReason[] = {{"ADDRESS"_L1}, {"REASON"_L1, false, true}};
constexpr Positional entryReason[] = {{"ENTRY"_L1, false}, {"REASON"_L1, false, true}};
constexpr Positional someEntries[] = {{"ENTRY"_L1, false, true}};
constexpr Positional entryRoute[] = {{"ENTRY"_L1}, {"ROUTE"_L1, false}};
constexpr Positional routeName[] = {{"NAME"_L1}};
constexpr Positional search[] = {{"SEARCH"_L1, false, true}};
constexpr Positional session[] = {{"SESSION"_L1}};
constexpr Positional file[] = {{"FILE"_L1}};
constexpr Positional directory[] = {{"DIR"_L1}};
constexpr Positional command[] = {{"COMMAND"_L1, false, true}};

constexpr Option serveOptions[] = {{"set"_L1, "KEY=VALUE"_L1, "Wins over a kept setting; any number of these"_L1}};
constexpr Option domainOptions[] = {
    {"alias-of"_L1, "DOMAIN"_L1, "Shares that domain's accounts; empty: a domain of its own"_L1},
    {"catch-all"_L1, "ADDRESS"_L1, "Gets mail for unknown names; empty: such mail is refused"_L1},
    {"certificate"_L1, "FILE"_L1, "For clients that ask for this name"_L1},
    {"key"_L1, "FILE"_L1, "Key of the certificate, when not in the same file"_L1},
    {"per-minute"_L1, "NUMBER"_L1, "Limit of recipients elsewhere a minute; 0: none; -1: as the settings say"_L1},
    {"per-day"_L1, "NUMBER"_L1, "The same a day"_L1},
};
constexpr Option domainRemoval[] = {{"with-contents"_L1, {}, "Removes its accounts with their mail and its aliases"_L1}};
constexpr Option accountOptions[] = {
    {"name"_L1, "NAME"_L1, "The person's name"_L1},
    {"quota"_L1, "SIZE"_L1, "Room for mail: 500M, 2G, octets; 0: no limit"_L1},
    {"messages"_L1, "NUMBER"_L1, "How many messages it may have; 0: no limit"_L1},
    {"administrator"_L1, "yes|no"_L1, "Gets postmaster's mail"_L1},
    {"enabled"_L1, "yes|no"_L1, "No: no sign-in and no mail"_L1},
    {"pop3-keep"_L1, "DAYS"_L1, "A message that a POP3 program deletes stays for so many days, for IMAP; 0: it goes at once"_L1},
    {"per-minute"_L1, "NUMBER"_L1, "Limit of recipients elsewhere a minute; 0: none; -1: as the settings say"_L1},
    {"per-day"_L1, "NUMBER"_L1, "The same a day"_L1},
};
constexpr Option forwardOptions[] = {
    {"to"_L1, "A,B"_L1, "The addresses that get its mail"_L1},
    {"keep"_L1, {}, "And its own mailbox as well"_L1},
    {"off"_L1, {}, "Forwards no more"_L1},
};
constexpr Option sharedOptions[] = {
    {"name"_L1, "NAME"_L1, "What it is for"_L1},
    {"quota"_L1, "SIZE"_L1, "Room for mail: 500M, 2G, octets; 0: no limit"_L1},
    {"messages"_L1, "NUMBER"_L1, "How many messages it may have; 0: no limit"_L1},
};
constexpr Option shareOptions[] = {
    {"to"_L1, "WHO"_L1, "An account, group:NAME, or anyone: every account here"_L1},
    {"may"_L1, "WHAT"_L1, "read, write (mark, file and delete mail too) or all; read when not given"_L1},
    {"rights"_L1, "LETTERS"_L1, "In place of --may: letters of lrswipkxtea (RFC 4314)"_L1},
};
constexpr Option mailboxOptions[] = {
    {"own-seen"_L1, "yes|no"_L1, "Whether others each have their own mark of what they have read"_L1}};
constexpr Option unshareOptions[] = {{"from"_L1, "WHO"_L1, "An account, group:NAME, or anyone"_L1}};
constexpr Option ofDomain[] = {{"domain"_L1, "DOMAIN"_L1, "Only of this domain"_L1}};
constexpr Option dkimOptions[] = {
    {"algorithm"_L1, "KIND"_L1, "rsa, ed25519 or both; both when not given"_L1},
    {"selector"_L1, "NAME"_L1, "Its name in the DNS; made of the date when not given"_L1},
};
constexpr Option queueOptions[] = {
    {"domain"_L1, "DOMAIN"_L1, "Only to this domain"_L1},
    {"sender"_L1, "TEXT"_L1, "Only with this in the sender's address"_L1},
    {"recipient"_L1, "TEXT"_L1, "Only with this in the recipient's address"_L1},
    {"state"_L1, "STATE"_L1, "Only waiting, held or active ones"_L1},
    {"error"_L1, "TEXT"_L1, "Only with this in the last error"_L1},
    {"older-than"_L1, "AGE"_L1, "Only those in the queue for longer: 3d, 12h, 30m, or since before a date"_L1},
    {"after"_L1, "ENTRY"_L1, "Goes on after this entry"_L1},
    {"limit"_L1, "NUMBER"_L1, "At most so many; 1,000 when not given"_L1},
};
constexpr Option choiceOptions[] = {
    {"all"_L1, {}, "All entries"_L1},
    {"domain"_L1, "DOMAIN"_L1, "All to this domain"_L1},
    {"sender"_L1, "TEXT"_L1, "All with this in the sender's address"_L1},
    {"recipient"_L1, "TEXT"_L1, "All with this in the recipient's address"_L1},
    {"state"_L1, "STATE"_L1, "All waiting or held ones"_L1},
    {"error"_L1, "TEXT"_L1, "All with this in the last error"_L1},
    {"older-than"_L1, "AGE"_L1, "All in the queue for longer: 3d, 12h, 30m, or since before a date"_L1},
};
constexpr Option removalOptions[] = {
    {"report"_L1, {}, "Tells the senders; they are not told otherwise"_L1},
    {"all"_L1, {}, "All entries"_L1},
    {"domain"_L1, "DOMAIN"_L1, "All to this domain"_L1},
    {"sender"_L1, "TEXT"_L1, "All with this in the sender's address"_L1},
    {"recipient"_L1, "TEXT"_L1, "All with this in the recipient's address"_L1},
    {"state"_L1, "STATE"_L1, "All waiting or held ones"_L1},
    {"error"_L1, "TEXT"_L1, "All with this in the last error"_L1},
    {"older-than"_L1, "AGE"_L1, "All in the queue for longer: 3d, 12h, 30m, or since before a date"_L1},
};
constexpr Option routeOptions[] = {
    {"to"_L1, "DOMAIN"_L1, "Mail to this domain takes it; .example.org: and to all below it; any number of these"_L1},
    {"from"_L1, "DOMAIN"_L1, "Mail from this domain takes it, in the same way"_L1},
    {"provider"_L1, "ID"_L1, "Fills in host and encryption; “route providers” lists them"_L1},
    {"region"_L1, "REGION"_L1, "Where that provider has several"_L1},
    {"host"_L1, "HOST:PORT"_L1, "The server; direct: the recipients' own servers"_L1},
    {"tls"_L1, "MODE"_L1, "none, may, encrypt or verify (STARTTLS), or tls: from the first octet on"_L1},
    {"auth"_L1, "WAY"_L1, "auto, plain, login, scram-sha-256 or xoauth2"_L1},
    {"user"_L1, "USER"_L1, "To sign in with; the password comes from standard input"_L1},
    {"token-command"_L1, "COMMAND"_L1, "Prints a token (XOAUTH2) in place of the password; no shell, a whole path"_L1},
};
constexpr Option routeUpdateOptions[] = {
    {"password"_L1, {}, "A new password, from standard input"_L1},
    {"to"_L1, "DOMAIN"_L1, "In place of those it had; any number of these, or empty: none"_L1},
    {"from"_L1, "DOMAIN"_L1, "The same"_L1},
    {"provider"_L1, "ID"_L1, "Fills in host and encryption"_L1},
    {"region"_L1, "REGION"_L1, "Where that provider has several"_L1},
    {"host"_L1, "HOST:PORT"_L1, "The server; direct: the recipients' own servers"_L1},
    {"tls"_L1, "MODE"_L1, "none, may, encrypt or verify (STARTTLS), or tls: from the first octet on"_L1},
    {"auth"_L1, "WAY"_L1, "auto, plain, login, scram-sha-256 or xoauth2"_L1},
    {"user"_L1, "USER"_L1, "To sign in with; empty: no sign-in"_L1},
    {"token-command"_L1, "COMMAND"_L1, "Prints a token (XOAUTH2) in place of the password"_L1},
};
constexpr Option traceOptions[] = {
    {"journey"_L1, "KEY"_L1, "All steps of one message in place of a search"_L1},
    {"since"_L1, "WHEN"_L1, "Not older than 3d, 12h, 30m or a date such as 2026-05-01 or 2026-05-01T09:30"_L1},
    {"limit"_L1, "NUMBER"_L1, "At most so many"_L1},
};
constexpr Option logOptions[] = {
    {"follow"_L1, {}, "Goes on until interrupted"_L1},
    {"level"_L1, "LEVEL"_L1, "detail, notice, warning or failure: of this level and up; notice when not given"_L1},
    {"limit"_L1, "NUMBER"_L1, "At most so many"_L1},
};
constexpr Option checkOptions[] = {{"quick"_L1, {}, "Leaves out what reads all contents"_L1}};

Result<Plan> call(QLatin1StringView method, QJsonObject parameters = {}, bool needsPassword = false)
{
    return Plan{QString(method), std::move(parameters), needsPassword};
}

// Fills parameters from options, remembering the first error.
class Filler
{
public:
    explicit Filler(const Invocation &invocation) : m_invocation(invocation) {}
    Filler &text(QLatin1StringView option, QLatin1StringView parameter)
    {
        if (m_invocation.has(option))
            parameters.insert(parameter, m_invocation.value(option));
        return *this;
    }
    Filler &file(QLatin1StringView option, QLatin1StringView parameter)
    {
        const QString path = m_invocation.value(option);
        if (m_invocation.has(option))
            parameters.insert(parameter, path.isEmpty() ? path : QDir().absoluteFilePath(path));
        return *this;
    }
    Filler &number(QLatin1StringView option, QLatin1StringView parameter)
    {
        bool isNumber = false;
        const qint64 value = m_invocation.value(option).toLongLong(&isNumber);
        if (m_invocation.has(option))
            take(parameter, isNumber ? Result<qint64>(value) : fail(ErrorKind::Invalid, u"--%1 takes a whole number"_s.arg(option)));
        return *this;
    }
    Filler &list(QLatin1StringView option, QLatin1StringView parameter)
    {
        QStringList values = m_invocation.values(option);
        values.removeAll(QString());
        if (m_invocation.has(option))
            parameters.insert(parameter, QJsonArray::fromStringList(values));
        return *this;
    }
    Filler &octets(QLatin1StringView option, QLatin1StringView parameter)
    {
        if (m_invocation.has(option))
            take(parameter, control::parseOctets(m_invocation.value(option)));
        return *this;
    }
    Filler &since(QLatin1StringView option, QLatin1StringView parameter)
    {
        if (m_invocation.has(option))
            take(parameter, parseSince(m_invocation.value(option), QDateTime::currentDateTime()));
        return *this;
    }
    Filler &flag(QLatin1StringView option, QLatin1StringView parameter)
    {
        const QString value = m_invocation.value(option).toLower();
        const bool yes = value == "yes"_L1 || value == "true"_L1, no = value == "no"_L1 || value == "false"_L1;
        if (m_invocation.has(option))
            take(parameter, yes || no ? Result<bool>(yes) : fail(ErrorKind::Invalid, u"--%1 takes yes or no"_s.arg(option)));
        return *this;
    }
    [[nodiscard]] Result<Plan> plan(QLatin1StringView method, bool needsPassword = false) const
    {
        return error ? Result<Plan>(std::unexpected(*error)) : call(method, parameters, needsPassword);
    }
    QJsonObject parameters;

private:
    template<typename T>
    void take(QLatin1StringView parameter, const Result<T> &value)
    {
        if (value)
            parameters.insert(parameter, QJsonValue(*value));
        else if (!error)
            error = value.error();
    }
    const Invocation &m_invocation;
    std::optional<Error> error;
};

Filler domainFields(const Invocation &invocation)
{
    Filler filler(invocation);
    filler.parameters.insert("name"_L1, invocation.positionals[0]);
    return filler.text("alias-of"_L1, "aliasOf"_L1).text("catch-all"_L1, "catchAll"_L1)
        .file("certificate"_L1, "certificateFile"_L1).file("key"_L1, "keyFile"_L1)
        .number("per-minute"_L1, "perMinute"_L1).number("per-day"_L1, "perDay"_L1);
}

Filler accountFields(const Invocation &invocation)
{
    Filler filler(invocation);
    filler.parameters.insert("address"_L1, invocation.positionals[0]);
    return filler.text("name"_L1, "displayName"_L1).octets("quota"_L1, "quotaOctets"_L1)
        .number("messages"_L1, "quotaMessages"_L1)
        .flag("administrator"_L1, "administrator"_L1).flag("enabled"_L1, "enabled"_L1)
        .number("pop3-keep"_L1, "pop3KeepDays"_L1).number("per-minute"_L1, "perMinute"_L1).number("per-day"_L1, "perDay"_L1);
}

QJsonObject first(QLatin1StringView parameter, const Invocation &invocation)
{
    return {{QString(parameter), invocation.positionals[0]}};
}

Result<Plan> planDkimKey(QLatin1StringView method, const Invocation &in)
{
    return call(method, {{u"domain"_s, in.positionals[0]}, {u"selector"_s, in.positionals[1]}});
}

QJsonObject aliasFields(const Invocation &invocation)
{
    QJsonObject parameters = first("address"_L1, invocation);
    parameters.insert("targets"_L1, QJsonArray::fromStringList(invocation.positionals.mid(1)));
    return parameters;
}

Filler mailboxFields(const Invocation &in)
{
    Filler filler(in);
    filler.parameters.insert("account"_L1, in.positionals[0]);
    if (in.positionals.size() > 1)
        filler.parameters.insert("mailbox"_L1, in.positionals[1]);
    return filler;
}

Result<Plan> planShare(const Invocation &in)
{
    return mailboxFields(in).text("to"_L1, "to"_L1).text("may"_L1, "may"_L1).text("rights"_L1, "rights"_L1)
        .plan("mailbox.share"_L1);
}

Result<Plan> planUnshare(const Invocation &in)
{
    return mailboxFields(in).text("from"_L1, "from"_L1).plan("mailbox.unshare"_L1);
}

Result<Plan> planGroup(QLatin1StringView method, const Invocation &in)
{
    return call(method, {{u"name"_s, in.positionals[0]},
                         {u"members"_s, QJsonArray::fromStringList(in.positionals.mid(1))}});
}

// Without options it only shows.
Result<Plan> planForward(const Invocation &in)
{
    QJsonObject parameters = first("address"_L1, in);
    const QStringList targets = in.value("to"_L1).split(u',', Qt::SkipEmptyParts);
    if (in.has("to"_L1) == in.has("off"_L1)) {
        if (in.has("to"_L1) || in.has("keep"_L1))
            return fail(ErrorKind::Invalid, u"account forward takes --to or --off"_s);
        return call("account.list"_L1, {{u"text"_s, in.positionals[0]}});
    }
    if (in.has("to"_L1) && targets.isEmpty())
        return fail(ErrorKind::Invalid, u"--to needs an address; to forward no more: --off"_s);
    parameters.insert("forwardTo"_L1, QJsonArray::fromStringList(targets));
    parameters.insert("forwardKeep"_L1, in.has("off"_L1) || in.has("keep"_L1));
    return call("account.update"_L1, parameters);
}

Result<Plan> planSuppression(const Invocation &in)
{
    QJsonObject parameters = first("address"_L1, in);
    if (in.positionals.size() > 1)
        parameters.insert("reason"_L1, in.positionals.mid(1).join(u' '));
    return call("suppression.add"_L1, parameters);
}

QJsonObject fullPath(QLatin1StringView parameter, const Invocation &invocation)
{
    return {{QString(parameter), QDir().absoluteFilePath(invocation.positionals[0])}};
}

Result<Plan> planTrace(const Invocation &in)
{
    if (in.has("journey"_L1))
        return call("trace.journey"_L1, {{u"journey"_s, in.value("journey"_L1)}});
    Filler filler(in);
    filler.parameters.insert("text"_L1, in.positionals.join(u' '));
    return filler.since("since"_L1, "since"_L1).number("limit"_L1, "limit"_L1).plan("trace.search"_L1);
}

// Others on this computer can read a command line: secrets have no place there.
Result<Plan> planSetting(const Invocation &in)
{
    const QString &name = in.positionals[0];
    const SettingDescription *setting = describeSetting(name);
    if (setting && setting->secret) {
        if (in.positionals.size() > 1)
            return fail(ErrorKind::Invalid, u"%1 is secret: give its value on standard input"_s.arg(name));
        return Plan{u"settings.set"_s, {{u"key"_s, name}}, true, "value"_L1};
    }
    if (in.positionals.size() < 2)
        return fail(ErrorKind::Invalid, u"settings set needs VALUE"_s);
    return call("settings.set"_L1, {{u"key"_s, name}, {u"value"_s, in.positionals[1]}});
}

Filler queueCriteria(const Invocation &in)
{
    Filler filler(in);
    return filler.text("domain"_L1, "domain"_L1).text("sender"_L1, "sender"_L1).text("recipient"_L1, "recipient"_L1)
        .text("state"_L1, "state"_L1).text("error"_L1, "error"_L1).since("older-than"_L1, "createdBefore"_L1);
}

bool choosesMany(const Invocation &in)
{
    const auto given = [&](QLatin1StringView option) { return in.has(option); };
    return std::ranges::any_of(choiceOptions, given, &Option::name);
}

// Entries by their numbers, or all that fit. `words`: those of the command line that name none.
Result<Filler> chosenEntries(const Invocation &in, const QStringList &ids)
{
    Filler filler = queueCriteria(in);
    const bool many = choosesMany(in);
    if (many == !ids.isEmpty())
        return fail(ErrorKind::Invalid, u"“%1” needs either ENTRY or options that say which ones, such as --all"_s.arg(in.command->name));
    if (in.has("all"_L1))
        filler.parameters.insert("all"_L1, true);
    if (ids.size() == 1)
        filler.parameters.insert("id"_L1, ids.first());
    else if (!ids.isEmpty())
        filler.parameters.insert("ids"_L1, QJsonArray::fromStringList(ids));
    return filler;
}

Result<Plan> planEntries(QLatin1StringView method, const Invocation &in)
{
    const auto filler = chosenEntries(in, in.positionals);
    return filler ? filler->plan(method) : std::unexpected(filler.error());
}

Result<Plan> planQueueRemoval(const Invocation &in)
{
    const bool many = choosesMany(in);
    auto filler = chosenEntries(in, many ? QStringList() : in.positionals.first(qMin(1, in.positionals.size())));
    if (!filler)
        return std::unexpected(filler.error());
    const QString reason = in.positionals.mid(many ? 0 : 1).join(u' ');
    if (!reason.isEmpty())
        filler->parameters.insert("reason"_L1, reason);
    if (in.has("report"_L1))
        filler->parameters.insert("report"_L1, true);
    return filler->plan("queue.remove"_L1);
}

Result<Plan> planQueueRoute(const Invocation &in)
{
    const bool many = choosesMany(in);
    if (in.positionals.size() != (many ? 1 : 2))
        return fail(ErrorKind::Invalid, u"queue route takes ENTRY ROUTE, or options that say which entries, and ROUTE"_s);
    auto filler = chosenEntries(in, many ? QStringList() : in.positionals.first(1));
    if (!filler)
        return std::unexpected(filler.error());
    filler->parameters.insert("route"_L1, in.positionals.last());
    return filler->plan("queue.route"_L1);
}

Result<Plan> planQueueList(const Invocation &in)
{
    Filler filler = queueCriteria(in);
    if (!in.positionals.isEmpty())
        filler.parameters.insert("text"_L1, in.positionals.join(u' '));
    return filler.text("after"_L1, "after"_L1).number("limit"_L1, "limit"_L1).plan("queue.list"_L1);
}

Filler routeFields(const Invocation &in)
{
    Filler filler(in);
    filler.parameters.insert("name"_L1, in.positionals[0]);
    return filler.list("to"_L1, "recipients"_L1).list("from"_L1, "senders"_L1).text("provider"_L1, "provider"_L1)
        .text("region"_L1, "region"_L1).text("host"_L1, "host"_L1).text("tls"_L1, "tls"_L1).text("auth"_L1, "auth"_L1)
        .text("user"_L1, "user"_L1).text("token-command"_L1, "tokenCommand"_L1);
}

Result<Plan> withSecret(Result<Plan> plan, bool needed)
{
    if (plan && needed) {
        plan->needsPassword = true;
        plan->passwordName = "secret"_L1;
    }
    return plan;
}

Result<Plan> planRouteAddition(const Invocation &in)
{
    return withSecret(routeFields(in).plan("route.add"_L1), !in.value("user"_L1).isEmpty() && !in.has("token-command"_L1));
}

Result<Plan> planLog(const Invocation &in)
{
    Filler filler(in);
    filler.parameters.insert("level"_L1, in.has("level"_L1) ? in.value("level"_L1) : u"notice"_s);
    return filler.number("limit"_L1, "limit"_L1).plan("log.tail"_L1);
}

int routeWorks(const QJsonObject &result) { return result.value("good"_L1).toBool() ? Good : TryLater; }
int faultsFound(const QJsonObject &result) { return result.value("faults"_L1).toArray().isEmpty() ? Good : WrongData; }

// clang-format off
using In = const Invocation &;
constexpr Command table[] = {
    {"serve"_L1, "Runs the server until it is told to stop; prints \"ready\" with the real ports when it listens"_L1, {},
     serveOptions, Way::Serve, Alone::Begins},
    {"status"_L1, "Tells how the running server is"_L1, {}, {}, Way::Call, Alone::Fails,
     [](In) { return call("server.status"_L1); }, showStatus},
    {"stop"_L1, "Stops the running server cleanly"_L1, {}, {}, Way::Call, Alone::Fails,
     [](In) { return call("server.stop"_L1); }, showDone},

    {"domain add"_L1, "Adds a domain whose mail is for here"_L1, domainName, domainOptions, Way::Call, Alone::Begins,
     [](In in) { return domainFields(in).plan("domain.add"_L1); }, showDomainDone},
    {"domain list"_L1, "Lists the domains"_L1, {}, {}, Way::Call, Alone::Works,
     [](In) { return call("domain.list"_L1); }, showDomains},
    {"domain update"_L1, "Changes what is given of a domain"_L1, domainName, domainOptions, Way::Call, Alone::Works,
     [](In in) { return domainFields(in).plan("domain.update"_L1); }, showDomainDone},
    {"domain remove"_L1, "Removes a domain"_L1, domainName, domainRemoval, Way::Call, Alone::Works,
     [](In in) {
         return call("domain.remove"_L1, {{u"name"_s, in.positionals[0]}, {u"withContents"_s, in.has("with-contents"_L1)}});
     }, showDone},

    {"account add"_L1, "Adds an account; its password comes from standard input"_L1, address, accountOptions, Way::Call,
     Alone::Begins, [](In in) { return accountFields(in).plan("account.add"_L1, true); }, showAccountDone},
    {"account list"_L1, "Lists the accounts"_L1, {}, ofDomain, Way::Call, Alone::Works,
     [](In in) { return Filler(in).text("domain"_L1, "domain"_L1).plan("account.list"_L1); }, showAccounts},
    {"account passwd"_L1, "Sets an account's password, from standard input"_L1, address, {}, Way::Call, Alone::Works,
     [](In in) { return call("account.passwd"_L1, first("address"_L1, in), true); }, showDone},
    {"account update"_L1, "Changes what is given of an account"_L1, address, accountOptions, Way::Call, Alone::Works,
     [](In in) { return accountFields(in).plan("account.update"_L1); }, showAccountDone},
    {"account forward"_L1, "Tells or changes where else an account's mail goes"_L1, address, forwardOptions, Way::Call,
     Alone::Works, planForward, showForward},
    {"account remove"_L1, "Removes an account and its mail"_L1, address, {}, Way::Call, Alone::Works,
     [](In in) { return call("account.remove"_L1, first("address"_L1, in)); }, showDone},

    {"alias add"_L1, "Adds an address that leads to others"_L1, alias, {}, Way::Call, Alone::Works,
     [](In in) { return call("alias.add"_L1, aliasFields(in)); }, showAliasDone},
    {"alias list"_L1, "Lists the aliases"_L1, {}, ofDomain, Way::Call, Alone::Works,
     [](In in) { return Filler(in).text("domain"_L1, "domain"_L1).plan("alias.list"_L1); }, showAliases},
    {"alias update"_L1, "Replaces an alias's targets"_L1, alias, {}, Way::Call, Alone::Works,
     [](In in) { return call("alias.update"_L1, aliasFields(in)); }, showAliasDone},
    {"alias remove"_L1, "Removes an alias"_L1, address, {}, Way::Call, Alone::Works,
     [](In in) { return call("alias.remove"_L1, first("address"_L1, in)); }, showDone},

    {"shared add"_L1, "Adds a shared mailbox: it gets mail, and nobody signs in to it"_L1, address, sharedOptions, Way::Call,
     Alone::Works, [](In in) { return accountFields(in).plan("shared.add"_L1); }, showSharedDone},
    {"mailbox list"_L1, "Lists an account's mailboxes, who else is let into them, and what of others it can see"_L1, accountName,
     {}, Way::Call, Alone::Works, [](In in) { return mailboxFields(in).plan("mailbox.list"_L1); }, showMailboxes},
    {"mailbox add"_L1, "Makes a mailbox"_L1, accountMailbox, {}, Way::Call, Alone::Works,
     [](In in) { return mailboxFields(in).plan("mailbox.add"_L1); }, showDone},
    {"mailbox update"_L1, "Sets whether those who share a mailbox share what is read"_L1, maybeMailbox, mailboxOptions,
     Way::Call, Alone::Works,
     [](In in) { return mailboxFields(in).flag("own-seen"_L1, "ownSeen"_L1).plan("mailbox.update"_L1); }, showDone},
    {"mailbox share"_L1, "Lets others into a mailbox, or into all of an account"_L1, maybeMailbox, shareOptions, Way::Call,
     Alone::Works, planShare, showShared},
    {"mailbox unshare"_L1, "Takes back what mailbox share gave"_L1, maybeMailbox, unshareOptions, Way::Call, Alone::Works,
     planUnshare, showShared},
    {"group add"_L1, "Adds a group of accounts that mailboxes can be shared with"_L1, groupMembers, {}, Way::Call, Alone::Works,
     [](In in) { return planGroup("group.add"_L1, in); }, showGroupDone},
    {"group list"_L1, "Lists the groups"_L1, {}, {}, Way::Call, Alone::Works, [](In) { return call("group.list"_L1); },
     showGroups},
    {"group update"_L1, "Replaces a group's members"_L1, groupMembers, {}, Way::Call, Alone::Works,
     [](In in) { return planGroup("group.update"_L1, in); }, showGroupDone},
    {"group remove"_L1, "Removes a group, and what it was let into"_L1, routeName, {}, Way::Call, Alone::Works,
     [](In in) { return call("group.remove"_L1, first("name"_L1, in)); }, showDone},

    {"dkim add"_L1, "Makes keys that will sign a domain's outgoing mail; prints their records for the DNS"_L1, domainName,
     dkimOptions, Way::Call, Alone::Works,
     [](In in) {
         Filler filler(in);
         filler.parameters = first("domain"_L1, in);
         return filler.text("algorithm"_L1, "algorithm"_L1).text("selector"_L1, "selector"_L1).plan("dkim.add"_L1);
     }, showDkimRecords},
    {"dkim list"_L1, "Lists the keys that sign outgoing mail"_L1, maybeDomain, {}, Way::Call, Alone::Works,
     [](In in) { return call("dkim.list"_L1, in.positionals.isEmpty() ? QJsonObject() : first("domain"_L1, in)); },
     showDkimKeys},
    {"dkim record"_L1, "Prints what to put into the DNS for a domain's keys"_L1, domainName, {}, Way::Call, Alone::Works,
     [](In in) { return call("dkim.list"_L1, first("domain"_L1, in)); }, showDkimRecords},
    {"dkim activate"_L1, "Lets a key sign, once its record is published; the one before it is retired"_L1, dkimKey, {},
     Way::Call, Alone::Works, [](In in) { return planDkimKey("dkim.activate"_L1, in); }, showDkimKeyDone},
    {"dkim retire"_L1, "Lets a key sign no more"_L1, dkimKey, {}, Way::Call, Alone::Works,
     [](In in) { return planDkimKey("dkim.retire"_L1, in); }, showDkimKeyDone},
    {"dkim remove"_L1, "Removes a key that does not sign"_L1, dkimKey, {}, Way::Call, Alone::Works,
     [](In in) { return planDkimKey("dkim.remove"_L1, in); }, showDone},

    {"settings list"_L1, "Lists the settings"_L1, {}, {}, Way::Call, Alone::Works,
     [](In) { return call("settings.list"_L1); }, showSettings},
    {"settings get"_L1, "Prints a setting's value"_L1, key, {}, Way::Call, Alone::Works,
     [](In in) { return call("settings.get"_L1, first("key"_L1, in)); }, showSetting},
    {"settings set"_L1, "Sets a setting; a secret one from standard input"_L1, keyValue, {}, Way::Call, Alone::Begins,
     planSetting, showSettingDone},
    {"settings unset"_L1, "Gives a setting its initial value back"_L1, key, {}, Way::Call, Alone::Works,
     [](In in) { return call("settings.unset"_L1, first("key"_L1, in)); }, showSettingDone},

    {"queue list"_L1, "Lists what waits to be sent"_L1, search, queueOptions, Way::Call, Alone::Works,
     planQueueList, showQueue},
    {"queue show"_L1, "Shows an entry, with all that was said when it was last tried"_L1, entry, {}, Way::Call, Alone::Works,
     [](In in) { return call("queue.show"_L1, first("id"_L1, in)); }, showEntry},
    {"queue retry"_L1, "Tries entries now"_L1, someEntries, choiceOptions, Way::Call, Alone::Works,
     [](In in) { return planEntries("queue.retry"_L1, in); }, showEntryDone},
    {"queue hold"_L1, "Keeps entries from being sent"_L1, someEntries, choiceOptions, Way::Call, Alone::Works,
     [](In in) { return planEntries("queue.hold"_L1, in); }, showEntryDone},
    {"queue release"_L1, "Lets held entries go on"_L1, someEntries, choiceOptions, Way::Call, Alone::Works,
     [](In in) { return planEntries("queue.release"_L1, in); }, showEntryDone},
    {"queue route"_L1, "Changes the way that entries take: a route's name, direct, or usual"_L1, entryRoute, choiceOptions,
     Way::Call, Alone::Works, planQueueRoute, showEntryDone},
    {"queue remove"_L1, "Takes entries out of the queue"_L1, entryReason, removalOptions, Way::Call, Alone::Works,
     planQueueRemoval, showEntryDone},

    {"route list"_L1, "Lists the ways out for mail, and whose mail takes them"_L1, {}, {}, Way::Call, Alone::Works,
     [](In) { return call("route.list"_L1); }, showRoutes},
    {"route add"_L1, "Adds a way out for mail; its password comes from standard input"_L1, routeName, routeOptions, Way::Call,
     Alone::Works, planRouteAddition, showRouteDone},
    {"route update"_L1, "Changes what is given of a route"_L1, routeName, routeUpdateOptions, Way::Call, Alone::Works,
     [](In in) { return withSecret(routeFields(in).plan("route.update"_L1), in.has("password"_L1)); }, showRouteDone},
    {"route remove"_L1, "Removes a route; what waits goes as the others say"_L1, routeName, {}, Way::Call, Alone::Works,
     [](In in) { return call("route.remove"_L1, first("name"_L1, in)); }, showDone},
    {"route test"_L1, "Connects and signs in by a route, sends nothing, and tells how it went"_L1, routeName, {}, Way::Call,
     Alone::Works, [](In in) { return call("route.test"_L1, first("name"_L1, in)); }, showRouteTest, routeWorks},
    {"route providers"_L1, "Lists the providers whose servers are known"_L1, {}, {}, Way::Providers},

    {"suppression list"_L1, "Lists addresses that failed for good and are not tried again"_L1, search, {}, Way::Call,
     Alone::Works, [](In in) { return call("suppression.list"_L1, {{u"text"_s, in.positionals.join(u' ')}}); },
     showSuppressions},
    {"suppression add"_L1, "Has mail to an address elsewhere refused"_L1, addressReason, {}, Way::Call, Alone::Works,
     planSuppression, showDone},
    {"suppression remove"_L1, "Lets mail to an address go again"_L1, address, {}, Way::Call, Alone::Works,
     [](In in) { return call("suppression.remove"_L1, first("address"_L1, in)); }, showDone},

    {"tls list"_L1, "Lists what other domains ask for of encryption, until when it holds"_L1, {}, {}, Way::Call, Alone::Works,
     [](In) { return call("tls.list"_L1); }, showTlsPolicies},
    {"tls report"_L1, "Sends the daily reports on encryption to other domains now"_L1, {}, {}, Way::Call, Alone::Fails,
     [](In) { return call("tls.report"_L1); }, showDone},

    {"trace"_L1, "Where is my mail, why was it refused"_L1, search, traceOptions, Way::Call, Alone::Works, planTrace, showSteps},
    {"sessions"_L1, "Lists the live conversations"_L1, {}, {}, Way::Call, Alone::Fails,
     [](In) { return call("session.list"_L1); }, showSessions},
    {"session close"_L1, "Ends a conversation"_L1, session, {}, Way::Call, Alone::Fails,
     [](In in) { return call("session.close"_L1, first("id"_L1, in)); }, showDone},
    {"log"_L1, "Prints the last events"_L1, {}, logOptions, Way::Log, Alone::Fails, planLog, showEvents},

    {"search status"_L1, "Tells how much of the mail is in the index for searching"_L1, {}, {}, Way::Call, Alone::Works,
     [](In) { return call("search.state"_L1); }, showSearchState},
    {"search rebuild"_L1, "Makes the index for searching anew, in the background"_L1, {}, {}, Way::Call, Alone::Fails,
     [](In) { return call("search.rebuild"_L1); }, showDone},

    {"backup"_L1, "Copies the whole store into one file, while the server runs"_L1, file, {}, Way::Call, Alone::Works,
     [](In in) { return call("backup.make"_L1, fullPath("file"_L1, in)); }, showBackup},
    {"check"_L1, "Looks for faults in the store and for mail that was lost"_L1, {}, checkOptions, Way::Call, Alone::Works,
     [](In in) { return call("store.check"_L1, {{u"quick"_s, in.has("quick"_L1)}}); }, showCheck, faultsFound},
    {"export"_L1, "Writes every table as JSON lines into a folder"_L1, directory, {}, Way::Call, Alone::Works,
     [](In in) { return call("store.export"_L1, fullPath("directory"_L1, in)); }, showRows},
    {"import"_L1, "Reads what export wrote into an empty store"_L1, directory, {}, Way::Call, Alone::Begins,
     [](In in) { return call("store.import"_L1, fullPath("directory"_L1, in)); }, showRows},

    {"help"_L1, "Prints help about a command, or all"_L1, command, {}, Way::Help},
};
// clang-format on

} // namespace

std::span<const Command> commands() { return table; }

Result<qint64> parseSince(const QString &text, const QDateTime &now)
{
    static constexpr std::pair<char16_t, qint64> units[] = {{u'm', 60}, {u'h', 3'600}, {u'd', 86'400}, {u'w', 604'800}};
    for (const auto &[letter, seconds] : units) {
        bool isNumber = false;
        const int count = text.endsWith(letter) ? text.chopped(1).toInt(&isNumber) : 0;
        if (isNumber && count >= 0)
            return now.addSecs(-count * seconds).toMSecsSinceEpoch();
    }
    const QDateTime when = QDateTime::fromString(text, Qt::ISODate);
    if (!when.isValid())
        return fail(ErrorKind::Invalid, u"“%1” is neither a time ago such as 3d, 12h, 30m nor a date"_s.arg(text));
    return when.toMSecsSinceEpoch();
}

} // namespace posthorn::app
