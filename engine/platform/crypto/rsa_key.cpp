#include "platform/crypto/rsa_key.h"

#include "platform/crypto/provider.h"

#include <QtCrypto>

namespace posthorn::crypto {

using namespace Qt::StringLiterals;

struct RsaKey::Private
{
    QCA::PrivateKey key;
};

namespace {

bool hasRsa()
{
    return qcaHas("pkey"_L1) && qcaHas("rsa"_L1);
}

std::unexpected<Error> noProvider()
{
    return fail(ErrorKind::Unavailable, u"RSA keys can't be used here"_s, u"QCA has no provider for RSA"_s);
}

} // namespace

Result<RsaKey> RsaKey::generate(int bits)
{
    if (!hasRsa())
        return noProvider();
    const QCA::PrivateKey key = QCA::KeyGenerator().createRSA(bits);
    if (key.isNull())
        return fail(ErrorKind::Internal, u"An RSA key can't be made"_s);
    return RsaKey(std::make_shared<const Private>(Private{key}));
}

Result<RsaKey> RsaKey::fromPem(const QByteArray &pem)
{
    if (!hasRsa())
        return noProvider();
    QCA::ConvertResult outcome = QCA::ErrorDecode;
    const QCA::PrivateKey key = QCA::PrivateKey::fromPEM(QString::fromLatin1(pem), {}, &outcome);
    if (outcome != QCA::ConvertGood || key.isNull() || !key.isRSA() || !key.canSign())
        return fail(ErrorKind::Invalid, u"This is no RSA key"_s);
    return RsaKey(std::make_shared<const Private>(Private{key}));
}

QByteArray RsaKey::toPem() const
{
    return hasRsa() ? d->key.toPEM().toLatin1() : QByteArray();
}

QByteArray RsaKey::publicDer() const
{
    return hasRsa() ? d->key.toPublicKey().toDER() : QByteArray();
}

QByteArray RsaKey::sign(const QByteArray &octets) const
{
    if (!hasRsa())
        return {};
    QCA::PrivateKey mine = d->key; // signing alters it; the copy is detached by then
    return mine.signMessage(octets, QCA::EMSA3_SHA256);
}

bool RsaKey::verify(const QByteArray &publicDer, const QByteArray &octets, const QByteArray &signature)
{
    if (!hasRsa())
        return false;
    QCA::ConvertResult outcome = QCA::ErrorDecode;
    QCA::PublicKey key = QCA::PublicKey::fromDER(publicDer, &outcome);
    return outcome == QCA::ConvertGood && key.canVerify() && key.verifyMessage(octets, signature, QCA::EMSA3_SHA256);
}

} // namespace posthorn::crypto
