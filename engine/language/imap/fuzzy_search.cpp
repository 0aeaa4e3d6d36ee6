#include "language/imap/fuzzy_search.h"

#include "language/imap/output.h"

#include <algorithm>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype shortestStem = 4;

QStringList wordsOf(const QString &text)
{
    QStringList words(1);
    for (const QChar c : text) {
        if (c.isLetterOrNumber() || c.isMark() || c.isSurrogate())
            words.last() += c;
        else if (!words.last().isEmpty())
            words += QString();
    }
    words.removeAll(QString());
    return words;
}

// What the forms of a word begin with.
QString stemOf(const QString &word)
{
    for (const QLatin1StringView ending : {"ing"_L1, "ed"_L1, "es"_L1, "s"_L1}) {
        if (word.size() - ending.size() >= shortestStem && word.endsWith(ending, Qt::CaseInsensitive))
            return word.chopped(ending.size());
    }
    return word;
}

SearchKey with(const SearchKey &key, const QString &text)
{
    SearchKey other = key;
    other.text = text;
    return other;
}

} // namespace

FuzzyKey FuzzyKey::of(const SearchKey &key)
{
    FuzzyKey fuzzy{key, {}, {.op = SearchKey::Op::And}};
    const QStringList words = wordsOf(key.text);
    for (const QString &word : words.first(std::min(words.size(), maxWords))) {
        fuzzy.words += with(key, word);
        fuzzy.loose.children += with(key, stemOf(word));
    }
    for (const QString &word : words.sliced(fuzzy.words.size()))
        fuzzy.loose.children += with(key, word);
    if (fuzzy.loose.children.isEmpty())
        fuzzy.loose = key;
    return fuzzy;
}

RelevancyScorer::RelevancyScorer(QList<FuzzyKey> keys, QList<Uid> found) : m_keys(std::move(keys)), m_found(std::move(found))
{
    for (qsizetype i = 0; i < m_keys.size(); ++i) {
        m_questions += Question{Part::Exact, i, m_keys[i].exact};
        m_questions += Question{Part::Loose, i, m_keys[i].loose};
        for (const SearchKey &word : std::as_const(m_keys[i].words))
            m_questions += Question{Part::Word, i, word};
    }
    // Of very many keys the finer points are left out.
    if (m_questions.size() > maxSearches)
        m_questions.removeIf([](const Question &question) { return question.part == Part::Word; });
    m_questions.resize(std::min(m_questions.size(), maxSearches));
    for (const Uid uid : std::as_const(m_found))
        m_tallies.insert(uid, QList<Tally>(m_keys.size()));
}

std::optional<SearchKey> RelevancyScorer::next() const
{
    if (m_at == m_questions.size() || m_found.isEmpty())
        return std::nullopt;
    QList<Uid> uids = m_found;
    std::ranges::sort(uids);
    SearchKey among{.op = SearchKey::Op::Uids};
    for (const Uid uid : std::as_const(uids))
        addUid(among.uids, uid);
    SearchKey both{.op = SearchKey::Op::And};
    both.children = {std::move(among), m_questions[m_at].search};
    return both;
}

void RelevancyScorer::found(const QList<Uid> &uids)
{
    const Question &question = m_questions[m_at++];
    for (const Uid uid : uids) {
        const auto tallies = m_tallies.find(uid);
        if (tallies == m_tallies.end())
            continue;
        Tally &tally = (*tallies)[question.key];
        tally.exact = tally.exact || question.part == Part::Exact;
        tally.loose = tally.loose || question.part == Part::Loose;
        tally.words += question.part == Part::Word;
    }
}

QHash<Uid, int> RelevancyScorer::scores() const
{
    QHash<Uid, int> scores;
    for (auto it = m_tallies.cbegin(); it != m_tallies.cend(); ++it) {
        qsizetype sum = 0;
        for (qsizetype i = 0; i < m_keys.size(); ++i) {
            const Tally &tally = (*it)[i];
            const qsizetype words = std::max<qsizetype>(m_keys[i].words.size(), 1);
            sum += tally.exact ? 100 : tally.loose ? 40 + 50 * tally.words / words : 0;
        }
        scores.insert(it.key(), int(std::max<qsizetype>(sum / std::max<qsizetype>(m_keys.size(), 1), 1)));
    }
    return scores;
}

} // namespace posthorn::imap
