#include "language/smtp/extensions.h"

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

namespace {

bool always(const Offer &)
{
    return true;
}

bool showsPassword(QByteArrayView mechanism)
{
    return mechanism == "PLAIN" || mechanism == "LOGIN";
}

template<typename Visitor>
void forOfferedMechanisms(const Offer &offer, Visitor visit)
{
    for (const QByteArray &mechanism : offer.config.mechanisms) {
        if (offer.tls || offer.config.plaintextAllowed || !showsPassword(mechanism))
            visit(mechanism);
    }
    if (!offer.tls)
        return;
    for (const QByteArray &mechanism : offer.config.tlsOnlyMechanisms)
        visit(mechanism);
}

bool offersAuth(const Offer &offer)
{
    bool any = false;
    if (offer.config.authOffered)
        forOfferedMechanisms(offer, [&](const QByteArray &) { any = true; });
    return any;
}

bool offersTls(const Offer &offer)
{
    return offer.config.tlsAvailable && !offer.tls;
}

bool isUnderTls(const Offer &offer)
{
    return offer.tls;
}

bool offersBurl(const Offer &offer)
{
    return offer.config.burl;
}

// RFC 4468 §3.3: only who has signed in can have authorized a URL.
void writeUrlKinds(const Offer &offer, QByteArray &out)
{
    if (offer.authenticated)
        out.append(" imap");
}

void writeSize(const Offer &offer, QByteArray &out)
{
    out.append(' ').append(QByteArray::number(offer.config.maxMessageSize));
}

void writeMechanisms(const Offer &offer, QByteArray &out)
{
    forOfferedMechanisms(offer, [&](const QByteArray &mechanism) { out.append(' ').append(mechanism); });
}

void writeLimits(const Offer &offer, QByteArray &out)
{
    out.append(" MAILMAX=").append(QByteArray::number(offer.config.maxTransactions));
    out.append(" RCPTMAX=").append(QByteArray::number(offer.config.maxRecipients));
}

constexpr ExtensionRow table[] = {
    {Extension::Pipelining, "PIPELINING", always, nullptr},                    // RFC 2920
    {Extension::Size, "SIZE", always, writeSize},                              // RFC 1870
    {Extension::EightBitMime, "8BITMIME", always, nullptr},                    // RFC 6152
    {Extension::BinaryMime, "BINARYMIME", always, nullptr},                    // RFC 3030
    {Extension::Chunking, "CHUNKING", always, nullptr},                        // RFC 3030
    {Extension::Burl, "BURL", offersBurl, writeUrlKinds},                      // RFC 4468
    {Extension::SmtpUtf8, "SMTPUTF8", always, nullptr},                        // RFC 6531
    {Extension::Dsn, "DSN", always, nullptr},                                  // RFC 3461
    {Extension::EnhancedStatusCodes, "ENHANCEDSTATUSCODES", always, nullptr}, // RFC 2034
    {Extension::Auth, "AUTH", offersAuth, writeMechanisms},                    // RFC 4954
    {Extension::StartTls, "STARTTLS", offersTls, nullptr},                     // RFC 3207
    {Extension::RequireTls, "REQUIRETLS", isUnderTls, nullptr},                // RFC 8689
    {Extension::Limits, "LIMITS", always, writeLimits},                        // RFC 9422
    {Extension::Help, "HELP", always, nullptr},                                // RFC 5321 §4.1.1.8
};

} // namespace

std::span<const ExtensionRow> extensions()
{
    return table;
}

bool isOffered(Extension extension, const Offer &offer)
{
    if (extension == Extension::None)
        return true;
    const ExtensionRow &row = table[int(extension) - 1];
    Q_ASSERT(row.extension == extension);
    return row.isOffered(offer);
}

QByteArray ehloText(const Offer &offer)
{
    QByteArray text;
    text.reserve(400);
    text.append(offer.config.hostName);
    for (const ExtensionRow &row : table) {
        if (!row.isOffered(offer))
            continue;
        text.append('\n').append(row.keyword);
        if (row.writeParameters)
            row.writeParameters(offer, text);
    }
    return text;
}

bool isMechanismOffered(QByteArrayView mechanism, const Offer &offer)
{
    bool found = false;
    forOfferedMechanisms(offer, [&](const QByteArray &one) { found |= one == mechanism; });
    return found;
}

bool isMechanismKnown(QByteArrayView mechanism, const ServerConfig &config)
{
    return isMechanismOffered(mechanism, Offer{config, true});
}

} // namespace posthorn::smtp
