// The control panel: pages on the left, the chosen one on the right, a line that says when the engine is gone or busy.
#pragma once

#include "control/client/client.h"

#include <QMainWindow>

class QFrame;
class QLabel;
class QListWidget;
class QPushButton;
class QStackedWidget;

namespace posthorn::ui {

class Page;
class ServerState;

class MainWindow : public QMainWindow
{
    Q_OBJECT
public:
    // `client` and `server` must outlive the window. `where`: what it looks at, for the title, when that is not this program's
    // own server.
    MainWindow(control::Client &client, ServerState &server, const QString &where);

    void showPage(const QString &name); // "overview", "accounts", "queue", "messages", "log", "settings"
    // Close hides the window while there is a tray icon to bring it back.
    void setHidesOnClose(bool hides) { m_hidesOnClose = hides; }

Q_SIGNALS:
    void hidden(); // by its user, who may wonder where it went
    void quitWanted();

protected:
    void closeEvent(QCloseEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void addBanner();
    void addPage(const QString &name, Page *page);
    void addShortcuts();
    void turnTo(int row);
    void showState();
    void startOrStop();
    [[nodiscard]] bool mayQuit();
    [[nodiscard]] Page *current() const;

    control::Client &m_client;
    ServerState &m_server;
    QListWidget *m_list;
    QStackedWidget *m_stack;
    QFrame *m_banner;
    QLabel *m_bannerText;
    QPushButton *m_bannerButton;
    QLabel *m_state;
    QPushButton *m_startStop;
    bool m_hidesOnClose = false;
};

} // namespace posthorn::ui
