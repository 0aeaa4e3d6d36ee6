#include "platform/net/certificate_file.h"

#include <QFile>
#include <QSslCertificate>
#include <QSslCertificateExtension>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>

#include <cstring>

namespace posthorn::net {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 maxFileSize = 4 * 1024 * 1024;

template<auto release>
struct Free
{
    template<typename T>
    void operator()(T *object) const { release(object); }
};
void freeChain(STACK_OF(X509) *chain)
{
    sk_X509_pop_free(chain, &X509_free);
}
using Memory = std::unique_ptr<BIO, Free<&BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Free<&X509_free>>;
using Chain = std::unique_ptr<STACK_OF(X509), Free<&freeChain>>;
using Key = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;

struct Material
{
    Certificate certificate;
    Chain chain{sk_X509_new_null()}; // behind the certificate
    Key key;
};

Memory memoryOf(const QByteArray &octets)
{
    return Memory(BIO_new_mem_buf(octets.constData(), int(octets.size())));
}

QString lastError()
{
    const unsigned long code = ERR_peek_last_error();
    const char *const reason = code ? ERR_reason_error_string(code) : nullptr;
    ERR_clear_error();
    return reason ? QString::fromLatin1(reason) : QString();
}

std::unexpected<Error> invalid(const QString &sentence, const QString &file)
{
    return fail(ErrorKind::Invalid, sentence.arg(file), lastError());
}

Result<QByteArray> readFile(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return fail(ErrorKind::NotFound, u"The file \"%1\" can't be read"_s.arg(path), file.errorString());
    if (file.size() > maxFileSize)
        return fail(ErrorKind::Invalid, u"The file \"%1\" is too large for a certificate"_s.arg(path));
    return file.readAll();
}

// Without this, OpenSSL would ask at the terminal.
int givePassword(char *to, int size, int, void *password)
{
    const auto &text = *static_cast<const QByteArray *>(password);
    const int length = int(qMin<qsizetype>(size, text.size()));
    std::memcpy(to, text.constData(), size_t(length));
    return length;
}

Result<Material> loadPem(const CertificateSource &source)
{
    const Result<QByteArray> certificates = readFile(source.certificateFile);
    if (!certificates)
        return std::unexpected(certificates.error());
    const QString keyFile = source.keyFile.isEmpty() ? source.certificateFile : source.keyFile;
    const Result<QByteArray> key = keyFile == source.certificateFile ? certificates : readFile(keyFile);
    if (!key)
        return std::unexpected(key.error());

    Material material;
    QByteArray password = source.password.toUtf8();
    const Memory certificateOctets = memoryOf(*certificates), keyOctets = memoryOf(*key);
    material.certificate.reset(PEM_read_bio_X509(certificateOctets.get(), nullptr, &givePassword, &password));
    if (!material.certificate)
        return invalid(u"There is no PEM certificate in \"%1\""_s, source.certificateFile);
    while (X509 *const next = PEM_read_bio_X509(certificateOctets.get(), nullptr, &givePassword, &password))
        sk_X509_push(material.chain.get(), next);
    material.key.reset(PEM_read_bio_PrivateKey(keyOctets.get(), nullptr, &givePassword, &password));
    if (!material.key)
        return invalid(u"There is no private key in \"%1\", or its password is wrong"_s, keyFile);
    return material;
}

Result<Material> loadPkcs12(const CertificateSource &source)
{
    const Result<QByteArray> octets = readFile(source.certificateFile);
    if (!octets)
        return std::unexpected(octets.error());
    const Memory memory = memoryOf(*octets);
    const std::unique_ptr<PKCS12, Free<&PKCS12_free>> file(d2i_PKCS12_bio(memory.get(), nullptr));
    X509 *certificate = nullptr;
    EVP_PKEY *key = nullptr;
    STACK_OF(X509) *chain = nullptr;
    const bool parsed = file
                        && PKCS12_parse(file.get(), source.password.toUtf8().constData(), &key, &certificate, &chain) == 1;
    Material material{Certificate(certificate), Chain(chain ? chain : sk_X509_new_null()), Key(key)};
    if (!parsed || !certificate || !key)
        return invalid(u"\"%1\" is no PKCS#12 file with a key and a certificate, or its password is wrong"_s,
                       source.certificateFile);
    return material;
}

// RFC 5929 §4.1: by the hash that the certificate is signed with, SHA-256 in place of MD5 and SHA-1.
QByteArray endPointHashOf(X509 *certificate)
{
    int hash = NID_undef;
    if (X509_get_signature_info(certificate, &hash, nullptr, nullptr, nullptr) != 1 || hash == NID_undef)
        return {};
    const EVP_MD *const digest = hash == NID_md5 || hash == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(hash);
    unsigned char octets[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (!digest || X509_digest(certificate, digest, octets, &length) != 1)
        return {};
    return QByteArray(reinterpret_cast<const char *>(octets), length);
}

QByteArray derOf(X509 *certificate)
{
    unsigned char *octets = nullptr;
    const int length = i2d_X509(certificate, &octets);
    const QByteArray der = length > 0 ? QByteArray(reinterpret_cast<const char *>(octets), length) : QByteArray();
    OPENSSL_free(octets);
    return der;
}

CertificateFacts factsOf(const CertificateSource &source, const QSslCertificate &certificate)
{
    CertificateFacts facts;
    facts.serverName = source.serverName;
    facts.file = source.certificateFile;
    facts.subject = certificate.subjectDisplayName();
    facts.issuer = certificate.issuerDisplayName();
    facts.names = certificate.subjectAlternativeNames().values(QSsl::DnsEntry);
    facts.notBefore = certificate.effectiveDate();
    facts.notAfter = certificate.expiryDate();
    facts.sha256 = certificate.digest(QCryptographicHash::Sha256);
    facts.selfSigned = certificate.isSelfSigned();
    return facts;
}

std::shared_ptr<SSL_CTX> makeContext(const Material &material)
{
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), [](SSL_CTX *c) { SSL_CTX_free(c); });
    SSL_CTX *const c = context.get();
    if (!c || SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1
        || SSL_CTX_use_cert_and_key(c, material.certificate.get(), material.key.get(), material.chain.get(), 1) != 1)
        return nullptr;
    // Idle sessions give their buffers back; a write may be taken in part and go on from another place.
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Clients that hang up without a word are common and do no harm: our protocols say themselves where they end.
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF); // the clients keep their tickets
    SSL_CTX_set_num_tickets(c, 1);
    static constexpr unsigned char name[] = "posthorn";
    SSL_CTX_set_session_id_context(c, name, sizeof name - 1);
    return context;
}

bool isPkcs12(const QString &path)
{
    return path.endsWith(".p12"_L1, Qt::CaseInsensitive) || path.endsWith(".pfx"_L1, Qt::CaseInsensitive);
}

} // namespace

Result<LoadedCertificate> loadCertificate(const CertificateSource &source)
{
    ERR_clear_error();
    const Result<Material> material = isPkcs12(source.certificateFile) ? loadPkcs12(source) : loadPem(source);
    if (!material)
        return std::unexpected(material.error());
    ERR_clear_error();
    X509 *const certificate = material->certificate.get();
    if (X509_check_private_key(certificate, material->key.get()) != 1)
        return invalid(u"The key does not belong to the certificate in \"%1\""_s, source.certificateFile);
    LoadedCertificate loaded;
    loaded.context.handle = makeContext(*material);
    if (!loaded.context.handle)
        return invalid(u"The certificate in \"%1\" can't be used: it or its key is too weak"_s, source.certificateFile);
    loaded.context.endPointHash = endPointHashOf(certificate);
    loaded.context.certificate = derOf(certificate);
    loaded.facts = factsOf(source, QSslCertificate(loaded.context.certificate, QSsl::Der));
    return loaded;
}

} // namespace posthorn::net
