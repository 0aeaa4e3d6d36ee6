// Reads the arguments of a command one after the other; the first failure stays, and all that is read after it is
// empty. So a parser reads straight on, and asks ok() once.
#pragma once

#include "language/imap/lexer.h"
#include "language/imap/status_items.h"

namespace posthorn::imap {

class Session;

class Arguments
{
public:
    Arguments(Lexer &lexer, const Session &session);

    [[nodiscard]] bool ok() const { return !m_error; }
    [[nodiscard]] std::unexpected<Error> error() const { return std::unexpected(*m_error); }
    void fault(const QString &text);

    [[nodiscard]] bool atEnd() const { return m_lexer.atEnd(); }
    [[nodiscard]] char peek() const { return m_lexer.peek(); }
    [[nodiscard]] Lexer &lexer() { return m_lexer; }
    // Takes `c` if it is next and nothing failed.
    [[nodiscard]] bool take(char c);
    void expect(char c);
    void space() { expect(' '); }
    void end();

    QByteArray word();
    QByteArray atom();
    QByteArray astring();
    QByteArray string();
    QByteArray nstring();
    void nil();
    // A name, where a mailbox is meant: not empty, no controls, at most 1,000 characters; in normal form C (RFC 9051 §5.1).
    QString mailbox();
    // How the last of them was given, if it was in another form; else empty.
    [[nodiscard]] const QString &otherForm() const { return m_otherForm; }
    // Takes the empty name, which is no mailbox, if it is next.
    [[nodiscard]] bool takeEmptyName();
    // A name with wildcards, or the reference before one.
    QString pattern();
    NumberSet set();
    qint64 number(); // 63 bits
    ModSeq modSeq(); // 63 bits (RFC 7162 §7)
    DateTime dateTime();
    // Flags that can be set: system flags but \Recent, which is left out, and keywords. Without repetitions.
    QList<QByteArray> flagList();
    QList<QByteArray> bareFlags(); // without parentheses
    // Attributes, or none: "(\Sent)"
    QList<QByteArray> useList();
    QList<StatusItem> statusItems();

private:
    template<typename T>
    T taken(Result<T> result);
    void addFlag(QList<QByteArray> &flags, const QByteArray &flag);

    Lexer &m_lexer;
    bool m_utf8;
    QString m_otherForm;
    std::optional<Error> m_error;
};

} // namespace posthorn::imap
