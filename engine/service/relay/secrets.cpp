#include "service/relay/secrets.h"

#include <QPasswordDigestor>
#include <QRandomGenerator>
#include <QThreadPool>

namespace posthorn::relay {

void deriveKey(const smtp::DeriveKey &need, std::function<void(const smtp::DerivedKey &)> done)
{
    QThreadPool::globalInstance()->start([need, done = std::move(done)] {
        done({QPasswordDigestor::deriveKeyPbkdf2(QCryptographicHash::Sha256, need.password, need.salt, need.iterations, 32)});
    });
}

smtp::Token tokenAnswer(const Result<QByteArray> &token)
{
    return token ? smtp::Token{*token, {}} : smtp::Token{{}, token.error().text.toUtf8()};
}

QByteArray makeNonce()
{
    QByteArray octets(24, Qt::Uninitialized);
    QRandomGenerator::system()->fillRange(reinterpret_cast<quint32 *>(octets.data()), octets.size() / 4);
    return octets.toBase64();
}

} // namespace posthorn::relay
