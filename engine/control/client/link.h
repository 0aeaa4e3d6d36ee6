// A way to a server: octets both ways. Over a local socket to another process, or in memory to one in this process; the
// bytes are the same. Lives on one thread with an event loop and never blocks it.
#pragma once

#include "control/api/pipe.h"
#include "core/result.h"

#include <QObject>
#include <QString>

class QLocalSocket;

namespace posthorn::control {

class Link : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;
    virtual void open() = 0; // opened() or closed() follows, never from within
    virtual void send(const QByteArray &octets) = 0;
    virtual void close() = 0; // closed() is not emitted for it
    // Who is on the other side, for people: "this program" or the data directory.
    [[nodiscard]] virtual QString name() const = 0;
    // Why closed() was emitted last: NotFound when no server is there, Denied when it is not for this user.
    [[nodiscard]] ErrorKind trouble() const { return m_trouble; }

Q_SIGNALS:
    void opened();
    void closed(QString reason); // could not be opened, or was and is not any more
    void received(QByteArray octets);

protected:
    ErrorKind m_trouble = ErrorKind::Unavailable;
};

// To a posthornd running on a data directory.
class LocalLink final : public Link
{
    Q_OBJECT
public:
    explicit LocalLink(const QString &dataDirectory, QObject *parent = nullptr);
    ~LocalLink() override;
    void open() override;
    void send(const QByteArray &octets) override;
    void close() override;
    [[nodiscard]] QString name() const override { return m_directory; }

private:
    void fail(ErrorKind kind, const QString &reason);
    QString m_directory;
    QLocalSocket *m_socket = nullptr;
};

// To an engine in this process; the connector may answer null while that is stopped.
class MemoryLink final : public Link
{
    Q_OBJECT
public:
    explicit MemoryLink(Connector connector, QObject *parent = nullptr);
    ~MemoryLink() override;
    void open() override;
    void send(const QByteArray &octets) override;
    void close() override;
    [[nodiscard]] QString name() const override;

private:
    void take();
    Connector m_connector;
    PipePointer m_pipe;
};

} // namespace posthorn::control
