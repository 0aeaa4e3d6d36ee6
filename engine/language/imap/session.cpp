#include "language/imap/session.h"

#include "language/imap/notifier.h"
#include "language/imap/search_contexts.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

Session::Session(ServerConfig serverConfig) : config(std::move(serverConfig)) {}

Session::~Session() = default;

// --- for commands

NeedId Session::ask(What what)
{
    tell(std::move(what));
    if (m_current)
        m_current->needs += m_lastNeed;
    return m_lastNeed;
}

void Session::tell(What what)
{
    m_needs.enqueue({++m_lastNeed, std::move(what)});
}

bool Session::tellNews(SelectedView::Telling telling)
{
    if (view)
        view->tell(out, telling);
    return contexts && contexts->look(*this);
}

void Session::untagged(QByteArrayView text)
{
    out += "* ";
    out += text;
    out += "\r\n";
}

void Session::continuation(QByteArrayView text)
{
    out += "+ ";
    out += text;
    out += "\r\n";
}

void Session::finish(const Reply &reply)
{
    if (!m_current || m_current->done || m_current->held)
        return;
    const bool looks = tellNews(telling());
    if (looks && !(m_current->claim.flags & EndsAtOnce))
        m_current->held = reply;
    else
        conclude(*m_current, reply);
}

void Session::conclude(Running &running, const Reply &reply)
{
    running.done = true;
    if (contexts)
        contexts->tell(*this);
    out += tagged(running.tag, reply);
    m_line = running.line;
    afterReply(reply, running.command);
}

// Sequence numbers have to keep their meaning when the command that ends used them, or one beside it is writing of messages;
// and what that one writes must not come after what is newer.
SelectedView::Telling Session::telling() const
{
    const bool othersTell = std::any_of(m_running.begin(), m_running.end(), [this](const auto &other) {
        return other.get() != m_current && !other->done && !other->held && (other->claim.flags & (UsesSequence | ReadsFlags | AltersFlags));
    });
    if (othersTell)
        return SelectedView::Telling::Arrivals;
    if (notifier && notifier->rules().isImmediate())
        return SelectedView::Telling::All; // who asked for that uses UIDs (RFC 5465 §5.3)
    return m_current->claim.flags & UsesSequence ? SelectedView::Telling::NoExpunges : SelectedView::Telling::All;
}

void Session::afterReply(const Reply &reply, const Command *command)
{
    const bool isBad = reply.status == Reply::Status::Bad;
    const bool isSecret = command && (command->flags & Secret);
    if (isBad || (isSecret && reply.status == Reply::Status::No))
        noteRefusal(reply);
    if (isBad)
        ++m_badCommands;
    else if (reply.status == Reply::Status::Ok && state != NotAuthenticated)
        m_badCommands = 0;
    if (m_badCommands >= config.maxBadCommands)
        bye("Too many bad commands");
    else if (view && view->isRemoved())
        bye("The selected mailbox is gone");
}

void Session::noteRefusal(const Reply &reply)
{
    QByteArray text = tagged({}, reply).trimmed();
    tell(Refused{m_line, std::move(text)});
}

void Session::authenticated(const QString &account)
{
    user = account;
    state = Authenticated;
    ok("Signed in", "CAPABILITY " + capabilities(*this));
}

void Session::authenticationFailed(const Reply &reply)
{
    finish(reply);
    if (++m_authFailures >= config.maxAuthFailures)
        bye("Too many failures to sign in");
}

void Session::select(const Selected &selected)
{
    contexts.reset();
    view = std::make_unique<SelectedView>(selected, !rev2);
    if (condstore)
        view->tellModSeqs();
    if (qresync)
        view->tellVanished();
    if (tellsMetadata)
        view->tellMetadata(utf8Names());
    if (uidOnly)
        view->tellUids();
    if (notifier)
        notifier->apply(*view);
    state = MailboxSelected;
}

void Session::deselect()
{
    contexts.reset();
    view.reset();
    savedResult.clear();
    state = Authenticated;
}

void Session::unauthenticate()
{
    contexts.reset();
    notifier.reset();
    view.reset();
    savedResult.clear();
    rev2 = utf8Accept = condstore = qresync = uidOnly = tellsMetadata = false;
    user.clear();
    state = NotAuthenticated;
    tell(Unauthenticate{});
}

void Session::enableCondstore()
{
    if (std::exchange(condstore, true) || !view)
        return;
    view->tellModSeqs();
    untagged("OK [HIGHESTMODSEQ " + QByteArray::number(view->highestModSeq()) + "] Highest");
}

void Session::enableQresync()
{
    enableCondstore();
    qresync = true;
    if (view)
        view->tellVanished();
}

void Session::enableMetadata()
{
    tellsMetadata = true;
    if (view)
        view->tellMetadata(utf8Names());
}

void Session::enableUidOnly()
{
    uidOnly = true;
    if (view)
        view->tellUids();
}

void Session::bye(QByteArrayView text)
{
    if (m_closed)
        return;
    const bool torn = std::any_of(m_running.begin(), m_running.end(), [](const auto &running) { return !running->done && running->task->inLiteral(); });
    if (!torn && !(notifier && notifier->inLiteral()))
        untagged("BYE " + text.toByteArray());
    close();
}

void Session::close()
{
    if (m_closed)
        return;
    for (const auto &running : m_running) {
        if (!std::exchange(running->done, true))
            running->task->abandoned(*this);
    }
    m_closed = true;
    m_late.clear();
    reader.clear();
}

// --- for the machine

void Session::greet()
{
    untagged("OK [CAPABILITY " + capabilities(*this) + "] " + config.hostName + ' ' + config.implementation + " ready");
}

void Session::start(const TlsFacts *facts)
{
    if (facts) {
        tls = true;
        channelBinding = facts->canBind();
        serverName = facts->serverName.toLower();
    }
    greet();
}

void Session::tlsStarted(const TlsFacts &facts)
{
    tls = true;
    channelBinding = facts.canBind();
    serverName = facts.serverName.toLower();
    m_wantsTls = false;
    reader.clear();
    advance();
}

void Session::receive(QByteArrayView bytes)
{
    if (m_closed || m_wantsTls)
        return;
    reader.feed(bytes);
    advance();
}

void Session::peerClosed()
{
    m_peerClosed = true;
    if (const Running *holder = inputHolder(); holder && holder->task->hungry())
        close();
    advance();
}

void Session::stop()
{
    m_stopping = true;
    advance();
}

void Session::outputWaiting(qsizetype waiting)
{
    m_waiting = waiting;
    if (m_closed)
        return;
    withEach([this](Task &task) { task.outputTaken(*this); });
    if (notifier)
        notifier->outputTaken(*this);
    advance();
}

void Session::answer(NeedId id, Answer &answer)
{
    if (m_closed)
        return;
    ++m_answers;
    if ((notifier && notifier->answered(*this, id, answer)) || (contexts && contexts->answered(*this, id, answer)))
        return advance();
    const Running *writer = inResponse();
    if (writer && !writer->needs.contains(id))
        m_late.enqueue({id, std::move(answer)});
    else
        deliver(id, answer);
    advance();
}

// An answer to what nobody waits for is for a command that is gone.
void Session::deliver(NeedId id, Answer &answer)
{
    for (const auto &running : m_running) {
        if (!running->needs.removeOne(id))
            continue;
        with(*running, [&](Task &task) { task.answered(*this, id, answer); });
        return;
    }
}

void Session::changed(const MailboxChange &change)
{
    if (m_closed || !view)
        return;
    view->note(change);
    if (m_running.empty() && view->isRemoved())
        bye("The selected mailbox is gone");
    withEach([this](Task &task) { task.changed(*this); });
    advance();
}

void Session::noticed(const Notice &notice)
{
    if (m_closed || !notifier)
        return;
    if (view && notice.kind == Notice::Kind::Renamed)
        view->noteRenamed(notice.oldName, notice.name);
    notifier->note(*this, notice);
    advance();
}

// The first command that waits for an answer.
const Session::Running *Session::atWork() const
{
    const auto found = std::ranges::find_if(m_running, [](const auto &running) {
        return !running->done && (!running->needs.isEmpty() || running->held) && !running->task->isResting();
    });
    return found == m_running.end() ? nullptr : found->get();
}

quint64 Session::workMark() const
{
    return !m_closed && hasRoom() && atWork() ? m_lastNeed + m_answers : 0;
}

void Session::stillWorking(qint64 done, qint64 total)
{
    if (workMark() == 0 || inResponse() || state == NotAuthenticated)
        return;
    const QByteArray goal = total > 0 ? QByteArray::number(std::clamp<qint64>(done, 0, total)) + ' ' + QByteArray::number(total)
                                      : QByteArray("NIL NIL");
    untagged("OK [INPROGRESS (\"" + atWork()->tag + "\" " + goal + ")] Still at it");
}

std::optional<Need> Session::nextNeed()
{
    if (m_needs.isEmpty())
        return std::nullopt;
    return m_needs.dequeue();
}

QLatin1StringView Session::stateName() const
{
    if (m_closed)
        return "logout"_L1;
    for (const auto &running : m_running) {
        if (!running->done && !running->task->stateName().isEmpty())
            return running->task->stateName();
    }
    switch (state) {
    case NotAuthenticated:
        return "not-authenticated"_L1;
    case Authenticated:
        return "authenticated"_L1;
    default:
        return "selected"_L1;
    }
}

} // namespace posthorn::imap
