// Mail on its way to other servers: what waits, why, and what can be done about it.
#pragma once

#include "ui/pages/page.h"

class QPushButton;
class QTimer;

namespace posthorn::ui {

class Table;

class QueuePage : public Page
{
    Q_OBJECT
public:
    explicit QueuePage(control::Client &client, QWidget *parent = nullptr);
    void refresh() override;
    void leave() override;

private:
    void load();
    void act(const QString &method);
    void removeSelected();
    void showDetails(const QJsonObject &entry);
    void enableButtons();

    Table *m_table;
    QList<QPushButton *> m_buttons;
    QTimer *m_timer;
    int m_subscription = 0;
};

} // namespace posthorn::ui
