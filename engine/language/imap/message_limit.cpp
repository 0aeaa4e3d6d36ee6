#include "language/imap/message_limit.h"

#include "language/imap/session.h"

#include <algorithm>

namespace posthorn::imap {

namespace {

QByteArray limitText(const Session &session)
{
    return QByteArray::number(session.config.messageLimit);
}

// What is in both; each ascending.
QList<UidRange> common(const QList<UidRange> &one, const QList<UidRange> &other)
{
    QList<UidRange> both;
    for (qsizetype i = 0, j = 0; i < one.size() && j < other.size();) {
        const UidRange range{std::max(one[i].first, other[j].first), std::min(one[i].last, other[j].last)};
        if (range.first <= range.last)
            both += range;
        one[i].last < other[j].last ? ++i : ++j;
    }
    return both;
}

void narrow(QList<UidRange> &uids, const SearchKey &key)
{
    if (key.op == SearchKey::Op::Uids)
        uids = common(uids, key.uids);
    if (key.op != SearchKey::Op::And)
        return;
    for (const SearchKey &child : key.children)
        narrow(uids, child);
}

} // namespace

bool isOverLimit(const Session &session, qint64 messages)
{
    return session.config.messageLimit > 0 && messages > session.config.messageLimit;
}

bool isOverLimit(const Session &session, const QList<UidRange> &uids)
{
    const UidMap &messages = session.view->messages();
    return isOverLimit(session, messages.count()) && isOverLimit(session, countOf(uids, messages));
}

QList<UidRange> searchedBy(const SearchKey &key, const SelectedView &view)
{
    QList<UidRange> uids{{1, view.messages().last()}};
    narrow(uids, key);
    return view.known(uids);
}

Uid cutToLimit(const Session &session, QList<UidRange> &uids)
{
    if (!isOverLimit(session, uids))
        return 0;
    const UidMap &messages = session.view->messages();
    const qsizetype count = countOf(uids, messages);
    uids = partOf(uids, count - session.config.messageLimit, count, messages);
    return uids.first().first;
}

Reply withLimit(Session &session, Uid lowest, Reply reply)
{
    if (lowest == 0)
        return reply;
    QByteArray code = "MESSAGELIMIT " + limitText(session) + ' ' + QByteArray::number(lowest);
    if (reply.code.isEmpty())
        return {reply.status, std::move(code), reply.text + ", but only the newest " + limitText(session) + " messages"};
    session.untagged("NO [" + code + "] Only the newest " + limitText(session) + " messages were looked at");
    return reply;
}

Reply overLimit(const Session &session)
{
    return {Reply::Status::No, "MESSAGELIMIT " + limitText(session), "So many messages at once are too many"};
}

} // namespace posthorn::imap
