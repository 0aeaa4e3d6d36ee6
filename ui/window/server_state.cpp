#include "ui/window/server_state.h"

#include "ui/facts.h"

namespace posthorn::ui {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

ServerState::ServerState(control::Client &client, bool hosted, QObject *parent)
    : QObject(parent), m_client(client), m_hosted(hosted)
{
    m_patience.setSingleShot(true);
    setTimes(3'000ms, 4'000ms);
    connect(&m_beat, &QTimer::timeout, this, &ServerState::ask);
    connect(&m_patience, &QTimer::timeout, this, [this] { setQuiet(true); });
    connect(&client, &control::Client::connected, this, &ServerState::came);
    connect(&client, &control::Client::disconnected, this, &ServerState::went);
    if (client.isConnected())
        came();
}

void ServerState::setTimes(std::chrono::milliseconds beat, std::chrono::milliseconds patience)
{
    m_beat.setInterval(beat);
    m_patience.setInterval(patience);
}

ServerState::State ServerState::state() const
{
    if (m_client.isConnected())
        return m_quiet ? State::Quiet : m_stopping ? State::Stopping : State::Running;
    if (!m_hosted)
        return State::Gone;
    if (!m_failure.isEmpty())
        return State::Failed;
    return m_starting ? State::Starting : m_stopping ? State::Stopping : State::Stopped;
}

bool ServerState::canStart() const { return state() == State::Stopped || state() == State::Failed; }
bool ServerState::canStop() const { return state() == State::Running; }

QString ServerState::words() const
{
    switch (state()) {
    case State::Gone: return tr("The mail server is not running or can't be reached. Trying again…");
    case State::Starting: return tr("The mail server is starting…");
    case State::Stopping: return tr("The mail server is stopping…");
    case State::Stopped: return tr("The mail server is stopped. No mail comes in or goes out.");
    case State::Failed: return tr("The mail server could not start: %1").arg(m_failure);
    case State::Quiet: return tr("The mail server is busy and does not answer yet. Waiting…");
    case State::Running: break;
    }
    return m_trouble.isEmpty() ? tr("The mail server is running") : m_trouble;
}

QString ServerState::trouble() const { return state() == State::Running ? m_trouble : QString(); }

void ServerState::start()
{
    if (!m_hosted || !canStart())
        return;
    m_starting = true;
    m_failure.clear();
    Q_EMIT changed();
    Q_EMIT startWanted();
}

void ServerState::stop()
{
    if (!canStop())
        return;
    m_stopping = true;
    Q_EMIT changed();
    if (m_hosted) {
        Q_EMIT stopWanted();
        return;
    }
    m_client.call(u"server.stop"_s, {}, this, [this](const Result<QJsonValue> &result) {
        if (result || !m_client.isConnected())
            return;
        m_stopping = false;
        Q_EMIT changed();
        Q_EMIT refused(result.error().text);
    });
}

void ServerState::noteFailed(const QString &why)
{
    m_starting = false;
    m_failure = why;
    Q_EMIT changed();
}

void ServerState::noteStopped()
{
    m_stopping = false;
    Q_EMIT changed();
}

void ServerState::came()
{
    m_starting = m_stopping = m_quiet = false;
    m_failure.clear();
    m_beat.start();
    ask();
    Q_EMIT changed();
}

void ServerState::went()
{
    m_beat.stop();
    m_patience.stop();
    m_asked = m_quiet = false;
    if (!m_hosted)
        m_stopping = false;
    Q_EMIT changed();
}

// One question at a time, however long its answer takes.
void ServerState::ask()
{
    if (m_asked)
        return;
    m_asked = true;
    m_patience.start();
    m_client.call(u"server.status"_s, {}, this, [this](const Result<QJsonValue> &result) {
        if (!m_client.isConnected())
            return;
        m_asked = false;
        m_patience.stop();
        setQuiet(false);
        const QString trouble = result ? troubleIn(result->toObject()) : result.error().text;
        if (std::exchange(m_trouble, trouble) != trouble)
            Q_EMIT changed();
    }, 0ms);
}

void ServerState::setQuiet(bool quiet)
{
    if (std::exchange(m_quiet, quiet) != quiet)
        Q_EMIT changed();
}

} // namespace posthorn::ui
