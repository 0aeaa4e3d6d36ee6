// Fills the queue with small messages, each for one recipient, without a server.
// Usage: fill_queue DIRECTORY SENDER COUNT LIVE DEAD: so many entries, in turns to domains d1.live.bench ... and
// d1.dead.bench ...
#include "platform/store/messages.h"
#include "platform/store/queue.h"
#include "platform/store/store.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"

#include <QCoreApplication>
#include <QDateTime>

#include <cstdio>

using namespace posthorn;
using namespace posthorn::store;

static QByteArray domainOf(int number, int live, int dead)
{
    const int at = number % (live + dead);
    return at % 2 && at / 2 < dead ? "d" + QByteArray::number(at / 2 + 1) + ".dead.bench"
                                   : "d" + QByteArray::number((dead ? at / 2 : at) % live + 1) + ".live.bench";
}

static Result<void> add(Transaction &transaction, const QByteArray &sender, const QByteArray &domain, int number)
{
    static const QByteArray body = QByteArray("twenty-four octets here\r\n").repeated(40);
    Digest digest;
    digest.header = "From: " + sender + "\r\nTo: you@" + domain + "\r\nSubject: message " + QByteArray::number(number) + "\r\n\r\n";
    digest.size = digest.header.size() + body.size();
    const auto message = Messages::add(transaction, digest, body);
    if (!message)
        return std::unexpected(message.error());
    const QByteArray journey = "bench" + QByteArray::number(number);
    const auto entry = Queue::add(transaction, {.message = *message, .journey = journey, .reversePath = sender,
                                                .recipient = "you@" + domain, .domain = domain, .notify = 1,
                                                .createdAt = QDateTime::currentMSecsSinceEpoch()});
    return entry ? Trace::add(transaction, {.at = 1, .journey = journey, .step = Step::Queued}) : std::unexpected(entry.error());
}

static Result<void> fill(const QStringList &words)
{
    constexpr int group = 5'000;
    const auto store = Store::open({.directory = words.at(1)});
    if (!store)
        return std::unexpected(store.error());
    const int count = words.at(3).toInt(), live = words.at(4).toInt(), dead = words.at(5).toInt();
    for (int first = 0; first < count; first += group) {
        const auto done = (*store)->writeNow<void>([&](Transaction &transaction) -> Result<void> {
            for (int i = first; i < qMin(count, first + group); ++i) {
                if (const auto added = add(transaction, words.at(2).toUtf8(), domainOf(i, live, dead), i); !added)
                    return added;
            }
            return {};
        });
        if (!done)
            return done;
    }
    return {};
}

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    const QStringList words = QCoreApplication::arguments();
    if (words.size() != 6)
        return 2;
    const auto done = fill(words);
    if (!done)
        std::fprintf(stderr, "fill_queue: %s\n", qPrintable(done.error().text + u' ' + done.error().detail));
    return done ? 0 : 1;
}
