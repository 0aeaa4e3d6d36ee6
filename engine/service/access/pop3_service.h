// Answers the needs of one POP3 conversation: its account's INBOX is the maildrop.
#pragma once

#include "language/pop3/server_machine.h"
#include "policy/auth/sasl_runner.h"
#include "service/access/world.h"

namespace posthorn::access {

class Pop3Service;
using Pop3Session = net::BoundSession<pop3::ServerMachine, Pop3Service>;

class Pop3Service
{
public:
    explicit Pop3Service(World &world);
    ~Pop3Service();

    void attach(net::Address address, const net::Peer &peer);
    void handle(Pop3Session &session, pop3::Need need);
    void closed();
    void authenticated(const auth::Step &step);

private:
    struct Held
    {
        Uid uid = 0;
        MessageId message;
        qint64 size = 0;
        qint64 internalDate = 0;
    };
    struct Opened
    {
        store::Mailbox mailbox;
        QList<Held> messages;
    };

    void on(Pop3Session &session, NeedId id, pop3::SaslBegin &need);
    void on(Pop3Session &session, NeedId id, pop3::SaslContinue &need);
    void on(Pop3Session &session, NeedId id, pop3::SaslCancel &need);
    void on(Pop3Session &session, NeedId id, pop3::VerifyPassword &need);
    void on(Pop3Session &session, NeedId id, pop3::OpenDrop &need);
    void on(Pop3Session &session, NeedId id, pop3::ReadMessage &need);
    void on(Pop3Session &session, NeedId id, pop3::Update &need);
    void on(Pop3Session &session, NeedId id, pop3::CloseDrop &need);
    void on(Pop3Session &session, NeedId id, pop3::Refused &need);

    static Result<Opened> openDrop(store::Connection &connection, AccountId account);
    void opened(Pop3Session &session, NeedId id, Result<Opened> drop);
    [[nodiscard]] QList<UidRange> rangesOf(const QList<qsizetype> &indexes) const;
    void release();

    World &m_world;
    auth::SaslRunner<Pop3Session, pop3::SaslAnswer> m_sasl;
    net::Address m_address;
    net::Peer m_peer;
    TlsFacts m_tls;
    AccountId m_account;
    QString m_user;
    int m_keepDays = 0;
    bool m_locked = false;
    Opened m_drop;
};

} // namespace posthorn::access
