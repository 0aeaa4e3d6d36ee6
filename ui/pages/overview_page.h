// All at a glance: is everything in order, services with ports and state, live connections, messages today, store size,
// certificate; and the first steps of who has just begun.
#pragma once

#include "ui/pages/page.h"

#include <QHash>
#include <QStringList>

class QGridLayout;
class QLabel;
class QPushButton;
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
    void pageWanted(const QString &name); // where something can be changed
    // The first steps.
    void domainWanted();
    void accountWanted();

private:
    QWidget *firstSteps();
    QWidget *figures();
    QWidget *lists();
    QLabel *addFigure(QGridLayout *grid, int column, const QString &words);
    void load();
    void loadSlowly();
    void count(const QJsonObject &filter, int &number);
    void show(const QJsonObject &status);
    void showSteps();
    void showFacts();
    void closeSessions();

    QLabel *m_today, *m_connections, *m_queue, *m_store;
    QLabel *m_server;
    QWidget *m_welcome;
    QLabel *m_stepWords;
    QPushButton *m_step;
    QWidget *m_facts;
    QGridLayout *m_factLines;
    Table *m_services;
    Table *m_sessions;
    QPushButton *m_disconnect;
    QTimer *m_timer;
    int m_beats = 0;
    QJsonObject m_status;
    QHash<QString, QString> m_settings;
    QStringList m_unsigned;
    int m_held = 0, m_late = 0;
    int m_domains = -1, m_accounts = -1; // not known yet
    QString m_shownFacts;
};

} // namespace posthorn::ui
