#include "talk.h"

#include "control/server/server.h"
#include "platform/system/process.h"
#include "show.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>

#include <cstdio>

namespace posthorn::app {

using namespace Qt::StringLiterals;

namespace {

void printLine(FILE *to, const QString &text)
{
    const QByteArray bytes = text.toUtf8() + '\n';
    std::fwrite(bytes.constData(), 1, size_t(bytes.size()), to);
    std::fflush(to);
}

int levelRank(const QString &name)
{
    for (const Level level : {Level::Detail, Level::Notice, Level::Warning, Level::Failure}) {
        if (nameOf(level) == name)
            return int(level);
    }
    return -1;
}

} // namespace

Talk::Talk(Invocation invocation, Plan plan) : m_invocation(std::move(invocation)), m_plan(std::move(plan)) {}

Talk::~Talk() { m_client.reset(); }

void Talk::start()
{
    m_probe = std::make_unique<control::LocalLink>(m_invocation.dataDirectory);
    connect(m_probe.get(), &control::Link::opened, this, [this] {
        m_probe->close();
        connectBy(std::make_unique<control::LocalLink>(m_invocation.dataDirectory));
    });
    connect(m_probe.get(), &control::Link::closed, this,
            [this](const QString &reason) { noServer(m_probe->trouble(), reason); });
    m_probe->open();
}

void Talk::noServer(ErrorKind kind, const QString &reason)
{
    if (kind != ErrorKind::NotFound)
        return giveUp({kind, reason, {}});
    const bool isThere = QFileInfo::exists(m_invocation.dataDirectory + u"/posthorn.db"_s);
    const Alone alone = m_invocation.command->alone;
    if (alone == Alone::Fails)
        return giveUp({ErrorKind::Unavailable, reason, {}});
    if (alone == Alone::Works && !isThere) {
        printLine(stderr, u"posthornd: there is no data in %1; --data names another directory"_s.arg(m_invocation.dataDirectory));
        Q_EMIT finished(NoData);
        return;
    }
    hostEngine();
}

void Talk::hostEngine()
{
    m_engine = std::make_unique<Engine>();
    const auto started = m_engine->start(
        {.dataDirectory = m_invocation.dataDirectory, .controlSocket = false, .listeners = false});
    if (!started) {
        Error error = started.error();
        if (error.kind == ErrorKind::Exists) // locked: a server is starting, stopping, or hangs
            error.kind = ErrorKind::Unavailable;
        return giveUp(error);
    }
    connectBy(std::make_unique<control::MemoryLink>(m_engine->controlServer()->connector()));
}

void Talk::connectBy(std::unique_ptr<control::Link> link)
{
    m_client = std::make_unique<control::Client>(std::move(link));
    connect(m_client.get(), &control::Client::connected, this, [this] {
        if (m_invocation.has("follow"_L1))
            follow();
        else
            call();
    });
    connect(m_client.get(), &control::Client::disconnected, this, [this](const QString &reason) {
        giveUp({ErrorKind::Unavailable, reason, {}});
    });
    m_client->open();
}

void Talk::call()
{
    using namespace std::chrono_literals;
    m_client->call(m_plan.method, m_plan.parameters, this,
                   [this](const Result<QJsonValue> &result) { answered(result); }, 0ms);
}

void Talk::answered(const Result<QJsonValue> &result)
{
    if (!result)
        return giveUp(result.error());
    const QJsonObject object = result->toObject();
    print(object);
    const auto verdict = m_invocation.command->verdict;
    Q_EMIT finished(verdict ? verdict(object) : int(Good));
}

void Talk::print(const QJsonObject &result)
{
    if (m_invocation.json) {
        printLine(stdout, QString::fromUtf8(QJsonDocument(result).toJson().trimmed()));
        return;
    }
    QString text;
    QTextStream out(&text);
    m_invocation.command->show(m_invocation, result, out);
    out.flush();
    if (!text.isEmpty())
        printLine(stdout, text.chopped(1)); // its last line end is printLine's
}

void Talk::follow()
{
    const QString level = m_plan.parameters.value("level"_L1).toString();
    if (levelRank(level) < 0)
        return giveUp({ErrorKind::Invalid, u"A level is detail, notice, warning or failure"_s, {}});
    m_client->subscribe(u"log"_s, this, [this, least = levelRank(level)](const control::TopicUpdate &update) {
        for (const auto &item : update.set) {
            const QJsonObject event = item.toObject();
            const qint64 number = event.value("id"_L1).toString().toLongLong();
            if (number <= m_lastEvent)
                continue;
            m_lastEvent = number;
            if (levelRank(event.value("level"_L1).toString()) < least)
                continue;
            printLine(stdout, m_invocation.json
                                  ? QString::fromUtf8(QJsonDocument(event).toJson(QJsonDocument::Compact))
                                  : eventLine(event));
        }
    });
}

void Talk::giveUp(const Error &error)
{
    QString text = error.text;
    if (!error.detail.isEmpty())
        text += u" ("_s + error.detail + u')';
    printLine(stderr, u"posthornd: "_s + printable(text));
    Q_EMIT finished(exitCodeOf(error.kind));
}

Result<QString> readPassword()
{
    QByteArray password;
    if (system::inputIsTerminal()) {
        const auto first = system::promptForPassword("Password: ");
        if (!first)
            return std::unexpected(first.error());
        const auto second = system::promptForPassword("Again: ");
        if (!second || *second != *first)
            return fail(ErrorKind::Invalid, u"The two are not the same"_s);
        password = *first;
    } else {
        QFile input;
        if (!input.open(stdin, QIODevice::ReadOnly))
            return fail(ErrorKind::Unavailable, u"Standard input can't be read"_s);
        password = input.readLine(8192);
        while (password.endsWith('\n') || password.endsWith('\r'))
            password.chop(1);
    }
    if (password.isEmpty())
        return fail(ErrorKind::Invalid, u"No password was given on standard input"_s);
    return QString::fromUtf8(password);
}

} // namespace posthorn::app
