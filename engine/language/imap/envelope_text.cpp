#include "language/imap/envelope_text.h"

#include "language/imap/quote.h"

#include <algorithm>

namespace posthorn::imap {

using message::Address;

namespace {

// Empty is NIL too: an empty name or domain says nothing else.
void appendOrNil(QByteArray &out, QByteArrayView text)
{
    appendNString(out, text.isEmpty() ? QByteArrayView() : text);
}

void appendAddress(QByteArray &out, const Address &address)
{
    out += '(';
    if (address.groupEnd) {
        out += "NIL NIL NIL NIL)";
        return;
    }
    appendOrNil(out, address.groupStart ? QByteArrayView() : QByteArrayView(address.displayName));
    out += ' ';
    appendOrNil(out, address.groupStart ? QByteArrayView() : QByteArrayView(address.route));
    out += ' ';
    appendString(out, address.localPart); // NIL would mean the end of a group
    out += ' ';
    if (address.groupStart)
        out += "NIL"; // a domain of NIL is what tells a group
    else
        appendString(out, address.domain);
    out += ')';
}

void appendAddresses(QByteArray &out, const QList<Address> &addresses)
{
    if (addresses.isEmpty()) {
        out += "NIL";
        return;
    }
    out += '(';
    for (const Address &address : addresses)
        appendAddress(out, address);
    out += ')';
}

// What RFC 9051 takes From instead of: a field that is missing or names nobody.
bool namesNobody(const QList<Address> &addresses)
{
    return std::none_of(addresses.begin(), addresses.end(),
                        [](const Address &address) { return !address.groupStart && !address.groupEnd; });
}

} // namespace

void appendEnvelope(QByteArray &out, const message::Envelope &envelope)
{
    out += '(';
    appendNString(out, envelope.date);
    out += ' ';
    appendNString(out, envelope.subject);
    for (const QList<Address> *list :
         {&envelope.from, namesNobody(envelope.sender) ? &envelope.from : &envelope.sender,
          namesNobody(envelope.replyTo) ? &envelope.from : &envelope.replyTo, &envelope.to, &envelope.cc, &envelope.bcc}) {
        out += ' ';
        appendAddresses(out, *list);
    }
    out += ' ';
    appendNString(out, envelope.inReplyTo);
    out += ' ';
    appendNString(out, envelope.messageId);
    out += ')';
}

QByteArray envelopeText(const message::Envelope &envelope)
{
    QByteArray out;
    out.reserve(512);
    appendEnvelope(out, envelope);
    out.squeeze();
    return out;
}

} // namespace posthorn::imap
