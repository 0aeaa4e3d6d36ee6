// What the driver alone can do: an SMTP server that says yes to everything and keeps nothing.
// Usage: bench_net [--port PORT] [--workers N] [--late]; drive it with smtp-source -s 20 -l 4096 -m 50000 HOST:PORT.
// --late: the answer at the end of mail comes from another thread, as from a store.
#include "platform/net/network.h"
#include "platform/system/process.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QMutex>
#include <QThread>
#include <QWaitCondition>

#include <cstdio>
#include <deque>
#include <optional>

using namespace posthorn;
using namespace Qt::StringLiterals;

namespace {

enum class YesNeed { EndOfMail };

class YesMachine : public Machine
{
public:
    explicit YesMachine(int) {}
    void start(const TlsFacts *) override { m_output += "220 bench.test ESMTP\r\n"; }
    void receive(QByteArrayView bytes) override
    {
        m_input += bytes;
        while (!m_waiting) {
            const char *const end = m_data ? "\r\n.\r\n" : "\r\n";
            const qsizetype at = m_input.indexOf(end);
            if (at < 0)
                break;
            const QByteArray line = m_input.first(at);
            m_input.remove(0, at + qstrlen(end));
            m_data ? endOfMail() : command(line);
        }
        if (m_data && m_input.size() > 4)
            m_input.remove(0, m_input.size() - 4);
    }
    void tlsStarted(const TlsFacts &) override {}
    void peerClosed() override { m_finished = true; }
    void timedOut() override { m_finished = true; }
    void shutDown() override { m_finished = true; }
    QByteArray takeOutput() override { return std::exchange(m_output, {}); }
    std::chrono::milliseconds patience() const override { return std::chrono::seconds(300); }
    bool hungry() const override { return !m_waiting && !m_finished; }
    bool wantsTls() const override { return false; }
    bool finished() const override { return m_finished; }
    QLatin1StringView stateName() const override { return "ready"_L1; }

    std::optional<std::pair<NeedId, YesNeed>> nextNeed()
    {
        if (!std::exchange(m_asks, false))
            return std::nullopt;
        return std::pair{++m_need, YesNeed::EndOfMail};
    }
    void answer(NeedId, bool)
    {
        m_waiting = false;
        m_output += "250 2.0.0 Taken\r\n";
        receive({});
    }

private:
    void command(const QByteArray &line)
    {
        const QByteArray verb = line.first(qMin<qsizetype>(4, line.size())).toUpper();
        if (verb == "DATA") {
            m_data = true;
            m_output += "354 Go on\r\n";
        } else if (verb == "QUIT") {
            m_finished = true;
            m_output += "221 Bye\r\n";
        } else {
            m_output += "250 Ok\r\n";
        }
    }
    void endOfMail()
    {
        m_data = false;
        m_waiting = m_asks = true;
    }

    QByteArray m_input, m_output;
    NeedId m_need = 0;
    bool m_data = false, m_waiting = false, m_asks = false, m_finished = false;
};

class Answerer : public QThread
{
public:
    void add(std::function<void()> answer)
    {
        QMutexLocker lock(&m_mutex);
        m_answers.push_back(std::move(answer));
        m_some.wakeOne();
    }
    void run() override
    {
        for (;;) {
            std::deque<std::function<void()>> batch;
            {
                QMutexLocker lock(&m_mutex);
                while (m_answers.empty())
                    m_some.wait(&m_mutex);
                batch.swap(m_answers);
            }
            for (const auto &answer : batch)
                answer();
        }
    }

private:
    QMutex m_mutex;
    QWaitCondition m_some;
    std::deque<std::function<void()>> m_answers;
};

Answerer *answerer = nullptr;

class YesService
{
public:
    void attach(net::Address address, const net::Peer &) { m_address = address; }
    template<typename Bound>
    void handle(Bound &bound, std::pair<NeedId, YesNeed> need)
    {
        if (answerer)
            answerer->add([to = m_address, id = need.first] { Bound::answerLater(to, id, true); });
        else
            bound.answer(need.first, true);
    }
    void closed() {}

private:
    net::Address m_address;
};

} // namespace

int main(int count, char **arguments)
{
    QCoreApplication application(count, arguments);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOptions({{u"port"_s, u"Port to listen on."_s, u"port"_s, u"2525"_s},
                       {u"workers"_s, u"Threads."_s, u"n"_s, u"1"_s},
                       {u"late"_s, u"Answer from another thread."_s}});
    parser.process(application);
    system::raiseDescriptorLimit();
    if (parser.isSet(u"late"_s)) {
        answerer = new Answerer;
        answerer->start();
    }
    net::Network network(parser.value(u"workers"_s).toInt(), std::make_shared<net::TlsContexts>());
    net::ListenerOptions options;
    options.name = "bench";
    options.address = QHostAddress::LocalHost;
    options.port = quint16(parser.value(u"port"_s).toInt());
    options.factory = [](const net::Peer &) {
        return std::make_unique<net::BoundSession<YesMachine, YesService>>(0, std::make_unique<YesService>(), "yes"_L1);
    };
    const auto port = network.listen(std::move(options));
    if (!port) {
        std::fprintf(stderr, "%s\n", qPrintable(port.error().text));
        return 1;
    }
    std::printf("port %d\n", *port);
    std::fflush(stdout);
    return QCoreApplication::exec();
}
