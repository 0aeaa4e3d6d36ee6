// Commands beside one another (RFC 9051 §5.5): which may, and that it makes no difference but in the order of replies.
#include "language/imap/commands.h"
#include "language/imap/server_machine.h"
#include "language/message/structure.h"

#include <QMap>
#include <QRandomGenerator>
#include <QTest>

using namespace posthorn;
using namespace posthorn::imap;
using namespace Qt::StringLiterals;

namespace {

// A mailbox, INBOX, and the names of others; needs are met one by one, whenever it is told to.
struct World
{
    struct Stored
    {
        Flags flags = 0;
        QByteArray octets;
    };

    World()
    {
        for (Uid uid = 1; uid <= 12; ++uid) {
            const qsizetype size = uid % 3 == 0 ? 5'000 + uid * 100 : 50 + uid;
            messages[uid] = {0, "Subject: m" + QByteArray::number(uid) + "\r\n\r\n" + QByteArray(size, char('a' + uid))};
        }
    }

    MessageMark mark(Uid uid) const { return {uid, messages[uid].flags, 1, MessageId{uid}, messages[uid].octets.size()}; }

    QList<Uid> among(const QList<UidRange> &ranges) const
    {
        QList<Uid> uids;
        for (const UidRange &range : ranges) {
            for (Uid uid = range.first; uid <= range.last; ++uid) {
                if (messages.contains(uid))
                    uids += uid;
            }
        }
        return uids;
    }

    Answer operator()(const SaslBegin &) { return SaslAnswer{SaslAnswer::Outcome::Success, {}, u"anna@example.test"_s}; }
    Answer operator()(const SelectMailbox &)
    {
        Selected selected{.mailbox = MailboxId{1}, .name = u"INBOX"_s, .uidValidity = 7, .uidNext = 13};
        selected.uids = messages.keys();
        return selected;
    }
    Answer operator()(const FetchMessages &need)
    {
        FetchedRows rows;
        for (const Uid uid : among(need.uids)) {
            if (rows.rows.size() == 3) {
                rows.nextUid = uid;
                break;
            }
            FetchedRow row{.mark = mark(uid)};
            const QByteArray &octets = messages[uid].octets;
            if (need.wants.header)
                row.header = octets.first(octets.indexOf("\r\n\r\n") + 4);
            if (need.wants.parts)
                row.parts = message::packOffsets(message::parseStructure(octets).root);
            if (need.wants.body && octets.size() < 1'000)
                row.body = octets;
            rows.rows += row;
        }
        return rows;
    }
    Answer operator()(const ReadContent &need)
    {
        return ContentPiece{messages[Uid(need.message.value)].octets.mid(need.offset, std::min<qint64>(need.length, 700))};
    }
    Answer operator()(const StoreFlags &need)
    {
        FlagsStored stored;
        Flags bits = 0;
        for (const QByteArray &name : need.flags)
            bits |= name == "\\Seen" ? flag::Seen : name == "\\Deleted" ? flag::Deleted : flag::Flagged;
        for (const Uid uid : among(need.uids)) {
            Flags &flags = messages[uid].flags;
            const Flags before = flags;
            flags = need.action == FlagAction::Set ? bits : need.action == FlagAction::Add ? flags | bits : flags & ~bits;
            if (flags != before)
                stored.altered += mark(uid);
        }
        stored.highestModSeq = 1;
        return stored;
    }
    Answer operator()(const CopyMessages &need)
    {
        const QList<Uid> uids = among(need.uids);
        quint32 &there = others[need.to];
        Copied copied{.uidValidity = 9, .from = need.uids, .to = {{there + 1, there + Uid(uids.size())}}};
        there += Uid(uids.size());
        return copied;
    }
    Answer operator()(const ExpungeMessages &need)
    {
        Expunged gone;
        for (const Uid uid : need.uids.isEmpty() ? QList<Uid>(messages.keys()) : among(need.uids)) {
            if (messages[uid].flags & flag::Deleted) {
                gone.uids += UidRange{uid, uid};
                messages.remove(uid);
            }
        }
        return gone;
    }
    Answer operator()(const SearchMessages &need)
    {
        Found found;
        for (const Uid uid : messages.keys()) {
            if (need.key.op != SearchKey::Op::HasFlags || (messages[uid].flags & need.key.flags))
                found.uids += uid;
        }
        return found;
    }
    Answer operator()(const StatusMailbox &need)
    {
        return MailboxStatus{.messages = need.name == "INBOX"_L1 ? messages.size() : others.value(need.name)};
    }
    Answer operator()(const ListMailboxes &)
    {
        MailboxList list;
        for (const QString &name : std::as_const(names))
            list.mailboxes += MailboxEntry{name, {}, false, true};
        return list;
    }
    Answer operator()(const CreateMailbox &need)
    {
        names += need.name;
        return Created{MailboxId{names.size()}};
    }
    Answer operator()(const AppendBegin &need)
    {
        appending = need.name;
        return Done{};
    }
    Answer operator()(const AppendEnd &)
    {
        const quint32 uid = ++others[appending];
        return Appended{9, {{uid, uid}}};
    }
    template<typename T>
    Answer operator()(const T &) { return Done{}; }

    QMap<Uid, Stored> messages;
    QStringList names{u"INBOX"_s, u"Archive"_s, u"Drafts"_s};
    QMap<QString, quint32> others; // messages in other mailboxes
    QString appending;
};

bool isSilent(const What &what)
{
    return std::holds_alternative<Refused>(what) || std::holds_alternative<CloseMailbox>(what) || std::holds_alternative<AppendCancel>(what);
}

class Conversation
{
public:
    Conversation() : m_machine(config())
    {
        const TlsFacts tls{"TLSv1.3", "cipher", {}, "hash"};
        m_machine.start(&tls);
        sayAlone("l AUTHENTICATE PLAIN AAAA\r\n");
        sayAlone("s SELECT INBOX\r\n");
        m_output.clear();
    }

    // Each command only when all before it are done.
    void sayAlone(const QByteArray &text)
    {
        m_said += text;
        while (work(nullptr)) { }
    }
    // As fast as it is taken; all else happens in any order.
    void sayAll(const QByteArray &text, QRandomGenerator &random)
    {
        m_said += text;
        while (work(&random)) { }
    }
    const QByteArray &output() const { return m_output; }
    bool isIdle() const { return m_said.isEmpty() && m_needs.isEmpty() && m_answers.isEmpty() && m_machine.hungry(); }
    int most() const { return m_most; }

    World world;

private:
    static ServerConfig config()
    {
        ServerConfig config;
        config.outputLow = 2'000;
        return config;
    }

    void collect()
    {
        while (const auto need = m_machine.nextNeed()) {
            if (!isSilent(need->what))
                m_needs += *need;
        }
        m_most = std::max(m_most, int(m_needs.size() + m_answers.size()));
    }

    // One thing that can be done; false: nothing.
    bool work(QRandomGenerator *random)
    {
        const auto chosen = [random](qsizetype size) { return random ? random->bounded(size) : 0; };
        QList<int> can;
        if (!m_said.isEmpty() && m_machine.hungry())
            can += 0;
        if (!m_needs.isEmpty())
            can += 1;
        if (!m_answers.isEmpty())
            can += 2;
        QByteArray waiting = m_machine.takeOutput();
        m_buffer += waiting;
        m_machine.outputWaiting(m_buffer.size());
        if (!m_buffer.isEmpty())
            can += 3;
        collect();
        if (can.isEmpty())
            return !m_needs.isEmpty();
        switch (can[chosen(can.size())]) {
        case 0: {
            const qsizetype size = random ? 1 + random->bounded(std::min<qsizetype>(m_said.size(), 60)) : m_said.size();
            m_machine.receive(m_said.first(size));
            m_said = m_said.sliced(size);
            break;
        }
        case 1: { // the store does it now,
            const Need need = m_needs.takeAt(chosen(m_needs.size()));
            m_answers += {need.id, std::visit(world, need.what)};
            break;
        }
        case 2: { // and says so some time later
            auto [id, answer] = m_answers.takeAt(chosen(m_answers.size()));
            m_machine.answer(id, std::move(answer));
            break;
        }
        default:
            m_output += std::exchange(m_buffer, {});
            m_machine.outputWaiting(0);
        }
        collect();
        return true;
    }

    ServerMachine m_machine;
    QByteArray m_said, m_buffer, m_output;
    QList<Need> m_needs;
    QList<std::pair<NeedId, Answer>> m_answers;
    int m_most = 0;
};

QByteArray randomCommand(QRandomGenerator &random, int number)
{
    const auto uid = [&] { return QByteArray::number(1 + random.bounded(12)); };
    const auto set = [&] { return random.bounded(4) == 0 ? QByteArray("1:*") : uid() + ':' + uid(); };
    static const QByteArrayList flags{"\\Seen", "\\Flagged", "\\Deleted"};
    const QByteArray flag = flags[random.bounded(3)];
    const QByteArray by = random.bounded(2) ? QByteArray("UID ") : QByteArray();
    // Sequence numbers are kept small: some messages may be gone.
    const QByteArray numbers = by.isEmpty() ? QByteArray::number(1 + random.bounded(2)) + ":2" : set();
    const QByteArray other = random.bounded(2) ? "Archive" : "Drafts";
    const QByteArray tag = 't' + QByteArray::number(number) + ' ';
    switch (random.bounded(16)) {
    case 0: return tag + "NOOP\r\n";
    case 1: return tag + "STATUS " + other + " (MESSAGES)\r\n";
    case 2: return tag + "LIST \"\" *\r\n";
    case 3: return tag + by + "SEARCH " + (random.bounded(2) ? "ALL" : "SEEN") + "\r\n";
    case 4: return tag + by + "STORE " + numbers + (random.bounded(2) ? " +FLAGS (" : " -FLAGS (") + flag + ")\r\n";
    case 5: return tag + by + "STORE " + numbers + " FLAGS.SILENT (" + flag + ")\r\n";
    case 6: return tag + by + "COPY " + numbers + ' ' + other + "\r\n";
    case 7: return tag + "APPEND " + other + " {5+}\r\nhello\r\n";
    case 8: return tag + "CREATE box" + QByteArray::number(number) + "\r\n";
    case 9: return random.bounded(3) ? tag + "CAPABILITY\r\n" : tag + "UID EXPUNGE " + set() + "\r\n";
    case 10: return random.bounded(3) ? tag + "NAMESPACE\r\n" : tag + "UID SEARCH RETURN (SAVE) SEEN\r\n";
    case 11: return tag + "UID FETCH $ FLAGS\r\n";
    case 12: return tag + by + "FETCH " + numbers + " BODY[TEXT]\r\n";
    case 13: return tag + by + "FETCH " + numbers + " (FLAGS BODY.PEEK[HEADER])\r\n";
    default: return tag + by + "FETCH " + numbers + " (UID BODY.PEEK[])\r\n";
    }
}

// Responses with their literals, each as one; empty when something is torn.
QByteArrayList responses(const QByteArray &output)
{
    QByteArrayList list;
    QByteArray open;
    for (qsizetype at = 0; at < output.size();) {
        const qsizetype end = output.indexOf("\r\n", at);
        if (end < 0)
            return {};
        const QByteArray line = output.mid(at, end - at);
        at = end + 2;
        open += line;
        const qsizetype brace = line.endsWith('}') ? line.lastIndexOf('{') : -1;
        if (brace >= 0) {
            const qsizetype size = line.mid(brace + 1).chopped(1).toLongLong();
            open += output.mid(at, size);
            at += size;
            continue;
        }
        list += std::exchange(open, {});
    }
    std::sort(list.begin(), list.end());
    return list;
}

} // namespace

class TestPipelining : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void makesNoDifferenceButInOrder_data()
    {
        QTest::addColumn<quint32>("seed");
        for (quint32 seed = 1; seed <= 300; ++seed)
            QTest::addRow("seed %u", seed) << seed;
    }
    void makesNoDifferenceButInOrder()
    {
        QFETCH(quint32, seed);
        QRandomGenerator random(seed);
        QByteArrayList commands;
        for (int i = 0; i < 60; ++i)
            commands += randomCommand(random, i);
        Conversation alone, beside;
        for (const QByteArray &command : std::as_const(commands))
            alone.sayAlone(command);
        beside.sayAll(commands.join(), random);
        QVERIFY(alone.isIdle() && beside.isIdle());
        QVERIFY(beside.most() > 1);
        const QByteArrayList one = responses(alone.output()), other = responses(beside.output());
        QVERIFY(one.size() >= 60);
        for (qsizetype i = 0; i < std::min(one.size(), other.size()); ++i)
            QCOMPARE(other[i].left(300), one[i].left(300));
        QCOMPARE(other, one);
        QCOMPARE(beside.world.others, alone.world.others);
        QCOMPARE(beside.world.messages.keys(), alone.world.messages.keys());
    }
};

QTEST_GUILESS_MAIN(TestPipelining)
#include "test_pipelining.moc"
