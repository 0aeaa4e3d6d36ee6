// Domains, accounts and aliases: add, edit, password, quota, remove with confirmation.
#pragma once

#include "ui/pages/page.h"

class QPushButton;
class QTabWidget;

namespace posthorn::ui {

class FormDialog;
class Table;

class AccountsPage : public Page
{
    Q_OBJECT
public:
    explicit AccountsPage(control::Client &client, QWidget *parent = nullptr);
    void refresh() override;
    void leave() override;

private:
    QWidget *accountsTab();
    QWidget *aliasesTab();
    QWidget *domainsTab();
    void load();
    void addAccount();
    void editAccount(const QJsonObject &account);
    void changePassword(const QJsonObject &account);
    void removeAccount(const QJsonObject &account);
    void editAlias(const QJsonObject &alias);
    void removeAlias(const QJsonObject &alias);
    void editDomain(const QJsonObject &domain);
    void showSignatures(const QJsonObject &domain);
    void removeDomain(const QJsonObject &domain);
    void submit(FormDialog *dialog, const QString &method);
    [[nodiscard]] bool confirm(const QString &question, const QString &details, const QString &button);
    [[nodiscard]] QStringList domainNames() const;

    QTabWidget *m_tabs;
    Table *m_accounts = nullptr;
    Table *m_aliases = nullptr;
    Table *m_domains = nullptr;
    int m_subscription = 0;
};

} // namespace posthorn::ui
