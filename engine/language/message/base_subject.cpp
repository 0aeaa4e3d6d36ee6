#include "language/message/base_subject.h"

#include <algorithm>
#include <utility>

namespace posthorn::message {

namespace {

// Octets of "[...]" and the spaces after it at the start (subj-blob), 0 when there is none.
qsizetype measureBlob(QStringView text)
{
    if (!text.startsWith(u'['))
        return 0;
    qsizetype at = 1;
    while (at < text.size() && text[at] != u'[' && text[at] != u']')
        ++at;
    if (at == text.size() || text[at] != u']')
        return 0;
    ++at;
    while (at < text.size() && text[at] == u' ')
        ++at;
    return at;
}

bool startsWith(QStringView text, QStringView word)
{
    return text.startsWith(word, Qt::CaseInsensitive);
}

// "Re:", "Fwd [blob]:" and the like (subj-refwd), 0 when there is none.
qsizetype measureRefwd(QStringView text)
{
    qsizetype at = startsWith(text, u"re") ? 2 : startsWith(text, u"fwd") ? 3 : startsWith(text, u"fw") ? 2 : 0;
    if (at == 0)
        return 0;
    while (at < text.size() && text[at] == u' ')
        ++at;
    at += measureBlob(text.sliced(at));
    return at < text.size() && text[at] == u':' ? at + 1 : 0;
}

class Peeler
{
public:
    explicit Peeler(QStringView text) : m_text(text) {}
    BaseSubject peel();

private:
    bool trailer(); // each of them: something was taken off
    bool leader();
    bool forwardHeader();

    QStringView m_text;
    bool m_reply = false;
};

bool Peeler::trailer()
{
    if (m_text.endsWith(u' ')) {
        m_text.chop(1);
        return true;
    }
    if (!m_text.endsWith(u"(fwd)", Qt::CaseInsensitive))
        return false;
    m_text.chop(5);
    return m_reply = true;
}

// Blobs and what follows them: "Re:" or the like goes with them; otherwise they go too, but for the last of a subject
// that is nothing else.
bool Peeler::leader()
{
    if (m_text.startsWith(u' ')) {
        m_text.slice(1);
        return true;
    }
    qsizetype at = 0, last = 0;
    while (const qsizetype size = measureBlob(m_text.sliced(at)))
        last = std::exchange(at, at + size);
    const qsizetype size = measureRefwd(m_text.sliced(at));
    if (size > 0) {
        m_text.slice(at + size);
        return m_reply = true;
    }
    m_text.slice(at < m_text.size() ? at : last);
    return false;
}

bool Peeler::forwardHeader()
{
    if (!startsWith(m_text, u"[fwd:") || !m_text.endsWith(u']'))
        return false;
    m_text = m_text.sliced(5).chopped(1);
    return m_reply = true;
}

BaseSubject Peeler::peel()
{
    do {
        while (trailer()) {
        }
        while (leader()) {
        }
    } while (forwardHeader());
    return {m_text.toString(), m_reply};
}

bool isPlain(QStringView text)
{
    return std::ranges::all_of(text, [](QChar c) { return c.unicode() < 0x80; });
}

} // namespace

BaseSubject baseSubject(QStringView subject)
{
    QString spaced;
    spaced.reserve(subject.size());
    for (const QChar c : subject) {
        const bool space = c == u' ' || c == u'\t' || c == u'\r' || c == u'\n';
        if (!space)
            spaced += c;
        else if (!spaced.endsWith(u' '))
            spaced += u' ';
    }
    return Peeler(spaced).peel();
}

QByteArray collationKey(QStringView text)
{
    if (isPlain(text))
        return text.toLatin1().toUpper();
    QString title;
    title.reserve(text.size());
    for (qsizetype i = 0; i < text.size(); ++i) {
        const bool pair = text[i].isHighSurrogate() && i + 1 < text.size() && text[i + 1].isLowSurrogate();
        const char32_t code = pair ? QChar::surrogateToUcs4(text[i], text[i + 1]) : text[i].unicode();
        title += QChar::fromUcs4(QChar::toTitleCase(code));
        i += pair;
    }
    return title.normalized(QString::NormalizationForm_KD).toUtf8();
}

} // namespace posthorn::message
