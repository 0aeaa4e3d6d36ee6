#include "ui/pages/routes_dialog.h"

#include "control/api/providers.h"
#include "ui/widgets/places.h"
#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

constexpr std::chrono::seconds testTime{90}; // several addresses, and a command for a token

QString field(const QJsonObject &row, QLatin1StringView name) { return row.value(name).toString(); }

QString domainsIn(const QJsonObject &route, QLatin1StringView name)
{
    return route.value(name).toVariant().toStringList().join(u' ');
}

QString hostText(const QJsonObject &route)
{
    const QString host = field(route, "host"_L1);
    return host.isEmpty() ? RoutesDialog::tr("the recipients' servers") : host;
}

QJsonArray domainList(const QLineEdit *edit)
{
    return QJsonArray::fromStringList(edit->text().replace(u',', u' ').split(u' ', Qt::SkipEmptyParts));
}

void choose(QComboBox *box, const QString &value)
{
    box->setCurrentIndex(qMax(0, box->findData(value)));
}

} // namespace

RoutesDialog::RoutesDialog(control::Client &client, QWidget *parent)
    : QDialog(parent), m_client(client),
      m_routes(new Table({{tr("Route"), [](const QJsonObject &r) { return field(r, "name"_L1); }},
                          {tr("Mail to"), [](const QJsonObject &r) { return domainsIn(r, "recipients"_L1); }},
                          {tr("Mail from"), [](const QJsonObject &r) { return domainsIn(r, "senders"_L1); }},
                          {tr("Goes through"), hostText}},
                         u"name"_s))
{
    setWindowTitle(tr("Routes"));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(820, 760);
    keepPlace(this, u"routes"_s);
    auto *words = new QLabel(tr("A route sends the mail of certain domains through a server of your choice. What it is to counts "
                                "first, then whom it is from; all other mail goes as the settings say."));
    words->setWordWrap(true);
    m_routes->setEmptyText(tr("No routes: all mail goes as the settings say."));
    m_fault = new QLabel;
    m_fault->setWordWrap(true);
    m_fault->setStyleSheet(faultStyle(palette()));
    m_routes->keepColumns(u"routes"_s);
    m_routes->setName(tr("Routes"));
    m_report = new QPlainTextEdit;
    m_report->setReadOnly(true);
    m_report->setTabChangesFocus(true);
    m_report->setAccessibleName(tr("What came of the test"));
    m_report->hide();
    auto *layout = new QVBoxLayout(this);
    layout->setSpacing(10);
    layout->addWidget(words);
    layout->addWidget(m_routes, 1);
    layout->addWidget(form());
    layout->addWidget(m_fault);
    layout->addWidget(m_report, 1);
    layout->addWidget(buttonRow());
    connect(m_routes, &Table::selectionChanged, this, &RoutesDialog::showChosen);
    showChosen();
    load();
}

QWidget *RoutesDialog::form()
{
    m_box = new QGroupBox;
    m_name = new QLineEdit;
    m_recipients = new QLineEdit;
    m_recipients->setPlaceholderText(tr("example.org .example.net – with a dot in front: and all below it"));
    m_senders = new QLineEdit;
    m_provider = new QComboBox;
    m_provider->addItem(tr("Another one"), QString());
    for (const control::Provider &one : control::providers())
        m_provider->addItem(one.name, one.id);
    m_region = new QComboBox;
    m_hint = new QLabel;
    m_hint->setWordWrap(true);
    m_host = new QLineEdit;
    m_host->setPlaceholderText(tr("smtp.example.org:465; empty: straight to the recipients' servers"));
    m_tls = new QComboBox;
    m_tls->addItem(tr("From the start, certificate checked (port 465)"), u"tls"_s);
    m_tls->addItem(tr("STARTTLS, certificate checked (port 587)"), u"verify"_s);
    m_tls->addItem(tr("STARTTLS, any certificate"), u"encrypt"_s);
    m_tls->addItem(tr("STARTTLS if there is any"), u"may"_s);
    m_tls->addItem(tr("None"), u"none"_s);
    m_auth = new QComboBox;
    m_auth->addItem(tr("The safest one offered"), u"auto"_s);
    for (const QString &way : {u"PLAIN"_s, u"LOGIN"_s, u"SCRAM-SHA-256"_s, u"XOAUTH2"_s})
        m_auth->addItem(way, way);
    m_user = new QLineEdit;
    m_secret = new QLineEdit;
    m_secret->setEchoMode(QLineEdit::Password);
    m_tokenCommand = new QLineEdit;
    m_tokenCommand->setPlaceholderText(tr("/whole/path/of/program arguments – prints the token"));
    auto *provider = new QWidget;
    auto *server = new QHBoxLayout(provider);
    server->setContentsMargins(0, 0, 0, 0);
    server->addWidget(m_provider, 1);
    server->addWidget(m_region);
    provider->setFocusProxy(m_provider);
    auto *lines = new QFormLayout(m_box);
    lines->addRow(tr("Na&me"), m_name);
    lines->addRow(tr("Mail t&o"), m_recipients);
    lines->addRow(tr("Mail &from"), m_senders);
    lines->addRow(tr("&Provider"), provider);
    lines->addRow(m_hint);
    lines->addRow(tr("&Server"), m_host);
    lines->addRow(tr("&Encryption"), m_tls);
    lines->addRow(tr("&User name"), m_user);
    lines->addRow(tr("Pass&word"), m_secret);
    lines->addRow(tr("Si&gn-in"), m_auth);
    lines->addRow(tr("To&ken from"), m_tokenCommand);
    connect(m_provider, &QComboBox::activated, this, &RoutesDialog::takeProvider);
    connect(m_region, &QComboBox::activated, this, &RoutesDialog::takeRegion);
    connect(m_auth, &QComboBox::currentIndexChanged, this, &RoutesDialog::enableWhatFits);
    for (QLineEdit *edit : m_box->findChildren<QLineEdit *>())
        connect(edit, &QLineEdit::textChanged, this, &RoutesDialog::enableWhatFits);
    connect(m_tls, &QComboBox::currentIndexChanged, this, &RoutesDialog::enableWhatFits);
    m_region->setAccessibleName(tr("Region"));
    return m_box;
}

QWidget *RoutesDialog::buttonRow()
{
    auto *row = new QDialogButtonBox(QDialogButtonBox::Close);
    m_add = row->addButton(tr("&New route"), QDialogButtonBox::ActionRole);
    m_save = row->addButton(tr("Sa&ve"), QDialogButtonBox::ActionRole);
    m_undo = row->addButton(tr("Un&do"), QDialogButtonBox::ActionRole);
    m_test = row->addButton(tr("&Test"), QDialogButtonBox::ActionRole);
    m_remove = row->addButton(tr("&Remove…"), QDialogButtonBox::ActionRole);
    connect(m_add, &QPushButton::clicked, this, &RoutesDialog::begin);
    connect(m_save, &QPushButton::clicked, this, &RoutesDialog::save);
    connect(m_undo, &QPushButton::clicked, this, &RoutesDialog::showChosen);
    connect(m_test, &QPushButton::clicked, this, &RoutesDialog::test);
    connect(m_remove, &QPushButton::clicked, this, &RoutesDialog::remove);
    connect(row, &QDialogButtonBox::rejected, this, &QDialog::reject);
    return row;
}

// --- what is shown ---------------------------------------------------------------------------------------------

QJsonObject RoutesDialog::chosen() const
{
    const auto rows = m_routes->selected();
    return rows.size() == 1 ? rows.front() : QJsonObject();
}

void RoutesDialog::load(const QString &chosenName)
{
    m_client.call(u"route.list"_s, {}, this, [this, chosenName](const Result<QJsonValue> &result) {
        if (!result) {
            m_fault->setText(result.error().text);
            return;
        }
        QList<QJsonObject> routes;
        for (const QJsonValue &route : result->toObject().value("routes"_L1).toArray())
            routes += route.toObject();
        if (isNew() || isChanged())
            return; // nothing that was typed is lost
        m_routes->setRows(routes);
        m_routes->select(chosenName);
        if (chosen().isEmpty())
            m_routes->selectFirst();
        showChosen();
    });
}

void RoutesDialog::showChosen()
{
    const QJsonObject route = chosen();
    m_new = false;
    m_box->setTitle(route.isEmpty() ? tr("Route") : tr("Route %1").arg(field(route, "name"_L1)));
    m_name->setText(field(route, "name"_L1));
    m_recipients->setText(domainsIn(route, "recipients"_L1));
    m_senders->setText(domainsIn(route, "senders"_L1));
    m_host->setText(field(route, "host"_L1));
    m_user->setText(field(route, "user"_L1));
    m_secret->clear();
    m_secret->setPlaceholderText(route.value("hasSecret"_L1).toBool() ? tr("(unchanged)") : QString());
    m_tokenCommand->setText(field(route, "tokenCommand"_L1));
    choose(m_provider, {});
    choose(m_tls, field(route, "tls"_L1));
    choose(m_auth, field(route, "auth"_L1));
    m_region->hide();
    m_hint->hide();
    m_report->hide();
    m_fault->clear();
    m_shown = filledIn();
    enableWhatFits();
}

void RoutesDialog::begin()
{
    m_routes->view().clearSelection();
    showChosen();
    m_new = true;
    m_box->setTitle(tr("New route"));
    m_shown = filledIn();
    enableWhatFits();
    m_name->setFocus();
}

void RoutesDialog::takeProvider()
{
    const auto provider = control::providerNamed(m_provider->currentData().toString());
    m_hint->setVisible(provider.has_value());
    m_region->setVisible(provider && !provider->regions.isEmpty());
    if (!provider)
        return;
    m_hint->setText(tr("User name: %1. %2").arg(provider->user, provider->hint));
    m_region->clear();
    m_region->addItems(provider->regions);
    choose(m_tls, provider->tls);
    choose(m_auth, provider->wantsToken() ? u"XOAUTH2"_s : u"auto"_s);
    takeRegion();
}

void RoutesDialog::takeRegion()
{
    const auto provider = control::providerNamed(m_provider->currentData().toString());
    if (!provider)
        return;
    if (const auto host = provider->hostIn(m_region->currentText()))
        m_host->setText(*host + u':' + QString::number(provider->port));
}

void RoutesDialog::enableWhatFits()
{
    const bool any = isNew() || !chosen().isEmpty(), changed = isNew() || isChanged(), smart = !m_host->text().trimmed().isEmpty();
    const bool token = m_auth->currentData().toString() == "XOAUTH2"_L1;
    m_box->setEnabled(any);
    m_name->setEnabled(isNew());
    for (QWidget *widget : std::initializer_list<QWidget *>{m_tls, m_user, m_auth})
        widget->setEnabled(smart);
    m_secret->setEnabled(smart && !token);
    m_tokenCommand->setEnabled(smart && token);
    // One thing at a time: what was begun is saved or undone before another route is looked at.
    m_routes->setEnabled(!changed);
    m_add->setEnabled(!changed);
    m_save->setEnabled(any && changed);
    m_undo->setEnabled(changed);
    m_test->setEnabled(!changed && !field(chosen(), "host"_L1).isEmpty());
    m_remove->setEnabled(!changed && any);
}

bool RoutesDialog::isChanged() const { return filledIn() != m_shown; }

void RoutesDialog::reject()
{
    if (isChanged()) {
        QMessageBox box(QMessageBox::Question, windowTitle(), tr("Close without saving this route?"), QMessageBox::NoButton, this);
        box.setInformativeText(tr("What you typed is lost."));
        box.addButton(tr("&Don't save"), QMessageBox::DestructiveRole);
        box.setDefaultButton(box.addButton(QMessageBox::Cancel));
        box.exec();
        if (box.buttonRole(box.clickedButton()) != QMessageBox::DestructiveRole)
            return;
    }
    QDialog::reject();
}

// --- what is done ----------------------------------------------------------------------------------------------

QJsonObject RoutesDialog::filledIn() const
{
    const bool smart = !m_host->text().trimmed().isEmpty(), token = m_auth->currentData().toString() == "XOAUTH2"_L1;
    QJsonObject fields{{u"name"_s, m_name->text().trimmed()},
                       {u"recipients"_s, domainList(m_recipients)},
                       {u"senders"_s, domainList(m_senders)},
                       {u"host"_s, m_host->text().trimmed()},
                       {u"tls"_s, m_tls->currentData().toString()},
                       {u"auth"_s, m_auth->currentData().toString()},
                       {u"user"_s, smart ? m_user->text().trimmed() : QString()},
                       {u"tokenCommand"_s, smart && token ? m_tokenCommand->text().trimmed() : QString()}};
    if (!smart || token)
        fields.insert(u"secret"_s, QString());
    else if (!m_secret->text().isEmpty())
        fields.insert(u"secret"_s, m_secret->text());
    return fields;
}

void RoutesDialog::call(const QString &method, const QJsonObject &parameters, const std::function<void(const QJsonObject &)> &done)
{
    m_fault->clear();
    m_client.call(method, parameters, this, [this, done](const Result<QJsonValue> &result) {
        if (result)
            done(result->toObject());
        else
            m_fault->setText(result.error().text);
    }, testTime);
}

void RoutesDialog::save()
{
    call(isNew() ? u"route.add"_s : u"route.update"_s, filledIn(), [this](const QJsonObject &route) {
        m_new = false;
        m_shown = filledIn();
        load(field(route, "name"_L1));
    });
}

void RoutesDialog::remove()
{
    const QString name = field(chosen(), "name"_L1);
    QMessageBox box(QMessageBox::Warning, windowTitle(), tr("Remove the route %1?").arg(name), QMessageBox::NoButton, this);
    box.setInformativeText(tr("Mail that waits for it goes as the other routes and the settings say."));
    box.addButton(tr("Remove route"), QMessageBox::DestructiveRole);
    box.setDefaultButton(box.addButton(QMessageBox::Cancel));
    box.exec();
    if (box.buttonRole(box.clickedButton()) == QMessageBox::DestructiveRole)
        call(u"route.remove"_s, {{u"name"_s, name}}, [this](const QJsonObject &) { load(); });
}

// As it is kept.
void RoutesDialog::test()
{
    m_report->setPlainText(tr("Trying…"));
    m_report->show();
    m_test->setEnabled(false);
    m_client.call(u"route.test"_s, {{u"name"_s, field(chosen(), "name"_L1)}}, this, [this](const Result<QJsonValue> &result) {
        enableWhatFits();
        if (!result) {
            m_report->setPlainText(result.error().text);
            return;
        }
        const QJsonObject report = result->toObject();
        QStringList lines;
        for (const QJsonValue &value : report.value("steps"_L1).toArray()) {
            const QJsonObject step = value.toObject();
            lines += (step.value("good"_L1).toBool() ? u"✓ "_s : u"✗ "_s) + field(step, "text"_L1);
        }
        lines += {QString(), field(report, "dialogue"_L1)};
        m_report->setPlainText(lines.join(u'\n').trimmed());
    }, testTime);
}

} // namespace posthorn::ui
