// How the mail server is, for window and tray alike: running, busy, stopped, gone, and in words for people. A connection alone
// does not tell, for a process that is stopped or very busy keeps its socket open: it asks for the status at a beat, and
// says so when the answer does not come.
#pragma once

#include "control/client/client.h"

#include <QJsonObject>
#include <QObject>
#include <QTimer>

namespace posthorn::ui {

class ServerState : public QObject
{
    Q_OBJECT
public:
    enum class State {
        Gone,     // somebody else's server can't be reached; the client tries again by itself
        Starting, // our own, on its way
        Stopping,
        Stopped,
        Failed,   // our own could not start
        Quiet,    // connected, and no answer for a while
        Running,
    };

    // `hosted`: the engine is in this process, and start() and stop() are answered by who made it.
    ServerState(control::Client &client, bool hosted, QObject *parent = nullptr);
    // Between two questions, and before it is called quiet: 3 s and 4 s when not set.
    void setTimes(std::chrono::milliseconds beat, std::chrono::milliseconds patience);

    [[nodiscard]] State state() const;
    [[nodiscard]] bool isHosted() const { return m_hosted; }
    [[nodiscard]] bool canStart() const;
    [[nodiscard]] bool canStop() const;
    [[nodiscard]] QString words() const;   // one sentence
    [[nodiscard]] QString trouble() const; // what a running server can't do, or empty

    void start();
    void stop(); // somebody else's server too
    // What the host says of its engine.
    void noteFailed(const QString &why);
    void noteStopped();

Q_SIGNALS:
    void changed();
    void startWanted();
    void stopWanted();
    void refused(const QString &why); // to stop somebody else's server

private:
    void ask();
    void setQuiet(bool quiet);
    void came();
    void went();

    control::Client &m_client;
    const bool m_hosted;
    QTimer m_beat, m_patience;
    bool m_asked = false, m_quiet = false, m_starting = false, m_stopping = false;
    QString m_failure;
    QString m_trouble;
};

} // namespace posthorn::ui
