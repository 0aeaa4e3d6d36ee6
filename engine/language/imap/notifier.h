// What a session is told without asking (RFC 5465): of its selected mailbox between commands, of others by STATUS, of names
// by LIST. It is there from the first NOTIFY on. Whatever waits to be told is one entry for each mailbox, however much
// happens there.
#pragma once

#include "language/imap/fetch_task.h"
#include "language/imap/list_match.h"
#include "language/imap/mailbox_filter.h"

#include <QMap>
#include <QSet>

namespace posthorn::imap {

struct EventGroup
{
    enum Event : quint16 {
        MessageNew = 1,
        MessageExpunge = 2,
        FlagChange = 4,
        MailboxName = 8,
        SubscriptionChange = 16,
        MailboxMetadataChange = 32,
        ServerMetadataChange = 64,
    };
    static constexpr quint16 messageEvents = MessageNew | MessageExpunge | FlagChange;

    MailboxFilter mailboxes;
    quint16 events = 0; // 0: "NONE", which hides from later groups
};

struct NotifyRules
{
    QList<EventGroup> groups;
    std::optional<FetchItems> arrivals; // what is fetched of new messages in the selected mailbox

    [[nodiscard]] const EventGroup *selected() const; // null: none
    [[nodiscard]] bool isImmediate() const;           // expunges are told at once, whatever they do to numbers
    [[nodiscard]] bool looksAtOthers() const;
    [[nodiscard]] bool looksAtSubscriptions() const;
    [[nodiscard]] bool looksAtServer() const;
    // Which events of a mailbox that is not selected are wanted.
    [[nodiscard]] quint16 eventsOf(const QString &name, bool subscribed) const;
};

class Notifier
{
public:
    static constexpr qsizetype maxReady = 1024 * 1024; // octets of lines
    static constexpr qsizetype maxWaiting = 2'000; // mailboxes and names; then NOTIFICATIONOVERFLOW

    explicit Notifier(NotifyRules rules) : m_rules(std::move(rules)) {}

    [[nodiscard]] const NotifyRules &rules() const { return m_rules; }
    // A mailbox was selected, or other rules were made for one that is.
    void apply(SelectedView &view) const;
    void setSubscribed(QSet<QString> names) { m_subscribed = std::move(names); }
    void note(Session &session, const Notice &notice);
    // Between commands, or in IDLE: tells what may be told, and asks for what has to be looked up.
    void proceed(Session &session, SelectedView::Telling telling);
    // False: the need was not its own.
    [[nodiscard]] bool answered(Session &session, NeedId id, Answer &answer);
    // The content of new messages is on its way: no command begins, for nothing may come in between.
    [[nodiscard]] bool isFetching() const { return m_fetch != nullptr; }
    [[nodiscard]] bool inLiteral() const { return m_fetch && m_fetch->inLiteral(); }
    // Room for output, perhaps.
    void outputTaken(Session &session);

    // Which of a mailbox's totals are told.
    [[nodiscard]] static QList<StatusItem> statusItems(const Session &session, quint16 events);
    [[nodiscard]] quint16 eventsOf(const QString &name) const { return m_rules.eventsOf(name, m_subscribed.contains(name)); }

    // Nothing is told any longer, but that.
    void overflow(Session &session);

private:
    void noteName(const Notice &notice);
    void noteAnnotated(const Session &session, const Notice &notice);
    void startFetch(Session &session);
    template<typename F>
    void withFetch(F run);
    void askNext(Session &session);
    void statusCame(Session &session, const MailboxStatus &status);
    void namesCame(Session &session, const MailboxList &list);
    void tellName(Session &session, const Notice &notice, const QList<ListedName> &tree);

    NotifyRules m_rules;
    QSet<QString> m_subscribed; // kept when the rules look at it
    QMap<QString, quint16> m_totals; // mailboxes whose totals are to be told, and the events wanted of them
    QList<Notice> m_names;      // to be told
    qsizetype m_namesAsked = 0; // of those, when the list was asked for
    QString m_name;             // whose totals were asked for
    NeedId m_asked = 0;
    QByteArray m_ready;         // lines
    QList<Uid> m_arrivals;      // to be fetched
    std::unique_ptr<FetchTask> m_fetch;
};

} // namespace posthorn::imap
