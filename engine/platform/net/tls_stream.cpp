#include "platform/net/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace posthorn::net {

using system::Poller;

namespace {

// OpenSSL's own socket BIO raises SIGPIPE and makes system calls; this one goes through the plain stream.
int writeBio(BIO *bio, const char *octets, size_t size, size_t *written)
{
    auto &plain = *static_cast<PlainStream *>(BIO_get_data(bio));
    const qint64 taken = plain.write(QByteArrayView(octets, qsizetype(size)));
    BIO_clear_retry_flags(bio);
    if (taken == system::WouldBlock)
        BIO_set_retry_write(bio);
    *written = size_t(qMax<qint64>(taken, 0));
    return taken > 0;
}

int readBio(BIO *bio, char *to, size_t size, size_t *read)
{
    auto &plain = *static_cast<PlainStream *>(BIO_get_data(bio));
    const qint64 got = plain.read(to, qint64(size));
    BIO_clear_retry_flags(bio);
    if (got == system::WouldBlock)
        BIO_set_retry_read(bio);
    if (got == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    *read = size_t(qMax<qint64>(got, 0));
    return got > 0;
}

long controlBio(BIO *bio, int command, long, void *)
{
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *streamMethod()
{
    static BIO_METHOD *const method = [] {
        BIO_METHOD *const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "posthorn stream");
        BIO_meth_set_write_ex(made, &writeBio);
        BIO_meth_set_read_ex(made, &readBio);
        BIO_meth_set_ctrl(made, &controlBio);
        BIO_meth_set_create(made, [](BIO *bio) {
            BIO_set_init(bio, 1);
            return 1;
        });
        return made;
    }();
    return method;
}

// Letters, digits, '-', '_' and '.' only, in lower case: it is shown, logged and compared.
QByteArray cleanName(const char *name)
{
    QByteArray clean = QByteArray(name).toLower();
    if (clean.endsWith('.'))
        clean.chop(1);
    for (const char c : std::as_const(clean)) {
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return {};
    }
    return clean;
}

} // namespace

void TlsStream::Free::operator()(ssl_st *session) const
{
    SSL_free(session);
}

TlsStream::TlsStream(std::unique_ptr<PlainStream> plain, const TlsContexts &contexts)
    : m_plain(std::move(plain)), m_contexts(&contexts), m_context(contexts.forName({}))
{
    layOver(m_context.handle.get());
    if (!m_session)
        return;
    SSL_set_app_data(m_session.get(), this);
    SSL_CTX_set_tlsext_servername_callback(m_context.handle.get(), &TlsStream::chooseContext); // always the same one
    SSL_set_accept_state(m_session.get());
}

TlsStream::TlsStream(std::unique_ptr<PlainStream> plain, const TlsGoal &goal)
    : m_plain(std::move(plain)), m_context{goal.context, {}, {}}, m_serverName(goal.serverName), m_judge(goal.judge)
{
    layOver(m_context.handle.get());
    if (!m_session)
        return;
    SSL *const session = m_session.get();
    SSL_set_connect_state(session);
    const bool isAddress = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), m_serverName.constData()) == 1;
    if (!isAddress && !m_serverName.isEmpty()) {
        SSL_set_tlsext_host_name(session, m_serverName.constData());
        SSL_set1_host(session, m_serverName.constData());
    }
    SSL_set_verify(session, goal.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    ERR_clear_error();
}

void TlsStream::layOver(ssl_ctx_st *context)
{
    if (!context)
        return;
    m_session.reset(SSL_new(context));
    BIO *const bio = BIO_new(streamMethod());
    if (!m_session || !bio) {
        BIO_free(bio);
        m_session.reset();
        return;
    }
    BIO_set_data(bio, m_plain.get());
    SSL_set_bio(m_session.get(), bio, bio);
}

void TlsStream::noteError()
{
    const long verdict = SSL_get_verify_result(m_session.get());
    const unsigned long error = ERR_peek_last_error();
    if (SSL_get_verify_mode(m_session.get()) == SSL_VERIFY_PEER && verdict != X509_V_OK)
        m_error = QString::fromLatin1(X509_verify_cert_error_string(verdict));
    else if (const char *const reason = error ? ERR_reason_error_string(error) : nullptr)
        m_error = QString::fromLatin1(reason);
    else
        m_error = QStringLiteral("the connection was lost");
}

TlsStream::~TlsStream() = default;

int TlsStream::chooseContext(ssl_st *session, int *, void *)
{
    auto &self = *static_cast<TlsStream *>(SSL_get_app_data(session));
    const char *const name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    if (!name)
        return SSL_TLSEXT_ERR_NOACK;
    self.m_serverName = cleanName(name);
    TlsContext chosen = self.m_contexts->forName(self.m_serverName);
    if (chosen.handle && chosen.handle != self.m_context.handle) {
        SSL_set_SSL_CTX(session, chosen.handle.get());
        self.m_context = std::move(chosen);
    }
    return SSL_TLSEXT_ERR_OK;
}

TlsStream::Handshake TlsStream::handshake()
{
    if (!m_session)
        return Handshake::Failed;
    ERR_clear_error();
    const int result = SSL_do_handshake(m_session.get());
    if (result == 1) {
        m_plain->watch(Poller::Readable);
        return isWelcome() ? Handshake::Done : Handshake::Failed;
    }
    switch (SSL_get_error(m_session.get(), result)) {
    case SSL_ERROR_WANT_READ:
        m_plain->watch(Poller::Readable);
        return Handshake::UnderWay;
    case SSL_ERROR_WANT_WRITE:
        m_plain->watch(Poller::Writable);
        return Handshake::UnderWay;
    default:
        noteError();
        m_broken = true;
        return Handshake::Failed;
    }
}

// Is the server the one we want, where the goal has a word of its own in that?
bool TlsStream::isWelcome()
{
    if (!m_judge)
        return true;
    QList<QByteArray> chain;
    STACK_OF(X509) *const sent = SSL_get_peer_cert_chain(m_session.get());
    for (int i = 0; sent && i < sk_X509_num(sent); ++i) {
        QByteArray der(std::max(i2d_X509(sk_X509_value(sent, i), nullptr), 0), Qt::Uninitialized);
        auto *to = reinterpret_cast<unsigned char *>(der.data());
        i2d_X509(sk_X509_value(sent, i), &to);
        chain.append(der);
    }
    const long verdict = SSL_get_verify_result(m_session.get());
    m_error = m_judge(chain, verdict == X509_V_OK ? QString() : QString::fromLatin1(X509_verify_cert_error_string(verdict)));
    m_broken = !m_error.isEmpty();
    return m_error.isEmpty();
}

TlsFacts TlsStream::facts() const
{
    return {SSL_get_version(m_session.get()), SSL_CIPHER_get_name(SSL_get_current_cipher(m_session.get())), m_serverName,
            m_context.endPointHash, exporter()};
}

// RFC 9266 §2; before TLS 1.3 it is unique only with the extended master secret (§4.2).
QByteArray TlsStream::exporter() const
{
    constexpr char label[] = "EXPORTER-Channel-Binding";
    if (SSL_version(m_session.get()) < TLS1_3_VERSION && SSL_get_extms_support(m_session.get()) != 1)
        return {};
    QByteArray octets(32, Qt::Uninitialized);
    const int made = SSL_export_keying_material(m_session.get(), reinterpret_cast<unsigned char *>(octets.data()),
                                                size_t(octets.size()), label, sizeof label - 1, nullptr, 0, 1);
    return made == 1 ? octets : QByteArray();
}

qint64 TlsStream::outcome(int result) const
{
    switch (SSL_get_error(m_session.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return system::WouldBlock;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        return system::Broken;
    }
}

qint64 TlsStream::read(char *to, qint64 max)
{
    if (m_broken)
        return system::Broken;
    ERR_clear_error();
    size_t got = 0;
    const int result = SSL_read_ex(m_session.get(), to, size_t(max), &got);
    if (result == 1)
        return qint64(got);
    const qint64 why = outcome(result);
    m_broken = why == system::Broken;
    return why;
}

qint64 TlsStream::write(QByteArrayView octets)
{
    if (m_broken)
        return system::Broken;
    ERR_clear_error();
    size_t taken = 0;
    const int result = SSL_write_ex(m_session.get(), octets.data(), size_t(octets.size()), &taken);
    if (result == 1)
        return qint64(taken);
    m_broken = outcome(result) != system::WouldBlock;
    return m_broken ? system::Broken : system::WouldBlock;
}

bool TlsStream::close()
{
    if (!m_closing && !m_broken && m_session) {
        ERR_clear_error();
        SSL_shutdown(m_session.get()); // says that it is over; does not wait for the same from the peer
    }
    m_closing = true;
    return m_plain->close();
}

} // namespace posthorn::net
