// SEARCH and UID SEARCH (RFC 9051 §6.4.4, ESEARCH: RFC 4731, 5182).
#include "language/imap/output.h"
#include "language/imap/parsers.h"
#include "language/imap/resolve.h"
#include "language/imap/search_parse.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

class SearchTask : public Task
{
public:
    SearchTask(SearchProgram program, Numbering numbering)
        : m_program(std::move(program)), m_returns(m_program.returns), m_numbering(numbering) {}

    void begin(Session &session) override
    {
        if (m_program.usesModSeq)
            session.enableCondstore();
        const bool known = resolveSets(m_program, [&](const NumberSet &set, bool isUids) {
            return resolve(session, set, isUids ? Numbering::Uid : Numbering::Sequence);
        });
        if (known)
            session.ask(SearchMessages{std::move(m_program.key)});
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
        if (m_returns.save)
            save(session, session.view->messages(), found->uids);
        m_numbers = numbersOf(*session.view, found->uids);
        m_uids = m_program.usesModSeq ? tellingUids(session.view->messages(), found->uids) : QList<UidRange>();
        if (m_uids.isEmpty())
            tell(session);
        else
            session.ask(FetchMessages{m_uids, {}});
    }

private:
    void tell(Session &session) const
    {
        if (m_returns.given || session.rev2)
            tellExtended(session, m_numbers);
        else
            tellPlain(session, m_numbers);
        session.ok("Done");
    }

    // The messages whose highest MODSEQ is told: with only MIN or MAX those, otherwise all (RFC 7162 §3.1.10).
    QList<UidRange> tellingUids(const UidMap &messages, const QList<Uid> &uids) const
    {
        QList<UidRange> found;
        for (const Uid uid : uids) {
            if (messages.indexOf(uid) >= 0)
                addUid(found, uid);
        }
        if (m_returns.all || m_returns.count || !(m_returns.minimum || m_returns.maximum) || found.isEmpty())
            return found;
        const Uid first = found.first().first, last = found.last().last;
        found.clear();
        if (m_returns.minimum)
            addUid(found, first);
        if (m_returns.maximum && !(m_returns.minimum && first == last))
            addUid(found, last);
        return found;
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

    // Only messages that the client knows of; by UID or by sequence number.
    QList<quint32> numbersOf(const SelectedView &view, const QList<Uid> &uids) const
    {
        QList<quint32> numbers;
        numbers.reserve(uids.size());
        const UidMap &map = view.messages();
        qsizetype next = 0; // most often the one after the last
        for (const Uid uid : uids) {
            qsizetype index = next < map.count() && map.at(next) == uid ? next : map.indexOf(uid);
            if (index < 0)
                continue;
            numbers += m_numbering == Numbering::Uid ? uid : quint32(index + 1);
            next = index + 1;
        }
        return numbers;
    }

    // With MIN or MAX and nothing that looks at all, only those are saved (RFC 5182 §2.4).
    void save(Session &session, const UidMap &messages, const QList<Uid> &uids) const
    {
        QList<UidRange> saved;
        for (const Uid uid : uids) {
            if (messages.indexOf(uid) >= 0)
                addUid(saved, uid);
        }
        if (!saved.isEmpty() && (m_returns.minimum || m_returns.maximum) && !m_returns.all && !m_returns.count) {
            const Uid first = saved.first().first, last = saved.last().last;
            saved.clear();
            if (m_returns.minimum)
                addUid(saved, first);
            if (m_returns.maximum && (!m_returns.minimum || last != first))
                addUid(saved, last);
        }
        session.savedResult = saved;
    }

    void tellPlain(Session &session, const QList<quint32> &numbers) const
    {
        session.out.reserve(session.out.size() + numbers.size() * 8 + 16);
        session.out += "* SEARCH";
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

    void tellExtended(Session &session, const QList<quint32> &numbers) const
    {
        if (m_returns.save && !m_returns.minimum && !m_returns.maximum && !m_returns.all && !m_returns.count)
            return; // it is only saved
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
        if (all && !numbers.isEmpty()) {
            QList<UidRange> ranges;
            for (const quint32 number : numbers)
                addUid(ranges, number);
            session.out += " ALL ";
            session.out += setText(ranges);
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
    QList<quint32> m_numbers;
    QList<UidRange> m_uids; // whose MODSEQ is to be looked at
    ModSeq m_highest = 0;
};

Result<TaskPointer> parse(Lexer &lexer, Numbering numbering)
{
    auto program = parseSearchProgram(lexer);
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
    return parse(lexer, Numbering::Sequence);
}

Result<TaskPointer> parseUidSearch(Lexer &lexer, const Session &)
{
    return parse(lexer, Numbering::Uid);
}

} // namespace posthorn::imap
