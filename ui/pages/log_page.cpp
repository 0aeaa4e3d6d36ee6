#include "ui/pages/log_page.h"

#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDateTime>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

int rank(const QString &level)
{
    return level == "failure"_L1 ? 3 : level == "warning"_L1 ? 2 : level == "notice"_L1 ? 1 : 0;
}

QList<QJsonObject> objects(const QJsonArray &array)
{
    QList<QJsonObject> rows;
    for (const QJsonValue &value : array)
        rows += value.toObject();
    return rows;
}

} // namespace

LogPage::LogPage(control::Client &client, QWidget *parent)
    : Page(client, tr("Log"), tr("What the server does, as it happens."), parent)
{
    auto *bar = new QHBoxLayout;
    m_level = new QComboBox;
    m_level->addItem(tr("Everything"), 0);
    m_level->addItem(tr("Notices and worse"), 1);
    m_level->addItem(tr("Warnings and worse"), 2);
    m_level->addItem(tr("Failures only"), 3);
    m_level->setAccessibleName(tr("Level"));
    m_search = new QLineEdit;
    m_search->setPlaceholderText(tr("Find in the log"));
    m_search->setAccessibleName(tr("Find in the log"));
    m_search->setClearButtonEnabled(true);
    m_pause = new QPushButton(tr("&Pause"));
    m_pause->setCheckable(true);
    auto *copyButton = new QPushButton(tr("&Copy"));
    bar->addWidget(m_level);
    bar->addWidget(m_search, 1);
    bar->addWidget(m_pause);
    bar->addWidget(copyButton);
    content()->addLayout(bar);

    m_table = new Table({{tr("Time"), [](const QJsonObject &e) { return timeText(e.value("at"_L1).toInteger()); },
                          [](const QJsonObject &e) { return QVariant(e.value("id"_L1).toVariant().toLongLong()); }},
                         {tr("Level"), [](const QJsonObject &e) { return levelText(e.value("level"_L1).toString()); },
                          [](const QJsonObject &e) { return QVariant(rank(e.value("level"_L1).toString())); }},
                         {tr("What happened"), eventText}},
                        u"id"_s);
    m_table->setEmptyText(tr("Nothing has happened yet."));
    m_table->view().setColumnWidth(0, 110);
    content()->addWidget(m_table, 1);

    connect(m_search, &QLineEdit::textChanged, m_table, &Table::setFilter);
    connect(m_level, &QComboBox::currentIndexChanged, this, &LogPage::show);
    connect(m_pause, &QPushButton::toggled, this, [this](bool paused) {
        m_pause->setText(paused ? tr("&Go on") : tr("&Pause"));
        show();
    });
    connect(copyButton, &QPushButton::clicked, this, &LogPage::copy);
    copyButton->setToolTip(tr("Copies the chosen lines, or all that are shown"));
    m_table->keepColumns(u"log"_s);
    m_table->setName(tr("Log"));
}

void LogPage::find()
{
    m_search->setFocus();
    m_search->selectAll();
}

void LogPage::refresh()
{
    leave();
    m_subscription = client().subscribe(u"log"_s, this, [this](const control::TopicUpdate &update) {
        if (update.snapshot) {
            m_events = objects(update.set);
            show();
        } else {
            took(objects(update.set));
        }
    });
}

void LogPage::leave()
{
    if (m_subscription)
        client().unsubscribe(m_subscription);
    m_subscription = 0;
}

void LogPage::took(const QList<QJsonObject> &events)
{
    m_events += events;
    if (m_events.size() > kept)
        m_events.remove(0, m_events.size() - kept);
    if (m_pause->isChecked())
        return;
    QList<QJsonObject> wanted;
    for (const QJsonObject &event : events) {
        if (rank(event.value("level"_L1).toString()) >= m_level->currentData().toInt())
            wanted += event;
    }
    const bool atEnd = m_table->model().rowCount() == 0 || m_table->view().rowAt(m_table->view().viewport()->height() - 1) < 0
                       || m_table->view().rowAt(m_table->view().viewport()->height() - 1)
                              >= m_table->model().rowCount() - 2;
    m_table->append(wanted, kept);
    if (atEnd)
        m_table->view().scrollToBottom();
}

void LogPage::show()
{
    if (m_pause->isChecked())
        return;
    QList<QJsonObject> wanted;
    for (const QJsonObject &event : std::as_const(m_events)) {
        if (rank(event.value("level"_L1).toString()) >= m_level->currentData().toInt())
            wanted += event;
    }
    m_table->setRows(std::move(wanted));
    m_table->view().scrollToBottom();
}

void LogPage::copy()
{
    QList<QJsonObject> rows = m_table->selected();
    if (rows.isEmpty())
        rows = m_table->shown();
    QStringList lines;
    for (const QJsonObject &event : std::as_const(rows)) {
        lines += QDateTime::fromMSecsSinceEpoch(event.value("at"_L1).toInteger()).toString(Qt::ISODateWithMs) + u' '
                 + levelText(event.value("level"_L1).toString()) + u' ' + eventText(event);
    }
    QApplication::clipboard()->setText(lines.join(u'\n'));
    Q_EMIT told(tr("%n line(s) copied", nullptr, int(lines.size())));
}

} // namespace posthorn::ui
