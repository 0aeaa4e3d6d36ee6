// Tokens to sign in with elsewhere (XOAUTH2), printed by commands that routes name. One is kept for a short while, and got
// anew when a server refuses it. Lives on one thread with an event loop.
#pragma once

#include "core/result.h"
#include "platform/system/clock.h"

#include <QByteArray>
#include <QHash>
#include <QList>
#include <QObject>

#include <functional>

namespace posthorn::relay {

class Tokens : public QObject
{
    Q_OBJECT
public:
    using Done = std::function<void(const Result<QByteArray> &)>;
    explicit Tokens(QObject *parent, const system::Clock &clock = system::realClock()) : QObject(parent), m_clock(clock) {}

    // `refused`: one that a server does not take. Whoever asks while a command runs gets what that one prints.
    void fetch(const QString &command, const QByteArray &refused, Done done);
    void forget() { m_kept.clear(); }

private:
    struct Kept
    {
        QByteArray token;
        qint64 until = 0; // steady ms
    };
    void run(const QString &command);
    void ended(const QString &command, const Result<QByteArray> &printed);

    const system::Clock &m_clock;
    QHash<QString, Kept> m_kept;              // by command
    QHash<QString, QList<Done>> m_waiting;    // the same
};

} // namespace posthorn::relay
