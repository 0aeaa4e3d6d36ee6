#include "language/smtp/parse.h"

#include "language/message/lexical.h"
#include "language/smtp/extensions.h"
#include "language/smtp/wire.h"

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;
using message::equalsIgnoringCase;
using message::isAscii;

namespace {

constexpr qsizetype longestName = 255;      // RFC 5321 §4.5.3.1.2
constexpr qsizetype longestMechanism = 20;  // RFC 4422 §3.1

std::unexpected<Reply> refuse(int code, QByteArray enhanced, QByteArray text)
{
    return std::unexpected(Reply{code, std::move(enhanced), std::move(text)});
}

std::unexpected<Reply> syntaxError(QByteArray text)
{
    return refuse(501, "5.5.4"_ba, std::move(text));
}

QByteArrayView withoutSpaces(QByteArrayView text)
{
    return text.trimmed();
}

// Digits only; beyond 18 of them the number is as good as endless.
std::optional<qint64> parseCount(QByteArrayView text)
{
    if (text.isEmpty() || text.size() > 20 || !std::ranges::all_of(text, message::isDigit))
        return std::nullopt;
    if (text.size() > 18)
        return std::numeric_limits<qint64>::max();
    return text.toLongLong();
}

bool hasControl(QByteArrayView text)
{
    return std::ranges::any_of(text, [](char c) { return uchar(c) < ' ' || c == 0x7f; });
}

// "FROM:" or "TO:" and the path after it; `rest` is what follows the path. Space before the path and a missing pair of
// brackets are forgiven: scanners and scripts send both.
Parsed<Address> takePath(QByteArrayView arguments, QByteArrayView label, const Reply &syntax, bool *eightBit,
                         QByteArrayView &rest)
{
    if (arguments.size() < label.size() || !equalsIgnoringCase(arguments.first(label.size()), label))
        return std::unexpected(syntax);
    const QByteArrayView text = arguments.sliced(label.size()).trimmed();
    Result<Address> path;
    if (text.startsWith('<')) {
        path = parsePath(text, true, &rest);
    } else {
        const auto end = wordEnd(text);
        path = parseAddress(text.first(end));
        rest = text.sliced(end);
    }
    if (!path)
        return std::unexpected(Reply{syntax.code, syntax.enhanced, path.error().text.toUtf8()});
    if (!rest.isEmpty() && rest[0] != ' ' && rest[0] != '\t')
        return std::unexpected(syntax);
    *eightBit = !isAscii(text.first(rest.data() - text.data()));
    return *path;
}

Parsed<Address> needsSmtpUtf8()
{
    return refuse(553, "5.6.7"_ba, "This address needs SMTPUTF8"_ba);
}

// --- parameters ------------------------------------------------------------------------------------------------

// A parameter's name, the extension it belongs to, and what takes its value: false when that is no good.
template<typename Command>
struct ParameterRow
{
    const char *keyword;
    Extension extension;
    bool wantsValue;
    bool (*take)(QByteArrayView value, Command &command);
};

bool takeSize(QByteArrayView value, MailCommand &mail)
{
    mail.size = parseCount(value);
    return mail.size.has_value();
}

bool takeBody(QByteArrayView value, MailCommand &mail)
{
    if (equalsIgnoringCase(value, "7BIT"))
        mail.body = BodyType::SevenBit;
    else if (equalsIgnoringCase(value, "8BITMIME"))
        mail.body = BodyType::EightBitMime;
    else if (equalsIgnoringCase(value, "BINARYMIME"))
        mail.body = BodyType::BinaryMime;
    else
        return false;
    return true;
}

bool takeSmtpUtf8(QByteArrayView, MailCommand &mail)
{
    mail.smtpUtf8 = true;
    return true;
}

bool takeRequireTls(QByteArrayView, MailCommand &mail)
{
    mail.requireTls = true;
    return true;
}

bool takeRet(QByteArrayView value, MailCommand &mail)
{
    mail.ret = value.toByteArray().toUpper();
    return mail.ret == "FULL" || mail.ret == "HDRS";
}

// RFC 3461 §4.4: at most 100 characters, printable once decoded.
bool takeEnvid(QByteArrayView value, MailCommand &mail)
{
    const auto decoded = value.size() <= 100 ? decodeXtext(value) : std::nullopt;
    if (!decoded || hasControl(*decoded) || !isAscii(*decoded))
        return false;
    mail.envid = *decoded;
    return true;
}

// RFC 4954 §5: a mailbox in xtext, or "<>".
bool takeAuth(QByteArrayView value, MailCommand &mail)
{
    mail.auth = decodeXtext(value);
    return mail.auth && !hasControl(*mail.auth) && (*mail.auth == "<>" || parseAddress(*mail.auth));
}

// RFC 3461 §4.1
bool takeNotify(QByteArrayView value, RcptCommand &rcpt)
{
    for (qsizetype comma = 0; comma >= 0;) {
        comma = value.indexOf(',');
        const QByteArrayView word = comma < 0 ? value : value.first(comma);
        quint8 flag = 0;
        if (equalsIgnoringCase(word, "NEVER"))
            flag = NotifyNever;
        else if (equalsIgnoringCase(word, "SUCCESS"))
            flag = NotifySuccess;
        else if (equalsIgnoringCase(word, "FAILURE"))
            flag = NotifyFailure;
        else if (equalsIgnoringCase(word, "DELAY"))
            flag = NotifyDelay;
        if (flag == 0 || (rcpt.notify & flag))
            return false;
        rcpt.notify |= flag;
        value = comma < 0 ? QByteArrayView() : value.sliced(comma + 1);
    }
    return !(rcpt.notify & NotifyNever) || rcpt.notify == NotifyNever;
}

// RFC 3461 §4.2 and RFC 6533 §3: addr-type ";" xtext, at most 500 characters.
bool takeOrcpt(QByteArrayView value, RcptCommand &rcpt)
{
    const qsizetype semicolon = value.indexOf(';');
    if (semicolon < 1 || semicolon + 1 == value.size() || value.size() > 500)
        return false;
    const QByteArrayView type = value.first(semicolon);
    const QByteArrayView text = value.sliced(semicolon + 1);
    const auto decoded = equalsIgnoringCase(type, "utf-8") ? decodeUtf8AddressXtext(text) : decodeXtext(text);
    const bool goodType = std::ranges::all_of(type, [](char c) { return message::isA(c, message::IsToken); });
    if (!goodType || !decoded || decoded->isEmpty() || hasControl(*decoded) || !decoded->isValidUtf8())
        return false;
    rcpt.originalRecipient = type.toByteArray() + ';' + *decoded;
    return true;
}

constexpr ParameterRow<MailCommand> mailParameters[] = {
    {"SIZE", Extension::Size, true, takeSize},
    {"BODY", Extension::EightBitMime, true, takeBody},
    {"SMTPUTF8", Extension::SmtpUtf8, false, takeSmtpUtf8},
    {"RET", Extension::Dsn, true, takeRet},
    {"ENVID", Extension::Dsn, true, takeEnvid},
    {"AUTH", Extension::Auth, true, takeAuth},
    {"REQUIRETLS", Extension::RequireTls, false, takeRequireTls},
};

constexpr ParameterRow<RcptCommand> rcptParameters[] = {
    {"NOTIFY", Extension::Dsn, true, takeNotify},
    {"ORCPT", Extension::Dsn, true, takeOrcpt},
};

template<typename Command, size_t N>
Parsed<Command> takeParameters(Command command, const ParameterRow<Command> (&rows)[N], QByteArrayView text,
                               const Offer &offer)
{
    unsigned seen = 0;
    while (const auto parameter = takeParameter(text)) {
        const auto *row = std::ranges::find_if(rows, [&](const auto &one) {
            return equalsIgnoringCase(parameter->keyword, one.keyword) && isOffered(one.extension, offer);
        });
        if (row == std::end(rows))
            return refuse(555, "5.5.4"_ba, "Unknown parameter"_ba);
        const unsigned bit = 1u << (row - rows);
        if (seen & bit)
            return syntaxError(QByteArray(row->keyword) + " is given twice");
        seen |= bit;
        if (parameter->hasValue != row->wantsValue || !row->take(parameter->value, command))
            return syntaxError("Bad value for " + QByteArray(row->keyword));
    }
    if (!text.isEmpty())
        return syntaxError("Syntax error in parameters"_ba);
    return command;
}

} // namespace

Parsed<NoArguments> parseNothing(QByteArrayView arguments, const Offer &)
{
    if (!withoutSpaces(arguments).isEmpty())
        return syntaxError("This command takes no arguments"_ba);
    return NoArguments{};
}

Parsed<AnyArguments> parseAnything(QByteArrayView, const Offer &)
{
    return AnyArguments{};
}

Parsed<AnyArguments> parseSomething(QByteArrayView arguments, const Offer &)
{
    if (withoutSpaces(arguments).isEmpty())
        return syntaxError("An argument is missing"_ba);
    return AnyArguments{};
}

// Any printable name will do (RFC 5321 §4.1.4: a name that can't be verified is no reason to refuse).
Parsed<HelloArguments> parseHello(QByteArrayView arguments, const Offer &)
{
    const QByteArrayView name = withoutSpaces(arguments);
    if (name.isEmpty())
        return syntaxError("Say who you are: a domain or an address literal"_ba);
    if (name.size() > longestName || hasControl(name))
        return syntaxError("This is no name"_ba);
    return HelloArguments{name.toByteArray()};
}

Parsed<MailCommand> parseMail(QByteArrayView arguments, const Offer &offer)
{
    const Reply syntax{501, "5.1.7"_ba, "Syntax: MAIL FROM:<address>"_ba};
    bool eightBit = false;
    QByteArrayView rest;
    auto path = takePath(arguments, "FROM:", syntax, &eightBit, rest);
    if (!path)
        return std::unexpected(path.error());
    auto mail = takeParameters(MailCommand{std::move(*path)}, mailParameters, rest, offer);
    if (mail && eightBit && !mail->smtpUtf8)
        return std::unexpected(needsSmtpUtf8().error());
    if (mail && mail->size.value_or(0) > offer.config.maxMessageSize)
        return refuse(552, "5.3.4"_ba, "Message too big"_ba);
    return mail;
}

Parsed<RcptCommand> parseRcpt(QByteArrayView arguments, const Offer &offer)
{
    const Reply syntax{501, "5.1.3"_ba, "Syntax: RCPT TO:<address>"_ba};
    bool eightBit = false;
    QByteArrayView rest;
    auto path = takePath(arguments, "TO:", syntax, &eightBit, rest);
    if (!path)
        return std::unexpected(path.error());
    if (path->isNull())
        return std::unexpected(syntax);
    if (eightBit && !offer.smtpUtf8)
        return std::unexpected(needsSmtpUtf8().error());
    return takeParameters(RcptCommand{std::move(*path)}, rcptParameters, rest, offer);
}

// RFC 3030 §2
Parsed<BdatArguments> parseBdat(QByteArrayView arguments, const Offer &)
{
    QByteArrayView text = withoutSpaces(arguments);
    const auto end = wordEnd(text);
    const auto octets = parseCount(text.first(end));
    text = withoutSpaces(text.sliced(end));
    const bool last = equalsIgnoringCase(text, "LAST");
    if (!octets || (!last && !text.isEmpty()))
        return syntaxError("Syntax: BDAT octets [LAST]"_ba);
    return BdatArguments{*octets, last};
}

// RFC 4468 §3.5
Parsed<BurlArguments> parseBurl(QByteArrayView arguments, const Offer &)
{
    QByteArrayView text = withoutSpaces(arguments);
    const auto end = wordEnd(text);
    const QByteArrayView url = text.first(end);
    text = withoutSpaces(text.sliced(end));
    const bool last = equalsIgnoringCase(text, "LAST");
    if (url.isEmpty() || (!last && !text.isEmpty()))
        return syntaxError("Syntax: BURL url [LAST]"_ba);
    return BurlArguments{url.toByteArray(), last};
}

// RFC 4954 §4
Parsed<AuthArguments> parseAuth(QByteArrayView arguments, const Offer &)
{
    const QByteArrayView text = withoutSpaces(arguments);
    const auto end = wordEnd(text);
    AuthArguments auth{text.first(end).toByteArray().toUpper(), withoutSpaces(text.sliced(end))};
    auth.hasInitialResponse = !auth.initialResponse.isEmpty();
    const bool wellFormed = std::ranges::all_of(auth.mechanism, [](char c) {
        return (c >= 'A' && c <= 'Z') || message::isDigit(c) || c == '-' || c == '_';
    });
    if (auth.mechanism.isEmpty() || auth.mechanism.size() > longestMechanism || !wellFormed)
        return syntaxError("Syntax: AUTH mechanism [initial-response]"_ba);
    return auth;
}

} // namespace posthorn::smtp
