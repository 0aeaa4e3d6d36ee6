// Feeds the IMAP machine whatever comes, answers whatever it asks, and checks what must hold of any session.
#include "language/imap/server_machine.h"

#include <QHash>

#include <cstdlib>

using namespace posthorn;
using namespace posthorn::imap;

namespace {

void require(bool holds)
{
    if (!holds)
        std::abort();
}

// An answer that fits the need; every seventh is a failure.
struct Answering
{
    NeedId id;
    Answer operator()(const SaslBegin &) const { return success(); }
    Answer operator()(const SaslContinue &) const { return success(); }
    Answer operator()(const VerifyPassword &) const { return success(); }
    Answer operator()(const ListMailboxes &) const
    {
        return MailboxList{{{QStringLiteral("INBOX"), {}, true}, {QStringLiteral("a/b"), "\\Sent"}}, {QStringLiteral("gone")}};
    }
    Answer operator()(const SelectMailbox &need) const
    {
        Selected selected;
        selected.mailbox = MailboxId{1};
        selected.name = need.name;
        selected.uids = {1, 2, 5, 9};
        selected.uidNext = 10;
        selected.firstRecent = 5;
        selected.keywords = {"$Work"};
        selected.readOnly = need.readOnly;
        return selected;
    }
    Answer operator()(const StatusMailbox &) const { return MailboxStatus{}; }
    Answer operator()(const AppendEnd &) const { return Appended{7, {{10, 10}}}; }
    Answer operator()(const FetchMessages &need) const
    {
        static const QByteArray header = "From: a@example.test\r\nSubject: x\r\n\r\n";
        FetchedRows rows;
        for (const UidRange &range : need.uids) {
            for (Uid uid = range.first; uid <= range.last && uid <= 9; ++uid) {
                FetchedRow row{.mark = {uid, flag::Seen, 3, MessageId{uid}, header.size() + 5}};
                row.envelope = "(NIL)";
                row.bodyStructure = "(\"TEXT\")";
                row.header = header;
                if (need.wants.body && uid != 5)
                    row.body = header + "12345";
                rows.rows += row;
                if (uid == 2) {
                    rows.nextUid = 3;
                    return rows;
                }
            }
        }
        return rows;
    }
    Answer operator()(const ReadContent &need) const { return ContentPiece{QByteArray(qMin<qint64>(need.length, 1000), 'x')}; }
    Answer operator()(const FindMessage &need) const
    {
        const FetchMessages like{{{std::min(need.uid, Uid(9)), std::min(need.uid, Uid(9))}}, need.wants};
        return (*this)(like);
    }
    Answer operator()(const SignUrl &) const { return UrlToken{"01"}; }
    Answer operator()(const StoreFlags &need) const
    {
        return FlagsStored{{{need.uids.value(0).first, flag::Seen, 4, MessageId{1}, 1}}, {{need.uids.value(0).last, flag::Seen, 3, MessageId{2}, 1}}, {}, {"$Work", "more"}, 4};
    }
    Answer operator()(const CopyMessages &need) const
    {
        return Copied{7, need.uids, need.uids, need.move ? need.uids : QList<UidRange>(), 5};
    }
    Answer operator()(const ExpungeMessages &need) const { return Expunged{need.uids, 6}; }
    Answer operator()(const SearchMessages &) const { return Found{{1, 5, 9, 10}, 6}; }
    Answer operator()(const SearchMailbox &) const { return FoundIn{7, {1, 5, 9}, {3, 4, 5}}; }
    Answer operator()(const ThreadMessages &) const
    {
        return Threaded{{{1, 0}, {2, 2}, {5, 0}, {9, 0}, {0, 2}, {1, 0}, {2, 1}, {5, 0}}, 3};
    }
    Answer operator()(const CreateMailbox &) const { return Created{MailboxId{9}}; }
    Answer operator()(const ListVanished &need) const { return Vanished{need.uids}; }
    Answer operator()(const GetAcl &) const { return Acl{{{QStringLiteral("anna@example.test"), right::All}, {QStringLiteral("-x y"), 0}}}; }
    Answer operator()(const ListRights &) const { return Grantable{right::Owners, right::Read}; }
    Answer operator()(const MyRights &) const { return OwnRights{right::Read | right::Lookup}; }
    Answer operator()(const GetMetadata &) const { return Annotations{{{"/shared/comment", QByteArray("a\0\xff", 3)}, {"/private/x", {}}}, 7}; }
    Answer operator()(const SetQuota &) const { return Quota{QStringLiteral("root"), 1, 2, 3, 4}; }
    Answer operator()(const GetQuota &) const { return Quota{QStringLiteral("root"), 1, 2}; }
    template<typename T>
    Answer operator()(const T &) const { return Done{}; }

    Answer success() const
    {
        if (id % 3 == 0)
            return SaslAnswer{SaslAnswer::Outcome::Challenge, "more", {}};
        return SaslAnswer{SaslAnswer::Outcome::Success, {}, QStringLiteral("a@example.test")};
    }
};

bool isAnswered(const What &what)
{
    return !std::holds_alternative<SaslCancel>(what) && !std::holds_alternative<CloseMailbox>(what)
           && !std::holds_alternative<AppendCancel>(what) && !std::holds_alternative<ClientId>(what)
           && !std::holds_alternative<Refused>(what) && !std::holds_alternative<UnwatchMailboxes>(what) && !std::holds_alternative<Unauthenticate>(what);
}

class World
{
public:
    explicit World(qint64 messageLimit) : m_machine(config(messageLimit))
    {
        static const TlsFacts tls{"TLSv1.3", {}, {}, "hash"};
        m_machine.start(&tls);
    }

    void feed(QByteArrayView bytes)
    {
        if (m_machine.finished() || m_machine.wantsTls())
            return;
        settle();
        if (m_machine.hungry())
            m_machine.receive(bytes);
        settle();
    }

    void change(quint8 what)
    {
        MailboxChange change{.mailbox = MailboxId{1}, .modSeq = ++m_modSeq};
        if (what & 1)
            change.appended = {{Uid(10 + m_modSeq), 0, m_modSeq, MessageId{1}, 1}};
        if (what & 2)
            change.expunged = {{Uid(what % 11 + 1), Uid(what % 13 + 1)}};
        if (what & 4)
            change.altered = {{Uid(what % 9 + 1), Flags(what), m_modSeq, MessageId{1}, 1}};
        m_machine.changed(change);
        m_machine.noticed({.kind = Notice::Kind(what % 6), .mailbox = MailboxId{2}, .name = QStringLiteral("Work"),
                           .oldName = QStringLiteral("Old"), .appended = true});
        settle();
    }

    void finish()
    {
        m_machine.shutDown();
        settle();
        require(m_machine.finished() || m_machine.wantsTls());
        require(!m_machine.hungry());
    }

private:
    static ServerConfig config(qint64 messageLimit)
    {
        ServerConfig config;
        config.maxMessageSize = 10'000;
        config.messageLimit = messageLimit;
        return config;
    }

    void settle()
    {
        for (int rounds = 0;; ++rounds) {
            bool idle = true;
            while (auto need = m_machine.nextNeed()) {
                idle = false;
                if (!isAnswered(need->what))
                    continue;
                if (need->id % 7 == 0)
                    m_machine.answer(need->id, Failure{Error{ErrorKind(need->id % 9), {}, {}, -1}});
                else
                    m_machine.answer(need->id, std::visit(Answering{need->id}, need->what));
            }
            const QByteArray output = m_machine.takeOutput();
            idle = idle && output.isEmpty();
            require(output.isEmpty() || output.endsWith("\r\n") || m_midLiteral);
            m_machine.outputWaiting(0);
            if (idle)
                return;
            require(rounds < 100'000);
        }
    }

    ServerMachine m_machine;
    ModSeq m_modSeq = 10;
    bool m_midLiteral = true; // pieces of a message may end anywhere
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // The first octet says how the rest is cut, when the world changes, and whether a command works on few messages only.
    if (size == 0)
        return 0;
    const int step = data[0] % 64 + 1;
    const QByteArrayView input(data + 1, qsizetype(size) - 1);
    World world(data[0] & 128 ? 2 : 0);
    world.feed("l AUTHENTICATE SCRAM-SHA-256 AAAA\r\n");
    world.feed("s SELECT INBOX\r\n");
    for (qsizetype at = 0; at < input.size(); at += step) {
        world.feed(input.sliced(at, qMin<qsizetype>(step, input.size() - at)));
        if (data[0] & 64)
            world.change(quint8(input[at]));
    }
    world.finish();
    return 0;
}
