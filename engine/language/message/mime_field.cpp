#include "language/message/mime_field.h"

#include "language/message/charset.h"
#include "language/message/lexical.h"

#include <algorithm>

namespace posthorn::message {

using namespace Qt::StringLiterals;

namespace {

// One parameter as written: "name*2*=value" is section 2, extended.
struct RawParameter
{
    QByteArray name;
    int section = -1;
    bool extended = false;
    QByteArray value;
};

// Words that almost every message has, so that they need no memory of their own.
QByteArray loweredShared(QByteArrayView text)
{
    static const QByteArray known[] = {
        "text"_ba,    "plain"_ba,    "html"_ba,   "multipart"_ba,  "alternative"_ba, "mixed"_ba, "related"_ba,
        "charset"_ba, "boundary"_ba, "7bit"_ba,   "8bit"_ba,       "base64"_ba,      "name"_ba,  "quoted-printable"_ba,
        "format"_ba,  "filename"_ba, "inline"_ba, "attachment"_ba, "application"_ba, "image"_ba};
    for (const QByteArray &word : known) {
        if (word.size() == text.size() && lowerAscii(text[0]) == word[0] && equalsIgnoringCase(word, text))
            return word;
    }
    return lowered(text);
}

// Without quotes: up to the semicolon or white space. Words that follow belong to it, unless they begin another
// parameter whose semicolon was forgotten.
QByteArray readUnquoted(Lexer &in)
{
    const char *from = in.position();
    const char *end = from;
    while (!in.atEnd() && in.peek() != ';' && !isA(in.peek(), IsSpace))
        in.skip();
    end = in.position();
    in.skipSpaceAndComments();
    if (in.atEnd() || in.peek() == ';')
        return QByteArrayView(from, end).toByteArray();
    const char *next = in.position();
    while (!in.atEnd() && in.peek() != ';' && in.peek() != '=')
        in.skip();
    if (in.atEnd() || in.peek() == ';')
        return QByteArrayView(from, in.position()).trimmed().toByteArray();
    in.moveTo(next);
    return QByteArrayView(from, end).toByteArray();
}

void splitName(QByteArrayView written, RawParameter &out)
{
    const qsizetype star = written.indexOf('*');
    out.name = loweredShared(star < 0 ? written : written.first(star));
    if (star < 0)
        return;
    QByteArrayView rest = written.sliced(star + 1);
    out.extended = rest.isEmpty() || rest.endsWith('*');
    int section = rest.isEmpty() || !isDigit(rest[0]) ? -1 : 0;
    for (qsizetype i = 0; i < rest.size() && i < 4 && isDigit(rest[i]); ++i)
        section = section * 10 + (rest[i] - '0');
    out.section = section;
}

// False when no parameter is left.
bool readParameter(Lexer &in, RawParameter &out)
{
    for (;;) {
        while (in.skipSpaceAndComments() || in.take(';')) {}
        if (in.atEnd())
            return false;
        const char *from = in.position();
        while (!in.atEnd() && in.peek() != '=' && in.peek() != ';' && !isA(in.peek(), IsSpace))
            in.skip();
        const QByteArrayView name(from, in.position());
        in.skipSpaceAndComments();
        if (!in.take('=') || name.isEmpty())
            continue;
        splitName(name, out);
        in.skipSpaceAndComments();
        out.value = QByteArrayLiteral("");
        if (in.atEnd() || in.peek() == ';')
            return true;
        const bool quoted = in.peek() == '"';
        if (!quoted || !in.readQuoted(&out.value)) {
            if (quoted)
                in.skip();
            out.value = in.atEnd() ? QByteArrayLiteral("") : readUnquoted(in);
        }
        out.value.removeIf([](char c) { return c == '\0' || c == '\r' || c == '\n'; });
        return true;
    }
}

QByteArray percentDecoded(QByteArrayView text)
{
    QByteArray out;
    out.reserve(text.size());
    for (qsizetype i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hexValue(text[i + 1]) >= 0 && hexValue(text[i + 2]) >= 0) {
            out.append(char(hexValue(text[i + 1]) * 16 + hexValue(text[i + 2])));
            i += 2;
        } else {
            out.append(text[i]);
        }
    }
    return out;
}

// Joins the sections of one parameter and decodes charset'language'text (RFC 2231 §3 and §4).
QByteArray joined(const QList<RawParameter> &all, const QByteArray &name, bool sections)
{
    QByteArray bytes;
    QByteArray charset;
    for (int wanted = 0, found = 1; found && wanted < maxParameters; ++wanted) {
        found = 0;
        for (const RawParameter &each : all) {
            const bool fits = sections ? each.section == wanted : each.section < 0 && each.extended && wanted == 0;
            if (!fits || found || each.name != name)
                continue;
            found = 1;
            QByteArrayView value = each.value;
            if (wanted == 0 && each.extended && value.count('\'') >= 2) {
                charset = value.first(value.indexOf('\'')).toByteArray();
                value = value.sliced(value.indexOf('\'', charset.size() + 1) + 1);
            }
            bytes += each.extended ? percentDecoded(value) : value.toByteArray();
        }
    }
    if (!isAscii(bytes) || !charset.isEmpty())
        bytes = decodeText(bytes, charset).toUtf8();
    return bytes.removeIf([](char c) { return c == '\0' || c == '\r' || c == '\n'; });
}

QList<Parameter> combined(const QList<RawParameter> &all)
{
    QList<Parameter> out;
    for (const RawParameter &each : all) {
        const auto same = [&each](const auto &other) { return other.name == each.name; };
        if (std::ranges::any_of(out, same))
            continue;
        bool sections = false;
        bool extended = false;
        for (const RawParameter &other : all) {
            sections |= other.name == each.name && other.section == 0;
            extended |= other.name == each.name && other.section < 0 && other.extended;
        }
        if (extended || sections)
            out.append({each.name, joined(all, each.name, !extended)});
        else if (each.section < 0)
            out.append({each.name, each.value});
    }
    return out;
}

QList<Parameter> readParameters(Lexer &in)
{
    QList<RawParameter> raw;
    QList<Parameter> plain;
    bool special = false;
    for (RawParameter each; plain.size() < maxParameters && readParameter(in, each); each = {}) {
        special |= each.extended || each.section >= 0;
        const auto same = [&each](const Parameter &other) { return other.name == each.name; };
        if (special || !std::ranges::any_of(plain, same))
            plain.append({each.name, each.value});
        raw.append(std::move(each));
        if (raw.size() >= maxParameters)
            break;
    }
    return special ? combined(raw) : plain;
}

} // namespace

bool parseContentType(QByteArrayView field, ContentType &out)
{
    Lexer in(field);
    in.skipSpaceAndComments();
    const QByteArrayView type = in.readWhile(IsToken);
    in.skipSpaceAndComments();
    if (type.isEmpty() || !in.take('/'))
        return false;
    in.skipSpaceAndComments();
    const QByteArrayView subtype = in.readWhile(IsToken);
    if (subtype.isEmpty())
        return false;
    out.type = loweredShared(type);
    out.subtype = loweredShared(subtype);
    while (!in.atEnd() && in.peek() != ';' && !isA(in.peek(), IsSpace) && in.peek() != '(')
        in.skip();
    out.parameters = readParameters(in);
    return true;
}

ContentDisposition parseContentDisposition(QByteArrayView field)
{
    Lexer in(field);
    in.skipSpaceAndComments();
    const QByteArrayView type = in.readWhile(IsToken);
    if (type.isEmpty())
        return {};
    return {loweredShared(type), readParameters(in)};
}

QByteArray parseTransferEncoding(QByteArrayView field)
{
    Lexer in(field);
    in.skipSpaceAndComments();
    const QByteArrayView token = in.readWhile(IsToken);
    return token.isEmpty() ? QByteArray() : loweredShared(token);
}

QList<QByteArray> parseLanguages(QByteArrayView field)
{
    QList<QByteArray> languages;
    Lexer in(field);
    while (languages.size() < maxParameters) {
        while (in.skipSpaceAndComments() || in.take(',')) {}
        const QByteArrayView token = in.readWhile(IsToken);
        if (!token.isEmpty())
            languages.append(token.toByteArray());
        else if (in.atEnd())
            break;
        else
            in.skip();
    }
    return languages;
}

QByteArray parameterValue(const QList<Parameter> &parameters, QByteArrayView name)
{
    for (const Parameter &each : parameters) {
        if (each.name == name)
            return each.value;
    }
    return {};
}

} // namespace posthorn::message
