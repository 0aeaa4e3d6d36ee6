// ESEARCH (RFC 7377): a search in many mailboxes, each of which answers for itself, by UIDs.
#include "language/imap/list_match.h"
#include "language/imap/mailbox_filter.h"
#include "language/imap/parsers.h"
#include "language/imap/quote.h"
#include "language/imap/output.h"
#include "language/imap/resolve.h"
#include "language/imap/search_response.h"
#include "language/imap/walk_task.h"

#include <algorithm>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxSources = 100;

class EsearchTask : public WalkTask
{
public:
    EsearchTask(QList<MailboxFilter> sources, SearchProgram program)
        : m_sources(std::move(sources)), m_program(std::move(program))
    {
    }

    void begin(Session &session) override
    {
        const bool selected = std::ranges::any_of(m_sources, &MailboxFilter::isOfSelected);
        const bool others = !std::ranges::all_of(m_sources, &MailboxFilter::isOfSelected);
        if (selected && !session.view)
            return session.bad("No mailbox is selected");
        if (m_program.returns.save && others)
            return session.bad("SAVE is for the selected mailbox alone");
        if (m_program.returns.relevancy)
            return session.no("How well messages fit is told by SEARCH and SORT", "CANNOT");
        if (!resolveFor(session, others))
            return;
        if (m_program.usesModSeq)
            session.enableCondstore();
        if (m_program.returns.update)
            session.untagged("NO [NOUPDATE \"" + session.tag() + "\"] Searches of mailboxes are not kept up to date");
        if (selected)
            m_names += session.view->name();
        if (others)
            session.ask(ListMailboxes{});
        else
            proceed(session);
    }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        const auto *failure = std::get_if<Failure>(&answer);
        if (const auto *list = std::get_if<MailboxList>(&answer)) {
            choose(*list);
            proceed(session);
        } else if (const auto *found = std::get_if<FoundIn>(&answer)) {
            tell(session, m_names[m_at - 1], *found);
            proceed(session);
        } else if (m_at > 0 && failure && !isTemporary(failure->error.kind)) {
            proceed(session); // gone meanwhile, or not for this user
        } else {
            giveUp(session, failure ? failure->error : Error{});
        }
    }

private:
    // Sequence numbers and "$" mean messages of the selected mailbox, and of no other.
    bool resolveFor(Session &session, bool others)
    {
        const bool numbers = std::ranges::any_of(m_program.sets, [](const SearchSet &set) { return !set.isUids; });
        if (numbers && (others || session.uidOnly)) {
            session.bad("Message numbers are of the selected mailbox alone", session.uidOnly ? "UIDREQUIRED" : "");
            return false;
        }
        const bool known = resolveSets(m_program, [&](const NumberSet &set, bool isUids) {
            return isUids && !set.isSaved() ? std::optional(set.resolved(Uid(-1)))
                                            : resolve(session, set, Numbering::Sequence);
        });
        if (!known)
            session.bad("No such message");
        return known;
    }

    void giveUp(Session &session, const Error &error)
    {
        if (m_program.returns.save)
            session.savedResult.clear(); // RFC 5182 §2.1
        session.failed(error);
    }

    void choose(const MailboxList &list)
    {
        for (const ListedName &name : nameTree(list)) {
            const bool meant = std::ranges::any_of(m_sources, [&](const MailboxFilter &source) {
                return source.covers(name.name, name.subscribed);
            });
            if (meant && name.exists && name.selectable && !m_names.contains(name.name))
                m_names += name.name;
        }
    }

    void proceed(Session &session) override
    {
        if (pauses(session))
            return;
        if (session.isStopping())
            return giveUp(session, Error{ErrorKind::Unavailable, {}, {}, -1});
        if (m_at == m_names.size())
            return session.ok("Done");
        session.ask(SearchMailbox{m_names[m_at++], m_program.key, m_program.usesModSeq});
    }

    // A mailbox without a hit says nothing at all (RFC 7377 §2.1).
    void tell(Session &session, const QString &name, const FoundIn &found)
    {
        const ReturnOptions &returns = m_program.returns;
        if (returns.save)
            session.savedResult = session.view->known(rangesOf(shownOf(returns, found.uids)));
        if (found.uids.isEmpty())
            return;
        SearchResult result{"TAG \"" + session.tag() + "\" MAILBOX ", true, found.uids, 0};
        appendMailbox(result.correlator, name, session.utf8Names());
        result.correlator += " UIDVALIDITY " + QByteArray::number(found.uidValidity);
        const QList<Uid> shown = shownOf(returns, found.uids);
        for (qsizetype i = 0; i < found.modSeqs.size(); ++i) {
            if (shown.contains(found.uids[i]))
                result.highest = std::max(result.highest, found.modSeqs[i]);
        }
        appendSearchResult(session.out, returns, result);
    }

    QList<MailboxFilter> m_sources;
    SearchProgram m_program;
    QStringList m_names; // to be searched
    qsizetype m_at = 0;  // next
};

// IN (personal subtree "Lists")
QList<MailboxFilter> parseSources(Arguments &arguments)
{
    QList<MailboxFilter> sources;
    arguments.space();
    arguments.expect('(');
    do {
        sources += MailboxFilter::parse(arguments);
        if (sources.last().kind == MailboxFilter::Kind::SelectedDelayed || sources.size() > maxSources)
            arguments.fault(u"Unknown mailbox filter, or too many"_s);
    } while (arguments.take(' '));
    arguments.expect(')');
    return sources;
}

} // namespace

Result<TaskPointer> parseEsearch(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    QList<MailboxFilter> sources{{.kind = MailboxFilter::Kind::Selected}};
    if (lexer.takeWord("IN")) {
        sources = parseSources(arguments);
        arguments.space();
    }
    if (!arguments.ok())
        return arguments.error();
    auto program = parseSearchProgram(lexer);
    if (program && program->hasCharset && session.utf8Accept) // RFC 6855 §3
        return lexer.error(u"All is UTF-8 since UTF8=ACCEPT"_s);
    if (!program)
        return std::unexpected(program.error());
    if (!program->knowsCharset)
        return refuseCharset(program->returns);
    return std::make_unique<EsearchTask>(std::move(sources), std::move(*program));
}

} // namespace posthorn::imap
