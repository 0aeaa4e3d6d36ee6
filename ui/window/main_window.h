// The control panel: pages on the left, the chosen one on the right, a line that says when the engine is gone.
#pragma once

#include "control/client/client.h"

#include <QMainWindow>

class QLabel;
class QListWidget;
class QStackedWidget;

namespace posthorn::ui {

class Page;

class MainWindow : public QMainWindow
{
    Q_OBJECT
public:
    // `client` must outlive the window. `where`: what it looks at, for the title: "this computer" or a data folder.
    MainWindow(control::Client &client, const QString &where);

    void showPage(const QString &name); // "overview", "accounts", "queue", "messages", "log", "settings"
    // Close hides the window while there is a tray icon to bring it back.
    void setHidesOnClose(bool hides) { m_hidesOnClose = hides; }

protected:
    void closeEvent(QCloseEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void addPage(const QString &name, Page *page);
    void turnTo(int row);
    void connectionChanged();
    [[nodiscard]] Page *current() const;

    control::Client &m_client;
    QListWidget *m_list;
    QStackedWidget *m_stack;
    QWidget *m_banner;
    QLabel *m_bannerText;
    bool m_hidesOnClose = false;
};

} // namespace posthorn::ui
