// The tray app: hosts the engine on a thread of its own, or looks at a posthornd that runs on the data directory already.
#include "hosted_engine.h"

#include "control/api/values.h"
#include "control/client/client.h"
#include "platform/system/process.h"
#include "ui/tray/tray_icon.h"
#include "ui/widgets/places.h"
#include "ui/window/main_window.h"
#include "ui/window/server_state.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QDir>
#include <QLocalSocket>
#include <QStandardPaths>

using namespace posthorn;
using namespace Qt::StringLiterals;

namespace {

struct Arguments
{
    EngineOptions engine;
    bool attach = false; // look at a running server, start none
    bool hidden = false;
};

Arguments parseArguments(const QApplication &app)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QApplication::translate("App", "Posthorn, a mail server with a window"));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addOption({u"data"_s, QApplication::translate("App", "The data folder."), u"directory"_s,
                      control::defaultDataDirectory()});
    parser.addOption({u"set"_s, QApplication::translate("App", "A setting for this run, KEY=VALUE."), u"setting"_s});
    parser.addOption({u"attach"_s, QApplication::translate("App", "Look after a posthornd that runs on the data folder.")});
    parser.addOption({u"hidden"_s, QApplication::translate("App", "Start in the tray, without the window.")});
    parser.process(app);
    Arguments arguments{{QDir(parser.value(u"data"_s)).absolutePath(), {}, true}, parser.isSet(u"attach"_s),
                        parser.isSet(u"hidden"_s)};
    arguments.engine.allListeners = false; // the window tells which port can't be had
    for (const QString &setting : parser.values(u"set"_s))
        arguments.engine.overrides.insert(setting.section(u'=', 0, 0), setting.section(u'=', 1));
    return arguments;
}

// A posthornd, or another Posthorn, is at work on the folder already: it can be looked at, not started again.
bool isServed(const QString &dataDirectory)
{
    constexpr int patience = 500; // ms; it is on this computer, and no window waits yet
    QLocalSocket socket;
    socket.connectToServer(control::socketName(dataDirectory));
    return socket.waitForConnected(patience);
}

// The engine lives on its own thread and tells the window's how it is.
void tie(HostedEngine &engine, ui::ServerState &server)
{
    QObject::connect(&server, &ui::ServerState::startWanted, &engine, &HostedEngine::start);
    QObject::connect(&server, &ui::ServerState::stopWanted, &engine, &HostedEngine::stop);
    QObject::connect(&engine, &HostedEngine::failed, &server, &ui::ServerState::noteFailed);
    QObject::connect(&engine, &HostedEngine::stopped, &server, &ui::ServerState::noteStopped);
}

void tie(ui::MainWindow &window, ui::TrayIcon &tray)
{
    const bool hasTray = QSystemTrayIcon::isSystemTrayAvailable();
    window.setHidesOnClose(hasTray);
    tray.setVisible(hasTray);
    QApplication::setQuitOnLastWindowClosed(false);
    QObject::connect(&tray, &ui::TrayIcon::openWanted, &window, [&window] {
        window.show();
        window.raise();
        window.activateWindow();
    });
    QObject::connect(&window, &ui::MainWindow::hidden, &tray, &ui::TrayIcon::tellWhereItIs);
    QObject::connect(&window, &ui::MainWindow::quitWanted, qApp, [] { QApplication::exit(); });
    QObject::connect(&tray, &ui::TrayIcon::quitWanted, qApp, [] { QApplication::exit(); });
}

} // namespace

int main(int argc, char **argv)
{
    QApplication app(argc, argv);
    QApplication::setApplicationName(u"Posthorn"_s);
    QApplication::setApplicationVersion(QStringLiteral(POSTHORN_VERSION));
    QApplication::setWindowIcon(ui::TrayIcon::iconFor(ui::TrayIcon::State::Running));
    const Arguments arguments = parseArguments(app);
    system::StopSignals signals; // a clean stop, as of a server, from the first moment at which anybody sees us
    QObject::connect(&signals, &system::StopSignals::stopRequested, &app, [] { QApplication::exit(); });
    const QString folder = arguments.engine.dataDirectory;
    const bool attach = arguments.attach || isServed(folder);

    std::unique_ptr<HostedEngine> hosted;
    std::unique_ptr<control::Link> link;
    if (attach) {
        link = std::make_unique<control::LocalLink>(folder);
    } else {
        hosted = std::make_unique<HostedEngine>(arguments.engine);
        link = std::make_unique<control::MemoryLink>(hosted->connector());
    }
    control::Client client(std::move(link));
    ui::keepPlacesIn(QStandardPaths::writableLocation(QStandardPaths::AppConfigLocation) + u"/window.ini"_s);
    ui::ServerState server(client, hosted != nullptr);
    ui::MainWindow window(client, server, attach ? folder : QString());
    ui::TrayIcon tray(server);
    tie(window, tray);
    if (hosted) {
        tie(*hosted, server);
        QObject::connect(hosted.get(), &HostedEngine::started, &client, &control::Client::open); // at once, not at its next try
        server.start();
    }
    client.open();
    if (!arguments.hidden || !QSystemTrayIcon::isSystemTrayAvailable())
        window.show();
    return QApplication::exec();
}
