// COPY, MOVE and EXPUNGE, with and without UID (RFC 9051 §6.4, RFC 4315, RFC 6851).
#include "language/imap/arguments.h"
#include "language/imap/message_limit.h"
#include "language/imap/output.h"
#include "language/imap/parsers.h"
#include "language/imap/resolve.h"

namespace posthorn::imap {

namespace {

// What a client that resynchronizes is told when messages went (RFC 7162 §3.2.7).
QByteArray highest(const Session &session, const QList<UidRange> &gone)
{
    if (!session.qresync || gone.isEmpty())
        return {};
    return "HIGHESTMODSEQ " + QByteArray::number(session.view->highestModSeq());
}

class CopyTask : public Task
{
public:
    CopyTask(NumberSet set, Numbering numbering, QString to, bool move)
        : m_set(std::move(set)), m_to(std::move(to)), m_numbering(numbering), m_move(move) {}

    void begin(Session &session) override
    {
        auto uids = resolve(session, m_set, m_numbering);
        if (!uids)
            return session.bad("No such message");
        if (m_move && session.view->isExamined())
            return session.no("The mailbox is selected read-only", "CANNOT");
        if (uids->isEmpty())
            return session.ok("Nothing to do");
        if (!m_move && isOverLimit(session, *uids))
            return session.finish(overLimit(session));
        m_lowest = cutToLimit(session, *uids);
        session.ask(CopyMessages{*uids, m_to, m_move});
    }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        const auto *copied = std::get_if<Copied>(&answer);
        if (!copied) {
            const auto *failure = std::get_if<Failure>(&answer);
            session.failed(failure ? failure->error : Error{}, Missing::Target);
            return;
        }
        const QByteArray code = copied->from.isEmpty() ? QByteArray() : copyUid(*copied);
        if (!m_move) {
            session.ok("Copied", code);
            return;
        }
        if (!code.isEmpty())
            session.untagged("OK [" + code + "] Moved"); // before the EXPUNGEs: RFC 6851 §4.3
        session.view->noteExpunged(copied->expunged, copied->highestModSeq);
        session.finish(withLimit(session, m_lowest, {Reply::Status::Ok, highest(session, copied->expunged), "Moved"}));
    }

    [[nodiscard]] QString mailbox() const override { return m_to; }

private:
    static QByteArray copyUid(const Copied &copied)
    {
        QByteArray code = "COPYUID ";
        appendNumber(code, copied.uidValidity);
        code += ' ';
        return code + setText(copied.from) + ' ' + setText(copied.to);
    }

    NumberSet m_set;
    QString m_to;
    Numbering m_numbering;
    bool m_move;
    Uid m_lowest = 0; // the limit's (RFC 9738)
};

Result<TaskPointer> parse(Lexer &lexer, const Session &session, Numbering numbering, bool move)
{
    Arguments arguments(lexer, session);
    NumberSet set = arguments.set();
    arguments.space();
    QString to = arguments.mailbox();
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return std::make_unique<CopyTask>(std::move(set), numbering, std::move(to), move);
}

// Only what the client knows of is expunged: it has not seen whether the rest is deleted.
class ExpungeTask : public Task
{
public:
    explicit ExpungeTask(std::optional<NumberSet> set) : m_set(std::move(set)) {}

    void begin(Session &session) override
    {
        const SelectedView &view = *session.view;
        QList<UidRange> uids;
        if (m_set)
            uids = resolve(session, *m_set, Numbering::Uid).value_or(QList<UidRange>());
        else if (!view.messages().isEmpty())
            uids += UidRange{1, view.messages().last()};
        if (view.isExamined())
            session.no("The mailbox is selected read-only", "CANNOT");
        else if (uids.isEmpty())
            session.ok("Nothing to do");
        else
            ask(session, std::move(uids));
    }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        if (const auto *expunged = std::get_if<Expunged>(&answer)) {
            session.view->noteExpunged(expunged->uids, expunged->highestModSeq);
            session.finish(withLimit(session, m_lowest, {Reply::Status::Ok, highest(session, expunged->uids), "Done"}));
        } else {
            const auto *failure = std::get_if<Failure>(&answer);
            session.failed(failure ? failure->error : Error{});
        }
    }

private:
    void ask(Session &session, QList<UidRange> uids)
    {
        if (m_set)
            m_lowest = cutToLimit(session, uids);
        session.ask(ExpungeMessages{std::move(uids)});
    }

    std::optional<NumberSet> m_set;
    Uid m_lowest = 0; // the limit's (RFC 9738)
};

} // namespace

Result<TaskPointer> parseCopy(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Sequence, false);
}

Result<TaskPointer> parseUidCopy(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Uid, false);
}

Result<TaskPointer> parseMove(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Sequence, true);
}

Result<TaskPointer> parseUidMove(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Uid, true);
}

Result<TaskPointer> parseExpunge(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return std::make_unique<ExpungeTask>(std::nullopt);
}

Result<TaskPointer> parseUidExpunge(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    NumberSet set = arguments.set();
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return std::make_unique<ExpungeTask>(std::move(set));
}

} // namespace posthorn::imap
