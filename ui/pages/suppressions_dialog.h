// Addresses elsewhere that failed for good: shows why, and lets mail go there again.
#pragma once

#include "control/client/client.h"

#include <QDialog>
#include <QJsonObject>

class QLabel;
class QPushButton;

namespace posthorn::ui {

class Table;

class SuppressionsDialog : public QDialog
{
    Q_OBJECT
public:
    SuppressionsDialog(control::Client &client, QWidget *parent);

private:
    QWidget *buttonRow();
    void load();
    void add();
    void removeChosen();
    void ask(const QString &method, const QString &address);

    control::Client &m_client;
    Table *m_addresses;
    QLabel *m_fault;
    QString m_typed; // an address that was refused
    QPushButton *m_remove = nullptr;
};

} // namespace posthorn::ui
