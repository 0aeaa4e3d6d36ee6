// How mail to other servers is encrypted: rules of one's own for certain domains, and what domains themselves ask for (MTA-STS).
#pragma once

#include "control/client/client.h"

#include <QDialog>
#include <QJsonObject>

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace posthorn::ui {

class Table;

class TlsDialog : public QDialog
{
    Q_OBJECT
public:
    TlsDialog(control::Client &client, QWidget *parent);

private:
    QWidget *rulesBox();
    QWidget *learntBox();
    void load();
    void showRules(const QString &value);
    void addRule();
    void removeRules();
    void save(const QStringList &rules);

    control::Client &m_client;
    Table *m_rules = nullptr;
    Table *m_learnt = nullptr;
    QLineEdit *m_domain = nullptr;
    QComboBox *m_policy = nullptr;
    QPushButton *m_add = nullptr, *m_remove = nullptr;
    QLabel *m_usual = nullptr, *m_fault = nullptr;
};

} // namespace posthorn::ui
