#include "language/imap/bodystructure_text.h"

#include "language/imap/envelope_text.h"
#include "language/imap/output.h"
#include "language/imap/quote.h"
#include "language/message/lexical.h"

namespace posthorn::imap {

using message::Parameter;
using message::Part;

namespace {

void appendOrNil(QByteArray &out, QByteArrayView text)
{
    appendNString(out, text.isEmpty() ? QByteArrayView() : text);
}

void appendParameters(QByteArray &out, const QList<Parameter> &parameters)
{
    if (parameters.isEmpty()) {
        out += "NIL";
        return;
    }
    out += '(';
    for (const Parameter &parameter : parameters) {
        if (&parameter != &parameters.front())
            out += ' ';
        // RFC 2231 §4. Octets of no known charset stay as they came.
        const bool extended = !message::isAscii(parameter.value) && parameter.value.isValidUtf8();
        appendString(out, extended ? parameter.name + '*' : parameter.name);
        out += ' ';
        appendString(out, extended ? "utf-8''" + parameter.value.toPercentEncoding() : parameter.value);
    }
    out += ')';
}

void appendLanguages(QByteArray &out, const QList<QByteArray> &languages)
{
    if (languages.isEmpty()) {
        out += "NIL";
        return;
    }
    out += '(';
    for (const QByteArray &language : languages) {
        if (&language != &languages.front())
            out += ' ';
        appendString(out, language);
    }
    out += ')';
}

// Disposition, languages and location, which end the extension data of every part.
void appendRest(QByteArray &out, const Part &part)
{
    if (part.disposition.isEmpty()) {
        out += " NIL";
    } else {
        out += " (";
        appendString(out, part.disposition);
        out += ' ';
        appendParameters(out, part.dispositionParameters);
        out += ')';
    }
    out += ' ';
    appendLanguages(out, part.language);
    out += ' ';
    appendOrNil(out, part.location);
}

void appendPart(QByteArray &out, const Part &part);

void appendMultipart(QByteArray &out, const Part &part)
{
    for (const Part &child : part.children)
        appendPart(out, child);
    out += ' ';
    appendString(out, part.subtype);
    out += ' ';
    appendParameters(out, part.parameters);
    appendRest(out, part);
}

void appendSingle(QByteArray &out, const Part &part)
{
    appendString(out, part.type);
    out += ' ';
    appendString(out, part.subtype);
    out += ' ';
    appendParameters(out, part.parameters);
    out += ' ';
    appendOrNil(out, part.id);
    out += ' ';
    appendOrNil(out, part.description);
    out += ' ';
    appendString(out, part.encoding);
    out += ' ';
    appendNumber(out, quint64(part.bodySize));
    if (part.isMessage()) {
        out += ' ';
        appendEnvelope(out, part.envelope ? *part.envelope : message::Envelope());
        out += ' ';
        appendPart(out, part.children.isEmpty() ? Part() : part.children.front());
    }
    if (part.isMessage() || part.type == "text") {
        out += ' ';
        appendNumber(out, quint64(part.bodyLines));
    }
    out += ' ';
    appendOrNil(out, part.md5);
    appendRest(out, part);
}

void appendPart(QByteArray &out, const Part &part)
{
    out += '(';
    if (part.isMultipart() && !part.children.isEmpty())
        appendMultipart(out, part);
    else
        appendSingle(out, part);
    out += ')';
}

} // namespace

QByteArray bodyStructureText(const Part &root)
{
    QByteArray out;
    out.reserve(512);
    appendPart(out, root);
    out.squeeze();
    return out;
}

} // namespace posthorn::imap
