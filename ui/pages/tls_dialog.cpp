#include "ui/pages/tls_dialog.h"

#include "control/api/values.h"
#include "ui/widgets/places.h"
#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

constexpr auto rulesKey = "relay.tls_policy"_L1, usualKey = "relay.tls"_L1;

QString field(const QJsonObject &row, QLatin1StringView name) { return row.value(name).toString(); }

QString modeText(const QJsonObject &row)
{
    const QString mode = field(row, "mode"_L1);
    if (mode == "enforce"_L1)
        return TlsDialog::tr("must be encrypted");
    return mode == "testing"_L1 ? TlsDialog::tr("is tried out, not yet demanded") : TlsDialog::tr("nothing");
}

QString hostsText(const QJsonObject &row) { return row.value("hosts"_L1).toVariant().toStringList().join(u", "_s); }

} // namespace

TlsDialog::TlsDialog(control::Client &client, QWidget *parent) : QDialog(parent), m_client(client)
{
    setWindowTitle(tr("Encryption on the way out"));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(760, 640);
    keepPlace(this, u"tls"_s);
    auto *words = new QLabel(tr("Mail goes encrypted wherever the other server can do that. Where encryption is demanded and can't be "
                                "had, mail waits in the queue and says why; it never goes out in clear text then."));
    words->setWordWrap(true);
    m_usual = new QLabel;
    m_usual->setWordWrap(true);
    m_fault = new QLabel;
    m_fault->setWordWrap(true);
    m_fault->setStyleSheet(faultStyle(palette()));
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Close);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto *layout = new QVBoxLayout(this);
    layout->setSpacing(10);
    layout->addWidget(words);
    layout->addWidget(m_usual);
    layout->addWidget(rulesBox(), 1);
    layout->addWidget(learntBox(), 1);
    layout->addWidget(m_fault);
    layout->addWidget(buttons);
    load();
}

QWidget *TlsDialog::rulesBox()
{
    auto *box = new QGroupBox(tr("Your rules for certain domains"));
    m_rules = new Table({{tr("Mail to"), [](const QJsonObject &row) { return field(row, "domain"_L1); }},
                         {tr("Encryption"), [](const QJsonObject &row) { return tlsPolicyText(field(row, "policy"_L1)); }}},
                        u"domain"_s);
    m_rules->setEmptyText(tr("No rules of your own."));
    m_rules->keepColumns(u"tls-rules"_s);
    m_rules->setName(box->title());
    m_domain = new QLineEdit;
    m_domain->setPlaceholderText(u"bank.example"_s);
    m_domain->setAccessibleName(tr("Domain"));
    m_policy = new QComboBox;
    m_policy->setAccessibleName(tr("Encryption"));
    for (const QString &policy : {u"verify"_s, u"encrypt"_s, u"may"_s, u"none"_s})
        m_policy->addItem(tlsPolicyText(policy), policy);
    m_add = new QPushButton(tr("&Add"));
    m_remove = new QPushButton(tr("&Remove"));
    m_remove->setAutoDefault(false);
    m_add->setEnabled(false);
    m_remove->setEnabled(false);
    auto *bar = new QHBoxLayout;
    bar->addWidget(m_domain, 1);
    bar->addWidget(m_policy, 1);
    bar->addWidget(m_add);
    bar->addWidget(m_remove);
    auto *layout = new QVBoxLayout(box);
    layout->addWidget(m_rules, 1);
    layout->addLayout(bar);
    connect(m_domain, &QLineEdit::textChanged, this, [this](const QString &text) { m_add->setEnabled(!text.trimmed().isEmpty()); });
    connect(m_add, &QPushButton::clicked, this, &TlsDialog::addRule);
    connect(m_remove, &QPushButton::clicked, this, &TlsDialog::removeRules);
    connect(m_rules, &Table::selectionChanged, this, [this] { m_remove->setEnabled(!m_rules->selected().isEmpty()); });
    return box;
}

QWidget *TlsDialog::learntBox()
{
    auto *box = new QGroupBox(tr("What domains ask for themselves (MTA-STS)"));
    m_learnt = new Table({{tr("Domain"), [](const QJsonObject &row) { return field(row, "domain"_L1); }},
                          {tr("Mail to it"), modeText},
                          {tr("Until"), [](const QJsonObject &row) { return timeText(row.value("expiresAt"_L1).toInteger()); },
                           [](const QJsonObject &row) { return QVariant(row.value("expiresAt"_L1).toInteger()); }},
                          {tr("Only to these servers"), hostsText}},
                         u"domain"_s);
    m_learnt->setEmptyText(tr("No domain that mail went to lately asks for anything."));
    m_learnt->keepColumns(u"tls-learnt"_s);
    m_learnt->setName(box->title());
    auto *layout = new QVBoxLayout(box);
    layout->addWidget(m_learnt);
    return box;
}

void TlsDialog::load()
{
    m_client.call(u"settings.list"_s, {}, this, [this](const Result<QJsonValue> &result) {
        if (!result)
            return m_fault->setText(result.error().text);
        for (const QJsonValue &value : result->toObject().value("settings"_L1).toArray()) {
            const QJsonObject setting = value.toObject();
            const QString key = field(setting, "key"_L1), now = field(setting, "value"_L1);
            if (key == rulesKey)
                showRules(now);
            else if (key == usualKey)
                m_usual->setText(tr("All domains without a rule below: %1. (Settings, Sending.)").arg(tlsPolicyText(now).toLower()));
        }
    });
    m_client.call(u"tls.list"_s, {}, this, [this](const Result<QJsonValue> &result) {
        if (!result)
            return m_fault->setText(result.error().text);
        QList<QJsonObject> rows;
        for (const QJsonValue &row : result->toObject().value("policies"_L1).toArray())
            rows += row.toObject();
        m_learnt->setRows(std::move(rows));
    });
}

void TlsDialog::showRules(const QString &value)
{
    QList<QJsonObject> rows;
    for (const QString &rule : value.split(u' ', Qt::SkipEmptyParts))
        rows += QJsonObject{{u"domain"_s, rule.section(u'=', 0, 0)}, {u"policy"_s, rule.section(u'=', 1)}};
    m_rules->setRows(std::move(rows));
}

void TlsDialog::addRule()
{
    const auto domain = control::checkDomain(m_domain->text().trimmed());
    if (!domain)
        return m_fault->setText(domain.error().text);
    QStringList rules{*domain + u'=' + m_policy->currentData().toString()};
    for (const QJsonObject &row : m_rules->model().rows()) {
        if (field(row, "domain"_L1) != *domain)
            rules += field(row, "domain"_L1) + u'=' + field(row, "policy"_L1);
    }
    save(rules);
}

void TlsDialog::removeRules()
{
    const auto gone = m_rules->selected();
    QStringList rules;
    for (const QJsonObject &row : m_rules->model().rows()) {
        if (!gone.contains(row))
            rules += field(row, "domain"_L1) + u'=' + field(row, "policy"_L1);
    }
    save(rules);
}

void TlsDialog::save(const QStringList &rules)
{
    m_fault->clear();
    const QJsonObject parameters{{u"key"_s, QString(rulesKey)}, {u"value"_s, rules.join(u' ')}};
    m_client.call(u"settings.set"_s, parameters, this, [this](const Result<QJsonValue> &result) {
        if (result)
            m_domain->clear();
        else
            m_fault->setText(result.error().text);
        load();
    });
}

} // namespace posthorn::ui
