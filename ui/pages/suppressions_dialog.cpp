#include "ui/pages/suppressions_dialog.h"

#include "ui/widgets/places.h"
#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QDialogButtonBox>
#include <QInputDialog>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

QString field(const QJsonObject &row, QLatin1StringView name) { return row.value(name).toString(); }

QString whyText(const QJsonObject &row)
{
    const QString reply = field(row, "reply"_L1);
    return reply.isEmpty() ? field(row, "reason"_L1) : reply;
}

} // namespace

SuppressionsDialog::SuppressionsDialog(control::Client &client, QWidget *parent)
    : QDialog(parent), m_client(client),
      m_addresses(new Table({{tr("Address"), [](const QJsonObject &row) { return field(row, "address"_L1); }},
                             {tr("Since"), [](const QJsonObject &row) { return timeText(row.value("since"_L1).toInteger()); },
                              [](const QJsonObject &row) { return QVariant(row.value("since"_L1).toInteger()); }},
                             {tr("Last answer"), whyText}},
                            u"address"_s)),
      m_fault(new QLabel)
{
    setWindowTitle(tr("Addresses that failed"));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(760, 480);
    keepPlace(this, u"suppressions"_s);
    auto *layout = new QVBoxLayout(this);
    layout->setSpacing(10);
    auto *words = new QLabel(tr("Their servers say that these addresses do not exist. Mail to them is refused at once, for servers "
                                "that go on trying are taken for senders of spam. If an address is right again, take it off the list."));
    words->setWordWrap(true);
    layout->addWidget(words);
    auto *search = new QLineEdit;
    search->setPlaceholderText(tr("Find"));
    search->setClearButtonEnabled(true);
    layout->addWidget(search);
    m_addresses->setEmptyText(tr("No address has failed for good."));
    layout->addWidget(m_addresses, 1);
    m_fault->setWordWrap(true);
    m_fault->setStyleSheet(faultStyle(palette()));
    m_addresses->keepColumns(u"suppressions"_s);
    m_addresses->setName(windowTitle());
    search->setAccessibleName(tr("Find"));
    layout->addWidget(m_fault);
    layout->addWidget(buttonRow());
    connect(search, &QLineEdit::textChanged, m_addresses, &Table::setFilter);
    connect(m_addresses, &Table::selectionChanged, this, [this] { m_remove->setEnabled(!m_addresses->selected().isEmpty()); });
    load();
}

QWidget *SuppressionsDialog::buttonRow()
{
    auto *row = new QDialogButtonBox(QDialogButtonBox::Close);
    auto *add = row->addButton(tr("&Add…"), QDialogButtonBox::ActionRole);
    m_remove = row->addButton(tr("&Take off the list"), QDialogButtonBox::ActionRole);
    m_remove->setEnabled(false);
    connect(add, &QPushButton::clicked, this, &SuppressionsDialog::add);
    connect(m_remove, &QPushButton::clicked, this, &SuppressionsDialog::removeChosen);
    connect(row, &QDialogButtonBox::rejected, this, &QDialog::reject);
    return row;
}

void SuppressionsDialog::load()
{
    m_client.call(u"suppression.list"_s, {}, this, [this](const Result<QJsonValue> &result) {
        if (!result) {
            m_fault->setText(result.error().text);
            return;
        }
        QList<QJsonObject> rows;
        for (const QJsonValue &row : result->toObject().value("addresses"_L1).toArray())
            rows += row.toObject();
        m_addresses->setRows(std::move(rows));
    });
}

void SuppressionsDialog::add()
{
    auto *dialog = new QInputDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(windowTitle());
    dialog->setLabelText(tr("Refuse mail to this address:"));
    dialog->setTextValue(m_typed);
    connect(dialog, &QInputDialog::textValueSelected, this, [this](const QString &text) {
        m_typed = text.trimmed(); // to be mended if it is refused
        if (!m_typed.isEmpty())
            ask(u"suppression.add"_s, m_typed);
    });
    dialog->open();
}

void SuppressionsDialog::removeChosen()
{
    const auto rows = m_addresses->selected();
    for (const QJsonObject &row : rows)
        ask(u"suppression.remove"_s, field(row, "address"_L1));
}

void SuppressionsDialog::ask(const QString &method, const QString &address)
{
    m_fault->clear();
    m_client.call(method, {{u"address"_s, address}}, this, [this](const Result<QJsonValue> &result) {
        if (result)
            m_typed.clear();
        else
            m_fault->setText(result.error().text);
        load();
    });
}

} // namespace posthorn::ui
