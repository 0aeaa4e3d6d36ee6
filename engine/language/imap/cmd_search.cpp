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
        const QList<quint32> numbers = numbersOf(*session.view, found->uids);
        if (m_returns.given || session.rev2)
            tellExtended(session, numbers);
        else
            tellPlain(session, numbers);
        session.ok("Done");
    }

private:
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

    static void tellPlain(Session &session, const QList<quint32> &numbers)
    {
        session.out.reserve(session.out.size() + numbers.size() * 8 + 16);
        session.out += "* SEARCH";
        for (const quint32 number : numbers) {
            session.out += ' ';
            appendNumber(session.out, number);
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
        session.out += "\r\n";
    }

    SearchProgram m_program;
    ReturnOptions m_returns;
    Numbering m_numbering;
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
