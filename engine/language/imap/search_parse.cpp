#include "language/imap/search_parse.h"

#include "language/imap/lexer.h"
#include "language/imap/object_id.h"
#include "language/imap/search_keys.h"
#include "language/message/charset.h"

#include <QStringDecoder>

#include <algorithm>
#include <array>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

using Op = SearchKey::Op;
using Operand = SearchKeyRow::Operand;

constexpr qsizetype maxFuzzyKeys = 30; // others are taken as exact

class Parser
{
public:
    Parser(Lexer &lexer, SearchForm form) : m_lexer(lexer), m_form(form) {}
    Result<SearchProgram> parse();

private:
    Result<void> returnOptions();
    Result<void> returnOption(const QByteArray &word);
    Result<void> criteria();
    Result<void> algorithm();
    Result<void> charset();
    Result<void> charsetName();
    Result<SearchKey> list(int depth, bool inParentheses);
    Result<SearchKey> key(int depth);
    Result<SearchKey> named(int depth);
    Result<SearchKey> operand(const SearchKeyRow &row);
    Result<SearchKey> sets(bool isUids);
    Result<SearchKey> uidsBeside(Operand side);
    SearchKey keyOf(NumberSet set, bool isUids);
    Result<SearchKey> modSeq();
    Result<QString> text();

    Lexer &m_lexer;
    SearchForm m_form;
    SearchProgram m_program;
    QByteArray m_charset = "UTF-8";
    int m_keys = 0;
    int m_fuzzy = 0; // within so many FUZZY
    bool m_hasFuzzy = false;
};

Result<void> Parser::returnOptions()
{
    if (!m_lexer.takeWord("RETURN"))
        return {};
    ReturnOptions &wanted = m_program.returns;
    wanted.given = true;
    if (auto space = m_lexer.space(); !space)
        return space;
    if (auto open = m_lexer.expect('('); !open)
        return open;
    while (!m_lexer.take(')')) {
        const QByteArray word = m_lexer.takeName().toByteArray().toUpper();
        if (auto known = returnOption(word); !known)
            return known;
        m_lexer.take(' ');
    }
    if (wanted.partial && wanted.all)
        return m_lexer.error(u"Either ALL or PARTIAL"_s); // RFC 9394 §3.1
    wanted.all = wanted.all || (!wanted.minimum && !wanted.maximum && !wanted.count && !wanted.save && !wanted.partial); // RELEVANCY is of all
    return m_lexer.space();
}

Result<void> Parser::returnOption(const QByteArray &word)
{
    ReturnOptions &wanted = m_program.returns;
    if (word == "MIN")
        wanted.minimum = true;
    else if (word == "MAX")
        wanted.maximum = true;
    else if (word == "ALL")
        wanted.all = true;
    else if (word == "COUNT")
        wanted.count = true;
    else if (word == "SAVE")
        wanted.save = true;
    else if (word == "UPDATE" && m_form != SearchForm::Thread)
        wanted.update = true;
    else if (word == "RELEVANCY" && m_form != SearchForm::Thread)
        wanted.relevancy = true;
    else if (word == "CONTEXT") // a hint that more will be asked of the same messages: all is at hand anyway
        return {};
    else if (word != "PARTIAL" || wanted.partial)
        return m_lexer.error(u"Unknown return option"_s);
    if (word != "PARTIAL")
        return {};
    if (auto space = m_lexer.space(); !space)
        return space;
    auto range = parsePartialRange(m_lexer);
    if (!range)
        return std::unexpected(range.error());
    wanted.partial = *range;
    return {};
}

// (REVERSE SUBJECT DATE)
Result<void> Parser::criteria()
{
    using By = SortCriterion::By;
    static constexpr std::array<std::pair<QByteArrayView, By>, 10> names{{
        {"ARRIVAL", By::Arrival}, {"CC", By::Cc}, {"DATE", By::Date}, {"DISPLAYFROM", By::DisplayFrom},
        {"DISPLAYTO", By::DisplayTo}, {"FROM", By::From}, {"RELEVANCY", By::Relevancy}, {"SIZE", By::Size}, {"SUBJECT", By::Subject}, {"TO", By::To},
    }};
    if (auto open = m_lexer.expect('('); !open)
        return open;
    do {
        const bool reverse = m_lexer.takeWord("REVERSE");
        if (reverse) {
            if (auto space = m_lexer.space(); !space)
                return space;
        }
        const QByteArrayView word = m_lexer.takeName();
        const auto row = std::ranges::find_if(names, [word](const auto &name) {
            return name.first.compare(word, Qt::CaseInsensitive) == 0;
        });
        if (row == names.end() || m_program.order.size() == maxSortCriteria)
            return m_lexer.error(u"Unknown sort criterion, or too many"_s);
        m_program.order += SortCriterion{row->second, reverse};
    } while (m_lexer.take(' '));
    if (auto close = m_lexer.expect(')'); !close)
        return close;
    return m_lexer.space();
}

Result<void> Parser::algorithm()
{
    if (m_lexer.takeWord("ORDEREDSUBJECT"))
        m_program.algorithm = ThreadAlgorithm::OrderedSubject;
    else if (m_lexer.takeWord("REFERENCES"))
        m_program.algorithm = ThreadAlgorithm::References;
    else if (m_lexer.takeWord("REFS"))
        m_program.algorithm = ThreadAlgorithm::Refs;
    else
        return m_lexer.error(u"Unknown threading algorithm"_s);
    return m_lexer.space();
}

Result<void> Parser::charset()
{
    if (!m_lexer.takeWord("CHARSET"))
        return {};
    m_program.hasCharset = true;
    if (auto space = m_lexer.space(); !space)
        return space;
    return charsetName();
}

Result<void> Parser::charsetName()
{
    const auto name = m_lexer.astring();
    if (!name)
        return std::unexpected(name.error());
    m_charset = name->toUpper();
    const bool isPlain = m_charset == "US-ASCII" || m_charset == "UTF-8";
    if (!isPlain && !QStringDecoder(m_charset.constData()).isValid())
        m_program.knowsCharset = false;
    return m_program.knowsCharset ? m_lexer.space() : Result<void>();
}

Result<QString> Parser::text()
{
    const auto octets = m_lexer.astring();
    if (!octets)
        return std::unexpected(octets.error());
    if (m_charset == "UTF-8" || m_charset == "US-ASCII")
        return QString::fromUtf8(*octets);
    return QString(QStringDecoder(m_charset.constData()).decode(*octets));
}

Result<SearchKey> Parser::sets(bool isUids)
{
    const auto set = m_lexer.sequenceSet();
    if (!set)
        return std::unexpected(set.error());
    return keyOf(*set, isUids);
}

// UIDAFTER and UIDBEFORE (RFC 9738 §3.2)
Result<SearchKey> Parser::uidsBeside(Operand side)
{
    const auto uid = m_lexer.nzNumber();
    if (!uid)
        return std::unexpected(uid.error());
    return keyOf(side == Operand::UidAbove ? NumberSet::above(*uid) : NumberSet::below(*uid), true);
}

SearchKey Parser::keyOf(NumberSet set, bool isUids)
{
    SearchKey key{.op = Op::Uids};
    key.number = m_program.sets.size();
    m_program.sets += SearchSet{std::move(set), isUids};
    return key;
}

// MODSEQ [entry-name type] n
Result<SearchKey> Parser::modSeq()
{
    m_program.usesModSeq = true;
    if (m_lexer.peek() == '"') {
        if (const auto entry = m_lexer.string(); !entry)
            return std::unexpected(entry.error());
        if (const auto space = m_lexer.space(); !space)
            return std::unexpected(space.error());
        (void)m_lexer.takeName();
        if (const auto space = m_lexer.space(); !space)
            return std::unexpected(space.error());
    }
    const auto number = m_lexer.number64();
    if (!number)
        return std::unexpected(number.error());
    SearchKey key{.op = Op::ModSeqAtLeast};
    key.number = *number;
    return key;
}

Result<SearchKey> Parser::operand(const SearchKeyRow &row)
{
    SearchKey key{.op = row.op};
    key.flags = row.flags;
    if (row.operand == Operand::None)
        return key;
    if (const auto space = m_lexer.space(); !space)
        return std::unexpected(space.error());
    if (row.operand == Operand::Set)
        return sets(true);
    if (row.operand == Operand::UidAbove || row.operand == Operand::UidBelow)
        return uidsBeside(row.operand);
    if (row.operand == Operand::Header) {
        const auto name = m_lexer.astring();
        if (!name)
            return std::unexpected(name.error());
        key.name = *name;
        if (const auto space = m_lexer.space(); !space)
            return std::unexpected(space.error());
    }
    if (row.operand == Operand::ObjectId) {
        const auto name = m_lexer.atom();
        if (!name)
            return std::unexpected(name.error());
        key.number = messageOf(*name).value;
        return key;
    }
    if (row.operand == Operand::Keyword) {
        const auto name = m_lexer.atom();
        if (!name)
            return std::unexpected(name.error());
        key.name = *name;
        return key;
    }
    if (row.operand == Operand::Date || row.operand == Operand::Number) {
        const auto number = row.operand == Operand::Date ? m_lexer.date() : m_lexer.number64();
        if (!number)
            return std::unexpected(number.error());
        key.number = *number;
        return key;
    }
    auto wanted = text();
    if (!wanted)
        return std::unexpected(wanted.error());
    key.text = std::move(*wanted);
    if (m_fuzzy == 0 || m_program.fuzzy.size() >= maxFuzzyKeys)
        return key;
    m_program.fuzzy += FuzzyKey::of(key);
    return m_program.fuzzy.last().loose;
}

Result<SearchKey> Parser::named(int depth)
{
    const qsizetype start = m_lexer.offset();
    const QByteArray name = m_lexer.takeName().toByteArray().toUpper();
    if (name == "NOT" || name == "OR") {
        SearchKey parent{.op = name == "NOT" ? Op::Not : Op::Or};
        for (int i = 0; i < (name == "NOT" ? 1 : 2); ++i) {
            if (const auto space = m_lexer.space(); !space)
                return std::unexpected(space.error());
            auto child = key(depth + 1);
            if (!child)
                return child;
            parent.children += std::move(*child);
        }
        return parent;
    }
    if (name == "FUZZY") {
        if (const auto space = m_lexer.space(); !space)
            return std::unexpected(space.error());
        ++m_fuzzy;
        auto inexact = key(depth + 1);
        --m_fuzzy;
        m_hasFuzzy = true;
        return inexact;
    }
    if (name == "MODSEQ") {
        if (const auto space = m_lexer.space(); !space)
            return std::unexpected(space.error());
        return modSeq();
    }
    const SearchKeyRow *row = findSearchKey(name);
    if (!row) {
        m_lexer.moveTo(start);
        return m_lexer.error(u"Unknown search key"_s);
    }
    return operand(*row);
}

Result<SearchKey> Parser::key(int depth)
{
    if (depth > maxSearchDepth || ++m_keys > maxSearchKeys)
        return m_lexer.error(u"The search is too complicated"_s);
    if (m_lexer.take('('))
        return list(depth + 1, true);
    const char next = m_lexer.peek();
    if ((next >= '0' && next <= '9') || next == '*' || next == '$')
        return sets(false);
    return named(depth);
}

Result<SearchKey> Parser::list(int depth, bool inParentheses)
{
    SearchKey all{.op = Op::And};
    do {
        auto next = key(depth);
        if (!next)
            return next;
        all.children += std::move(*next);
    } while (m_lexer.take(' '));
    const auto ended = inParentheses ? m_lexer.expect(')') : m_lexer.end();
    if (!ended)
        return std::unexpected(ended.error());
    return all.children.size() == 1 ? SearchKey(all.children.front()) : all;
}

Result<SearchProgram> Parser::parse()
{
    if (m_form != SearchForm::Thread) {
        if (const auto options = returnOptions(); !options)
            return std::unexpected(options.error());
    }
    if (m_form != SearchForm::Search) {
        if (const auto how = m_form == SearchForm::Sort ? criteria() : algorithm(); !how)
            return std::unexpected(how.error());
    }
    if (const auto known = m_form == SearchForm::Search ? charset() : charsetName(); !known)
        return std::unexpected(known.error());
    if (!m_program.knowsCharset)
        return std::move(m_program);
    auto top = list(0, false);
    if (!top)
        return std::unexpected(top.error());
    if (!m_hasFuzzy && (m_program.returns.relevancy || m_program.sortsByRelevancy()))
        return m_lexer.error(u"RELEVANCY is for searches with FUZZY"_s); // RFC 6203 §4, §5
    m_program.key = std::move(*top);
    return std::move(m_program);
}

} // namespace

Result<SearchProgram> parseSearchProgram(Lexer &lexer, SearchForm form) { return Parser(lexer, form).parse(); }

} // namespace posthorn::imap
