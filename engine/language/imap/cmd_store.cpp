// STORE and UID STORE (RFC 9051 §6.4.6, UNCHANGEDSINCE: RFC 7162 §3.1.3).
#include "language/imap/arguments.h"
#include "language/imap/message_limit.h"
#include "language/imap/output.h"
#include "language/imap/parsers.h"
#include "language/imap/resolve.h"

#include <algorithm>
#include <utility>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

class StoreTask : public Task
{
public:
    StoreTask(NumberSet set, Numbering numbering, StoreFlags what, bool silent)
        : m_set(std::move(set)), m_what(std::move(what)), m_numbering(numbering), m_silent(silent) {}

    void begin(Session &session) override
    {
        if (m_what.unchangedSince)
            session.enableCondstore();
        auto uids = resolve(session, m_set, m_numbering);
        if (!uids) {
            session.bad("No such message");
        } else if (session.view->isExamined()) {
            session.no("The mailbox is selected read-only", "CANNOT");
        } else if (uids->isEmpty()) {
            session.ok("Nothing to do");
        } else {
            m_lowest = cutToLimit(session, *uids);
            m_what.uids = *uids;
            session.ask(std::move(m_what));
        }
    }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        auto *stored = std::get_if<FlagsStored>(&answer);
        if (!stored) {
            const auto *failure = std::get_if<Failure>(&answer);
            session.failed(failure ? failure->error : Error{});
            return;
        }
        if (!m_silent && !stored->same.isEmpty()) { // they are told as well (RFC 9051 §6.4.6)
            stored->altered += std::exchange(stored->same, {});
            std::ranges::sort(stored->altered, {}, &MessageMark::uid);
        }
        session.view->noteStored(*stored, m_silent);
        session.view->tellKeywords(session.out);
        tell(session, stored->altered);
        const QByteArray others = modified(session.view->messages(), stored->modified);
        Reply reply{Reply::Status::Ok, {}, "Done"};
        if (!others.isEmpty())
            reply = {Reply::Status::Ok, "MODIFIED " + others, "Changed by others"};
        session.finish(withLimit(session, m_lowest, std::move(reply)));
    }

private:
    void tell(Session &session, const QList<MessageMark> &altered) const
    {
        if (m_silent && !session.condstore)
            return;
        const bool withUid = m_numbering == Numbering::Uid || session.qresync; // RFC 7162 §3.2.4
        session.out.reserve(session.out.size() + altered.size() * 64);
        for (qsizetype i = 0; i < altered.size(); ++i) {
            const MessageMark &mark = altered[m_lowest ? altered.size() - 1 - i : i]; // RFC 9738 §3.1: the newest first
            if (m_silent)
                session.view->appendModSeq(session.out, mark);
            else
                session.view->appendFlags(session.out, mark, withUid);
        }
    }

    // RFC 7162 §3.1.3: by what the command numbered them.
    QByteArray modified(const UidMap &messages, const QList<Uid> &uids) const
    {
        QList<UidRange> numbers;
        for (const Uid uid : uids) {
            if (const qsizetype index = messages.indexOf(uid); index >= 0)
                addUid(numbers, m_numbering == Numbering::Uid ? uid : quint32(index + 1));
        }
        return setText(numbers);
    }

    NumberSet m_set;
    StoreFlags m_what;
    Numbering m_numbering;
    bool m_silent;
    Uid m_lowest = 0; // the limit's (RFC 9738)
};

// "(UNCHANGEDSINCE 12)" (RFC 7162 §3.1.3).
void parseModifier(Arguments &arguments, StoreFlags &what)
{
    if (!arguments.take('('))
        return;
    if (arguments.word().toUpper() != "UNCHANGEDSINCE")
        arguments.fault(u"UNCHANGEDSINCE expected"_s);
    arguments.space();
    what.unchangedSince = arguments.modSeq();
    arguments.expect(')');
    arguments.space();
}

// "FLAGS", "+FLAGS" or "-FLAGS", each perhaps with ".SILENT".
void parseItem(Arguments &arguments, StoreFlags &what, bool &silent)
{
    what.action = arguments.take('+') ? FlagAction::Add : arguments.take('-') ? FlagAction::Remove : FlagAction::Set;
    const QByteArray word = arguments.word().toUpper();
    silent = word == "FLAGS.SILENT";
    if (!silent && word != "FLAGS")
        arguments.fault(u"FLAGS, +FLAGS or -FLAGS expected"_s);
}

Result<TaskPointer> parse(Lexer &lexer, const Session &session, Numbering numbering)
{
    Arguments arguments(lexer, session);
    NumberSet set = arguments.set();
    arguments.space();
    StoreFlags what;
    bool silent = false;
    parseModifier(arguments, what);
    parseItem(arguments, what, silent);
    arguments.space();
    what.flags = arguments.peek() == '(' ? arguments.flagList() : arguments.bareFlags();
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return std::make_unique<StoreTask>(std::move(set), numbering, std::move(what), silent);
}

} // namespace

Result<TaskPointer> parseStore(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Sequence);
}

Result<TaskPointer> parseUidStore(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Uid);
}

} // namespace posthorn::imap
