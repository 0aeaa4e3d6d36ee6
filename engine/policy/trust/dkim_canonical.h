// The two forms in which DKIM compares messages (RFC 6376 §3.4). Pure.
#pragma once

#include <QByteArray>
#include <QByteArrayView>
#include <QCryptographicHash>

namespace posthorn::trust {

enum class Canonicalization { Simple, Relaxed };

// One header field, with its line end if it has one; the result always ends with CRLF (§3.4.1, §3.4.2).
[[nodiscard]] QByteArray canonicalField(Canonicalization how, QByteArrayView field);

// A body in pieces of any size (§3.4.3, §3.4.4). Holds nothing of it but white space and line ends counted.
class CanonicalBody
{
public:
    explicit CanonicalBody(Canonicalization how) : m_relaxed(how == Canonicalization::Relaxed) {}

    [[nodiscard]] QByteArray add(QByteArrayView octets);
    [[nodiscard]] QByteArray finish();

private:
    void put(QByteArray &out, QByteArrayView text);
    void endLine();

    const bool m_relaxed;
    bool m_space = false; // white space, of which it is not known yet whether it ends the line
    bool m_cr = false;    // a CR whose LF may come
    bool m_any = false;   // something was given out
    qint64 m_lines = 0;   // line ends, of which it is not known yet whether they end the body
};

// A message in pieces: its header is kept, of its body only the hash (§3.7).
class MessageHash
{
public:
    explicit MessageHash(Canonicalization how) : m_body(how), m_hash(QCryptographicHash::Sha256) {}

    void add(QByteArrayView octets);
    [[nodiscard]] QByteArray finish(); // SHA-256 of the body; once, after the last octet
    [[nodiscard]] const QByteArray &header() const { return m_header; } // with its empty line, when there is one
    [[nodiscard]] bool headerDone() const { return m_headerDone; }      // its empty line has come

private:
    QByteArray m_header;
    bool m_headerDone = false;
    CanonicalBody m_body;
    QCryptographicHash m_hash;
};

} // namespace posthorn::trust
