#include "ui/words.h"

#include "control/api/values.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QHash>
#include <QLocale>
#include <QUrl>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char *text) { return QCoreApplication::translate("Words", text); }

// Sentences with {field} where a value of the event goes.
QString sentenceFor(const QString &kind)
{
    static const QHash<QString, const char *> sentences = {
        {u"server-starting"_s, QT_TRANSLATE_NOOP("Words", "The server is starting.")},
        {u"server-ready"_s, QT_TRANSLATE_NOOP("Words", "The server is ready.")},
        {u"server-stopping"_s, QT_TRANSLATE_NOOP("Words", "The server is stopping.")},
        {u"listener-opened"_s, QT_TRANSLATE_NOOP("Words", "{name} listens on {address}, port {port}.")},
        {u"listener-failed"_s,
         QT_TRANSLATE_NOOP("Words", "{name} can't listen on {address}, port {port}: {reason}")},
        {u"signed-in"_s, QT_TRANSLATE_NOOP("Words", "{user} signed in by {protocol} from {client}.")},
        {u"sign-in-failed"_s,
         QT_TRANSLATE_NOOP("Words", "Somebody at {client} failed to sign in by {protocol} as “{user}”.")},
        {u"message-accepted"_s,
         QT_TRANSLATE_NOOP("Words", "A message from {sender} to {recipient} was accepted ({journey}).")},
        {u"message-refused"_s,
         QT_TRANSLATE_NOOP("Words", "Mail from {sender} to {recipient}, brought by {client}, was refused: {reply}")},
        {u"command-refused"_s, QT_TRANSLATE_NOOP("Words", "{client} was refused: {reply}")},
        {u"connection-refused"_s, QT_TRANSLATE_NOOP("Words", "A connection from {client} was refused: {reply}")},
        {u"store-health"_s, QT_TRANSLATE_NOOP("Words", "The mail store is now: {value}. {reason}")},
        {u"certificate-made"_s, QT_TRANSLATE_NOOP("Words", "Made a certificate for {name}.")},
        {u"certificate-loaded"_s, QT_TRANSLATE_NOOP("Words", "The certificate was read. {file}")},
        {u"certificate-failed"_s, QT_TRANSLATE_NOOP("Words", "The certificate {file} can't be used: {reason}")},
        {u"setting-changed"_s, QT_TRANSLATE_NOOP("Words", "{by} changed the setting {key}.")},
        {u"setting-invalid"_s, QT_TRANSLATE_NOOP("Words", "A setting can't be used: {reason}")},
        {u"directory-changed"_s, QT_TRANSLATE_NOOP("Words", "{by}: {reason} {name}")},
        {u"backup-made"_s, QT_TRANSLATE_NOOP("Words", "A backup was written to {file}.")},
        {u"search-index-cleared"_s, QT_TRANSLATE_NOOP("Words", "{by}: the index for searching is made anew.")},
        {u"check-done"_s, QT_TRANSLATE_NOOP("Words", "The store was checked: {count} faults.")},
        {u"queue-changed"_s, QT_TRANSLATE_NOOP("Words", "{by}: queue, {reason}.")},
        {u"route-changed"_s, QT_TRANSLATE_NOOP("Words", "{by}: routes, {detail} {name}.")},
        {u"message-sent"_s, QT_TRANSLATE_NOOP("Words", "Mail from {sender} to {recipient} was sent.")},
        {u"message-delayed"_s, QT_TRANSLATE_NOOP("Words", "Mail from {sender} to {recipient} waits: {reply}")},
        {u"message-failed"_s, QT_TRANSLATE_NOOP("Words", "Mail from {sender} to {recipient} could not be delivered: {reply}")},
        {u"sending-limited"_s, QT_TRANSLATE_NOOP("Words", "{user} has reached a limit on sending: {count} recipients a {detail}.")},
        {u"address-suppressed"_s, QT_TRANSLATE_NOOP("Words", "{recipient} failed for good and is not tried again: {reply}")},
        {u"client-identified"_s, QT_TRANSLATE_NOOP("Words", "{user} uses {detail}.")},
    };
    const char *found = sentences.value(kind);
    return found ? tr(found) : QString();
}

} // namespace

QString octetsText(qint64 octets)
{
    return octets < 0 ? QString() : QLocale().formattedDataSize(octets, octets < 10'000 ? 0 : 1, QLocale::DataSizeTraditionalFormat);
}

QString timeText(qint64 ms)
{
    if (ms <= 0)
        return {};
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(ms);
    if (time.date() == QDate::currentDate())
        return time.toString(u"HH:mm:ss"_s);
    return QLocale().toString(time, QLocale::ShortFormat);
}

QString shownAddress(const QString &address)
{
    const qsizetype at = address.lastIndexOf(u'@') + 1;
    return address.contains("xn--"_L1) ? address.left(at) + QUrl::fromAce(address.mid(at).toLatin1(), QUrl::IgnoreIDNWhitelist) : address;
}

QString eventText(const QJsonObject &event)
{
    const QString kind = event.value("kind"_L1).toString();
    const bool nameless = event.value("sender"_L1).toString().isEmpty() && event.value("recipient"_L1).toString().isEmpty();
    QString sentence = sentenceFor(kind == "message-refused"_L1 && nameless ? u"command-refused"_s : kind);
    if (sentence.isEmpty()) {
        sentence = kind;
        for (auto it = event.begin(); it != event.end(); ++it) {
            if (it.key() != "kind"_L1 && it.key() != "level"_L1 && it.key() != "at"_L1)
                sentence += u" %1=%2"_s.arg(it.key(), it.value().toVariant().toString());
        }
        return sentence;
    }
    for (qsizetype open = sentence.indexOf(u'{'); open >= 0; open = sentence.indexOf(u'{', open)) {
        const qsizetype close = sentence.indexOf(u'}', open);
        if (close < 0)
            break;
        const QString value = event.value(sentence.mid(open + 1, close - open - 1)).toVariant().toString();
        const QString shown = value.isEmpty() ? u"–"_s : value;
        sentence.replace(open, close - open + 1, shown);
        open += shown.size();
    }
    return sentence.simplified();
}

QString levelText(const QString &level)
{
    if (level == "failure"_L1)
        return tr("Failure");
    if (level == "warning"_L1)
        return tr("Warning");
    return level == "notice"_L1 ? tr("Notice") : tr("Detail");
}

QString stepText(const QString &step)
{
    static const QHash<QString, const char *> words = {
        {u"received"_s, QT_TRANSLATE_NOOP("Words", "Received")},   {u"delivered"_s, QT_TRANSLATE_NOOP("Words", "Delivered")},
        {u"queued"_s, QT_TRANSLATE_NOOP("Words", "Waiting to go out")}, {u"refused"_s, QT_TRANSLATE_NOOP("Words", "Refused")},
        {u"judged"_s, QT_TRANSLATE_NOOP("Words", "Judged")},       {u"removed"_s, QT_TRANSLATE_NOOP("Words", "Removed")},
        {u"sent"_s, QT_TRANSLATE_NOOP("Words", "Sent")},           {u"failed"_s, QT_TRANSLATE_NOOP("Words", "Failed")},
        {u"delayed"_s, QT_TRANSLATE_NOOP("Words", "Delayed")},     {u"held"_s, QT_TRANSLATE_NOOP("Words", "Held")},
        {u"released"_s, QT_TRANSLATE_NOOP("Words", "Released")},   {u"submitted"_s, QT_TRANSLATE_NOOP("Words", "Put in a mailbox")},
        {u"denied"_s, QT_TRANSLATE_NOOP("Words", "Denied")},
    };
    const char *found = words.value(step);
    return found ? tr(found) : step;
}

QString serviceText(const QString &service)
{
    static const QHash<QString, const char *> words = {
        {u"smtp"_s, QT_TRANSLATE_NOOP("Words", "Mail from other servers (SMTP)")},
        {u"submission"_s, QT_TRANSLATE_NOOP("Words", "Mail from your programs (STARTTLS)")},
        {u"submissions"_s, QT_TRANSLATE_NOOP("Words", "Mail from your programs (TLS)")},
        {u"imap"_s, QT_TRANSLATE_NOOP("Words", "Reading mail (IMAP, STARTTLS)")},
        {u"imaps"_s, QT_TRANSLATE_NOOP("Words", "Reading mail (IMAP, TLS)")},
        {u"pop3"_s, QT_TRANSLATE_NOOP("Words", "Fetching mail (POP3, STARTTLS)")},
        {u"pop3s"_s, QT_TRANSLATE_NOOP("Words", "Fetching mail (POP3, TLS)")},
    };
    const char *found = words.value(service);
    return found ? tr(found) : service;
}

QString tlsPolicyText(const QString &policy)
{
    if (policy == "none"_L1)
        return tr("Never");
    if (policy == "encrypt"_L1)
        return tr("Always, or the mail waits");
    return policy == "verify"_L1 ? tr("Always, with a good certificate, or the mail waits") : tr("Whenever the other server can");
}

QString healthText(const QString &health)
{
    if (health == "good"_L1)
        return tr("In good order");
    if (health == "low-space"_L1)
        return tr("The disk is almost full: no new mail is taken");
    if (health == "full"_L1)
        return tr("The disk is full: no new mail is taken");
    if (health == "read-only"_L1)
        return tr("The data folder can't be written to: no new mail is taken");
    if (health == "corrupt"_L1)
        return tr("Damaged: restore a backup; no new mail is taken");
    if (health == "faulty"_L1)
        return tr("Damaged: its check found faults; restore a backup");
    return health;
}

QString listenErrorText(const QJsonObject &service)
{
    const QString error = service.value("error"_L1).toString();
    if (error != "not open; the log says why"_L1)
        return error;
    return tr("Port %1 can't be opened; the log says why").arg(service.value("port"_L1).toInt());
}

QString faultStyle(const QPalette &palette)
{
    const bool dark = palette.color(QPalette::Window).lightness() < 128;
    return u"QLabel { color: %1; }"_s.arg(dark ? u"#ff9a8f"_s : u"#b3261e"_s);
}

QString octetsEntry(qint64 octets)
{
    static constexpr QLatin1StringView units[] = {"TB"_L1, "GB"_L1, "MB"_L1, "kB"_L1};
    int shift = 40;
    for (const QLatin1StringView unit : units) {
        if (octets > 0 && octets % (1ll << shift) == 0)
            return u"%1 %2"_s.arg(octets >> shift).arg(unit);
        shift -= 10;
    }
    return QString::number(octets);
}

qint64 octetsTyped(const QString &text) { return control::parseOctets(text).value_or(-1); }

} // namespace posthorn::ui
