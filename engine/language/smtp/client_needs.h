// What an SMTP session on the client's side asks of the world, and what it is told. Needs marked "no answer" get none;
// every other one is answered by exactly one ClientAnswer that names its id.
#pragma once

#include "language/smtp/needs.h"

namespace posthorn::smtp {

// --- values ----------------------------------------------------------------------------------------------------

struct OutgoingRecipient
{
    QByteArray path;              // without brackets
    quint8 notify = 0;            // NotifyFlag bits; 0: not given
    QByteArray originalRecipient; // ORCPT, decoded; or empty
};

// One message for recipients who share an envelope (RFC 5321 §2.3.1, RFC 3461).
struct OutgoingMail
{
    QByteArray reversePath; // without brackets; empty: the null reverse-path
    QList<OutgoingRecipient> recipients;
    qint64 size = 0; // octets of the content
    BodyType body = BodyType::SevenBit; // as declared when it arrived; what the content holds decides
    bool smtpUtf8 = false;
    QByteArray ret, envid;
    QByteArray content; // the first octets of it; all of it when there are `size` of them
};

// What became of one recipient. Nobody takes responsibility for a message before the reply that ends it is positive.
enum class Fate {
    Accepted,
    Refused,  // for good
    Deferred, // try again later
    Unknown,  // the message was sent, and the connection lost before the reply: it may have arrived (RFC 1047)
    NotTried, // stopped before anything was decided: no attempt was made
};

// What a server has promised and does not keep, so that the next session does without.
struct Distrust
{
    bool flow = false;       // PIPELINING, CHUNKING
    bool parameters = false; // SIZE, DSN
};

struct RecipientOutcome
{
    Fate fate = Fate::Deferred;
    Reply reply;             // the server's, or one that says in its place what happened
    bool fromServer = false; // the reply was received
    QByteArray command;      // what it answers: "RCPT TO", "end of data"
};

// --- needs -----------------------------------------------------------------------------------------------------

// The session is open, nothing is under way: what next? Answered by OutgoingMail or Leave, at once or later.
// `opening`: the first time, all that was said until then.
struct NextMail { QByteArray opening; };
// The next octets of the content. Answered by ContentPiece.
struct MoreContent { qint64 offset = 0; };
// Does the content hold octets over 127, in its header and anywhere? Answered by ContentScan. Asked only of a message that
// was not handed over whole, for a server that takes no such octets.
struct ScanContent {};
// PBKDF2 with HMAC-SHA-256, 32 octets (RFC 5802 §2.2, RFC 7677). Answered by DerivedKey.
struct DeriveKey { QByteArray password, salt; int iterations = 0; };
// The token to sign in with (XOAUTH2): a fresh one where the server has refused `refused`. Answered by Token.
struct FetchToken { QByteArray refused; };
// The mail handed out last is done with; one outcome for each recipient, in order. `dsn`: the server takes over the
// duty to report (RFC 3461 §5.2.2). No answer.
struct MailDone { QList<RecipientOutcome> outcomes; bool dsn = false; QByteArray dialogue; };
// The session ends, and not because of Leave: at most once. `idle`: nothing was under way and the server had accepted
// us. `distrust`: what may go better without. No answer.
struct SessionFailed
{
    Reply reply;
    bool fromServer = false;
    bool idle = false;
    QByteArray during;
    QByteArray dialogue;
    Distrust distrust;
};

using ClientWhat = std::variant<NextMail, MoreContent, ScanContent, DeriveKey, FetchToken, MailDone, SessionFailed>;
struct ClientNeed { NeedId id = 0; ClientWhat what; };

// --- answers ---------------------------------------------------------------------------------------------------

struct Leave {}; // say QUIT
struct ContentPiece { QByteArray bytes; bool good = true; }; // empty or not good: it can't be read; the mail is given up
struct ContentScan { bool header8 = false; bool body8 = false; };
struct DerivedKey { QByteArray key; };
struct Token { QByteArray token; QByteArray trouble; }; // an empty token: there is none, and why
using ClientAnswer = std::variant<OutgoingMail, Leave, ContentPiece, ContentScan, DerivedKey, Token>;

} // namespace posthorn::smtp
