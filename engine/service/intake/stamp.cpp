#include "service/intake/stamp.h"

#include "language/message/date.h"

namespace posthorn::intake {

namespace {

// What came in HELO is the peer's word: only harmless octets of it go into a header.
QByteArray harmless(const QByteArray &text)
{
    QByteArray out = text.left(255);
    for (char &c : out) {
        if (uchar(c) <= ' ' || uchar(c) == 0x7f || c == '(' || c == ')' || c == ';' || c == '\\' || c == '"')
            c = '_';
    }
    return out;
}

// True when a line of `header` begins with `name` and a colon.
bool hasField(QByteArrayView header, QByteArrayView name)
{
    for (qsizetype at = 0; at >= 0 && at < header.size();) {
        const QByteArrayView line = header.sliced(at);
        if (line.size() > name.size() && line[name.size()] == ':'
            && line.first(name.size()).compare(name, Qt::CaseInsensitive) == 0) {
            return true;
        }
        const qsizetype end = header.indexOf('\n', at);
        at = end < 0 ? -1 : end + 1;
    }
    return false;
}

} // namespace

QByteArray withKeyword(bool extended, bool utf8, bool tls, bool authenticated)
{
    if (!extended)
        return "SMTP";
    QByteArray keyword = utf8 ? "UTF8SMTP" : "ESMTP";
    if (tls)
        keyword += 'S';
    if (authenticated)
        keyword += 'A';
    return keyword;
}

QByteArray receivedField(const StampFacts &facts)
{
    const bool v6 = facts.client.contains(':');
    QByteArray field;
    field.reserve(300);
    field += "Received: from " + (facts.helo.isEmpty() ? QByteArray("unknown") : harmless(facts.helo));
    field += " ([" + QByteArray(v6 ? "IPv6:" : "") + facts.client + "])\r\n\tby " + facts.hostName;
    field += " (Posthorn) with " + facts.with + " id " + facts.journey;
    if (!facts.tls.protocol.isEmpty())
        field += "\r\n\t(" + facts.tls.protocol + " " + facts.tls.cipher + ")";
    if (!facts.recipient.isEmpty())
        field += "\r\n\tfor <" + facts.recipient + ">";
    field += ";\r\n\t" + message::formatDate(facts.at / 1000, facts.offsetMinutes) + "\r\n";
    return field;
}

QByteArray returnPathField(const smtp::Address &reversePath) { return "Return-Path: <" + reversePath.toString() + ">\r\n"; }

QByteArray submissionFields(QByteArrayView header, const StampFacts &facts)
{
    QByteArray fields;
    if (!hasField(header, "date"))
        fields += "Date: " + message::formatDate(facts.at / 1000, facts.offsetMinutes) + "\r\n";
    if (!hasField(header, "message-id"))
        fields += "Message-ID: <" + facts.journey + "@" + facts.hostName + ">\r\n";
    return fields;
}

} // namespace posthorn::intake
