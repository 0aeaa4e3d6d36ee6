// SEARCH and SORT, with UIDs too (RFC 9051 §6.4.4, RFC 5256 §3; RETURN: RFC 4731, 5182, 5267 §3, 9394).
#include "language/imap/output.h"
#include "language/imap/parsers.h"
#include "language/imap/resolve.h"
#include "language/imap/search_parse.h"

#include <algorithm>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

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
        if (m_program.usesModSeq)
            session.enableCondstore();
        const bool known = resolveSets(m_program, [&](const NumberSet &set, bool isUids) {
            return resolve(session, set, isUids ? Numbering::Uid : Numbering::Sequence);
        });
        if (known)
            session.ask(SearchMessages{std::move(m_program.key), std::move(m_program.order)});
        else
            session.bad("No such message");
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
            if (m_returns.save)
                session.savedResult.clear(); // RFC 5182 §2.1
            session.failed(failure ? failure->error : Error{});
            return;
        }
        m_found = knownOf(session.view->messages(), found->uids);
        if (m_returns.save)
            session.savedResult = ascending(shown());
        m_uids = m_program.usesModSeq ? ascending(shown()) : QList<UidRange>();
        if (m_uids.isEmpty())
            tell(session);
        else
            session.ask(FetchMessages{m_uids, {}});
    }

private:
    void tell(Session &session) const
    {
        const QList<quint32> numbers = numbersOf(session.view->messages());
        if (m_returns.given || (session.rev2 && !m_sorts))
            tellExtended(session, numbers);
        else
            tellPlain(session, numbers);
        session.ok("Done");
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

    // Those that are saved, and whose highest MODSEQ is told: with MIN, MAX and PARTIAL but nothing that looks at all
    // only they (RFC 5182 §2.4, RFC 7162 §3.1.10, RFC 9394 §3.1).
    QList<Uid> shown() const
    {
        if (m_returns.all || m_returns.count || m_found.isEmpty()
            || !(m_returns.minimum || m_returns.maximum || m_returns.partial))
            return m_found;
        QList<Uid> uids;
        if (m_returns.minimum)
            uids += m_found.first();
        if (m_returns.maximum)
            uids += m_found.last();
        if (m_returns.partial) {
            const auto [begin, end] = m_returns.partial->within(m_found.size());
            uids += m_found.sliced(begin, end - begin);
        }
        return uids;
    }

    static QList<UidRange> ascending(QList<Uid> uids)
    {
        std::ranges::sort(uids);
        QList<UidRange> ranges;
        for (const Uid uid : std::as_const(uids)) {
            if (ranges.isEmpty() || ranges.last().last < uid)
                addUid(ranges, uid);
        }
        return ranges;
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

    // In the order of the numbers.
    static QByteArray setOf(const QList<quint32> &numbers)
    {
        QList<UidRange> ranges;
        for (const quint32 number : numbers)
            addUid(ranges, number);
        return setText(ranges);
    }

    void tellExtended(Session &session, const QList<quint32> &numbers) const
    {
        if (m_returns.onlySaves())
            return;
        session.out += "* ESEARCH (TAG \"" + session.tag() + "\")";
        if (m_numbering == Numbering::Uid)
            session.out += " UID";
        const auto add = [&](const char *name, quint64 number) {
            session.out += name;
            appendNumber(session.out, number);
        };
        if (m_returns.minimum && !numbers.isEmpty())
            add(" MIN ", numbers.first());
        if (m_returns.maximum && !numbers.isEmpty())
            add(" MAX ", numbers.last());
        const bool all = m_returns.all || !m_returns.given;
        if (all && !numbers.isEmpty())
            session.out += " ALL " + setOf(numbers);
        if (m_returns.partial) {
            const auto [begin, end] = m_returns.partial->within(numbers.size());
            const QByteArray set = begin < end ? setOf(numbers.sliced(begin, end - begin)) : "NIL";
            session.out += " PARTIAL (" + m_returns.partial->text() + ' ' + set + ')';
        }
        if (m_returns.count)
            add(" COUNT ", quint64(numbers.size()));
        if (m_highest > 0)
            add(" MODSEQ ", m_highest);
        session.out += "\r\n";
    }

    SearchProgram m_program;
    ReturnOptions m_returns;
    Numbering m_numbering;
    bool m_sorts;
    QList<Uid> m_found; // in the order they are told
    QList<UidRange> m_uids; // whose MODSEQ is to be looked at
    ModSeq m_highest = 0;
};

// THREAD and UID THREAD (RFC 5256 §3)
class ThreadTask : public Task
{
public:
    ThreadTask(SearchProgram program, Numbering numbering) : m_program(std::move(program)), m_numbering(numbering) {}

    void begin(Session &session) override
    {
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
        // What came since has no sequence number yet, and a thread can't have a hole.
        SearchKey told{.op = SearchKey::Op::Uids};
        told.uids = {{messages.at(0), messages.at(messages.count() - 1)}};
        SearchKey both{.op = SearchKey::Op::And};
        both.children = {std::move(told), std::move(m_program.key)};
        session.ask(ThreadMessages{std::move(both), m_program.algorithm});
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

Result<TaskPointer> parse(Lexer &lexer, Numbering numbering, SearchForm form)
{
    auto program = parseSearchProgram(lexer, form);
    if (program && form == SearchForm::Thread)
        return std::make_unique<ThreadTask>(std::move(*program), numbering);
    if (program)
        return std::make_unique<SearchTask>(std::move(*program), numbering);
    if (program.error().kind != ErrorKind::NotFound)
        return std::unexpected(program.error());
    return plainTask([](Session &session) {
        session.no("This charset is not known", "BADCHARSET (US-ASCII UTF-8)");
    });
}

} // namespace

Result<TaskPointer> parseSearch(Lexer &lexer, const Session &)
{
    return parse(lexer, Numbering::Sequence, SearchForm::Search);
}

Result<TaskPointer> parseUidSearch(Lexer &lexer, const Session &)
{
    return parse(lexer, Numbering::Uid, SearchForm::Search);
}

Result<TaskPointer> parseSort(Lexer &lexer, const Session &)
{
    return parse(lexer, Numbering::Sequence, SearchForm::Sort);
}

Result<TaskPointer> parseUidSort(Lexer &lexer, const Session &)
{
    return parse(lexer, Numbering::Uid, SearchForm::Sort);
}

Result<TaskPointer> parseThread(Lexer &lexer, const Session &)
{
    return parse(lexer, Numbering::Sequence, SearchForm::Thread);
}

Result<TaskPointer> parseUidThread(Lexer &lexer, const Session &)
{
    return parse(lexer, Numbering::Uid, SearchForm::Thread);
}

} // namespace posthorn::imap
