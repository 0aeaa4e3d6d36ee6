// METADATA (RFC 5464): GETMETADATA and SETMETADATA, of a mailbox or, with the empty name, of the server.
#include "language/imap/arguments.h"
#include "language/imap/metadata.h"
#include "language/imap/parsers.h"
#include "language/imap/quote.h"

#include <algorithm>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxEntryName = 255;
constexpr qsizetype maxEntriesNamed = 200;

// §3.2.1
bool isEntryName(QByteArrayView name)
{
    const auto isRoot = [&](QByteArrayView root) {
        return name == root || (name.startsWith(root) && name[root.size()] == '/');
    };
    return name.size() <= maxEntryName && (isRoot("/private") || isRoot("/shared")) && !name.endsWith('/')
           && QByteArrayView(name).indexOf("//") < 0
           && std::all_of(name.begin(), name.end(), [](char c) { return c >= 32 && c < 127 && c != '*' && c != '%'; });
}

// INBOX, or the server with "".
QString mailboxOrServer(Arguments &arguments)
{
    return arguments.takeEmptyName() ? u""_s : arguments.mailbox();
}

// "(MAXSIZE 1024 DEPTH 1)" behind its parenthesis.
void readOptions(Arguments &arguments, GetMetadata &what)
{
    do {
        const QByteArray word = arguments.atom().toUpper();
        arguments.space();
        const QByteArray value = arguments.atom().toUpper();
        bool isNumber = false;
        const qint64 number = value.toLongLong(&isNumber);
        if (word == "MAXSIZE" && isNumber && number >= 0)
            what.maxSize = number;
        else if (word == "DEPTH" && (value == "0" || value == "1" || value == "INFINITY"))
            what.depth = value == "INFINITY" ? GetMetadata::Depth::Infinity : value == "1" ? GetMetadata::Depth::One : GetMetadata::Depth::Zero;
        else
            arguments.fault(u"MAXSIZE or DEPTH is expected"_s);
    } while (arguments.ok() && arguments.take(' '));
    arguments.expect(')');
}

void appendValue(QByteArray &out, const QByteArray &value)
{
    if (value.contains('\0'))
        out += "~{" + QByteArray::number(value.size()) + "}\r\n" + value;
    else
        appendNString(out, value);
}

Result<TaskPointer> askForMetadata(Arguments &arguments, GetMetadata what)
{
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<Annotations>(what, [name = what.name](Session &session, const Annotations &found) {
        appendMetadata(session.out, name, found, session.utf8Names());
        session.ok("Done", found.longest > 0 ? "METADATA LONGENTRIES " + QByteArray::number(found.longest) : QByteArray());
    });
}

class SetMetadataTask : public Task
{
public:
    explicit SetMetadataTask(SetMetadata what) : m_what(std::move(what)) {}

    void begin(Session &session) override
    {
        const bool fits = std::all_of(m_what.entries.cbegin(), m_what.entries.cend(), [](const auto &entry) {
            return entry.second.size() <= maxMetadataValue;
        });
        if (fits)
            session.ask(std::move(m_what));
        else
            session.no("The value is too large", "METADATA MAXSIZE " + QByteArray::number(maxMetadataValue));
    }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        const auto *failure = std::get_if<Failure>(&answer);
        if (std::holds_alternative<Done>(answer))
            session.ok("Done");
        else if (failure && failure->error.kind == ErrorKind::TooLarge)
            session.no("There are too many entries", "METADATA TOOMANY");
        else
            session.failed(failure ? failure->error : Error{});
    }

private:
    SetMetadata m_what;
};

} // namespace

QByteArray metadataEntry(Arguments &arguments)
{
    const QByteArray name = arguments.astring().toLower();
    if (!isEntryName(name))
        arguments.fault(u"Not the name of an entry"_s);
    return name;
}

QList<QByteArray> metadataEntries(Arguments &arguments)
{
    QList<QByteArray> names;
    do {
        const QByteArray name = metadataEntry(arguments);
        if (!names.contains(name))
            names += name;
        if (names.size() > maxEntriesNamed)
            arguments.fault(u"Too many entries"_s);
    } while (arguments.ok() && arguments.take(' '));
    arguments.expect(')');
    return names;
}

void appendMetadata(QByteArray &out, const QString &name, const Annotations &found, bool utf8)
{
    if (found.entries.isEmpty())
        return;
    out += "* METADATA ";
    appendMailbox(out, name, utf8);
    char before = '(';
    out += ' ';
    for (const auto &[entry, value] : found.entries) {
        out += before;
        appendAString(out, entry);
        out += ' ';
        appendValue(out, value);
        before = ' ';
    }
    out += ")\r\n";
}

Result<TaskPointer> parseGetMetadata(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    GetMetadata what;
    if (arguments.take('(')) { // the options; there are clients that give them behind the name
        readOptions(arguments, what);
        arguments.space();
    }
    what.name = mailboxOrServer(arguments);
    arguments.space();
    if (!arguments.take('(')) {
        what.entries += metadataEntry(arguments);
        return askForMetadata(arguments, std::move(what));
    }
    if (arguments.peek() != '/' && arguments.peek() != '"' && arguments.peek() != '{') {
        readOptions(arguments, what);
        arguments.space();
        if (!arguments.take('(')) {
            what.entries += metadataEntry(arguments);
            return askForMetadata(arguments, std::move(what));
        }
    }
    what.entries = metadataEntries(arguments);
    return askForMetadata(arguments, std::move(what));
}

Result<TaskPointer> parseSetMetadata(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    SetMetadata what;
    what.name = mailboxOrServer(arguments);
    arguments.space();
    arguments.expect('(');
    do {
        const QByteArray entry = metadataEntry(arguments);
        if (entry.count('/') < 2)
            arguments.fault(u"Not the name of an entry"_s);
        arguments.space();
        QByteArray value = arguments.nstring();
        what.entries += {entry, std::move(value)};
        if (what.entries.size() > maxEntriesNamed)
            arguments.fault(u"Too many entries"_s);
    } while (arguments.ok() && arguments.take(' '));
    arguments.expect(')');
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return std::make_unique<SetMetadataTask>(std::move(what));
}

} // namespace posthorn::imap
