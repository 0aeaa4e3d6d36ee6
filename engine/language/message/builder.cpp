#include "language/message/builder.h"

#include "language/message/date.h"
#include "language/message/encoded_word.h"
#include "language/message/header.h"
#include "language/message/lexical.h"
#include "language/message/transfer_encoding.h"

#include <algorithm>

namespace posthorn::message {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype lineLength = 76;

qsizetype roomAfter(QByteArrayView name)
{
    return lineLength - name.size() - 2;
}

// utf-8-addr-xtext (RFC 6533 §3), for those who take ASCII only.
QByteArray addressXtext(const QByteArray &address)
{
    QByteArray out;
    for (const char32_t c : QString::fromUtf8(address).toUcs4()) {
        if (c > ' ' && c < 0x7f && c != '+' && c != '=' && c != '\\')
            out.append(char(c));
        else
            out.append("\\x{" + QByteArray::number(uint(c), 16).toUpper().rightJustified(2, '0') + '}');
    }
    return out;
}

// An address with its type (RFC 3464 §2.1.2, RFC 6533 §3).
QByteArray typed(const QByteArray &address, bool utf8)
{
    if (isAscii(address))
        return "rfc822; " + address;
    return "utf-8; " + (utf8 ? address : addressXtext(address));
}

QByteArray inAscii(QByteArray text)
{
    for (char &c : text)
        c = uchar(c) > 127 ? '?' : c;
    return text;
}

// "utf-8;address" as it is given, or as one without UTF-8 in headers can take it.
QByteArray originalRecipient(const QByteArray &given, bool utf8)
{
    const qsizetype end = given.indexOf(';') + 1;
    return utf8 || isAscii(given) ? given : given.first(end) + addressXtext(given.sliced(end));
}

QByteArray recipientFields(const RecipientStatus &recipient, int offsetMinutes, bool utf8)
{
    HeaderBuilder fields;
    if (!recipient.originalRecipient.isEmpty())
        fields.value("Original-Recipient", originalRecipient(recipient.originalRecipient, utf8));
    fields.value("Final-Recipient", typed(recipient.finalRecipient, utf8));
    fields.value("Action", recipient.action);
    fields.value("Status", recipient.status);
    if (!recipient.remoteMta.isEmpty())
        fields.value("Remote-MTA", "dns; " + recipient.remoteMta);
    if (!recipient.diagnostic.isEmpty())
        fields.value("Diagnostic-Code", "smtp; " + (utf8 ? recipient.diagnostic : inAscii(recipient.diagnostic)));
    if (recipient.lastAttempt != 0)
        fields.date("Last-Attempt-Date", recipient.lastAttempt, offsetMinutes);
    if (recipient.willRetryUntil != 0)
        fields.date("Will-Retry-Until", recipient.willRetryUntil, offsetMinutes);
    return fields.bytes();
}

QByteArray statusFields(const DeliveryReport &report)
{
    HeaderBuilder message;
    message.value("Reporting-MTA", "dns; " + report.reportingMta);
    if (!report.envelopeId.isEmpty())
        message.value("Original-Envelope-Id", report.envelopeId);
    if (report.arrival != 0)
        message.date("Arrival-Date", report.arrival, report.dateOffsetMinutes);
    QByteArray out = message.bytes();
    for (const RecipientStatus &recipient : report.recipients)
        out += "\r\n" + recipientFields(recipient, report.dateOffsetMinutes, report.utf8);
    return out;
}

QByteArray withCrlf(QByteArrayView text)
{
    QByteArray out;
    out.reserve(text.size() + 16);
    for (const char c : text) {
        if (c == '\n' && !out.endsWith('\r'))
            out.append('\r');
        out.append(c);
    }
    return out;
}

QByteArrayView encodingFor(QByteArrayView content)
{
    return isAscii(content) ? "7bit" : "8bit";
}

// A boundary that no line of the parts begins with.
QByteArray boundaryFor(const QByteArray &messageId, const QList<QByteArray> &parts)
{
    QByteArray base = "=_report_";
    for (const char c : messageId.left(40)) {
        if (isDigit(c) || (lowerAscii(c) >= 'a' && lowerAscii(c) <= 'z'))
            base.append(c);
    }
    for (int number = 0;; ++number) {
        const QByteArray boundary = base + '_' + QByteArray::number(number) + "_=";
        const auto taken = [&boundary](const QByteArray &part) { return part.contains("--" + boundary); };
        if (std::ranges::none_of(parts, taken))
            return boundary;
    }
}

QByteArray part(QByteArrayView type, QByteArrayView encoding, QByteArrayView content)
{
    HeaderBuilder header;
    header.value("Content-Type", type).value("Content-Transfer-Encoding", encoding);
    return header.bytes() + "\r\n" + content.toByteArray();
}

} // namespace

HeaderBuilder &HeaderBuilder::text(QByteArrayView name, QStringView value)
{
    m_bytes.append(name).append(": ").append(encodeHeader(value, roomAfter(name))).append("\r\n");
    return *this;
}

HeaderBuilder &HeaderBuilder::value(QByteArrayView name, QByteArrayView value)
{
    m_bytes.append(name).append(": ").append(foldValue(value, roomAfter(name))).append("\r\n");
    return *this;
}

HeaderBuilder &HeaderBuilder::addresses(QByteArrayView name, const QList<Address> &value)
{
    m_bytes.append(name).append(": ").append(formatAddressList(value, roomAfter(name))).append("\r\n");
    return *this;
}

HeaderBuilder &HeaderBuilder::date(QByteArrayView name, qint64 seconds, int offsetMinutes)
{
    return value(name, formatDate(seconds, offsetMinutes));
}

QByteArray compose(const DeliveryReport &report)
{
    const QByteArray status = statusFields(report);
    const QByteArray original = withCrlf(report.original);
    const QByteArrayView quoted = QByteArrayView(original).first(headerSize(original));
    const bool global = (!isAscii(status) || !isAscii(quoted)) && quoted.isValidUtf8();
    const QByteArray originalType = report.wholeOriginal ? (global ? "message/global"_ba : "message/rfc822"_ba)
                                                         : (global ? "message/global-headers"_ba : "message/rfc822-headers"_ba);
    const QList<QByteArray> parts = {
        part("text/plain; charset=utf-8", "quoted-printable", encodeQuotedPrintable(report.text.toUtf8())),
        part(!isAscii(status) ? "message/global-delivery-status" : "message/delivery-status", encodingFor(status), status),
        part(originalType, encodingFor(original), original),
    };
    const QByteArray boundary = boundaryFor(report.messageId, parts);
    HeaderBuilder header;
    header.date("Date", report.date, report.dateOffsetMinutes)
        .addresses("From", {report.from})
        .addresses("To", {report.to})
        .text("Subject", report.subject)
        .value("Message-ID", report.messageId)
        .value("Auto-Submitted", "auto-replied")
        .value("MIME-Version", "1.0")
        .value("Content-Type", "multipart/report; report-type=delivery-status; boundary=\"" + boundary + '"');
    QByteArray out = header.bytes() + "\r\n";
    for (const QByteArray &each : parts)
        out += "--" + boundary + "\r\n" + each + "\r\n";
    return out + "--" + boundary + "--\r\n";
}

} // namespace posthorn::message
