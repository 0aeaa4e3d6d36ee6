// TLS on top of a plain stream, on either side.
#pragma once

#include "core/machine.h"
#include "platform/net/stream.h"
#include "platform/net/tls_contexts.h"
#include "platform/net/tls_trust.h"

#include <memory>

struct ssl_st; // OpenSSL's SSL

namespace posthorn::net {

class TlsStream final : public Stream
{
public:
    // Takes the plain stream over. The contexts must outlive this; one of them is chosen by the name the client asks for.
    TlsStream(std::unique_ptr<PlainStream> plain, const TlsContexts &contexts);
    // The client's side.
    TlsStream(std::unique_ptr<PlainStream> plain, const TlsGoal &goal);
    ~TlsStream() override;

    enum class Handshake { Done, UnderWay, Failed };
    // Goes on as far as it can; call it again when what it watches for has come.
    [[nodiscard]] Handshake handshake();
    // Why it failed, for people.
    [[nodiscard]] const QString &error() const { return m_error; }
    // Once the handshake is done.
    [[nodiscard]] TlsFacts facts() const;

    [[nodiscard]] qint64 read(char *to, qint64 max) override;
    [[nodiscard]] qint64 write(QByteArrayView octets) override;
    void watch(quint8 interest) override { m_plain->watch(interest); }
    [[nodiscard]] bool close() override;

private:
    [[nodiscard]] QByteArray exporter() const;
    static int chooseContext(ssl_st *session, int *alert, void *);
    void layOver(ssl_ctx_st *context);
    void noteError();
    [[nodiscard]] bool isWelcome();
    [[nodiscard]] qint64 outcome(int result) const;

    struct Free
    {
        void operator()(ssl_st *session) const;
    };
    std::unique_ptr<PlainStream> m_plain;
    const TlsContexts *m_contexts = nullptr; // the server's side
    TlsContext m_context;
    QByteArray m_serverName;
    std::unique_ptr<ssl_st, Free> m_session;
    std::function<QString(const QList<QByteArray> &chain, const QString &fault)> m_judge;
    QString m_error;
    bool m_broken = false;  // nothing more may be said: not even that it is over
    bool m_closing = false;
};

} // namespace posthorn::net
