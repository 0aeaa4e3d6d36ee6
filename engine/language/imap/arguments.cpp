#include "language/imap/arguments.h"

#include "language/imap/session.h"

#include <algorithm>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxName = 1000;
constexpr qsizetype maxFlagsGiven = 100;
constexpr qsizetype maxKeyword = 100;

bool isControl(QChar c)
{
    return c.unicode() < 32 || c.unicode() == 127;
}

// The spelling of the standard, or empty: none of the five.
QByteArray systemFlag(const QByteArray &flag)
{
    for (const QByteArrayView known : {"\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"}) {
        if (known.compare(flag, Qt::CaseInsensitive) == 0)
            return known.toByteArray();
    }
    return {};
}

} // namespace

Arguments::Arguments(Lexer &lexer, const Session &session) : m_lexer(lexer), m_utf8(session.utf8Names()) {}

template<typename T>
T Arguments::taken(Result<T> result)
{
    if (result)
        return std::move(*result);
    m_error = std::move(result.error());
    return T{};
}

void Arguments::fault(const QString &text)
{
    if (!m_error)
        m_error = m_lexer.error(text).error();
}

bool Arguments::take(char c)
{
    return ok() && m_lexer.take(c);
}

void Arguments::expect(char c)
{
    if (ok() && !m_lexer.take(c))
        m_error = m_lexer.expect(c).error();
}

void Arguments::end()
{
    if (!ok())
        return;
    if (const auto result = m_lexer.end(); !result)
        m_error = result.error();
}

QByteArray Arguments::word() { return ok() ? taken(m_lexer.atom()) : QByteArray(); }

QByteArray Arguments::atom() { return ok() ? taken(m_lexer.atom()) : QByteArray(); }

QByteArray Arguments::astring() { return ok() ? taken(m_lexer.astring()) : QByteArray(); }

QByteArray Arguments::string() { return ok() ? taken(m_lexer.string()) : QByteArray(); }

QByteArray Arguments::nstring() { return ok() ? taken(m_lexer.nstring()) : QByteArray(); }

NumberSet Arguments::set() { return ok() ? taken(m_lexer.sequenceSet()) : NumberSet(); }

qint64 Arguments::number() { return ok() ? taken(m_lexer.number64()) : 0; }

ModSeq Arguments::modSeq() { return ok() ? ModSeq(taken(m_lexer.number64())) : 0; }

DateTime Arguments::dateTime() { return ok() ? taken(m_lexer.dateTime()) : DateTime(); }

void Arguments::nil()
{
    if (atom().toUpper() != "NIL")
        fault(u"NIL expected"_s);
}

QString Arguments::mailbox()
{
    if (!ok())
        return {};
    QString name = taken(m_lexer.mailbox(m_utf8));
    if (name.isEmpty() || name.size() > maxName || std::any_of(name.cbegin(), name.cend(), isControl))
        fault(u"Not a mailbox name"_s);
    QString proper = name.normalized(QString::NormalizationForm_C);
    m_otherForm = proper == name ? QString() : name;
    return proper;
}

bool Arguments::takeEmptyName()
{
    const bool isEmpty = ok() && (m_lexer.rest().startsWith("\"\"") || m_lexer.rest().startsWith("{0}\r\n"));
    if (isEmpty)
        (void)string();
    return isEmpty;
}

QString Arguments::pattern()
{
    if (!ok())
        return {};
    const qsizetype start = m_lexer.offset();
    if (auto text = m_lexer.listMailbox(m_utf8)) {
        if (text->size() > maxName)
            fault(u"The pattern is too long"_s);
        return text->normalized(QString::NormalizationForm_C);
    }
    m_lexer.moveTo(start); // not modified UTF-7: it will just match nothing
    return QString::fromUtf8(taken(m_lexer.astring()));
}

void Arguments::addFlag(QList<QByteArray> &flags, const QByteArray &flag)
{
    if (!ok() || flag.compare("\\Recent", Qt::CaseInsensitive) == 0)
        return;
    const QByteArray name = flag.startsWith('\\') ? systemFlag(flag) : flag;
    if (name.isEmpty())
        fault(u"No such system flag"_s);
    else if (name.size() > maxKeyword || flags.size() >= maxFlagsGiven)
        fault(u"Too many flags, or too long a keyword"_s);
    else if (!flags.contains(name))
        flags += name;
}

QList<QByteArray> Arguments::flagList()
{
    QList<QByteArray> flags;
    if (!ok())
        return flags;
    for (const QByteArray &flag : taken(m_lexer.flagList()))
        addFlag(flags, flag);
    return flags;
}

QList<QByteArray> Arguments::bareFlags()
{
    QList<QByteArray> flags;
    do {
        addFlag(flags, ok() ? taken(m_lexer.flag()) : QByteArray());
    } while (take(' '));
    return flags;
}

QList<QByteArray> Arguments::useList()
{
    QList<QByteArray> uses;
    expect('(');
    if (take(')'))
        return uses;
    do {
        expect('\\');
        uses += '\\' + atom();
    } while (take(' '));
    expect(')');
    return uses;
}

QList<StatusItem> Arguments::statusItems()
{
    QList<StatusItem> items;
    expect('(');
    do {
        const auto item = statusItem(word());
        if (!item)
            fault(u"No such status item"_s);
        else if (!items.contains(*item))
            items += *item;
    } while (take(' '));
    expect(')');
    return items;
}

} // namespace posthorn::imap
