// The tray app: hosts the engine on a thread of its own, or looks at a posthornd that runs on the data directory already.
#include "hosted_engine.h"

#include "control/client/client.h"
#include "ui/tray/tray_icon.h"
#include "ui/window/main_window.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QDir>
#include <QFileInfo>
#include <QLibraryInfo>
#include <QMessageBox>
#include <QStandardPaths>
#include <QTranslator>

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
                      QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)});
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

} // namespace

int main(int argc, char **argv)
{
    QApplication app(argc, argv);
    QApplication::setApplicationName(u"Posthorn"_s);
    QApplication::setApplicationVersion(QStringLiteral(POSTHORN_VERSION));
    QApplication::setWindowIcon(ui::TrayIcon::iconFor(ui::TrayIcon::State::Running));
    const Arguments arguments = parseArguments(app);

    std::unique_ptr<HostedEngine> hosted;
    std::unique_ptr<control::Link> link;
    if (arguments.attach) {
        link = std::make_unique<control::LocalLink>(arguments.engine.dataDirectory);
    } else {
        hosted = std::make_unique<HostedEngine>(arguments.engine);
        link = std::make_unique<control::MemoryLink>(hosted->connector());
    }
    control::Client client(std::move(link));
    ui::MainWindow window(client, arguments.attach ? arguments.engine.dataDirectory : QString());
    ui::TrayIcon tray;
    const bool hasTray = QSystemTrayIcon::isSystemTrayAvailable();
    window.setHidesOnClose(hasTray);
    QApplication::setQuitOnLastWindowClosed(!hasTray);
    tray.setCanStartStop(hosted != nullptr);
    tray.setVisible(hasTray);
    ui::follow(tray, client, window);
    if (hosted) {
        QObject::connect(&tray, &ui::TrayIcon::startWanted, hosted.get(), &HostedEngine::start);
        QObject::connect(&tray, &ui::TrayIcon::stopWanted, hosted.get(), &HostedEngine::stop);
        QObject::connect(hosted.get(), &HostedEngine::failed, &window, [&](const QString &why) {
            tray.setState(ui::TrayIcon::State::Trouble, why);
            QMessageBox::warning(window.isVisible() ? &window : nullptr, u"Posthorn"_s, why);
        });
        hosted->start();
    }
    client.open();
    if (!arguments.hidden || !hasTray)
        window.show();
    return QApplication::exec();
}
