#include "ui/pages/accounts_page.h"

#include "ui/pages/account_dialogs.h"
#include "ui/pages/dns_dialog.h"
#include "ui/pages/program_dialog.h"
#include "ui/pages/sharing_dialogs.h"
#include "ui/pages/signatures_dialog.h"
#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLineEdit>
#include <QMessageBox>
#include <QPointer>
#include <QPushButton>
#include <QShortcut>
#include <QTabWidget>
#include <QTableView>
#include <QTimer>
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
    if (account.value("shared"_L1).toBool())
        return AccountsPage::tr("Shared mailbox");
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

    void finish(Table *table, const QString &name)
    {
        table->setName(name);
        search->setAccessibleName(AccountsPage::tr("Find in: %1").arg(name));
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
    QPushButton *button(const QString &text, Table *table, F action)
    {
        auto *made = new QPushButton(text);
        made->setAutoDefault(false);
        bar->addWidget(made);
        made->setEnabled(false);
        QObject::connect(table, &Table::selectionChanged, made,
                         [made, table] { made->setEnabled(table->selected().size() == 1); });
        QObject::connect(made, &QPushButton::clicked, table, [table, action] {
            const auto rows = table->selected();
            if (rows.size() == 1)
                action(rows.front());
        });
        return made;
    }
    template<typename F>
    void removeButton(const QString &text, Table *table, F action)
    {
        bar->addStretch();
        auto *made = button(text, table, action);
        auto *key = new QShortcut(QKeySequence::Delete, &table->view(), nullptr, nullptr, Qt::WidgetShortcut);
        QObject::connect(key, &QShortcut::activated, made, &QPushButton::click);
    }
    template<typename F>
    QPushButton *addButton(const QString &text, F action)
    {
        auto *made = new QPushButton(text);
        made->setAutoDefault(false);
        bar->addWidget(made);
        QObject::connect(made, &QPushButton::clicked, tab, action);
        return made;
    }
};

} // namespace

AccountsPage::AccountsPage(control::Client &client, QWidget *parent)
    : Page(client, tr("Accounts"), tr("Who gets mail here, and under which names."), parent), m_tabs(new QTabWidget)
{
    m_soon = new QTimer(this);
    m_soon->setSingleShot(true);
    m_soon->setInterval(1'000);
    connect(m_soon, &QTimer::timeout, this, &AccountsPage::load);
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(accountsTab(), tr("A&ccounts"));
    m_tabs->addTab(aliasesTab(), tr("A&liases"));
    m_tabs->addTab(domainsTab(), tr("&Domains"));
    content()->addWidget(m_tabs, 1);
}

QWidget *AccountsPage::accountsTab()
{
    m_accounts = new Table({{tr("Address"), [](const QJsonObject &a) { return shownAddress(field(a, "address"_L1)); }},
                            {tr("Name"), [](const QJsonObject &a) { return field(a, "displayName"_L1); }},
                            {tr("Mail kept"), roomText,
                             [](const QJsonObject &a) { return QVariant(a.value("usedOctets"_L1).toInteger()); }},
                            {tr("State"), stateText}},
                           u"address"_s);
    m_accounts->keepColumns(u"accounts"_s);
    m_accounts->setEmptyText(tr("No accounts yet. Press “New account” to add one for each person; if there is no domain yet, that comes first."));
    TabParts parts;
    parts.addButton(tr("&New account…"), [this] { addAccount(); });
    parts.addButton(tr("New s&hared…"), [this] { addShared(); })
        ->setToolTip(tr("An address with mailboxes of its own that several people use, and nobody signs in to"));
    parts.button(tr("&Edit…"), m_accounts, [this](const QJsonObject &row) { editAccount(row); });
    parts.button(tr("&Password…"), m_accounts, [this](const QJsonObject &row) { changePassword(row); });
    parts.button(tr("Mail p&rogram…"), m_accounts, [this](const QJsonObject &row) { showProgramSettings(field(row, "address"_L1), false); })
        ->setToolTip(tr("What to type into a mail program"));
    parts.button(tr("Mail&boxes…"), m_accounts, [this](const QJsonObject &row) { showMailboxes(field(row, "address"_L1)); })
        ->setToolTip(tr("What is in them, and who else may use them"));
    parts.removeButton(tr("Re&move…"), m_accounts, [this](const QJsonObject &row) { removeAccount(row); });
    parts.finish(m_accounts, tr("Accounts"));
    m_searches += parts.search;
    connect(m_accounts, &Table::activated, this, &AccountsPage::editAccount);
    return parts.tab;
}

QWidget *AccountsPage::aliasesTab()
{
    m_aliases = new Table({{tr("Address"), [](const QJsonObject &a) { return shownAddress(field(a, "address"_L1)); }},
                           {tr("Goes to"), targetsText}},
                          u"address"_s);
    m_aliases->keepColumns(u"aliases"_s);
    m_aliases->setEmptyText(tr("No aliases. An alias is a second name: mail for info@ can go to anna@ and ben@."));
    TabParts parts;
    parts.addButton(tr("&New alias…"), [this] { editAlias({}); });
    parts.button(tr("&Edit…"), m_aliases, [this](const QJsonObject &row) { editAlias(row); });
    parts.removeButton(tr("Re&move…"), m_aliases, [this](const QJsonObject &row) { removeAlias(row); });
    parts.finish(m_aliases, tr("Aliases"));
    m_searches += parts.search;
    connect(m_aliases, &Table::activated, this, &AccountsPage::editAlias);
    return parts.tab;
}

QWidget *AccountsPage::domainsTab()
{
    m_domains = new Table({{tr("Domain"), [](const QJsonObject &d) { return shownAddress(field(d, "name"_L1)); }},
                           {tr("Is"), [](const QJsonObject &d) {
                                const QString other = field(d, "aliasOf"_L1);
                                return other.isEmpty() ? tr("a domain of its own") : tr("another name of %1").arg(other);
                            }},
                           {tr("Unknown addresses"), [](const QJsonObject &d) {
                                const QString to = field(d, "catchAll"_L1);
                                return to.isEmpty() ? tr("are refused") : tr("go to %1").arg(to);
                            }}},
                          u"name"_s);
    m_domains->keepColumns(u"domains"_s);
    m_domains->setEmptyText(tr("No domains yet. Add the part of your addresses after the @, such as example.org."));
    TabParts parts;
    parts.addButton(tr("&New domain…"), [this] { editDomain({}); });
    parts.button(tr("&Edit…"), m_domains, [this](const QJsonObject &row) { editDomain(row); });
    parts.button(tr("DNS &records…"), m_domains, [this](const QJsonObject &row) {
        (new DnsDialog(client(), field(row, "name"_L1), this))->open();
    });
    parts.button(tr("&Signatures (DKIM)…"), m_domains, [this](const QJsonObject &row) { showSignatures(row); });
    parts.removeButton(tr("Re&move…"), m_domains, [this](const QJsonObject &row) { removeDomain(row); });
    parts.finish(m_domains, tr("Domains"));
    m_searches += parts.search;
    connect(m_domains, &Table::activated, this, &AccountsPage::editDomain);
    return parts.tab;
}

void AccountsPage::refresh()
{
    leave();
    load();
    m_subscription = client().subscribe(u"mailboxes"_s, this, [this](const control::TopicUpdate &update) {
        if (!update.snapshot && !m_soon->isActive()) // a busy server changes much
            m_soon->start();
    });
}

void AccountsPage::leave()
{
    if (m_subscription)
        client().unsubscribe(m_subscription);
    m_subscription = 0;
    m_soon->stop();
}

void AccountsPage::find()
{
    m_searches.at(m_tabs->currentIndex())->setFocus();
    m_searches.at(m_tabs->currentIndex())->selectAll();
}

void AccountsPage::load()
{
    const auto quiet = [](const Error &) {}; // the window says when the engine is gone
    const auto fill = [this, quiet](const QString &method, const QString &list, Table *table) {
        ask(method, {},
            [table, list](const QJsonObject &answer) {
                QList<QJsonObject> rows;
                for (const QJsonValue &row : answer.value(list).toArray())
                    rows += row.toObject();
                table->setRows(std::move(rows));
            },
            quiet);
    };
    ++m_question;
    loadAccounts({}, {});
    fill(u"alias.list"_s, u"aliases"_s, m_aliases);
    fill(u"domain.list"_s, u"domains"_s, m_domains);
    ask(u"settings.get"_s, {{u"key"_s, u"quota.initial"_s}},
        [this](const QJsonObject &setting) { m_usualQuota = setting.value("value"_L1).toString().toLongLong(); }, quiet);
}

void AccountsPage::loadAccounts(const QString &after, QList<QJsonObject> before)
{
    QJsonObject parameters;
    if (!after.isEmpty())
        parameters.insert(u"after"_s, after);
    ask(u"account.list"_s, parameters,
        [this, before, question = m_question](const QJsonObject &answer) mutable {
            if (question != m_question)
                return;
            for (const QJsonValue &row : answer.value("accounts"_L1).toArray())
                before += row.toObject();
            if (answer.value("more"_L1).toBool() && !before.isEmpty()) {
                const QString last = field(before.last(), "address"_L1);
                loadAccounts(last, std::move(before));
            } else {
                showAccounts(std::move(before));
            }
        },
        [](const Error &) {});
}

void AccountsPage::showAccounts(QList<QJsonObject> accounts)
{
    m_tabs->setTabText(0, accounts.isEmpty() ? tr("A&ccounts") : tr("A&ccounts (%1)").arg(accounts.size()));
    m_accounts->setRows(std::move(accounts));
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

void AccountsPage::addDomain()
{
    m_tabs->setCurrentIndex(2);
    editDomain({});
}

// The domains are asked for anew: the page may never have been seen.
void AccountsPage::addAccount()
{
    m_tabs->setCurrentIndex(0);
    ask(u"domain.list"_s, {}, [this](const QJsonObject &answer) {
        QList<QJsonObject> rows;
        for (const QJsonValue &row : answer.value("domains"_L1).toArray())
            rows += row.toObject();
        m_domains->setRows(std::move(rows));
        if (!domainNames().isEmpty())
            return editAccount({});
        addDomain();
        Q_EMIT told(tr("Add a domain first: the part of your addresses after the @."));
    });
}

void AccountsPage::editAccount(const QJsonObject &account)
{
    if (!account.isEmpty())
        return submit(new AccountDialog(account, domainNames(), m_usualQuota, this), u"account.update"_s);
    submit(new AccountDialog(account, domainNames(), m_usualQuota, this), u"account.add"_s,
           [this](const QJsonObject &added) { showProgramSettings(field(added, "address"_L1), true); });
}

void AccountsPage::showProgramSettings(const QString &address, bool isNew)
{
    ask(u"server.status"_s, {}, [this, address, isNew](const QJsonObject &status) {
        (new ProgramDialog(address, status, isNew, this))->open();
    });
}

void AccountsPage::addShared()
{
    if (domainNames().isEmpty())
        return addAccount(); // which begins with the domain
    submit(new SharedDialog(domainNames(), this), u"shared.add"_s,
           [this](const QJsonObject &added) { showMailboxes(field(added, "address"_L1)); });
}

void AccountsPage::showMailboxes(const QString &address)
{
    QStringList accounts;
    for (const QJsonObject &account : m_accounts->model().rows()) {
        if (!account.value("shared"_L1).toBool())
            accounts += field(account, "address"_L1);
    }
    (new MailboxesDialog(client(), address, accounts, this))->open();
}

void AccountsPage::submit(FormDialog *dialog, const QString &method, Done done)
{
    connect(dialog, &FormDialog::submitted, this, [this, dialog = QPointer(dialog), method, done](const QJsonObject &parameters) {
        ask(method, parameters,
            [this, dialog, done](const QJsonObject &answer) {
                if (dialog)
                    dialog->accept();
                load();
                if (done)
                    done(answer);
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
    if (!domain.isEmpty())
        return submit(new DomainDialog(domain, domainNames(), this), u"domain.update"_s);
    submit(new DomainDialog(domain, domainNames(), this), u"domain.add"_s, [this](const QJsonObject &added) {
        if (m_accounts->model().rowCount() == 0 && field(added, "aliasOf"_L1).isEmpty())
            addAccount(); // the next step for who has just begun
    });
}

void AccountsPage::showSignatures(const QJsonObject &domain)
{
    (new SignaturesDialog(client(), field(domain, "name"_L1), this))->open();
}

QPair<int, int> AccountsPage::contentsOf(const QString &domain) const
{
    const auto inside = [ending = u'@' + domain](const QJsonObject &row) { return field(row, "address"_L1).endsWith(ending); };
    return {int(std::ranges::count_if(m_accounts->model().rows(), inside)), int(std::ranges::count_if(m_aliases->model().rows(), inside))};
}

void AccountsPage::removeDomain(const QJsonObject &domain)
{
    const QString name = field(domain, "name"_L1);
    const auto [accounts, aliases] = contentsOf(name);
    QMessageBox box(QMessageBox::Warning, title(), tr("Remove the domain %1?").arg(name), QMessageBox::NoButton, this);
    box.setTextFormat(Qt::PlainText);
    box.setInformativeText(tr("Mail for it is refused from now on."));
    QPushButton *remove = box.addButton(tr("Remove domain"), QMessageBox::DestructiveRole);
    box.setDefaultButton(box.addButton(QMessageBox::Cancel));
    const bool full = accounts + aliases > 0;
    auto *contents = full ? new QCheckBox(tr("Delete its accounts (%1) with all their mail, and its aliases (%2). This can't be undone.")
                                              .arg(accounts).arg(aliases))
                          : nullptr;
    if (full) {
        box.setCheckBox(contents);
        remove->setEnabled(false); // a domain goes with what is in it or not at all
        connect(contents, &QCheckBox::toggled, remove, &QPushButton::setEnabled);
    }
    box.exec();
    if (box.clickedButton() == remove)
        ask(u"domain.remove"_s, {{u"name"_s, name}, {u"withContents"_s, full}}, [this](const QJsonObject &) { load(); });
}

} // namespace posthorn::ui
