// Search results that are kept up to date (RFC 5267 §4): what joins and leaves them is told by ADDTO and REMOVEFROM.
// Only messages that came or changed are looked at again. They live as long as the mailbox is selected.
#pragma once

#include "language/imap/search_parse.h"
#include "language/imap/session.h"

#include <deque>

namespace posthorn::imap {

struct SearchContext
{
    QByteArray tag;
    SearchKey key; // holds for messages to come as well
    QList<SortCriterion> order;
    Numbering numbering = Numbering::Uid;
    QList<Uid> members; // ascending, or in their order

    // To be told:
    QList<UidRange> removed;
    struct Added { qsizetype position = 0; /* from 1; 0: of no meaning */ Uid uid = 0; };
    QList<Added> added;
};

class SearchContexts
{
public:
    static constexpr qsizetype most = 8;
    static constexpr qsizetype mostMembers = 4'000'000; // of all

    // As the program means it from now on. nullopt: a set of it means nothing.
    [[nodiscard]] static std::optional<SearchContext> lasting(const Session &session, SearchProgram program, Numbering numbering);
    // Or tells that it is not kept: NOUPDATE.
    static void keep(Session &session, SearchContext context);

    [[nodiscard]] bool has(const QByteArray &tag) const;
    void cancel(const QByteArray &tag);

    // Looks up what became of the results by what the view has told. True: the answer will come.
    bool look(Session &session);
    [[nodiscard]] bool isLooking() const { return m_asked != 0; }
    // False: the need was not its own.
    [[nodiscard]] bool answered(Session &session, NeedId id, Answer &answer);
    // Appends what is known.
    void tell(Session &session);

private:
    void tellGone(QByteArray &out, const SelectedView &view, const QList<UidRange> &uids);
    void askOf(Session &session);
    void next(Session &session);
    void matched(Session &session, SearchContext &context, const QList<Uid> &found);
    static void ordered(SearchContext &context, const QList<Uid> &all);
    static void remove(SearchContext &context, const QList<UidRange> &uids, QByteArray &places, const UidMap &messages);
    static void tellOne(QByteArray &out, SearchContext &context, const UidMap &messages);

    std::deque<SearchContext> m_contexts;
    [[nodiscard]] SearchContext *of(const QByteArray &tag);

    QList<UidRange> m_touched; // being looked at
    QByteArrayList m_left;     // tags of the contexts that are still to be looked at; the first one is
    bool m_isOrdering = false; // its members are put in order
    NeedId m_asked = 0;
    QByteArray m_refused;      // lines
};

} // namespace posthorn::imap
