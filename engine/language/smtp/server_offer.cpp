#include "language/smtp/server_offer.h"

namespace posthorn::smtp {

namespace {

void setSize(ServerOffer &offer, const QList<QByteArray> &words)
{
    offer.size = true;
    offer.maxSize = words.size() > 1 ? qMax(0LL, words[1].toLongLong()) : 0;
}

void setMechanisms(ServerOffer &offer, const QList<QByteArray> &words)
{
    offer.mechanisms += words.sliced(1);
}

void setLimits(ServerOffer &offer, const QList<QByteArray> &words)
{
    for (const QByteArray &word : words) {
        const qsizetype value = word.indexOf('=') + 1;
        const QByteArrayView name = QByteArrayView(word).first(value);
        if (name == "RCPTMAX=")
            offer.maxRecipients = qMax(0, word.sliced(value).toInt());
        else if (name == "MAILMAX=")
            offer.maxTransactions = qMax(0, word.sliced(value).toInt());
    }
}

template<auto Member>
void setFlag(ServerOffer &offer, const QList<QByteArray> &)
{
    offer.*Member = true;
}

struct OfferRow
{
    const char *keyword;
    void (*read)(ServerOffer &, const QList<QByteArray> &words);
};

constexpr OfferRow table[] = {
    {"PIPELINING", setFlag<&ServerOffer::pipelining>},     // RFC 2920
    {"SIZE", setSize},                                     // RFC 1870
    {"8BITMIME", setFlag<&ServerOffer::eightBitMime>},     // RFC 6152
    {"BINARYMIME", setFlag<&ServerOffer::binaryMime>},     // RFC 3030
    {"CHUNKING", setFlag<&ServerOffer::chunking>},         // RFC 3030
    {"SMTPUTF8", setFlag<&ServerOffer::smtpUtf8>},         // RFC 6531
    {"DSN", setFlag<&ServerOffer::dsn>},                   // RFC 3461
    {"AUTH", setMechanisms},                               // RFC 4954
    {"STARTTLS", setFlag<&ServerOffer::startTls>},         // RFC 3207
    {"REQUIRETLS", setFlag<&ServerOffer::requireTls>},     // RFC 8689
    {"LIMITS", setLimits},                                 // RFC 9422
};

} // namespace

ServerOffer readOffer(const Reply &ehlo)
{
    ServerOffer offer;
    const QList<QByteArray> lines = ehlo.text.split('\n');
    const QByteArray &first = lines.front();
    offer.name = first.first(first.contains(' ') ? first.indexOf(' ') : first.size()).left(255);
    for (const QByteArray &line : lines.sliced(1)) {
        // "AUTH=LOGIN" is how servers of long ago write it.
        QByteArray upper = line.toUpper();
        if (upper.startsWith("AUTH="))
            upper[4] = ' ';
        const QList<QByteArray> words = upper.simplified().split(' ');
        for (const OfferRow &row : table) {
            if (words.front() == row.keyword)
                row.read(offer, words);
        }
    }
    return offer;
}

} // namespace posthorn::smtp
