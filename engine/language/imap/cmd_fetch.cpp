// FETCH and UID FETCH (RFC 9051 §6.4.5, CHANGEDSINCE and VANISHED: RFC 7162 §3.1.4.1, §3.2.6, PARTIAL: RFC 9394 §3.3).
#include "language/imap/arguments.h"
#include "language/imap/fetch_task.h"
#include "language/imap/parsers.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

FetchModifiers parseModifiers(Arguments &arguments, Numbering numbering)
{
    FetchModifiers modifiers;
    arguments.expect('(');
    do {
        const QByteArray word = arguments.word().toUpper();
        if (word == "CHANGEDSINCE") {
            arguments.space();
            modifiers.changedSince = arguments.modSeq();
        } else if (word == "VANISHED") {
            modifiers.vanished = true;
        } else if (word == "PARTIAL" && numbering == Numbering::Uid) {
            arguments.space();
            const auto range = parsePartialRange(arguments.lexer());
            if (range)
                modifiers.partial = *range;
            else
                arguments.fault(range.error().text);
        } else {
            arguments.fault(u"CHANGEDSINCE, VANISHED or, with UID FETCH, PARTIAL expected"_s);
        }
    } while (arguments.ok() && arguments.take(' '));
    arguments.expect(')');
    return modifiers;
}

Result<TaskPointer> parse(Lexer &lexer, const Session &session, Numbering numbering)
{
    Arguments arguments(lexer, session);
    NumberSet set = arguments.set();
    arguments.space();
    if (!arguments.ok())
        return arguments.error();
    auto items = FetchItems::parse(lexer);
    if (!items)
        return std::unexpected(items.error());
    FetchModifiers modifiers;
    if (arguments.take(' '))
        modifiers = parseModifiers(arguments, numbering);
    const bool mayVanish = numbering == Numbering::Uid && session.qresync && modifiers.changedSince > 0;
    if (modifiers.vanished && !mayVanish)
        arguments.fault(u"VANISHED is for UID FETCH with CHANGEDSINCE, after ENABLE QRESYNC"_s);
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return std::make_unique<FetchTask>(std::move(set), numbering, std::move(*items), modifiers);
}

} // namespace

Result<TaskPointer> parseFetch(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Sequence);
}

Result<TaskPointer> parseUidFetch(Lexer &lexer, const Session &session)
{
    return parse(lexer, session, Numbering::Uid);
}

} // namespace posthorn::imap
