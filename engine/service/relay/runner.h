// The queue runner: knows of every entry when it is due and where it goes, opens connections and hands them mail. It
// learns what is in the queue from commits alone. Lives on a thread of its own.
#pragma once

#include "platform/net/network.h"
#include "service/relay/probe.h"
#include "service/relay/service.h"
#include "service/relay/tls_guide.h"
#include "service/relay/tls_reports.h"
#include "service/relay/tokens.h"

#include <QTimer>

#include <deque>
#include <map>
#include <queue>
#include <set>
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

    void reload(); // reads the routes and the whole queue
    void routesChanged(); // reads the routes
    void stop();   // nothing new is begun
    void optionsChanged();
    void noted(const QList<store::EntryNote> &notes);

    void sendTlsReports(); // now, of today as well

    // As Board has them.
    void counted(const store::TlsResult &result) { m_reports.count(result); }
    void linkReady(quint64 link, const net::Address &address, NeedId need);
    void mailDone(quint64 link, const QList<EntryId> &notTried, const Course &course);
    void gone(const QList<EntryId> &entries);
    void settled(const std::shared_ptr<const Settlement> &settlement, bool durable);
    void linkClosed(quint64 link, const LinkFailure &failure);
    void wantToken(const QString &command, const QByteArray &refused, Tokens::Done done) { m_tokens.fetch(command, refused, std::move(done)); }

    // Tries a carrier, without sending anything.
    void probe(const CarrierPointer &carrier, Probe::Done done);
    void probed(quint64 number, const ProbeOutcome &outcome);

private:
    struct Item
    {
        MessageId message;
        QByteArray domain, sender; // shared by all of that domain; the reverse-path's
        QByteArray line;   // the destination in whose line it is; empty: in none
        qint64 due = 0;    // ms since 1970
        RouteId route;     // that somebody chose
        store::Transport transport = store::Transport::Usual;
        bool held = false;
        bool active = false; // on a connection, or with the settler
        bool late = false;   // what became of it is in m_later; to be forgotten when somebody wants it otherwise meanwhile
        std::shared_ptr<const store::FreshEntry> fresh = {}; // until its first attempt
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
        CarrierPointer carrier;
        store::Transport transport = store::Transport::Usual;
        std::deque<Group> line;
        QList<quint64> idle; // links that wait for mail
        int links = 0;
        int opening = 0; // of them
        Pace pace;
        bool asking = false;
        enum class Starved { No, Unproven, Proven } starved = Starved::No; // in m_starved, in m_provenStarved
        bool proven = false;  // a server of its was ready for mail the last time
        bool waking = false;  // in m_wakes
        Route route;
        qint64 routeUntil = 0;   // steady ms
        QList<bool> bad;         // of the route's hops
        QList<bool> passed;      // they answer and take nothing; others have their turn
        QSet<QByteArray> noTls;  // addresses where opportunistic TLS does not work
        LinkFailure failure;     // why the pace pauses
    };
    // Connections count against the limit while they carry mail and for the first moment of opening; those that take long
    // to open must not keep others from being opened.
    enum class Stage { Young, Lingering, Ready };
    struct LinkState
    {
        QByteArray destination;
        net::Address address;
        QByteArray host; // address and port
        qsizetype hop = 0;
        Stage stage = Stage::Young;
        TlsPolicy policy = TlsPolicy::May;
        int mails = 0;
        NeedId need = 0;
        QList<EntryId> task;
    };
    struct Suspect // promises what it does not keep
    {
        smtp::Distrust distrust;
        qint64 until = 0; // steady ms
    };
    struct DeadHost // an address that does not answer
    {
        Pause pause;
        LinkFailure failure;
    };

    void page(EntryId after);
    void note(const store::EntryNote &note);
    void schedule(EntryId id, Item &item);
    void line(EntryId id, Item &item);
    void release(const QList<EntryId> &ids, qint64 pause);
    void dueNow();
    void setTimer();
    void pumpTouched();
    [[nodiscard]] QByteArray interned(const QByteArray &domain);
    void readRoutes(std::function<void()> then);
    void lineUpAnew();

    Destination &destinationOf(const Item &item);
    void lift(Destination &to);
    void pump(Destination &to);
    void wakeAt(Destination &to, qint64 at);
    void wake();
    [[nodiscard]] bool mayOpen(const Destination &to) const;
    [[nodiscard]] int vacant() const;
    [[nodiscard]] bool manyLinger() const;
    [[nodiscard]] bool tooManyLinger() const;
    [[nodiscard]] bool somebodyStarves(bool proven) const;
    [[nodiscard]] bool othersWait() const; // for a connection, and might have one
    void starve(Destination &to);
    void feed(std::deque<QByteArray> &starved, bool proven);
    void feedStarved();
    void age();
    void setStage(LinkState &link, Stage stage);
    void dropStale(Destination &to);
    void assign(Destination &to, quint64 link);
    void sendAway(quint64 link);
    void makeIdle(Destination &to, quint64 link);
    void notIdle(Destination &to, quint64 link);
    void sendIdleAway();
    void findRoute(Destination &to);
    void routeFound(int generation, const QByteArray &key, const Route &route);
    [[nodiscard]] bool openLink(Destination &to);
    [[nodiscard]] net::Departure departureTo(const Destination &to, const Hop &hop, TlsPolicy policy, quint64 number) const;
    [[nodiscard]] net::TlsGoal goalFor(const QByteArray &domain, const Hop &hop, const std::shared_ptr<QString> &fault) const;
    [[nodiscard]] static QByteArray hostKey(const Hop &hop);
    [[nodiscard]] qsizetype nextHop(Destination &to);
    [[nodiscard]] qsizetype hopOf(const Destination &to, const LinkState &link) const;
    [[nodiscard]] static qsizetype bestHop(Destination &to);
    void passOver(Destination &to, const LinkState &link);
    void suspect(const LinkState &link, const smtp::Distrust &distrust);
    void hopFailed(Destination &to, const LinkState &link, const LinkFailure &failure);
    void allFailed(Destination &to, const LinkFailure &failure);
    void giveUp(Destination &to, smtp::Fate fate, const LinkFailure &failure);
    void settle(const std::shared_ptr<const Settlement> &settlement);
    void settleLater(std::shared_ptr<Settlement> settlement);
    void settleSome();
    void tidy();
    void openProbe(quint64 number, const CarrierPointer &carrier, const Hop &hop);

    RunnerWorld m_world;
    std::shared_ptr<const Options> m_options;
    net::TlsTrust m_trust;
    net::Resolver m_resolver;
    Router m_router;
    TlsGuide m_guide;
    TlsReports m_reports;
    Tokens m_tokens;
    RouteTable m_routes;
    std::unordered_map<qint64, Item> m_items;
    QSet<QByteArray> m_domains;
    using Due = std::pair<qint64, qint64>; // when, which
    std::priority_queue<Due, std::vector<Due>, std::greater<>> m_due;
    std::map<QByteArray, Destination> m_destinations;
    std::unordered_map<quint64, LinkState> m_links;
    quint64 m_lastLink = 0;
    QSet<QByteArray> m_touched; // destinations with something to do
    std::deque<QByteArray> m_starved, m_provenStarved; // wait for a connection to be free
    std::deque<std::pair<qint64, quint64>> m_young; // since when, which link
    std::array<int, 3> m_stages{};    // links, by stage
    std::set<quint64> m_idle;         // links that wait for mail
    int m_generation = 0;             // of destinations
    int m_asking = 0;                 // destinations whose route is being found
    bool m_feeding = false;
    using Wake = std::pair<qint64, QByteArray>; // when, whom
    std::priority_queue<Wake, std::vector<Wake>, std::greater<>> m_wakes;
    QHash<QByteArray, DeadHost> m_deadHosts; // by address and port
    QHash<QByteArray, Suspect> m_suspects;   // as well
    std::unordered_map<quint64, Probe> m_probes;
    std::deque<std::shared_ptr<Settlement>> m_later; // of what was not sent
    QTimer m_timer, m_tidying, m_pacing, m_ageing, m_settling;
    bool m_stopping = false;
};

} // namespace posthorn::relay
