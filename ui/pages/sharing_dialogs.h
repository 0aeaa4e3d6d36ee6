// An account's mailboxes and who else may do what with them; groups of accounts; shared mailboxes that nobody signs in to.
#pragma once

#include "control/client/client.h"
#include "ui/pages/account_dialogs.h"

#include <functional>

class QCheckBox;
class QComboBox;
class QGroupBox;

namespace posthorn::ui {

class Table;

// "lrs" as "read"; rights that none of the three words names by their letters.
[[nodiscard]] QString rightsText(const QString &rights);
// "group:sales" as "the group sales", "anyone" as "everybody here".
[[nodiscard]] QString whoText(const QString &who);

class MailboxesDialog : public QDialog
{
    Q_OBJECT
public:
    // `accounts`: addresses to choose from.
    MailboxesDialog(control::Client &client, const QString &account, const QStringList &accounts, QWidget *parent);

private:
    QWidget *accessBox();
    QWidget *buttonRow();
    void load();
    void loadGroups();
    void showMailboxes(const QJsonObject &answer);
    void showAccess();
    void showRights();
    void let();
    void takeBack();
    void addMailbox();
    void call(const QString &method, const QJsonObject &parameters, const std::function<void(const QJsonObject &)> &done);
    [[nodiscard]] QJsonObject chosenMailbox() const;

    control::Client &m_client;
    const QString m_account;
    const QStringList m_accounts;
    Table *m_mailboxes, *m_access = nullptr;
    QGroupBox *m_box = nullptr;
    QComboBox *m_who = nullptr, *m_may = nullptr;
    QCheckBox *m_all = nullptr;
    QPushButton *m_let = nullptr, *m_takeBack = nullptr;
    QLabel *m_others, *m_fault;
};

class GroupsDialog : public QDialog
{
    Q_OBJECT
public:
    GroupsDialog(control::Client &client, QWidget *parent);

private:
    void load();
    void edit(const QJsonObject &group);
    void remove();

    control::Client &m_client;
    Table *m_groups;
    QLabel *m_fault;
};

class GroupDialog : public FormDialog
{
    Q_OBJECT
public:
    GroupDialog(const QJsonObject &group, QWidget *parent);

protected:
    QString fault() const override;
    QJsonObject parameters() const override;

private:
    [[nodiscard]] QStringList members() const;
    QLineEdit *m_name;
    QPlainTextEdit *m_members;
};

// A new shared mailbox.
class SharedDialog : public FormDialog
{
    Q_OBJECT
public:
    SharedDialog(const QStringList &domains, QWidget *parent);

protected:
    QString fault() const override;
    QJsonObject parameters() const override;

private:
    QLineEdit *m_name, *m_purpose;
    QComboBox *m_domain;
};

} // namespace posthorn::ui
