// Domains, accounts and aliases: add, edit, password, quota, remove with confirmation.
#pragma once

#include "ui/pages/page.h"

class QLineEdit;
class QTabWidget;
class QTimer;

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
    void find() override;
    // What the first steps lead to.
    void addDomain();
    void addAccount();

private:
    QWidget *accountsTab();
    QWidget *aliasesTab();
    QWidget *domainsTab();
    void load();
    void loadAccounts(const QString &after, QList<QJsonObject> before);
    void showAccounts(QList<QJsonObject> accounts);
    void editAccount(const QJsonObject &account);
    void changePassword(const QJsonObject &account);
    void removeAccount(const QJsonObject &account);
    void editAlias(const QJsonObject &alias);
    void removeAlias(const QJsonObject &alias);
    void editDomain(const QJsonObject &domain);
    void showSignatures(const QJsonObject &domain);
    void removeDomain(const QJsonObject &domain);
    void addShared();
    void showMailboxes(const QString &address);
    void showProgramSettings(const QString &address, bool isNew);
    using Done = std::function<void(const QJsonObject &answer)>;
    void submit(FormDialog *dialog, const QString &method, Done done = {});
    [[nodiscard]] QPair<int, int> contentsOf(const QString &domain) const; // accounts and aliases
    [[nodiscard]] QStringList domainNames() const;

    QTabWidget *m_tabs;
    Table *m_accounts = nullptr;
    Table *m_aliases = nullptr;
    Table *m_domains = nullptr;
    QList<QLineEdit *> m_searches; // of the tabs
    QTimer *m_soon;
    qint64 m_usualQuota = 0;
    int m_subscription = 0;
    quint64 m_question = 0; // answers to older questions are dropped
};

} // namespace posthorn::ui
