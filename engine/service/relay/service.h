// One connection to another server: answers the needs of its SMTP machine. The runner hands it mail; what becomes of it
// goes to the settler.
#pragma once

#include "language/smtp/client_machine.h"
#include "platform/net/session.h"
#include "platform/store/store.h"
#include "service/relay/router.h"
#include "service/relay/settler.h"
#include "service/relay/signer.h"

namespace posthorn::relay {

class Service;
using Session = net::BoundSession<smtp::ClientMachine, Service>;
using FreshEntries = QList<std::shared_ptr<const store::FreshEntry>>;

// Why a connection is no more. Empty `reply.text`: it did what it should.
struct LinkFailure
{
    smtp::Reply reply{0, {}, {}};
    bool fromServer = false;
    bool tls = false;  // the handshake failed
    bool idle = false; // nothing was under way
    bool startTls = false; // the server refused STARTTLS
    QString why;           // of a failed handshake
    QByteArray dialogue;   // what was said
    smtp::Distrust distrust; // what may go better without
};

// What came of a connection that was made to see whether it can be made.
struct ProbeOutcome
{
    LinkFailure failure;
    QByteArray tls;      // "TLSv1.3 TLS_AES_256_GCM_SHA384" or empty
    bool connected = false;
    QByteArray dialogue; // of the opening
};

// How it went with a mail, as far as it says something of the server.
struct Course
{
    bool accepted = false;   // it took it
    bool turnedDown = false; // it would not take it from us just now, whoever it is for
    bool trouble = false;    // the message could not be read here
};

// What a connection tells the runner. Any thread; the runner may be gone.
class Board
{
public:
    virtual ~Board() = default;
    virtual void linkReady(quint64 link, const net::Address &address, NeedId need) = 0;
    // The mail it was given is out of its hands: `notTried` are to be given to another one; the others are with the
    // settler.
    virtual void mailDone(quint64 link, const QList<EntryId> &notTried, const Course &course) = 0;
    virtual void gone(const QList<EntryId> &entries) = 0; // not in the queue any more
    virtual void settled(const std::shared_ptr<const Settlement> &settlement, bool durable) = 0;
    virtual void counted(const store::TlsResult &result) = 0; // for TLS reports
    virtual void linkClosed(quint64 link, const LinkFailure &failure) = 0;
    // What `command` prints to sign in with, in place of one that was refused.
    virtual void wantToken(const QString &command, const QByteArray &refused,
                           std::function<void(const Result<QByteArray> &)> done) = 0;
    virtual void probed(quint64 probe, const ProbeOutcome &outcome) = 0;
};

struct Link
{
    quint64 number = 0;
    Hop hop;
    QByteArray domain;
    QString tokenCommand;
    std::shared_ptr<QString> fault; // what is wrong with a certificate that does all the same
    store::Store *store = nullptr;
    Settler *settler = nullptr;
    std::shared_ptr<Board> board;
    std::shared_ptr<Signer> signer;
};

class Service
{
public:
    explicit Service(Link link) : m_link(std::move(link)) {}

    void attach(net::Address address, const net::Peer &) { m_address = address; }
    void handle(Session &session, smtp::ClientNeed need);
    void failed(net::LinkStep step, const QString &why);
    void closed();

    // The answer to NextMail `need`: these entries, all of one message. On the worker. Those that are `fresh` need not be
    // read.
    void take(NeedId need, const QList<EntryId> &entries, const FreshEntries &fresh);

private:
    // A message as it lies in the store, and who is to get it.
    struct Loaded
    {
        QList<store::Entry> entries;
        QList<EntryId> held, missing; // held: not now, or not with these
        // Octets in the store that do not leave the house: our own Return-Path field (RFC 5321 §4.4); less the octets of
        // signatures, which are not in the store.
        qint64 skip = 0;
        QByteArray content;
    };
    static Result<Loaded> load(store::Connection &connection, const QList<EntryId> &ids);
    [[nodiscard]] bool mayGoAtOnce(const QList<EntryId> &entries, const FreshEntries &fresh) const;
    static void leaveOutReturnPath(Loaded &loaded);
    static Loaded loadFresh(const FreshEntries &fresh);
    static void sign(Signer &signer, Result<Loaded> loaded, std::function<void(Result<Loaded>)> done);
    void loaded(Session &session, NeedId need, const QList<EntryId> &asked, Result<Loaded> result);

    void on(Session &session, NeedId id, smtp::NextMail &need);
    void on(Session &session, NeedId id, smtp::MoreContent &need);
    void on(Session &session, NeedId id, smtp::ScanContent &need);
    void on(Session &session, NeedId id, smtp::DeriveKey &need);
    void on(Session &session, NeedId id, smtp::FetchToken &need);
    void on(Session &session, NeedId id, smtp::MailDone &need);
    void on(Session &session, NeedId id, smtp::SessionFailed &need);

    void count(const QString &result);

    const Link m_link;
    net::Address m_address;
    QList<store::Entry> m_entries; // of the mail under way
    QList<EntryId> m_held;         // were asked for with them
    qint64 m_skip = 0;
    LinkFailure m_failure;
    bool m_counted = false;
};

} // namespace posthorn::relay
