#include "language/imap/resolve.h"

#include "language/imap/session.h"

#include <algorithm>

namespace posthorn::imap {

namespace {

// "*" and "1:*" of an empty mailbox are no messages, and no mistake.
bool isAllOfNothing(const NumberSet &set)
{
    return std::all_of(set.ranges().cbegin(), set.ranges().cend(), [](const UidRange &range) {
        return (range.first == NumberSet::star || range.last == NumberSet::star) && range.first <= 1 && range.last <= 1;
    });
}

bool resolveKey(SearchKey &key, const QList<SearchSet> &sets, const SetResolver &resolver)
{
    if (key.op == SearchKey::Op::Uids) {
        const SearchSet &wanted = sets.at(qsizetype(key.number));
        auto uids = resolver(wanted.set, wanted.isUids);
        if (!uids)
            return false;
        key.uids = std::move(*uids);
    }
    for (SearchKey &child : key.children) {
        if (!resolveKey(child, sets, resolver))
            return false;
    }
    return true;
}

} // namespace

std::optional<QList<UidRange>> resolve(const Session &session, const NumberSet &set, Numbering numbering)
{
    const UidMap &messages = session.view->messages();
    if (set.isSaved())
        return session.view->known(session.savedResult);
    if (numbering == Numbering::Uid)
        return session.view->known(set.resolved(messages.last()));
    if (messages.isEmpty())
        return isAllOfNothing(set) ? std::optional(QList<UidRange>()) : std::nullopt;
    QList<UidRange> uids = set.resolved(quint32(messages.count()));
    for (UidRange &range : uids) {
        if (range.last > messages.count())
            return std::nullopt;
        range = {messages.at(range.first - 1), messages.at(range.last - 1)};
    }
    return uids;
}

bool resolveSets(SearchProgram &program, const SetResolver &resolver)
{
    return resolveKey(program.key, program.sets, resolver);
}

} // namespace posthorn::imap
