// The parsers of the command table, each in the file of its command.
#pragma once

#include "language/imap/session.h"

namespace posthorn::imap {

#define POSTHORN_IMAP_PARSER(NAME) [[nodiscard]] Result<TaskPointer> NAME(Lexer &arguments, const Session &session);
POSTHORN_IMAP_PARSER(parseCapability)
POSTHORN_IMAP_PARSER(parseNoop)
POSTHORN_IMAP_PARSER(parseLogout)
POSTHORN_IMAP_PARSER(parseStartTls)
POSTHORN_IMAP_PARSER(parseId)
POSTHORN_IMAP_PARSER(parseEnable)
POSTHORN_IMAP_PARSER(parseNamespace)
POSTHORN_IMAP_PARSER(parseLogin)
POSTHORN_IMAP_PARSER(parseAuthenticate)
POSTHORN_IMAP_PARSER(parseSelect)
POSTHORN_IMAP_PARSER(parseExamine)
POSTHORN_IMAP_PARSER(parseCreate)
POSTHORN_IMAP_PARSER(parseDelete)
POSTHORN_IMAP_PARSER(parseRename)
POSTHORN_IMAP_PARSER(parseSubscribe)
POSTHORN_IMAP_PARSER(parseUnsubscribe)
POSTHORN_IMAP_PARSER(parseList)
POSTHORN_IMAP_PARSER(parseLsub)
POSTHORN_IMAP_PARSER(parseStatus)
POSTHORN_IMAP_PARSER(parseAppend)
POSTHORN_IMAP_PARSER(parseCompress)
POSTHORN_IMAP_PARSER(parseReplace)
POSTHORN_IMAP_PARSER(parseUidReplace)
POSTHORN_IMAP_PARSER(parseUnauthenticate)
POSTHORN_IMAP_PARSER(parseGenUrlAuth)
POSTHORN_IMAP_PARSER(parseResetKey)
POSTHORN_IMAP_PARSER(parseUrlFetch)
POSTHORN_IMAP_PARSER(parseIdle)
POSTHORN_IMAP_PARSER(parseGetQuota)
POSTHORN_IMAP_PARSER(parseGetQuotaRoot)
POSTHORN_IMAP_PARSER(parseClose)
POSTHORN_IMAP_PARSER(parseUnselect)
POSTHORN_IMAP_PARSER(parseExpunge)
POSTHORN_IMAP_PARSER(parseUidExpunge)
POSTHORN_IMAP_PARSER(parseFetch)
POSTHORN_IMAP_PARSER(parseUidFetch)
POSTHORN_IMAP_PARSER(parseStore)
POSTHORN_IMAP_PARSER(parseUidStore)
POSTHORN_IMAP_PARSER(parseCopy)
POSTHORN_IMAP_PARSER(parseUidCopy)
POSTHORN_IMAP_PARSER(parseMove)
POSTHORN_IMAP_PARSER(parseUidMove)
POSTHORN_IMAP_PARSER(parseSearch)
POSTHORN_IMAP_PARSER(parseUidSearch)
POSTHORN_IMAP_PARSER(parseSort)
POSTHORN_IMAP_PARSER(parseUidSort)
POSTHORN_IMAP_PARSER(parseThread)
POSTHORN_IMAP_PARSER(parseUidThread)
#undef POSTHORN_IMAP_PARSER

} // namespace posthorn::imap
