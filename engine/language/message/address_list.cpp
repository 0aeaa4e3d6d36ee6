#include "language/message/address.h"
#include "language/message/encoded_word.h"
#include "language/message/lexical.h"

namespace posthorn::message {

namespace {

// Reads entry by entry. What stands before '<' is a phrase; before '@' without '<' it is a local part, of which only
// the last word counts ("Joe joe@example.org"). Both are gathered until it is known which it is.
class ListReader
{
public:
    ListReader(QByteArrayView field, qsizetype limit) : m_in(field), m_limit(limit) {}

    QList<Address> read();

private:
    void step();
    void addWord(QByteArrayView word, bool quoted);
    void readWord();
    void readComment();
    void readAngle();
    void readAngleLocalPart();
    bool readRoute();
    void readBareDomain();
    void readDomain();
    void openGroup();
    void closeGroup();
    void finishEntry();
    void reset();
    [[nodiscard]] bool full() const { return m_list.size() + (m_inGroup ? 1 : 0) >= m_limit; }

    Lexer m_in;
    qsizetype m_limit;
    QList<Address> m_list;
    QByteArray m_phrase, m_local, m_domain, m_route, m_comment;
    qsizetype m_nameSize = 0; // how much of m_phrase stands before the word that may be the local part
    bool m_gap = false;       // white space or a comment came just before
    bool m_afterDot = false;
    bool m_bare = false;  // an addr-spec without angle brackets was read
    bool m_angle = false; // one in angle brackets was read
    bool m_inGroup = false;
};

QList<Address> ListReader::read()
{
    while (!m_in.atEnd() && !full())
        step();
    if (!full())
        finishEntry();
    if (m_inGroup)
        closeGroup();
    return std::move(m_list);
}

void ListReader::step()
{
    const char c = m_in.peek();
    if (isA(c, IsSpace)) {
        m_in.skipSpace();
        m_gap = true;
    } else if (!isA(c, IsSpecial)) {
        readWord();
    } else if (c == '(') {
        readComment();
    } else if (c == '"') {
        const char *from = m_in.position();
        QByteArray text;
        if (m_in.readQuoted(&text))
            addWord(text, true);
        else
            m_in.moveTo(from + 1);
    } else if (c == '<') {
        readAngle();
    } else if (c == '@') {
        readBareDomain();
    } else if (c == ',' || c == ';') {
        m_in.skip();
        finishEntry();
        if (c == ';' && m_inGroup)
            closeGroup();
    } else if (c == ':') {
        openGroup();
    } else {
        m_in.skip();
        if (c != '>')
            addWord(QByteArrayView(&c, 1), false);
    }
}

void ListReader::addWord(QByteArrayView word, bool quoted)
{
    if (m_angle)
        return;
    const bool joined = m_afterDot || (!quoted && word.startsWith('.'));
    if (m_gap && !m_phrase.isEmpty()) {
        if (!joined && !m_bare) {
            m_nameSize = m_phrase.size();
            m_local.resize(0);
        }
        m_phrase.append(' ');
    }
    m_phrase.append(word);
    if (!m_bare)
        m_local.append(word);
    m_gap = false;
    m_afterDot = !quoted && word.endsWith('.');
}

void ListReader::readWord()
{
    // An encoded word is one word even when it holds characters that it must not, such as a comma.
    if (const qsizetype size = encodedWordSize(m_in.rest())) {
        addWord(m_in.rest().first(size), false);
        m_in.moveTo(m_in.position() + size);
        return;
    }
    const char *from = m_in.position();
    do {
        m_in.skip();
    } while (!m_in.atEnd() && !isA(m_in.peek(), IsSpace | IsSpecial));
    addWord(QByteArrayView(from, m_in.position()), false);
}

void ListReader::readComment()
{
    QByteArray text;
    if (!m_in.readComment(&text)) {
        m_in.skip();
        return;
    }
    m_comment = text.trimmed();
    m_gap = true;
}

void ListReader::readAngle()
{
    if (m_angle)
        finishEntry();
    m_angle = true;
    m_bare = false;
    m_local.resize(0);
    m_domain.resize(0);
    do {
        m_in.skip();
        m_in.skipSpaceAndComments();
    } while (!m_in.atEnd() && m_in.peek() == '<');
    if (!m_in.atEnd() && m_in.peek() == '@' && readRoute())
        m_in.skipSpaceAndComments();
    readAngleLocalPart();
    if (m_in.take('@'))
        readDomain();
    while (!m_in.atEnd() && m_in.peek() != '>' && m_in.peek() != ',' && m_in.peek() != ';')
        m_in.skip();
    m_in.take('>');
}

void ListReader::readAngleLocalPart()
{
    bool gap = false;
    while (!m_in.atEnd()) {
        const char c = m_in.peek();
        if (c == '@' || c == '>' || c == ',' || c == ';')
            return;
        if (m_in.skipSpaceAndComments()) {
            gap = true;
            continue;
        }
        if (gap && !m_local.isEmpty() && !m_local.endsWith('.') && c != '.')
            m_local.append(' ');
        gap = false;
        if (c == '"' && m_in.readQuoted(&m_local))
            continue;
        m_in.skip();
        if (c != '"' && c != '<')
            m_local.append(c);
    }
}

// "@a,@b:" of RFC 5322 §4.4; nothing is taken when the colon is missing.
bool ListReader::readRoute()
{
    const char *from = m_in.position();
    m_route.resize(0);
    while (!m_in.atEnd()) {
        if (m_in.skipSpaceAndComments())
            continue;
        const char c = m_in.peek();
        if (c == '>' || c == '<' || c == ';' || c == '"')
            break;
        m_in.skip();
        if (c == ':')
            return true;
        m_route.append(c);
    }
    m_route.resize(0);
    m_in.moveTo(from);
    return false;
}

void ListReader::readBareDomain()
{
    m_in.skip();
    if (m_angle || m_bare)
        return addWord("@", false);
    m_bare = true;
    readDomain();
    m_phrase.append('@').append(m_domain); // all of it is the display name if '<' follows
}

void ListReader::readDomain()
{
    m_domain.resize(0);
    m_gap = false;
    while (!m_in.atEnd()) {
        const char c = m_in.peek();
        if (isA(c, IsSpace)) {
            m_in.skipSpace();
            m_gap = true;
        } else if (c == '(') {
            readComment();
        } else if (c == '[' && m_domain.isEmpty()) {
            for (char each = 0; !m_in.atEnd() && each != ']' && m_in.peek() != '>'; m_in.skip()) {
                each = m_in.peek();
                if (!isA(each, IsSpace))
                    m_domain.append(each);
            }
        } else if (isA(c, IsSpecial) || (m_gap && !m_domain.isEmpty() && c != '.' && !m_domain.endsWith('.'))) {
            return;
        } else {
            m_domain.append(c);
            m_in.skip();
            m_gap = false;
        }
    }
}

void ListReader::openGroup()
{
    m_in.skip();
    if (m_inGroup || m_bare || m_angle || m_list.size() + 2 > m_limit) {
        addWord(":", false);
        return;
    }
    Address start;
    start.localPart = m_phrase;
    start.groupStart = true;
    m_list.append(std::move(start));
    m_inGroup = true;
    reset();
}

void ListReader::closeGroup()
{
    Address end;
    end.groupEnd = true;
    m_list.append(std::move(end));
    m_inGroup = false;
}

QByteArray copyOf(QByteArrayView text)
{
    return text.isEmpty() ? QByteArray() : text.toByteArray();
}

void ListReader::finishEntry()
{
    Address entry;
    if (m_angle) {
        entry.displayName = copyOf(m_phrase);
        entry.route = copyOf(m_route);
        entry.localPart = copyOf(m_local);
        entry.domain = copyOf(m_domain);
    } else if (m_bare) {
        entry.displayName = copyOf(QByteArrayView(m_phrase).first(m_nameSize));
        entry.localPart = copyOf(m_local);
        entry.domain = copyOf(m_domain);
    } else {
        entry.localPart = copyOf(m_phrase);
    }
    if (entry.displayName.isEmpty())
        entry.displayName = copyOf(m_comment);
    const bool something =
        !entry.localPart.isEmpty() || !entry.domain.isEmpty() || (m_angle && !entry.displayName.isEmpty());
    if (something)
        m_list.append(std::move(entry));
    reset();
}

void ListReader::reset()
{
    m_phrase.resize(0);
    m_local.resize(0);
    m_domain.resize(0);
    m_route.resize(0);
    m_comment.resize(0);
    m_nameSize = 0;
    m_gap = m_afterDot = m_bare = m_angle = false;
}

} // namespace

QList<Address> parseAddressList(QByteArrayView field, qsizetype limit)
{
    return ListReader(field, limit).read();
}

} // namespace posthorn::message
