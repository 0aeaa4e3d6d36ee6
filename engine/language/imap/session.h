// What the commands of one session share: its state, its output, its needs. The flow between them is here: what is read in
// session_reading.cpp, what runs beside what in session_running.cpp, the rest in session.cpp. What commands do is in the files
// named for them.
#pragma once

#include "language/imap/command_reader.h"
#include "language/imap/commands.h"
#include "language/imap/reply.h"
#include "language/imap/selected_view.h"
#include "language/imap/server_machine.h"
#include "language/imap/task.h"

#include <QQueue>
#include <QVarLengthArray>

#include <vector>

namespace posthorn::imap {

class Notifier;
class SearchContexts;

class Session
{
public:
    explicit Session(ServerConfig serverConfig);
    ~Session();

    // --- for commands

    const ServerConfig config;
    quint8 state = NotAuthenticated;
    bool tls = false;
    bool channelBinding = false; // the certificate's hash is known
    bool rev2 = false;           // ENABLE IMAP4rev2 was given
    bool utf8Accept = false;     // ENABLE UTF8=ACCEPT was given (RFC 6855)
    bool condstore = false;      // the client knows of MODSEQs (RFC 7162 §3.1)
    bool qresync = false;        // ENABLE QRESYNC was given
    bool tellsMetadata = false;  // ENABLE METADATA was given (RFC 5464)
    bool uidOnly = false;        // ENABLE UIDONLY was given (RFC 9586)
    QString user;
    QByteArray serverName;       // by which the client reached us, in lower case; empty: not known
    std::unique_ptr<SelectedView> view; // in state Selected
    std::unique_ptr<Notifier> notifier; // since NOTIFY was given
    std::unique_ptr<SearchContexts> contexts; // of the view, if some search is kept up to date
    QList<UidRange> savedResult;        // SEARCH's $ (RFC 5182)
    CommandReader reader;
    QByteArray out;

    // Asks; the answer comes to the task. tell() is for needs without one.
    NeedId ask(What what);
    void tell(What what);
    // More may be written before anything is taken.
    [[nodiscard]] bool hasRoom() const { return m_waiting + out.size() < config.outputLow; }
    // The server is stopping: a long command may end early.
    [[nodiscard]] bool isStopping() const { return m_stopping; }
    [[nodiscard]] const QByteArray &tag() const { return m_current ? m_current->tag : m_tag; }
    // Names of mailboxes travel as UTF-8, else in modified UTF-7.
    [[nodiscard]] bool utf8Names() const { return rev2 || utf8Accept; }
    [[nodiscard]] bool plaintextAllowed() const { return tls || config.plaintextAllowed; }

    [[nodiscard]] NeedId lastNeed() const { return m_lastNeed; }
    // What others did to the selected mailbox. True: what becomes of search results has to be looked up.
    bool tellNews(SelectedView::Telling telling);
    void untagged(QByteArrayView text);
    void continuation(QByteArrayView text);
    // These end the command under way: its news, then its tagged response.
    void finish(const Reply &reply);
    void ok(QByteArrayView text, QByteArray code = {}) { finish({Reply::Status::Ok, std::move(code), text.toByteArray()}); }
    void no(QByteArrayView text, QByteArray code = {}) { finish({Reply::Status::No, std::move(code), text.toByteArray()}); }
    void bad(QByteArrayView text, QByteArray code = {}) { finish({Reply::Status::Bad, std::move(code), text.toByteArray()}); }
    void failed(const Error &error, Missing missing = Missing::Mailbox) { finish(replyFor(error, missing)); }

    void authenticated(const QString &account);
    // Counts a failed sign-in; may end the session after its reply.
    void authenticationFailed(const Reply &reply);
    void select(const Selected &selected);
    void deselect();
    // As after the greeting (RFC 8437).
    void unauthenticate();
    // At the first command that shows it (RFC 7162 §3.1); later ones change nothing.
    void enableCondstore();
    void enableQresync();
    void enableMetadata();
    void enableUidOnly();
    // After the reply that says so.
    void startTls() { m_wantsTls = true; }
    void startDeflate() { m_wantsDeflate = true; }
    // Nothing more is said or heard.
    void close();
    void bye(QByteArrayView text);

    // --- for the machine

    void start(const TlsFacts *facts);
    void receive(QByteArrayView bytes);
    void tlsStarted(const TlsFacts &facts);
    void peerClosed();
    void stop();
    void outputWaiting(qsizetype waiting);
    void answer(NeedId id, Answer &answer);
    void changed(const MailboxChange &change);
    void noticed(const Notice &notice);
    void stillWorking(qint64 done, qint64 total);
    [[nodiscard]] quint64 workMark() const;
    [[nodiscard]] std::optional<Need> nextNeed();
    [[nodiscard]] bool hungry() const;
    [[nodiscard]] bool wantsTls() const { return m_wantsTls; }
    [[nodiscard]] bool wantsDeflate() const { return m_wantsDeflate; }
    [[nodiscard]] bool isClosed() const { return m_closed; }
    [[nodiscard]] QLatin1StringView stateName() const;

private:
    // What a command reads and alters, and of which mailboxes. No name: of any.
    struct Claim
    {
        quint16 flags = 0; // of the command with these arguments
        QString flagsIn = {}, mailIn = {};
    };
    // A command at work.
    struct Running
    {
        TaskPointer task;
        const Command *command = nullptr;
        Claim claim;
        QByteArray tag;
        QByteArray line;   // for Refused: no secrets
        QVarLengthArray<NeedId, 4> needs; // not answered yet
        std::optional<Reply> held; // it is done, but for what is looked up to be told before its reply
        bool done = false;
    };

    void advance();
    // Lets one running command do something.
    template<typename F>
    void with(Running &running, F work);
    template<typename F>
    void withEach(F work);
    void removeDone();
    void conclude(Running &running, const Reply &reply);
    [[nodiscard]] bool concludeHeld();
    [[nodiscard]] bool tellAtRest();
    [[nodiscard]] const Running *atWork() const;
    [[nodiscard]] bool step();
    [[nodiscard]] Running *inResponse() const;
    [[nodiscard]] Running *inputHolder() const;
    [[nodiscard]] bool allHungry() const;
    [[nodiscard]] SelectedView::Telling telling() const;
    [[nodiscard]] bool isInTheWay(const Claim &claim) const;
    [[nodiscard]] quint16 flagsOf(const Command *command, QByteArrayView arguments) const;
    [[nodiscard]] bool mayBegin(const Command *command, QByteArrayView arguments);
    void deliver(NeedId id, Answer &answer);
    void runInput();
    [[nodiscard]] bool readCommand();
    void literalAnnounced();
    void dispatch(QByteArrayView text);
    void tryTask(const Command &command, QByteArrayView arguments, TaskPointer task);
    void reject(const Reply &reply, const Command *command = nullptr);
    void afterReply(const Reply &reply, const Command *command);
    void noteRefusal(const Reply &reply);
    void greet();
    [[nodiscard]] CommandReader::Limits limits() const;

    std::vector<std::unique_ptr<Running>> m_running; // in the order of their commands; few
    Running *m_current = nullptr;                    // the one that does something now
    QQueue<std::pair<NeedId, Answer>> m_late;        // answers that came while another response was being written
    bool m_blocked = false;                          // the command in the reader waits for one that runs
    QByteArray m_tag;  // of the command being read
    QByteArray m_line; // for Refused: no secrets
    QQueue<Need> m_needs;
    NeedId m_lastNeed = 0;
    quint64 m_answers = 1; // that came so far
    qsizetype m_waiting = 0;
    int m_badCommands = 0;
    int m_authFailures = 0;
    bool m_advancing = false;
    bool m_wantsTls = false;
    bool m_wantsDeflate = false;
    bool m_stopping = false;
    bool m_peerClosed = false;
    bool m_closed = false;
};

// --- Session -------------------------------------------------------------------------------------------------------

template<typename F>
void Session::with(Running &running, F work)
{
    if (running.done || running.held)
        return;
    Running *const before = std::exchange(m_current, &running);
    work(*running.task);
    m_current = before;
}

// All that run; only the one that is writing a response when there is one.
template<typename F>
void Session::withEach(F work)
{
    for (size_t i = 0; i < m_running.size() && !m_closed; ++i) {
        const Running *writer = inResponse();
        if (!writer || writer == m_running[i].get())
            with(*m_running[i], work);
    }
}

// --- AskTask -------------------------------------------------------------------------------------------------------

template<typename A, typename F>
AskTask<A, F>::AskTask(What what, F done, bool target) : m_what(std::move(what)), m_done(std::move(done)), m_target(target)
{
}

template<typename A, typename F>
void AskTask<A, F>::begin(Session &session)
{
    session.ask(std::move(m_what));
}

template<typename A, typename F>
void AskTask<A, F>::answered(Session &session, NeedId, Answer &answer)
{
    if (auto *value = std::get_if<A>(&answer))
        m_done(session, *value);
    else if (const auto *failure = std::get_if<Failure>(&answer))
        session.failed(failure->error, m_target ? Missing::Target : Missing::Mailbox);
    else
        session.failed(Error{});
}

template<typename A, typename F>
TaskPointer askTask(What what, F done, Missing missing = Missing::Mailbox)
{
    return std::make_unique<AskTask<A, F>>(std::move(what), std::move(done), missing == Missing::Target);
}

} // namespace posthorn::imap
