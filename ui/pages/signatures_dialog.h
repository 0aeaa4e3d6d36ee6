// The keys that sign a domain's outgoing mail (DKIM): makes them, shows what to put into the DNS, switches them on and off.
#pragma once

#include "control/client/client.h"

#include <QDialog>
#include <QJsonObject>

class QGroupBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;

namespace posthorn::ui {

class Table;

class SignaturesDialog : public QDialog
{
    Q_OBJECT
public:
    SignaturesDialog(control::Client &client, const QString &domain, QWidget *parent);

private:
    QWidget *recordBox();
    QWidget *buttonRow();
    void load();
    void showKeys(const QList<QJsonObject> &keys);
    void showRecord();
    void ask(const QString &method, const QString &selector);
    void remove();
    [[nodiscard]] QJsonObject chosen() const;

    control::Client &m_client;
    const QString m_domain;
    Table *m_keys;
    QGroupBox *m_record = nullptr;
    QLineEdit *m_name = nullptr;
    QPlainTextEdit *m_value = nullptr;
    QLabel *m_advice = nullptr, *m_fault;
    QPushButton *m_make = nullptr, *m_start = nullptr, *m_stop = nullptr, *m_remove = nullptr;
};

} // namespace posthorn::ui
