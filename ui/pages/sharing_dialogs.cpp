#include "ui/pages/sharing_dialogs.h"

#include "ui/widgets/places.h"
#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPointer>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

constexpr auto groupPrefix = "group:"_L1;

QString field(const QJsonObject &row, QLatin1StringView name) { return row.value(name).toString(); }

QList<QJsonObject> objects(const QJsonValue &list)
{
    QList<QJsonObject> rows;
    for (const QJsonValue &row : list.toArray())
        rows += row.toObject();
    return rows;
}

bool hasAll(const QString &rights, QLatin1StringView letters)
{
    return std::ranges::all_of(letters, [&](char letter) { return rights.contains(QLatin1Char(letter)); });
}

// The word that server and command line have for these rights, or empty.
QString mayOf(const QString &rights)
{
    const auto isJust = [&](QLatin1StringView letters) { return rights.size() == letters.size() && hasAll(rights, letters); };
    return isJust("lrs"_L1) ? u"read"_s : isJust("lrswite"_L1) ? u"write"_s : isJust("lrswipkxtea"_L1) ? u"all"_s : QString();
}

QString mailboxText(const QJsonObject &mailbox)
{
    const QString name = field(mailbox, "name"_L1);
    return name == "INBOX"_L1 ? MailboxesDialog::tr("Inbox") : name;
}

QString openText(const QJsonObject &mailbox)
{
    QStringList all;
    for (const QJsonObject &one : objects(mailbox.value("access"_L1)))
        all += MailboxesDialog::tr("%1: %2").arg(whoText(field(one, "who"_L1)), rightsText(field(one, "rights"_L1)));
    return all.isEmpty() ? MailboxesDialog::tr("nobody else") : all.join(u"; "_s);
}

std::function<QString(const QJsonObject &)> countOf(QLatin1StringView key)
{
    return [key](const QJsonObject &row) { return QLocale().toString(row.value(key).toInteger()); };
}

std::function<QVariant(const QJsonObject &)> byNumber(QLatin1StringView key)
{
    return [key](const QJsonObject &row) { return QVariant(row.value(key).toInteger()); };
}

QString othersText(const QJsonValue &others)
{
    QStringList all;
    for (const QJsonObject &one : objects(others))
        all += MailboxesDialog::tr("%1 (%2)").arg(field(one, "name"_L1), rightsText(field(one, "rights"_L1)));
    return all.isEmpty() ? QString() : MailboxesDialog::tr("It sees of others: %1.").arg(all.join(u", "_s));
}

} // namespace

QString rightsText(const QString &rights)
{
    const QString may = mayOf(rights);
    if (may == "read"_L1)
        return MailboxesDialog::tr("read");
    if (may == "write"_L1)
        return MailboxesDialog::tr("read, mark, file and delete");
    return may == "all"_L1 ? MailboxesDialog::tr("everything, even let others in") : MailboxesDialog::tr("rights %1").arg(rights);
}

QString whoText(const QString &who)
{
    if (who == "anyone"_L1)
        return MailboxesDialog::tr("everybody here");
    return who.startsWith(groupPrefix) ? MailboxesDialog::tr("the group %1").arg(who.mid(groupPrefix.size())) : shownAddress(who);
}

MailboxesDialog::MailboxesDialog(control::Client &client, const QString &account, const QStringList &accounts, QWidget *parent)
    : QDialog(parent), m_client(client), m_account(account), m_accounts(accounts),
      m_mailboxes(new Table({{tr("Mailbox"), mailboxText},
                             {tr("Messages"), countOf("messages"_L1), byNumber("messages"_L1), Qt::AlignCenter},
                             {tr("Unread"), countOf("unseen"_L1), byNumber("unseen"_L1), Qt::AlignCenter},
                             {tr("Size"), [](const QJsonObject &row) { return octetsText(row.value("octets"_L1).toInteger()); },
                              byNumber("octets"_L1), Qt::AlignCenter},
                             {tr("Who else may use it"), openText}},
                            u"name"_s)),
      m_others(new QLabel), m_fault(new QLabel)
{
    setWindowTitle(tr("Mailboxes of %1").arg(shownAddress(account)));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(820, 660);
    keepPlace(this, u"sharing"_s);
    auto *words = new QLabel(tr("Others can be let into mailboxes of this account. Their mail programs show them beside their own."));
    words->setWordWrap(true);
    m_mailboxes->keepColumns(u"mailboxes"_s);
    m_mailboxes->setName(tr("Mailboxes"));
    m_mailboxes->setEmptyText(tr("No mailboxes."));
    m_others->setWordWrap(true);
    m_others->setTextFormat(Qt::PlainText);
    m_fault->setWordWrap(true);
    m_fault->setStyleSheet(faultStyle(palette()));
    auto *layout = new QVBoxLayout(this);
    layout->setSpacing(10);
    layout->addWidget(words);
    layout->addWidget(m_mailboxes, 3);
    layout->addWidget(accessBox(), 2);
    layout->addWidget(m_others);
    layout->addWidget(m_fault);
    layout->addWidget(buttonRow());
    connect(m_mailboxes, &Table::selectionChanged, this, &MailboxesDialog::showAccess);
    loadGroups();
    load();
}

QWidget *MailboxesDialog::accessBox()
{
    m_box = new QGroupBox;
    m_access = new Table({{tr("Who"), [](const QJsonObject &row) { return whoText(field(row, "who"_L1)); }},
                          {tr("May"), [](const QJsonObject &row) { return rightsText(field(row, "rights"_L1)); }}},
                         u"who"_s);
    m_access->setEmptyText(tr("Nobody else may use this mailbox."));
    m_access->keepColumns(u"access"_s);
    m_access->setName(tr("Who may use it"));
    m_who = new QComboBox;
    m_who->setEditable(true);
    m_who->setInsertPolicy(QComboBox::NoInsert);
    m_who->setAccessibleName(tr("Who"));
    m_may = new QComboBox;
    for (const auto &[may, rights] : {std::pair{u"read"_s, u"lrs"_s}, {u"write"_s, u"lrswite"_s}, {u"all"_s, u"lrswipkxtea"_s}})
        m_may->addItem(tr("may %1").arg(rightsText(rights)), may);
    m_may->setAccessibleName(tr("What is allowed"));
    m_all = new QCheckBox(tr("&in all its mailboxes"));
    m_let = new QPushButton(tr("&Let in"));
    m_takeBack = new QPushButton(tr("&Take back"));
    m_takeBack->setAutoDefault(false);
    auto *bar = new QHBoxLayout;
    bar->addWidget(m_who, 2);
    bar->addWidget(m_may, 2);
    bar->addWidget(m_all);
    bar->addWidget(m_let);
    bar->addWidget(m_takeBack);
    auto *layout = new QVBoxLayout(m_box);
    layout->addWidget(m_access, 1);
    layout->addLayout(bar);
    connect(m_access, &Table::selectionChanged, this, &MailboxesDialog::showRights);
    connect(m_who, &QComboBox::currentTextChanged, this, [this] { m_let->setEnabled(!m_who->currentText().trimmed().isEmpty()); });
    connect(m_let, &QPushButton::clicked, this, &MailboxesDialog::let);
    connect(m_takeBack, &QPushButton::clicked, this, &MailboxesDialog::takeBack);
    return m_box;
}

QWidget *MailboxesDialog::buttonRow()
{
    auto *row = new QDialogButtonBox(QDialogButtonBox::Close);
    auto *add = row->addButton(tr("&New mailbox…"), QDialogButtonBox::ActionRole);
    auto *groups = row->addButton(tr("&Groups…"), QDialogButtonBox::ActionRole);
    connect(add, &QPushButton::clicked, this, &MailboxesDialog::addMailbox);
    connect(groups, &QPushButton::clicked, this, [this] {
        auto *dialog = new GroupsDialog(m_client, this);
        connect(dialog, &QDialog::finished, this, [this] {
            loadGroups();
            load();
        });
        dialog->open();
    });
    connect(row, &QDialogButtonBox::rejected, this, &QDialog::reject);
    return row;
}

void MailboxesDialog::call(const QString &method, const QJsonObject &parameters, const std::function<void(const QJsonObject &)> &done)
{
    m_client.call(method, parameters, this, [this, done](const Result<QJsonValue> &result) {
        if (result)
            done(result->toObject());
        else
            m_fault->setText(result.error().text);
    });
}

void MailboxesDialog::load()
{
    call(u"mailbox.list"_s, {{u"account"_s, m_account}}, [this](const QJsonObject &answer) { showMailboxes(answer); });
}

void MailboxesDialog::loadGroups()
{
    call(u"group.list"_s, {}, [this](const QJsonObject &answer) {
        const QString typed = m_who->currentText();
        m_who->clear();
        m_who->addItem(whoText(u"anyone"_s), u"anyone"_s);
        for (const QJsonObject &group : objects(answer.value("groups"_L1)))
            m_who->addItem(whoText(groupPrefix + field(group, "name"_L1)), QString(groupPrefix + field(group, "name"_L1)));
        for (const QString &account : m_accounts) {
            if (account != m_account)
                m_who->addItem(shownAddress(account), account);
        }
        m_who->setCurrentIndex(-1);
        m_who->setEditText(typed);
        m_who->lineEdit()->setPlaceholderText(tr("an address, a group, or everybody"));
    });
}

void MailboxesDialog::showMailboxes(const QJsonObject &answer)
{
    m_mailboxes->setRows(objects(answer.value("mailboxes"_L1)));
    if (chosenMailbox().isEmpty())
        m_mailboxes->selectFirst();
    m_others->setText(othersText(answer.value("others"_L1)));
    m_others->setVisible(!m_others->text().isEmpty());
    showAccess();
}

QJsonObject MailboxesDialog::chosenMailbox() const
{
    const auto rows = m_mailboxes->selected();
    return rows.size() == 1 ? rows.front() : QJsonObject();
}

void MailboxesDialog::showAccess()
{
    const QJsonObject mailbox = chosenMailbox();
    m_box->setEnabled(!mailbox.isEmpty());
    m_box->setTitle(mailbox.isEmpty() ? tr("Who may use a mailbox") : tr("Who else may use %1").arg(mailboxText(mailbox)));
    m_access->setRows(objects(mailbox.value("access"_L1)));
    showRights();
}

void MailboxesDialog::showRights()
{
    const auto rows = m_access->selected();
    m_takeBack->setEnabled(!rows.isEmpty());
    m_let->setText(rows.size() == 1 ? tr("&Change") : tr("&Let in"));
    m_let->setEnabled(!m_who->currentText().trimmed().isEmpty());
    if (rows.size() != 1)
        return;
    const QString who = field(rows.front(), "who"_L1);
    const int known = m_who->findData(who);
    m_who->setCurrentIndex(known);
    if (known < 0)
        m_who->setEditText(who);
    m_may->setCurrentIndex(qMax(0, m_may->findData(mayOf(field(rows.front(), "rights"_L1)))));
}

void MailboxesDialog::let()
{
    const QString typed = m_who->currentText().trimmed();
    const int known = m_who->findText(typed);
    QJsonObject parameters{{u"account"_s, m_account}, {u"to"_s, known < 0 ? typed : m_who->itemData(known).toString()},
                           {u"may"_s, m_may->currentData().toString()}};
    if (!m_all->isChecked())
        parameters.insert(u"mailbox"_s, field(chosenMailbox(), "name"_L1));
    m_fault->clear();
    call(u"mailbox.share"_s, parameters, [this](const QJsonObject &) {
        m_who->setEditText(QString());
        load();
    });
}

void MailboxesDialog::takeBack()
{
    const auto rows = m_access->selected();
    m_fault->clear();
    for (const QJsonObject &row : rows) {
        QJsonObject parameters{{u"account"_s, m_account}, {u"from"_s, field(row, "who"_L1)}};
        if (!m_all->isChecked())
            parameters.insert(u"mailbox"_s, field(chosenMailbox(), "name"_L1));
        call(u"mailbox.unshare"_s, parameters, [this](const QJsonObject &) { load(); });
    }
}

void MailboxesDialog::addMailbox()
{
    auto *dialog = new QInputDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("New mailbox"));
    dialog->setLabelText(tr("Name, such as Work or Work/2026:"));
    connect(dialog, &QInputDialog::textValueSelected, this, [this](const QString &text) {
        m_fault->clear();
        if (!text.trimmed().isEmpty())
            call(u"mailbox.add"_s, {{u"account"_s, m_account}, {u"mailbox"_s, text.trimmed()}}, [this](const QJsonObject &) { load(); });
    });
    dialog->open();
}

// --- groups ----------------------------------------------------------------------------------------------------

GroupsDialog::GroupsDialog(control::Client &client, QWidget *parent)
    : QDialog(parent), m_client(client),
      m_groups(new Table({{tr("Group"), [](const QJsonObject &row) { return field(row, "name"_L1); }},
                          {tr("Members"), [](const QJsonObject &row) {
                               return row.value("members"_L1).toVariant().toStringList().join(u", "_s);
                           }}},
                         u"name"_s)),
      m_fault(new QLabel)
{
    setWindowTitle(tr("Groups"));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(560, 400);
    keepPlace(this, u"groups"_s);
    auto *words = new QLabel(tr("A group stands for several accounts when mailboxes are opened to others."));
    words->setWordWrap(true);
    m_groups->keepColumns(u"groups"_s);
    m_groups->setName(windowTitle());
    m_groups->setEmptyText(tr("No groups yet."));
    m_fault->setWordWrap(true);
    m_fault->setStyleSheet(faultStyle(palette()));
    auto *row = new QDialogButtonBox(QDialogButtonBox::Close);
    auto *add = row->addButton(tr("&New group…"), QDialogButtonBox::ActionRole);
    auto *change = row->addButton(tr("&Edit…"), QDialogButtonBox::ActionRole);
    auto *away = row->addButton(tr("&Remove…"), QDialogButtonBox::ActionRole);
    const auto enable = [this, change, away] {
        for (QPushButton *button : {change, away})
            button->setEnabled(m_groups->selected().size() == 1);
    };
    enable();
    connect(m_groups, &Table::selectionChanged, this, enable);
    connect(m_groups, &Table::activated, this, &GroupsDialog::edit);
    connect(add, &QPushButton::clicked, this, [this] { edit({}); });
    connect(change, &QPushButton::clicked, this, [this] { edit(m_groups->selected().first()); });
    connect(away, &QPushButton::clicked, this, &GroupsDialog::remove);
    connect(row, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto *layout = new QVBoxLayout(this);
    layout->setSpacing(10);
    layout->addWidget(words);
    layout->addWidget(m_groups, 1);
    layout->addWidget(m_fault);
    layout->addWidget(row);
    load();
}

void GroupsDialog::load()
{
    m_client.call(u"group.list"_s, {}, this, [this](const Result<QJsonValue> &result) {
        if (result)
            m_groups->setRows(objects(result->toObject().value("groups"_L1)));
        else
            m_fault->setText(result.error().text);
    });
}

void GroupsDialog::edit(const QJsonObject &group)
{
    auto *dialog = new GroupDialog(group, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    const QString method = group.isEmpty() ? u"group.add"_s : u"group.update"_s;
    connect(dialog, &FormDialog::submitted, this, [this, dialog = QPointer(dialog), method](const QJsonObject &parameters) {
        m_client.call(method, parameters, this, [this, dialog](const Result<QJsonValue> &result) {
            if (dialog && result)
                dialog->accept();
            else if (dialog)
                dialog->refuse(result.error().text);
            load();
        });
    });
    dialog->open();
}

void GroupsDialog::remove()
{
    const QString name = field(m_groups->selected().first(), "name"_L1);
    QMessageBox box(QMessageBox::Warning, windowTitle(), tr("Remove the group %1?").arg(name), QMessageBox::NoButton, this);
    box.setInformativeText(tr("Its members no longer see the mailboxes that were opened to it. Their accounts stay."));
    box.addButton(tr("Remove group"), QMessageBox::DestructiveRole);
    box.setDefaultButton(box.addButton(QMessageBox::Cancel));
    box.exec();
    if (box.buttonRole(box.clickedButton()) != QMessageBox::DestructiveRole)
        return;
    m_client.call(u"group.remove"_s, {{u"name"_s, name}}, this, [this](const Result<QJsonValue> &result) {
        m_fault->setText(result ? QString() : result.error().text);
        load();
    });
}

GroupDialog::GroupDialog(const QJsonObject &group, QWidget *parent)
    : FormDialog(group.isEmpty() ? tr("New group") : tr("Group %1").arg(field(group, "name"_L1)), group.isEmpty() ? tr("Make group") : tr("Save"),
                 parent),
      m_name(new QLineEdit(field(group, "name"_L1))), m_members(new QPlainTextEdit)
{
    m_name->setPlaceholderText(u"sales"_s);
    m_name->setReadOnly(!group.isEmpty());
    form()->addRow(tr("&Name"), m_name);
    m_members->setPlainText(group.value("members"_L1).toVariant().toStringList().join(u'\n'));
    m_members->setPlaceholderText(u"anna@example.org\nben@example.org"_s);
    m_members->setTabChangesFocus(true);
    form()->addRow(tr("&Members"), m_members);
    addHint(tr("One address of an account here a line."));
    connect(m_name, &QLineEdit::textChanged, this, [this] { check(); });
    connect(m_members, &QPlainTextEdit::textChanged, this, [this] { check(); });
    check();
}

QStringList GroupDialog::members() const
{
    QStringList all;
    for (const QString &line : m_members->toPlainText().split(u'\n')) {
        if (!line.trimmed().isEmpty())
            all += line.trimmed();
    }
    return all;
}

QString GroupDialog::fault() const
{
    if (m_name->text().trimmed().isEmpty())
        return tr("Type a name for the group.");
    for (const QString &member : members()) {
        if (!member.contains(u'@'))
            return tr("“%1” is not an address.").arg(member);
    }
    return members().isEmpty() ? tr("Type the address of at least one member.") : QString();
}

QJsonObject GroupDialog::parameters() const
{
    return {{u"name"_s, m_name->text().trimmed()}, {u"members"_s, QJsonArray::fromStringList(members())}};
}

SharedDialog::SharedDialog(const QStringList &domains, QWidget *parent)
    : FormDialog(tr("New shared mailbox"), tr("Make it"), parent), m_name(new QLineEdit), m_purpose(new QLineEdit), m_domain(new QComboBox)
{
    m_name->setPlaceholderText(u"support"_s);
    m_domain->addItems(domains);
    form()->addRow(tr("&Address"), addressRow(m_name, m_domain));
    m_purpose->setPlaceholderText(tr("Questions of customers"));
    form()->addRow(tr("&What it is for"), m_purpose);
    addHint(tr("An address with mailboxes of its own that nobody signs in to. When it is made, say who may use it: they see it beside "
               "their own mail."));
    connect(m_name, &QLineEdit::textChanged, this, [this] { check(); });
    check();
}

QString SharedDialog::fault() const { return nameFault(m_name); }

QJsonObject SharedDialog::parameters() const
{
    return {{u"address"_s, QString(m_name->text().trimmed() + u'@' + m_domain->currentText())}, {u"displayName"_s, m_purpose->text().trimmed()}};
}

} // namespace posthorn::ui
