#include "language/smtp/parameters.h"

#include <QSet>

#include <algorithm>

namespace posthorn::smtp {

namespace {

struct Parameter
{
    QByteArray name; // upper case
    QByteArray value;
    bool hasValue = false;
};

std::expected<QList<Parameter>, Reply> split(QByteArrayView text)
{
    QList<Parameter> parameters;
    QSet<QByteArray> seen;
    for (const QByteArray &word : text.trimmed().toByteArray().split(' ')) {
        if (word.isEmpty())
            continue;
        const qsizetype equals = word.indexOf('=');
        Parameter parameter{word.left(equals).toUpper(), equals < 0 ? QByteArray() : word.mid(equals + 1), equals >= 0};
        if (parameter.name.isEmpty() || (parameter.hasValue && parameter.value.isEmpty()))
            return std::unexpected(Reply{501, "5.5.4", "Bad parameter"});
        if (seen.contains(parameter.name))
            return std::unexpected(Reply{501, "5.5.4", "A parameter is given twice: " + parameter.name.left(40)});
        seen.insert(parameter.name);
        parameters += parameter;
    }
    return parameters;
}

// What follows "FROM:" or "TO:".
std::expected<QByteArrayView, Reply> afterKeyword(QByteArrayView argument, QByteArrayView keyword)
{
    const QByteArrayView text = argument.trimmed();
    if (text.size() < keyword.size() || text.first(keyword.size()).compare(keyword, Qt::CaseInsensitive) != 0)
        return std::unexpected(Reply{501, "5.5.4", "Expected " + keyword.toByteArray() + "<address>"});
    return text.sliced(keyword.size()).trimmed();
}

Reply badAddress(const Error &error, QByteArrayView path, const char *enhanced)
{
    const bool ascii = std::all_of(path.begin(), path.end(), [](char c) { return uchar(c) < 0x80; });
    if (!ascii && error.text.contains(QLatin1StringView("SMTPUTF8")))
        return {553, "5.6.7", "An address with letters beyond ASCII needs SMTPUTF8"};
    return {501, enhanced, error.text.toUtf8()};
}

Reply unknownParameter(const Parameter &parameter)
{
    return {555, "5.5.4", "Unknown parameter " + parameter.name.left(40)};
}

Reply badValue(const Parameter &parameter) { return {501, "5.5.4", "Bad value of " + parameter.name.left(40)}; }

std::optional<Reply> applyMail(MailCommand &mail, const Parameter &parameter)
{
    const QByteArray upper = parameter.value.toUpper();
    if (parameter.name == "SIZE") {
        bool isNumber = false;
        const qint64 size = parameter.value.size() <= 20 ? parameter.value.toLongLong(&isNumber) : -1;
        if (!isNumber || size < 0)
            return badValue(parameter);
        mail.size = size;
    } else if (parameter.name == "BODY") {
        if (upper == "7BIT")
            mail.body = BodyType::SevenBit;
        else if (upper == "8BITMIME")
            mail.body = BodyType::EightBitMime;
        else if (upper == "BINARYMIME")
            mail.body = BodyType::BinaryMime;
        else
            return badValue(parameter);
    } else if (parameter.name == "SMTPUTF8") {
        if (parameter.hasValue)
            return badValue(parameter);
        mail.smtpUtf8 = true;
    } else if (parameter.name == "RET") {
        if (upper != "FULL" && upper != "HDRS")
            return badValue(parameter);
        mail.ret = upper;
    } else if (parameter.name == "ENVID") {
        const auto decoded = decodeXtext(parameter.value);
        if (!decoded || decoded->isEmpty() || parameter.value.size() > 100)
            return badValue(parameter);
        mail.envid = *decoded;
    } else if (parameter.name == "AUTH") {
        const auto decoded = decodeXtext(parameter.value);
        if (!decoded)
            return badValue(parameter);
        mail.auth = *decoded;
    } else {
        return unknownParameter(parameter);
    }
    return std::nullopt;
}

std::optional<quint8> parseNotify(const QByteArray &value)
{
    quint8 notify = 0;
    for (const QByteArray &word : value.toUpper().split(',')) {
        if (word == "NEVER")
            notify |= NotifyNever;
        else if (word == "SUCCESS")
            notify |= NotifySuccess;
        else if (word == "FAILURE")
            notify |= NotifyFailure;
        else if (word == "DELAY")
            notify |= NotifyDelay;
        else
            return std::nullopt;
    }
    return (notify & NotifyNever) && notify != NotifyNever ? std::nullopt : std::optional(notify);
}

std::optional<Reply> applyRcpt(RcptCommand &rcpt, const Parameter &parameter)
{
    if (parameter.name == "NOTIFY") {
        const auto notify = parseNotify(parameter.value);
        if (!notify)
            return badValue(parameter);
        rcpt.notify = *notify;
    } else if (parameter.name == "ORCPT") {
        const qsizetype semicolon = parameter.value.indexOf(';');
        const auto decoded = decodeXtext(parameter.value.mid(semicolon + 1));
        if (semicolon < 1 || !decoded || decoded->isEmpty() || parameter.value.size() > 500)
            return badValue(parameter);
        rcpt.originalRecipient = parameter.value.left(semicolon + 1) + *decoded;
    } else {
        return unknownParameter(parameter);
    }
    return std::nullopt;
}

} // namespace

std::optional<QByteArray> decodeXtext(QByteArrayView text)
{
    const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
    QByteArray decoded;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '+') {
            if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
                return std::nullopt;
            const char value = char(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            if (uchar(value) < ' ' || value == 0x7f)
                return std::nullopt; // it would end up in header fields and logs
            decoded += value;
            i += 2;
        } else if (c == '=' || uchar(c) <= ' ' || c == 0x7f) {
            return std::nullopt;
        } else {
            decoded += c;
        }
    }
    return decoded;
}

std::expected<MailCommand, Reply> parseMail(QByteArrayView argument, bool extended)
{
    const auto text = afterKeyword(argument, "FROM:");
    if (!text)
        return std::unexpected(text.error());
    // Whether SMTPUTF8 is asked for stands behind the path: read as if, and judge after.
    QByteArrayView rest;
    const auto path = parsePath(*text, true, &rest);
    if (!path)
        return std::unexpected(badAddress(path.error(), *text, "5.1.7"));
    if (path->domain.isEmpty() && !path->isNull())
        return std::unexpected(Reply{501, "5.1.7", "The sender's address has no domain"});
    MailCommand mail{.reversePath = *path};
    const auto parameters = split(rest);
    if (!parameters)
        return std::unexpected(parameters.error());
    if (!parameters->isEmpty() && !extended)
        return std::unexpected(Reply{555, "5.5.4", "Parameters need EHLO"});
    for (const Parameter &parameter : *parameters) {
        if (auto wrong = applyMail(mail, parameter))
            return std::unexpected(*wrong);
    }
    QByteArrayView unused;
    if (!mail.smtpUtf8 && !parsePath(*text, false, &unused))
        return std::unexpected(Reply{553, "5.6.7", "An address with letters beyond ASCII needs SMTPUTF8"});
    return mail;
}

std::expected<RcptCommand, Reply> parseRcpt(QByteArrayView argument, bool extended, bool utf8)
{
    const auto text = afterKeyword(argument, "TO:");
    if (!text)
        return std::unexpected(text.error());
    QByteArrayView rest;
    const auto path = parsePath(*text, utf8, &rest);
    if (!path)
        return std::unexpected(badAddress(path.error(), *text, "5.1.3"));
    if (path->isNull())
        return std::unexpected(Reply{501, "5.1.3", "A recipient can't be empty"});
    RcptCommand rcpt{.forwardPath = *path};
    const auto parameters = split(rest);
    if (!parameters)
        return std::unexpected(parameters.error());
    if (!parameters->isEmpty() && !extended)
        return std::unexpected(Reply{555, "5.5.4", "Parameters need EHLO"});
    for (const Parameter &parameter : *parameters) {
        if (auto wrong = applyRcpt(rcpt, parameter))
            return std::unexpected(*wrong);
    }
    return rcpt;
}

} // namespace posthorn::smtp
