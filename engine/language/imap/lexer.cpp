#include "language/imap/lexer.h"

#include "language/imap/utf7.h"

#include <array>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

enum CharClass : uchar {
    AtomChar = 1,
    AstringChar = 2,
    ListChar = 4,
    NameChar = 8,
};

constexpr std::array<uchar, 256> classes = [] {
    std::array<uchar, 256> table{};
    for (int i = 0x21; i < 0x7f; ++i) {
        const char c = char(i);
        const bool isWildcard = c == '%' || c == '*';
        const bool isSpecial = c == '(' || c == ')' || c == '{' || c == '"' || c == '\\';
        if (isSpecial)
            continue;
        if (!isWildcard && c != ']')
            table[size_t(i)] |= AtomChar;
        if (!isWildcard)
            table[size_t(i)] |= AstringChar;
        table[size_t(i)] |= ListChar;
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_')
            table[size_t(i)] |= NameChar;
    }
    return table;
}();

template<CharClass Class>
bool isA(char c)
{
    return classes[uchar(c)] & Class;
}

constexpr std::array<QByteArrayView, 6> systemFlags{"\\Seen",    "\\Answered", "\\Flagged",
                                                    "\\Deleted", "\\Draft",    "\\Recent"};

} // namespace

QByteArrayView Lexer::scan(Test test) const
{
    qsizetype end = m_at;
    while (end < m_text.size() && test(m_text[end]))
        ++end;
    return m_text.sliced(m_at, end - m_at);
}

bool Lexer::take(char c)
{
    if (atEnd() || m_text[m_at] != c)
        return false;
    ++m_at;
    return true;
}

bool Lexer::takeWord(QByteArrayView word)
{
    const QByteArrayView next = scan(isA<AtomChar>);
    if (next.compare(word, Qt::CaseInsensitive) != 0)
        return false;
    m_at += next.size();
    return true;
}

QByteArrayView Lexer::takeName()
{
    const QByteArrayView name = scan(isA<NameChar>);
    m_at += name.size();
    return name;
}

Result<void> Lexer::expect(char c)
{
    if (!take(c))
        return parseError(u"'%1' expected"_s.arg(QLatin1Char(c)), m_at);
    return {};
}

Result<void> Lexer::space()
{
    if (!take(' '))
        return parseError(u"A space is expected"_s, m_at);
    return {};
}

Result<void> Lexer::end()
{
    if (!atEnd())
        return parseError(u"The end of the command is expected"_s, m_at);
    return {};
}

Result<QByteArray> Lexer::word(Test test, const QString &expected)
{
    const QByteArrayView found = scan(test);
    if (found.isEmpty())
        return parseError(expected, m_at);
    m_at += found.size();
    return found.toByteArray();
}

Result<QByteArray> Lexer::atom()
{
    return word(isA<AtomChar>, u"An atom is expected"_s);
}

Result<QByteArray> Lexer::astring()
{
    return isAtString() ? string() : word(isA<AstringChar>, u"A string is expected"_s);
}

Result<QByteArray> Lexer::string()
{
    if (!isAtString())
        return parseError(u"A string is expected"_s, m_at);
    return peek() == '"' ? quoted() : literal();
}

Result<QByteArray> Lexer::nstring()
{
    if (takeWord("NIL"))
        return QByteArray();
    return string();
}

bool Lexer::isAtString() const
{
    return peek() == '"' || peek() == '{' || rest().startsWith("~{");
}

// Starts with the quote.
Result<QByteArray> Lexer::quoted()
{
    QByteArray out("");
    qsizetype from = m_at + 1;
    for (qsizetype at = from; at < m_text.size(); ++at) {
        const char c = m_text[at];
        if (c == '"') {
            out += m_text.sliced(from, at - from);
            m_at = at + 1;
            return out;
        }
        if (c == '\r' || c == '\n' || c == '\0')
            return parseError(u"This can't be in a quoted string"_s, at);
        if (c != '\\')
            continue;
        out += m_text.sliced(from, at - from);
        from = ++at;
        if (at < m_text.size() && m_text[at] != '"' && m_text[at] != '\\')
            return parseError(u"Only quotes and backslashes can be escaped"_s, at);
    }
    return parseError(u"The quoted string does not end"_s, m_text.size());
}

// Starts with '{' or "~{".
Result<QByteArray> Lexer::literal()
{
    const qsizetype start = m_at;
    take('~');
    take('{');
    auto size = digits(m_text.size());
    if (size && !take('+'))
        take('-');
    if (!size || !take('}') || !take('\r') || !take('\n') || *size > m_text.size() - m_at) {
        const qsizetype at = m_at;
        m_at = start;
        return parseError(u"A literal is expected"_s, at);
    }
    QByteArray out("");
    out += m_text.sliced(m_at, qsizetype(*size));
    m_at += qsizetype(*size);
    return out;
}

Result<qint64> Lexer::digits(qint64 largest)
{
    const qsizetype start = m_at;
    qint64 value = 0;
    for (; !atEnd() && m_text[m_at] >= '0' && m_text[m_at] <= '9'; ++m_at) {
        const int digit = m_text[m_at] - '0';
        if (value > (largest - digit) / 10) {
            m_at = start;
            return parseError(u"The number is too large"_s, start);
        }
        value = value * 10 + digit;
    }
    if (m_at == start)
        return parseError(u"A number is expected"_s, start);
    return value;
}

Result<quint32> Lexer::number()
{
    const auto value = digits(std::numeric_limits<quint32>::max());
    return value ? Result<quint32>(quint32(*value)) : std::unexpected(value.error());
}

Result<quint32> Lexer::nzNumber()
{
    const qsizetype start = m_at;
    const auto value = number();
    if (!value || *value != 0)
        return value;
    m_at = start;
    return parseError(u"0 is not possible here"_s, start);
}

Result<qint64> Lexer::number64()
{
    return digits(std::numeric_limits<qint64>::max());
}

Result<NumberSet> Lexer::sequenceSet()
{
    qsizetype end = 0;
    auto set = NumberSet::parse(rest(), &end);
    if (set)
        m_at += end;
    else
        set.error().offset += m_at;
    return set;
}

Result<QByteArray> Lexer::flag()
{
    const qsizetype start = m_at;
    const bool isSystem = take('\\');
    const QByteArrayView name = scan(isA<AtomChar>);
    if (name.isEmpty() || name.size() > maxFlagSize) {
        m_at = start;
        return parseError(u"A flag is expected"_s, start);
    }
    m_at += name.size();
    if (!isSystem)
        return name.toByteArray();
    for (const QByteArrayView known : systemFlags) {
        if (known.sliced(1).compare(name, Qt::CaseInsensitive) == 0)
            return known.toByteArray();
    }
    m_at = start;
    return parseError(u"There is no such system flag"_s, start);
}

Result<QList<QByteArray>> Lexer::bareFlags()
{
    const qsizetype start = m_at;
    QList<QByteArray> flags;
    do {
        auto one = flag();
        if (one && flags.size() >= maxFlags)
            one = parseError(u"Too many flags"_s, m_at);
        if (!one) {
            m_at = start;
            return std::unexpected(one.error());
        }
        if (*one != systemFlags.back() && !flags.contains(*one))
            flags += *std::move(one);
    } while (take(' '));
    return flags;
}

Result<QList<QByteArray>> Lexer::flagList()
{
    const qsizetype start = m_at;
    if (auto open = expect('('); !open)
        return std::unexpected(open.error());
    if (take(')'))
        return QList<QByteArray>();
    auto flags = bareFlags();
    if (flags) {
        if (auto close = expect(')'); !close)
            flags = std::unexpected(close.error());
    }
    if (!flags)
        m_at = start;
    return flags;
}

Result<QString> Lexer::name(Result<QByteArray> octets, qsizetype start, bool utf8)
{
    if (!octets)
        return std::unexpected(octets.error());
    Result<QString> name;
    if (octets->size() > maxMailboxSize)
        name = parseError(u"The mailbox name is too long"_s, 0);
    else if (!utf8)
        name = fromUtf7(*octets);
    else if (octets->isValidUtf8())
        name = QString::fromUtf8(*octets);
    else
        name = parseError(u"The mailbox name is not UTF-8"_s, 0);
    if (!name) {
        m_at = start;
        return parseError(name.error().text, start);
    }
    if (name->startsWith("inbox"_L1, Qt::CaseInsensitive) && (name->size() == 5 || name->at(5) == u'/'))
        name->replace(0, 5, u"INBOX"_s);
    return name;
}

Result<QString> Lexer::mailbox(bool utf8)
{
    const qsizetype start = m_at;
    return name(astring(), start, utf8);
}

Result<QString> Lexer::listMailbox(bool utf8)
{
    const qsizetype start = m_at;
    if (isAtString())
        return name(string(), start, utf8);
    return name(word(isA<ListChar>, u"A mailbox name or pattern is expected"_s), start, utf8);
}

Result<qint64> Lexer::date()
{
    const qsizetype start = m_at;
    const bool isQuoted = take('"');
    const QByteArrayView text = scan(isA<AtomChar>);
    auto days = parseDate(text);
    if (!days)
        days.error().offset += m_at;
    m_at += text.size();
    if (days && isQuoted && !take('"'))
        days = parseError(u"Not a date"_s, m_at);
    if (!days)
        m_at = start;
    return days;
}

Result<DateTime> Lexer::dateTime()
{
    const qsizetype start = m_at;
    const qsizetype end = m_text.indexOf('"', start + 1);
    if (peek() != '"' || end < 0)
        return parseError(u"A date and time in quotes is expected"_s, start);
    auto value = parseDateTime(m_text.sliced(start + 1, end - start - 1));
    if (value)
        m_at = end + 1;
    else
        value.error().offset += start + 1;
    return value;
}

} // namespace posthorn::imap
