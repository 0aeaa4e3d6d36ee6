#include "service/relay/signer.h"

#include "platform/store/dkim_keys.h"
#include "platform/store/messages.h"

#include <QDateTime>

namespace posthorn::relay {

namespace {

constexpr qint64 pieceOctets = 512 * 1024; // a millisecond or two; others want to read as well

using Keys = QList<store::DkimKey>;

} // namespace

struct Signer::Task
{
    std::shared_ptr<const Ring> ring;
    MessageId message;
    qint64 at = 0, size = 0;
    trust::MessageHash hash{trust::Canonicalization::Relaxed};
    Done done;
};

Signer::Signer(store::Store &store, QByteArray hostName)
    : m_store(store), m_hostName(hostName.toLower()), m_ring(std::make_shared<const Ring>())
{
}

// A key that can't be read signs nothing; better mail without a signature than no mail. Keys that can't be listed just
// now stay as they were.
void Signer::load()
{
    const auto keys = m_store.readNow<Keys>(store::DkimKeys::list);
    if (!keys)
        return;
    auto made = std::make_shared<Ring>();
    for (const store::DkimKey &row : *keys) {
        const auto algorithm = trust::dkimAlgorithmNamed(row.algorithm);
        if (row.state != store::DkimState::Active || !algorithm)
            continue;
        auto key = trust::DkimKey::fromPem(*algorithm, row.privateKey);
        if (!key)
            continue;
        Seal &seal = (*made)[row.domain.toLatin1()];
        seal.domain = row.domain.toLatin1();
        seal.keys.append({row.selector.toLatin1(), std::move(*key)});
    }
    const std::scoped_lock lock(m_mutex);
    m_ring = std::move(made);
    m_made.clear();
}

std::shared_ptr<const Signer::Ring> Signer::ring() const
{
    const std::scoped_lock lock(m_mutex);
    return m_ring;
}

// Our own name may lie within the domain that signs: receivers take that as the same house (RFC 7489 §3.1.1).
const Signer::Seal *Signer::sealFor(const Ring &ring, QByteArrayView header) const
{
    QByteArray domain = trust::authorDomain(header);
    const bool ours = domain == m_hostName;
    while (!domain.isEmpty()) {
        if (const auto found = ring.constFind(domain); found != ring.cend())
            return &*found;
        const qsizetype dot = domain.indexOf('.');
        domain = ours && dot >= 0 ? domain.sliced(dot + 1) : QByteArray();
    }
    return nullptr;
}

void Signer::sign(const Mail &mail, Done done)
{
    const auto keys = ring();
    if (keys->isEmpty())
        return done(QByteArray());
    std::unique_lock lock(m_mutex);
    if (const QByteArray *const made = m_made.object(mail.message.value)) {
        const QByteArray fields = *made;
        lock.unlock();
        return done(fields);
    }
    lock.unlock();
    const auto task = std::make_shared<Task>();
    task->ring = keys;
    task->message = mail.message;
    task->at = mail.from + mail.first.size();
    task->size = mail.size;
    task->hash.add(mail.first);
    task->done = std::move(done);
    if (task->hash.headerDone() && !sealFor(*keys, task->hash.header()))
        task->done(QByteArray());
    else
        readOn(task);
}

// A piece a job, so that a big message does not keep a reader from others.
void Signer::readOn(const std::shared_ptr<Task> &task)
{
    if (task->at >= task->size)
        return finish(*task);
    m_store.read<QByteArray>(
        [task](store::Connection &connection) {
            return store::Messages::read(connection, task->message, task->at, pieceOctets);
        },
        [self = shared_from_this(), task](const Result<QByteArray> &piece) {
            if (!piece)
                return task->done(std::unexpected(piece.error()));
            if (piece->isEmpty())
                return task->done(fail(ErrorKind::Internal, QStringLiteral("The message is shorter than it should be")));
            task->hash.add(*piece);
            task->at += piece->size();
            self->readOn(task);
        });
}

void Signer::finish(Task &task)
{
    const QByteArray bodyHash = task.hash.finish();
    QByteArray fields;
    if (const Seal *const seal = sealFor(*task.ring, task.hash.header())) {
        for (const trust::SigningKey &key : seal->keys)
            fields += trust::dkimSignature(key, seal->domain, task.hash.header(), bodyHash,
                                           QDateTime::currentSecsSinceEpoch());
        const std::scoped_lock lock(m_mutex);
        if (m_ring == task.ring)
            m_made.insert(task.message.value, new QByteArray(fields));
    }
    task.done(fields);
}

} // namespace posthorn::relay
