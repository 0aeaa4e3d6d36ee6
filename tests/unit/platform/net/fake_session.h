// A protocol as small as can be, with every trait the driver must respect, and a client for it.
#pragma once

#include "platform/net/network.h"
#include "support/patience.h"

#include <QElapsedTimer>
#include <QFile>
#include <QSslSocket>

#include <mutex>
#include <optional>

namespace fake {

using namespace posthorn;
using namespace Qt::StringLiterals;

// What sessions did, seen from the test's thread.
struct Diary
{
    std::mutex mutex;
    std::vector<net::Address> held;             // LATER commands that wait for the test
    std::vector<std::pair<NeedId, bool>> needs; // their numbers
    QByteArrayList lines;
    std::atomic<int> opened = 0, closed = 0, peerClosed = 0, timedOut = 0, answered = 0, pieces = 0;
    std::atomic<qint64> received = 0, mostWaiting = 0;
    TlsFacts facts; // the last told
    std::atomic<std::chrono::milliseconds> patience{};
    bool slowGoodbye = false; // shutDown() waits for a held answer
    std::function<void()> whenAsked; // called for a LATER, on the worker; guarded by mutex

    QByteArrayList takeLines()
    {
        const std::scoped_lock lock(mutex);
        return std::exchange(lines, {});
    }
    TlsFacts lastFacts()
    {
        const std::scoped_lock lock(mutex);
        return facts;
    }
};

struct Need
{
    NeedId id = 0;
    bool piece = false; // the next piece of a big answer; else an answer that the test gives
};

// Lines: ECHO text, LATER, BIG octets, SINK octets, STARTTLS, QUIT.
class Machine : public posthorn::Machine
{
public:
    explicit Machine(Diary *diary) : m_diary(*diary) {}

    void start(const TlsFacts *tls) override
    {
        if (tls)
            note(*tls);
        m_output = tls ? "hello tls\r\n"_ba : "hello\r\n"_ba;
    }
    void receive(QByteArrayView bytes) override
    {
        if (!hungry())
            qFatal("fed while not hungry");
        m_diary.received += bytes.size();
        m_input += bytes;
        work();
    }
    void tlsStarted(const TlsFacts &facts) override
    {
        note(facts);
        m_wantsTls = false;
        m_input.clear();
    }
    void peerClosed() override
    {
        ++m_diary.peerClosed;
        m_closing = true;
    }
    void timedOut() override
    {
        ++m_diary.timedOut;
        m_output += "too slow\r\n";
        m_finished = true;
    }
    void shutDown() override
    {
        m_output += m_waiting && m_diary.slowGoodbye ? "" : "goodbye\r\n";
        m_finished = !(m_waiting && m_diary.slowGoodbye);
        m_closing = true;
    }
    QByteArray takeOutput() override { return std::exchange(m_output, {}); }
    void outputWaiting(qsizetype waiting) override
    {
        m_outputWaiting = waiting;
        m_diary.mostWaiting = std::max<qint64>(m_diary.mostWaiting, waiting);
    }
    std::chrono::milliseconds patience() const override { return m_diary.patience; }
    bool hungry() const override { return !m_waiting && m_big == 0 && !m_wantsTls && !m_finished; }
    bool wantsTls() const override { return m_wantsTls; }
    bool finished() const override { return m_finished || (m_closing && !m_waiting && m_big == 0); }
    QLatin1StringView stateName() const override { return m_waiting ? "waiting"_L1 : "ready"_L1; }
    QString userName() const override { return u"nobody"_s; }

    std::optional<Need> nextNeed()
    {
        if (m_asks) {
            m_asks = false;
            return Need{++m_need, false};
        }
        if (m_big > 0 && m_outputWaiting < 64 * 1024 && m_output.isEmpty())
            return Need{++m_need, true};
        return std::nullopt;
    }
    void answer(NeedId id, const QByteArray &value)
    {
        if (m_big > 0) {
            ++m_diary.pieces;
            const qint64 size = qMin<qint64>(m_big, 16 * 1024);
            m_output += QByteArray(size, 'x');
            m_big -= size;
        } else if (id == m_need) {
            ++m_diary.answered;
            m_waiting = false;
            m_output += value;
        }
        if (hungry())
            work();
    }

private:
    void note(const TlsFacts &facts)
    {
        const std::scoped_lock lock(m_diary.mutex);
        m_diary.facts = facts;
    }
    void work()
    {
        while (hungry()) {
            if (m_sink > 0) {
                const qint64 taken = qMin<qint64>(m_sink, m_input.size());
                m_sink -= taken;
                m_input.remove(0, taken);
                if (m_sink > 0)
                    return;
                m_output += "sunk\r\n";
            }
            const qsizetype end = m_input.indexOf("\r\n");
            if (end < 0)
                return;
            const QByteArray line = m_input.first(end);
            m_input.remove(0, end + 2);
            command(line);
        }
    }
    void command(const QByteArray &line)
    {
        {
            const std::scoped_lock lock(m_diary.mutex);
            m_diary.lines.append(line);
        }
        if (line.startsWith("ECHO "))
            m_output += line.sliced(5) + "\r\n";
        else if (line == "LATER")
            m_waiting = m_asks = true;
        else if (line.startsWith("BIG "))
            m_big = line.sliced(4).toLongLong();
        else if (line.startsWith("SINK "))
            m_sink = line.sliced(5).toLongLong();
        else if (line == "STARTTLS")
            m_output += "go\r\n", m_wantsTls = true;
        else if (line == "QUIT")
            m_output += "bye\r\n", m_finished = true;
        else
            m_output += "what?\r\n";
    }

    Diary &m_diary;
    QByteArray m_input, m_output;
    NeedId m_need = 0;
    qint64 m_big = 0, m_sink = 0;
    qsizetype m_outputWaiting = 0;
    bool m_waiting = false, m_asks = false, m_wantsTls = false, m_finished = false, m_closing = false;
};

class Service
{
public:
    explicit Service(Diary *diary) : m_diary(*diary) { ++m_diary.opened; }
    void attach(net::Address address, const net::Peer &) { m_address = address; }
    template<typename Bound>
    void handle(Bound &bound, Need need)
    {
        if (need.piece) {
            bound.answer(need.id, QByteArray());
            return;
        }
        std::unique_lock lock(m_diary.mutex);
        m_diary.held.push_back(m_address);
        m_diary.needs.emplace_back(need.id, false);
        if (const auto asked = m_diary.whenAsked) {
            lock.unlock();
            asked();
        }
    }
    void closed() { ++m_diary.closed; }

private:
    Diary &m_diary;
    net::Address m_address;
};

using Session = net::BoundSession<Machine, Service>;

inline net::SessionFactory factory(Diary &diary)
{
    return [&diary](const net::Peer &) {
        return std::make_unique<Session>(&diary, std::make_unique<Service>(&diary), "fake"_L1);
    };
}

inline net::ListenerOptions listenerOptions(Diary &diary)
{
    net::ListenerOptions options;
    options.name = "fake";
    options.address = QHostAddress::LocalHost;
    options.busyReply = "busy\r\n";
    options.factory = factory(diary);
    return options;
}

// Answers every LATER so far; returns how many there were.
inline int answerAll(Diary &diary, const QByteArray &value = "later\r\n")
{
    std::vector<net::Address> held;
    std::vector<std::pair<NeedId, bool>> needs;
    {
        const std::scoped_lock lock(diary.mutex);
        held.swap(diary.held);
        needs.swap(diary.needs);
    }
    for (size_t i = 0; i < held.size(); ++i)
        Session::answerLater(held[i], needs[i].first, value);
    return int(held.size());
}

inline int heldCount(Diary &diary)
{
    const std::scoped_lock lock(diary.mutex);
    return int(diary.held.size());
}

inline QString data(const char *name)
{
    return QStringLiteral(POSTHORN_SOURCE_DIR "/tests/data/tls/") + QLatin1StringView(name);
}

inline std::shared_ptr<net::TlsContexts> contexts()
{
    auto tls = std::make_shared<net::TlsContexts>();
    const auto set = tls->setSources({{"", data("default.crt"), data("default.key"), {}},
                                      {"other.test", data("other.pem"), {}, {}}});
    Q_ASSERT(set);
    return tls;
}

// A client that spins the event loop while it waits, for the listener lives on the same thread.
class Client : public QSslSocket
{
public:
    explicit Client(quint16 port)
    {
        setPeerVerifyMode(QSslSocket::VerifyNone);
        connectToHost(QHostAddress::LocalHost, port);
    }
    bool isConnected()
    {
        return test::waitFor([this] { return state() == ConnectedState; });
    }
    void say(const QByteArray &octets)
    {
        isConnected();
        write(octets);
        flush();
    }
    // The next line without its end; "(nothing)" when there is none in time, "(closed)" at the end.
    QByteArray line()
    {
        const bool got = test::waitFor([this] { return canReadLine() || state() == UnconnectedState; });
        if (canReadLine())
            return readLine().trimmed();
        return got ? "(closed)" : "(nothing)";
    }
    bool waitClosed()
    {
        return test::waitFor([this] { return state() == UnconnectedState; });
    }
    bool startTls(const QString &name = u"mail.example.test"_s)
    {
        setPeerVerifyName(name);
        startClientEncryption();
        return test::waitFor([this] { return isEncrypted() || state() == UnconnectedState; }) && isEncrypted();
    }
};

} // namespace fake
