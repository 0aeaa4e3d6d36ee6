// The tray icon: the server's state at a glance; open, start or stop, quit.
#pragma once

#include "control/client/client.h"

#include <QSystemTrayIcon>

class QAction;
class QMenu;

namespace posthorn::ui {

class TrayIcon : public QSystemTrayIcon
{
    Q_OBJECT
public:
    enum class State { Running, Stopped, Trouble };

    explicit TrayIcon(QObject *parent = nullptr);
    ~TrayIcon() override;
    void setState(State state, const QString &words);
    // False: the server is somebody else's, which this program only looks at.
    void setCanStartStop(bool can);

    // The icon in a state, drawn by hand so that it is sharp at any size and needs no file.
    [[nodiscard]] static QIcon iconFor(State state);

Q_SIGNALS:
    void openWanted();
    void startWanted();
    void stopWanted();
    void quitWanted();

private:
    QMenu *m_menu;
    QAction *m_line;
    QAction *m_startStop;
    State m_state = State::Stopped;
};

// The icon follows the client's connection, brings the window up and quits the program.
void follow(TrayIcon &tray, control::Client &client, QWidget &window);

} // namespace posthorn::ui
