// The log as it happens: filter by level and text, pause, copy.
#pragma once

#include "ui/pages/page.h"

class QComboBox;
class QLineEdit;
class QPushButton;

namespace posthorn::ui {

class Table;

class LogPage : public Page
{
    Q_OBJECT
public:
    explicit LogPage(control::Client &client, QWidget *parent = nullptr);
    void refresh() override;
    void leave() override;
    void find() override;

private:
    static constexpr qsizetype kept = 20'000;
    void took(const QList<QJsonObject> &events);
    void show();
    void copy();

    Table *m_table;
    QComboBox *m_level;
    QLineEdit *m_search;
    QPushButton *m_pause;
    QList<QJsonObject> m_events;
    int m_subscription = 0;
};

} // namespace posthorn::ui
