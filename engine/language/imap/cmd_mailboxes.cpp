// Commands about mailboxes as a whole (RFC 9051 §6.3), and leaving the selected one.
#include "language/imap/arguments.h"
#include "language/imap/fetch_response.h"
#include "language/imap/number_set.h"
#include "language/imap/object_id.h"
#include "language/imap/output.h"
#include "language/imap/parsers.h"
#include "language/imap/quote.h"

#include <algorithm>
#include <array>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

// What a mailbox can be for here (RFC 6154 §2, RFC 8457): none shows the messages of others, as \All and \Flagged would.
constexpr std::array<QByteArrayView, 6> specialUses{"\\Archive", "\\Drafts", "\\Important", "\\Junk", "\\Sent", "\\Trash"};

Result<TaskPointer> askOfMailbox(Arguments &arguments, What what)
{
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<Done>(std::move(what), [](Session &session, Done &) { session.ok("Done"); });
}

// RFC 9051 §6.3.9.7: by OLDNAME, which other name was given for it.
void tellForm(Session &session, const QString &name, const QString &otherForm, const QByteArray &attributes)
{
    QByteArray line = "LIST (" + attributes + ") \"/\" ";
    appendMailbox(line, name, true);
    if (!otherForm.isEmpty()) {
        line += " (\"OLDNAME\" (";
        appendMailbox(line, otherForm, true);
        line += "))";
    }
    session.untagged(line);
}

// RFC 7162 §3.2.5
struct Resync
{
    quint32 uidValidity = 0;
    ModSeq since = 0;
    NumberSet known; // the UIDs the client has; all when `hasKnown` is not set
    bool hasKnown = false;
    bool hasNumbers = false; // the hint about sequence numbers was given
};

class SelectTask : public Task
{
public:
    SelectTask(QString name, QString otherForm, bool readOnly, bool condstore, std::optional<Resync> resync)
        : m_name(std::move(name)), m_otherForm(std::move(otherForm)), m_resync(std::move(resync)), m_readOnly(readOnly), m_condstore(condstore) {}

    void begin(Session &session) override
    {
        if (session.view) {
            session.deselect();
            session.untagged("OK [CLOSED] The mailbox before is closed");
            session.tell(CloseMailbox{});
        }
        if (m_condstore || m_resync)
            session.enableCondstore();
        session.ask(SelectMailbox{m_name, m_readOnly, session.rev2});
    }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        if (const auto *selected = std::get_if<Selected>(&answer))
            opened(session, *selected);
        else if (const auto *vanished = std::get_if<Vanished>(&answer))
            tellVanished(session, vanished->uids);
        else if (const auto *rows = std::get_if<FetchedRows>(&answer))
            tellChanged(session, *rows);
        else if (const auto *failure = std::get_if<Failure>(&answer))
            failed(session, failure->error);
        else
            failed(session, Error{});
    }

private:
    void opened(Session &session, const Selected &selected)
    {
        session.select(selected);
        tell(session, selected);
        const bool isSame = m_resync && m_resync->uidValidity == selected.uidValidity && selected.uidNext > 1;
        if (!isSame) {
            done(session);
            return;
        }
        m_uids = m_resync->hasKnown ? m_resync->known.resolved(selected.uidNext - 1)
                                    : QList<UidRange>{{1, selected.uidNext - 1}};
        session.ask(ListVanished{m_uids, m_resync->since});
    }

    void tellVanished(Session &session, const QList<UidRange> &uids)
    {
        appendVanishedEarlier(session.out, session.view->unknown(uids));
        m_uids = session.view->known(m_uids);
        if (m_uids.isEmpty())
            done(session);
        else
            session.ask(FetchMessages{m_uids, {}, m_resync->since});
    }

    void tellChanged(Session &session, const FetchedRows &rows)
    {
        session.view->noteKeywords(rows.keywords);
        session.view->tellKeywords(session.out);
        for (const FetchedRow &row : rows.rows)
            session.view->appendFlags(session.out, row.mark, true);
        m_uids = rows.nextUid ? rangesFrom(m_uids, rows.nextUid) : QList<UidRange>();
        if (m_uids.isEmpty())
            done(session);
        else
            session.ask(FetchMessages{m_uids, {}, m_resync->since});
    }

    void failed(Session &session, const Error &error)
    {
        if (session.view) { // a SELECT that fails leaves nothing selected
            session.tell(CloseMailbox{});
            session.deselect();
        }
        session.failed(error);
    }

    static void done(Session &session)
    {
        session.ok("Selected", session.view->readOnly() ? "READ-ONLY" : "READ-WRITE");
    }

    // As LIST tells them (RFC 9051 §6.3.2).
    static QByteArray attributes(const Selected &selected)
    {
        QByteArray words = selected.hasChildren ? "\\HasChildren" : "\\HasNoChildren";
        if (!selected.specialUse.isEmpty())
            words += ' ' + selected.specialUse;
        return words;
    }

    void tell(Session &session, const Selected &selected) const
    {
        const SelectedView &view = *session.view;
        session.untagged("FLAGS " + view.knownFlags());
        session.untagged(QByteArray::number(view.messages().count()) + " EXISTS");
        if (!session.rev2) {
            session.untagged(QByteArray::number(view.recentCount()) + " RECENT");
            if (selected.firstUnseen > 0 && !session.uidOnly)
                session.untagged("OK [UNSEEN " + QByteArray::number(selected.firstUnseen) + "] First unseen");
        }
        session.untagged("OK [PERMANENTFLAGS " + view.permanentFlags() + "] Flags permitted");
        session.untagged("OK [UIDNEXT " + QByteArray::number(selected.uidNext) + "] Predicted next UID");
        session.untagged("OK [UIDVALIDITY " + QByteArray::number(selected.uidValidity) + "] UIDs valid");
        session.untagged("OK [HIGHESTMODSEQ " + QByteArray::number(view.highestModSeq()) + "] Highest");
        session.untagged("OK [MAILBOXID (" + objectId(selected.mailbox) + ")] Lasting name");
        if (session.rev2) {
            tellForm(session, selected.name, m_otherForm, attributes(selected));
        }
    }

    QString m_name;
    QString m_otherForm; // of the name, if it was given in one
    std::optional<Resync> m_resync;
    QList<UidRange> m_uids; // whose changes are still to be told
    bool m_readOnly;
    bool m_condstore;
};

// "(67890007 20050715194045000 41,43:211 (1,9 41,99))"; the last, a hint about sequence numbers, is not needed.
Resync parseResync(Arguments &arguments)
{
    Resync resync;
    arguments.expect('(');
    resync.uidValidity = quint32(arguments.modSeq());
    arguments.space();
    resync.since = arguments.modSeq();
    while (arguments.ok() && arguments.take(' ')) {
        if (arguments.take('(')) {
            resync.hasNumbers = true;
            (void)arguments.set();
            arguments.space();
            (void)arguments.set();
            arguments.expect(')');
        } else {
            resync.known = arguments.set();
            resync.hasKnown = true;
        }
    }
    arguments.expect(')');
    return resync;
}

Result<TaskPointer> parseSelectOrExamine(Lexer &lexer, const Session &session, bool readOnly)
{
    Arguments arguments(lexer, session);
    const QString name = arguments.mailbox();
    const QString otherForm = arguments.otherForm();
    bool condstore = false;
    std::optional<Resync> resync;
    if (arguments.take(' ')) {
        arguments.expect('(');
        do {
            const QByteArray word = arguments.word().toUpper();
            if (word == "CONDSTORE") {
                condstore = true;
            } else if (word == "QRESYNC" && session.qresync) {
                arguments.space();
                resync = parseResync(arguments);
            } else {
                arguments.fault(word == "QRESYNC" ? u"ENABLE QRESYNC first"_s : u"Unknown parameter"_s);
            }
        } while (arguments.ok() && arguments.take(' '));
        arguments.expect(')');
    }
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    if (resync && resync->hasNumbers && session.uidOnly)
        return plainTask([](Session &s) { s.bad("Message numbers are not used any longer", "UIDREQUIRED"); });
    return std::make_unique<SelectTask>(name, otherForm, readOnly, condstore, std::move(resync));
}

void leave(Session &session)
{
    session.tell(CloseMailbox{});
    session.deselect();
    session.ok("Closed");
}

class CloseTask : public Task
{
public:
    void begin(Session &session) override
    {
        if (session.view->isExamined() || !session.view->may(right::Expunge))
            leave(session);
        else
            session.ask(ExpungeMessages{});
    }
    void answered(Session &session, NeedId, Answer &answer) override
    {
        if (const auto *failure = std::get_if<Failure>(&answer))
            session.failed(failure->error);
        else
            leave(session);
    }
};

} // namespace

Result<TaskPointer> parseSelect(Lexer &lexer, const Session &session)
{
    return parseSelectOrExamine(lexer, session, false);
}

Result<TaskPointer> parseExamine(Lexer &lexer, const Session &session)
{
    return parseSelectOrExamine(lexer, session, true);
}

Result<TaskPointer> parseClose(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return std::make_unique<CloseTask>();
}

Result<TaskPointer> parseUnselect(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return plainTask([](Session &s) { leave(s); });
}

// CREATE, with the special use of RFC 6154 §3. A separator at the end only says that children will follow.
Result<TaskPointer> parseCreate(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    CreateMailbox what{arguments.mailbox(), {}};
    const QString otherForm = arguments.otherForm();
    if (what.name.size() > 1 && what.name.endsWith(u'/'))
        what.name.chop(1);
    if (arguments.take(' ')) {
        arguments.expect('(');
        if (arguments.atom().toUpper() != "USE")
            arguments.fault(u"USE expected"_s);
        arguments.space();
        const QList<QByteArray> uses = arguments.useList();
        arguments.expect(')');
        arguments.end();
        if (uses.size() > 1 && arguments.ok())
            return plainTask([](Session &s) { s.no("One use for a mailbox", "USEATTR"); });
        const auto use = std::ranges::find_if(specialUses, [&](QByteArrayView known) {
            return known.compare(uses.value(0), Qt::CaseInsensitive) == 0;
        });
        if (use != specialUses.end())
            what.specialUse = use->toByteArray();
        else if (!uses.isEmpty() && arguments.ok())
            return plainTask([](Session &s) { s.no("No mailbox has this use here", "USEATTR"); });
    }
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<Created>(what, [name = what.name, otherForm](Session &s, const Created &created) {
        if (s.rev2 && !otherForm.isEmpty())
            tellForm(s, name, otherForm, {});
        s.ok("Done", "MAILBOXID (" + objectId(created.mailbox) + ')');
    });
}

Result<TaskPointer> parseDelete(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    const QString name = arguments.mailbox();
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<Done>(DeleteMailbox{name}, [name](Session &s, Done &) {
        if (s.view && s.view->name() == name) { // its own doing: no reason to end the session
            s.tell(CloseMailbox{});
            s.deselect();
            s.untagged("OK [CLOSED] The mailbox is gone");
        }
        s.ok("Deleted");
    });
}

Result<TaskPointer> parseRename(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    RenameMailbox what;
    what.from = arguments.mailbox();
    arguments.space();
    what.to = arguments.mailbox();
    if (what.to.size() > 1 && what.to.endsWith(u'/'))
        what.to.chop(1);
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<Done>(what, [what](Session &s, Done &) {
        if (s.view)
            s.view->noteRenamed(what.from, what.to);
        s.ok("Done");
    });
}

Result<TaskPointer> parseSubscribe(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    return askOfMailbox(arguments, SubscribeMailbox{arguments.mailbox(), true});
}

Result<TaskPointer> parseUnsubscribe(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    return askOfMailbox(arguments, SubscribeMailbox{arguments.mailbox(), false});
}

Result<TaskPointer> parseStatus(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    const QString name = arguments.mailbox();
    arguments.space();
    const QList<StatusItem> items = arguments.statusItems();
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return askTask<MailboxStatus>(statusNeed(name, items), [name, items](Session &s, MailboxStatus &status) {
        appendStatus(s.out, name, status, items, s.utf8Names(), s.config.maxMessageSize);
        s.ok("Done");
    });
}

} // namespace posthorn::imap
