#include "policy/trust/dane.h"

#include <QCryptographicHash>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace posthorn::trust {

using namespace Qt::StringLiterals;

namespace {

enum Usage : quint8 { TrustAnchor = 2, EndEntity = 3 };

template<auto Function>
struct Freed
{
    template<typename T>
    void operator()(T *what) const { Function(what); }
};
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

Certificate parse(const QByteArray &der)
{
    auto *at = reinterpret_cast<const unsigned char *>(der.constData());
    Certificate certificate(d2i_X509(nullptr, &at, long(der.size())));
    ERR_clear_error();
    return certificate;
}

QByteArray publicKeyOf(const X509 *certificate)
{
    unsigned char *octets = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &octets);
    const QByteArray key(reinterpret_cast<const char *>(octets), std::max(size, 0));
    OPENSSL_free(octets);
    return key;
}

bool matches(const TlsaRecord &record, const QByteArray &der)
{
    QByteArray selected = der;
    if (record.selector == 1) {
        const Certificate certificate = parse(der);
        if (!certificate)
            return false;
        selected = publicKeyOf(certificate.get());
    }
    if (record.matching == 1)
        selected = QCryptographicHash::hash(selected, QCryptographicHash::Sha256);
    else if (record.matching == 2)
        selected = QCryptographicHash::hash(selected, QCryptographicHash::Sha512);
    return selected == record.octets;
}

bool isUsable(const TlsaRecord &record)
{
    const qsizetype size = record.octets.size();
    const bool fits = record.matching == 0 ? size > 0 : record.matching == 1 ? size == 32 : size == 64;
    return (record.usage == TrustAnchor || record.usage == EndEntity) && record.selector <= 1 && record.matching <= 2 && fits;
}

// The certificates of the chain above the server's own that a DANE-TA record names; and one that stands in a record whole,
// for a server need not send that (RFC 7671 §5.2.2).
std::vector<Certificate> anchorsAmong(const QList<TlsaRecord> &records, const QList<QByteArray> &chain)
{
    std::vector<Certificate> anchors;
    for (const TlsaRecord &record : records) {
        if (record.usage != TrustAnchor)
            continue;
        if (record.selector == 0 && record.matching == 0 && record.octets != chain.front())
            anchors.push_back(parse(record.octets));
        for (const QByteArray &der : chain.sliced(1)) {
            if (matches(record, der))
                anchors.push_back(parse(der));
        }
    }
    std::erase_if(anchors, [](const Certificate &one) { return !one; });
    return anchors;
}

void setGoal(X509_VERIFY_PARAM *goal, const QList<QByteArray> &names, qint64 at)
{
    X509_VERIFY_PARAM_set_flags(goal, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_purpose(goal, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_hostflags(goal, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set_time(goal, time_t(at));
    for (const QByteArray &name : names)
        X509_VERIFY_PARAM_add1_host(goal, name.constData(), size_t(name.size()));
}

Result<void> verify(const std::vector<Certificate> &anchors, const QList<QByteArray> &chain, const QList<QByteArray> &names,
                    qint64 at)
{
    const std::unique_ptr<X509_STORE, Freed<X509_STORE_free>> store(X509_STORE_new());
    const std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
    const std::unique_ptr<STACK_OF(X509), Freed<[](STACK_OF(X509) *all) { sk_X509_pop_free(all, X509_free); }>> others(
        sk_X509_new_null());
    const Certificate own = parse(chain.front());
    if (!store || !context || !others || !own)
        return fail(ErrorKind::Invalid, u"the server's certificate can't be read"_s);
    for (const Certificate &anchor : anchors)
        X509_STORE_add_cert(store.get(), anchor.get());
    for (const QByteArray &der : chain.sliced(1)) {
        if (Certificate one = parse(der))
            sk_X509_push(others.get(), one.release());
    }
    if (X509_STORE_CTX_init(context.get(), store.get(), own.get(), others.get()) != 1)
        return fail(ErrorKind::Internal, u"OpenSSL is out of memory"_s);
    setGoal(X509_STORE_CTX_get0_param(context.get()), names, at);
    const bool good = X509_verify_cert(context.get()) == 1;
    ERR_clear_error();
    if (good)
        return {};
    const int why = X509_STORE_CTX_get_error(context.get());
    return fail(ErrorKind::Denied, QString::fromLatin1(X509_verify_cert_error_string(why)));
}

} // namespace

QList<TlsaRecord> usableRecords(const QList<TlsaRecord> &records)
{
    QList<TlsaRecord> usable;
    std::ranges::copy_if(records, std::back_inserter(usable), isUsable);
    return usable;
}

Result<void> judgeByDane(const QList<TlsaRecord> &usable, const QList<QByteArray> &chain, const QList<QByteArray> &names,
                         qint64 at)
{
    if (chain.isEmpty())
        return fail(ErrorKind::Denied, u"the server shows no certificate"_s);
    const auto isOwn = [&](const TlsaRecord &record) { return record.usage == EndEntity && matches(record, chain.front()); };
    if (std::ranges::any_of(usable, isOwn))
        return {};
    const auto anchors = anchorsAmong(usable, chain);
    if (anchors.empty())
        return fail(ErrorKind::Denied, u"the certificate is none that the server's TLSA records name"_s);
    return verify(anchors, chain, names, at);
}

} // namespace posthorn::trust
