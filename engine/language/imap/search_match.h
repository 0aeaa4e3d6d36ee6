// Evaluates a SearchKey (RFC 9051 §6.4.4) in three layers, so that most messages are decided by what is in memory:
//
//     SearchMatcher matcher(key, keywords, firstRecent, now);
//     switch (matcher.matchMark(mark)) ...          // marks only, nothing is read
//     switch (matcher.matchRow(row)) ...            // row with matcher.rowWants(): dates and header
//     matcher.matchAll(row, text)                   // `text` looks into the message
//
// A layer that says NeedMore could not decide; the next one can. Immutable once made: may be shared by threads.
#pragma once

#include "language/imap/needs.h"
#include "language/message/text_search.h"

#include <QBitArray>

#include <functional>
#include <memory>
#include <optional>

namespace posthorn::imap {

// Ids of messages, asked for often.
class MessageSet
{
public:
    MessageSet() = default;
    explicit MessageSet(QList<qint64> ascending);
    [[nodiscard]] bool contains(MessageId message) const;

private:
    QList<qint64> m_ids; // or, where they are dense,
    QBitArray m_bits;    // from m_first on
    qint64 m_first = 0;
};

class SearchMatcher
{
public:
    enum class Verdict { No, Yes, NeedMore };
    using Scope = message::MessageMatcher::Scope;
    // Whether the message has the needle in its body, or in its body or header: message::matches() or a MessageMatcher
    // fed from the store.
    using TextTest = std::function<bool(const message::SearchNeedle &needle, Scope scope)>;

    // What an index tells of a needle. It knows all messages up to `known`.
    struct Ruling
    {
        MessageSet sure;   // have it
        MessageSet may;    // are to be looked into; no other has it
        MessageId known;
    };
    enum class Place { Header, Body, Text };
    // Nothing: any may have it.
    using Index = std::function<std::optional<Ruling>(QStringView foldedNeedle, Place place)>;

    // `firstRecent`: UIDs from there on are \Recent, 0: none. `now` in seconds since 1970, for OLDER and YOUNGER.
    SearchMatcher(const SearchKey &key, const Keywords &keywords, Uid firstRecent, qint64 now,
                  const Index &index = {});
    ~SearchMatcher();
    SearchMatcher(SearchMatcher &&) noexcept;
    SearchMatcher &operator=(SearchMatcher &&) noexcept;

    [[nodiscard]] bool needsRow() const;  // some key looks at dates, the header or the text
    [[nodiscard]] bool needsText() const; // some key looks into the message
    [[nodiscard]] FetchWants rowWants() const; // what matchRow() looks at: dates and header, as far as keys need them

    // When all that counts are a few flags, as it most often is: those under `mask` must be `value`.
    struct FlagTest { Flags mask = 0, value = 0; };
    [[nodiscard]] std::optional<FlagTest> flagTest() const;
    [[nodiscard]] Verdict matchMark(const MessageMark &mark) const;
    [[nodiscard]] Verdict matchRow(const FetchedRow &row) const;
    [[nodiscard]] bool matchAll(const FetchedRow &row, const TextTest &text) const;

private:
    struct Node;
    struct Subject;

    [[nodiscard]] static Node compile(const SearchKey &key, const Keywords &keywords, Uid firstRecent, qint64 now,
                                      const Index &index);
    [[nodiscard]] static Verdict evaluate(const Node &node, const Subject &subject);

    std::unique_ptr<Node> m_root;
};

} // namespace posthorn::imap
