// FETCH and UID FETCH (RFC 9051 §6.4.5).
#include "language/imap/arguments.h"
#include "language/imap/fetch_task.h"
#include "language/imap/parsers.h"

namespace posthorn::imap {

namespace {

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
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return std::make_unique<FetchTask>(std::move(set), numbering, std::move(*items));
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
