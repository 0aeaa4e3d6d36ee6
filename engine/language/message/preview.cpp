#include "language/message/preview.h"

#include "language/message/charset.h"
#include "language/message/transfer_encoding.h"

#include <array>

namespace posthorn::message {

using namespace Qt::StringLiterals;

namespace {

const Part *firstText(const Part &part, QByteArrayView subtype)
{
    if (part.type == "text" && part.subtype == subtype && part.disposition != "attachment")
        return &part;
    for (const Part &child : part.children) {
        if (const Part *found = firstText(child, subtype))
            return found;
    }
    return nullptr;
}

// Collects characters until there are enough.
class Line
{
public:
    void add(QChar c)
    {
        if (!c.isSpace() && !c.isNonCharacter() && c.category() != QChar::Other_Control) {
            if (m_space && !m_text.isEmpty())
                m_text += u' ';
            m_space = false;
            m_text += c;
        } else {
            m_space = true;
        }
    }
    [[nodiscard]] bool isFull() const { return m_text.size() > 2 * maxPreview; }
    [[nodiscard]] QString take() const
    {
        QString text = m_text;
        qsizetype characters = 0, at = 0;
        for (; at < text.size() && characters < maxPreview; ++characters)
            at += text[at].isHighSurrogate() && at + 1 < text.size() && text[at + 1].isLowSurrogate() ? 2 : 1;
        text.truncate(at);
        return text.trimmed();
    }

private:
    QString m_text;
    bool m_space = false;
};

QString ofPlain(QStringView text)
{
    Line line;
    for (const QStringView part : text.tokenize(u'\n')) {
        if (part.trimmed().startsWith(u'>'))
            continue;
        if (part == u"-- " || part == u"-- \r") // the signature begins
            break;
        for (const QChar c : part)
            line.add(c);
        line.add(u' ');
        if (line.isFull())
            break;
    }
    return line.take();
}

// "&amp;" and the like at the start; what it stands for and its length.
std::pair<char32_t, qsizetype> entity(QStringView text)
{
    static constexpr std::array<std::pair<QStringView, char32_t>, 6> names{
        {{u"&amp;", U'&'}, {u"&lt;", U'<'}, {u"&gt;", U'>'}, {u"&quot;", U'"'}, {u"&nbsp;", U' '}, {u"&apos;", U'\''}}};
    for (const auto &[name, code] : names) {
        if (text.startsWith(name, Qt::CaseInsensitive))
            return {code, name.size()};
    }
    const qsizetype end = text.first(std::min<qsizetype>(text.size(), 12)).indexOf(u';');
    if (!text.startsWith(u"&#") || end < 3)
        return {0, 0};
    const bool hex = text[2] == u'x' || text[2] == u'X';
    bool ok = false;
    const uint code = text.sliced(hex ? 3 : 2, end - (hex ? 3 : 2)).toUInt(&ok, hex ? 16 : 10);
    const bool valid = ok && code > 0 && code <= QChar::LastValidCodePoint && !QChar::isSurrogate(code);
    return {valid ? code : U' ', end + 1};
}

// Octets of a tag at the start, with all that is between it and its end when it hides that.
qsizetype measureTag(QStringView text)
{
    const auto endOf = [&](QStringView what) {
        const qsizetype at = text.indexOf(what, 1, Qt::CaseInsensitive);
        return at < 0 ? text.size() : at + what.size();
    };
    if (text.startsWith(u"<!--"))
        return endOf(u"-->");
    for (const auto &[open, close] : {std::pair(u"<style", u"</style>"), std::pair(u"<script", u"</script>"),
                                      std::pair(u"<head", u"</head>"), std::pair(u"<title", u"</title>")}) {
        if (text.startsWith(open, Qt::CaseInsensitive) && !text.startsWith(u"<header", Qt::CaseInsensitive))
            return endOf(close);
    }
    return endOf(u">");
}

QString ofHtml(QStringView text)
{
    Line line;
    for (qsizetype at = 0; at < text.size() && !line.isFull();) {
        if (text[at] == u'<') {
            at += measureTag(text.sliced(at));
            line.add(u' ');
        } else if (const auto [code, size] = text[at] == u'&' ? entity(text.sliced(at)) : std::pair(char32_t(0), qsizetype(0)); size > 0) {
            for (const QChar c : QChar::fromUcs4(code))
                line.add(c);
            at += size;
        } else {
            line.add(text[at++]);
        }
    }
    return line.take();
}

} // namespace

const Part *previewPart(const Part &root)
{
    const Part *plain = firstText(root, "plain");
    return plain ? plain : firstText(root, "html");
}

QString preview(const Part &part, QByteArrayView body)
{
    QByteArray charset;
    for (const Parameter &parameter : part.parameters) {
        if (parameter.name == "charset")
            charset = parameter.value;
    }
    const QString text = decodeText(decodeTransfer(body, part.encoding), charset);
    return part.subtype == "html" ? ofHtml(text) : ofPlain(text);
}

} // namespace posthorn::message
