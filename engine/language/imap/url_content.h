// The octets that a URL names, in pieces: asks for the message, then for what its row does not hold.
#pragma once

#include "language/imap/imap_url.h"
#include "language/imap/needs.h"

namespace posthorn::imap {

class Session;

// The URL's server is this one.
[[nodiscard]] bool isOwnHost(const Session &session, const Url &url);
// The one who is signed in: their address, or what stands before its '@'.
[[nodiscard]] bool isOwnUser(const Session &session, const QString &user);

class UrlContent
{
public:
    enum class State {
        Waiting, // for an answer
        Found,   // size() is known; take() what is here, then ask for more()
        Missing, // there is nothing of this name, or nothing any longer
        Failed,  // it can't be read now: error()
    };

    // Nothing: the URL means another server, another user, or no mailbox is selected that it could be relative to.
    [[nodiscard]] static std::optional<FindMessage> target(const Session &session, const Url &url);

    void open(Session &session, FindMessage what, Section section);
    [[nodiscard]] bool isWaitingFor(NeedId id) const { return m_waiting != 0 && m_waiting == id; }
    State answered(Session &session, Answer &answer);

    [[nodiscard]] qint64 size() const { return m_size; }
    [[nodiscard]] QByteArray take() { return std::exchange(m_bytes, {}); }
    // False: all has been taken.
    [[nodiscard]] bool more(Session &session);
    [[nodiscard]] const Error &error() const { return m_error; }

private:
    State located(Session &session);
    State pieceCame(Session &session, const QByteArray &bytes);
    void askPiece(Session &session);

    Section m_section;
    FetchedRow m_row;
    NeedId m_waiting = 0;
    bool m_isLooking = false; // the message is asked for, not its octets
    bool m_isFiltering = false;
    QByteArray m_header;      // to be filtered
    QByteArray m_bytes;
    qint64 m_offset = 0, m_left = 0; // of what is still to be asked for
    qint64 m_size = 0;
    Error m_error;
};

} // namespace posthorn::imap
