#include "language/message/part_fields.h"

#include "language/message/date.h"
#include "language/message/header.h"
#include "language/message/lexical.h"
#include "language/message/mime_field.h"

namespace posthorn::message {

namespace {

enum class Known {
    Other,
    To,
    Cc,
    Bcc,
    From,
    Date,
    Sender,
    Subject,
    ReplyTo,
    Received,
    MessageId,
    InReplyTo,
    ContentId,
    ContentMd5,
    ContentType,
    ContentLanguage,
    ContentLocation,
    ContentDescription,
    ContentDisposition,
    ContentTransferEncoding,
};

struct Name
{
    QByteArrayView text;
    Known known;
};

constexpr Name names[] = {{"to", Known::To},
                          {"cc", Known::Cc},
                          {"bcc", Known::Bcc},
                          {"from", Known::From},
                          {"date", Known::Date},
                          {"sender", Known::Sender},
                          {"subject", Known::Subject},
                          {"reply-to", Known::ReplyTo},
                          {"received", Known::Received},
                          {"message-id", Known::MessageId},
                          {"content-id", Known::ContentId},
                          {"in-reply-to", Known::InReplyTo},
                          {"content-md5", Known::ContentMd5},
                          {"content-type", Known::ContentType},
                          {"content-language", Known::ContentLanguage},
                          {"content-location", Known::ContentLocation},
                          {"content-description", Known::ContentDescription},
                          {"content-disposition", Known::ContentDisposition},
                          {"content-transfer-encoding", Known::ContentTransferEncoding}};

Known knownField(QByteArrayView name)
{
    const char first = name.isEmpty() ? '\0' : lowerAscii(name[0]);
    for (const Name &each : names) {
        if (each.text.size() == name.size() && each.text[0] == first && equalsIgnoringCase(each.text, name))
            return each.known;
    }
    return Known::Other;
}

class FieldSorter
{
public:
    explicit FieldSorter(const HeaderTargets &targets) : m_to(targets) {}

    void read(const Field &field);
    void finish();

private:
    void readMessageField(Known known, QByteArrayView value);
    void readPartField(Known known, QByteArrayView value);

    HeaderTargets m_to;
    bool m_hasType = false;
    bool m_hasEncoding = false;
};

void keepFirst(QByteArray &slot, QByteArrayView value)
{
    if (slot.isNull())
        slot = unfold(value);
}

void keepFirst(QList<Address> &slot, QByteArrayView value)
{
    if (slot.isEmpty())
        slot = parseAddressList(value);
}

void join(QList<Address> &slot, QByteArrayView value)
{
    if (slot.isEmpty())
        slot = parseAddressList(value);
    else
        slot += parseAddressList(value);
}

void FieldSorter::read(const Field &field)
{
    const Known known = knownField(field.name);
    if (known == Known::Other)
        return;
    if (known >= Known::ContentId)
        readPartField(known, field.value);
    else if (m_to.message)
        readMessageField(known, field.value);
}

void FieldSorter::readMessageField(Known known, QByteArrayView value)
{
    Envelope &envelope = *m_to.message;
    switch (known) {
    case Known::To:
        return join(envelope.to, value);
    case Known::Cc:
        return join(envelope.cc, value);
    case Known::Bcc:
        return join(envelope.bcc, value);
    case Known::From:
        return keepFirst(envelope.from, value);
    case Known::Sender:
        return keepFirst(envelope.sender, value);
    case Known::ReplyTo:
        return keepFirst(envelope.replyTo, value);
    case Known::Date:
        return keepFirst(envelope.date, value);
    case Known::Subject:
        return keepFirst(envelope.subject, value);
    case Known::MessageId:
        return keepFirst(envelope.messageId, value);
    case Known::InReplyTo:
        return keepFirst(envelope.inReplyTo, value);
    case Known::Received:
        if (m_to.summary)
            ++m_to.summary->receivedCount;
        return;
    default:
        return;
    }
}

void FieldSorter::readPartField(Known known, QByteArrayView value)
{
    Part &part = *m_to.part;
    switch (known) {
    case Known::ContentType:
        if (ContentType type; !m_hasType && parseContentType(value, type)) {
            m_hasType = true;
            part.type = std::move(type.type);
            part.subtype = std::move(type.subtype);
            part.parameters = std::move(type.parameters);
        }
        return;
    case Known::ContentTransferEncoding:
        if (const QByteArray encoding = parseTransferEncoding(value); !m_hasEncoding && !encoding.isNull()) {
            m_hasEncoding = true;
            part.encoding = encoding;
        }
        return;
    case Known::ContentDisposition:
        if (part.disposition.isNull()) {
            ContentDisposition disposition = parseContentDisposition(value);
            part.disposition = std::move(disposition.type);
            part.dispositionParameters = std::move(disposition.parameters);
        }
        return;
    case Known::ContentId:
        return keepFirst(part.id, value);
    case Known::ContentMd5:
        return keepFirst(part.md5, value);
    case Known::ContentLocation:
        return keepFirst(part.location, value);
    case Known::ContentDescription:
        return keepFirst(part.description, value);
    case Known::ContentLanguage:
        if (part.language.isEmpty())
            part.language = parseLanguages(value);
        return;
    default:
        return;
    }
}

void FieldSorter::finish()
{
    Part &part = *m_to.part;
    if (!m_hasType && m_to.inDigest) {
        part.type = QByteArrayLiteral("message");
        part.subtype = QByteArrayLiteral("rfc822");
    } else if (!m_hasType) {
        part.parameters.append({QByteArrayLiteral("charset"), QByteArrayLiteral("us-ascii")});
    }
    if (!m_to.summary)
        return;
    if (const std::optional<Date> date = parseDate(m_to.message->date)) {
        m_to.summary->dateSeconds = date->seconds;
        m_to.summary->dateOffsetMinutes = date->offsetMinutes;
    }
}

} // namespace

void readPartFields(QByteArrayView header, const HeaderTargets &targets)
{
    FieldSorter sorter(targets);
    FieldReader fields(header);
    for (int count = 0; count < targets.maxFields && fields.next(); ++count)
        sorter.read(fields.field());
    sorter.finish();
}

} // namespace posthorn::message
