// Domains, accounts, aliases, and who is allowed how much.
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <QByteArray>
#include <QList>
#include <QString>

#include <optional>

namespace posthorn::store {

class Connection;
class Transaction;

struct Domain
{
    DomainId id;
    QString name;            // A-label form, lower case
    QString aliasOf;         // a domain whose accounts this one shares; empty: a domain of its own
    QString catchAll;        // address that gets mail for unknown local parts; empty: refused
    QString certificateFile; // for SNI, may be empty
    QString keyFile;
    int minuteLimit = -1; // recipients elsewhere in a minute; 0: no limit; -1: as the settings say
    int dayLimit = -1;    // the same in a day
};

struct Account
{
    AccountId id;
    DomainId domain;
    QString address; // local@domain, lower case
    QString displayName;
    QByteArray credential;  // auth::toText form
    qint64 quotaOctets = 0; // 0: none
    qint64 usedOctets = 0;
    bool enabled = true;
    bool administrator = false;
    int pop3KeepDays = 0; // what a POP3 client deletes stays for so many days; 0: it goes at once
    QStringList forwardTo; // addresses its mail goes to, here or elsewhere
    bool forwardKeep = true; // and into its own mailbox as well
    int minuteLimit = -1; // as a domain's
    int dayLimit = -1;
    qint64 quotaMessages = 0; // 0: none
    qint64 usedMessages = 0;
    bool shared = false; // a shared mailbox: it gets mail, and nobody signs in to it
};

struct Alias
{
    AliasId id;
    QString address;     // local@domain, lower case
    QStringList targets; // addresses, here or elsewhere
};

// Functions on one connection, inside a read or write job.
class Accounts
{
public:
    static Result<DomainId> addDomain(Transaction &, const Domain &); // Exists, Invalid
    static Result<QList<Domain>> domains(Connection &);
    static Result<void> updateDomain(Transaction &, const Domain &);
    // Denied while accounts or aliases are in it, unless `withContents`, which removes those as well.
    static Result<void> removeDomain(Transaction &, const QString &name, bool withContents, const QString &by);

    // Also makes INBOX, Drafts, Sent, Trash, Junk and Archive with their special uses, subscribed.
    static Result<AccountId> addAccount(Transaction &, const Account &); // NotFound: no such domain; Exists
    static Result<QList<Account>> accounts(Connection &);
    static Result<std::optional<Account>> account(Connection &, const QString &address);
    static Result<std::optional<Account>> account(Connection &, AccountId);
    // All but address, credential and what is used.
    static Result<void> updateAccount(Transaction &, const Account &);
    static Result<void> setCredential(Transaction &, AccountId, const QByteArray &credential);
    static Result<void> removeAccount(Transaction &, const QString &address, const QString &by);

    static Result<AliasId> addAlias(Transaction &, const Alias &);
    static Result<QList<Alias>> aliases(Connection &);
    static Result<void> updateAlias(Transaction &, const Alias &);
    static Result<void> removeAlias(Transaction &, const QString &address);
};

} // namespace posthorn::store
