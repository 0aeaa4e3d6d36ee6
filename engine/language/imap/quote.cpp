#include "language/imap/quote.h"

#include "language/imap/output.h"
#include "language/imap/utf7.h"

#include <algorithm>

namespace posthorn::imap {

namespace {

constexpr qsizetype longestQuoted = 2'000; // octets; some clients read lines into small buffers

enum class Form { Plain, Escaped, Literal };

Form formOf(QByteArrayView text)
{
    if (text.size() > longestQuoted)
        return Form::Literal;
    Form form = Form::Plain;
    for (const char c : text) {
        if (uchar(c) >= 0x7f || c == '\r' || c == '\n' || c == '\0')
            return Form::Literal;
        if (c == '"' || c == '\\')
            form = Form::Escaped;
    }
    return form;
}

void appendEscaped(QByteArray &out, QByteArrayView text)
{
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
}

} // namespace

void appendLiteralHead(QByteArray &out, qint64 size)
{
    out += '{';
    appendNumber(out, quint64(size));
    out += "}\r\n";
}

void appendString(QByteArray &out, QByteArrayView text)
{
    const Form form = formOf(text);
    if (form == Form::Literal) {
        appendLiteralHead(out, text.size());
        const qsizetype start = out.size();
        out += text;
        if (text.contains('\0'))
            std::replace(out.begin() + start, out.end(), '\0', ' ');
        return;
    }
    out += '"';
    if (form == Form::Plain)
        out += text;
    else
        appendEscaped(out, text);
    out += '"';
}

void appendAString(QByteArray &out, QByteArrayView text)
{
    const bool isAtom = !text.isEmpty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 0x7f && !QByteArrayView("(){%*\"\\]").contains(c);
    }) && text.compare("NIL", Qt::CaseInsensitive) != 0;
    if (isAtom)
        out += text;
    else
        appendString(out, text);
}

void appendNString(QByteArray &out, QByteArrayView text)
{
    if (text.isNull())
        out += "NIL";
    else
        appendString(out, text);
}

void appendMailbox(QByteArray &out, QStringView name, bool utf8)
{
    QByteArray octets = utf8 ? name.toUtf8() : toUtf7(name);
    // UTF-8 in a quoted string may hold anything but these (RFC 9051 §9, QUOTED-CHAR).
    octets.removeIf([](char c) { return c == '\0' || c == '\r' || c == '\n'; });
    out += '"';
    appendEscaped(out, octets);
    out += '"';
}

} // namespace posthorn::imap
