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
    add(MessagesPage::tr("signed in as %1"), field(step, "user"_L1));
    add(u"%1"_s, field(step, "text"_L1));
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
    bar->addWidget(m_search, 1);
    bar->addWidget(m_since);
    content()->addLayout(bar);

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
    m_journey = new QLabel;
    m_journey->setWordWrap(true);
    m_journey->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_journey->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_journey->setMargin(12);
    auto *scroll = new QScrollArea;
    scroll->setWidget(m_journey);
    scroll->setWidgetResizable(true);
    auto *splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(m_table);
    splitter->addWidget(scroll);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);
    splitter->setChildrenCollapsible(false);
    content()->addWidget(splitter, 1);

    m_typing = new QTimer(this);
    m_typing->setSingleShot(true);
    m_typing->setInterval(300);
    connect(m_typing, &QTimer::timeout, this, &MessagesPage::find);
    connect(m_search, &QLineEdit::textChanged, m_typing, qOverload<>(&QTimer::start));
    connect(m_since, &QComboBox::currentIndexChanged, this, &MessagesPage::find);
    connect(m_table, &Table::selectionChanged, this, &MessagesPage::showJourney);
    fillJourney({});
}

void MessagesPage::refresh()
{
    find();
    m_search->setFocus();
}

void MessagesPage::find()
{
    QJsonObject parameters{{u"text"_s, m_search->text().trimmed()}, {u"limit"_s, 1000}};
    const int days = m_since->currentData().toInt();
    if (days > 0)
        parameters.insert(u"since"_s, QDate::currentDate().addDays(1 - days).startOfDay().toMSecsSinceEpoch());
    ask(u"trace.search"_s, parameters, [this, question = ++m_question](const QJsonObject &answer) {
        if (question != m_question)
            return;
        QList<QJsonObject> rows;
        for (const QJsonValue &row : answer.value("steps"_L1).toArray())
            rows += row.toObject();
        m_table->setRows(std::move(rows));
    });
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
