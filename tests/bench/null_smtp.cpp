// An SMTP server on Qt's sockets that takes every message and does nothing with it: as fast as load can be answered on this
// computer. Prints its port. Not for anything but measuring.
#include <QCoreApplication>
#include <QTcpServer>
#include <QTcpSocket>

#include <cstdio>

namespace {

class NullSession : public QObject
{
public:
    explicit NullSession(QTcpSocket *socket) : QObject(socket), m_socket(socket)
    {
        socket->write("220 null\r\n");
        connect(socket, &QTcpSocket::readyRead, this, [this] { read(); });
        connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
    }

private:
    void read()
    {
        m_heard += m_socket->readAll();
        while (m_inData ? endData() : command()) {}
    }
    bool endData()
    {
        const qsizetype end = m_heard.indexOf("\r\n.\r\n", std::max<qsizetype>(0, m_looked - 4));
        m_looked = m_heard.size();
        if (end < 0)
            return false;
        m_heard.remove(0, end + 5);
        m_inData = false;
        m_socket->write("250 2.0.0 Done\r\n");
        return true;
    }
    bool command()
    {
        const qsizetype end = m_heard.indexOf('\n');
        if (end < 0)
            return false;
        const QByteArray line = m_heard.left(end).toUpper();
        m_heard.remove(0, end + 1);
        m_inData = line.startsWith("DATA");
        m_looked = 0;
        m_socket->write(m_inData ? "354 Go on\r\n" : line.startsWith("QUIT") ? "221 2.0.0 Bye\r\n" : "250 2.0.0 Ok\r\n");
        if (line.startsWith("QUIT"))
            m_socket->disconnectFromHost();
        return true;
    }

    QTcpSocket *m_socket;
    QByteArray m_heard;
    qsizetype m_looked = 0; // of m_heard
    bool m_inData = false;
};

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QTcpServer server;
    server.setListenBacklogSize(1000);
    QObject::connect(&server, &QTcpServer::newConnection, &server, [&server] {
        while (QTcpSocket *const socket = server.nextPendingConnection())
            new NullSession(socket); // the socket's child
    });
    if (!server.listen(QHostAddress::LocalHost))
        return 1;
    std::printf("%d\n", server.serverPort());
    std::fflush(stdout);
    return QCoreApplication::exec();
}
