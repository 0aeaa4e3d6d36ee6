// Commands that are calls of the control protocol: to the server running on the data directory or, where the command can
// do without one, to an engine of our own without listeners.
#pragma once

#include "arguments.h"
#include "control/client/client.h"
#include "engine.h"

#include <QObject>

namespace posthorn::app {

class Talk : public QObject
{
    Q_OBJECT
public:
    Talk(Invocation invocation, Plan plan);
    ~Talk() override;
    // Then finished() follows.
    void start();

Q_SIGNALS:
    void finished(int exitCode);

private:
    void noServer(ErrorKind kind, const QString &reason);
    void hostEngine();
    void connectBy(std::unique_ptr<control::Link> link);
    void call();
    void follow();
    void answered(const Result<QJsonValue> &result);
    void print(const QJsonObject &result);
    void giveUp(const Error &error);

    Invocation m_invocation;
    Plan m_plan;
    std::unique_ptr<Engine> m_engine; // goes after the client
    std::unique_ptr<control::Link> m_probe;
    std::unique_ptr<control::Client> m_client;
    qint64 m_lastEvent = 0;
};

// From standard input: asked for when that is a terminal, else its first line. UTF-8. Invalid: empty, not the same twice.
[[nodiscard]] Result<QString> readPassword();

} // namespace posthorn::app
