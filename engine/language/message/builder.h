// Makes messages from values: header blocks, and delivery status notifications (RFC 3464 in a multipart/report of
// RFC 6522; RFC 6533 when addresses are not ASCII). All lines end with CRLF.
#pragma once

#include "language/message/address.h"

#include <QByteArray>
#include <QList>
#include <QString>

namespace posthorn::message {

// Gathers header fields. Names are ASCII tokens; values can't smuggle in a line.
class HeaderBuilder
{
public:
    HeaderBuilder &text(QByteArrayView name, QStringView value);     // unstructured: encoded and folded
    HeaderBuilder &value(QByteArrayView name, QByteArrayView value); // structured, ready but for folding
    HeaderBuilder &addresses(QByteArrayView name, const QList<Address> &value);
    HeaderBuilder &date(QByteArrayView name, qint64 seconds, int offsetMinutes);

    [[nodiscard]] const QByteArray &bytes() const { return m_bytes; } // without the empty line

private:
    QByteArray m_bytes;
};

// What became of one recipient (RFC 3464 §2.3). Empty ones are left out.
struct RecipientStatus
{
    QByteArray originalRecipient; // an ORCPT value: "rfc822;ann@example.org"
    QByteArray finalRecipient;    // an address
    QByteArray action;            // failed, delayed, delivered, relayed or expanded
    QByteArray status;            // "5.1.1"
    QByteArray remoteMta;         // a host name
    QByteArray diagnostic;        // the reply of the remote MTA, "550 5.1.1 no such user"
    qint64 lastAttempt = 0;       // seconds since 1970, 0 when there was none
    qint64 willRetryUntil = 0;    // the same; for delayed
};

struct DeliveryReport
{
    Address from;
    Address to;
    QString subject;
    QByteArray messageId; // with its angle brackets; the boundary is made from it
    qint64 date = 0;      // seconds since 1970
    int dateOffsetMinutes = 0;
    QString text;            // for people
    QByteArray reportingMta; // a host name
    QByteArray envelopeId;   // ENVID, empty when there was none
    qint64 arrival = 0;      // of the message reported on
    QList<RecipientStatus> recipients;
    QByteArray original;        // header of the message reported on, or all of it
    bool wholeOriginal = false; // `original` is all of it
    bool utf8 = true;           // the sender takes UTF-8 in headers (SMTPUTF8)
};

// Auto-Submitted is set; Return-Path, which has to be empty, is the envelope's.
[[nodiscard]] QByteArray compose(const DeliveryReport &report);

} // namespace posthorn::message
