// QUOTA (RFC 9208): an account that has limits is a quota root, named by its address.
#include "language/imap/arguments.h"
#include "language/imap/output.h"
#include "language/imap/parsers.h"
#include "language/imap/quote.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 largestStorage = qint64(1) << 40; // units of 1024 octets

void appendResource(QByteArray &out, const char *name, qint64 used, qint64 limit)
{
    if (!out.endsWith('('))
        out += ' ';
    out += name;
    out += ' ';
    appendNumber(out, quint64(used));
    out += ' ';
    appendNumber(out, quint64(limit));
}

bool isLimited(const Quota &quota) { return quota.limitOctets > 0 || quota.limitMessages > 0; }

// The resources that are limited; §7 has no list without any.
void appendQuota(QByteArray &out, const Quota &quota)
{
    if (!isLimited(quota))
        return;
    out += "* QUOTA ";
    appendString(out, quota.root.toUtf8());
    out += " (";
    if (quota.limitOctets > 0)
        appendResource(out, "STORAGE", (quota.usedOctets + 1023) / 1024, quota.limitOctets / 1024);
    if (quota.limitMessages > 0)
        appendResource(out, "MESSAGE", quota.usedMessages, quota.limitMessages);
    out += ")\r\n";
}

void tellQuota(Session &session, const Quota &quota)
{
    appendQuota(session.out, quota);
    session.ok("Done");
}

// "STORAGE 512"
void readLimit(Arguments &arguments, SetQuota &what)
{
    const QByteArray resource = arguments.atom().toUpper();
    arguments.space();
    const qint64 limit = arguments.number();
    if (resource != "STORAGE" && resource != "MESSAGE")
        arguments.fault(u"No such resource"_s);
    else if (limit < 1 || limit > largestStorage)
        arguments.fault(u"Not a limit"_s);
    else
        (resource == "STORAGE" ? what.limitOctets : what.limitMessages) = resource == "STORAGE" ? limit * 1024 : limit;
}

} // namespace

Result<TaskPointer> parseGetQuotaRoot(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    const QString name = arguments.mailbox();
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<Quota>(GetQuota{name, {}}, [name](Session &s, const Quota &quota) {
        s.out += "* QUOTAROOT ";
        appendMailbox(s.out, name, s.utf8Names());
        if (isLimited(quota)) {
            s.out += ' ';
            appendString(s.out, quota.root.toUtf8());
        }
        s.out += "\r\n";
        tellQuota(s, quota);
    });
}

Result<TaskPointer> parseGetQuota(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    const QString root = QString::fromUtf8(arguments.astring());
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<Quota>(GetQuota{{}, root}, [](Session &s, const Quota &quota) {
        isLimited(quota) ? tellQuota(s, quota) : s.no("There are no limits", "NONEXISTENT");
    });
}

// What is not named has no limit any more.
Result<TaskPointer> parseSetQuota(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    SetQuota what;
    what.root = QString::fromUtf8(arguments.astring());
    arguments.space();
    arguments.expect('(');
    if (arguments.ok() && !arguments.take(')')) {
        do {
            readLimit(arguments, what);
        } while (arguments.ok() && arguments.take(' '));
        arguments.expect(')');
    }
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<Quota>(what, tellQuota);
}

} // namespace posthorn::imap
