// Where is my mail, why was it refused: a search in the trace, and one message's journey step by step.
#pragma once

#include "ui/pages/page.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QTimer;

namespace posthorn::ui {

class Table;

class MessagesPage : public Page
{
    Q_OBJECT
public:
    explicit MessagesPage(control::Client &client, QWidget *parent = nullptr);
    void refresh() override;
    void find() override;

private:
    void search();
    void searchBefore(const QString &id);
    void take(const QJsonArray &steps);
    void showJourney();
    void fillJourney(const QList<QJsonObject> &steps);

    QLineEdit *m_search;
    QComboBox *m_since;
    QComboBox *m_kind;
    QLabel *m_note;
    Table *m_table;
    QLabel *m_journey;
    QTimer *m_typing;
    QList<QJsonObject> m_found;
    int m_looked = 0; // steps
    quint64 m_question = 0; // answers to older questions are dropped
};

} // namespace posthorn::ui
