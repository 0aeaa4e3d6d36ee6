// The arguments of APPEND (RFC 9051 §6.3.12) and REPLACE (RFC 8508) before the first message's octets.
#include "language/imap/append_task.h"
#include "language/imap/arguments.h"
#include "language/imap/parsers.h"

namespace posthorn::imap {

namespace {

Result<TaskPointer> parse(Arguments &arguments, std::optional<Replaced> replaced)
{
    QString mailbox = arguments.mailbox();
    arguments.space();
    if (!arguments.ok())
        return arguments.error();
    auto form = AppendForm::parse(arguments);
    if (!form)
        return std::unexpected(form.error());
    return std::make_unique<AppendTask>(std::move(mailbox), std::move(*form), arguments.lexer().rest(), std::move(replaced));
}

Result<TaskPointer> parseReplacement(Lexer &lexer, const Session &session, Numbering numbering)
{
    Arguments arguments(lexer, session);
    Replaced replaced{arguments.set(), numbering};
    arguments.space();
    return parse(arguments, std::move(replaced));
}

} // namespace

Result<TaskPointer> parseAppend(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    return parse(arguments, std::nullopt);
}

Result<TaskPointer> parseReplace(Lexer &lexer, const Session &session)
{
    return parseReplacement(lexer, session, Numbering::Sequence);
}

Result<TaskPointer> parseUidReplace(Lexer &lexer, const Session &session)
{
    return parseReplacement(lexer, session, Numbering::Uid);
}

} // namespace posthorn::imap
