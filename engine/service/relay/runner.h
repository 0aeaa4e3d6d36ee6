// The queue runner: knows of every entry when it is due and where it goes, opens connections and hands them mail. It
// learns what is in the queue from commits alone. Lives on a thread of its own.
#pragma once

#include "platform/net/network.h"
#include "service/relay/service.h"
#include "service/relay/tls_guide.h"
#include "service/relay/tls_reports.h"

#include <QTimer>

#include <deque>
#include <map>
#include <queue>
#include <unordered_map>

namespace posthorn::relay {

struct RunnerWorld
{
    store::Store *store = nullptr;
    net::Network *network = nullptr;
    Settler *settler = nullptr;
    std::shared_ptr<Board> board;
    std::function<std::shared_ptr<const Options>()> options;
    IsSelf isSelf; // this thread
    std::shared_ptr<Signer> signer;
    delivery::Delivery *delivery = nullptr;
    delivery::Directory *directory = nullptr;
    QByteArray hostName;
};

class Runner : public QObject
{
    Q_OBJECT
public:
    explicit Runner(RunnerWorld world);

    void reload(); // reads the whole queue
    void stop();   // nothing new is begun
    void optionsChanged();
    void noted(const QList<store::EntryNote> &notes);

    void sendTlsReports(); // now, of today as well

    // As Board has them.
    void counted(const store::TlsResult &result) { m_reports.count(result); }
    void linkReady(quint64 link, const net::Address &address, NeedId need);
    void mailDone(quint64 link, const QList<EntryId> &notTried, bool accepted, bool trouble);
    void gone(const QList<EntryId> &entries);
    void settled(const std::shared_ptr<const Settlement> &settlement, bool durable);
    void linkClosed(quint64 link, const LinkFailure &failure);

private:
    struct Item
    {
        MessageId message;
        QByteArray domain; // shared by all of that domain
        qint64 due = 0;    // ms since 1970
        store::Transport transport = store::Transport::Usual;
        bool held = false;
        bool ready = false;  // in a destination's line
        bool active = false; // on a connection, or with the settler
    };
    struct Group // recipients of one message at one destination
    {
        MessageId message;
        QList<EntryId> entries;
    };
    struct Destination
    {
        QByteArray key;
        QByteArray domain;
        store::Transport transport = store::Transport::Usual;
        std::deque<Group> line;
        QList<quint64> idle; // links that wait for mail
        int links = 0;
        int opening = 0; // of them
        int limit = 5;   // links at a time: grows with success
        bool asking = false;
        Route route;
        qint64 routeUntil = 0;   // steady ms
        QList<bool> bad;         // of the route's hops
        QSet<QByteArray> noTls;  // addresses where opportunistic TLS does not work
        qint64 deadUntil = 0;    // steady ms; `failure` says why
        LinkFailure failure;
    };
    struct LinkState
    {
        QByteArray destination;
        net::Address address;
        qsizetype hop = 0;
        bool wasReady = false;
        TlsPolicy policy = TlsPolicy::May;
        NeedId need = 0;
        QList<EntryId> task;
    };

    void page(EntryId after);
    void note(const store::EntryNote &note);
    void schedule(EntryId id, Item &item);
    void line(EntryId id, Item &item);
    void release(const QList<EntryId> &ids, qint64 pause);
    void dueNow();
    void setTimer();
    void pumpTouched();
    [[nodiscard]] QByteArray destinationOf(const Item &item) const;
    [[nodiscard]] QByteArray interned(const QByteArray &domain);

    Destination &destination(const QByteArray &key);
    void pump(Destination &to);
    void dropStale(Destination &to);
    void assign(Destination &to, quint64 link);
    void sendAway(quint64 link);
    void findRoute(Destination &to);
    [[nodiscard]] Route smartTls(Route route, store::Transport transport) const;
    void routeFound(const QByteArray &key, const Route &route);
    [[nodiscard]] bool openLink(Destination &to);
    [[nodiscard]] net::Departure departureTo(const Destination &to, const Hop &hop, TlsPolicy policy, quint64 number) const;
    [[nodiscard]] net::TlsGoal goalFor(const Destination &to, const Hop &hop, const std::shared_ptr<QString> &fault) const;
    void hopFailed(Destination &to, const LinkState &link, const LinkFailure &failure);
    void giveUp(Destination &to, smtp::Fate fate, const LinkFailure &failure);
    void tidy();
    [[nodiscard]] bool isSmart(const Destination &to) const;

    RunnerWorld m_world;
    std::shared_ptr<const Options> m_options;
    net::TlsTrust m_trust;
    net::Resolver m_resolver;
    Router m_router;
    TlsGuide m_guide;
    TlsReports m_reports;
    std::unordered_map<qint64, Item> m_items;
    QSet<QByteArray> m_domains;
    using Due = std::pair<qint64, qint64>; // when, which
    std::priority_queue<Due, std::vector<Due>, std::greater<>> m_due;
    std::map<QByteArray, Destination> m_destinations;
    std::unordered_map<quint64, LinkState> m_links;
    quint64 m_lastLink = 0;
    QSet<QByteArray> m_touched; // destinations with something to do
    QSet<QByteArray> m_starved; // wait for a connection to be free
    QTimer m_timer, m_tidying;
    bool m_stopping = false;
};

} // namespace posthorn::relay
