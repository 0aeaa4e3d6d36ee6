#include "ui/tray/tray_icon.h"

#include <QAction>
#include <QApplication>
#include <QMenu>
#include <QPainter>
#include <QPainterPath>

namespace posthorn::ui {

namespace {

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

TrayIcon::TrayIcon(QObject *parent) : QSystemTrayIcon(parent), m_menu(new QMenu)
{
    m_line = m_menu->addAction(QString());
    m_line->setEnabled(false);
    m_menu->addSeparator();
    QAction *open = m_menu->addAction(tr("&Open Posthorn"));
    connect(open, &QAction::triggered, this, &TrayIcon::openWanted);
    m_startStop = m_menu->addAction(QString());
    connect(m_startStop, &QAction::triggered, this, [this] {
        if (m_state == State::Stopped)
            Q_EMIT startWanted();
        else
            Q_EMIT stopWanted();
    });
    m_menu->addSeparator();
    connect(m_menu->addAction(tr("&Quit")), &QAction::triggered, this, &TrayIcon::quitWanted);
    m_menu->setDefaultAction(open);
    setContextMenu(m_menu);
    connect(this, &QSystemTrayIcon::activated, this, [this](ActivationReason reason) {
        if (reason == Trigger || reason == DoubleClick)
            Q_EMIT openWanted();
    });
    setState(State::Stopped, tr("The mail server is stopped"));
}

TrayIcon::~TrayIcon() { delete m_menu; }

void TrayIcon::setState(State state, const QString &words)
{
    m_state = state;
    setIcon(iconFor(state));
    setToolTip(tr("Posthorn: %1").arg(words));
    m_line->setText(words);
    m_startStop->setText(state == State::Stopped ? tr("&Start the mail server") : tr("&Stop the mail server"));
}

void TrayIcon::setCanStartStop(bool can) { m_startStop->setVisible(can); }

void follow(TrayIcon &tray, control::Client &client, QWidget &window)
{
    QObject::connect(&client, &control::Client::connected, &tray, [&tray] {
        tray.setState(TrayIcon::State::Running, TrayIcon::tr("The mail server is running"));
    });
    QObject::connect(&client, &control::Client::disconnected, &tray, [&tray] {
        tray.setState(TrayIcon::State::Stopped, TrayIcon::tr("The mail server is stopped"));
    });
    QObject::connect(&tray, &TrayIcon::openWanted, &window, [&window] {
        window.show();
        window.raise();
        window.activateWindow();
    });
    QObject::connect(&tray, &TrayIcon::quitWanted, &tray, [] { QApplication::exit(); });
}

} // namespace posthorn::ui
