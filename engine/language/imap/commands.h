// The command table: the only dispatch and the only gate of state.
#pragma once

#include "core/result.h"
#include "language/imap/task.h"

#include <QByteArrayView>

#include <span>

namespace posthorn::imap {

class Lexer;
class Session;

// States of a session (RFC 9051 §3), as bits.
enum SessionState : quint8 {
    NotAuthenticated = 1,
    Authenticated = 2,
    MailboxSelected = 4,
};
inline constexpr quint8 AnyState = 7;
inline constexpr quint8 SignedIn = Authenticated | MailboxSelected;

enum CommandFlag : quint16 {
    NeedsPrivacy = 1,   // not before TLS, unless plain text is allowed
    Secret = 2,         // its arguments are never told
    UsesSequence = 4,   // sequence numbers keep their meaning while it runs: no EXPUNGE is told with it
    StreamsLiteral = 8, // its last literal is a message, and is not read into memory
    Junk = 16,          // no command of ours: who says it speaks another protocol
    // May run while others do that may too (RFC 9051 §5.5). One that alters something waits for all before it that read
    // or alter the same, and one that reads it for those that alter it; of messages, in the same mailbox. Without this
    // flag a command waits for all before it, and all after it wait.
    Beside = 32,
    ReadsFlags = 64,    // flags of the selected mailbox's messages
    AltersFlags = 128,
    ReadsMail = 256,    // which messages there are
    AltersMail = 512,
    ReadsNames = 1024,  // which mailboxes there are
    AltersNames = 2048,
    EndsAtOnce = 8192,   // its reply waits for nothing: something else begins right behind it
    TakesNumbers = 4096, // its messages are given, or told, by sequence numbers: not with UIDONLY (RFC 9586)
};

// Reads the arguments (the lexer stands behind the name and the space after it) to their end.
using Parser = Result<TaskPointer> (*)(Lexer &arguments, const Session &session);

struct Command
{
    QLatin1StringView name; // upper case; "UID FETCH"
    quint8 states;
    quint16 flags;
    Parser parse;
    QLatin1StringView capabilities = {}; // what CAPABILITY says of it, where it is allowed
};

[[nodiscard]] std::span<const Command> commands();
// By name in any case; null when there is none.
[[nodiscard]] const Command *findCommand(QByteArrayView name);
// What CAPABILITY says now.
[[nodiscard]] QByteArray capabilities(const Session &session);
// SASL mechanisms offered now.
[[nodiscard]] QList<QByteArray> mechanisms(const Session &session);

// How the arguments of a command were given.
enum class Numbering { Sequence, Uid };

} // namespace posthorn::imap
