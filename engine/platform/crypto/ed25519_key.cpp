#include "platform/crypto/ed25519_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

namespace posthorn::crypto {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype keyOctets = 32;
constexpr size_t signatureOctets = 64;

struct Free
{
    void operator()(BIO *memory) const { BIO_free_all(memory); }
    void operator()(EVP_MD_CTX *context) const { EVP_MD_CTX_free(context); }
    void operator()(EVP_PKEY *key) const { EVP_PKEY_free(key); }
};
using Memory = std::unique_ptr<BIO, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

const unsigned char *octetsOf(const QByteArray &octets)
{
    return reinterpret_cast<const unsigned char *>(octets.constData());
}

} // namespace

Result<Ed25519Key> Ed25519Key::made(evp_pkey_st *key)
{
    std::shared_ptr<EVP_PKEY> held(key, Free());
    if (!held || EVP_PKEY_get_id(held.get()) != EVP_PKEY_ED25519)
        return fail(ErrorKind::Invalid, u"This is no Ed25519 key"_s);
    return Ed25519Key(std::move(held));
}

Result<Ed25519Key> Ed25519Key::generate()
{
    EVP_PKEY *const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    if (!key)
        return fail(ErrorKind::Unavailable, u"An Ed25519 key can't be made"_s);
    return made(key);
}

Result<Ed25519Key> Ed25519Key::fromPem(const QByteArray &pem)
{
    const Memory memory(BIO_new_mem_buf(pem.constData(), int(pem.size())));
    const auto noPassword = [](char *, int, int, void *) { return 0; }; // OpenSSL would ask on the terminal
    return made(memory ? PEM_read_bio_PrivateKey(memory.get(), nullptr, noPassword, nullptr) : nullptr);
}

Result<Ed25519Key> Ed25519Key::fromSeed(const QByteArray &seed)
{
    return made(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octetsOf(seed), size_t(seed.size())));
}

QByteArray Ed25519Key::toPem() const
{
    const Memory memory(BIO_new(BIO_s_mem()));
    if (!memory || PEM_write_bio_PKCS8PrivateKey(memory.get(), m_key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return {};
    char *octets = nullptr;
    const auto length = BIO_get_mem_data(memory.get(), &octets);
    return QByteArray(octets, length);
}

QByteArray Ed25519Key::publicKey() const
{
    QByteArray key(keyOctets, Qt::Uninitialized);
    size_t length = size_t(key.size());
    const int done = EVP_PKEY_get_raw_public_key(m_key.get(), reinterpret_cast<unsigned char *>(key.data()), &length);
    return done == 1 ? key : QByteArray();
}

QByteArray Ed25519Key::sign(const QByteArray &octets) const
{
    const Context context(EVP_MD_CTX_new());
    QByteArray signature(signatureOctets, Qt::Uninitialized);
    size_t length = signatureOctets;
    const bool done = context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, m_key.get()) == 1
                      && EVP_DigestSign(context.get(), reinterpret_cast<unsigned char *>(signature.data()), &length,
                                        octetsOf(octets), size_t(octets.size())) == 1;
    return done ? signature : QByteArray();
}

bool Ed25519Key::verify(const QByteArray &publicKey, const QByteArray &octets, const QByteArray &signature)
{
    const std::unique_ptr<EVP_PKEY, Free> key(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octetsOf(publicKey), size_t(publicKey.size())));
    const Context context(EVP_MD_CTX_new());
    return key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1
           && EVP_DigestVerify(context.get(), octetsOf(signature), size_t(signature.size()), octetsOf(octets),
                               size_t(octets.size())) == 1;
}

} // namespace posthorn::crypto
