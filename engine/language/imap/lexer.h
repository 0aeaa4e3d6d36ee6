// A cursor over the complete octets of one command's arguments (RFC 9051 §9, RFC 3501 §9). Literals are inside, as
// "{n}" CRLF and n octets, "{n+}" or "~{n}". Each reader takes exactly its element, no spaces; one that fails takes nothing
// and gives the offset.
#pragma once

#include "core/result.h"
#include "language/imap/date_time.h"
#include "language/imap/number_set.h"

#include <QByteArray>
#include <QList>
#include <QString>

#include <limits>

namespace posthorn::imap {

class Lexer
{
public:
    static constexpr qsizetype maxFlags = 200;
    static constexpr qsizetype maxFlagSize = 200;     // octets
    static constexpr qsizetype maxMailboxSize = 4096; // octets of an encoded name

    explicit Lexer(QByteArrayView arguments) : m_text(arguments) {}

    [[nodiscard]] bool atEnd() const { return m_at >= m_text.size(); }
    [[nodiscard]] char peek() const { return atEnd() ? '\0' : m_text[m_at]; }
    [[nodiscard]] QByteArrayView rest() const { return m_text.sliced(m_at); }
    [[nodiscard]] qsizetype offset() const { return m_at; }
    void moveTo(qsizetype offset) { m_at = offset; }
    [[nodiscard]] std::unexpected<Error> error(const QString &text) const { return parseError(text, m_at); }

    // Takes the character, or the whole atom in any case, if it is next.
    bool take(char c);
    bool takeWord(QByteArrayView word);
    // Letters, digits, dots, hyphens and underlines: names of attributes and keys. May be empty.
    QByteArrayView takeName();

    Result<void> expect(char c);
    Result<void> space();
    Result<void> end();
    Result<QByteArray> atom();
    Result<QByteArray> astring();
    Result<QByteArray> string();  // quoted or literal
    Result<QByteArray> nstring(); // null for NIL
    Result<quint32> number();
    Result<quint32> nzNumber();
    Result<qint64> number64();
    Result<NumberSet> sequenceSet();
    Result<QByteArray> flag();                 // "\Seen" in its usual case, or a keyword
    Result<QList<QByteArray>> bareFlags();     // without parentheses; \Recent is left out
    Result<QList<QByteArray>> flagList();      // with parentheses
    // INBOX in any case is "INBOX"; modified UTF-7, or UTF-8 when `utf8`.
    Result<QString> mailbox(bool utf8);
    Result<QString> listMailbox(bool utf8);    // with wildcards
    Result<qint64> date();                     // quoted or not: days since 1970
    Result<DateTime> dateTime();               // quoted

private:
    using Test = bool (*)(char);
    [[nodiscard]] QByteArrayView scan(Test test) const;
    Result<QByteArray> word(Test test, const QString &expected);
    [[nodiscard]] bool isAtString() const;
    Result<QByteArray> quoted();
    Result<QByteArray> literal();
    Result<qint64> digits(qint64 largest);
    Result<QString> name(Result<QByteArray> octets, qsizetype start, bool utf8);

    QByteArrayView m_text;
    qsizetype m_at = 0;
};

} // namespace posthorn::imap
