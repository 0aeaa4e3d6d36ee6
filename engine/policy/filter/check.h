// A Check judges mail and changes nothing: at up to four hooks it returns a Verdict value.
#pragma once

#include "language/message/structure.h"
#include "language/smtp/needs.h"

#include <QByteArray>
#include <QList>
#include <QString>

#include <functional>
#include <memory>
#include <vector>

namespace posthorn::filter {

// From weak to strong; the strongest of several wins.
enum class Action { Accept, Quarantine, Discard, Defer, Reject };

struct Verdict
{
    Action action = Action::Accept;
    double score = 0;
    smtp::Reply reply;          // public; Defer: a 4xx, Reject: a 5xx
    QString why;                // private, for trace and administrator
    QList<QByteArray> prepend;  // header fields without line ends, "X-Spam-Score: 3.1"

    [[nodiscard]] bool stops() const { return action == Action::Defer || action == Action::Reject; }
};

// What is known so far of the connection and the transaction.
struct Facts
{
    QByteArray client; // address of the peer
    QByteArray helo;
    QByteArray tls;    // "TLSv1.3" or empty
    QString user;      // signed in as, or empty
    bool trusted = false;
    bool submission = false;
    smtp::MailCommand mail;
    QList<smtp::RcptCommand> recipients; // accepted ones; at the recipient hook the last one is being judged
    int maxHops = 100;
};

enum Hook : unsigned { Connection = 1, Sender = 2, Recipient = 4, Message = 8 };

// Shared by all conversations, so const and thread-safe. Called on a worker's thread; `done` is called exactly once on
// that same thread, at once or later, and by the check's own deadline at the latest.
class Check
{
public:
    using Done = std::function<void(Verdict)>;
    virtual ~Check() = default;
    [[nodiscard]] virtual QLatin1StringView name() const = 0;
    [[nodiscard]] virtual unsigned hooks() const = 0; // the Hook bits it wants
    // `structure` is there at the Message hook only.
    virtual void judge(Hook hook, const Facts &facts, const message::Structure *structure, Done done) const = 0;
};

using CheckList = std::shared_ptr<const std::vector<std::shared_ptr<const Check>>>;

// The table of all checks, in the order they run.
[[nodiscard]] CheckList allChecks();

} // namespace posthorn::filter
