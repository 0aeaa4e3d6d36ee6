// NOTIFY (RFC 5465): which events of which mailboxes the client wants to hear of without asking.
#include "language/imap/arguments.h"
#include "language/imap/list_match.h"
#include "language/imap/notifier.h"
#include "language/imap/parsers.h"
#include "language/imap/walk_task.h"

#include <algorithm>
#include <array>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxGroups = 100;
constexpr qsizetype maxEvents = 50;        // of a group
constexpr qsizetype maxWatchedNames = 1'000; // of all groups

constexpr std::array<std::pair<QByteArrayView, EventGroup::Event>, 7> events{{
    {"MessageNew", EventGroup::MessageNew},
    {"MessageExpunge", EventGroup::MessageExpunge},
    {"FlagChange", EventGroup::FlagChange},
    {"MailboxName", EventGroup::MailboxName},
    {"SubscriptionChange", EventGroup::SubscriptionChange},
    {"MailboxMetadataChange", EventGroup::MailboxMetadataChange},
    {"ServerMetadataChange", EventGroup::ServerMetadataChange},
}};

// All that was said; whether it can be done is another question.
struct Wanted
{
    NotifyRules rules;
    bool status = false;
    bool hasUnknownEvent = false;
};

QByteArray knownEvents()
{
    QByteArrayList names;
    for (const auto &event : events)
        names += event.first.toByteArray();
    return "BADEVENT (" + names.join(' ') + ')';
}

// MessageNew (UID BODY.PEEK[HEADER])
void parseArrivals(Arguments &arguments, const EventGroup &group, Wanted &wanted)
{
    if (!arguments.ok() || !arguments.lexer().rest().startsWith(" ("))
        return;
    if (!group.mailboxes.isOfSelected())
        return arguments.fault(u"Only new messages in the selected mailbox can be fetched"_s);
    arguments.space();
    auto items = FetchItems::parse(arguments.lexer());
    if (!items)
        return arguments.fault(items.error().text);
    items->peekOnly();
    wanted.rules.arrivals = std::move(*items);
}

void parseEvent(Arguments &arguments, EventGroup &group, Wanted &wanted)
{
    const QByteArray word = arguments.atom();
    const auto row = std::ranges::find_if(events, [&](const auto &event) {
        return event.first.compare(word, Qt::CaseInsensitive) == 0;
    });
    if (row == events.end()) {
        wanted.hasUnknownEvent = true;
        return;
    }
    group.events |= row->second;
    if (row->second == EventGroup::MessageNew)
        parseArrivals(arguments, group, wanted);
}

// What goes only together (RFC 5465 §5, §8).
void check(Arguments &arguments, const EventGroup &group)
{
    const bool arrives = group.events & EventGroup::MessageNew, goes = group.events & EventGroup::MessageExpunge;
    if (arrives != goes)
        arguments.fault(u"MessageNew and MessageExpunge go together"_s);
    else if ((group.events & EventGroup::FlagChange) && !arrives)
        arguments.fault(u"FlagChange goes with MessageNew and MessageExpunge"_s);
    else if (group.mailboxes.isOfSelected() && (group.events & ~EventGroup::messageEvents))
        arguments.fault(u"Of the selected mailbox, only what becomes of messages is told"_s);
}

void parseEvents(Arguments &arguments, EventGroup &group, Wanted &wanted)
{
    if (!arguments.take('(')) {
        if (arguments.atom().toUpper() != "NONE")
            arguments.fault(u"A list of events or NONE expected"_s);
        return;
    }
    qsizetype count = 0;
    do {
        parseEvent(arguments, group, wanted);
        if (++count > maxEvents)
            arguments.fault(u"Too many events"_s);
    } while (arguments.take(' '));
    arguments.expect(')');
    if (!wanted.hasUnknownEvent)
        check(arguments, group);
}

void parseGroup(Arguments &arguments, Wanted &wanted)
{
    EventGroup group;
    arguments.expect('(');
    group.mailboxes = MailboxFilter::parse(arguments);
    if (group.mailboxes.kind == MailboxFilter::Kind::SubtreeOne)
        arguments.fault(u"SUBTREE-ONE is for ESEARCH"_s);
    if (group.mailboxes.isOfSelected() && wanted.rules.selected())
        arguments.fault(u"The selected mailbox is there already"_s);
    arguments.space();
    parseEvents(arguments, group, wanted);
    arguments.expect(')');
    wanted.rules.groups += std::move(group);
}

class NotifyTask : public WalkTask
{
public:
    explicit NotifyTask(Wanted wanted) : m_wanted(std::move(wanted)) {}

    void begin(Session &session) override
    {
        // What waits is told by the old rules: under the new ones it might never be.
        session.tellNews(SelectedView::Telling::All);
        const bool others = m_wanted.rules.looksAtOthers();
        session.notifier = std::make_unique<Notifier>(m_wanted.rules);
        if (session.view)
            session.notifier->apply(*session.view);
        if (others) {
            session.ask(WatchMailboxes{});
        } else {
            session.tell(UnwatchMailboxes{});
            session.ok("Done");
        }
    }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        if (const auto *list = std::get_if<MailboxList>(&answer)) {
            listCame(session, *list);
        } else if (const auto *status = std::get_if<MailboxStatus>(&answer)) {
            appendStatus(session.out, m_names[m_at - 1], *status,
                         Notifier::statusItems(session, session.notifier->eventsOf(m_names[m_at - 1])), session.utf8Names(),
                         session.config.maxMessageSize);
            proceed(session);
        } else if (m_at == 0 && std::holds_alternative<Done>(answer)) {
            watched(session);
        } else if (m_at > 0) {
            proceed(session); // gone meanwhile
        } else {
            const auto *failure = std::get_if<Failure>(&answer);
            session.notifier->overflow(session); // neither the new rules are kept to nor the old ones
            session.failed(failure ? failure->error : Error{});
        }
    }

private:
    void watched(Session &session)
    {
        if (m_wanted.status || m_wanted.rules.looksAtSubscriptions())
            session.ask(ListMailboxes{});
        else
            session.ok("Done");
    }

    void listCame(Session &session, const MailboxList &list)
    {
        QSet<QString> subscribed(list.lostSubscriptions.cbegin(), list.lostSubscriptions.cend());
        for (const MailboxEntry &entry : list.mailboxes) {
            if (entry.subscribed)
                subscribed.insert(entry.name);
        }
        session.notifier->setSubscribed(std::move(subscribed));
        for (const MailboxEntry &entry : list.mailboxes) {
            const bool isSelected = session.view && session.view->name() == entry.name;
            if (m_wanted.status && entry.selectable && !isSelected
                && (session.notifier->eventsOf(entry.name) & EventGroup::messageEvents))
                m_names += entry.name;
        }
        proceed(session);
    }

    void proceed(Session &session) override
    {
        if (pauses(session))
            return;
        if (m_at == m_names.size())
            session.ok("Done");
        else
            session.ask(StatusMailbox{m_names[m_at++]});
    }

    Wanted m_wanted;
    QStringList m_names; // whose STATUS is told
    qsizetype m_at = 0;  // next
};

Result<TaskPointer> taskFor(Arguments &arguments, Wanted wanted)
{
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    if (wanted.hasUnknownEvent)
        return plainTask([](Session &s) { s.no("Not all of these events are told here", knownEvents()); });
    qsizetype names = 0;
    for (const EventGroup &group : std::as_const(wanted.rules.groups))
        names += group.mailboxes.names.size();
    if (names > maxWatchedNames)
        return plainTask([](Session &s) { s.no("So many mailboxes can't be watched", "NOTIFICATIONOVERFLOW"); });
    return std::make_unique<NotifyTask>(std::move(wanted));
}

} // namespace

Result<TaskPointer> parseNotify(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    const QByteArray word = arguments.atom().toUpper();
    Wanted wanted;
    if (word == "NONE")
        return taskFor(arguments, std::move(wanted));
    if (word != "SET")
        arguments.fault(u"SET or NONE expected"_s);
    arguments.space();
    if (arguments.peek() != '(') {
        if (arguments.atom().toUpper() != "STATUS")
            arguments.fault(u"STATUS or a group of events expected"_s);
        wanted.status = true;
        arguments.space();
    }
    do {
        parseGroup(arguments, wanted);
        if (wanted.rules.groups.size() > maxGroups)
            arguments.fault(u"Too many groups"_s);
    } while (arguments.take(' '));
    return taskFor(arguments, std::move(wanted));
}

} // namespace posthorn::imap
