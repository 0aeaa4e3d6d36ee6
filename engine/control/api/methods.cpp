#include "control/api/methods.h"

#include "control/api/topics.h"

#include <QJsonArray>

#include <algorithm>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

using enum ParameterType;

constexpr bool required = true;

constexpr Parameter domainParameters[] = {
    {"name"_L1, Text, required, false, "The domain"_L1},
    {"aliasOf"_L1, Text, false, false, "A domain here whose accounts this one shares; empty: a domain of its own"_L1},
    {"catchAll"_L1, Text, false, false, "Address that gets mail for unknown names; empty: such mail is refused"_L1},
    {"certificateFile"_L1, Text, false, false, "Certificate for clients that ask for this name"_L1},
    {"keyFile"_L1, Text, false, false, "Its key, when not in the same file"_L1},
    {"perMinute"_L1, Number, false, false, "Recipients elsewhere in a minute; 0: no limit; -1: as the settings say"_L1},
    {"perDay"_L1, Number, false, false, "The same in a day"_L1},
};
constexpr Parameter domainRemoval[] = {
    {"name"_L1, Text, required, false, "The domain"_L1},
    {"withContents"_L1, Flag, false, false, "Removes its accounts, their mail and its aliases as well"_L1},
};
constexpr Parameter accountListing[] = {
    {"domain"_L1, Text, false, false, "Only of this domain"_L1},
    {"text"_L1, Text, false, false, "Only those with this in address or name"_L1},
    {"after"_L1, Text, false, false, "Only addresses that sort after this one"_L1},
    {"limit"_L1, Number, false, false, "At most so many, 10,000 when not given"_L1},
};
constexpr Parameter accountAddition[] = {
    {"address"_L1, Text, required, false, "local@domain"_L1},
    {"password"_L1, Text, required, true, "What the user signs in with"_L1},
    {"displayName"_L1, Text, false, false, "The person's name"_L1},
    {"quotaOctets"_L1, Number, false, false, "Room for mail; 0: no limit; setting quota.initial when not given"_L1},
    {"quotaMessages"_L1, Number, false, false, "How many messages it may have; 0: no limit"_L1},
    {"enabled"_L1, Flag, false, false, "False: no sign-in and no mail"_L1},
    {"administrator"_L1, Flag, false, false, "Gets postmaster's mail"_L1},
    {"pop3KeepDays"_L1, Number, false, false, "A message that a POP3 program deletes stays for so many days, for IMAP; 0: it goes at once"_L1},
    {"forwardTo"_L1, TextList, false, false, "Addresses that get its mail; empty: none"_L1},
    {"forwardKeep"_L1, Flag, false, false, "And its own mailbox as well"_L1},
    {"perMinute"_L1, Number, false, false, "Recipients elsewhere in a minute; 0: no limit; -1: as the settings say"_L1},
    {"perDay"_L1, Number, false, false, "The same in a day"_L1},
};
constexpr Parameter accountUpdate[] = {
    {"address"_L1, Text, required, false, "The account"_L1},
    {"displayName"_L1, Text, false, false, "The person's name"_L1},
    {"quotaOctets"_L1, Number, false, false, "Room for mail; 0: no limit"_L1},
    {"quotaMessages"_L1, Number, false, false, "How many messages it may have; 0: no limit"_L1},
    {"enabled"_L1, Flag, false, false, "False: no sign-in and no mail"_L1},
    {"administrator"_L1, Flag, false, false, "Gets postmaster's mail"_L1},
    {"pop3KeepDays"_L1, Number, false, false, "A message that a POP3 program deletes stays for so many days, for IMAP; 0: it goes at once"_L1},
    {"forwardTo"_L1, TextList, false, false, "Addresses that get its mail; empty: none"_L1},
    {"forwardKeep"_L1, Flag, false, false, "And its own mailbox as well"_L1},
    {"perMinute"_L1, Number, false, false, "Recipients elsewhere in a minute; 0: no limit; -1: as the settings say"_L1},
    {"perDay"_L1, Number, false, false, "The same in a day"_L1},
};
constexpr Parameter accountPassword[] = {
    {"address"_L1, Text, required, false, "The account"_L1},
    {"password"_L1, Text, required, true, "The new password"_L1},
};
constexpr Parameter addressParameter[] = {{"address"_L1, Text, required, false, "local@domain"_L1}};
constexpr Parameter ofDomain[] = {{"domain"_L1, Text, false, false, "Only of this domain"_L1}};
constexpr Parameter aliasParameters[] = {
    {"address"_L1, Text, required, false, "local@domain"_L1},
    {"targets"_L1, TextList, required, false, "Addresses that get its mail, here or elsewhere"_L1},
};
constexpr Parameter sharedAddition[] = {
    {"address"_L1, Text, required, false, "local@domain"_L1},
    {"displayName"_L1, Text, false, false, "What it is for"_L1},
    {"quotaOctets"_L1, Number, false, false, "Room for mail; 0: no limit; setting quota.initial when not given"_L1},
    {"quotaMessages"_L1, Number, false, false, "How many messages it may have; 0: no limit"_L1},
};
constexpr Parameter ofAccount[] = {{"account"_L1, Text, required, false, "Whose mailboxes"_L1}};
constexpr Parameter mailboxAddition[] = {
    {"account"_L1, Text, required, false, "Whose mailbox"_L1},
    {"mailbox"_L1, Text, required, false, "Its name, such as Work/2026"_L1},
};
constexpr Parameter mailboxSharing[] = {
    {"account"_L1, Text, required, false, "Whose mailbox"_L1},
    {"mailbox"_L1, Text, false, false, "Its name; all mailboxes of the account when not given"_L1},
    {"to"_L1, Text, required, false, "An account, “group:” and a group's name, or “anyone”: every account here"_L1},
    {"may"_L1, Text, false, false, "read, write (mark, file and delete mail as well) or all (mailboxes and rights too)"_L1},
    {"rights"_L1, Text, false, false, "In place of it: letters of lrswipkxtea (RFC 4314)"_L1},
};
constexpr Parameter mailboxUpdate[] = {
    {"account"_L1, Text, required, false, "Whose mailbox"_L1},
    {"mailbox"_L1, Text, false, false, "Its name; all mailboxes of the account when not given"_L1},
    {"ownSeen"_L1, Flag, required, false, "Whether others each have their own mark of what they have read"_L1},
};
constexpr Parameter mailboxUnsharing[] = {
    {"account"_L1, Text, required, false, "Whose mailbox"_L1},
    {"mailbox"_L1, Text, false, false, "Its name; all mailboxes of the account when not given"_L1},
    {"from"_L1, Text, required, false, "An account, “group:” and a group's name, or “anyone”"_L1},
};
constexpr Parameter groupFields[] = {
    {"name"_L1, Text, required, false, "What the group is called: small letters, digits, “.”, “-” and “_”"_L1},
    {"members"_L1, TextList, required, false, "Addresses of accounts"_L1},
};
constexpr Parameter groupName[] = {{"name"_L1, Text, required, false, "The group"_L1}};
constexpr Parameter dkimAddition[] = {
    {"domain"_L1, Text, required, false, "The domain whose mail it will sign"_L1},
    {"algorithm"_L1, Text, false, false, "rsa, ed25519 or both; both when not given"_L1},
    {"selector"_L1, Text, false, false, "Its name in the DNS; made of the date when not given"_L1},
};
constexpr Parameter dkimKey[] = {
    {"domain"_L1, Text, required, false, "The domain"_L1},
    {"selector"_L1, Text, required, false, "The key's name"_L1},
};
constexpr Parameter keyParameter[] = {{"key"_L1, Text, required, false, "The setting"_L1}};
constexpr Parameter settingValue[] = {
    {"key"_L1, Text, false, false, "The setting"_L1},
    {"value"_L1, Text, false, true, "Its new value"_L1},
    {"values"_L1, TextMap, false, true, "In place of key and value: several settings, all or none"_L1},
};
constexpr Parameter queueListing[] = {
    {"text"_L1, Text, false, false, "Found in sender, recipient or journey"_L1},
    {"domain"_L1, Text, false, false, "To this domain"_L1},
    {"sender"_L1, Text, false, false, "Found in the sender"_L1},
    {"recipient"_L1, Text, false, false, "Found in the recipient"_L1},
    {"error"_L1, Text, false, false, "Found in the last error"_L1},
    {"state"_L1, Text, false, false, "waiting, held or active"_L1},
    {"createdBefore"_L1, Number, false, false, "In the queue since before then; ms since 1970"_L1},
    {"after"_L1, Text, false, false, "Only entries after this id"_L1},
    {"offset"_L1, Number, false, false, "So many are left out before the first"_L1},
    {"limit"_L1, Number, false, false, "At most so many, 1,000 when not given"_L1},
};
constexpr Parameter entryParameter[] = {{"id"_L1, Text, required, false, "The entry"_L1}};
constexpr Parameter entryChoice[] = {
    {"id"_L1, Text, false, false, "The entry; or, in its place:"_L1},
    {"ids"_L1, TextList, false, false, "These entries"_L1},
    {"all"_L1, Flag, false, false, "All of them, or all that fit:"_L1},
    {"text"_L1, Text, false, false, "Found in sender, recipient or journey"_L1},
    {"domain"_L1, Text, false, false, "To this domain"_L1},
    {"sender"_L1, Text, false, false, "Found in the sender"_L1},
    {"recipient"_L1, Text, false, false, "Found in the recipient"_L1},
    {"error"_L1, Text, false, false, "Found in the last error"_L1},
    {"state"_L1, Text, false, false, "waiting, held or active"_L1},
    {"createdBefore"_L1, Number, false, false, "In the queue since before then; ms since 1970"_L1},
};
constexpr Parameter entryRouting[] = {
    {"route"_L1, Text, required, false, "A route's name, “direct”, or “usual”: as the routes' domains say"_L1},
    {"id"_L1, Text, false, false, "The entry; or, in its place:"_L1},
    {"ids"_L1, TextList, false, false, "These entries"_L1},
    {"all"_L1, Flag, false, false, "All of them, or all that fit:"_L1},
    {"text"_L1, Text, false, false, "Found in sender, recipient or journey"_L1},
    {"domain"_L1, Text, false, false, "To this domain"_L1},
    {"sender"_L1, Text, false, false, "Found in the sender"_L1},
    {"recipient"_L1, Text, false, false, "Found in the recipient"_L1},
    {"error"_L1, Text, false, false, "Found in the last error"_L1},
    {"state"_L1, Text, false, false, "waiting, held or active"_L1},
    {"createdBefore"_L1, Number, false, false, "In the queue since before then; ms since 1970"_L1},
};
constexpr Parameter entryRemoval[] = {
    {"id"_L1, Text, false, false, "The entry; or, in its place:"_L1},
    {"ids"_L1, TextList, false, false, "These entries"_L1},
    {"all"_L1, Flag, false, false, "All of them, or all that fit:"_L1},
    {"text"_L1, Text, false, false, "Found in sender, recipient or journey"_L1},
    {"domain"_L1, Text, false, false, "To this domain"_L1},
    {"sender"_L1, Text, false, false, "Found in the sender"_L1},
    {"recipient"_L1, Text, false, false, "Found in the recipient"_L1},
    {"error"_L1, Text, false, false, "Found in the last error"_L1},
    {"state"_L1, Text, false, false, "waiting, held or active"_L1},
    {"createdBefore"_L1, Number, false, false, "In the queue since before then; ms since 1970"_L1},
    {"report"_L1, Flag, false, false, "Tells the senders"_L1},
    {"reason"_L1, Text, false, false, "Why, for the message's journey"_L1},
};
constexpr Parameter textParameter[] = {{"text"_L1, Text, false, false, "Only those with this in address, reason or reply"_L1}};
constexpr Parameter suppressionAddition[] = {
    {"address"_L1, Text, required, false, "An address elsewhere"_L1},
    {"reason"_L1, Text, false, false, "Why"_L1},
};
constexpr Parameter routeFields[] = {
    {"name"_L1, Text, required, false, "What the route is called"_L1},
    {"recipients"_L1, TextList, false, false, "Mail to these domains takes it; .example.org: and to all below it"_L1},
    {"senders"_L1, TextList, false, false, "Mail from these domains takes it"_L1},
    {"provider"_L1, Text, false, false, "One of the list of providers: fills in host and encryption"_L1},
    {"region"_L1, Text, false, false, "Where that provider has several"_L1},
    {"host"_L1, Text, false, false, "HOST:PORT; “direct” or empty: the recipients' own servers"_L1},
    {"tls"_L1, Text, false, false, "none, may, encrypt or verify (STARTTLS), or tls: from the first octet on"_L1},
    {"auth"_L1, Text, false, false, "auto, PLAIN, LOGIN, SCRAM-SHA-256 or XOAUTH2"_L1},
    {"user"_L1, Text, false, false, "To sign in with; empty: no sign-in"_L1},
    {"secret"_L1, Text, false, true, "The password"_L1},
    {"tokenCommand"_L1, Text, false, false, "Program and arguments that print a token, in place of a password"_L1},
};
constexpr Parameter routeName[] = {{"name"_L1, Text, required, false, "The route"_L1}};
constexpr Parameter traceSearch[] = {
    {"text"_L1, Text, false, false, "Words, all of which are found in the step; empty: all steps"_L1},
    {"since"_L1, Number, false, false, "Milliseconds since 1970"_L1},
    {"until"_L1, Number, false, false, "Milliseconds since 1970"_L1},
    {"before"_L1, Text, false, false, "Only steps before this id"_L1},
    {"limit"_L1, Number, false, false, "At most so many, newest first; 500 when not given"_L1},
};
constexpr Parameter journeyParameter[] = {{"journey"_L1, Text, required, false, "The journey's key"_L1}};
constexpr Parameter sessionParameter[] = {{"id"_L1, Text, required, false, "The conversation"_L1}};
constexpr Parameter logTail[] = {
    {"after"_L1, Text, false, false, "Only events after this id"_L1},
    {"level"_L1, Text, false, false, "detail, notice, warning or failure: of this level and up"_L1},
    {"limit"_L1, Number, false, false, "At most so many, the newest; 200 when not given"_L1},
};
constexpr Parameter fileParameter[] = {{"file"_L1, Text, required, false, "Absolute path of a file to be made"_L1}};
constexpr Parameter storeCheck[] = {{"quick"_L1, Flag, false, false, "Leaves out what reads all contents"_L1}};
constexpr Parameter directoryParameter[] = {{"directory"_L1, Text, required, false, "Absolute path of a folder"_L1}};
constexpr Parameter topicParameter[] = {{"topic"_L1, Text, required, false, "Its name"_L1}};

constexpr auto domainShape = "{name, aliasOf, catchAll, certificateFile, keyFile, perMinute, perDay}"_L1;
constexpr auto accountShape = "{address, displayName, quotaOctets, usedOctets, enabled, administrator, pop3KeepDays, "
                              "forwardTo, forwardKeep, perMinute, perDay, quotaMessages, usedMessages, shared}"_L1;
constexpr auto mailboxShape = "{mailboxes: [{name, specialUse, messages, unseen, octets, ownSeen, access: [{who, rights}]}], "
                              "others: [{name, rights}]}: its own, and those of others that it can see, as it calls them"_L1;
constexpr auto dkimShape = "{domain, selector, algorithm, state, createdAt, changedAt, recordName, recordStrings}"_L1;
constexpr auto entryShape = "{id, message, journey, sender, recipient, domain, state, createdAt, nextAttempt, attempts, "
                            "lastError, size, route}"_L1;
constexpr auto choiceShape = "the entry; of many {count}"_L1;
constexpr auto routeShape = "{name, recipients, senders, host, tls, auth, user, hasSecret, tokenCommand}"_L1;
constexpr auto stepShape = "{steps: [{id, at, journey, step, client, tls, user, sender, recipient, messageId, subject, "
                           "size, text}]}"_L1;
constexpr auto nothing = "{}"_L1;

// clang-format off
constexpr Method table[] = {
    {"server.status"_L1, {}, "{version, startedAt, uptimeSeconds, hostName, dataDirectory, services: [{name, address, port, "
     "listening, error, connections}], connections, store: {health, faults, firstFault, octets, freeOctets}, queued, counters, messagesToday, "
     "certificates}"_L1, Right::Administrator, {}, "How the server is"_L1},
    {"server.stop"_L1, {}, nothing, Right::Owner, {}, "Stops the server cleanly"_L1},
    {"server.methods"_L1, {}, "{methods, topics}"_L1, Right::Administrator, {}, "This table"_L1},

    {"domain.list"_L1, {}, "{domains: [domain]}"_L1, Right::Administrator, {}, "All domains"_L1},
    {"domain.add"_L1, domainParameters, domainShape, Right::Administrator, "mailboxes"_L1, "Adds a domain"_L1},
    {"domain.update"_L1, domainParameters, domainShape, Right::Administrator, "mailboxes"_L1,
     "Changes what is given of a domain"_L1},
    {"domain.remove"_L1, domainRemoval, nothing, Right::Administrator, "mailboxes"_L1, "Removes a domain"_L1},

    {"account.list"_L1, accountListing, "{accounts: [account], more}"_L1, Right::Administrator, {},
     "Accounts in the order of their addresses"_L1},
    {"account.add"_L1, accountAddition, accountShape, Right::Administrator, "mailboxes"_L1,
     "Adds an account with its mailboxes"_L1},
    {"account.update"_L1, accountUpdate, accountShape, Right::Administrator, "mailboxes"_L1,
     "Changes what is given of an account"_L1},
    {"account.passwd"_L1, accountPassword, nothing, Right::Administrator, {}, "Sets an account's password"_L1},
    {"account.remove"_L1, addressParameter, nothing, Right::Administrator, "mailboxes"_L1,
     "Removes an account and its mail"_L1},

    {"alias.list"_L1, ofDomain, "{aliases: [{address, targets}]}"_L1, Right::Administrator, {}, "Aliases"_L1},
    {"alias.add"_L1, aliasParameters, "{address, targets}"_L1, Right::Administrator, "mailboxes"_L1, "Adds an alias"_L1},
    {"alias.update"_L1, aliasParameters, "{address, targets}"_L1, Right::Administrator, "mailboxes"_L1,
     "Replaces an alias's targets"_L1},
    {"alias.remove"_L1, addressParameter, nothing, Right::Administrator, "mailboxes"_L1, "Removes an alias"_L1},

    {"shared.add"_L1, sharedAddition, accountShape, Right::Administrator, "mailboxes"_L1,
     "Adds a shared mailbox: an account that nobody signs in to, and others are let into"_L1},
    {"mailbox.list"_L1, ofAccount, mailboxShape, Right::Administrator, {},
     "An account's mailboxes and who else may do what with them"_L1},
    {"mailbox.add"_L1, mailboxAddition, nothing, Right::Administrator, {}, "Makes a mailbox; it is open to whom its parent is"_L1},
    {"mailbox.update"_L1, mailboxUpdate, "{mailboxes: [name]}"_L1, Right::Administrator, {},
     "Sets whether those a mailbox is shared with share what is read as well; those who have it open begin anew"_L1},
    {"mailbox.share"_L1, mailboxSharing, "{mailboxes: [name], who, rights}"_L1, Right::Administrator, {},
     "Lets somebody into mailboxes, with these rights in place of those before; nothing given: to read"_L1},
    {"mailbox.unshare"_L1, mailboxUnsharing, "{mailboxes: [name], who}"_L1, Right::Administrator, {},
     "Takes back what mailbox.share gave"_L1},
    {"group.list"_L1, {}, "{groups: [{name, members}]}"_L1, Right::Administrator, {}, "Groups of accounts, for mailbox.share"_L1},
    {"group.add"_L1, groupFields, "{name, members}"_L1, Right::Administrator, "mailboxes"_L1, "Adds a group of accounts"_L1},
    {"group.update"_L1, groupFields, "{name, members}"_L1, Right::Administrator, "mailboxes"_L1, "Replaces a group's members"_L1},
    {"group.remove"_L1, groupName, nothing, Right::Administrator, "mailboxes"_L1, "Removes a group, and what it was let into"_L1},

    {"dkim.list"_L1, ofDomain, "{keys: [key]}"_L1, Right::Administrator, {},
     "Keys that sign outgoing mail, with their records for the DNS"_L1},
    {"dkim.add"_L1, dkimAddition, "{keys: [key]}"_L1, Right::Administrator, "mailboxes"_L1,
     "Makes keys; they sign nothing before they are activated"_L1},
    {"dkim.activate"_L1, dkimKey, dkimShape, Right::Administrator, "mailboxes"_L1,
     "Lets a key sign from now on; the one of its kind that did so is retired"_L1},
    {"dkim.retire"_L1, dkimKey, dkimShape, Right::Administrator, "mailboxes"_L1, "Lets a key sign no more"_L1},
    {"dkim.remove"_L1, dkimKey, nothing, Right::Administrator, "mailboxes"_L1, "Removes a key that does not sign"_L1},

    {"settings.list"_L1, {}, "{settings: [{key, value, initial, isSet, overridden, type, ...}]}"_L1, Right::Administrator,
     {}, "All settings with their values and descriptions; secret values are not shown"_L1},
    {"settings.get"_L1, keyParameter, "{key, value, initial, isSet, overridden, ...}"_L1, Right::Administrator, {},
     "One setting"_L1},
    {"settings.set"_L1, settingValue, "{restartNeeded}"_L1, Right::Administrator, {}, "Sets and applies settings"_L1},
    {"settings.unset"_L1, keyParameter, "{restartNeeded}"_L1, Right::Administrator, {},
     "Gives a setting its initial value back"_L1},

    {"queue.list"_L1, queueListing, "{entries: [entry], matching, total}"_L1, Right::Administrator, {}, "Messages waiting to be sent"_L1},
    {"queue.show"_L1, entryParameter, entryShape, Right::Administrator, {}, "One entry with its last dialogue"_L1},
    {"queue.retry"_L1, entryChoice, choiceShape, Right::Administrator, "queue"_L1, "Tries entries now"_L1},
    {"queue.hold"_L1, entryChoice, choiceShape, Right::Administrator, "queue"_L1, "Keeps entries from being sent"_L1},
    {"queue.release"_L1, entryChoice, choiceShape, Right::Administrator, "queue"_L1, "Lets held entries go on"_L1},
    {"queue.route"_L1, entryRouting, choiceShape, Right::Administrator, "queue"_L1, "Changes the way that entries take"_L1},
    {"queue.remove"_L1, entryRemoval, "{}; of many {count}"_L1, Right::Administrator, "queue"_L1,
     "Takes entries out of the queue; their journeys tell who and why"_L1},

    {"route.list"_L1, {}, "{routes: [route]}"_L1, Right::Administrator, {}, "Ways out for mail, and whose mail takes them"_L1},
    {"route.add"_L1, routeFields, routeShape, Right::Owner, {}, "Adds a way out for mail"_L1},
    {"route.update"_L1, routeFields, routeShape, Right::Owner, {}, "Changes what is given of a route"_L1},
    {"route.remove"_L1, routeName, nothing, Right::Owner, {}, "Removes a route; what waits goes as the others say"_L1},
    {"route.test"_L1, routeName, "{good, steps: [{good, text}], dialogue}"_L1, Right::Administrator, {},
     "Connects and signs in by a route, without sending anything"_L1},

    {"suppression.list"_L1, textParameter, "{addresses: [{address, since, reason, reply}]}"_L1, Right::Administrator, {},
     "Addresses that failed for good and are not tried again"_L1},
    {"suppression.add"_L1, suppressionAddition, nothing, Right::Administrator, {}, "Has mail to an address refused"_L1},
    {"suppression.remove"_L1, addressParameter, nothing, Right::Administrator, {}, "Lets mail to an address go again"_L1},

    {"trace.search"_L1, traceSearch, stepShape, Right::Administrator, {}, "Where is my mail, why was it refused"_L1},
    {"trace.journey"_L1, journeyParameter, stepShape, Right::Administrator, {}, "All steps of one message, oldest first"_L1},
    {"session.list"_L1, {}, "{sessions: [{id, protocol, state, user, client, port, tls, startedAt, octetsIn, octetsOut}]}"_L1,
     Right::Administrator, {}, "Live conversations"_L1},
    {"session.close"_L1, sessionParameter, nothing, Right::Administrator, "sessions"_L1, "Ends a conversation"_L1},
    {"log.tail"_L1, logTail, "{events: [{id, at, kind, level, ...}]}"_L1, Right::Administrator, {}, "The last events"_L1},

    {"backup.make"_L1, fileParameter, "{file, octets}"_L1, Right::Owner, {}, "Copies the whole store into one file"_L1},
    {"search.state"_L1, {}, "{indexed, waiting}: messages in the index for searching, and those not yet in it"_L1,
     Right::Administrator, {}, "Tells how far the index for searching is"_L1},
    {"search.rebuild"_L1, {}, "{}"_L1, Right::Administrator, {},
     "Empties the index for searching; it is made anew in the background"_L1},
    {"store.check"_L1, storeCheck, "{messages, mailboxes, queued, journeys, faults: [text]}"_L1, Right::Administrator, {},
     "Looks for faults in the store and for mail that was lost"_L1},
    {"store.export"_L1, directoryParameter, "{directory, rows}"_L1, Right::Owner, {},
     "Writes every table as JSON lines into a folder"_L1},
    {"store.import"_L1, directoryParameter, "{directory, rows}"_L1, Right::Owner, "mailboxes"_L1,
     "Reads what store.export wrote into an empty store"_L1},

    {"tls.list"_L1, {}, "{policies: [{domain, source, mode, hosts, fetchedAt, expiresAt}]}"_L1, Right::Administrator, {},
     "What domains ask for of TLS and is kept of it"_L1},
    {"tls.report"_L1, {}, nothing, Right::Administrator, {},
     "Sends the reports on TLS to the domains that ask for them now, and not when the day is over"_L1},

    {"topic.subscribe"_L1, topicParameter, nothing, Right::Administrator, {}, "Watches a topic"_L1},
    {"topic.unsubscribe"_L1, topicParameter, nothing, Right::Administrator, {}, "Watches it no longer"_L1},
};
// clang-format on

bool isText(const QJsonValue &value)
{
    if (!value.isString())
        return false;
    const QString text = value.toString();
    return text.size() <= maxTextSize && std::none_of(text.begin(), text.end(), [](QChar c) {
        return (c < u' ' && c != u'\t' && c != u'\n') || c == QChar(0x7f);
    });
}

bool isWhole(const QJsonValue &value)
{
    // Two initial values that can't both be the value: it is a whole number when they don't matter.
    return value.isDouble() && value.toInteger(0) == value.toInteger(1);
}

bool isTextList(const QJsonValue &value)
{
    const QJsonArray items = value.toArray();
    return value.isArray() && items.size() <= maxListSize && std::all_of(items.begin(), items.end(), isText);
}

bool isTextMap(const QJsonValue &value)
{
    const QJsonObject items = value.toObject();
    return value.isObject() && items.size() <= maxListSize && std::all_of(items.begin(), items.end(), isText);
}

bool hasType(const QJsonValue &value, ParameterType type)
{
    switch (type) {
    case Text: return isText(value);
    case Number: return isWhole(value);
    case Flag: return value.isBool();
    case TextList: return isTextList(value);
    case TextMap: return isTextMap(value);
    }
    return false;
}

QLatin1StringView kindOf(ParameterType type)
{
    switch (type) {
    case Text: return "a text"_L1;
    case Number: return "a whole number"_L1;
    case Flag: return "true or false"_L1;
    case TextList: return "a list of texts"_L1;
    case TextMap: return "an object of texts"_L1;
    }
    return {};
}

constexpr QLatin1StringView topicNames[] = {"sessions"_L1, "queue"_L1, "log"_L1, "counters"_L1, "mailboxes"_L1};

} // namespace

std::span<const Method> methods() { return table; }
std::span<const QLatin1StringView> topics() { return topicNames; }
bool isTopic(QStringView name) { return std::ranges::any_of(topicNames, [&](auto topic) { return topic == name; }); }

const Method *findMethod(QStringView name)
{
    const auto found = std::ranges::find_if(table, [&](const Method &method) { return method.name == name; });
    return found == std::end(table) ? nullptr : found;
}

Result<void> checkParameters(const Method &method, const QJsonObject &parameters)
{
    for (const Parameter &parameter : method.parameters) {
        const QJsonValue value = parameters.value(parameter.name);
        if (value.isUndefined()) {
            if (parameter.required)
                return fail(ErrorKind::Invalid, u"%1 needs “%2”"_s.arg(method.name, parameter.name));
        } else if (!hasType(value, parameter.type)) {
            return fail(ErrorKind::Invalid,
                        u"“%2” of %1 must be %3"_s.arg(method.name, parameter.name, kindOf(parameter.type)));
        }
    }
    for (auto it = parameters.begin(); it != parameters.end(); ++it) {
        const QString given = it.key();
        if (std::ranges::none_of(method.parameters, [&](const Parameter &known) { return known.name == given; }))
            return fail(ErrorKind::Invalid, u"%1 knows no “%2”"_s.arg(method.name, given.left(40)));
    }
    return {};
}

QLatin1StringView nameOf(ParameterType type)
{
    switch (type) {
    case Text: return "text"_L1;
    case Number: return "number"_L1;
    case Flag: return "flag"_L1;
    case TextList: return "textList"_L1;
    case TextMap: return "textMap"_L1;
    }
    return {};
}

QLatin1StringView nameOf(Right right) { return right == Right::Owner ? "owner"_L1 : "administrator"_L1; }

QJsonObject toJson(const Method &method)
{
    QJsonArray parameters;
    for (const Parameter &parameter : method.parameters) {
        parameters += QJsonObject{{u"name"_s, parameter.name}, {u"type"_s, nameOf(parameter.type)},
                                  {u"required"_s, parameter.required}, {u"secret"_s, parameter.secret},
                                  {u"summary"_s, parameter.summary}};
    }
    return {{u"name"_s, method.name}, {u"summary"_s, method.summary}, {u"parameters"_s, parameters},
            {u"result"_s, method.result}, {u"right"_s, nameOf(method.right)}, {u"topic"_s, method.topic}};
}

} // namespace posthorn::control
