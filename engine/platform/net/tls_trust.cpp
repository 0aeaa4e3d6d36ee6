#include "platform/net/tls_trust.h"

#include <QFile>
#include <QSslConfiguration>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace posthorn::net {

using namespace Qt::StringLiterals;

namespace {

// OpenSSL knows where Linux keeps them; elsewhere Qt does.
void addSystemAuthorities(SSL_CTX *context)
{
#ifdef Q_OS_LINUX
    SSL_CTX_set_default_verify_paths(context);
#else
    X509_STORE *const store = SSL_CTX_get_cert_store(context);
    for (const QSslCertificate &authority : QSslConfiguration::systemCaCertificates()) {
        const QByteArray der = authority.toDer();
        auto *at = reinterpret_cast<const unsigned char *>(der.constData());
        if (X509 *const certificate = d2i_X509(nullptr, &at, long(der.size()))) {
            X509_STORE_add_cert(store, certificate);
            X509_free(certificate);
        }
    }
#endif
}

} // namespace

TlsTrust::TlsTrust(const QString &authorities) : m_context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free)
{
    SSL_CTX *const context = m_context.get();
    if (!context)
        return;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    addSystemAuthorities(context);
    if (!authorities.isEmpty()
        && SSL_CTX_load_verify_locations(context, QFile::encodeName(authorities).constData(), nullptr) != 1)
        m_error = u"No certificates could be read from %1"_s.arg(authorities);
    ERR_clear_error();
}

} // namespace posthorn::net
