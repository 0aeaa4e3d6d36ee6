#include "ui/pages/queue_page.h"

#include "ui/pages/suppressions_dialog.h"
#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QHBoxLayout>
#include <QJsonArray>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QTableView>
#include <QTimer>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

QString stateText(const QJsonObject &entry)
{
    const QString state = entry.value("state"_L1).toString();
    if (state == "held"_L1)
        return QueuePage::tr("Held");
    return state == "active"_L1 ? QueuePage::tr("Being sent") : QueuePage::tr("Waiting");
}

} // namespace

QueuePage::QueuePage(control::Client &client, QWidget *parent)
    : Page(client, tr("Queue"), tr("Mail that waits to go to other servers."), parent)
{
    auto *search = new QLineEdit;
    search->setPlaceholderText(tr("Find sender, recipient or state"));
    search->setClearButtonEnabled(true);
    content()->addWidget(search);
    m_table = new Table(
        {{tr("State"), stateText},
         {tr("From"), [](const QJsonObject &e) {
              const QString from = e.value("sender"_L1).toString();
              return from.isEmpty() ? tr("(a report)") : from;
          }},
         {tr("To"), [](const QJsonObject &e) { return e.value("recipient"_L1).toString(); }},
         {tr("Size"), [](const QJsonObject &e) { return octetsText(e.value("size"_L1).toInteger()); },
          [](const QJsonObject &e) { return QVariant(e.value("size"_L1).toInteger()); },
          Qt::AlignRight | Qt::AlignVCenter},
         {tr("Since"), [](const QJsonObject &e) { return timeText(e.value("createdAt"_L1).toInteger()); },
          [](const QJsonObject &e) { return QVariant(e.value("createdAt"_L1).toInteger()); }},
         {tr("Tries"), [](const QJsonObject &e) { return QString::number(e.value("attempts"_L1).toInteger()); },
          [](const QJsonObject &e) { return QVariant(e.value("attempts"_L1).toInteger()); },
          Qt::AlignRight | Qt::AlignVCenter},
         {tr("Last answer"), [](const QJsonObject &e) { return e.value("lastError"_L1).toString(); }}},
        u"id"_s);
    m_table->setEmptyText(tr("No mail is waiting. Mail to other servers shows here until it is handed over."));
    content()->addWidget(m_table, 1);

    auto *bar = new QHBoxLayout;
    const auto button = [&](const QString &text, auto slot) {
        auto *made = new QPushButton(text);
        connect(made, &QPushButton::clicked, this, slot);
        bar->addWidget(made);
        m_buttons += made;
    };
    button(tr("&Try now"), [this] { act(u"queue.retry"_s); });
    button(tr("&Hold"), [this] { act(u"queue.hold"_s); });
    button(tr("&Release"), [this] { act(u"queue.release"_s); });
    bar->addStretch();
    auto *failed = new QPushButton(tr("&Failed addresses…"));
    connect(failed, &QPushButton::clicked, this, [this] { (new SuppressionsDialog(this->client(), this))->open(); });
    bar->addWidget(failed);
    button(tr("R&emove…"), [this] { removeSelected(); });
    content()->addLayout(bar);

    m_timer = new QTimer(this);
    m_timer->setInterval(5000);
    connect(m_timer, &QTimer::timeout, this, &QueuePage::load);
    connect(search, &QLineEdit::textChanged, m_table, &Table::setFilter);
    connect(m_table, &Table::selectionChanged, this, &QueuePage::enableButtons);
    connect(m_table, &Table::activated, this, &QueuePage::showDetails);
    enableButtons();
}

void QueuePage::refresh()
{
    leave();
    load();
    m_subscription = client().subscribe(u"queue"_s, this, [this](const control::TopicUpdate &) { load(); });
    m_timer->start();
}

void QueuePage::leave()
{
    if (m_subscription)
        client().unsubscribe(m_subscription);
    m_subscription = 0;
    m_timer->stop();
}

void QueuePage::load()
{
    ask(u"queue.list"_s, {{u"limit"_s, 50'000}},
        [this](const QJsonObject &answer) {
            QList<QJsonObject> rows;
            for (const QJsonValue &entry : answer.value("entries"_L1).toArray())
                rows += entry.toObject();
            m_table->setRows(std::move(rows));
        },
        [](const Error &) {});
}

void QueuePage::enableButtons()
{
    const bool any = !m_table->selected().isEmpty();
    for (QPushButton *button : std::as_const(m_buttons))
        button->setEnabled(any);
}

void QueuePage::act(const QString &method)
{
    const auto rows = m_table->selected();
    for (const QJsonObject &entry : rows)
        ask(method, {{u"id"_s, entry.value("id"_L1)}}, [this](const QJsonObject &) { load(); });
}

void QueuePage::removeSelected()
{
    const auto rows = m_table->selected();
    const auto answer = QMessageBox::question(
        this, title(),
        tr("Remove %n message(s) from the queue? They will not be sent, and the sender is not told.", nullptr,
           int(rows.size())),
        QMessageBox::Yes | QMessageBox::Cancel, QMessageBox::Cancel);
    if (answer == QMessageBox::Yes)
        act(u"queue.remove"_s);
}

void QueuePage::showDetails(const QJsonObject &entry)
{
    QMessageBox box(QMessageBox::Information, title(),
                    tr("From %1\nTo %2\nWaiting since %3, next try %4")
                        .arg(entry.value("sender"_L1).toString(), entry.value("recipient"_L1).toString(),
                             timeText(entry.value("createdAt"_L1).toInteger()),
                             timeText(entry.value("nextAttempt"_L1).toInteger())),
                    QMessageBox::Ok, this);
    const QString dialogue = entry.value("lastDialogue"_L1).toString();
    box.setDetailedText(dialogue.isEmpty() ? tr("It has not been tried yet.") : dialogue);
    box.exec();
}

} // namespace posthorn::ui
