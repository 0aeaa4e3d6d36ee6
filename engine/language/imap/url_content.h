// The octets that a URL names, in pieces: asks for the message, then for what its row does not hold.
#pragma once

#include "language/imap/imap_url.h"
#include "language/imap/needs.h"
#include "language/message/transfer_encoding.h"

namespace posthorn::imap {

class Session;

// The URL's server is this one.
[[nodiscard]] bool isOwnHost(const Session &session, const Url &url);
// The one who is signed in: their address, or what stands before its '@'.
[[nodiscard]] bool isOwnUser(const Session &session, const QString &user);
// The message. Nothing: the URL means another server, another user who has not authorized this one, or no mailbox is
// selected that it could be relative to.
[[nodiscard]] std::optional<FindMessage> targetOf(const Session &session, QByteArrayView text, const Url &url);
// By its authorization only (RFC 4467 §6).
[[nodiscard]] std::optional<FindMessage> authorizedTarget(const Session &session, QByteArrayView text, const Url &url);

class UrlContent
{
public:
    enum class State {
        Waiting, // for an answer
        Found,   // size() is known; take() what is here, then ask for more()
        Missing, // there is nothing of this name, or nothing any longer
        Failed,  // it can't be read now: error()
    };

    // `binary`: without its transfer encoding (RFC 5524).
    void open(Session &session, FindMessage what, Section section, bool binary = false);
    [[nodiscard]] bool isWaiting() const { return m_waiting != 0; }
    [[nodiscard]] bool isWaitingFor(NeedId id) const { return m_waiting != 0 && m_waiting == id; }
    State answered(Session &session, Answer &answer);

    [[nodiscard]] const Section &section() const { return m_section; }
    [[nodiscard]] const QByteArray &bodyStructure() const { return m_structure; } // of the whole message
    [[nodiscard]] qint64 size() const { return m_size; }
    [[nodiscard]] bool hasNul() const { return m_hasNul; }       // of binary content
    [[nodiscard]] bool isUnknown() const { return m_isUnknown; } // nobody knows how to take the encoding off
    [[nodiscard]] QByteArray take() { return std::exchange(m_bytes, {}); }
    // False: all has been taken.
    [[nodiscard]] bool more(Session &session);
    [[nodiscard]] const Error &error() const { return m_error; }

private:
    // Octets are read twice when they are decoded: their number is announced before the first of them.
    struct Decoding
    {
        QByteArray encoding;
        qint64 offset = 0, length = 0; // of what is encoded
        bool isPartial = false; // of what is decoded
        message::TransferDecoder decoder{encoding};
        bool writing = false; // the second time
        qint64 skip = 0;      // decoded octets before the partial
        qint64 left = 0;      // of the partial
    };

    State located(Session &session);
    State pieceCame(Session &session, const QByteArray &bytes);
    State headerCame(Session &session, const QByteArray &bytes);
    State encodedCame(Session &session, const QByteArray &bytes);
    State counted();
    void askPiece(Session &session);

    Section m_section;
    FetchedRow m_row;
    QByteArray m_structure;
    NeedId m_waiting = 0;
    bool m_isLooking = false; // the message is asked for, not its octets
    bool m_isFiltering = false;
    bool m_isUnknown = false;
    bool m_hasNul = false;
    QByteArray m_header;      // to be filtered
    QByteArray m_bytes;
    qint64 m_offset = 0, m_left = 0; // of what is still to be asked for
    qint64 m_size = 0;
    std::optional<Decoding> m_decoding;
    Error m_error;
};

} // namespace posthorn::imap
