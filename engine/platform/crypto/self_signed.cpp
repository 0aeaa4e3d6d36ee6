#include "platform/crypto/self_signed.h"

#include "platform/crypto/rsa_key.h"

#include <QFile>
#include <QFileInfo>
#include <QHostAddress>

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <memory>

// QCA makes the key. The certificate is OpenSSL's: QCA 2.3.10's provider keeps only one of several alternative names, and
// writes a path length into a certificate that is no CA's, which strict verifiers (Python 3.13 and later) refuse.

namespace posthorn::crypto {

using namespace Qt::StringLiterals;

namespace {

template<auto release>
struct Free
{
    template<typename T>
    void operator()(T *object) const { release(object); }
};
using Certificate = std::unique_ptr<X509, Free<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, Free<&BIO_free_all>>;

constexpr int maxDays = 36'500;

bool isHostName(const QString &name)
{
    if (name.isEmpty() || name.size() > 253 || name.startsWith(u'.') || name.endsWith(u'.') || name.contains(".."_L1))
        return false;
    return std::ranges::all_of(name, [](QChar c) {
        return (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z') || (c >= u'0' && c <= u'9') || c == u'-' || c == u'_'
               || c == u'.' || c == u'*';
    });
}

bool isAddress(const QString &name)
{
    return !QHostAddress(name).isNull();
}

Result<QByteArray> alternativeNames(const QStringList &names)
{
    QList<QByteArray> entries;
    for (const QString &name : names) {
        if (!isAddress(name) && !isHostName(name))
            return fail(ErrorKind::Invalid, u"\"%1\" is not a host name"_s.arg(name));
        const QByteArray entry = (isAddress(name) ? "IP:"_ba : "DNS:"_ba) + name.toLatin1();
        if (!entries.contains(entry))
            entries.append(entry);
    }
    return entries.join(',');
}

Key readKey(const QByteArray &pem)
{
    const Memory memory(BIO_new_mem_buf(pem.constData(), int(pem.size())));
    return Key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
}

bool extend(X509 *certificate, int id, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Free<&X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, id, value));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool setSerial(X509 *certificate)
{
    unsigned char octets[16];
    if (RAND_bytes(octets, sizeof octets) != 1)
        return false;
    octets[0] = (octets[0] & 0x7f) | 0x40; // positive, and of full length
    const std::unique_ptr<BIGNUM, Free<&BN_free>> number(BN_bin2bn(octets, sizeof octets, nullptr));
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

bool setName(X509 *certificate, const QString &hostName)
{
    // A common name has at most 64 characters (RFC 5280 appendix A.1); the alternative names hold it whole.
    const QByteArray common = hostName.left(64).toLatin1();
    X509_NAME *const name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      reinterpret_cast<const unsigned char *>(common.constData()), int(common.size()),
                                      -1, 0) == 1
           && X509_set_issuer_name(certificate, name) == 1;
}

Certificate makeCertificate(EVP_PKEY *key, const QString &hostName, const QByteArray &names, int days)
{
    Certificate certificate(X509_new());
    X509 *const x = certificate.get();
    const bool made = x && X509_set_version(x, X509_VERSION_3) == 1 && setSerial(x)
                      && X509_gmtime_adj(X509_getm_notBefore(x), -3600)
                      && X509_time_adj_ex(X509_getm_notAfter(x), days, 0, nullptr) && setName(x, hostName)
                      && X509_set_pubkey(x, key) == 1 && extend(x, NID_basic_constraints, "critical,CA:FALSE")
                      // No key usage: one that leaves out signing certificates would stop it from vouching for itself.
                      && extend(x, NID_ext_key_usage, "serverAuth") && extend(x, NID_subject_key_identifier, "hash")
                      && extend(x, NID_authority_key_identifier, "keyid:always")
                      && extend(x, NID_subject_alt_name, names.constData()) && X509_sign(x, key, EVP_sha256()) > 0;
    return made ? std::move(certificate) : nullptr;
}

QByteArray toPem(X509 *certificate)
{
    const Memory memory(BIO_new(BIO_s_mem()));
    char *octets = nullptr;
    if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1)
        return {};
    const auto length = BIO_get_mem_data(memory.get(), &octets);
    return QByteArray(octets, length);
}

Result<void> writePrivately(const QString &path, const QByteArray &octets)
{
    QFile file(path + ".new"_L1);
    file.remove();
    const bool written = file.open(QIODevice::WriteOnly | QIODevice::NewOnly, QFile::ReadOwner | QFile::WriteOwner)
                         && file.write(octets) == octets.size() && file.flush();
    const QString trouble = file.errorString();
    file.close();
    std::error_code error;
    if (written)
        std::filesystem::rename(QFileInfo(file).filesystemFilePath(), QFileInfo(path).filesystemFilePath(), error);
    if (written && !error)
        return {};
    file.remove();
    return fail(ErrorKind::Denied, u"The file \"%1\" can't be written"_s.arg(path),
                error ? QString::fromStdString(error.message()) : trouble);
}

} // namespace

Result<CertificateAndKey> makeSelfSigned(const QString &hostName, const QStringList &extraNames, int days)
{
    if (days < 1 || days > maxDays)
        return fail(ErrorKind::Invalid, u"A certificate is valid for 1 to %1 days"_s.arg(maxDays));
    const Result<QByteArray> names = alternativeNames(QStringList{hostName} + extraNames);
    if (!names)
        return std::unexpected(names.error());
    const auto rsa = RsaKey::generate();
    if (!rsa)
        return std::unexpected(rsa.error());
    CertificateAndKey pair;
    pair.key = rsa->toPem();
    const Key key = readKey(pair.key);
    if (!key)
        return fail(ErrorKind::Internal, u"An RSA key can't be made"_s);
    const Certificate certificate = makeCertificate(key.get(), hostName, *names, days);
    pair.certificate = certificate ? toPem(certificate.get()) : QByteArray();
    if (pair.certificate.isEmpty())
        return fail(ErrorKind::Internal, u"The certificate can't be made"_s, hostName);
    return pair;
}

Result<void> writePem(const CertificateAndKey &pair, const QString &certificateFile, const QString &keyFile)
{
    if (auto written = writePrivately(keyFile, pair.key); !written)
        return written;
    return writePrivately(certificateFile, pair.certificate);
}

Result<void> writePem(const CertificateAndKey &pair, const QString &file)
{
    return writePrivately(file, pair.certificate + pair.key);
}

} // namespace posthorn::crypto
