#include "language/imap/notifier.h"

#include "language/imap/list_match.h"
#include "language/imap/number_set.h"
#include "language/imap/output.h"
#include "language/imap/quote.h"
#include "language/imap/session.h"

#include <algorithm>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

quint16 eventOf(Notice::Kind kind)
{
    return kind == Notice::Kind::Subscribed || kind == Notice::Kind::Unsubscribed ? EventGroup::SubscriptionChange
                                                                                   : EventGroup::MailboxName;
}

quint16 eventsOf(const Notice &notice)
{
    return (notice.appended ? EventGroup::MessageNew : 0) | (notice.expunged ? EventGroup::MessageExpunge : 0)
           | (notice.altered ? EventGroup::FlagChange : 0);
}

} // namespace

const EventGroup *NotifyRules::selected() const
{
    const auto group = std::ranges::find_if(groups, [](const EventGroup &g) { return g.mailboxes.isOfSelected(); });
    return group == groups.end() ? nullptr : &*group;
}

bool NotifyRules::isImmediate() const
{
    const EventGroup *group = selected();
    return group && group->mailboxes.kind == MailboxFilter::Kind::Selected;
}

bool NotifyRules::looksAtOthers() const
{
    return std::ranges::any_of(groups, [](const EventGroup &g) { return !g.mailboxes.isOfSelected() && g.events; });
}

bool NotifyRules::looksAtSubscriptions() const
{
    return std::ranges::any_of(groups, [](const EventGroup &g) { return g.mailboxes.kind == MailboxFilter::Kind::Subscribed; });
}

bool NotifyRules::looksAtServer() const
{
    return std::ranges::any_of(groups, [](const EventGroup &g) { return g.events & EventGroup::ServerMetadataChange; });
}

// Each event counts by the first group that names it; a group of none ends the search.
quint16 NotifyRules::eventsOf(const QString &name, bool subscribed) const
{
    quint16 events = 0;
    for (const EventGroup &group : groups) {
        if (!group.mailboxes.covers(name, subscribed))
            continue;
        if (group.events == 0)
            break;
        events |= group.events;
    }
    return events;
}

void Notifier::apply(SelectedView &view) const
{
    const EventGroup *group = m_rules.selected();
    view.setInterest(group && (group->events & EventGroup::MessageNew), group && (group->events & EventGroup::FlagChange));
    view.setArrivals(m_rules.arrivals.has_value());
}

void Notifier::note(Session &session, const Notice &notice)
{
    using Kind = Notice::Kind;
    if (notice.kind == Kind::Messages) {
        const bool isSelected = session.view && session.view->mailbox() == notice.mailbox;
        const quint16 wanted = isSelected ? 0 : eventsOf(notice.name);
        if (imap::eventsOf(notice) & wanted)
            m_totals.insert(notice.name, wanted);
    } else if (notice.kind == Kind::Annotated) {
        noteAnnotated(session, notice);
    } else {
        noteName(notice);
    }
    if (m_totals.size() + m_names.size() > maxWaiting || m_ready.size() > maxReady)
        overflow(session);
}

void Notifier::noteName(const Notice &notice)
{
    using Kind = Notice::Kind;
    const bool before = eventsOf(notice.name) & eventOf(notice.kind);
    if (notice.kind == Kind::Subscribed)
        m_subscribed.insert(notice.name);
    else if (notice.kind == Kind::Unsubscribed)
        m_subscribed.remove(notice.name);
    // Who looks at what is subscribed hears of what begins to be so, and of what ends.
    if (before || (eventsOf(notice.name) & eventOf(notice.kind))
        || (notice.kind == Kind::Renamed && (eventsOf(notice.oldName) & EventGroup::MailboxName)))
        m_names += notice;
}

// RFC 5465 §5.6, §5.7: the entries, without their values.
void Notifier::noteAnnotated(const Session &session, const Notice &notice)
{
    const bool isServer = notice.name.isEmpty();
    const bool isTold = session.tellsMetadata && (isServer || (session.view && session.view->mailbox() == notice.mailbox));
    if (isTold || !(isServer ? m_rules.looksAtServer() : bool(eventsOf(notice.name) & EventGroup::MailboxMetadataChange)))
        return;
    m_ready += "* METADATA ";
    appendMailbox(m_ready, notice.name, session.utf8Names());
    for (const QByteArray &entry : notice.entries) {
        m_ready += ' ';
        appendAString(m_ready, entry);
    }
    m_ready += "\r\n";
}

// As if the client had said NOTIFY NONE (RFC 5465 §5.8).
void Notifier::overflow(Session &session)
{
    m_rules = {};
    m_totals.clear();
    m_names.clear();
    m_namesAsked = 0;
    m_arrivals.clear();
    m_ready = "* OK [NOTIFICATIONOVERFLOW] Too much happens to be told\r\n";
    if (session.view)
        apply(*session.view);
    session.tell(UnwatchMailboxes{});
}

void Notifier::proceed(Session &session, SelectedView::Telling telling)
{
    if (m_fetch || !session.hasRoom())
        return;
    if (session.view)
        session.tellNews(telling);
    session.out += std::exchange(m_ready, {});
    startFetch(session);
    if (!m_fetch)
        askNext(session);
}

void Notifier::startFetch(Session &session)
{
    if (!session.view || !m_rules.arrivals) {
        m_arrivals.clear();
        return;
    }
    m_arrivals += session.view->takeArrivals();
    QList<UidRange> uids;
    for (const Uid uid : std::exchange(m_arrivals, {}))
        addUid(uids, uid);
    const auto set = uids.isEmpty() ? Result<NumberSet>(NumberSet()) : NumberSet::parse(setText(uids));
    if (uids.isEmpty() || !set)
        return;
    m_fetch = std::make_unique<FetchTask>(*set, Numbering::Uid, *m_rules.arrivals);
    m_fetch->runApart();
    withFetch([&] { m_fetch->begin(session); });
}

template<typename F>
void Notifier::withFetch(F run)
{
    run();
    if (m_fetch->isOver())
        m_fetch.reset();
}

void Notifier::outputTaken(Session &session)
{
    if (m_fetch)
        withFetch([&] { m_fetch->outputTaken(session); });
}

void Notifier::askNext(Session &session)
{
    if (m_asked)
        return;
    if (!m_names.isEmpty()) {
        m_namesAsked = m_names.size();
        m_asked = session.ask(ListMailboxes{});
        return;
    }
    while (!m_totals.isEmpty()) {
        m_name = m_totals.firstKey();
        m_totals.remove(m_name);
        if (!session.view || session.view->name() != m_name) {
            m_asked = session.ask(StatusMailbox{m_name});
            return;
        }
    }
}

bool Notifier::answered(Session &session, NeedId id, Answer &answer)
{
    if (m_fetch && m_fetch->waitsFor(id)) {
        withFetch([&] { m_fetch->answered(session, id, answer); });
        return true;
    }
    if (id != m_asked || id == 0)
        return false;
    m_asked = 0;
    if (const auto *status = std::get_if<MailboxStatus>(&answer))
        statusCame(session, *status);
    else if (const auto *list = std::get_if<MailboxList>(&answer))
        namesCame(session, *list);
    else
        m_namesAsked = 0; // gone, or not to be read now: the next event of it tries again
    return true;
}

QList<StatusItem> Notifier::statusItems(const Session &session, quint16 events)
{
    QList<StatusItem> items{StatusItem::Messages, StatusItem::UidNext, StatusItem::UidValidity};
    if (events & EventGroup::FlagChange)
        items += StatusItem::Unseen;
    if (session.condstore || (events & EventGroup::FlagChange))
        items += StatusItem::HighestModSeq;
    return items;
}

void Notifier::statusCame(Session &session, const MailboxStatus &status)
{
    const quint16 wanted = eventsOf(m_name);
    if (wanted & EventGroup::messageEvents)
        appendStatus(m_ready, m_name, status, statusItems(session, wanted), session.utf8Names(), session.config.maxMessageSize);
}

void Notifier::namesCame(Session &session, const MailboxList &list)
{
    const QList<ListedName> tree = nameTree(list);
    const QList<Notice> names = m_names.first(std::min(m_namesAsked, m_names.size()));
    m_names.remove(0, names.size());
    m_namesAsked = 0;
    for (const Notice &notice : names)
        tellName(session, notice, tree);
}

// As it is now: what has happened since is told next.
void Notifier::tellName(Session &session, const Notice &notice, const QList<ListedName> &tree)
{
    const auto found = std::ranges::find(tree, notice.name, &ListedName::name);
    const ListedName name = found == tree.end() ? ListedName{.name = notice.name} : *found;
    QByteArrayList words;
    if (!name.exists)
        words += "\\NonExistent";
    if (name.subscribed)
        words += "\\Subscribed";
    if (name.exists || name.hasChildren)
        words += name.hasChildren ? "\\HasChildren" : "\\HasNoChildren";
    if (!name.specialUse.isEmpty())
        words += name.specialUse;
    m_ready += "* LIST (" + words.join(' ') + ") \"/\" ";
    appendMailbox(m_ready, notice.name, session.utf8Names());
    if (notice.kind == Notice::Kind::Renamed) {
        m_ready += " (\"OLDNAME\" (";
        appendMailbox(m_ready, notice.oldName, session.utf8Names());
        m_ready += "))";
    }
    m_ready += "\r\n";
}

} // namespace posthorn::imap
