#include "language/imap/search_contexts.h"

#include "language/imap/output.h"
#include "language/imap/resolve.h"

#include <algorithm>

namespace posthorn::imap {

namespace {

constexpr Uid anyUid = Uid(-1) - 1;

// A set that may reach messages to come: "5:*" does, "1:3" means the three there are now.
std::optional<QList<UidRange>> lastingSet(const Session &session, const NumberSet &set, bool isUids)
{
    if (isUids && !set.isSaved())
        return set.resolved(anyUid);
    auto uids = resolve(session, set, isUids ? Numbering::Uid : Numbering::Sequence);
    if (uids && !set.isSaved() && set.hasStar()) {
        if (uids->isEmpty())
            *uids = {{1, anyUid}};
        else
            uids->last().last = anyUid;
    }
    return uids;
}

QList<Uid> sorted(QList<Uid> uids)
{
    std::ranges::sort(uids);
    return uids;
}

quint32 numberOf(const SearchContext &context, const UidMap &messages, Uid uid)
{
    return context.numbering == Numbering::Uid ? uid : quint32(messages.indexOf(uid) + 1);
}

QByteArray head(const SearchContext &context)
{
    return "* ESEARCH (TAG \"" + context.tag + (context.numbering == Numbering::Uid ? "\") UID" : "\")");
}

void addPlace(QByteArray &places, qsizetype position, const QByteArray &set)
{
    if (!places.isEmpty())
        places += ' ';
    appendNumber(places, quint64(position));
    places += ' ' + set;
}

} // namespace

std::optional<SearchContext> SearchContexts::lasting(const Session &session, SearchProgram program, Numbering numbering)
{
    const bool known = resolveSets(program, [&](const NumberSet &set, bool isUids) { return lastingSet(session, set, isUids); });
    if (!known)
        return std::nullopt;
    return SearchContext{session.tag(), std::move(program.key), std::move(program.order), numbering, {}, {}, {}};
}

void SearchContexts::keep(Session &session, SearchContext context)
{
    if (!session.contexts)
        session.contexts = std::make_unique<SearchContexts>();
    SearchContexts &all = *session.contexts;
    all.cancel(context.tag);
    qsizetype members = context.members.size();
    for (const SearchContext &other : all.m_contexts)
        members += other.members.size();
    if (qsizetype(all.m_contexts.size()) >= most || members > mostMembers) {
        session.untagged("NO [NOUPDATE \"" + context.tag + "\"] Too many searches are kept up to date");
        return;
    }
    all.m_contexts.push_back(std::move(context));
    session.view->watch([contexts = &all, view = session.view.get()](QByteArray &out, const QList<UidRange> &uids) {
        contexts->tellGone(out, *view, uids);
    });
}

bool SearchContexts::has(const QByteArray &tag) const
{
    return std::ranges::any_of(m_contexts, [&](const SearchContext &context) { return context.tag == tag; });
}

void SearchContexts::cancel(const QByteArray &tag)
{
    std::erase_if(m_contexts, [&](const SearchContext &context) { return context.tag == tag; });
}

SearchContext *SearchContexts::of(const QByteArray &tag)
{
    const auto found = std::ranges::find(m_contexts, tag, &SearchContext::tag);
    return found == m_contexts.end() ? nullptr : &*found;
}

bool SearchContexts::look(Session &session)
{
    if (m_asked)
        return true;
    m_touched = session.view ? session.view->takeTouched() : QList<UidRange>();
    if (m_touched.isEmpty())
        return false;
    for (const SearchContext &context : m_contexts)
        m_left += context.tag;
    askOf(session);
    return isLooking();
}

// The next that is still there.
void SearchContexts::askOf(Session &session)
{
    while (!m_left.isEmpty() && !of(m_left.first()))
        m_left.removeFirst();
    if (m_left.isEmpty())
        return;
    SearchKey touched{.op = SearchKey::Op::Uids};
    touched.uids = m_touched;
    SearchKey both{.op = SearchKey::Op::And};
    both.children = {std::move(touched), of(m_left.first())->key};
    session.tell(SearchMessages{std::move(both)}); // whichever command tells of it, it is none of its own needs
    m_asked = session.lastNeed();
}

void SearchContexts::next(Session &session)
{
    if (!m_left.isEmpty())
        m_left.removeFirst();
    askOf(session);
    if (!m_asked)
        look(session); // more may have been told meanwhile
}

bool SearchContexts::answered(Session &session, NeedId id, Answer &answer)
{
    if (id != m_asked || id == 0)
        return false;
    m_asked = 0;
    const bool wasOrdering = std::exchange(m_isOrdering, false);
    const auto *found = std::get_if<Found>(&answer);
    SearchContext *context = of(m_left.value(0));
    if (context && !found) { // it can't be kept up to date any longer
        m_refused += "* NO [NOUPDATE \"" + context->tag + "\"] The search failed\r\n";
        cancel(context->tag);
        next(session);
    } else if (!context) {
        next(session);
    } else if (wasOrdering) {
        ordered(*context, found->uids);
        next(session);
    } else {
        matched(session, *context, found->uids);
    }
    return true;
}

void SearchContexts::matched(Session &session, SearchContext &context, const QList<Uid> &found)
{
    const UidMap &messages = session.view->messages();
    const QList<Uid> members = context.order.isEmpty() ? context.members : sorted(context.members);
    QList<Uid> joining;
    for (const Uid uid : found) {
        if (messages.indexOf(uid) >= 0 && !std::ranges::binary_search(members, uid))
            joining += uid;
    }
    for (const Uid uid : members) {
        if (containsNumber(m_touched, uid) && !std::ranges::binary_search(found, uid))
            addUid(context.removed, uid);
    }
    if (joining.isEmpty())
        return next(session);
    if (context.order.isEmpty()) {
        for (const Uid uid : std::as_const(joining))
            context.added += SearchContext::Added{0, uid};
        return next(session);
    }
    SearchKey all{.op = SearchKey::Op::Uids};
    for (const Uid uid : sorted(members + joining)) {
        if (!containsNumber(context.removed, uid))
            addUid(all.uids, uid);
    }
    m_isOrdering = true;
    session.tell(SearchMessages{std::move(all), context.order});
    m_asked = session.lastNeed();
}

// Those that join, each with its place among the members once it and those before it are there.
void SearchContexts::ordered(SearchContext &context, const QList<Uid> &all)
{
    const QList<Uid> members = sorted(context.members);
    for (qsizetype i = 0; i < all.size(); ++i) {
        if (!std::ranges::binary_search(members, all[i]))
            context.added += SearchContext::Added{i + 1, all[i]};
    }
}

// Takes members out; each place is what it is after those before it are gone.
void SearchContexts::remove(SearchContext &context, const QList<UidRange> &uids, QByteArray &places, const UidMap &messages)
{
    QList<UidRange> numbers;
    for (qsizetype i = context.members.size(); i-- > 0;) {
        const Uid uid = context.members[i];
        if (!containsNumber(uids, uid))
            continue;
        if (context.order.isEmpty())
            numbers.prepend({numberOf(context, messages, uid), numberOf(context, messages, uid)});
        else
            addPlace(places, i + 1, QByteArray::number(numberOf(context, messages, uid)));
        if (!context.order.isEmpty())
            context.members.removeAt(i);
    }
    if (context.order.isEmpty() && !numbers.isEmpty()) {
        context.members.removeIf([&](Uid uid) { return containsNumber(uids, uid); });
        addPlace(places, 0, setText(merged(std::move(numbers))));
    }
}

void SearchContexts::tellOne(QByteArray &out, SearchContext &context, const UidMap &messages)
{
    QByteArray gone, joined;
    remove(context, std::exchange(context.removed, {}), gone, messages);
    QList<UidRange> numbers;
    for (const SearchContext::Added &added : std::exchange(context.added, {})) {
        if (messages.indexOf(added.uid) < 0)
            continue; // gone meanwhile
        const quint32 number = numberOf(context, messages, added.uid);
        const qsizetype position = std::min(added.position, context.members.size() + 1);
        if (position > 0) {
            context.members.insert(position - 1, added.uid);
            addPlace(joined, position, QByteArray::number(number));
        } else {
            context.members.insert(std::ranges::lower_bound(context.members, added.uid), added.uid);
            numbers += UidRange{number, number};
        }
    }
    if (!numbers.isEmpty())
        addPlace(joined, 0, setText(merged(std::move(numbers))));
    if (!gone.isEmpty())
        out += head(context) + " REMOVEFROM (" + gone + ")\r\n";
    if (!joined.isEmpty())
        out += head(context) + " ADDTO (" + joined + ")\r\n";
}

void SearchContexts::tell(Session &session)
{
    session.out += std::exchange(m_refused, {});
    if (!session.view)
        return;
    for (SearchContext &context : m_contexts) {
        if (!context.removed.isEmpty() || !context.added.isEmpty())
            tellOne(session.out, context, session.view->messages());
    }
}

// Before EXPUNGE, while the numbers are still what they were.
void SearchContexts::tellGone(QByteArray &out, const SelectedView &view, const QList<UidRange> &uids)
{
    for (SearchContext &context : m_contexts) {
        QByteArray gone;
        remove(context, uids, gone, view.messages());
        if (!gone.isEmpty())
            out += head(context) + " REMOVEFROM (" + gone + ")\r\n";
    }
}

} // namespace posthorn::imap
