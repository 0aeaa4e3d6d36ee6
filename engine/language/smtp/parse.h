// From the arguments of a command to a value, or to the reply that refuses them.
#pragma once

#include "language/smtp/needs.h"

#include <QByteArrayView>

#include <expected>

namespace posthorn::smtp {

struct Offer;

template<typename T>
using Parsed = std::expected<T, Reply>;

struct NoArguments {};
// Whatever was said, for commands that take it and do not look at it (NOOP, HELP).
struct AnyArguments {};
// The name that the client goes by: a domain, an address literal, or what clients of long standing really say.
struct HelloArguments { QByteArray name; };
struct BdatArguments { qint64 octets = 0; bool last = false; };
struct BurlArguments { QByteArray url; bool last = false; };
struct AuthArguments { QByteArray mechanism; QByteArrayView initialResponse; bool hasInitialResponse = false; };

// `arguments` is what follows the verb, without the space after it. `offer` says which extensions, and so which
// parameters, there are.
[[nodiscard]] Parsed<NoArguments> parseNothing(QByteArrayView arguments, const Offer &offer);
[[nodiscard]] Parsed<AnyArguments> parseAnything(QByteArrayView arguments, const Offer &offer);
[[nodiscard]] Parsed<AnyArguments> parseSomething(QByteArrayView arguments, const Offer &offer);
[[nodiscard]] Parsed<HelloArguments> parseHello(QByteArrayView arguments, const Offer &offer);
[[nodiscard]] Parsed<MailCommand> parseMail(QByteArrayView arguments, const Offer &offer);
[[nodiscard]] Parsed<RcptCommand> parseRcpt(QByteArrayView arguments, const Offer &offer);
[[nodiscard]] Parsed<BdatArguments> parseBdat(QByteArrayView arguments, const Offer &offer);
[[nodiscard]] Parsed<BurlArguments> parseBurl(QByteArrayView arguments, const Offer &offer);
[[nodiscard]] Parsed<AuthArguments> parseAuth(QByteArrayView arguments, const Offer &offer);

} // namespace posthorn::smtp
