#include "control/api/messages.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

constexpr int parseFailed = -32700, invalidRequest = -32600, invalidParameters = -32602;

struct CodeRow
{
    ErrorKind kind;
    int code;
};

constexpr CodeRow codes[] = {
    {ErrorKind::NotFound, -32001},   {ErrorKind::Exists, -32002},      {ErrorKind::Denied, -32003},
    {ErrorKind::Invalid, -32602},    {ErrorKind::TooLarge, -32005},    {ErrorKind::OverQuota, -32006},
    {ErrorKind::Unavailable, -32007}, {ErrorKind::Uncertain, -32008},  {ErrorKind::Internal, -32603},
};

// Qt's parser recurses as deep as the text does; this says no before it begins.
bool isTooDeep(QByteArrayView text)
{
    int depth = 0;
    bool inString = false;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (inString) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                inString = false;
        } else if (c == '"') {
            inString = true;
        } else if (c == '{' || c == '[') {
            if (++depth > maxDepth)
                return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

std::expected<QJsonObject, BadRequest> parseObject(QByteArrayView line)
{
    if (isTooDeep(line))
        return std::unexpected(BadRequest{QJsonValue::Null, parseFailed, u"The text is nested too deeply"_s});
    QJsonParseError error;
    const QJsonDocument document =
        QJsonDocument::fromJson(QByteArray::fromRawData(line.data(), line.size()), &error);
    if (error.error != QJsonParseError::NoError) {
        return std::unexpected(BadRequest{QJsonValue::Null, parseFailed,
                                          u"Not JSON at octet %1: %2"_s.arg(error.offset).arg(error.errorString())});
    }
    if (!document.isObject())
        return std::unexpected(BadRequest{QJsonValue::Null, invalidRequest, u"A request is one object"_s});
    return document.object();
}

bool isUsableId(const QJsonValue &id)
{
    if (id.isString())
        return id.toString().size() <= 64;
    return id.isDouble() && id.toInteger(0) == id.toInteger(1);
}

QByteArray asLine(const QJsonObject &object) { return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n'; }

} // namespace

std::expected<Request, BadRequest> parseRequest(QByteArrayView line)
{
    const auto object = parseObject(line);
    if (!object)
        return std::unexpected(object.error());
    const QJsonValue id = object->value("id"_L1);
    const bool waits = !id.isUndefined() && !id.isNull();
    if (waits && !isUsableId(id))
        return std::unexpected(BadRequest{QJsonValue::Null, invalidRequest, u"The id must be a short text or a whole number"_s});
    const QJsonValue known = waits ? id : QJsonValue(QJsonValue::Null);
    if (object->value("jsonrpc"_L1).toString() != "2.0"_L1)
        return std::unexpected(BadRequest{known, invalidRequest, u"“jsonrpc” must be \"2.0\""_s});
    const QJsonValue method = object->value("method"_L1);
    if (!method.isString() || method.toString().isEmpty() || method.toString().size() > 64)
        return std::unexpected(BadRequest{known, invalidRequest, u"“method” must be the name of a method"_s});
    const QJsonValue parameters = object->value("params"_L1);
    if (!parameters.isUndefined() && !parameters.isObject())
        return std::unexpected(BadRequest{known, invalidParameters, u"“params” must be an object"_s});
    return Request{waits ? id : QJsonValue(QJsonValue::Undefined), method.toString(), parameters.toObject()};
}

Result<std::variant<Response, Notification>> parseServerLine(QByteArrayView line)
{
    const auto object = parseObject(line);
    if (!object)
        return fail(ErrorKind::Invalid, u"The server's answer can't be read"_s, object.error().text);
    if (object->contains("method"_L1)) {
        return Notification{object->value("method"_L1).toString(), object->value("params"_L1).toObject()};
    }
    const QJsonValue error = object->value("error"_L1);
    if (error.isObject())
        return Response{object->value("id"_L1), std::unexpected(errorFrom(error.toObject()))};
    if (!object->contains("result"_L1))
        return fail(ErrorKind::Invalid, u"The server's answer can't be read"_s, u"neither result nor error"_s);
    return Response{object->value("id"_L1), object->value("result"_L1)};
}

QByteArray toLine(const Request &request)
{
    QJsonObject object{{u"jsonrpc"_s, u"2.0"_s}, {u"method"_s, request.method}, {u"params"_s, request.parameters}};
    if (!request.id.isUndefined())
        object.insert("id"_L1, request.id);
    return asLine(object);
}

QByteArray toLine(const BadRequest &bad)
{
    const QJsonObject error{{u"code"_s, bad.code}, {u"message"_s, bad.text},
                            {u"data"_s, QJsonObject{{u"kind"_s, nameOf(ErrorKind::Invalid)}}}};
    return asLine({{u"jsonrpc"_s, u"2.0"_s}, {u"id"_s, bad.id}, {u"error"_s, error}});
}

QByteArray toLine(const Response &response)
{
    QJsonObject object{{u"jsonrpc"_s, u"2.0"_s}, {u"id"_s, response.id}};
    if (response.result)
        object.insert("result"_L1, *response.result);
    else
        object.insert("error"_L1, toJson(response.result.error()));
    return asLine(object);
}

QByteArray toLine(const Notification &notification)
{
    return asLine({{u"jsonrpc"_s, u"2.0"_s}, {u"method"_s, notification.method}, {u"params"_s, notification.parameters}});
}

int codeOf(ErrorKind kind)
{
    return std::ranges::find(codes, kind, &CodeRow::kind)->code;
}

QJsonObject toJson(const Error &error)
{
    QJsonObject data{{u"kind"_s, nameOf(error.kind)}};
    if (!error.detail.isEmpty())
        data.insert("detail"_L1, error.detail);
    if (error.offset >= 0)
        data.insert("offset"_L1, error.offset);
    return {{u"code"_s, codeOf(error.kind)}, {u"message"_s, error.text}, {u"data"_s, data}};
}

Error errorFrom(const QJsonObject &object)
{
    const QJsonObject data = object.value("data"_L1).toObject();
    const QString kindName = data.value("kind"_L1).toString();
    Error error;
    error.text = object.value("message"_L1).toString();
    error.detail = data.value("detail"_L1).toString();
    error.offset = data.value("offset"_L1).toInteger(-1);
    const auto named = std::ranges::find_if(codes, [&](const CodeRow &row) { return nameOf(row.kind) == kindName; });
    const auto coded = std::ranges::find(codes, object.value("code"_L1).toInt(), &CodeRow::code);
    if (named != std::end(codes))
        error.kind = named->kind;
    else if (coded != std::end(codes))
        error.kind = coded->kind;
    return error;
}

bool LineSplitter::append(QByteArrayView octets)
{
    if (m_begin > 0 && m_begin * 2 >= m_waiting.size()) {
        m_waiting.remove(0, m_begin);
        m_scanned -= m_begin;
        m_begin = 0;
    }
    qsizetype lineSize = m_unfinished;
    for (qsizetype from = 0; from < octets.size();) {
        const qsizetype end = octets.indexOf('\n', from);
        lineSize += (end < 0 ? octets.size() : end) - from;
        if (lineSize > m_limit)
            return false;
        if (end < 0)
            break;
        lineSize = 0;
        from = end + 1;
    }
    m_unfinished = lineSize;
    m_waiting.append(octets);
    return true;
}

std::optional<QByteArray> LineSplitter::next()
{
    for (;;) {
        const qsizetype end = m_waiting.indexOf('\n', m_scanned);
        if (end < 0) {
            m_scanned = m_waiting.size();
            return std::nullopt;
        }
        QByteArray line = m_waiting.mid(m_begin, end - m_begin);
        m_begin = m_scanned = end + 1;
        if (line.endsWith('\r'))
            line.chop(1);
        if (!line.isEmpty())
            return line;
    }
}

} // namespace posthorn::control
