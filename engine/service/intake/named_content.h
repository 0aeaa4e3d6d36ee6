// What a URL names that its owner has authorized (RFC 4467): found first, then read in pieces.
#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "language/imap/imap_url.h"

#include <QByteArray>

namespace posthorn::store { class Connection; }

namespace posthorn::intake {

struct NamedContent
{
    QByteArray bytes;   // the first of it, or all
    MessageId message;  // where the rest is,
    qint64 offset = 0;  // from here on,
    qint64 left = 0;    // so much of it
};

// On a store thread. NotFound, whatever is wrong with the URL.
[[nodiscard]] Result<NamedContent> findNamed(store::Connection &connection, AccountId owner, const imap::Url &url,
                                             const QByteArray &rump);

} // namespace posthorn::intake
