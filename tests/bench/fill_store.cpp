// Fills the INBOX of an account with small messages, without a server.
// Usage: fill_store DIRECTORY ADDRESS COUNT
#include "platform/store/accounts.h"
#include "platform/store/mailboxes.h"
#include "platform/store/messages.h"
#include "platform/store/store.h"
#include "platform/store/transaction.h"

#include <QCoreApplication>

#include <cstdio>

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

static Digest digestOf(int number, qint64 bodySize)
{
    const QByteArray n = QByteArray::number(number);
    Digest digest;
    digest.header = "From: sender@example.org\r\nTo: you@example.test\r\nSubject: message " + n +
                    "\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <" + n + "@example.org>\r\n\r\n";
    digest.envelope = "(\"Mon, 23 Nov 2026 10:00:00 +0000\" \"message " + n +
                      "\" ((NIL NIL \"sender\" \"example.org\")) ((NIL NIL \"sender\" \"example.org\")) ((NIL NIL "
                      "\"sender\" \"example.org\")) ((NIL NIL \"you\" \"example.test\")) NIL NIL NIL \"<" +
                      n + "@example.org>\")";
    digest.bodyStructure = R"(("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 1000 20 NIL NIL NIL NIL))"_ba;
    digest.size = digest.header.size() + bodySize;
    digest.sentDate = 1'795'000'000;
    return digest;
}

static Result<void> fillSome(Transaction &transaction, MailboxId mailbox, int first, int count)
{
    static const QByteArray body = QByteArray("twenty-four octets here\r\n").repeated(40);
    for (int i = first; i < first + count; ++i) {
        const auto message = Messages::add(transaction, digestOf(i, body.size()), body);
        if (!message)
            return std::unexpected(message.error());
        const auto mark = Mailboxes::add(transaction, mailbox, *message, flag::Seen, 1'795'000'000'000 + i);
        if (!mark)
            return std::unexpected(mark.error());
    }
    return {};
}

static Result<MailboxId> inboxOf(Store &store, const QString &address)
{
    return store.readNow<MailboxId>([&](Connection &connection) -> Result<MailboxId> {
        const auto accounts = Accounts::accounts(connection);
        if (!accounts)
            return std::unexpected(accounts.error());
        for (const Account &account : *accounts) {
            if (account.address == address)
                return Mailboxes::find(connection, account.id, u"INBOX"_s).transform([](const Mailbox &inbox) {
                    return inbox.id;
                });
        }
        return fail(ErrorKind::NotFound, u"No such account"_s);
    });
}

static Result<void> fill(const QString &directory, const QString &address, int count)
{
    constexpr int group = 5'000;
    const auto store = Store::open({.directory = directory});
    if (!store)
        return std::unexpected(store.error());
    const auto inbox = inboxOf(**store, address);
    if (!inbox)
        return std::unexpected(inbox.error());
    for (int first = 0; first < count; first += group) {
        const auto done = (*store)->writeNow<void>([&](Transaction &transaction) {
            return fillSome(transaction, *inbox, first, qMin(group, count - first));
        });
        if (!done)
            return done;
    }
    return {};
}

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    const QStringList words = QCoreApplication::arguments();
    if (words.size() != 4)
        return 2;
    const auto done = fill(words.at(1), words.at(2), words.at(3).toInt());
    if (!done)
        std::fprintf(stderr, "fill_store: %s\n", qPrintable(done.error().text + u' ' + done.error().detail));
    return done ? 0 : 1;
}
