#include "ui/pages/dns_dialog.h"

#include "ui/facts.h"
#include "ui/widgets/places.h"
#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QClipboard>
#include <QDialogButtonBox>
#include <QGuiApplication>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

QString field(const QJsonObject &row, QLatin1StringView name) { return row.value(name).toString(); }

// As zone files and most providers' forms take it: strings of at most 255 characters in quotes.
QString keyText(const QJsonObject &key)
{
    QStringList strings;
    for (const QJsonValue &part : key.value("recordStrings"_L1).toArray())
        strings += u'"' + part.toString() + u'"';
    return strings.join(u' ');
}

void addServices(QList<DnsRecord> &records, const QString &domain, const QList<ProgramAccess> &ways, const QString &tls, const QString &plain)
{
    for (const ProgramAccess &way : ways) {
        const QString service = way.protocol == "POP3"_L1 ? QString() : way.encryption == "STARTTLS"_L1 ? plain : tls;
        if (!service.isEmpty())
            records += {u"SRV"_s, service + u"._tcp."_s + domain, u"0 1 %1 %2."_s.arg(way.port).arg(way.server),
                        DnsDialog::tr("Mail programs find the server by themselves")};
    }
}

} // namespace

QList<DnsRecord> dnsRecords(const QString &domain, const QJsonObject &status, const QJsonArray &keys, const QString &smartHost)
{
    const QString host = field(status, "hostName"_L1);
    QList<DnsRecord> records{
        {u"MX"_s, domain, u"10 %1."_s.arg(host), DnsDialog::tr("Mail for the domain comes to this server")},
        {u"TXT"_s, domain, u"\"v=spf1 mx ~all\""_s,
         smartHost.isEmpty() ? DnsDialog::tr("Only this server sends mail of the domain (SPF)")
                             : DnsDialog::tr("Who sends mail of the domain (SPF). You send through %1: ask that provider what to put in "
                                             "before “~all”").arg(smartHost)}};
    for (const QJsonValue &value : keys) {
        const QJsonObject key = value.toObject();
        if (field(key, "domain"_L1) == domain && field(key, "state"_L1) != "retired"_L1)
            records += {u"TXT"_s, field(key, "recordName"_L1), keyText(key), DnsDialog::tr("Its mail can be told from forged mail (DKIM)")};
    }
    records += {u"TXT"_s, u"_dmarc."_s + domain, u"\"v=DMARC1; p=none; rua=mailto:postmaster@%1\""_s.arg(domain),
                DnsDialog::tr("Other servers report forged mail (DMARC). When all is well, make it p=quarantine")};
    addServices(records, domain, waysToRead(status), u"_imaps"_s, u"_imap"_s);
    addServices(records, domain, waysToSend(status), u"_submissions"_s, u"_submission"_s);
    return records;
}

DnsDialog::DnsDialog(control::Client &client, const QString &domain, QWidget *parent)
    : QDialog(parent), m_client(client), m_domain(domain),
      m_records(new Table({{tr("Type"), [](const QJsonObject &r) { return field(r, "type"_L1); }},
                           {tr("Name"), [](const QJsonObject &r) { return field(r, "name"_L1); }},
                           {tr("Value"), [](const QJsonObject &r) { return field(r, "value"_L1); }},
                           {tr("What for"), [](const QJsonObject &r) { return field(r, "purpose"_L1); }}},
                          u"key"_s)),
      m_purpose(new QLabel), m_fault(new QLabel)
{
    setWindowTitle(tr("DNS records of %1").arg(shownAddress(domain)));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(860, 460);
    keepPlace(this, u"records"_s);
    auto *words = new QLabel(tr("Put these into the DNS, where you have your domain. The server's own name must be there as well, with the "
                                "address that it has on the internet."));
    words->setWordWrap(true);
    m_records->keepColumns(u"records"_s);
    m_records->setName(windowTitle());
    m_fault->setWordWrap(true);
    m_purpose->setWordWrap(true);
    m_purpose->setTextFormat(Qt::PlainText);
    m_purpose->setMinimumHeight(m_purpose->fontMetrics().lineSpacing() * 2);
    m_fault->setStyleSheet(faultStyle(palette()));
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Close);
    auto *copyValue = buttons->addButton(tr("Copy &value"), QDialogButtonBox::ActionRole);
    auto *copyAll = buttons->addButton(tr("&Copy all"), QDialogButtonBox::ActionRole);
    copyValue->setEnabled(false);
    connect(m_records, &Table::selectionChanged, this, [this, copyValue] {
        const auto chosen = m_records->selected();
        copyValue->setEnabled(chosen.size() == 1);
        m_purpose->setText(chosen.size() == 1 ? tr("%1: %2.").arg(field(chosen.first(), "name"_L1), field(chosen.first(), "purpose"_L1))
                                              : QString());
    });
    connect(copyValue, &QPushButton::clicked, this,
            [this] { QGuiApplication::clipboard()->setText(field(m_records->selected().first(), "value"_L1)); });
    connect(copyAll, &QPushButton::clicked, this, [this] { copy(m_records->shown()); });
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto *layout = new QVBoxLayout(this);
    layout->setSpacing(10);
    layout->addWidget(words);
    layout->addWidget(m_records, 1);
    layout->addWidget(m_purpose);
    layout->addWidget(m_fault);
    layout->addWidget(buttons);
    load();
}

void DnsDialog::call(const QString &method, const QJsonObject &parameters, const std::function<void(const QJsonObject &)> &done)
{
    m_client.call(method, parameters, this, [this, done](const Result<QJsonValue> &result) {
        if (result)
            done(result->toObject());
        else
            m_fault->setText(result.error().text);
    });
}

void DnsDialog::load()
{
    call(u"server.status"_s, {}, [this](const QJsonObject &status) {
        m_status = status;
        call(u"dkim.list"_s, {{u"domain"_s, m_domain}}, [this](const QJsonObject &answer) {
            m_keys = answer.value("keys"_L1).toArray();
            call(u"settings.get"_s, {{u"key"_s, u"relay.smart_host"_s}},
                 [this](const QJsonObject &setting) { show(field(setting, "value"_L1)); });
        });
    });
}

void DnsDialog::show(const QString &smartHost)
{
    QList<QJsonObject> rows;
    for (const DnsRecord &record : dnsRecords(m_domain, m_status, m_keys, smartHost))
        rows += QJsonObject{{u"key"_s, rows.size()}, {u"type"_s, record.type}, {u"name"_s, record.name}, {u"value"_s, record.value},
                            {u"purpose"_s, record.purpose}};
    m_records->setRows(std::move(rows));
    m_records->selectFirst();
}

// As lines of a zone file.
void DnsDialog::copy(const QList<QJsonObject> &rows)
{
    QString text;
    for (const QJsonObject &row : rows)
        text += u"%1. IN %2 %3\n"_s.arg(field(row, "name"_L1), field(row, "type"_L1), field(row, "value"_L1));
    QGuiApplication::clipboard()->setText(text);
}

} // namespace posthorn::ui
