#include "ui/pages/accounts_page.h"

#include "ui/pages/account_dialogs.h"
#include "ui/pages/signatures_dialog.h"
#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QHBoxLayout>
#include <QJsonArray>
#include <QLineEdit>
#include <QMessageBox>
#include <QPointer>
#include <QPushButton>
#include <QTabWidget>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

QString field(const QJsonObject &row, QLatin1StringView name) { return row.value(name).toString(); }

QString roomText(const QJsonObject &account)
{
    const qint64 used = account.value("usedOctets"_L1).toInteger(), quota = account.value("quotaOctets"_L1).toInteger();
    if (quota <= 0)
        return octetsText(used);
    return AccountsPage::tr("%1 of %2 (%3 %)").arg(octetsText(used), octetsText(quota)).arg(used * 100 / quota);
}

QString stateText(const QJsonObject &account)
{
    if (!account.value("enabled"_L1).toBool(true))
        return AccountsPage::tr("Switched off");
    return account.value("administrator"_L1).toBool() ? AccountsPage::tr("Administrator") : AccountsPage::tr("Active");
}

QString targetsText(const QJsonObject &alias)
{
    QStringList targets;
    for (const QJsonValue &target : alias.value("targets"_L1).toArray())
        targets += target.toString();
    return targets.join(u", "_s);
}

// A tab: a search line, a table, buttons. Buttons that need one chosen row are off without one.
struct TabParts
{
    QWidget *tab = new QWidget;
    QLineEdit *search = new QLineEdit;
    QHBoxLayout *bar = new QHBoxLayout;

    void finish(Table *table)
    {
        auto *layout = new QVBoxLayout(tab);
        layout->setSpacing(10);
        search->setPlaceholderText(AccountsPage::tr("Find"));
        search->setClearButtonEnabled(true);
        layout->addWidget(search);
        layout->addWidget(table, 1);
        layout->addLayout(bar);
        QObject::connect(search, &QLineEdit::textChanged, table, &Table::setFilter);
    }
    template<typename F>
    void button(const QString &text, Table *table, F action)
    {
        auto *made = new QPushButton(text);
        bar->addWidget(made);
        made->setEnabled(false);
        QObject::connect(table, &Table::selectionChanged, made,
                         [made, table] { made->setEnabled(table->selected().size() == 1); });
        QObject::connect(made, &QPushButton::clicked, table, [table, action] {
            const auto rows = table->selected();
            if (rows.size() == 1)
                action(rows.front());
        });
    }
    template<typename F>
    void addButton(const QString &text, F action)
    {
        auto *made = new QPushButton(text);
        bar->addWidget(made);
        QObject::connect(made, &QPushButton::clicked, tab, action);
    }
};

} // namespace

AccountsPage::AccountsPage(control::Client &client, QWidget *parent)
    : Page(client, tr("Accounts"), tr("Who gets mail here, and under which names."), parent), m_tabs(new QTabWidget)
{
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(accountsTab(), tr("A&ccounts"));
    m_tabs->addTab(aliasesTab(), tr("A&liases"));
    m_tabs->addTab(domainsTab(), tr("&Domains"));
    content()->addWidget(m_tabs, 1);
}

QWidget *AccountsPage::accountsTab()
{
    m_accounts = new Table({{tr("Address"), [](const QJsonObject &a) { return field(a, "address"_L1); }},
                            {tr("Name"), [](const QJsonObject &a) { return field(a, "displayName"_L1); }},
                            {tr("Mail kept"), roomText,
                             [](const QJsonObject &a) { return QVariant(a.value("usedOctets"_L1).toInteger()); }},
                            {tr("State"), stateText}},
                           u"address"_s);
    m_accounts->setEmptyText(tr("No accounts yet. Add a domain first, then an account for each person."));
    TabParts parts;
    parts.addButton(tr("&New account…"), [this] { addAccount(); });
    parts.button(tr("&Edit…"), m_accounts, [this](const QJsonObject &row) { editAccount(row); });
    parts.button(tr("&Password…"), m_accounts, [this](const QJsonObject &row) { changePassword(row); });
    parts.bar->addStretch();
    parts.button(tr("R&emove…"), m_accounts, [this](const QJsonObject &row) { removeAccount(row); });
    parts.finish(m_accounts);
    connect(m_accounts, &Table::activated, this, &AccountsPage::editAccount);
    return parts.tab;
}

QWidget *AccountsPage::aliasesTab()
{
    m_aliases = new Table({{tr("Address"), [](const QJsonObject &a) { return field(a, "address"_L1); }},
                           {tr("Goes to"), targetsText}},
                          u"address"_s);
    m_aliases->setEmptyText(tr("No aliases. An alias is a second name: mail for info@ can go to anna@ and ben@."));
    TabParts parts;
    parts.addButton(tr("&New alias…"), [this] { editAlias({}); });
    parts.button(tr("&Edit…"), m_aliases, [this](const QJsonObject &row) { editAlias(row); });
    parts.bar->addStretch();
    parts.button(tr("R&emove…"), m_aliases, [this](const QJsonObject &row) { removeAlias(row); });
    parts.finish(m_aliases);
    connect(m_aliases, &Table::activated, this, &AccountsPage::editAlias);
    return parts.tab;
}

QWidget *AccountsPage::domainsTab()
{
    m_domains = new Table({{tr("Domain"), [](const QJsonObject &d) { return field(d, "name"_L1); }},
                           {tr("Is"), [](const QJsonObject &d) {
                                const QString other = field(d, "aliasOf"_L1);
                                return other.isEmpty() ? tr("a domain of its own") : tr("another name of %1").arg(other);
                            }},
                           {tr("Unknown addresses"), [](const QJsonObject &d) {
                                const QString to = field(d, "catchAll"_L1);
                                return to.isEmpty() ? tr("are refused") : tr("go to %1").arg(to);
                            }}},
                          u"name"_s);
    m_domains->setEmptyText(tr("No domains yet. Add the part of your addresses after the @, such as example.org."));
    TabParts parts;
    parts.addButton(tr("&New domain…"), [this] { editDomain({}); });
    parts.button(tr("&Edit…"), m_domains, [this](const QJsonObject &row) { editDomain(row); });
    parts.button(tr("&Signatures (DKIM)…"), m_domains, [this](const QJsonObject &row) { showSignatures(row); });
    parts.bar->addStretch();
    parts.button(tr("R&emove…"), m_domains, [this](const QJsonObject &row) { removeDomain(row); });
    parts.finish(m_domains);
    connect(m_domains, &Table::activated, this, &AccountsPage::editDomain);
    return parts.tab;
}

void AccountsPage::refresh()
{
    leave();
    load();
    m_subscription = client().subscribe(u"mailboxes"_s, this, [this](const control::TopicUpdate &) { load(); });
}

void AccountsPage::leave()
{
    if (m_subscription)
        client().unsubscribe(m_subscription);
    m_subscription = 0;
}

void AccountsPage::load()
{
    const auto fill = [this](const QString &method, const QString &list, Table *table) {
        ask(method, {},
            [table, list](const QJsonObject &answer) {
                QList<QJsonObject> rows;
                for (const QJsonValue &row : answer.value(list).toArray())
                    rows += row.toObject();
                table->setRows(std::move(rows));
            },
            [](const Error &) {}); // the window says when the engine is gone
    };
    fill(u"account.list"_s, u"accounts"_s, m_accounts);
    fill(u"alias.list"_s, u"aliases"_s, m_aliases);
    fill(u"domain.list"_s, u"domains"_s, m_domains);
}

QStringList AccountsPage::domainNames() const
{
    QStringList names;
    for (const QJsonObject &domain : m_domains->model().rows()) {
        if (field(domain, "aliasOf"_L1).isEmpty())
            names += field(domain, "name"_L1);
    }
    return names;
}

bool AccountsPage::confirm(const QString &question, const QString &details, const QString &button)
{
    QMessageBox box(QMessageBox::Warning, title(), question, QMessageBox::NoButton, this);
    box.setInformativeText(details);
    box.addButton(button, QMessageBox::DestructiveRole);
    box.setDefaultButton(box.addButton(QMessageBox::Cancel));
    box.exec();
    return box.buttonRole(box.clickedButton()) == QMessageBox::DestructiveRole;
}

void AccountsPage::addAccount()
{
    const QStringList domains = domainNames();
    if (domains.isEmpty()) {
        m_tabs->setCurrentIndex(2);
        QMessageBox::information(this, title(), tr("Add a domain first: the part of your addresses after the @."));
        return;
    }
    editAccount({});
}

void AccountsPage::editAccount(const QJsonObject &account)
{
    submit(new AccountDialog(account, domainNames(), this), account.isEmpty() ? u"account.add"_s : u"account.update"_s);
}

void AccountsPage::submit(FormDialog *dialog, const QString &method)
{
    connect(dialog, &FormDialog::submitted, this, [this, dialog = QPointer(dialog), method](const QJsonObject &parameters) {
        ask(method, parameters,
            [this, dialog](const QJsonObject &) {
                if (dialog)
                    dialog->accept();
                load();
            },
            [dialog](const Error &error) {
                if (dialog)
                    dialog->refuse(error.text);
            });
    });
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void AccountsPage::changePassword(const QJsonObject &account)
{
    submit(new PasswordDialog(field(account, "address"_L1), this), u"account.passwd"_s);
}

void AccountsPage::removeAccount(const QJsonObject &account)
{
    const QString address = field(account, "address"_L1);
    if (confirm(tr("Remove the account %1?").arg(address),
                tr("All its mail (%1) is deleted. This can't be undone.")
                    .arg(octetsText(account.value("usedOctets"_L1).toInteger())),
                tr("Remove account and mail")))
        ask(u"account.remove"_s, {{u"address"_s, address}}, [this](const QJsonObject &) { load(); });
}

void AccountsPage::editAlias(const QJsonObject &alias)
{
    submit(new AliasDialog(alias, domainNames(), this), alias.isEmpty() ? u"alias.add"_s : u"alias.update"_s);
}

void AccountsPage::removeAlias(const QJsonObject &alias)
{
    const QString address = field(alias, "address"_L1);
    if (confirm(tr("Remove the alias %1?").arg(address), tr("Mail for it is refused from now on."), tr("Remove alias")))
        ask(u"alias.remove"_s, {{u"address"_s, address}}, [this](const QJsonObject &) { load(); });
}

void AccountsPage::editDomain(const QJsonObject &domain)
{
    submit(new DomainDialog(domain, domainNames(), this), domain.isEmpty() ? u"domain.add"_s : u"domain.update"_s);
}

void AccountsPage::showSignatures(const QJsonObject &domain)
{
    (new SignaturesDialog(client(), field(domain, "name"_L1), this))->open();
}

void AccountsPage::removeDomain(const QJsonObject &domain)
{
    const QString name = field(domain, "name"_L1);
    if (confirm(tr("Remove the domain %1?").arg(name), tr("Mail for it is refused from now on. A domain that still has "
                                                          "accounts or aliases can't be removed."),
                tr("Remove domain")))
        ask(u"domain.remove"_s, {{u"name"_s, name}}, [this](const QJsonObject &) { load(); });
}

} // namespace posthorn::ui
