#include "ui/pages/signatures_dialog.h"

#include "ui/widgets/places.h"
#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QClipboard>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QGroupBox>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 weekMs = 7ll * 86'400'000; // mail is on its way that long at most

QString field(const QJsonObject &row, QLatin1StringView name) { return row.value(name).toString(); }

QString kindText(const QJsonObject &key)
{
    return field(key, "algorithm"_L1) == "rsa"_L1 ? SignaturesDialog::tr("for all servers (RSA)")
                                                  : SignaturesDialog::tr("for newer servers (Ed25519)");
}

QString stateText(const QJsonObject &key)
{
    const QString state = field(key, "state"_L1);
    if (state == "active"_L1)
        return SignaturesDialog::tr("Signs mail");
    return state == "pending"_L1 ? SignaturesDialog::tr("Not yet used") : SignaturesDialog::tr("No longer used");
}

QString adviceText(const QJsonObject &key)
{
    const QString state = field(key, "state"_L1);
    if (state == "active"_L1)
        return SignaturesDialog::tr("This key signs mail. Its record must stay in the DNS.");
    if (state == "pending"_L1)
        return SignaturesDialog::tr("Put this record into the DNS, where you have your domain. An hour later, press “Start signing”.");
    const auto until = QDateTime::fromMSecsSinceEpoch(key.value("changedAt"_L1).toInteger() + weekMs);
    return SignaturesDialog::tr("This key signs no more. Leave its record in the DNS until %1, for mail that is still on its way; "
                                "then remove both.")
        .arg(QLocale().toString(until.date(), QLocale::ShortFormat));
}

// As zone files and most providers' forms take it: strings of at most 255 characters in quotes.
QString valueText(const QJsonObject &key)
{
    QStringList strings;
    for (const QJsonValue &part : key.value("recordStrings"_L1).toArray())
        strings += u'"' + part.toString() + u'"';
    return strings.join(u' ');
}

QPushButton *copyButton(const QString &text, auto source)
{
    auto *button = new QPushButton(text);
    button->setAutoDefault(false);
    QObject::connect(button, &QPushButton::clicked, button, [source] { QGuiApplication::clipboard()->setText(source()); });
    return button;
}

QWidget *besideEachOther(QWidget *left, QWidget *right)
{
    auto *row = new QWidget;
    auto *layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(left, 1);
    layout->addWidget(right, 0, Qt::AlignTop);
    row->setFocusProxy(left);
    return row;
}

} // namespace

SignaturesDialog::SignaturesDialog(control::Client &client, const QString &domain, QWidget *parent)
    : QDialog(parent), m_client(client), m_domain(domain),
      m_keys(new Table({{tr("Key"), [](const QJsonObject &k) { return field(k, "selector"_L1); }},
                        {tr("Kind"), kindText},
                        {tr("State"), stateText},
                        {tr("Since"), [](const QJsonObject &k) { return timeText(k.value("changedAt"_L1).toInteger()); }}},
                       u"selector"_s)),
      m_fault(new QLabel)
{
    setWindowTitle(tr("Signatures of %1").arg(domain));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(760, 560);
    keepPlace(this, u"signatures"_s);
    auto *layout = new QVBoxLayout(this);
    layout->setSpacing(10);
    auto *words = new QLabel(tr("With a signature (DKIM) other servers can tell that mail is really from %1, and are less likely "
                                "to take it for spam. They find the public half of the key in the DNS.").arg(domain));
    words->setWordWrap(true);
    layout->addWidget(words);
    m_keys->setEmptyText(tr("No keys yet: mail is not signed."));
    layout->addWidget(m_keys, 1);
    layout->addWidget(recordBox());
    m_fault->setWordWrap(true);
    m_fault->setStyleSheet(faultStyle(palette()));
    m_keys->keepColumns(u"signatures"_s);
    m_keys->setName(tr("Keys"));
    layout->addWidget(m_fault);
    layout->addWidget(buttonRow());
    connect(m_keys, &Table::selectionChanged, this, &SignaturesDialog::showRecord);
    showRecord();
    load();
}

QWidget *SignaturesDialog::recordBox()
{
    m_record = new QGroupBox(tr("Record for the DNS (TXT)"));
    m_name = new QLineEdit;
    m_name->setReadOnly(true);
    m_value = new QPlainTextEdit;
    m_value->setReadOnly(true);
    m_value->setTabChangesFocus(true);
    m_value->setMaximumHeight(m_value->fontMetrics().lineSpacing() * 6);
    m_advice = new QLabel;
    m_advice->setWordWrap(true);
    auto *form = new QFormLayout(m_record);
    form->addRow(tr("Na&me"), besideEachOther(m_name, copyButton(tr("&Copy name"), [this] { return m_name->text(); })));
    form->addRow(tr("&Value"), besideEachOther(m_value, copyButton(tr("C&opy value"), [this] { return m_value->toPlainText(); })));
    form->addRow(m_advice);
    return m_record;
}

QWidget *SignaturesDialog::buttonRow()
{
    auto *row = new QDialogButtonBox(QDialogButtonBox::Close);
    m_make = row->addButton(tr("&New keys"), QDialogButtonBox::ActionRole);
    m_start = row->addButton(tr("&Start signing"), QDialogButtonBox::ActionRole);
    m_stop = row->addButton(tr("S&top signing"), QDialogButtonBox::ActionRole);
    m_remove = row->addButton(tr("&Remove…"), QDialogButtonBox::ActionRole);
    connect(m_make, &QPushButton::clicked, this, [this] { ask(u"dkim.add"_s, {}); });
    connect(m_start, &QPushButton::clicked, this, [this] { ask(u"dkim.activate"_s, field(chosen(), "selector"_L1)); });
    connect(m_stop, &QPushButton::clicked, this, [this] { ask(u"dkim.retire"_s, field(chosen(), "selector"_L1)); });
    connect(m_remove, &QPushButton::clicked, this, &SignaturesDialog::remove);
    connect(row, &QDialogButtonBox::rejected, this, &QDialog::reject);
    return row;
}

QJsonObject SignaturesDialog::chosen() const
{
    const auto rows = m_keys->selected();
    return rows.size() == 1 ? rows.front() : QJsonObject();
}

void SignaturesDialog::showRecord()
{
    const QJsonObject key = chosen();
    const QString state = field(key, "state"_L1);
    m_name->setText(field(key, "recordName"_L1));
    m_value->setPlainText(valueText(key));
    m_advice->setText(key.isEmpty() ? tr("Choose a key to see its record.") : adviceText(key));
    m_record->setEnabled(!key.isEmpty());
    m_start->setEnabled(!key.isEmpty() && state != "active"_L1);
    m_stop->setEnabled(state == "active"_L1);
    m_remove->setEnabled(!key.isEmpty() && state != "active"_L1);
}

void SignaturesDialog::load()
{
    m_client.call(u"dkim.list"_s, {{u"domain"_s, m_domain}}, this, [this](const Result<QJsonValue> &result) {
        if (!result) {
            m_fault->setText(result.error().text);
            return;
        }
        QList<QJsonObject> keys;
        for (const QJsonValue &key : result->toObject().value("keys"_L1).toArray())
            keys += key.toObject();
        showKeys(keys);
    });
}

void SignaturesDialog::showKeys(const QList<QJsonObject> &keys)
{
    m_keys->setRows(keys);
    if (chosen().isEmpty())
        m_keys->selectFirst();
    showRecord();
}

void SignaturesDialog::ask(const QString &method, const QString &selector)
{
    QJsonObject parameters{{u"domain"_s, m_domain}};
    if (!selector.isEmpty())
        parameters.insert(u"selector"_s, selector);
    m_fault->clear();
    m_make->setEnabled(false); // a second press would make a second pair
    m_client.call(method, parameters, this, [this](const Result<QJsonValue> &result) {
        m_make->setEnabled(true);
        if (!result)
            m_fault->setText(result.error().text);
        load();
    });
}

void SignaturesDialog::remove()
{
    const QString selector = field(chosen(), "selector"_L1);
    QMessageBox box(QMessageBox::Warning, windowTitle(), tr("Remove the key %1?").arg(selector), QMessageBox::NoButton, this);
    box.setInformativeText(tr("What it has signed can be checked as long as its record stays in the DNS. The key itself can't be "
                              "brought back."));
    box.addButton(tr("Remove key"), QMessageBox::DestructiveRole);
    box.setDefaultButton(box.addButton(QMessageBox::Cancel));
    box.exec();
    if (box.buttonRole(box.clickedButton()) == QMessageBox::DestructiveRole)
        ask(u"dkim.remove"_s, selector);
}

} // namespace posthorn::ui
