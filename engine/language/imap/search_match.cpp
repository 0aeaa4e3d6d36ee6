#include "language/imap/search_match.h"

#include "language/imap/date_time.h"
#include "language/imap/number_set.h"
#include "language/message/date.h"
#include "language/message/header.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace posthorn::imap {

namespace {

using Op = SearchKey::Op;

QByteArrayView fieldOf(Op op, const QByteArray &name)
{
    switch (op) {
    case Op::Subject: return "Subject";
    case Op::From: return "From";
    case Op::To: return "To";
    case Op::Cc: return "Cc";
    case Op::Bcc: return "Bcc";
    default: return name;
    }
}

bool isSentKey(Op op) { return op == Op::SentBefore || op == Op::SentOn || op == Op::SentSince; }

bool isInternalKey(Op op)
{
    return op == Op::Before || op == Op::On || op == Op::Since || op == Op::Older || op == Op::Younger;
}

bool isSavedKey(Op op) { return op == Op::SavedBefore || op == Op::SavedOn || op == Op::SavedSince; }

bool isFieldKey(Op op)
{
    return op == Op::Header || op == Op::Subject || op == Op::From || op == Op::To || op == Op::Cc || op == Op::Bcc;
}

bool compareDay(Op op, qint64 day, qint64 wanted)
{
    switch (op) {
    case Op::Before:
    case Op::SentBefore:
    case Op::SavedBefore: return day < wanted;
    case Op::On:
    case Op::SentOn:
    case Op::SavedOn: return day == wanted;
    default: return day >= wanted;
    }
}

} // namespace

MessageSet::MessageSet(QList<qint64> ascending)
{
    constexpr qint64 sparse = 256; // bits a message
    if (ascending.isEmpty())
        return;
    m_first = ascending.first();
    const qint64 span = ascending.last() - m_first + 1;
    if (span > sparse * ascending.size()) {
        m_ids = std::move(ascending);
        return;
    }
    m_bits.resize(span);
    for (const qint64 id : std::as_const(ascending))
        m_bits.setBit(id - m_first);
}

bool MessageSet::contains(MessageId message) const
{
    const qint64 place = message.value - m_first;
    if (place >= 0 && place < m_bits.size())
        return m_bits.testBit(place);
    return !m_ids.isEmpty() && std::ranges::binary_search(m_ids, message.value);
}

struct SearchMatcher::Node
{
    Op op = Op::All;
    std::vector<Node> children;
    QList<UidRange> uids;
    Flags flags = 0; // HasFlags and LacksFlags; keywords are flags here
    QByteArray field;
    std::optional<message::SearchNeedle> needle;
    std::optional<Ruling> ruling;
    qint64 number = 0;
    Uid firstRecent = 0;

    [[nodiscard]] bool any(bool (*wanted)(const Node &)) const
    {
        return wanted(*this) || std::any_of(children.begin(), children.end(), [&](const Node &c) { return c.any(wanted); });
    }
};

struct SearchMatcher::Subject
{
    const MessageMark &mark;
    const FetchedRow *row = nullptr;
    const TextTest *text = nullptr;
};

SearchMatcher::SearchMatcher(const SearchKey &key, const Keywords &keywords, Uid firstRecent, qint64 now,
                             const Index &index)
    : m_root(std::make_unique<Node>(compile(key, keywords, firstRecent, now, index)))
{
}

SearchMatcher::~SearchMatcher() = default;
SearchMatcher::SearchMatcher(SearchMatcher &&) noexcept = default;
SearchMatcher &SearchMatcher::operator=(SearchMatcher &&) noexcept = default;

SearchMatcher::Node SearchMatcher::compile(const SearchKey &key, const Keywords &keywords, Uid firstRecent, qint64 now,
                                           const Index &index)
{
    Node node{.op = key.op, .uids = key.uids, .flags = key.flags, .number = key.number, .firstRecent = firstRecent};
    for (const SearchKey &child : key.children)
        node.children.push_back(compile(child, keywords, firstRecent, now, index));
    if (key.op == Op::Keyword || key.op == Op::Unkeyword) {
        node.op = key.op == Op::Keyword ? Op::Never : Op::All;
        for (qsizetype i = 0; i < keywords.size(); ++i) {
            if (keywords[i].compare(key.name, Qt::CaseInsensitive) == 0) {
                node.op = key.op == Op::Keyword ? Op::HasFlags : Op::LacksFlags;
                node.flags = Flags(1) << (flag::firstKeywordBit + i);
            }
        }
    }
    if (isFieldKey(key.op)) {
        node.field = fieldOf(key.op, key.name).toByteArray();
        node.op = Op::Header;
    }
    if (isFieldKey(key.op) || key.op == Op::Body || key.op == Op::Text)
        node.needle.emplace(key.text);
    if (node.needle && !node.needle->isEmpty() && index)
        node.ruling = index(message::foldForSearch(key.text),
                            key.op == Op::Body ? Place::Body : key.op == Op::Text ? Place::Text : Place::Header);
    if (key.op == Op::Older || key.op == Op::Younger)
        node.number = (now - key.number) * 1000; // the moment, in ms
    return node;
}

bool SearchMatcher::needsRow() const
{
    return needsText() || m_root->any([](const Node &node) {
        return isSentKey(node.op) || isInternalKey(node.op) || isSavedKey(node.op) || node.op == Op::Header;
    });
}

bool SearchMatcher::needsText() const
{
    return m_root->any([](const Node &node) { return node.op == Op::Body || node.op == Op::Text; });
}

FetchWants SearchMatcher::rowWants() const
{
    FetchWants wants;
    wants.header = m_root->any([](const Node &node) { return isSentKey(node.op) || node.op == Op::Header; });
    wants.saveDate = m_root->any([](const Node &node) { return isSavedKey(node.op); });
    wants.internalDate = m_root->any([](const Node &node) { return isInternalKey(node.op); });
    return wants;
}

SearchMatcher::Verdict SearchMatcher::evaluate(const Node &node, const Subject &subject)
{
    const auto sure = [](bool value) { return value ? Verdict::Yes : Verdict::No; };
    const MessageMark &mark = subject.mark;
    switch (node.op) {
    case Op::And:
    case Op::Or: {
        // And is settled by one No, Or by one Yes.
        const Verdict settling = node.op == Op::And ? Verdict::No : Verdict::Yes;
        Verdict result = node.op == Op::And ? Verdict::Yes : Verdict::No;
        for (const Node &child : node.children) {
            const Verdict verdict = evaluate(child, subject);
            if (verdict == settling)
                return settling;
            if (verdict == Verdict::NeedMore)
                result = Verdict::NeedMore;
        }
        return result;
    }
    case Op::Not: {
        const Verdict verdict = evaluate(node.children.front(), subject);
        return verdict == Verdict::NeedMore ? verdict : sure(verdict == Verdict::No);
    }
    case Op::Uids: return sure(containsNumber(node.uids, mark.uid));
    case Op::HasFlags: return sure((mark.flags & node.flags) == node.flags);
    case Op::LacksFlags: return sure((mark.flags & node.flags) == 0);
    case Op::Recent: return sure(node.firstRecent != 0 && mark.uid >= node.firstRecent);
    case Op::Old: return sure(node.firstRecent == 0 || mark.uid < node.firstRecent);
    case Op::New: return sure(node.firstRecent != 0 && mark.uid >= node.firstRecent && !(mark.flags & flag::Seen));
    case Op::Larger: return sure(mark.size > node.number);
    case Op::Smaller: return sure(mark.size < node.number);
    case Op::Message: return sure(mark.message.value == node.number);
    case Op::ModSeqAtLeast: return sure(mark.modSeq >= ModSeq(node.number));
    case Op::All: return Verdict::Yes;
    case Op::Never: return Verdict::No;
    default: break;
    }
    if (node.ruling && mark.message <= node.ruling->known) {
        if (node.ruling->sure.contains(mark.message))
            return Verdict::Yes;
        if (!node.ruling->may.contains(mark.message))
            return Verdict::No;
    }
    if (node.op == Op::Body || node.op == Op::Text) {
        if (!subject.text)
            return Verdict::NeedMore;
        return sure((*subject.text)(*node.needle, node.op == Op::Body ? Scope::Body : Scope::Text));
    }
    if (!subject.row)
        return Verdict::NeedMore;
    const FetchedRow &row = *subject.row;
    if (node.op == Op::Older)
        return sure(row.internalDate <= node.number);
    if (node.op == Op::Younger)
        return sure(row.internalDate >= node.number);
    if (isInternalKey(node.op))
        return sure(compareDay(node.op, dayOf(row.internalDate, row.internalDateOffset), node.number));
    if (isSavedKey(node.op))
        return sure(compareDay(node.op, dayOf(row.saveDate, 0), node.number));
    if (isSentKey(node.op)) {
        const auto sent = message::parseDate(message::fieldValue(row.header, "Date"));
        return sure(sent && compareDay(node.op, dayOf(sent->seconds * 1000, sent->offsetMinutes), node.number));
    }
    for (message::FieldReader fields(row.header); fields.next();) {
        if (fields.field().is(node.field) && node.needle->isInField(fields.field().value))
            return Verdict::Yes;
    }
    return Verdict::No;
}

std::optional<SearchMatcher::FlagTest> SearchMatcher::flagTest() const
{
    if (m_root->op == Op::HasFlags)
        return FlagTest{m_root->flags, m_root->flags};
    if (m_root->op == Op::LacksFlags)
        return FlagTest{m_root->flags, 0};
    return std::nullopt;
}

SearchMatcher::Verdict SearchMatcher::matchMark(const MessageMark &mark) const { return evaluate(*m_root, {mark}); }
SearchMatcher::Verdict SearchMatcher::matchRow(const FetchedRow &row) const { return evaluate(*m_root, {row.mark, &row}); }

bool SearchMatcher::matchAll(const FetchedRow &row, const TextTest &text) const
{
    return evaluate(*m_root, {row.mark, &row, &text}) == Verdict::Yes;
}

} // namespace posthorn::imap
