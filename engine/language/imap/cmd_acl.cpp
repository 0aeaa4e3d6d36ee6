// ACL (RFC 4314): who may do what with a mailbox.
#include "language/imap/arguments.h"
#include "language/imap/metadata.h"
#include "language/imap/parsers.h"
#include "language/imap/quote.h"

#include <algorithm>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxIdentifier = 320; // characters, as an address

// Who is meant by an entry; the service knows whether there is such a one.
QString identifier(Arguments &arguments)
{
    const QString text = QString::fromUtf8(arguments.astring());
    const bool isText = std::none_of(text.begin(), text.end(), [](QChar c) {
        return c.category() == QChar::Other_Control || c == QChar::ReplacementCharacter;
    });
    if (text.isEmpty() || text == u"-" || text.size() > maxIdentifier || !isText)
        arguments.fault(u"An identifier is expected"_s);
    return text;
}

// "+lr", "-w" or "lrs"
void modification(Arguments &arguments, SetAcl &what)
{
    QByteArray text = arguments.astring();
    if (text.startsWith('+') || text.startsWith('-')) {
        what.change = text.startsWith('+') ? AclChange::Add : AclChange::Remove;
        text.slice(1);
    }
    const auto rights = rightsFromText(text);
    if (!rights)
        arguments.fault(u"There is no such right"_s);
    what.rights = rights.value_or(0);
}

void appendRights(QByteArray &out, Rights rights) { appendAString(out, rightsText(rights, true)); }

// Each optional right by itself; the obsolete ones as well.
QByteArray singly(Rights rights)
{
    QByteArray text;
    for (const char letter : rightsText(rights, true)) {
        text += ' ';
        text += letter;
    }
    return text;
}

Result<TaskPointer> askToSet(Arguments &arguments, SetAcl what)
{
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<Done>(std::move(what), [](Session &session, Done &) { session.ok("Done"); });
}

void tellAcl(Session &session, const QString &name, const Acl &acl)
{
    session.out += "* ACL ";
    appendMailbox(session.out, name, session.utf8Names());
    for (const auto &[who, rights] : acl.entries) {
        session.out += ' ';
        appendAString(session.out, who.toUtf8());
        session.out += ' ';
        appendRights(session.out, rights);
    }
    session.out += "\r\n";
    session.ok("Done");
}

} // namespace

void appendMyRights(QByteArray &out, const QString &name, Rights rights, bool utf8)
{
    out += "* MYRIGHTS ";
    appendMailbox(out, name, utf8);
    out += ' ';
    appendRights(out, rights);
    out += "\r\n";
}

Result<TaskPointer> parseSetAcl(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    SetAcl what;
    what.name = arguments.mailbox();
    arguments.space();
    what.identifier = identifier(arguments);
    arguments.space();
    modification(arguments, what);
    return askToSet(arguments, std::move(what));
}

Result<TaskPointer> parseDeleteAcl(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    SetAcl what;
    what.name = arguments.mailbox();
    arguments.space();
    what.identifier = identifier(arguments);
    return askToSet(arguments, std::move(what));
}

Result<TaskPointer> parseGetAcl(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    const QString name = arguments.mailbox();
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<Acl>(GetAcl{name}, [name](Session &s, const Acl &acl) { tellAcl(s, name, acl); });
}

Result<TaskPointer> parseListRights(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    const QString name = arguments.mailbox();
    arguments.space();
    const QString who = identifier(arguments);
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<Grantable>(ListRights{name, who}, [name, who](Session &s, const Grantable &rights) {
        s.out += "* LISTRIGHTS ";
        appendMailbox(s.out, name, s.utf8Names());
        s.out += ' ';
        appendAString(s.out, who.toUtf8());
        s.out += ' ';
        appendRights(s.out, rights.always);
        s.out += singly(rights.optional) + "\r\n";
        s.ok("Done");
    });
}

Result<TaskPointer> parseMyRights(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    const QString name = arguments.mailbox();
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<OwnRights>(MyRights{name}, [name](Session &s, const OwnRights &own) {
        appendMyRights(s.out, name, own.rights, s.utf8Names());
        s.ok("Done");
    });
}

} // namespace posthorn::imap
