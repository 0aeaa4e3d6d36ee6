#include "core/events.h"

#include <QDateTime>
#include <QHash>
#include <QMutex>
#include <QTimeZone>

#include <algorithm>
#include <deque>

namespace posthorn {

using namespace Qt::StringLiterals;

namespace {

struct KindRow
{
    EventKind kind;
    Level level;
    QLatin1StringView name;
};

constexpr KindRow kinds[] = {
    {EventKind::ServerStarting, Level::Notice, "server-starting"_L1},
    {EventKind::ServerReady, Level::Notice, "server-ready"_L1},
    {EventKind::ServerStopping, Level::Notice, "server-stopping"_L1},
    {EventKind::ListenerOpened, Level::Notice, "listener-opened"_L1},
    {EventKind::ListenerFailed, Level::Failure, "listener-failed"_L1},
    {EventKind::SignedIn, Level::Detail, "signed-in"_L1},
    {EventKind::SignInFailed, Level::Warning, "sign-in-failed"_L1},
    {EventKind::MessageAccepted, Level::Detail, "message-accepted"_L1},
    {EventKind::MessageDelivered, Level::Detail, "message-delivered"_L1},
    {EventKind::MessageRefused, Level::Warning, "message-refused"_L1},
    {EventKind::CommandRefused, Level::Notice, "command-refused"_L1},
    {EventKind::ConnectionRefused, Level::Warning, "connection-refused"_L1},
    {EventKind::MessageSubmitted, Level::Detail, "message-submitted"_L1},
    {EventKind::StoreHealth, Level::Warning, "store-health"_L1},
    {EventKind::StoreFault, Level::Failure, "store-fault"_L1},
    {EventKind::CertificateMade, Level::Notice, "certificate-made"_L1},
    {EventKind::CertificateLoaded, Level::Notice, "certificate-loaded"_L1},
    {EventKind::CertificateFailed, Level::Failure, "certificate-failed"_L1},
    {EventKind::SettingChanged, Level::Notice, "setting-changed"_L1},
    {EventKind::SettingInvalid, Level::Warning, "setting-invalid"_L1},
    {EventKind::DirectoryChanged, Level::Notice, "directory-changed"_L1},
    {EventKind::MailboxChanged, Level::Notice, "mailbox-changed"_L1},
    {EventKind::BackupMade, Level::Notice, "backup-made"_L1},
    {EventKind::CheckDone, Level::Notice, "check-done"_L1},
    {EventKind::QueueChanged, Level::Notice, "queue-changed"_L1},
    {EventKind::RouteChanged, Level::Notice, "route-changed"_L1},
    {EventKind::SearchIndexCleared, Level::Notice, "search-index-cleared"_L1},
    {EventKind::MessageSent, Level::Detail, "message-sent"_L1},
    {EventKind::MessageDelayed, Level::Notice, "message-delayed"_L1},
    {EventKind::MessageFailed, Level::Warning, "message-failed"_L1},
    {EventKind::ClientIdentified, Level::Detail, "client-identified"_L1},
    {EventKind::SendingLimited, Level::Warning, "sending-limited"_L1},
    {EventKind::AddressSuppressed, Level::Notice, "address-suppressed"_L1},
};

// The rows stand in the order of the enum.
static_assert([] {
    int next = 0;
    for (const KindRow &row : kinds) {
        if (int(row.kind) != next++)
            return false;
    }
    return true;
}());

const QLatin1StringView fieldNames[] = {
    "name"_L1, "address"_L1, "port"_L1, "user"_L1, "client"_L1, "protocol"_L1, "mechanism"_L1, "sender"_L1,
    "recipient"_L1, "messageId"_L1, "journey"_L1, "size"_L1, "reply"_L1, "reason"_L1, "detail"_L1, "key"_L1, "value"_L1,
    "file"_L1, "count"_L1, "by"_L1, "mailbox"_L1, "tls"_L1,
};

const KindRow &rowOf(EventKind kind)
{
    return kinds[int(kind)];
}

QString valueText(const std::variant<qint64, QByteArray, QString> &value)
{
    if (const auto *number = std::get_if<qint64>(&value))
        return QString::number(*number);
    if (const auto *bytes = std::get_if<QByteArray>(&value))
        return QString::fromUtf8(*bytes);
    return std::get<QString>(value);
}

void appendQuoted(QByteArray &line, const QByteArray &value)
{
    const bool plain = !value.isEmpty() && std::all_of(value.begin(), value.end(), [](char c) {
        return uchar(c) > ' ' && c != '"' && c != '\\' && c != '=' && uchar(c) != 0x7f;
    });
    if (plain) {
        line += value;
        return;
    }
    line += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\')
            line += '\\';
        line += uchar(c) < ' ' || uchar(c) == 0x7f ? '?' : c;
    }
    line += '"';
}

} // namespace

QString Event::text(EventField field) const
{
    for (const auto &[name, value] : fields) {
        if (name == field)
            return valueText(value);
    }
    return {};
}

QLatin1StringView nameOf(EventKind kind) { return rowOf(kind).name; }
QLatin1StringView nameOf(EventField field) { return fieldNames[int(field)]; }
Level levelOf(EventKind kind) { return rowOf(kind).level; }

QLatin1StringView nameOf(Level level)
{
    static const QLatin1StringView names[] = {"detail"_L1, "notice"_L1, "warning"_L1, "failure"_L1};
    return names[int(level)];
}

QJsonObject toJson(const Event &event)
{
    QJsonObject object{{u"kind"_s, nameOf(event.kind)}, {u"level"_s, nameOf(levelOf(event.kind))}, {u"at"_s, event.at}};
    for (const auto &[field, value] : event.fields) {
        if (const auto *number = std::get_if<qint64>(&value))
            object.insert(nameOf(field), *number);
        else
            object.insert(nameOf(field), valueText(value));
    }
    return object;
}

QByteArray toLine(const Event &event)
{
    QByteArray line = QDateTime::fromMSecsSinceEpoch(event.at, QTimeZone::UTC).toString(Qt::ISODateWithMs).toLatin1();
    line += ' ' + QByteArray(nameOf(levelOf(event.kind))) + ' ' + QByteArray(nameOf(event.kind));
    for (const auto &[field, value] : event.fields) {
        line += ' ' + QByteArray(nameOf(field)) + '=';
        appendQuoted(line, valueText(value).toUtf8());
    }
    return line;
}

struct EventLog::Private
{
    mutable QMutex mutex;
    qsizetype kept = 0;
    qint64 last = 0;
    std::deque<std::pair<qint64, Event>> events;
    int nextSubscriber = 1;
    QHash<int, std::function<void(qint64, const Event &)>> subscribers;
};

EventLog::EventLog(qsizetype kept) : d(std::make_unique<Private>()) { d->kept = kept; }
EventLog::~EventLog() = default;

void EventLog::emitEvent(Event event)
{
    if (event.at == 0)
        event.at = QDateTime::currentMSecsSinceEpoch();
    const QMutexLocker lock(&d->mutex);
    const qint64 number = ++d->last;
    for (const auto &subscriber : std::as_const(d->subscribers))
        subscriber(number, event);
    d->events.emplace_back(number, std::move(event));
    if (qsizetype(d->events.size()) > d->kept)
        d->events.pop_front();
}

QList<std::pair<qint64, Event>> EventLog::since(qint64 number, qsizetype limit) const
{
    const QMutexLocker lock(&d->mutex);
    const qint64 newer = std::min<qint64>({d->last - number, limit, qint64(d->events.size())});
    return newer > 0 ? QList<std::pair<qint64, Event>>(d->events.end() - newer, d->events.end())
                     : QList<std::pair<qint64, Event>>{};
}

int EventLog::subscribe(std::function<void(qint64, const Event &)> subscriber)
{
    const QMutexLocker lock(&d->mutex);
    d->subscribers.insert(d->nextSubscriber, std::move(subscriber));
    return d->nextSubscriber++;
}

void EventLog::unsubscribe(int id)
{
    const QMutexLocker lock(&d->mutex);
    d->subscribers.remove(id);
}

} // namespace posthorn
