// Answers the needs of one IMAP conversation from the store and the shared mailbox indexes.
#pragma once

#include "language/imap/server_machine.h"
#include "platform/store/accounts.h"
#include "platform/store/sharing.h"
#include "policy/auth/sasl_runner.h"
#include "service/access/filing.h"
#include "service/access/search.h"
#include "service/access/world.h"
#include "service/delivery/collector.h"

#include <memory>
#include <optional>

namespace posthorn::access {

class ImapService;
using ImapSession = net::BoundSession<imap::ServerMachine, ImapService>;

class ImapService
{
public:
    explicit ImapService(World &world);
    ~ImapService();

    void attach(net::Address address, const net::Peer &peer);
    void handle(ImapSession &session, imap::Need need);
    void closed();
    // What of a change this session may know.
    [[nodiscard]] MailboxChange heard(const MailboxChange &change);
    void lookAtRights();
    // What others have that this session can see; what has changed since is told.
    void lookAtOthers();
    // Tells who waits long how far it has come (RFC 9585).
    bool tick(ImapSession &session, qint64 steadyMs);
    void authenticated(const auth::Step &step);

private:
    // One for each need, in imap_service.cpp (signing in) and, by what they are about, the files named imap_*.cpp.
    void on(ImapSession &session, NeedId id, imap::SaslBegin &need);
    void on(ImapSession &session, NeedId id, imap::SaslContinue &need);
    void on(ImapSession &session, NeedId id, imap::SaslCancel &need);
    void on(ImapSession &session, NeedId id, imap::VerifyPassword &need);
    void on(ImapSession &session, NeedId id, imap::Unauthenticate &need);
    void on(ImapSession &session, NeedId id, imap::ListMailboxes &need);
    void on(ImapSession &session, NeedId id, imap::SelectMailbox &need);
    void on(ImapSession &session, NeedId id, imap::CloseMailbox &need);
    void on(ImapSession &session, NeedId id, imap::ListVanished &need);
    void on(ImapSession &session, NeedId id, imap::StatusMailbox &need);
    void on(ImapSession &session, NeedId id, imap::CreateMailbox &need);
    void on(ImapSession &session, NeedId id, imap::DeleteMailbox &need);
    void on(ImapSession &session, NeedId id, imap::RenameMailbox &need);
    void on(ImapSession &session, NeedId id, imap::SubscribeMailbox &need);
    void on(ImapSession &session, NeedId id, imap::AppendBegin &need);
    void on(ImapSession &session, NeedId id, imap::AppendContent &need);
    void on(ImapSession &session, NeedId id, imap::AppendNext &need);
    void on(ImapSession &session, NeedId id, imap::AppendEnd &need);
    void on(ImapSession &session, NeedId id, imap::AppendCancel &need);
    void on(ImapSession &session, NeedId id, imap::FetchMessages &need);
    void on(ImapSession &session, NeedId id, imap::FindMessage &need);
    void on(ImapSession &session, NeedId id, imap::SignUrl &need);
    void on(ImapSession &session, NeedId id, imap::ResetUrlKeys &need);
    void on(ImapSession &session, NeedId id, imap::ReadContent &need);
    void on(ImapSession &session, NeedId id, imap::StoreFlags &need);
    void on(ImapSession &session, NeedId id, imap::CopyMessages &need);
    void on(ImapSession &session, NeedId id, imap::ExpungeMessages &need);
    void on(ImapSession &session, NeedId id, imap::SearchMessages &need);
    void on(ImapSession &session, NeedId id, imap::SearchMailbox &need);
    void on(ImapSession &session, NeedId id, imap::ThreadMessages &need);
    void on(ImapSession &session, NeedId id, imap::ClientId &need);
    void on(ImapSession &session, NeedId id, imap::Refused &need);
    void on(ImapSession &session, NeedId id, imap::GetQuota &need);
    void on(ImapSession &session, NeedId id, imap::SetQuota &need);
    void on(ImapSession &session, NeedId id, imap::GetAcl &need);
    void on(ImapSession &session, NeedId id, imap::SetAcl &need);
    void on(ImapSession &session, NeedId id, imap::ListRights &need);
    void on(ImapSession &session, NeedId id, imap::MyRights &need);
    void on(ImapSession &session, NeedId id, imap::GetMetadata &need);
    void on(ImapSession &session, NeedId id, imap::SetMetadata &need);
    void on(ImapSession &session, NeedId id, imap::WatchMailboxes &need);
    void on(ImapSession &session, NeedId id, imap::UnwatchMailboxes &need);

    // A write or read whose value becomes the answer; an error becomes a Failure.
    template<typename T>
    [[nodiscard]] std::function<void(Result<T>)> bring(NeedId id) const
    {
        return [to = m_address, id](Result<T> result) {
            if (result)
                ImapSession::answerLater(to, id, imap::Answer(std::move(*result)));
            else
                ImapSession::answerLater(to, id, imap::Answer(imap::Failure{result.error()}));
        };
    }
    void selectFound(NeedId id, const imap::SelectMailbox &need, const store::Reached &found);
    void openSelected(NeedId id, const imap::SelectMailbox &need, const store::Reached &found, Uid firstRecent);
    void leaveMailbox();
    void stopWatching();
    void looked(ImapSession &session, AccountId account, const Result<store::Listing> &listing);
    void othersCame(ImapSession &session, const store::Listing &listing);
    void prefetchInbox();
    void stageChunk(NeedId id);
    void beginMessage(ImapSession &session, NeedId id, const imap::AppendOptions &options);
    [[nodiscard]] bool takeOctets(qint64 octets);
    void finishMessage();
    void stageRest(NeedId id, const imap::AppendOptions &next);
    [[nodiscard]] bool administers() const;
    [[nodiscard]] bool requireSelected(ImapSession &session, NeedId id) const;
    // Marks the changes a job made as this session's own.
    static void sign(store::Transaction &transaction, ConversationId origin);
    [[nodiscard]] ConversationId self() const { return m_address.conversation; }

    struct Append
    {
        store::Reached target;
        imap::AppendOptions options;                    // of the message under way
        std::unique_ptr<delivery::Collector> collector; // of it
        QList<Filing> messages;                         // whole ones before it
        qint64 octets = 0;                              // of all of them
        qint64 unannounced = 0;                         // left of what was said of the message under way
        qint64 held = 0;                                // in memory, of the whole ones
        quint64 number = 0; // tells a late chunk of an earlier APPEND from one of this
    };

    World &m_world;
    auth::SaslRunner<ImapSession, imap::SaslAnswer> m_sasl;
    net::Address m_address;
    net::Peer m_peer;
    TlsFacts m_tls;
    AccountId m_account;
    QString m_user;
    bool m_isWatching = false;
    NeedId m_watchNeed = 0;    // is answered after the first look
    bool m_isLooking = false;  // at others' mailboxes
    bool m_looksAgain = false; // when that is done
    std::optional<QHash<MailboxId, QString>> m_others; // mailboxes of others that it knows of
    std::shared_ptr<Progress> m_progress = std::make_shared<Progress>();
    quint64 m_workMark = 0;   // of the machine, since
    qint64 m_workSince = 0;

    MailboxId m_mailbox; // selected
    AccountId m_reader;  // whose \Seen it shows; none: the mailbox's
    std::shared_ptr<MailboxIndex> m_index;
    Uid m_firstRecent = 0;
    std::optional<Append> m_append;
    quint64 m_appends = 0;
};

} // namespace posthorn::access
