// The tray icon: the server's state at a glance; open, start or stop, quit.
#pragma once

#include <QSystemTrayIcon>

class QAction;
class QMenu;

namespace posthorn::ui {

class ServerState;

class TrayIcon : public QSystemTrayIcon
{
    Q_OBJECT
public:
    enum class State { Running, Stopped, Trouble };

    // Shows how `server` is and starts and stops it; it must outlive the icon.
    explicit TrayIcon(ServerState &server, QObject *parent = nullptr);
    ~TrayIcon() override;
    [[nodiscard]] State state() const { return m_state; }
    // Once, when the window is closed for the first time: where it went.
    void tellWhereItIs();

    // The icon in a state, drawn by hand so that it is sharp at any size and needs no file.
    [[nodiscard]] static QIcon iconFor(State state);

Q_SIGNALS:
    void openWanted();
    void quitWanted();

private:
    void showState();

    ServerState &m_server;
    QMenu *m_menu;
    QAction *m_line;
    QAction *m_startStop;
    State m_state = State::Stopped;
    QString m_words;
    bool m_hasTold = false;
};

} // namespace posthorn::ui
