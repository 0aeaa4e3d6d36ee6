#include "serve.h"

#include "engine.h"
#include "error_log.h"
#include "platform/system/process.h"

#include <QCoreApplication>

#include <cstdio>

namespace posthorn::app {

using namespace Qt::StringLiterals;

namespace {

QByteArray readyLine(const QList<OpenPort> &ports)
{
    QByteArray line = "ready";
    for (const OpenPort &port : ports) {
        const QByteArray address = port.address.contains(':') ? '[' + port.address + ']' : port.address;
        line += ' ' + port.service + '=' + address + ':' + QByteArray::number(port.port);
    }
    return line + '\n';
}

int refuse(const Error &error, int exitCode)
{
    const QByteArray line = "posthornd: " + error.text.toUtf8()
                            + (error.detail.isEmpty() ? QByteArray() : " (" + error.detail.toUtf8() + ')') + '\n';
    std::fwrite(line.constData(), 1, size_t(line.size()), stderr);
    return exitCode;
}

} // namespace

int serve(const Invocation &invocation)
{
    const auto overrides = parseOverrides(invocation.values("set"_L1));
    if (!overrides)
        return refuse(overrides.error(), WrongUsage);
    Engine engine;
    ErrorLog errors(engine.events());
    system::StopSignals signals;
    QObject::connect(&engine, &Engine::stopped, qApp, &QCoreApplication::quit, Qt::QueuedConnection);
    QObject::connect(&signals, &system::StopSignals::stopRequested, &engine, [&engine] {
        system::notifyServiceManager("STOPPING=1");
        engine.stop();
    });
    const auto started = engine.start({.dataDirectory = invocation.dataDirectory, .overrides = *overrides});
    if (!started) {
        const bool inUse = started.error().kind == ErrorKind::Exists;
        return refuse(started.error(), inUse ? int(NotRunning) : exitCodeOf(started.error().kind));
    }
    const QByteArray line = readyLine(engine.ports());
    std::fwrite(line.constData(), 1, size_t(line.size()), stdout);
    std::fflush(stdout);
    system::notifyServiceManager("READY=1");
    return QCoreApplication::exec();
}

} // namespace posthorn::app
