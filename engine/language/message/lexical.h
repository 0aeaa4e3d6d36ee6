// The lexical rules that structured header fields share (RFC 5322 §3.2): white space, comments, quoted strings.
// Tolerant: 8-bit octets are text (RFC 6532), NUL is white space, an unclosed comment or quote is ordinary text.
#pragma once

#include <QByteArray>
#include <QByteArrayView>

#include <array>

namespace posthorn::message {

enum CharClass : uchar {
    IsSpace = 1,     // SP, HT, CR, LF and NUL
    IsAtext = 2,     // RFC 5322 atext, and 8-bit octets
    IsToken = 4,     // RFC 2045 token
    IsFieldName = 8, // printable ASCII but the colon
    IsSpecial = 16,  // RFC 5322 specials but the full stop
};

inline constexpr std::array<uchar, 256> charClasses = [] {
    std::array<uchar, 256> table{};
    constexpr auto has = [](const char *set, char c) {
        for (; *set; ++set) {
            if (*set == c)
                return true;
        }
        return false;
    };
    for (int i = 0; i < 256; ++i) {
        const char c = char(i);
        const bool letter = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z') || (i >= '0' && i <= '9');
        if (i == 0 || has(" \t\r\n", c))
            table[i] |= IsSpace;
        if (letter || i >= 128 || (i && has("!#$%&'*+-/=?^_`{|}~", c)))
            table[i] |= IsAtext;
        if (i > 32 && i < 127 && !has("()<>@,;:\\\"/[]?=", c))
            table[i] |= IsToken;
        if (i > 32 && i < 127 && c != ':')
            table[i] |= IsFieldName;
        if (i && has("()<>[]:;@\\,\"", c))
            table[i] |= IsSpecial;
    }
    return table;
}();

[[nodiscard]] constexpr bool isA(char c, uchar classes)
{
    return charClasses[uchar(c)] & classes;
}

[[nodiscard]] constexpr char lowerAscii(char c)
{
    return c >= 'A' && c <= 'Z' ? char(c + 32) : c;
}

[[nodiscard]] constexpr bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

// -1 when c is no hexadecimal digit.
[[nodiscard]] constexpr int hexValue(char c)
{
    if (isDigit(c))
        return c - '0';
    const char lower = lowerAscii(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

[[nodiscard]] bool equalsIgnoringCase(QByteArrayView a, QByteArrayView b);
[[nodiscard]] QByteArray lowered(QByteArrayView text);
[[nodiscard]] bool isAscii(QByteArrayView bytes);

// Walks over one field body. Every octet is looked at a bounded number of times.
class Lexer
{
public:
    explicit Lexer(QByteArrayView text) : m_at(text.data()), m_end(text.data() + text.size()) {}

    [[nodiscard]] bool atEnd() const { return m_at == m_end; }
    [[nodiscard]] char peek() const { return *m_at; } // not at the end
    [[nodiscard]] const char *position() const { return m_at; }
    [[nodiscard]] QByteArrayView rest() const { return {m_at, m_end}; }
    void moveTo(const char *position) { m_at = position; }
    void skip() { ++m_at; }

    // Takes c if it is next.
    bool take(char c)
    {
        if (m_at == m_end || *m_at != c)
            return false;
        ++m_at;
        return true;
    }

    bool skipSpace();
    bool skipSpaceAndComments();

    // At '(' or '"': takes the whole of it, appending what is inside (escapes and folding resolved) to `out` if that
    // is given. False, and nothing taken, when it is never closed.
    bool readComment(QByteArray *out = nullptr);
    bool readQuoted(QByteArray *out = nullptr);

    // Takes as many octets as are of these classes.
    QByteArrayView readWhile(uchar classes);

private:
    const char *m_at;
    const char *m_end;
    bool m_unclosedComment = false;
    bool m_unclosedQuote = false;
};

} // namespace posthorn::message
