#include "ui/tray/tray_icon.h"

#include "ui/window/server_state.h"

#include <QAction>
#include <QMenu>
#include <QPainter>
#include <QPainterPath>

namespace posthorn::ui {

namespace {

constexpr qsizetype longestLine = 70; // of the menu

QPixmap draw(int size, TrayIcon::State state)
{
    QPixmap pixmap(size, size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.scale(size / 64.0, size / 64.0);
    const QColor brass = state == TrayIcon::State::Stopped ? QColor(0x8a, 0x8a, 0x8a) : QColor(0xd9, 0x9a, 0x1c);
    // A post horn: one loop of tube, a mouthpiece on the left, the bell on the right.
    QPen tube(brass, 6, Qt::SolidLine, Qt::RoundCap);
    painter.setPen(tube);
    painter.drawEllipse(QPointF(30, 30), 15, 15);
    painter.drawLine(QPointF(6, 45), QPointF(44, 45));
    painter.setPen(Qt::NoPen);
    painter.setBrush(brass);
    QPainterPath bell(QPointF(42, 42));
    bell.cubicTo(50, 42, 56, 38, 60, 32);
    bell.lineTo(60, 58);
    bell.cubicTo(56, 52, 50, 48, 42, 48);
    bell.closeSubpath();
    painter.drawPath(bell);
    if (state == TrayIcon::State::Trouble) {
        painter.setBrush(QColor(0xd0, 0x2a, 0x2a));
        painter.drawEllipse(QPointF(50, 14), 12, 12);
        painter.setPen(QPen(Qt::white, 4, Qt::SolidLine, Qt::RoundCap));
        painter.drawLine(QPointF(50, 8), QPointF(50, 15));
        painter.drawPoint(QPointF(50, 21));
    }
    return pixmap;
}

} // namespace

QIcon TrayIcon::iconFor(State state)
{
    QIcon icon;
    for (const int size : {16, 22, 24, 32, 48, 64, 128, 256})
        icon.addPixmap(draw(size, state));
    return icon;
}

TrayIcon::TrayIcon(ServerState &server, QObject *parent) : QSystemTrayIcon(parent), m_server(server), m_menu(new QMenu)
{
    m_line = m_menu->addAction(QString());
    m_line->setEnabled(false);
    m_menu->addSeparator();
    QAction *open = m_menu->addAction(tr("&Open Posthorn"));
    connect(open, &QAction::triggered, this, &TrayIcon::openWanted);
    m_startStop = m_menu->addAction(QString());
    m_startStop->setVisible(server.isHosted());
    connect(m_startStop, &QAction::triggered, this, [this] {
        if (m_server.canStart())
            m_server.start();
        else
            m_server.stop();
    });
    m_menu->addSeparator();
    QAction *quit = m_menu->addAction(server.isHosted() ? tr("&Quit (stops the mail server)") : tr("&Quit"));
    connect(quit, &QAction::triggered, this, &TrayIcon::quitWanted);
    m_menu->setDefaultAction(open);
    setContextMenu(m_menu);
    connect(this, &QSystemTrayIcon::activated, this, [this](ActivationReason reason) {
        if (reason == Trigger || reason == DoubleClick)
            Q_EMIT openWanted();
    });
    connect(this, &QSystemTrayIcon::messageClicked, this, &TrayIcon::openWanted);
    connect(&server, &ServerState::changed, this, &TrayIcon::showState);
    showState();
}

TrayIcon::~TrayIcon() { delete m_menu; }

void TrayIcon::showState()
{
    using enum ServerState::State;
    const ServerState::State server = m_server.state();
    const bool trouble = server == Failed || server == Quiet || !m_server.trouble().isEmpty();
    const State state = trouble ? State::Trouble : server == Running ? State::Running : State::Stopped;
    const QString words = m_server.words();
    const bool isNew = words != m_words && trouble && server != Quiet; // a busy moment is not worth a bubble
    m_state = state;
    m_words = words;
    setIcon(iconFor(state));
    setToolTip(tr("Posthorn: %1").arg(words));
    m_line->setText(words.size() > longestLine ? words.left(longestLine) + u'…' : words);
    m_line->setToolTip(words);
    m_startStop->setText(m_server.canStart() ? tr("&Start the mail server") : tr("&Stop the mail server"));
    m_startStop->setEnabled(m_server.canStart() || m_server.canStop());
    if (isNew && isVisible())
        showMessage(tr("Posthorn"), words, QSystemTrayIcon::Warning);
}

void TrayIcon::tellWhereItIs()
{
    if (std::exchange(m_hasTold, true))
        return;
    const bool goesOn = m_server.isHosted() && m_server.canStop();
    showMessage(tr("Posthorn is still here"), goesOn ? tr("The mail server goes on. Click the horn to open the window again.")
                                                     : tr("Click the horn to open the window again."));
}

} // namespace posthorn::ui
