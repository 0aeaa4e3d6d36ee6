// One client's connection as octets both ways, whatever carries them.
#pragma once

#include "control/api/pipe.h"

#include <QObject>

class QLocalSocket;

namespace posthorn::control {

class Channel : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;
    virtual void send(const QByteArray &octets) = 0;
    [[nodiscard]] virtual qint64 waiting() const = 0; // octets the client hasn't taken yet
    // Octets that were sent still arrive if the client takes them. Nothing is emitted any more.
    virtual void close() = 0;
    // What came before the object was made or connected to is told now.
    virtual void begin() = 0;

Q_SIGNALS:
    void received(QByteArray octets);
    void closed();
};

class SocketChannel final : public Channel
{
    Q_OBJECT
public:
    explicit SocketChannel(QLocalSocket *socket, QObject *parent = nullptr); // takes the socket
    void send(const QByteArray &octets) override;
    [[nodiscard]] qint64 waiting() const override;
    void close() override;
    void begin() override;

private:
    QLocalSocket *m_socket;
};

class PipeChannel final : public Channel
{
    Q_OBJECT
public:
    explicit PipeChannel(PipePointer pipe, QObject *parent = nullptr);
    ~PipeChannel() override;
    void send(const QByteArray &octets) override { m_pipe->send(octets); }
    [[nodiscard]] qint64 waiting() const override { return m_pipe->waiting(); }
    void close() override;
    void begin() override;

private:
    void take();
    PipePointer m_pipe;
};

} // namespace posthorn::control
