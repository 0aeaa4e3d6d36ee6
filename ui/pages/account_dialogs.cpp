#include "ui/pages/account_dialogs.h"

#include "ui/words.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QShowEvent>
#include <QSpinBox>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

constexpr double megabyte = 1024 * 1024; // as words.h counts
constexpr int shortestPassword = 8;

QLineEdit *passwordEdit()
{
    auto *edit = new QLineEdit;
    edit->setEchoMode(QLineEdit::Password);
    edit->setMinimumWidth(260);
    return edit;
}

QString passwordFault(const QString &password, const QString &again)
{
    if (password.size() < shortestPassword)
        return FormDialog::tr("A password has at least %1 characters.").arg(shortestPassword);
    return password == again ? QString() : FormDialog::tr("The two passwords differ.");
}

QWidget *fileRow(QLineEdit *path, QWidget *dialog)
{
    auto *row = new QWidget;
    auto *browse = new QPushButton(FormDialog::tr("Look for it…"));
    browse->setAutoDefault(false);
    auto *layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(path, 1);
    layout->addWidget(browse);
    row->setFocusProxy(path);
    QObject::connect(browse, &QPushButton::clicked, path, [path, dialog] {
        auto *files = new QFileDialog(dialog, FormDialog::tr("PEM file"), path->text());
        files->setAttribute(Qt::WA_DeleteOnClose);
        files->setFileMode(QFileDialog::ExistingFile);
        QObject::connect(files, &QFileDialog::fileSelected, path, &QLineEdit::setText);
        files->open();
    });
    return row;
}

void mergeInto(QJsonObject &object, const QJsonObject &more)
{
    for (auto it = more.begin(); it != more.end(); ++it)
        object.insert(it.key(), it.value());
}

} // namespace

QWidget *addressRow(QLineEdit *name, QComboBox *domain)
{
    auto *row = new QWidget;
    auto *layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(name, 1);
    layout->addWidget(new QLabel(u"@"_s));
    layout->addWidget(domain, 1);
    name->setAccessibleName(FormDialog::tr("Address, before the @"));
    domain->setAccessibleName(FormDialog::tr("Domain"));
    row->setFocusProxy(name);
    return row;
}

QString nameFault(const QLineEdit *name)
{
    const QString text = name->text().trimmed();
    if (text.isEmpty())
        return FormDialog::tr("Type the part of the address before the @.");
    return text.contains(u'@') || text.contains(u' ') ? FormDialog::tr("The part before the @ has no @ and no spaces.")
                                                      : QString();
}

FormDialog::FormDialog(const QString &title, const QString &okText, QWidget *parent)
    : QDialog(parent), m_form(new QFormLayout), m_fault(new QLabel), m_buttons(new QDialogButtonBox)
{
    setWindowTitle(title);
    setMinimumWidth(480);
    auto *layout = new QVBoxLayout(this);
    layout->setSpacing(14);
    m_form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    m_form->setVerticalSpacing(10);
    layout->addLayout(m_form);
    m_fault->setWordWrap(true);
    m_fault->setMinimumHeight(m_fault->fontMetrics().height() * 2);
    layout->addWidget(m_fault);
    layout->addStretch();
    m_buttons->addButton(okText, QDialogButtonBox::AcceptRole);
    m_buttons->addButton(QDialogButtonBox::Cancel);
    layout->addWidget(m_buttons);
    connect(m_buttons, &QDialogButtonBox::accepted, this, [this] {
        m_buttons->setEnabled(false);
        Q_EMIT submitted(parameters());
    });
    connect(m_buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
}

// The cursor begins in the first field, and Tab comes to the buttons last, though they were there first.
void FormDialog::showEvent(QShowEvent *event)
{
    QDialog::showEvent(event);
    if (event->spontaneous())
        return;
    setMinimumHeight(layout()->totalHeightForWidth(width())); // the hints' lines are counted only now that the width is known
    m_first = parameters();
    QWidget *last = previousInFocusChain();
    for (QAbstractButton *button : m_buttons->buttons()) {
        if (last != button)
            setTabOrder(last, button);
        last = button;
    }
    if (const QLayoutItem *first = m_form->itemAt(0, QFormLayout::FieldRole); first && first->widget())
        first->widget()->setFocus();
}

void FormDialog::reject()
{
    if (!isVisible() || parameters() == m_first)
        return QDialog::reject();
    QMessageBox box(QMessageBox::Question, windowTitle(), tr("Close without saving?"), QMessageBox::NoButton, this);
    box.setInformativeText(tr("What you typed is lost."));
    box.addButton(tr("&Don't save"), QMessageBox::DestructiveRole);
    box.setDefaultButton(box.addButton(QMessageBox::Cancel));
    box.exec();
    if (box.buttonRole(box.clickedButton()) == QMessageBox::DestructiveRole)
        QDialog::reject();
}

void FormDialog::refuse(const QString &why)
{
    m_buttons->setEnabled(true);
    m_fault->setStyleSheet(faultStyle(palette()));
    m_fault->setText(why);
}

// What is still missing is no fault: it is said in the usual colour.
void FormDialog::check()
{
    const QString why = fault();
    m_fault->setStyleSheet(QString());
    m_fault->setText(why);
    for (QAbstractButton *button : m_buttons->buttons()) {
        if (m_buttons->buttonRole(button) == QDialogButtonBox::AcceptRole)
            button->setEnabled(why.isEmpty());
    }
}

void FormDialog::addHint(const QString &text)
{
    auto *hint = new QLabel(text);
    hint->setWordWrap(true);
    hint->setForegroundRole(QPalette::PlaceholderText);
    hint->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    m_form->addRow(QString(), hint);
}

void FormDialog::addLimits(const QJsonObject &row)
{
    const auto spin = [&](const QString &label, const QString &suffix, QLatin1StringView key) {
        auto *box = new QSpinBox;
        box->setRange(-1, 1'000'000'000);
        box->setSuffix(suffix);
        box->setSpecialValueText(tr("as the settings say"));
        box->setGroupSeparatorShown(true);
        box->setValue(row.value(key).toInt(-1));
        box->setToolTip(tr("Recipients on other servers; 0 is no limit."));
        box->setMinimumWidth(260);
        m_form->addRow(label, box);
        return box;
    };
    m_perMinute = spin(tr("Sends to at &most"), tr(" recipients a minute"), "perMinute"_L1);
    m_perDay = spin(tr("and"), tr(" recipients a day"), "perDay"_L1);
    m_perDay->setAccessibleName(tr("Sends to at most so many recipients a day"));
    addHint(tr("On other servers. More wait for the next minute; what is over the day's limit is held in the queue until you let it go, "
               "so that a stolen password can't do much."));
}

QJsonObject FormDialog::limits() const
{
    return {{u"perMinute"_s, m_perMinute->value()}, {u"perDay"_s, m_perDay->value()}};
}

AccountDialog::AccountDialog(const QJsonObject &account, const QStringList &domains, qint64 usualQuota, QWidget *parent)
    : FormDialog(account.isEmpty() ? tr("New account") : tr("Account %1").arg(account.value("address"_L1).toString()),
                 account.isEmpty() ? tr("Make account") : tr("Save"), parent),
      m_address(account.value("address"_L1).toString())
{
    if (m_address.isEmpty())
        buildNew(domains);
    buildCommon(account, m_address.isEmpty() ? usualQuota : account.value("quotaOctets"_L1).toInteger());
    check();
}

void AccountDialog::buildNew(const QStringList &domains)
{
    m_name = new QLineEdit;
    m_name->setPlaceholderText(u"anna"_s);
    m_domain = new QComboBox;
    m_domain->addItems(domains);
    form()->addRow(tr("&Address"), addressRow(m_name, m_domain));
    m_password = passwordEdit();
    m_again = passwordEdit();
    form()->addRow(tr("&Password"), m_password);
    form()->addRow(tr("Password a&gain"), m_again);
    for (QLineEdit *edit : {m_name, m_password, m_again})
        connect(edit, &QLineEdit::textChanged, this, [this] { check(); });
}

void AccountDialog::buildCommon(const QJsonObject &account, qint64 quota)
{
    m_displayName = new QLineEdit(account.value("displayName"_L1).toString());
    m_displayName->setPlaceholderText(tr("Anna Jensen"));
    form()->addRow(tr("&Name"), m_displayName);
    m_quota = new QDoubleSpinBox;
    m_quota->setRange(0, 100'000'000);
    m_quota->setDecimals(0);
    m_quota->setSingleStep(500);
    m_quota->setSuffix(tr(" MB"));
    m_quota->setSpecialValueText(tr("no limit"));
    m_quota->setGroupSeparatorShown(true);
    m_quota->setValue(double(quota) / megabyte);
    form()->addRow(tr("&Room for mail"), m_quota);
    m_keepDays = new QSpinBox;
    m_keepDays->setRange(0, 3650);
    m_keepDays->setSuffix(tr(" days"));
    m_keepDays->setSpecialValueText(tr("as the mail program says"));
    m_keepDays->setValue(account.value("pop3KeepDays"_L1).toInt());
    form()->addRow(tr("&Keep fetched mail"), m_keepDays);
    addHint(tr("For programs that fetch by POP3: mail that they delete stays here for this long."));
    buildForwarding(account);
    addLimits(account);
    m_administrator = new QCheckBox(tr("A&dministrator (gets mail for postmaster)"));
    m_administrator->setChecked(account.value("administrator"_L1).toBool());
    form()->addRow(QString(), m_administrator);
    m_enabled = new QCheckBox(tr("Can s&ign in and get mail"));
    m_enabled->setChecked(account.value("enabled"_L1).toBool(true));
    form()->addRow(QString(), m_enabled);
}

void AccountDialog::buildForwarding(const QJsonObject &account)
{
    QStringList targets;
    for (const QJsonValue &target : account.value("forwardTo"_L1).toArray())
        targets += target.toString();
    m_forward = new QLineEdit(targets.join(u", "_s));
    m_forward->setPlaceholderText(tr("nobody"));
    form()->addRow(tr("&Forward mail to"), m_forward);
    m_forwardKeep = new QCheckBox(tr("Keep a &copy here"));
    m_forwardKeep->setChecked(account.value("forwardKeep"_L1).toBool(true));
    form()->addRow(QString(), m_forwardKeep);
    const auto showKeep = [this] { m_forwardKeep->setEnabled(!forwardTargets().isEmpty()); };
    connect(m_forward, &QLineEdit::textChanged, this, [this, showKeep] {
        showKeep();
        check();
    });
    showKeep();
}

QStringList AccountDialog::forwardTargets() const
{
    QStringList targets;
    for (const QString &target : m_forward->text().split(u',')) {
        if (!target.trimmed().isEmpty())
            targets += target.trimmed();
    }
    return targets;
}

QString AccountDialog::fault() const
{
    const QString name = m_name ? nameFault(m_name) : QString();
    const QString password = m_name && name.isEmpty() ? passwordFault(m_password->text(), m_again->text()) : name;
    if (!password.isEmpty())
        return password;
    for (const QString &target : forwardTargets()) {
        if (target.indexOf(u'@') < 1 || target.endsWith(u'@') || target.contains(u' '))
            return tr("“%1” is not an address. Several are separated by commas.").arg(target);
    }
    return {};
}

QJsonObject AccountDialog::parameters() const
{
    QJsonObject result{{u"address"_s, m_address},
                       {u"displayName"_s, m_displayName->text().trimmed()},
                       {u"quotaOctets"_s, qint64(m_quota->value() * megabyte)},
                       {u"pop3KeepDays"_s, m_keepDays->value()},
                       {u"forwardTo"_s, QJsonArray::fromStringList(forwardTargets())},
                       {u"forwardKeep"_s, m_forwardKeep->isChecked()},
                       {u"enabled"_s, m_enabled->isChecked()},
                       {u"administrator"_s, m_administrator->isChecked()}};
    mergeInto(result, limits());
    if (m_name) {
        result.insert(u"address"_s, QString(m_name->text().trimmed() + u'@' + m_domain->currentText()));
        result.insert(u"password"_s, m_password->text());
    }
    return result;
}

PasswordDialog::PasswordDialog(const QString &address, QWidget *parent)
    : FormDialog(tr("Password of %1").arg(address), tr("Set password"), parent), m_address(address),
      m_password(passwordEdit()), m_again(passwordEdit())
{
    form()->addRow(tr("&New password"), m_password);
    form()->addRow(tr("New password a&gain"), m_again);
    for (QLineEdit *edit : {m_password, m_again})
        connect(edit, &QLineEdit::textChanged, this, [this] { check(); });
    check();
}

QString PasswordDialog::fault() const { return passwordFault(m_password->text(), m_again->text()); }

QJsonObject PasswordDialog::parameters() const
{
    return {{u"address"_s, m_address}, {u"password"_s, m_password->text()}};
}

AliasDialog::AliasDialog(const QJsonObject &alias, const QStringList &domains, QWidget *parent)
    : FormDialog(alias.isEmpty() ? tr("New alias") : tr("Alias %1").arg(alias.value("address"_L1).toString()),
                 alias.isEmpty() ? tr("Make alias") : tr("Save"), parent),
      m_address(alias.value("address"_L1).toString()), m_targets(new QPlainTextEdit)
{
    if (m_address.isEmpty()) {
        m_name = new QLineEdit;
        m_name->setPlaceholderText(u"info"_s);
        m_domain = new QComboBox;
        m_domain->addItems(domains);
        form()->addRow(tr("&Address"), addressRow(m_name, m_domain));
        connect(m_name, &QLineEdit::textChanged, this, [this] { check(); });
    }
    QStringList targets;
    for (const QJsonValue &target : alias.value("targets"_L1).toArray())
        targets += target.toString();
    m_targets->setPlainText(targets.join(u'\n'));
    m_targets->setPlaceholderText(u"anna@example.org\nben@example.org"_s);
    m_targets->setTabChangesFocus(true);
    form()->addRow(tr("&Goes to"), m_targets);
    addHint(tr("One address a line, here or elsewhere."));
    connect(m_targets, &QPlainTextEdit::textChanged, this, [this] { check(); });
    check();
}

QString AliasDialog::fault() const
{
    const QString name = m_name ? nameFault(m_name) : QString();
    if (!name.isEmpty())
        return name;
    const QStringList lines = m_targets->toPlainText().split(u'\n', Qt::SkipEmptyParts);
    for (const QString &line : lines) {
        if (!line.contains(u'@'))
            return tr("“%1” is not an address.").arg(line.trimmed());
    }
    return lines.isEmpty() ? tr("Type at least one address that the mail goes to.") : QString();
}

QJsonObject AliasDialog::parameters() const
{
    QJsonArray targets;
    for (const QString &line : m_targets->toPlainText().split(u'\n', Qt::SkipEmptyParts)) {
        if (!line.trimmed().isEmpty())
            targets += line.trimmed();
    }
    const QString address = m_name ? QString(m_name->text().trimmed() + u'@' + m_domain->currentText()) : m_address;
    return {{u"address"_s, address}, {u"targets"_s, targets}};
}

DomainDialog::DomainDialog(const QJsonObject &domain, const QStringList &domains, QWidget *parent)
    : FormDialog(domain.isEmpty() ? tr("New domain") : tr("Domain %1").arg(domain.value("name"_L1).toString()),
                 domain.isEmpty() ? tr("Add domain") : tr("Save"), parent),
      m_isNew(domain.isEmpty()), m_name(new QLineEdit(domain.value("name"_L1).toString())), m_aliasOf(new QComboBox),
      m_catchAll(new QLineEdit(domain.value("catchAll"_L1).toString())),
      m_certificate(new QLineEdit(domain.value("certificateFile"_L1).toString())),
      m_key(new QLineEdit(domain.value("keyFile"_L1).toString()))
{
    m_name->setPlaceholderText(u"example.org"_s);
    m_name->setReadOnly(!m_isNew);
    form()->addRow(tr("&Domain"), m_name);
    m_aliasOf->addItem(tr("a domain of its own"), QString());
    for (const QString &other : domains) {
        if (other != domain.value("name"_L1).toString())
            m_aliasOf->addItem(tr("the same accounts as %1").arg(other), other);
    }
    m_aliasOf->setCurrentIndex(qMax(0, m_aliasOf->findData(domain.value("aliasOf"_L1).toString())));
    form()->addRow(tr("&Is"), m_aliasOf);
    m_catchAll->setPlaceholderText(tr("nobody: unknown addresses are refused"));
    form()->addRow(tr("&Unknown addresses go to"), m_catchAll);
    addHint(tr("A domain has accounts of its own, or is another name of one that is here already. Mail for names that nobody has is "
               "refused, unless you say who gets it."));
    addLimits(domain);
    m_certificate->setPlaceholderText(tr("the server's own"));
    form()->addRow(tr("C&ertificate file"), fileRow(m_certificate, this));
    m_key->setPlaceholderText(tr("in the certificate file"));
    form()->addRow(tr("&Key file"), fileRow(m_key, this));
    for (QLineEdit *edit : {m_name, m_catchAll})
        connect(edit, &QLineEdit::textChanged, this, [this] { check(); });
    check();
}

QString DomainDialog::fault() const
{
    const QString name = m_name->text().trimmed();
    if (!name.contains(u'.') || name.contains(u'@') || name.contains(u' '))
        return tr("Type a domain such as example.org.");
    const QString catchAll = m_catchAll->text().trimmed();
    return catchAll.isEmpty() || catchAll.contains(u'@') ? QString() : tr("Type a whole address, or leave it empty.");
}

QJsonObject DomainDialog::parameters() const
{
    QJsonObject result{{u"name"_s, m_name->text().trimmed()},
                       {u"aliasOf"_s, m_aliasOf->currentData().toString()},
                       {u"catchAll"_s, m_catchAll->text().trimmed()},
                       {u"certificateFile"_s, m_certificate->text().trimmed()},
                       {u"keyFile"_s, m_key->text().trimmed()}};
    mergeInto(result, limits());
    return result;
}

} // namespace posthorn::ui
