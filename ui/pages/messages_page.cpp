#include "ui/pages/messages_page.h"

#include "ui/widgets/table.h"
#include "ui/words.h"

#include <QComboBox>
#include <QDateTime>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QScrollArea>
#include <QSplitter>
#include <QTableView>
#include <QTimer>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

constexpr int mostAsked = 1'000, mostLookedAt = 20'000; // steps
constexpr qsizetype enough = 500;

QString field(const QJsonObject &row, QLatin1StringView name) { return row.value(name).toString(); }

// One step as a line of rich text: when, what, and the rest in small.
QString stepLine(const QJsonObject &step)
{
    QStringList facts;
    const auto add = [&](const QString &words, const QString &value) {
        if (!value.isEmpty())
            facts += words.arg(value.toHtmlEscaped());
    };
    add(MessagesPage::tr("from %1"), field(step, "sender"_L1));
    add(MessagesPage::tr("to %1"), field(step, "recipient"_L1));
    add(MessagesPage::tr("brought by %1"), field(step, "client"_L1));
    add(MessagesPage::tr("over %1"), field(step, "tls"_L1));
    const bool delivered = field(step, "step"_L1) == "delivered"_L1;
    add(delivered ? MessagesPage::tr("account %1") : MessagesPage::tr("signed in as %1"), field(step, "user"_L1));
    add(delivered ? MessagesPage::tr("mailbox %1") : u"%1"_s, field(step, "text"_L1));
    return u"<p style='margin:0 0 8px 0'><b>%1</b>&nbsp; %2<br/><small>%3</small></p>"_s.arg(
        stepText(field(step, "step"_L1)).toHtmlEscaped(), timeText(step.value("at"_L1).toInteger()),
        facts.join(u" · "_s));
}

} // namespace

MessagesPage::MessagesPage(control::Client &client, QWidget *parent)
    : Page(client, tr("Messages"),
           tr("Where is my mail, why was it refused? Type an address, a subject, a server or a Message-ID."), parent)
{
    auto *bar = new QHBoxLayout;
    m_search = new QLineEdit;
    m_search->setPlaceholderText(tr("anna@example.org, invoice, 192.0.2.1 …"));
    m_search->setClearButtonEnabled(true);
    m_since = new QComboBox;
    m_since->addItem(tr("Today and yesterday"), 2);
    m_since->addItem(tr("Last 7 days"), 7);
    m_since->addItem(tr("All that is kept"), 0);
    m_since->setAccessibleName(tr("Since when"));
    m_search->setAccessibleName(tr("Find messages"));
    m_kind = new QComboBox;
    m_kind->addItem(tr("All that happened"), QStringList());
    m_kind->addItem(tr("Refused or failed"), QStringList{u"refused"_s, u"denied"_s, u"failed"_s});
    m_kind->addItem(tr("Received or delivered"), QStringList{u"received"_s, u"delivered"_s});
    m_kind->addItem(tr("Sent or waiting to go out"), QStringList{u"sent"_s, u"queued"_s, u"delayed"_s, u"held"_s, u"released"_s});
    m_kind->setAccessibleName(tr("What happened"));
    bar->addWidget(m_search, 1);
    bar->addWidget(m_kind);
    bar->addWidget(m_since);
    content()->addLayout(bar);
    m_note = new QLabel;
    m_note->setWordWrap(true);
    m_note->hide();
    content()->addWidget(m_note);

    m_table = new Table(
        {{tr("Time"), [](const QJsonObject &r) { return timeText(r.value("at"_L1).toInteger()); },
          [](const QJsonObject &r) { return QVariant(-r.value("id"_L1).toVariant().toLongLong()); }},
         {tr("What"), [](const QJsonObject &r) { return stepText(field(r, "step"_L1)); }},
         {tr("From"), [](const QJsonObject &r) { return field(r, "sender"_L1); }},
         {tr("To"), [](const QJsonObject &r) { return field(r, "recipient"_L1); }},
         {tr("Subject or reason"), [](const QJsonObject &r) {
              const QString subject = field(r, "subject"_L1);
              return subject.isEmpty() ? field(r, "text"_L1) : subject;
          }}},
        u"id"_s);
    m_table->setEmptyText(tr("No message and no refusal found."));
    m_table->keepColumns(u"messages"_s);
    m_table->setName(tr("What was found"));
    m_journey = new QLabel;
    m_journey->setWordWrap(true);
    m_journey->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_journey->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_journey->setMargin(12);
    auto *scroll = new QScrollArea;
    scroll->setWidget(m_journey);
    scroll->setWidgetResizable(true);
    m_journey->setAccessibleName(tr("The message's journey"));
    auto *splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(m_table);
    splitter->addWidget(scroll);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);
    splitter->setChildrenCollapsible(false);
    splitter->setSizes({300, 200});
    content()->addWidget(splitter, 1);

    m_typing = new QTimer(this);
    m_typing->setSingleShot(true);
    m_typing->setInterval(300);
    connect(m_typing, &QTimer::timeout, this, &MessagesPage::search);
    connect(m_search, &QLineEdit::textChanged, m_typing, qOverload<>(&QTimer::start));
    connect(m_kind, &QComboBox::currentIndexChanged, this, &MessagesPage::search);
    connect(m_since, &QComboBox::currentIndexChanged, this, &MessagesPage::search);
    connect(m_table, &Table::selectionChanged, this, &MessagesPage::showJourney);
    fillJourney({});
}

void MessagesPage::refresh() { search(); }

void MessagesPage::find()
{
    m_search->setFocus();
    m_search->selectAll();
}

void MessagesPage::search()
{
    m_found.clear();
    m_looked = 0;
    ++m_question;
    searchBefore({});
}

void MessagesPage::searchBefore(const QString &id)
{
    QJsonObject parameters{{u"text"_s, m_search->text().trimmed()}, {u"limit"_s, mostAsked}};
    const int days = m_since->currentData().toInt();
    if (days > 0)
        parameters.insert(u"since"_s, QDate::currentDate().addDays(1 - days).startOfDay().toMSecsSinceEpoch());
    if (!id.isEmpty())
        parameters.insert(u"before"_s, id);
    ask(u"trace.search"_s, parameters,
        [this, question = m_question](const QJsonObject &answer) {
            if (question == m_question)
                take(answer.value("steps"_L1).toArray());
        },
        [this](const Error &error) {
            m_note->setText(error.text);
            m_note->show();
        });
}

// What happened is told apart here; so it looks further back until enough is found.
void MessagesPage::take(const QJsonArray &steps)
{
    const QStringList wanted = m_kind->currentData().toStringList();
    for (const QJsonValue &value : steps) {
        const QJsonObject step = value.toObject();
        if (wanted.isEmpty() || wanted.contains(field(step, "step"_L1)))
            m_found += step;
    }
    m_looked += int(steps.size());
    const bool more = steps.size() >= mostAsked;
    if (more && m_found.size() < enough && m_looked < mostLookedAt)
        return searchBefore(steps.last().toObject().value("id"_L1).toVariant().toString());
    m_note->setText(more ? tr("There is more from before. Type more words to find what you look for.") : QString());
    m_note->setVisible(more);
    m_table->setRows(m_found);
}

void MessagesPage::showJourney()
{
    const auto rows = m_table->selected();
    if (rows.size() != 1) {
        fillJourney({});
        return;
    }
    const QString journey = field(rows.front(), "journey"_L1);
    if (journey.isEmpty()) {
        fillJourney(rows);
        return;
    }
    ask(u"trace.journey"_s, {{u"journey"_s, journey}}, [this](const QJsonObject &answer) {
        QList<QJsonObject> steps;
        for (const QJsonValue &row : answer.value("steps"_L1).toArray())
            steps += row.toObject();
        fillJourney(steps);
    });
}

void MessagesPage::fillJourney(const QList<QJsonObject> &steps)
{
    if (steps.isEmpty()) {
        m_journey->setText(tr("Choose a line above to see the journey of that message."));
        return;
    }
    QString text;
    for (const QJsonObject &step : steps)
        text += stepLine(step);
    m_journey->setText(text);
}

} // namespace posthorn::ui
