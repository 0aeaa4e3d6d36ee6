// SEARCH and SORT, with UIDs too (RFC 9051 §6.4.4, RFC 5256 §3; RETURN: RFC 4731, 5182, 5267 §3, 9394).
#include "language/imap/message_limit.h"
#include "language/imap/output.h"
#include "language/imap/parsers.h"
#include "language/imap/arguments.h"
#include "language/imap/resolve.h"
#include "language/imap/search_contexts.h"
#include "language/imap/search_parse.h"
#include "language/imap/search_response.h"

#include <algorithm>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

bool usesNumbers(const SearchProgram &program)
{
    return std::ranges::any_of(program.sets, [](const SearchSet &set) { return !set.isUids && !set.set.isSaved(); });
}

SearchKey bothOf(SearchKey one, SearchKey other)
{
    SearchKey both{.op = SearchKey::Op::And};
    both.children = {std::move(one), std::move(other)};
    return both;
}

// Whether more messages are to be looked at than may be.
bool looksAtTooMany(const Session &session, const SearchProgram &program)
{
    return isOverLimit(session, session.view->messages().count())
           && isOverLimit(session, searchedBy(program.key, *session.view));
}

class SearchTask : public Task
{
public:
    SearchTask(SearchProgram program, Numbering numbering)
        : m_program(std::move(program)), m_returns(m_program.returns), m_numbering(numbering),
          m_sorts(!m_program.order.isEmpty())
    {
    }

    void begin(Session &session) override
    {
        if (session.uidOnly && usesNumbers(m_program))
            return session.bad("Message numbers are not used any longer", "UIDREQUIRED");
        if (m_program.usesModSeq)
            session.enableCondstore();
        if (m_returns.update)
            m_lasting = SearchContexts::lasting(session, m_program, m_numbering);
        const bool known = resolveSets(m_program, [&](const NumberSet &set, bool isUids) {
            return resolve(session, set, isUids ? Numbering::Uid : Numbering::Sequence);
        });
        if (!known)
            return session.bad("No such message");
        if (m_sorts && looksAtTooMany(session, m_program))
            return refuse(session, overLimit(session));
        narrow(session);
        const bool scores = m_returns.relevancy || m_program.sortsByRelevancy();
        session.ask(SearchMessages{std::move(m_program.key), scores ? QList<SortCriterion>() : m_program.order});
    }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        if (const auto *rows = std::get_if<FetchedRows>(&answer)) {
            modSeqsCame(session, *rows);
            return;
        }
        const auto *found = std::get_if<Found>(&answer);
        if (!found) {
            const auto *failure = std::get_if<Failure>(&answer);
            return refuse(session, replyFor(failure ? failure->error : Error{}, Missing::Mailbox));
        }
        if (!isScored(session, *found))
            return;
        m_found = knownOf(session.view->messages(), m_isOrdered && m_program.order.isEmpty() ? m_plain : found->uids);
        if (m_returns.save)
            session.savedResult = rangesOf(shownOf(m_returns, m_found));
        m_uids = m_program.usesModSeq ? rangesOf(shownOf(m_returns, m_found)) : QList<UidRange>();
        if (m_uids.isEmpty())
            tell(session);
        else
            session.ask(FetchMessages{m_uids, {}});
    }

private:
    void refuse(Session &session, const Reply &reply)
    {
        if (m_returns.save)
            session.savedResult.clear(); // RFC 5182 §2.1
        session.finish(reply);
    }

    // To as many of the messages as may be looked at (RFC 9738 §3.1).
    void narrow(Session &session)
    {
        if (!looksAtTooMany(session, m_program))
            return;
        SearchKey newest{.op = SearchKey::Op::Uids, .uids = searchedBy(m_program.key, *session.view)};
        m_lowest = cutToLimit(session, newest.uids);
        m_program.key = bothOf(std::move(newest), std::move(m_program.key));
    }

    // RFC 6203: results are found, looked at more closely, and then put in order.
    bool isScored(Session &session, const Found &found)
    {
        const bool scores = m_returns.relevancy || m_program.sortsByRelevancy();
        if (!scores || m_isOrdered)
            return true;
        if (m_scorer)
            m_scorer->found(found.uids);
        else
            m_scorer.emplace(std::move(m_program.fuzzy), m_plain = found.uids);
        if (auto next = m_scorer->next()) {
            session.ask(SearchMessages{std::move(*next)});
            return false;
        }
        m_scores = m_scorer->scores();
        m_isOrdered = true;
        if (m_program.order.isEmpty())
            return true;
        SearchKey all{.op = SearchKey::Op::Uids};
        all.uids = rangesOf(m_plain);
        session.ask(SearchMessages{std::move(all), m_program.order, m_scores});
        return false;
    }

    QList<int> relevancy() const
    {
        QList<int> scores;
        const auto [begin, end] = m_returns.partial && !m_returns.all ? m_returns.partial->within(m_found.size())
                                                                      : std::pair(qsizetype(0), m_found.size());
        for (const Uid uid : m_found.sliced(begin, end - begin))
            scores += m_scores.value(uid, 1);
        return scores;
    }

    void tell(Session &session)
    {
        const QList<quint32> numbers = numbersOf(session.view->messages());
        if (m_returns.given || (session.rev2 && !m_sorts))
            appendSearchResult(session.out, m_returns, {"TAG \"" + session.tag() + '"', m_numbering == Numbering::Uid, numbers, m_highest,
                               m_returns.relevancy ? relevancy() : QList<int>()});
        else
            tellPlain(session, numbers);
        if (m_lasting && m_lowest != 0) {
            session.untagged("NO [NOUPDATE \"" + session.tag() + "\"] Not all messages were searched");
        } else if (m_lasting && m_program.sortsByRelevancy()) {
            session.untagged("NO [NOUPDATE \"" + session.tag() + "\"] How well messages fit is not kept up to date");
        } else if (m_lasting) {
            m_lasting->members = m_found;
            SearchContexts::keep(session, std::move(*m_lasting));
        }
        session.finish(withLimit(session, m_lowest, {Reply::Status::Ok, {}, "Done"}));
    }

    // The messages that the client knows of.
    static QList<Uid> knownOf(const UidMap &messages, const QList<Uid> &uids)
    {
        QList<Uid> known;
        known.reserve(uids.size());
        qsizetype next = 0; // most often the one after the last
        for (const Uid uid : uids) {
            const qsizetype index = next < messages.count() && messages.at(next) == uid ? next : messages.indexOf(uid);
            if (index < 0)
                continue;
            known += uid;
            next = index + 1;
        }
        return known;
    }

    void modSeqsCame(Session &session, const FetchedRows &rows)
    {
        for (const FetchedRow &row : rows.rows)
            m_highest = std::max(m_highest, row.mark.modSeq);
        m_uids = rows.nextUid ? rangesFrom(m_uids, rows.nextUid) : QList<UidRange>();
        if (m_uids.isEmpty())
            tell(session);
        else
            session.ask(FetchMessages{m_uids, {}});
    }

    // By UID or by sequence number.
    QList<quint32> numbersOf(const UidMap &messages) const
    {
        if (m_numbering == Numbering::Uid)
            return m_found;
        QList<quint32> numbers;
        numbers.reserve(m_found.size());
        qsizetype next = 0;
        for (const Uid uid : m_found) {
            const qsizetype index = next < messages.count() && messages.at(next) == uid ? next : messages.indexOf(uid);
            numbers += quint32(index + 1);
            next = index + 1;
        }
        return numbers;
    }

    void tellPlain(Session &session, const QList<quint32> &numbers) const
    {
        session.out.reserve(session.out.size() + numbers.size() * 8 + 16);
        session.out += m_sorts ? "* SORT" : "* SEARCH";
        for (const quint32 number : numbers) {
            session.out += ' ';
            appendNumber(session.out, number);
        }
        if (m_highest > 0) {
            session.out += " (MODSEQ ";
            appendNumber(session.out, m_highest);
            session.out += ')';
        }
        session.out += "\r\n";
    }

    SearchProgram m_program;
    ReturnOptions m_returns;
    Numbering m_numbering;
    bool m_sorts;
    QList<Uid> m_found; // in the order they are told
    QList<UidRange> m_uids; // whose MODSEQ is to be looked at
    ModSeq m_highest = 0;
    std::optional<SearchContext> m_lasting; // RETURN (UPDATE)
    std::optional<RelevancyScorer> m_scorer;
    QList<Uid> m_plain;        // what was found, before it is put in order
    QHash<Uid, int> m_scores;
    bool m_isOrdered = false;
    Uid m_lowest = 0;          // the limit's (RFC 9738)
};

// THREAD and UID THREAD (RFC 5256 §3)
class ThreadTask : public Task
{
public:
    ThreadTask(SearchProgram program, Numbering numbering) : m_program(std::move(program)), m_numbering(numbering) {}

    void begin(Session &session) override
    {
        if (session.uidOnly && usesNumbers(m_program))
            return session.bad("Message numbers are not used any longer", "UIDREQUIRED");
        if (m_program.usesModSeq)
            session.enableCondstore();
        const UidMap &messages = session.view->messages();
        const bool known = resolveSets(m_program, [&](const NumberSet &set, bool isUids) {
            return resolve(session, set, isUids ? Numbering::Uid : Numbering::Sequence);
        });
        if (!known)
            return session.bad("No such message");
        if (messages.count() == 0) {
            session.untagged("THREAD");
            return session.ok("Done");
        }
        if (looksAtTooMany(session, m_program))
            return session.finish(overLimit(session));
        // What came since has no sequence number yet, and a thread can't have a hole.
        SearchKey told{.op = SearchKey::Op::Uids};
        told.uids = {{messages.at(0), messages.at(messages.count() - 1)}};
        session.ask(ThreadMessages{bothOf(std::move(told), std::move(m_program.key)), m_program.algorithm});
    }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        const auto *threaded = std::get_if<Threaded>(&answer);
        if (!threaded) {
            const auto *failure = std::get_if<Failure>(&answer);
            return session.failed(failure ? failure->error : Error{});
        }
        session.out += "* THREAD";
        if (threaded->threads > 0)
            session.out += ' ';
        write(session.out, *threaded, session.view->messages());
        session.out += "\r\n";
        session.ok("Done");
    }

private:
    // "(1 2 (3)(4 5))": a chain without parentheses, branches each in its own.
    void write(QByteArray &out, const Threaded &threaded, const UidMap &messages) const
    {
        QList<Branches> open;
        for (const ThreadNode &node : threaded.nodes) {
            if (open.isEmpty() || open.last().many)
                out += '(';
            if (node.uid)
                appendNumber(out, m_numbering == Numbering::Uid ? node.uid : quint32(messages.indexOf(node.uid) + 1));
            if (node.children > 0) {
                if (node.uid)
                    out += ' ';
                open += Branches{node.children, node.children > 1};
            } else {
                close(out, open);
            }
        }
    }

    // Of a message with others under it.
    struct Branches
    {
        qsizetype left; // the one being written included
        bool many;
    };

    // After a leaf: all that ends with it.
    static void close(QByteArray &out, QList<Branches> &open)
    {
        while (!open.isEmpty()) {
            Branches &last = open.last();
            if (last.many)
                out += ')';
            if (--last.left > 0)
                return;
            open.removeLast();
        }
        out += ')';
    }

    SearchProgram m_program;
    Numbering m_numbering;
};

Result<TaskPointer> parse(Lexer &lexer, const Session &given, Numbering numbering, SearchForm form)
{
    auto program = parseSearchProgram(lexer, form);
    if (program && program->hasCharset && given.utf8Accept) // RFC 6855 §3
        return lexer.error(u"All is UTF-8 since UTF8=ACCEPT"_s);
    if (!program)
        return std::unexpected(program.error());
    if (!program->knowsCharset)
        return refuseCharset(program->returns);
    if (form == SearchForm::Thread)
        return std::make_unique<ThreadTask>(std::move(*program), numbering);
    return std::make_unique<SearchTask>(std::move(*program), numbering);
}

} // namespace

Result<TaskPointer> parseSearch(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Sequence, SearchForm::Search);
}

Result<TaskPointer> parseUidSearch(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Uid, SearchForm::Search);
}

Result<TaskPointer> parseSort(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Sequence, SearchForm::Sort);
}

Result<TaskPointer> parseUidSort(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Uid, SearchForm::Sort);
}

// CANCELUPDATE "a1" "a2" (RFC 5267 §4.5)
Result<TaskPointer> parseCancelUpdate(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    QList<QByteArray> tags;
    do {
        tags += arguments.string();
    } while (arguments.ok() && arguments.take(' '));
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return plainTask([tags](Session &s) {
        const bool all = std::ranges::all_of(tags, [&](const QByteArray &tag) { return s.contexts && s.contexts->has(tag); });
        if (!all)
            return s.no("No search of this tag is kept up to date");
        for (const QByteArray &tag : tags)
            s.contexts->cancel(tag);
        s.ok("Done");
    });
}

Result<TaskPointer> parseThread(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Sequence, SearchForm::Thread);
}

Result<TaskPointer> parseUidThread(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Uid, SearchForm::Thread);
}

} // namespace posthorn::imap
