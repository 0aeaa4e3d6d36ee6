#include "ui/window/main_window.h"

#include "ui/pages/accounts_page.h"
#include "ui/pages/log_page.h"
#include "ui/pages/messages_page.h"
#include "ui/pages/overview_page.h"
#include "ui/pages/queue_page.h"
#include "ui/pages/settings_page.h"

#include <QCloseEvent>
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QShortcut>
#include <QStackedWidget>
#include <QStatusBar>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

MainWindow::MainWindow(control::Client &client, const QString &where)
    : m_client(client), m_list(new QListWidget), m_stack(new QStackedWidget), m_banner(new QFrame),
      m_bannerText(new QLabel)
{
    setWindowTitle(where.isEmpty() ? tr("Posthorn") : tr("Posthorn – %1").arg(where));
    resize(1040, 720);
    m_list->setFixedWidth(170);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setAccessibleName(tr("Pages"));
    QFont font = m_list->font();
    font.setPointSizeF(font.pointSizeF() * 1.1);
    m_list->setFont(font);
    m_list->setSpacing(3);

    auto *banner = new QHBoxLayout(m_banner);
    banner->addWidget(m_bannerText, 1);
    m_bannerText->setWordWrap(true);
    m_banner->setAutoFillBackground(true);
    m_banner->setBackgroundRole(QPalette::Highlight);
    m_bannerText->setForegroundRole(QPalette::HighlightedText);

    auto *right = new QVBoxLayout;
    right->setContentsMargins(0, 0, 0, 0);
    right->setSpacing(0);
    right->addWidget(m_banner);
    right->addWidget(m_stack, 1);
    auto *central = new QWidget;
    auto *layout = new QHBoxLayout(central);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_list);
    auto *line = new QFrame;
    line->setFrameShape(QFrame::VLine);
    line->setFrameShadow(QFrame::Sunken);
    layout->addWidget(line);
    layout->addLayout(right, 1);
    setCentralWidget(central);
    statusBar();

    auto *overview = new OverviewPage(client);
    addPage(u"overview"_s, overview);
    addPage(u"accounts"_s, new AccountsPage(client));
    addPage(u"queue"_s, new QueuePage(client));
    addPage(u"messages"_s, new MessagesPage(client));
    addPage(u"log"_s, new LogPage(client));
    addPage(u"settings"_s, new SettingsPage(client));
    connect(overview, &OverviewPage::setUpWanted, this, [this] { showPage(u"accounts"_s); });
    connect(m_list, &QListWidget::currentRowChanged, this, &MainWindow::turnTo);
    connect(&client, &control::Client::connected, this, &MainWindow::connectionChanged);
    connect(&client, &control::Client::disconnected, this, &MainWindow::connectionChanged);
    m_list->setCurrentRow(0);
    connectionChanged();
}

void MainWindow::addPage(const QString &name, Page *page)
{
    const int number = m_stack->addWidget(page) + 1;
    auto *item = new QListWidgetItem(page->title());
    item->setData(Qt::UserRole, name);
    item->setSizeHint({0, m_list->fontMetrics().height() + 16});
    item->setToolTip(tr("Alt+%1").arg(number));
    m_list->addItem(item);
    auto *shortcut = new QShortcut(QKeySequence(Qt::ALT | Qt::Key(Qt::Key_0 + number)), this);
    connect(shortcut, &QShortcut::activated, this, [this, number] { m_list->setCurrentRow(number - 1); });
    connect(page, &Page::told, this, [this](const QString &words) { statusBar()->showMessage(words, 8000); });
}

Page *MainWindow::current() const { return static_cast<Page *>(m_stack->currentWidget()); }

void MainWindow::turnTo(int row)
{
    if (row < 0)
        return;
    if (isVisible())
        current()->leave();
    m_stack->setCurrentIndex(row);
    if (isVisible() && m_client.isConnected())
        current()->refresh();
}

void MainWindow::showPage(const QString &name)
{
    for (int row = 0; row < m_list->count(); ++row) {
        if (m_list->item(row)->data(Qt::UserRole) == name)
            m_list->setCurrentRow(row);
    }
}

// What is shown stays on the screen while the engine is gone; nothing can be changed then.
void MainWindow::connectionChanged()
{
    const bool connected = m_client.isConnected();
    m_banner->setVisible(!connected);
    m_bannerText->setText(tr("The mail server is not running or can't be reached. What you see is from before. "
                             "Trying again…"));
    m_stack->setEnabled(connected);
    if (connected && isVisible())
        current()->refresh();
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    if (m_hidesOnClose) {
        event->ignore();
        hide();
    } else {
        QMainWindow::closeEvent(event);
    }
}

void MainWindow::showEvent(QShowEvent *event)
{
    QMainWindow::showEvent(event);
    if (!event->spontaneous() && m_client.isConnected())
        current()->refresh();
}

// A window nobody sees asks nothing.
void MainWindow::hideEvent(QHideEvent *event)
{
    QMainWindow::hideEvent(event);
    if (!event->spontaneous())
        current()->leave();
}

} // namespace posthorn::ui
