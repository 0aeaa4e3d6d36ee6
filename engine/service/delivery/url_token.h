// What shows that a URL's owner has authorized it (RFC 4467): made with the key of one of their mailboxes.
#pragma once

#include "platform/crypto/hash.h"
#include "platform/store/url_keys.h"

namespace posthorn::delivery {

// RFC 4467 section 9: the first two digits tell the algorithm.
[[nodiscard]] inline QByteArray urlToken(const QByteArray &key, const QByteArray &rump)
{
    return "01" + crypto::hmacSha256(key, rump).toHex();
}

// NotFound: it was made for something else, or the key is not there any longer.
[[nodiscard]] inline Result<void> checkUrlToken(store::Connection &connection, AccountId account, MailboxId mailbox,
                                                const QByteArray &rump, const QByteArray &token)
{
    const auto key = store::UrlKeys::find(connection, account, mailbox);
    if (!key)
        return std::unexpected(key.error());
    if (!crypto::constantTimeEquals(urlToken(*key, rump), token))
        return fail(ErrorKind::NotFound, QStringLiteral("No such message"));
    return {};
}

} // namespace posthorn::delivery
