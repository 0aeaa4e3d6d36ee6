// DKIM signatures on messages that go out (RFC 6376 §5): which fields are signed, and the DKIM-Signature fields.
#pragma once

#include "policy/trust/dkim_key.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QList>

namespace posthorn::trust {

// The h= tag: a name for each of these fields that is there, and one more for those that nobody shall add (§5.4.2).
[[nodiscard]] QList<QByteArray> signedNames(QByteArrayView header);

// What a signature field tells; always relaxed/relaxed.
struct SignatureTags
{
    QByteArray algorithm; // "rsa-sha256"
    QByteArray domain;
    QByteArray selector;
    qint64 at = 0; // seconds since 1970
    QList<QByteArray> names;
    QByteArray bodyHash; // not yet in base64
};

// The field with an empty b= tag at its end, folded, without the last line end.
[[nodiscard]] QByteArray unsignedField(const SignatureTags &tags);
// The same with its signature, ended with CRLF. Lines have at most 77 octets where names allow it.
[[nodiscard]] QByteArray signedField(const QByteArray &unsignedField, const QByteArray &signature);
// What is signed: the named fields, the last one of each name first, and the signature field itself (§3.7).
[[nodiscard]] QByteArray signedOctets(QByteArrayView header, const QList<QByteArray> &names, const QByteArray &unsignedField);

struct SigningKey
{
    QByteArray selector;
    DkimKey key;
};

// The field for one key; empty: it could not be signed.
[[nodiscard]] QByteArray dkimSignature(const SigningKey &key, const QByteArray &domain, QByteArrayView header,
                                       const QByteArray &bodyHash, qint64 at);

// The domain of the author: of the From field's first address, as an A-label. Empty when there is not just one From
// field: nobody can tell who such a message is from.
[[nodiscard]] QByteArray authorDomain(QByteArrayView header);

} // namespace posthorn::trust
