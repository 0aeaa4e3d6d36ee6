#include "language/message/search_words.h"

#include "language/message/encoded_word.h"
#include "language/message/header.h"
#include "language/message/lexical.h"
#include "language/message/mime_field.h"

#include <algorithm>

namespace posthorn::message {

namespace {

constexpr qsizetype windowUnits = 48;  // of a long run, each
constexpr qsizetype windowStep = 32;   // so two share at least `surePiece` units
constexpr qsizetype surePiece = 16;    // a piece this short lies within one window
constexpr qint64 largestHeader = 256 * 1024;
constexpr qint64 largestText = 4 * 1024 * 1024;
constexpr qint64 pieceOctets = 256 * 1024;
constexpr qint64 inOneGo = 128 * 1024; // up to here a scan takes a message in one go, too

bool isWordUnit(QChar c)
{
    if (c.unicode() < 0x80)
        return (c >= u'a' && c <= u'z') || (c >= u'0' && c <= u'9');
    return c.isLetterOrNumber() || c.isMark() || c.isSurrogate();
}

// Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese: no spaces between words, or long words.
bool standsAlone(QChar c)
{
    const char16_t u = c.unicode();
    return (u >= 0x0e00 && u < 0x0f00) || (u >= 0x1000 && u < 0x10a0) || (u >= 0x1100 && u < 0x1200)
           || (u >= 0x1780 && u < 0x1800) || (u >= 0x2e80 && u < 0xd800);
}

// No cut within a surrogate pair.
qsizetype cutBefore(QStringView text, qsizetype at)
{
    return at > 0 && at < text.size() && text[at].isLowSurrogate() ? at - 1 : at;
}

QStringView firstUnits(QStringView text, qsizetype count)
{
    return text.first(cutBefore(text, std::min(count, text.size())));
}

QStringView lastUnits(QStringView text, qsizetype count)
{
    const qsizetype from = text.size() - std::min(count, text.size());
    return text.sliced(from > 0 && text[from].isLowSurrogate() ? from + 1 : from);
}

} // namespace

QByteArray WordCollector::keep(QStringView word)
{
    const QByteArray octets = word.toUtf8();
    if (m_words.size() >= mostWords)
        m_complete = false;
    else
        m_words.insert(octets);
    return octets;
}

// The run is over: its pieces are words, the first makes a pair with what was before, the last perhaps with what follows.
void WordCollector::cut()
{
    const QStringView run = m_run;
    QByteArray last;
    for (qsizetype from = 0; from < run.size();) {
        const qsizetype to = cutBefore(run, std::min(from + windowUnits, run.size()));
        last = keep(run.sliced(from, to - from));
        if (from == 0 && !m_before.isEmpty() && m_pairs.size() < mostPairs)
            m_pairs.insert(m_before + ' ' + last);
        if (to == run.size())
            break;
        from = cutBefore(run, from + windowStep);
    }
    m_before = last;
    m_run.resize(0);
}

void WordCollector::add(QStringView folded)
{
    for (const QChar c : folded) {
        if (!isWordUnit(c)) {
            if (!m_run.isEmpty() && c == u' ')
                cut();
            else
                end();
        } else if (standsAlone(c)) {
            end();
            keep(QStringView(&c, 1));
        } else {
            m_run += c;
            if (m_run.size() >= 8 * windowUnits) { // an endless run: the next window goes on with its end
                const QString rest = lastUnits(m_run, windowUnits).toString();
                cut();
                m_before.clear();
                m_run = rest;
            }
        }
    }
}

void WordCollector::addAscii(QByteArrayView octets)
{
    QString folded(octets.size(), Qt::Uninitialized);
    std::ranges::transform(octets, folded.begin(), [](char c) {
        return QChar(char16_t(uchar(c >= 'A' && c <= 'Z' ? c + 32 : c)));
    });
    add(folded);
}

void WordCollector::end()
{
    if (!m_run.isEmpty())
        cut();
    m_before.clear();
}

namespace {

class Collection
{
public:
    Collection(const OctetReader &read, WordCollector &body, bool isLarge) : m_read(read), m_into(body), m_isLarge(isLarge) {}
    void take(const Part &part, WordCollector &head)
    {
        if (part.headerSize > 0)
            takeHeader(m_read(part.headerOffset, std::min(part.headerSize, largestHeader)), head);
        for (const Part &child : part.children)
            take(child, m_into);
        // As MessageMatcher has it.
        if ((part.type == "text" || (part.type == "message" && part.children.isEmpty())) && part.bodySize > 0)
            takeBody(part);
    }

private:
    static void takeHeader(const QByteArray &header, WordCollector &into)
    {
        if (header.isEmpty())
            into.giveUp();
        for (FieldReader fields(header); fields.next();) {
            const Field &field = fields.field();
            const char *from = field.name.isEmpty() ? field.value.data() : field.name.data();
            const QByteArrayView line(from, field.value.data() + field.value.size());
            if (!isAscii(line) || line.contains("=?"))
                into.add(foldForSearch(decodeHeader(line)));
            else
                into.addAscii(line.contains('\n') ? QByteArrayView(unfold(line)) : line);
            into.end();
        }
    }
    void takeBody(const Part &part)
    {
        if (part.bodySize > largestText) {
            m_into.giveUp();
            return;
        }
        TransferDecoder transfer(part.encoding);
        TextDecoder text(parameterValue(part.parameters, "charset"));
        for (qint64 at = 0; at < part.bodySize;) {
            const QByteArray piece = m_read(part.bodyOffset + at, std::min(pieceOctets, part.bodySize - at));
            if (piece.isEmpty()) {
                m_into.giveUp();
                break;
            }
            at += piece.size();
            if (transfer.isIdentity()) {
                takeDecoded(text, piece);
            } else {
                m_decoded.resize(0);
                transfer.feed(piece, m_decoded);
                takeDecoded(text, m_decoded);
            }
        }
        m_decoded.resize(0);
        transfer.finish(m_decoded);
        takeDecoded(text, m_decoded);
        m_into.end();
    }
    void takeDecoded(TextDecoder &text, const QByteArray &octets)
    {
        if (octets.isEmpty())
            return;
        if (text.isAsciiSuperset() && !text.isInsideCharacter() && isAscii(octets)) {
            m_into.addAscii(octets);
            return;
        }
        // What is guessed for a piece depends on where it was cut.
        if (text.guesses() && m_isLarge)
            m_into.giveUp();
        m_into.add(foldForSearch(text.decode(octets)));
    }

    const OctetReader &m_read;
    WordCollector &m_into;
    const bool m_isLarge; // a scan does not take it in one go
    QByteArray m_decoded;
};

WordPiece pieceFrom(QStringView run, bool begins, bool ends)
{
    using Place = WordPiece::Place;
    if (begins && ends)
        return {Place::Inside, firstUnits(run, surePiece).toUtf8()};
    if (begins) // of the needle: more of the word may stand before
        return {Place::End, lastUnits(run, surePiece).toUtf8()};
    if (ends)
        return {Place::Start, firstUnits(run, surePiece).toUtf8()};
    if (run.size() > surePiece)
        return {Place::Inside, firstUnits(run, surePiece).toUtf8()};
    return {Place::Whole, run.toUtf8()};
}

} // namespace

void collectWords(const Part &root, const OctetReader &read, WordCollector &head, WordCollector &body)
{
    Collection(read, body, root.bodySize > inOneGo).take(root, head);
}

QList<WordPiece> wordPieces(QStringView foldedNeedle)
{
    QList<WordPiece> pieces;
    const auto keep = [&pieces](WordPiece piece) {
        if (!pieces.contains(piece))
            pieces.append(std::move(piece));
    };
    for (qsizetype at = 0; at < foldedNeedle.size();) {
        const QChar c = foldedNeedle[at];
        if (!isWordUnit(c)) {
            ++at;
            continue;
        }
        qsizetype to = at + 1;
        if (standsAlone(c)) {
            keep({WordPiece::Place::Whole, foldedNeedle.sliced(at, 1).toUtf8()});
        } else {
            while (to < foldedNeedle.size() && isWordUnit(foldedNeedle[to]) && !standsAlone(foldedNeedle[to]))
                ++to;
            keep(pieceFrom(foldedNeedle.sliced(at, to - at), at == 0, to == foldedNeedle.size()));
        }
        at = to;
    }
    return pieces;
}

NeedleForm needleForm(QStringView foldedNeedle)
{
    const auto isRun = [](QStringView run) {
        return !run.isEmpty() && run.size() <= surePiece
               && std::ranges::all_of(run, [](QChar c) { return isWordUnit(c) && !standsAlone(c); });
    };
    if (isRun(foldedNeedle) || (foldedNeedle.size() == 1 && standsAlone(foldedNeedle.front())))
        return NeedleForm::Word;
    const qsizetype space = foldedNeedle.indexOf(u' ');
    return space > 0 && isRun(foldedNeedle.first(space)) && isRun(foldedNeedle.sliced(space + 1)) ? NeedleForm::Pair
                                                                                                : NeedleForm::Other;
}

} // namespace posthorn::message
