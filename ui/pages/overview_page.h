// All at a glance: services with ports and state, live connections, messages today, store size, certificate.
#pragma once

#include "ui/pages/page.h"

class QFormLayout;
class QGridLayout;
class QLabel;
class QTimer;

namespace posthorn::ui {

class Table;

class OverviewPage : public Page
{
    Q_OBJECT
public:
    explicit OverviewPage(control::Client &client, QWidget *parent = nullptr);
    void refresh() override;
    void leave() override;

Q_SIGNALS:
    // Nothing is set up yet: the window leads to the accounts.
    void setUpWanted();

private:
    QLabel *addFigure(QGridLayout *grid, int column, const QString &words);
    void load();
    void show(const QJsonObject &status);
    void showServices(const QJsonArray &services);
    void showCertificate(const QJsonArray &certificates);

    QLabel *m_today, *m_connections, *m_queue, *m_store;
    QLabel *m_health;
    QLabel *m_certificate;
    QLabel *m_server;
    QWidget *m_welcome;
    Table *m_services;
    Table *m_sessions;
    QTimer *m_timer;
};

} // namespace posthorn::ui
