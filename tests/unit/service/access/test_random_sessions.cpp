// Several sessions do what they like with the same mailboxes, and news reach them early or late: what each is told must be
// what happened. POSTHORN_STEPS says how long, POSTHORN_SEED repeats a run.
#include "unit/service/access/access_house.h"
#include "unit/service/access/believing_client.h"

#include <QElapsedTimer>
#include <QRandomGenerator>

#include <cstdio>

using namespace posthorn;
using namespace posthorn::access;
using namespace posthorn::access::model;
using store::must;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int usualSteps = 8'000;
#else
constexpr int usualSteps = 50'000;
#endif
constexpr int betweenChecks = 250;
constexpr qsizetype fullMailbox = 40;

class ToldSession : public ImapSession
{
public:
    using ImapSession::ImapSession;
    void changed(const MailboxChange &change) override
    {
        onChange(change);
        ImapSession::changed(change);
    }
    std::function<void(const MailboxChange &)> onChange;
};

struct Player : BelievingClient
{
    ConversationId id;
    std::unique_ptr<ToldSession> session;
    QByteArray said;              // not taken by the machine yet
    QQueue<QList<MailboxChange>> outcomes; // of what it wrote, not known to its session yet
    bool takesRecent = false, saysDone = false;
    int commands = 0;
    [[nodiscard]] imap::ServerMachine &machine() const { return static_cast<imap::ServerMachine &>(session->machine()); }
};

QByteArray rangesText(const QList<Uid> &uids)
{
    QByteArrayList words;
    for (qsizetype i = 0; i < uids.size(); ++i) {
        const qsizetype first = i;
        while (i + 1 < uids.size() && uids[i + 1] == uids[i] + 1)
            ++i;
        words += QByteArray::number(uids[first]) + (i > first ? ':' + QByteArray::number(uids[i]) : QByteArray());
    }
    return words.join(',');
}

class Game
{
public:
    explicit Game(quint32 seed) : m_random(seed)
    {
        for (const char *name : {"INBOX", "Archive"}) {
            const store::Mailbox row = m_house.fixture.mailbox(m_house.account, QString::fromLatin1(name));
            m_boxes.append({.id = row.id, .name = name, .uidValidity = row.uidValidity, .uidNext = row.uidNext,
                            .firstRecent = row.firstRecent, .highest = row.highestModSeq});
        }
        for (const char *kind : {"plain", "rev2", "condstore", "qresync", "rev2 qresync", "uidonly qresync"})
            m_players.push_back(signIn(kind));
    }
    // Empty, or what went wrong.
    QByteArray play(int steps)
    {
        while (m_steps < steps && m_fault.isEmpty()) {
            step();
            if (m_steps % betweenChecks == 0 && m_steps != m_checked) {
                m_checked = m_steps;
                compareAll();
            }
        }
        compareAll();
        if (m_fault.isEmpty() && !m_house.fixture.faults().isEmpty())
            fail("the store has faults: " + m_house.fixture.faults().join(u'\n').toUtf8());
        return m_fault.isEmpty() ? m_fault : m_fault + "\nafter\n" + m_log.join('\n');
    }

private:
    int below(int limit) { return limit > 0 ? m_random.bounded(limit) : 0; }
    void fail(const QByteArray &fault)
    {
        if (m_fault.isEmpty())
            m_fault = "step " + QByteArray::number(m_steps) + ": " + fault;
    }
    void note(const QByteArray &line)
    {
        m_log += line;
        if (m_log.size() > 120)
            m_log.remove(0, 60);
    }
    Mailbox &box(const QByteArray &name) { return m_boxes[name == "INBOX" ? 0 : 1]; }

    // --- sessions

    std::unique_ptr<Player> signIn(const QByteArray &kind)
    {
        auto player = std::make_unique<Player>();
        player->id = ConversationId{++m_lastId};
        player->name = kind;
        player->truthOf = [this](const QByteArray &name) -> Mailbox & { return box(name); };
        imap::ServerConfig config;
        config.plaintextAllowed = true;
        player->session = std::make_unique<ToldSession>(config, std::make_unique<ImapService>(m_house.world), "imap"_L1);
        player->session->onChange = [one = player.get()](const MailboxChange &change) { one->reach(change); };
        player->session->attach({&m_house.office, player->id}, {.address = "127.0.0.1"});
        player->machine().start(nullptr);
        player->machine().receive("x LOGIN a b\r\n");
        const auto need = player->machine().nextNeed();
        player->session->service().authenticated({auth::Step::Outcome::Success, {}, m_house.account, u"alice@example.test"_s, "PLAIN"});
        player->machine().answer(need->id, imap::SaslAnswer{imap::SaslAnswer::Outcome::Success, {}, u"alice@example.test"_s});
        m_house.settle();
        const QByteArray greeting = player->machine().takeOutput();
        QByteArrayList enable;
        player->rev2 = kind.contains("rev2");
        player->qresync = kind.contains("qresync");
        player->condstore = player->qresync || kind == "condstore";
        player->uidOnly = kind.contains("uidonly") && greeting.contains(" UIDONLY");
        for (const auto &[wanted, word] : {std::pair(player->rev2, "IMAP4rev2"), std::pair(player->qresync, "QRESYNC"),
                                           std::pair(kind == "condstore", "CONDSTORE"), std::pair(player->uidOnly, "UIDONLY")}) {
            if (wanted)
                enable += word;
        }
        if (!enable.isEmpty())
            say(*player, {.line = "ENABLE " + enable.join(' '), .verb = "ENABLE"});
        pump(*player);
        return player;
    }

    void signOut(std::unique_ptr<Player> &player)
    {
        note("C " + player->name + ": signs out");
        player->session->closed();
        m_house.office.close(player->id);
        const QByteArray kind = player->name;
        player.reset();
        player = signIn(kind);
    }

    void say(Player &player, Sent sent, const QByteArray &literal = {})
    {
        if (player.underWay({sent.verb}))
            return;
        sent.tag = "a" + QByteArray::number(++player.commands);
        note("C " + player.name + ": " + sent.tag + ' ' + sent.line);
        player.said += sent.tag + ' ' + sent.line + literal + "\r\n";
        player.outstanding.enqueue(std::move(sent));
    }

    // Goes on as far as it goes without letters.
    void pump(Player &player)
    {
        imap::ServerMachine &machine = player.machine();
        for (bool going = true; going && m_fault.isEmpty();) {
            going = false;
            if (!player.said.isEmpty() && machine.hungry()) {
                const qsizetype size = below(4) ? player.said.size() : 1 + below(int(player.said.size()));
                machine.receive(player.said.first(size));
                player.said = player.said.sliced(size);
                going = true;
            }
            going = listen(player) || going; // first: what is said before a need is
            if (auto need = machine.nextNeed()) {
                handle(player, std::move(*need));
                going = true;
            }
        }
        if (player.idle && !player.saysDone) {
            player.checkTold(true);
            if (!player.fault.isEmpty())
                fail("while idle " + player.fault);
        }
    }

    bool listen(Player &player)
    {
        const QByteArray some = player.machine().takeOutput();
        if (some.isEmpty())
            return false;
        player.hear(some);
        for (const QByteArray &line : std::exchange(player.log, {}))
            note(line);
        if (!player.fault.isEmpty())
            fail(player.fault);
        player.machine().outputWaiting(0);
        return true;
    }

    void deliver(Player &player)
    {
        const PostOffice::Waiting waiting = m_house.office.take(player.id);
        if (waiting.isOutcome) {
            for (const MailboxChange &change : player.outcomes.dequeue())
                player.reach(change);
        }
        Sent *opens = player.underWay({"SELECT"});
        if (opens && waiting.isRead && std::exchange(player.takesRecent, false)) {
            Mailbox &opened = box(opens->mailbox);
            player.firstRecent = opened.firstRecent < opened.uidNext ? opened.firstRecent : 0;
            opened.firstRecent = opened.uidNext;
        }
        waiting.letter(*player.session);
        if (opens)
            m_house.settle();
        pump(player);
    }

    // --- needs: what they do to the model, then to the store

    void handle(Player &player, imap::Need need)
    {
        std::visit([&](const auto &what) { expect(player, what); }, need.what);
        const bool writes = std::holds_alternative<imap::StoreFlags>(need.what) || std::holds_alternative<imap::CopyMessages>(need.what)
                            || std::holds_alternative<imap::ExpungeMessages>(need.what)
                            || std::holds_alternative<imap::AppendEnd>(need.what);
        const bool expunges = std::holds_alternative<imap::ExpungeMessages>(need.what);
        player.session->service().handle(*player.session, std::move(need));
        if (!writes)
            return m_house.settleReads();
        m_house.settleWrites();
        m_house.office.markLast(player.id);
        const QList<MailboxChange> changes = settleBoxes();
        QList<MailboxChange> own;
        for (const MailboxChange &change : changes) {
            if (change.origin == player.id)
                own += MailboxChange{.mailbox = change.mailbox, .altered = change.altered, .expunged = change.expunged};
        }
        player.outcomes.enqueue(own);
        if (Sent *sent = player.underWay({"EXPUNGE"}); sent && player.qresync && expunges && !own.isEmpty()) // RFC 7162 §3.2.7
            sent->code = "HIGHESTMODSEQ " + QByteArray::number(box(player.selected).highest);
    }
    QList<MailboxChange> settleBoxes()
    {
        const QList<MailboxChange> changes = m_house.takeChanges();
        for (Mailbox &one : m_boxes) {
            if (const QByteArray fault = one.settle(changes); !fault.isEmpty())
                fail(fault);
        }
        return changes;
    }

    template<typename What>
    void expect(Player &, const What &)
    {
    }
    void expect(Player &player, const imap::SelectMailbox &need)
    {
        const Mailbox &opened = box(need.name.toUtf8());
        const bool hasRecent = opened.firstRecent < opened.uidNext;
        player.takesRecent = hasRecent && !need.readOnly;
        player.firstRecent = hasRecent ? opened.firstRecent : 0;
    }
    void expect(Player &player, const imap::FetchMessages &need)
    {
        Sent *asked = player.underWay({"FETCH", "SELECT"});
        if (!asked || player.selected.isEmpty())
            return fail("rows nobody asked for");
        Sent &sent = *asked;
        if (sent.verb == "FETCH" && !std::exchange(sent.isAsked, true))
            checkWanted(player, sent, need.uids);
        sent.rows.clear();
        sent.untold.clear();
        for (const Message &message : std::as_const(box(player.selected).messages)) {
            if (!isIn(need.uids, message.uid) || message.modSeq <= need.changedSince)
                continue;
            sent.rows[message.uid] = message;
            if (player.belief(message.uid))
                sent.untold += message.uid;
        }
    }
    void expect(Player &player, const imap::StoreFlags &need)
    {
        const Set set = setOf(need.flags).value_or(0);
        Sent &sent = *player.underWay({"STORE", "FETCH"}); // FETCH marks as \Seen, and waits for STORE as STORE for it
        const QList<Uid> modified = box(player.selected).store(need.uids, Action(int(need.action)), set, need.unchangedSince);
        if (sent.verb != "STORE")
            return;
        checkWanted(player, sent, need.uids);
        sent.modified = modified;
        for (const Message &message : std::as_const(box(player.selected).messages)) {
            if (!isIn(need.uids, message.uid) || modified.contains(message.uid))
                continue;
            sent.rows[message.uid] = message;
            if (player.belief(message.uid) && !sent.silent)
                sent.untold += message.uid;
        }
        if (sent.flags != set || int(sent.action) != int(need.action))
            fail("stores other flags than it was told");
    }
    void expect(Player &player, const imap::CopyMessages &need)
    {
        Sent &sent = *player.underWay({need.move ? "MOVE" : "COPY"});
        checkWanted(player, sent, need.uids);
        Mailbox &from = box(player.selected), &to = box(need.to.toUtf8());
        QList<Uid> sources, targets;
        for (const Message &message : QList<Message>(from.messages)) {
            if (!isIn(need.uids, message.uid))
                continue;
            sources += message.uid;
            targets += to.uidNext;
            to.append(message.flags, message.number);
        }
        if (need.move)
            from.remove([&](const Message &message) { return sources.contains(message.uid); });
        if (!sources.isEmpty())
            sent.code = "COPYUID " + QByteArray::number(to.uidValidity) + ' ' + rangesText(sources) + ' ' + rangesText(targets);
    }
    void expect(Player &player, const imap::ExpungeMessages &need)
    {
        box(player.selected).remove([&](const Message &message) {
            return (message.flags & Deleted) && (need.uids.isEmpty() || isIn(need.uids, message.uid));
        });
    }
    void expect(Player &player, const imap::AppendEnd &)
    {
        Sent &sent = *player.underWay({"APPEND"});
        Mailbox &target = box(sent.mailbox);
        sent.code = "APPENDUID " + QByteArray::number(target.uidValidity) + ' ' + QByteArray::number(target.uidNext);
        target.append(sent.flags, sent.found.first());
    }
    void expect(Player &player, const imap::SearchMessages &)
    {
        Sent &sent = *player.underWay({"SEARCH"});
        for (const Message &message : std::as_const(box(player.selected).messages)) {
            if (sent.matches(message))
                sent.found += message.uid;
        }
    }
    void expect(Player &player, const imap::StatusMailbox &need)
    {
        const Mailbox &asked = box(need.name.toUtf8());
        const auto count = [&](Set with, Set without) {
            return QByteArray::number(std::ranges::count_if(asked.messages, [=](const Message &message) {
                return (message.flags & with) == with && !(message.flags & without);
            }));
        };
        player.underWay({"STATUS"})->code = "(MESSAGES " + count(0, 0) + " UIDNEXT " + QByteArray::number(asked.uidNext) + " UNSEEN "
                                          + count(0, Seen) + " DELETED " + count(Deleted, 0) + " HIGHESTMODSEQ "
                                          + QByteArray::number(asked.highest) + ')';
    }
    // The command is about the messages that the client means.
    void checkWanted(const Player &player, const Sent &sent, const QList<UidRange> &uids)
    {
        for (const Belief &one : player.seen) {
            if (sent.wanted.contains(one.uid) != isIn(uids, one.uid))
                fail(player.name + " means " + rangesText(sent.wanted) + " with " + sent.line + ", and "
                     + QByteArray::number(one.uid) + " is taken otherwise");
        }
    }

    // --- what they do

    void step()
    {
        auto &player = m_players[size_t(below(int(m_players.size())))];
        const int chance = below(10);
        if (chance < 3 && m_house.office.hasLate(player->id))
            m_house.office.admitLate(player->id);
        if (chance < 7 && m_house.office.has(player->id))
            return deliver(*player);
        if (below(60) == 0) {
            ++m_steps;
            return someoneElse();
        }
        if (player->outstanding.isEmpty() && below(3'000) == 0) {
            ++m_steps;
            return signOut(player);
        }
        if (act(*player)) {
            ++m_steps;
            pump(*player);
        }
    }

    // Mail arrives, or POP3 takes some away.
    void someoneElse()
    {
        Mailbox &target = m_boxes[below(4) ? 0 : 1];
        const bool takes = target.messages.size() > fullMailbox || below(3) == 0;
        const int from = below(int(target.messages.size())), count = target.messages.size() > fullMailbox ? 15 : 1 + below(3);
        QList<UidRange> uids;
        for (const Message &message : target.messages.mid(from, takes ? count : 0))
            uids += UidRange{message.uid, message.uid};
        note("- mail " + QByteArray(takes ? "is taken away from " : "arrives in ") + target.name);
        if (takes && uids.isEmpty())
            return;
        if (takes)
            target.remove([&](const Message &message) { return isIn(uids, message.uid); });
        else
            target.append(0, ++m_letters);
        m_house.fixture.write([&](store::Transaction &transaction) -> Result<int> {
            if (takes) {
                must(store::Mailboxes::expunge(transaction, target.id, uids, true, u"someone"_s));
            } else {
                const auto digest = store::Fixture::digestOf("Subject: m" + QByteArray::number(m_letters) + "\r\n\r\n", 5);
                must(store::Mailboxes::add(transaction, target.id, must(store::Messages::add(transaction, digest, "body\n")), 0, 1));
            }
            return 0;
        });
        settleBoxes();
    }

    bool act(Player &player)
    {
        if (player.idle) {
            if (player.saysDone || below(6))
                return false;
            player.said += "DONE\r\n";
            note("C " + player.name + ": DONE");
            return player.saysDone = true;
        }
        const bool waits = !player.outstanding.isEmpty();
        if (waits && (player.outstanding.size() > 1 || below(3)
                      || QByteArrayList{"SELECT", "CLOSE", "IDLE", "ENABLE"}.contains(player.outstanding.first().verb)))
            return false;
        player.saysDone = false;
        if (player.selected.isEmpty())
            return waits ? false : outside(player);
        const bool numbered = !player.uidOnly && (!waits || (!player.outstanding.first().byUid && player.outstanding.first().verb != "COPY"
                                                              && player.outstanding.first().verb != "MOVE"));
        return inside(player, numbered && below(2), waits);
    }

    bool outside(Player &player)
    {
        switch (below(8)) {
        case 0: append(player); break;
        case 1: status(player); break;
        default: select(player); break;
        }
        return true;
    }

    bool inside(Player &player, bool numbered, bool waits)
    {
        switch (below(20)) {
        case 0: case 1: case 2: append(player); break;
        case 3: case 4: case 5: case 6: storeFlags(player, numbered); break;
        case 7: case 8: case 9: fetch(player, numbered, waits); break;
        case 10: case 11: search(player, numbered, waits); break;
        case 12: say(player, {.line = "EXPUNGE", .verb = "EXPUNGE", .mayFail = player.readOnly}); break;
        case 13: copy(player, numbered && !waits); break;
        case 14: status(player); break;
        case 15: uidExpunge(player); break;
        case 16: if (!waits) say(player, {.line = "IDLE", .verb = "IDLE"}); break;
        case 17: if (!waits && !below(3)) leave(player); break;
        default: say(player, {.line = below(2) ? "NOOP" : "CHECK", .verb = "NOOP"}); break;
        }
        return true;
    }

    void leave(Player &player)
    {
        if (below(3) == 0)
            return select(player);
        const bool close = below(2);
        say(player, {.line = close ? "CLOSE" : "UNSELECT", .verb = "CLOSE"});
    }

    void select(Player &player)
    {
        Sent sent{.verb = "SELECT", .mailbox = below(4) ? "INBOX" : "Archive", .readOnly = below(6) == 0};
        sent.line = (sent.readOnly ? "EXAMINE " : "SELECT ") + sent.mailbox;
        const auto before = player.remembered.constFind(sent.mailbox);
        if (player.qresync && sent.mailbox != player.selected && before != player.remembered.cend() && before->highest > 0 && below(4)) {
            sent.line += " (QRESYNC (" + QByteArray::number(box(sent.mailbox).uidValidity) + ' ' + QByteArray::number(before->highest);
            sent.line += "))";
        }
        say(player, std::move(sent));
    }

    void append(Player &player)
    {
        Sent sent{.verb = "APPEND", .mailbox = below(5) ? "INBOX" : "Archive"};
        if (box(sent.mailbox).messages.size() > fullMailbox)
            return say(player, {.line = "NOOP", .verb = "NOOP"});
        sent.flags = below(3) ? 0 : someFlags();
        sent.found = {Uid(++m_letters)};
        const QByteArray octets = "Subject: m" + QByteArray::number(m_letters) + "\r\n\r\nhello\r\n";
        sent.line = "APPEND " + sent.mailbox + " (" + wordsOf(sent.flags).join(' ') + ") {" + QByteArray::number(octets.size()) + "+}";
        say(player, std::move(sent), "\r\n" + octets);
    }

    void status(Player &player)
    {
        say(player, {.line = "STATUS " + QByteArray(below(2) ? "INBOX" : "Archive") + " (MESSAGES UIDNEXT UNSEEN DELETED HIGHESTMODSEQ)",
                     .verb = "STATUS"});
    }

    Set someFlags()
    {
        static const QList<Set> some{Seen, Deleted, Deleted, Flagged, 2 | 16, 32, 64, 32 | Seen, 128};
        return some[below(int(some.size()))];
    }

    // A set of messages, and which it means. Empty: there are none.
    QByteArray someMessages(Player &player, bool numbered, Sent &sent)
    {
        sent.byUid = !numbered;
        if (player.seen.isEmpty())
            return {};
        const int first = below(int(player.seen.size())), last = std::min(first + below(6), int(player.seen.size()) - 1);
        const auto name = [&](int index) { return QByteArray::number(numbered ? index + 1 : qint64(player.seen[index].uid)); };
        if (below(4) == 0 && last > first) {
            sent.wanted = {player.seen[first].uid, player.seen[last].uid};
            return name(last) + ',' + name(first);
        }
        for (int i = first; i <= last; ++i)
            sent.wanted += player.seen[i].uid;
        return name(first) + (last > first ? ':' + name(last) : QByteArray());
    }

    void storeFlags(Player &player, bool numbered)
    {
        Sent sent{.verb = "STORE", .mayFail = player.readOnly, .action = Action(below(3)), .flags = someFlags(), .silent = below(3) == 0};
        const QByteArray set = someMessages(player, numbered, sent);
        if (set.isEmpty())
            return append(player);
        sent.line = (sent.byUid ? "UID STORE " : "STORE ") + set;
        if (player.condstore && below(4) == 0)
            sent.line += " (UNCHANGEDSINCE " + QByteArray::number(box(player.selected).highest - std::min<ModSeq>(ModSeq(below(8)), box(player.selected).highest)) + ')';
        sent.line += sent.action == Action::Replace ? " FLAGS" : sent.action == Action::Add ? " +FLAGS" : " -FLAGS";
        sent.line += (sent.silent ? ".SILENT (" : " (") + wordsOf(sent.flags).join(' ') + ')';
        say(player, std::move(sent));
    }

    void fetch(Player &player, bool numbered, bool waits)
    {
        Sent sent{.verb = "FETCH"};
        QByteArray set = someMessages(player, numbered, sent);
        if (!waits && !player.saved.isEmpty() && below(3) == 0) {
            set = "$";
            sent.wanted = player.saved;
        }
        if (set.isEmpty())
            return append(player);
        sent.line = (sent.byUid ? "UID FETCH " : "FETCH ") + set;
        const int kind = below(4);
        sent.wantsContent = kind > 1;
        sent.wantsFlags = kind < 2;
        sent.line += kind == 3 ? " (UID BODY[])" : kind == 2 ? " (UID BODY.PEEK[])" : " (UID FLAGS)";
        if (player.condstore && kind == 1) {
            const ModSeq highest = box(player.selected).highest;
            sent.line += " (CHANGEDSINCE " + QByteArray::number(std::max<ModSeq>(1, highest - std::min<ModSeq>(highest, ModSeq(below(30)))));
            sent.line += sent.byUid && player.qresync && below(2) ? " VANISHED)" : ")";
        }
        say(player, std::move(sent));
    }

    void search(Player &player, bool numbered, bool waits)
    {
        Sent sent{.verb = "SEARCH", .byUid = !numbered};
        sent.saves = !waits && below(4) == 0;
        const auto [text, matches] = someKey(player, numbered, below(2));
        sent.matches = matches;
        sent.line = QByteArray(numbered ? "SEARCH " : "UID SEARCH ") + (sent.saves ? "RETURN (SAVE) " : "") + text;
        say(player, std::move(sent));
    }

    using Matches = std::function<bool(const Message &)>;
    std::pair<QByteArray, Matches> someKey(Player &player, bool numbered, int depth)
    {
        static const QList<std::pair<QByteArray, Set>> flags{{"SEEN", Seen}, {"DELETED", Deleted}, {"FLAGGED", Flagged},
                                                             {"KEYWORD $Work", 32}, {"KEYWORD $Other", 64}, {"ANSWERED", 2}};
        if (depth > 0 && below(2)) {
            const auto one = someKey(player, numbered, depth - 1), two = someKey(player, numbered, depth - 1);
            switch (below(3)) {
            case 0: return {"OR " + one.first + ' ' + two.first, [=](const Message &m) { return one.second(m) || two.second(m); }};
            case 1: return {'(' + one.first + ' ' + two.first + ')', [=](const Message &m) { return one.second(m) && two.second(m); }};
            default: return {"NOT " + one.first, [=](const Message &m) { return !one.second(m); }};
            }
        }
        switch (below(5)) {
        case 0: return {"ALL", [](const Message &) { return true; }};
        case 1: {
            const QByteArray part = "m" + QByteArray::number(1 + below(m_letters));
            return {"SUBJECT " + part, [part](const Message &m) { return ("m" + QByteArray::number(m.number)).contains(part); }};
        }
        case 2: {
            Sent sent;
            if (const QByteArray set = someMessages(player, numbered, sent); !set.isEmpty())
                return {(numbered ? "" : "UID ") + set, [uids = sent.wanted](const Message &m) { return uids.contains(m.uid); }};
            return {"UNSEEN", [](const Message &m) { return !(m.flags & Seen); }};
        }
        default: {
            const auto [name, set] = flags[below(int(flags.size()))];
            return {name, [flag = set](const Message &m) { return bool(m.flags & flag); }};
        }
        }
    }

    void copy(Player &player, bool numbered)
    {
        const bool move = below(2);
        Sent sent{.verb = move ? "MOVE" : "COPY", .mayFail = move && player.readOnly, .mailbox = below(3) ? "Archive" : "INBOX"};
        const QByteArray set = someMessages(player, numbered, sent);
        if (set.isEmpty() || (!move && box(sent.mailbox).messages.size() > fullMailbox))
            return append(player);
        sent.line = (sent.byUid ? "UID " : "") + sent.verb + ' ' + set + ' ' + sent.mailbox;
        say(player, std::move(sent));
    }

    void uidExpunge(Player &player)
    {
        Sent sent{.verb = "EXPUNGE", .mayFail = player.readOnly};
        const QByteArray set = someMessages(player, false, sent);
        if (set.isEmpty())
            return append(player);
        sent.line = "UID EXPUNGE " + set;
        say(player, std::move(sent));
    }

    // --- when all is quiet, all must know the same

    void quieten(Player &player)
    {
        for (int rounds = 0; m_fault.isEmpty() && rounds < 1'000; ++rounds) {
            m_house.office.admitLate(player.id);
            if (player.idle && !std::exchange(player.saysDone, true))
                player.said += "DONE\r\n";
            if (m_house.office.has(player.id))
                deliver(player);
            else if (player.outstanding.isEmpty() && player.said.isEmpty())
                return;
            else
                pump(player);
        }
        fail(player.name + " is not answered: " + (player.outstanding.isEmpty() ? QByteArray() : player.outstanding.first().line));
    }

    void compareAll()
    {
        for (const auto &player : m_players)
            quieten(*player);
        for (const auto &player : m_players) {
            if (!m_fault.isEmpty() || player->selected.isEmpty())
                continue;
            quieten(*player); // what the others' last commands did
            say(*player, {.line = "NOOP", .verb = "NOOP"});
            quieten(*player);
            compare(*player);
        }
        for (Mailbox &one : m_boxes) {
            const QList<MessageMark> marks = m_house.fixture.marks(one.id);
            bool same = marks.size() == one.messages.size();
            for (qsizetype i = 0; same && i < marks.size(); ++i)
                same = marks[i].uid == one.messages[i].uid && one.setOfBits(marks[i].flags) == one.messages[i].flags
                       && marks[i].modSeq == one.messages[i].modSeq;
            if (!same)
                fail("the store does not hold what " + one.name + " should");
        }
    }
    void compare(const Player &player)
    {
        const QList<Message> &messages = box(player.selected).messages;
        if (messages.size() != player.seen.size())
            fail(player.name + " does not know what is in " + player.selected);
        for (qsizetype i = 0; m_fault.isEmpty() && i < messages.size(); ++i) {
            const Message &message = messages[i];
            const Belief &belief = player.seen[i];
            if (message.uid != belief.uid || (belief.hasFlags && belief.flags != message.flags))
                fail(player.name + " believes that " + QByteArray::number(belief.uid) + " has " + wordsOf(belief.flags).join(' ')
                     + ", but " + QByteArray::number(message.uid) + " has " + wordsOf(message.flags).join(' '));
        }
    }

    QRandomGenerator m_random;
    AccessHouse m_house;
    QList<Mailbox> m_boxes;
    std::vector<std::unique_ptr<Player>> m_players;
    QByteArrayList m_log;
    QByteArray m_fault;
    int m_steps = 0, m_checked = 0;
    int m_letters = 0;
    qint64 m_lastId = 0;
};

} // namespace

class TestRandomSessions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void areToldWhatHappened()
    {
        bool given = false;
        quint32 seed = qEnvironmentVariable("POSTHORN_SEED").toUInt(&given);
        if (!given)
            seed = QRandomGenerator::global()->generate();
        int steps = qEnvironmentVariableIntValue("POSTHORN_STEPS");
        if (steps <= 0)
            steps = usualSteps;
        qInfo("POSTHORN_SEED=%u POSTHORN_STEPS=%d", seed, steps);
        QElapsedTimer timer;
        timer.start();
        const QByteArray fault = Game(seed).play(steps);
        if (!fault.isEmpty())
            std::fprintf(stderr, "%s\n", fault.constData());
        QVERIFY2(fault.isEmpty(), fault.split('\n').first().constData());
        qInfo("%d steps in %.1f s", steps, double(timer.elapsed()) / 1000);
    }
};

int main(int argc, char **argv)
{
#ifdef Q_OS_LINUX
    if (QFileInfo(u"/dev/shm"_s).isWritable())
        qputenv("TMPDIR", "/dev/shm"); // what is tested is not the disk
#endif
    if (qEnvironmentVariableIntValue("POSTHORN_STEPS") > usualSteps)
        qputenv("QTEST_FUNCTION_TIMEOUT", "86400000"); // Qt Test takes five minutes for an eternity
    TestRandomSessions test;
    QCoreApplication application(argc, argv);
    return QTest::qExec(&test, argc, argv);
}
#include "test_random_sessions.moc"
