// URLFETCH at work (RFC 4467 §7, RFC 5524 §3): one URL after the other, big ones in pieces.
#pragma once

#include "language/imap/session.h"
#include "language/imap/url_content.h"

namespace posthorn::imap {

struct UrlWanted
{
    QByteArray text;
    bool extended = false;  // the answer names what it gives
    bool structure = false; // BODYPARTSTRUCTURE
    bool body = false, binary = false;
};

class UrlFetchTask : public Task
{
public:
    explicit UrlFetchTask(QList<UrlWanted> urls) : m_urls(std::move(urls)) {}

    void begin(Session &session) override;
    void answered(Session &session, NeedId id, Answer &answer) override;
    void outputTaken(Session &session) override { proceed(session); }
    [[nodiscard]] bool inResponse() const override { return m_isOpen; }
    [[nodiscard]] bool inLiteral() const override { return m_left > 0; }

private:
    void next(Session &session);
    void found(Session &session);
    void missing(Session &session);
    void proceed(Session &session);
    void lineDone(Session &session, QByteArrayView end);

    QList<UrlWanted> m_urls; // the first is under way
    UrlContent m_content;
    bool m_isOpen = false;   // its octets are being written
    qint64 m_left = 0;       // of a literal that was announced
};

} // namespace posthorn::imap
