#include "ui/window/main_window.h"

#include "ui/pages/accounts_page.h"
#include "ui/pages/log_page.h"
#include "ui/pages/messages_page.h"
#include "ui/pages/overview_page.h"
#include "ui/pages/queue_page.h"
#include "ui/pages/settings_page.h"
#include "ui/widgets/places.h"
#include "ui/window/server_state.h"

#include <QApplication>
#include <QCloseEvent>
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QMessageBox>
#include <QPushButton>
#include <QShortcut>
#include <QStackedWidget>
#include <QStatusBar>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

MainWindow::MainWindow(control::Client &client, ServerState &server, const QString &where)
    : m_client(client), m_server(server), m_list(new QListWidget), m_stack(new QStackedWidget), m_banner(new QFrame),
      m_bannerText(new QLabel), m_bannerButton(new QPushButton(tr("S&tart"))), m_state(new QLabel), m_startStop(new QPushButton)
{
    setWindowTitle(where.isEmpty() ? tr("Posthorn") : tr("Posthorn – %1").arg(where));
    resize(1120, 780);
    keepPlace(this, u"main"_s);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setAccessibleName(tr("Pages"));
    QFont font = m_list->font();
    font.setPointSizeF(font.pointSizeF() * 1.1);
    m_list->setFont(font);
    m_list->setSpacing(3);

    auto *right = new QVBoxLayout;
    right->setContentsMargins(0, 0, 0, 0);
    right->setSpacing(0);
    addBanner();
    right->addWidget(m_banner);
    right->addWidget(m_stack, 1);
    auto *central = new QWidget;
    auto *layout = new QHBoxLayout(central);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto *rail = new QWidget;
    rail->setBackgroundRole(QPalette::Base);
    rail->setAutoFillBackground(true);
    auto *railLayout = new QVBoxLayout(rail);
    railLayout->setContentsMargins(6, 8, 6, 0);
    railLayout->addWidget(m_list);
    layout->addWidget(rail);
    auto *line = new QFrame;
    line->setFrameShape(QFrame::VLine);
    line->setFrameShadow(QFrame::Sunken);
    layout->addWidget(line);
    layout->addLayout(right, 1);
    setCentralWidget(central);
    auto *overview = new OverviewPage(client);
    auto *accounts = new AccountsPage(client);
    addPage(u"overview"_s, overview);
    addPage(u"accounts"_s, accounts);
    addPage(u"queue"_s, new QueuePage(client));
    addPage(u"messages"_s, new MessagesPage(client));
    addPage(u"log"_s, new LogPage(client));
    addPage(u"settings"_s, new SettingsPage(client));
    m_list->setFixedWidth(qMax(150, m_list->sizeHintForColumn(0) + 24));
    statusBar()->addPermanentWidget(m_state);
    statusBar()->addPermanentWidget(m_startStop);
    m_startStop->setAutoDefault(false);
    connect(m_startStop, &QPushButton::clicked, this, &MainWindow::startOrStop);
    connect(overview, &OverviewPage::pageWanted, this, &MainWindow::showPage);
    connect(overview, &OverviewPage::domainWanted, this, [this, accounts] {
        showPage(u"accounts"_s);
        accounts->addDomain();
    });
    connect(overview, &OverviewPage::accountWanted, this, [this, accounts] {
        showPage(u"accounts"_s);
        accounts->addAccount();
    });
    connect(m_list, &QListWidget::currentRowChanged, this, &MainWindow::turnTo);
    connect(&client, &control::Client::connected, this, [this] {
        if (isVisible())
            current()->refresh();
    });
    connect(&server, &ServerState::changed, this, &MainWindow::showState);
    connect(&server, &ServerState::refused, this, [this](const QString &why) { QMessageBox::warning(this, windowTitle(), why); });
    addShortcuts();
    m_list->setCurrentRow(0);
    showState();
}

void MainWindow::addBanner()
{
    auto *banner = new QHBoxLayout(m_banner);
    banner->addWidget(m_bannerText, 1);
    banner->addWidget(m_bannerButton);
    m_bannerText->setWordWrap(true);
    m_banner->setAutoFillBackground(true);
    m_banner->setBackgroundRole(QPalette::Highlight);
    m_bannerText->setForegroundRole(QPalette::HighlightedText);
    m_bannerText->setTextFormat(Qt::PlainText);
    m_bannerButton->setAutoDefault(false);
    connect(m_bannerButton, &QPushButton::clicked, this, &MainWindow::startOrStop);
}

void MainWindow::addPage(const QString &name, Page *page)
{
    const int number = m_stack->addWidget(page) + 1;
    auto *item = new QListWidgetItem(page->title());
    item->setData(Qt::UserRole, name);
    item->setSizeHint({m_list->fontMetrics().horizontalAdvance(page->title()) + 16, m_list->fontMetrics().height() + 16});
    item->setToolTip(tr("Alt+%1").arg(number));
    m_list->addItem(item);
    auto *shortcut = new QShortcut(QKeySequence(Qt::ALT | Qt::Key(Qt::Key_0 + number)), this);
    connect(shortcut, &QShortcut::activated, this, [this, number] { m_list->setCurrentRow(number - 1); });
    connect(page, &Page::told, this, [this](const QString &words) { statusBar()->showMessage(words, 8000); });
}

void MainWindow::addShortcuts()
{
    connect(new QShortcut(QKeySequence::Refresh, this), &QShortcut::activated, this, [this] { current()->refresh(); });
    connect(new QShortcut(QKeySequence::Find, this), &QShortcut::activated, this, [this] { current()->find(); });
    connect(new QShortcut(QKeySequence::Quit, this), &QShortcut::activated, this, [this] {
        if (mayQuit())
            Q_EMIT quitWanted();
    });
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

// What is shown stays on the screen while the engine is gone, to be read, searched and copied; so does what was typed.
void MainWindow::showState()
{
    const ServerState::State state = m_server.state();
    const bool running = state == ServerState::State::Running;
    m_banner->setVisible(!running);
    m_bannerText->setText(state == ServerState::State::Gone || state == ServerState::State::Quiet
                              ? tr("%1 What you see is from before.").arg(m_server.words())
                              : m_server.words());
    m_bannerButton->setVisible(m_server.canStart());
    m_state->setText(state == ServerState::State::Quiet ? tr("Busy")
                     : !running                     ? tr("Not running")
                     : m_server.trouble().isEmpty() ? tr("Running")
                                                    : tr("Running, with trouble"));
    m_state->setToolTip(m_server.words());
    m_startStop->setText(m_server.canStart() ? tr("Sta&rt the server") : tr("Stop the server…"));
    m_startStop->setVisible(m_server.canStart() || m_server.canStop());
}

void MainWindow::startOrStop()
{
    if (m_server.canStart()) {
        m_server.start();
        return;
    }
    QMessageBox box(QMessageBox::Question, tr("Posthorn"), tr("Stop the mail server?"), QMessageBox::NoButton, this);
    const QString waits = tr("While it is stopped no mail comes in or goes out, and mail programs can't reach it. Other servers "
                             "keep their mail and try again for some days.");
    box.setInformativeText(m_server.isHosted() ? waits
                                               : waits + u"\n\n"_s + tr("It was not started from this window and can't be started again "
                                                                        "from here."));
    box.addButton(tr("&Stop it"), QMessageBox::AcceptRole);
    box.setDefaultButton(box.addButton(QMessageBox::Cancel));
    box.exec();
    if (box.buttonRole(box.clickedButton()) == QMessageBox::AcceptRole)
        m_server.stop();
}

bool MainWindow::mayQuit()
{
    const bool stops = m_server.isHosted() && m_server.state() == ServerState::State::Running;
    QStringList losses;
    for (int i = 0; i < m_stack->count(); ++i) {
        if (static_cast<Page *>(m_stack->widget(i))->hasUnsaved())
            losses += tr("On the page %1 there is something that you have not saved.").arg(m_list->item(i)->text());
    }
    if (!stops && losses.isEmpty())
        return true;
    if (stops)
        losses.prepend(tr("The mail server stops as well: no mail comes in or goes out until Posthorn runs again."));
    QMessageBox box(QMessageBox::Question, tr("Posthorn"), tr("Quit Posthorn?"), QMessageBox::NoButton, this);
    box.setInformativeText(losses.join(u"\n\n"_s));
    box.addButton(tr("&Quit"), QMessageBox::AcceptRole);
    box.setDefaultButton(box.addButton(QMessageBox::Cancel));
    box.exec();
    return box.buttonRole(box.clickedButton()) == QMessageBox::AcceptRole;
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    if (qApp->isSavingSession())
        return QMainWindow::closeEvent(event);
    event->ignore();
    if (m_hidesOnClose) {
        hide();
        Q_EMIT hidden();
    } else if (mayQuit()) {
        event->accept();
        Q_EMIT quitWanted();
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
