#include "service/delivery/arrival.h"

#include "language/imap/bodystructure_text.h"
#include "language/imap/envelope_text.h"
#include "service/delivery/collector.h"

#include <QDateTime>

#include <algorithm>
#include <atomic>

namespace posthorn::delivery {

using namespace Qt::StringLiterals;

store::Digest digestOf(const message::Structure &structure)
{
    return {structure.header, imap::envelopeText(structure.envelope), imap::bodyStructureText(structure.root),
            message::packOffsets(structure.root), structure.size, structure.dateSeconds};
}

QByteArray newJourney()
{
    // The clock at start in microseconds, counted up: unique as long as the server makes under a million a second.
    static std::atomic<qint64> next = QDateTime::currentMSecsSinceEpoch() * 1000;
    static constexpr char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's, no letters to mistake
    char text[11];
    quint64 number = quint64(next.fetch_add(1, std::memory_order_relaxed));
    for (int i = 10; i >= 0; --i, number >>= 5)
        text[i] = digits[number & 31];
    return QByteArray(text, 11);
}

Arrival ownMessage(const QByteArray &hostName, qint64 at)
{
    Arrival arrival;
    arrival.journey = newJourney();
    arrival.at = at;
    arrival.sign = true;
    arrival.written = true;
    arrival.messageId = '<' + arrival.journey + '@' + hostName + '>';
    return arrival;
}

void fill(Arrival &arrival, const QByteArray &content)
{
    Collector collector([](QByteArrayView) { return "Return-Path: <>\r\n"_ba; });
    collector.add(content);
    arrival.digest = digestOf(collector.finish());
    arrival.digest.header = collector.header();
    arrival.body = collector.takeBody();
    if (std::ranges::any_of(std::as_const(arrival.body), [](char c) { return uchar(c) > 127; }))
        arrival.mail.body = smtp::BodyType::EightBitMime;
}

} // namespace posthorn::delivery
