#include "policy/trust/dkim_sign.h"

#include "language/message/address.h"
#include "language/message/header.h"
#include "language/message/lexical.h"
#include "policy/trust/dkim_canonical.h"

#include <QHash>

#include <algorithm>

namespace posthorn::trust {

namespace {

constexpr qsizetype lineRoom = 77; // RFC 5322 §2.1.1 wants less than 78

struct NameRow
{
    QByteArrayView name;
    bool guarded = false; // one more than there are: a second one added on the way breaks the signature (§8.15)
};

// RFC 6376 §5.4.1; what a list server or a relay adds on its way is not among them.
constexpr NameRow rows[] = {
    {"from", true},     {"to", true},           {"cc", true},        {"subject", true},      {"date", true},
    {"message-id"},     {"reply-to", true},     {"in-reply-to"},     {"references"},         {"mime-version"},
    {"content-type"},   {"content-transfer-encoding"},               {"list-id"},            {"list-help"},
    {"list-unsubscribe"}, {"list-unsubscribe-post"}, {"list-subscribe"}, {"list-post"},      {"list-owner"},
    {"list-archive"},
};

using FieldsByName = QHash<QByteArray, QList<QByteArrayView>>;

FieldsByName fieldsByName(QByteArrayView header)
{
    FieldsByName found;
    for (message::FieldReader fields(header); fields.next();) {
        const message::Field &field = fields.field();
        if (!field.name.isEmpty())
            found[message::lowered(field.name)].append(header.sliced(field.offset, field.size));
    }
    return found;
}

// Words one after the other, on a new line where one does not fit.
class Folder
{
public:
    explicit Folder(QByteArray text) : m_text(std::move(text)), m_column(m_text.size()) {}

    void add(const QByteArray &word)
    {
        if (m_column + word.size() > lineRoom) {
            m_text += "\r\n ";
            m_column = 1;
        }
        m_text += word;
        m_column += word.size();
    }
    // Separated by a space, or by the fold.
    void addApart(const QByteArray &word)
    {
        add(m_column + 1 + word.size() > lineRoom ? word : ' ' + word);
    }
    [[nodiscard]] const QByteArray &text() const { return m_text; }

private:
    QByteArray m_text;
    qsizetype m_column;
};

} // namespace

QList<QByteArray> signedNames(QByteArrayView header)
{
    const FieldsByName found = fieldsByName(header);
    QList<QByteArray> names;
    for (const NameRow &row : rows) {
        const QByteArray name = row.name.toByteArray();
        names.resize(names.size() + found.value(name).size() + (row.guarded ? 1 : 0), name);
    }
    return names;
}

QByteArray unsignedField(const SignatureTags &tags)
{
    Folder folder("DKIM-Signature:");
    for (const QByteArray &tag : {QByteArray("v=1;"), "a=" + tags.algorithm + ';', QByteArray("c=relaxed/relaxed;"),
                                  "d=" + tags.domain + ';', "s=" + tags.selector + ';',
                                  "t=" + QByteArray::number(tags.at) + ';'})
        folder.addApart(tag);
    for (qsizetype i = 0; i < tags.names.size(); ++i) {
        const QByteArray name = tags.names[i] + (i + 1 < tags.names.size() ? ':' : ';');
        i == 0 ? folder.addApart("h=" + name) : folder.add(name);
    }
    folder.addApart("bh=" + tags.bodyHash.toBase64() + ';');
    return folder.text() + "\r\n b=";
}

QByteArray signedField(const QByteArray &unsignedField, const QByteArray &signature)
{
    constexpr qsizetype room = 72; // beside " b="; base64 in whole groups
    const QByteArray value = signature.toBase64();
    QByteArray field = unsignedField;
    for (qsizetype at = 0; at < value.size(); at += room)
        field += (at > 0 ? "\r\n " : "") + value.mid(at, room);
    return field + "\r\n";
}

QByteArray signedOctets(QByteArrayView header, const QList<QByteArray> &names, const QByteArray &unsignedField)
{
    FieldsByName found = fieldsByName(header);
    QByteArray octets;
    for (const QByteArray &name : names) {
        QList<QByteArrayView> &fields = found[message::lowered(name)];
        if (!fields.isEmpty())
            octets += canonicalField(Canonicalization::Relaxed, fields.takeLast());
    }
    octets += canonicalField(Canonicalization::Relaxed, unsignedField);
    octets.chop(2); // its own line end is not signed
    return octets;
}

QByteArray dkimSignature(const SigningKey &key, const QByteArray &domain, QByteArrayView header,
                         const QByteArray &bodyHash, qint64 at)
{
    const SignatureTags tags{QByteArray(nameOf(key.key.algorithm())) + "-sha256", domain, key.selector, at,
                             signedNames(header), bodyHash};
    const QByteArray field = unsignedField(tags);
    const QByteArray signature = key.key.sign(signedOctets(header, tags.names, field));
    return signature.isEmpty() ? QByteArray() : signedField(field, signature);
}

QByteArray authorDomain(QByteArrayView header)
{
    const QList<QByteArrayView> from = fieldsByName(header).value("from");
    if (from.size() != 1)
        return {};
    const QByteArray value = message::fieldValue(header, "From");
    for (const message::Address &address : message::parseAddressList(value)) {
        if (!address.groupStart && !address.groupEnd)
            return message::domainToAscii(address.domain);
    }
    return {};
}

} // namespace posthorn::trust
