#include "language/imap/commands.h"

#include "language/imap/parsers.h"

#include <array>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr auto table = std::to_array<Command>({
    // Any state
    {"CAPABILITY"_L1, AnyState, Beside, parseCapability},
    {"NOOP"_L1, AnyState, Beside, parseNoop},
    {"LOGOUT"_L1, AnyState, EndsAtOnce, parseLogout},
    {"ID"_L1, AnyState, Beside, parseId, "ID"_L1},
    {"LANGUAGE"_L1, AnyState, Beside, parseLanguage, "LANGUAGE"_L1},
    // Not signed in
    {"STARTTLS"_L1, NotAuthenticated, EndsAtOnce, parseStartTls},
    {"AUTHENTICATE"_L1, NotAuthenticated, Secret, parseAuthenticate, "SASL-IR"_L1},
    {"LOGIN"_L1, NotAuthenticated, NeedsPrivacy | Secret, parseLogin},
    // Signed in
    {"ENABLE"_L1, SignedIn, 0, parseEnable, "ENABLE"_L1},
    {"SELECT"_L1, SignedIn, 0, parseSelect},
    {"EXAMINE"_L1, SignedIn, 0, parseExamine},
    {"CREATE"_L1, SignedIn, Beside | AltersNames, parseCreate, "CREATE-SPECIAL-USE"_L1},
    {"DELETE"_L1, SignedIn, Beside | AltersNames | AltersMail, parseDelete},
    {"RENAME"_L1, SignedIn, Beside | AltersNames | AltersMail, parseRename},
    {"SUBSCRIBE"_L1, SignedIn, Beside | AltersNames, parseSubscribe},
    {"UNSUBSCRIBE"_L1, SignedIn, Beside | AltersNames, parseUnsubscribe},
    {"LIST"_L1, SignedIn, Beside | ReadsNames, parseList, "CHILDREN LIST-EXTENDED LIST-METADATA LIST-MYRIGHTS LIST-STATUS SPECIAL-USE"_L1},
    {"LSUB"_L1, SignedIn, Beside | ReadsNames, parseLsub},
    {"NAMESPACE"_L1, SignedIn, Beside, parseNamespace, "NAMESPACE"_L1},
    {"NOTIFY"_L1, SignedIn, 0, parseNotify, "NOTIFY"_L1},
    {"STATUS"_L1, SignedIn, Beside | ReadsNames | ReadsMail | ReadsFlags, parseStatus, "STATUS=SIZE"_L1},
    {"ESEARCH"_L1, SignedIn, Beside | ReadsFlags | ReadsMail | ReadsNames, parseEsearch, "MULTISEARCH"_L1},
    {"APPEND"_L1, SignedIn, StreamsLiteral | Beside | AltersMail | ReadsNames, parseAppend, "CATENATE MULTIAPPEND UTF8=ACCEPT"_L1},
    {"UNAUTHENTICATE"_L1, SignedIn, 0, parseUnauthenticate, "UNAUTHENTICATE"_L1},
    {"GENURLAUTH"_L1, SignedIn, Beside | ReadsNames, parseGenUrlAuth, "URLAUTH"_L1},
    {"RESETKEY"_L1, SignedIn, 0, parseResetKey},
    {"URLFETCH"_L1, SignedIn, Beside | ReadsNames | ReadsMail, parseUrlFetch, "URL-PARTIAL URLAUTH=BINARY"_L1},
    {"COMPRESS"_L1, SignedIn, EndsAtOnce, parseCompress, "COMPRESS=DEFLATE"_L1},
    {"IDLE"_L1, SignedIn, 0, parseIdle, "IDLE"_L1},
    {"GETQUOTA"_L1, SignedIn, Beside | ReadsMail, parseGetQuota},
    {"GETQUOTAROOT"_L1, SignedIn, Beside | ReadsMail | ReadsNames, parseGetQuotaRoot, "QUOTA QUOTA=RES-MESSAGE QUOTA=RES-STORAGE"_L1},
    {"SETQUOTA"_L1, SignedIn, 0, parseSetQuota, "QUOTASET"_L1},
    {"SETACL"_L1, SignedIn, 0, parseSetAcl, "ACL RIGHTS=texk"_L1},
    {"DELETEACL"_L1, SignedIn, 0, parseDeleteAcl},
    {"GETACL"_L1, SignedIn, 0, parseGetAcl},
    {"LISTRIGHTS"_L1, SignedIn, 0, parseListRights},
    {"MYRIGHTS"_L1, SignedIn, 0, parseMyRights},
    {"GETMETADATA"_L1, SignedIn, 0, parseGetMetadata, "METADATA METADATA-SERVER"_L1},
    {"SETMETADATA"_L1, SignedIn, 0, parseSetMetadata},
    // A mailbox is selected
    {"CHECK"_L1, MailboxSelected, Beside, parseNoop},
    {"CLOSE"_L1, MailboxSelected, 0, parseClose},
    {"UNSELECT"_L1, MailboxSelected, 0, parseUnselect, "UNSELECT"_L1},
    {"EXPUNGE"_L1, MailboxSelected, 0, parseExpunge},
    {"FETCH"_L1, MailboxSelected, UsesSequence | TakesNumbers | Beside | ReadsFlags, parseFetch, "BINARY PREVIEW"_L1},
    {"STORE"_L1, MailboxSelected, UsesSequence | TakesNumbers | Beside | AltersFlags, parseStore, "CONDSTORE QRESYNC"_L1},
    {"SEARCH"_L1, MailboxSelected, UsesSequence | TakesNumbers | Beside | ReadsFlags | ReadsMail, parseSearch, "CONTEXT=SEARCH ESEARCH I18NLEVEL=1 INPROGRESS OBJECTID PARTIAL SAVEDATE SEARCH=FUZZY SEARCHRES WITHIN"_L1},
    {"SORT"_L1, MailboxSelected, UsesSequence | TakesNumbers | Beside | ReadsFlags | ReadsMail, parseSort, "CONTEXT=SORT ESORT SORT SORT=DISPLAY"_L1},
    {"CANCELUPDATE"_L1, MailboxSelected, 0, parseCancelUpdate},
    {"THREAD"_L1, MailboxSelected, UsesSequence | TakesNumbers | Beside | ReadsFlags | ReadsMail, parseThread, "THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS"_L1},
    {"REPLACE"_L1, MailboxSelected, StreamsLiteral | TakesNumbers, parseReplace, "REPLACE"_L1},
    {"COPY"_L1, MailboxSelected, TakesNumbers | Beside | ReadsFlags | AltersMail | ReadsNames, parseCopy},
    {"MOVE"_L1, MailboxSelected, TakesNumbers, parseMove, "MOVE"_L1},
    {"UID FETCH"_L1, MailboxSelected, Beside | ReadsFlags, parseUidFetch, "UIDONLY"_L1},
    {"UID STORE"_L1, MailboxSelected, Beside | AltersFlags, parseUidStore},
    {"UID SEARCH"_L1, MailboxSelected, Beside | ReadsFlags | ReadsMail, parseUidSearch},
    {"UID SORT"_L1, MailboxSelected, Beside | ReadsFlags | ReadsMail, parseUidSort},
    {"UID THREAD"_L1, MailboxSelected, Beside | ReadsFlags | ReadsMail, parseUidThread},
    {"UID REPLACE"_L1, MailboxSelected, StreamsLiteral, parseUidReplace},
    {"UID COPY"_L1, MailboxSelected, Beside | ReadsFlags | AltersMail | ReadsNames, parseUidCopy},
    {"UID MOVE"_L1, MailboxSelected, 0, parseUidMove},
    {"UID EXPUNGE"_L1, MailboxSelected, 0, parseUidExpunge, "UIDPLUS"_L1},
    // Other protocols, known by the word where our tag stands
    {"GET"_L1, 0, Junk, nullptr},
    {"POST"_L1, 0, Junk, nullptr},
    {"HEAD"_L1, 0, Junk, nullptr},
    {"PUT"_L1, 0, Junk, nullptr},
    {"OPTIONS"_L1, 0, Junk, nullptr},
    {"CONNECT"_L1, 0, Junk, nullptr},
    {"EHLO"_L1, 0, Junk, nullptr},
    {"HELO"_L1, 0, Junk, nullptr},
});

} // namespace

std::span<const Command> commands()
{
    return table;
}

const Command *findCommand(QByteArrayView name)
{
    for (const Command &command : table) {
        if (command.name.size() == name.size()
            && QByteArrayView(command.name.data(), command.name.size()).compare(name, Qt::CaseInsensitive) == 0)
            return &command;
    }
    return nullptr;
}

QByteArray capabilities(const Session &session)
{
    const bool signedIn = session.state != NotAuthenticated;
    QByteArray words = signedIn ? "IMAP4rev2 IMAP4rev1 LITERAL+" : "IMAP4rev2 IMAP4rev1 LITERAL-";
    for (const Command &command : table) {
        // ENABLE and IDLE are told of before they may be used: there are clients that ask only once.
        const bool early = command.name == "ENABLE"_L1 || command.name == "IDLE"_L1;
        const bool applies = signedIn ? bool(command.states & SignedIn) : early || (command.states & NotAuthenticated);
        if (applies && !command.capabilities.isEmpty())
            words += ' ' + QByteArray(command.capabilities.data(), command.capabilities.size());
    }
    if (signedIn) {
        words += " APPENDLIMIT=" + QByteArray::number(session.config.maxMessageSize);
        if (session.config.messageLimit > 0) // of what saves as well: SAVELIMIT would be for that alone (RFC 9738 §3)
            words += " MESSAGELIMIT=" + QByteArray::number(session.config.messageLimit);
        return words;
    }
    if (session.config.tlsAvailable && !session.tls)
        words += " STARTTLS";
    for (const QByteArray &mechanism : mechanisms(session))
        words += " AUTH=" + mechanism;
    if (!session.plaintextAllowed())
        words += " LOGINDISABLED";
    return words;
}

} // namespace posthorn::imap
