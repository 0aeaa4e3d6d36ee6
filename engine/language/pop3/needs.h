// What a POP3 session asks of the world, and what it is told. Needs marked "no answer" get none.
#pragma once

#include "core/machine.h"
#include "core/result.h"

#include <QByteArray>
#include <QList>
#include <QString>

#include <optional>
#include <variant>

namespace posthorn::pop3 {

// SASL (RFC 5034), answered by SaslAnswer. Octets are as they are, without base64, on both ways. Cancel: no answer.
struct SaslBegin { QByteArray mechanism; std::optional<QByteArray> initialResponse; };
struct SaslContinue { QByteArray response; };
struct SaslCancel {};
// USER and PASS. Answered by SaslAnswer (never Challenge).
struct VerifyPassword { QByteArray user; QByteArray password; };
// After sign-in: lock the maildrop. Answered by Drop or Failure (Denied: another session holds it, [IN-USE]).
struct OpenDrop {};
// RETR and TOP: octets of message `index` (0-based in Drop.messages) from `offset`. Answered by Piece; the machine asks
// for the next one while little output waits and stops early for TOP.
struct ReadMessage { qsizetype index = 0; qint64 offset = 0; };
// UPDATE state: remove these (0-based); empty still releases the drop. Answered by Done or Failure.
struct Update { QList<qsizetype> deleted; };
// The session ended without UPDATE: release the drop, delete nothing. No answer.
struct CloseDrop {};
// Refused sign-in or junk, for log and trace; no secrets in `line`. No answer.
struct Refused { QByteArray line; QByteArray reply; };

using What = std::variant<SaslBegin, SaslContinue, SaslCancel, VerifyPassword, OpenDrop, ReadMessage, Update, CloseDrop,
                          Refused>;
struct Need { NeedId id = 0; What what; };

struct Done {};
// `tooSoon`: of OpenDrop, the account's last sign-in was less than LOGIN-DELAY ago ([LOGIN-DELAY], RFC 2449 §8.1.1).
struct Failure { Error error; bool tooSoon = false; };
struct SaslAnswer
{
    enum class Outcome { Challenge, Success, Failure, Unavailable };
    Outcome outcome = Outcome::Failure;
    QByteArray bytes;
    QString user;
};
struct DropMessage { qint64 size = 0; QByteArray uniqueId; /* 1 to 70 octets, RFC 1939 §7 */ };
struct Drop { QList<DropMessage> messages; };
struct Piece { QByteArray bytes; bool last = false; };

using Answer = std::variant<Done, Failure, SaslAnswer, Drop, Piece>;

} // namespace posthorn::pop3
