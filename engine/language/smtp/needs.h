// What an SMTP session asks of the world, and what it is told. Needs marked "no answer" get none; every other one is
// answered by exactly one Answer that names its id. The machine keeps replies in command order.
#pragma once

#include "core/machine.h"
#include "language/smtp/path.h"
#include "language/smtp/reply.h"

#include <QByteArray>
#include <QList>

#include <optional>
#include <variant>

namespace posthorn::smtp {

enum class BodyType { SevenBit, EightBitMime, BinaryMime };

// MAIL FROM and its parameters (RFC 1870, 6152, 3030, 6531, 3461, 4954, 8689).
struct MailCommand
{
    Address reversePath;
    std::optional<qint64> size;
    BodyType body = BodyType::SevenBit;
    bool smtpUtf8 = false;
    QByteArray ret;              // "FULL", "HDRS" or empty
    QByteArray envid;            // decoded from xtext
    std::optional<QByteArray> auth; // decoded AUTH= value; "<>" when unknown
    bool requireTls = false;
    bool operator==(const MailCommand &) const = default;
};

enum NotifyFlag : quint8 { NotifyNever = 1, NotifySuccess = 2, NotifyFailure = 4, NotifyDelay = 8 };

// RCPT TO and its parameters (RFC 3461).
struct RcptCommand
{
    Address forwardPath;
    quint8 notify = 0;            // 0: not given
    QByteArray originalRecipient; // ORCPT as "rfc822;user@example.org", decoded from xtext; or empty
    bool operator==(const RcptCommand &) const = default;
};

// --- needs -----------------------------------------------------------------------------------------------------

// The connection is there; answered by Judgement. A negative reply is sent as the banner and the connection closed.
struct Welcome {};
// HELO or EHLO was said and accepted. No answer.
struct Hello { QByteArray name; bool extended = false; };
// SASL (RFC 4954), answered by SaslAnswer. SaslCancel: the client sent "*" (no answer).
struct SaslBegin { QByteArray mechanism; std::optional<QByteArray> initialResponse; };
struct SaslContinue { QByteArray response; };
struct SaslCancel {};
// Answered by Judgement.
struct JudgeSender { MailCommand mail; };
struct JudgeRecipient { RcptCommand rcpt; };
// The message, dots unstuffed, in pieces of at most 64 KiB, after DATA or in BDAT. Answered by Judgement: a negative one
// is remembered and given at the end of the message; what follows is read and dropped.
struct Content { QByteArray bytes; };
// Octets of what a URL names (BURL, RFC 4468), from `offset` on. Answered by UrlOctets, or a Judgement that refuses.
struct ReadUrl { QByteArray url; qint64 offset = 0; };
// All of it is there. Answered by Judgement: the final reply, 250 only when the message is durable.
struct EndOfMail {};
// RSET, a new MAIL, EHLO, a lost connection: forget the transaction. No answer.
struct AbortMail {};
// Something was refused by the machine or by an answer, for log and trace: `line` is the command, cut at 1,024 octets and
// without secrets; empty for a refused connection only. A connection that ends with 421 (time-out, shutDown()) is a
// refusal only when it loses a transaction; `line` is then the last command. No answer.
struct Refused { QByteArray line; Reply reply; };
// VRFY is always 252, EXPN 502: no needs.

using What = std::variant<Welcome, Hello, SaslBegin, SaslContinue, SaslCancel, JudgeSender, JudgeRecipient, Content,
                          ReadUrl, EndOfMail, AbortMail, Refused>;
struct Need { NeedId id = 0; What what; };

// --- answers ---------------------------------------------------------------------------------------------------

struct Judgement { Reply reply; bool close = false; /* hang up after the reply, which is then a 421 */ };
struct SaslAnswer
{
    enum class Outcome { Challenge, Success, Failure, Unavailable };
    Outcome outcome = Outcome::Failure;
    QByteArray bytes; // Challenge: to send; Success: additional data, if any (sent as a last challenge)
    QString user;
};
struct UrlOctets { QByteArray bytes; bool last = false; };
using Answer = std::variant<Judgement, SaslAnswer, UrlOctets>;

} // namespace posthorn::smtp
