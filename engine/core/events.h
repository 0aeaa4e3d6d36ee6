// What happens, as values: an event is a kind with fields. The log, the counters and the panel all feed on them; ui turns
// them into sentences. Emitting is thread-safe and cheap.
#pragma once

#include <QByteArray>
#include <QJsonObject>
#include <QList>
#include <QString>

#include <functional>
#include <memory>
#include <variant>

namespace posthorn {

enum class Level { Detail, Notice, Warning, Failure };

enum class EventKind {
    ServerStarting, ServerReady, ServerStopping,
    ListenerOpened, ListenerFailed,
    SignedIn, SignInFailed,
    MessageAccepted, MessageDelivered, MessageRefused, CommandRefused, ConnectionRefused, MessageSubmitted,
    StoreHealth, StoreFault,
    CertificateMade, CertificateLoaded, CertificateFailed,
    SettingChanged, SettingInvalid, DirectoryChanged, MailboxChanged,
    BackupMade, CheckDone, QueueChanged, RouteChanged, SearchIndexCleared,
    MessageSent, MessageDelayed, MessageFailed,
    ClientIdentified,
    SendingLimited, AddressSuppressed,
};

enum class EventField {
    Name, Address, Port, User, Client, Protocol, Mechanism, Sender, Recipient, MessageIdentifier, Journey, Size, Reply, Reason,
    Detail, Key, Value, File, Count, By, Mailbox, Tls,
};

struct Event
{
    EventKind kind = EventKind::ServerStarting;
    qint64 at = 0; // ms since 1970
    QList<std::pair<EventField, std::variant<qint64, QByteArray, QString>>> fields;

    Event &with(EventField field, qint64 value) { fields.emplaceBack(field, value); return *this; }
    Event &with(EventField field, QByteArray value) { fields.emplaceBack(field, std::move(value)); return *this; }
    Event &with(EventField field, QString value) { fields.emplaceBack(field, std::move(value)); return *this; }
    [[nodiscard]] QString text(EventField field) const; // empty when it has no such field
};

[[nodiscard]] QLatin1StringView nameOf(EventKind kind);   // "message-accepted"
[[nodiscard]] QLatin1StringView nameOf(EventField field); // "messageId"
[[nodiscard]] QLatin1StringView nameOf(Level level);      // "notice"
[[nodiscard]] Level levelOf(EventKind kind);
// {"kind", "level", "at", and each field by its name}
[[nodiscard]] QJsonObject toJson(const Event &event);

// One event as one line for a log file: ISO time, level, kind, fields as name=value with values quoted where needed.
[[nodiscard]] QByteArray toLine(const Event &event);

// Takes events from all threads, keeps the last ones, tells subscribers.
class EventLog
{
public:
    explicit EventLog(qsizetype kept = 5'000);
    ~EventLog();

    void emitEvent(Event event); // sets `at` when it is 0
    // The last events, oldest first, and the running number of the last one.
    [[nodiscard]] QList<std::pair<qint64, Event>> since(qint64 number, qsizetype limit) const;
    // Called on the emitting thread: must be short. Returns a number for unsubscribe().
    int subscribe(std::function<void(qint64 number, const Event &)> subscriber);
    void unsubscribe(int id);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace posthorn
