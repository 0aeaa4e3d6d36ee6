#include "ui/pages/entry_dialog.h"

#include "ui/widgets/places.h"
#include "ui/words.h"

#include <QClipboard>
#include <QDialogButtonBox>
#include <QFontDatabase>
#include <QFormLayout>
#include <QGuiApplication>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

EntryDialog::EntryDialog(control::Client &client, const QString &id, QWidget *parent)
    : QDialog(parent), m_facts(new QFormLayout), m_dialogue(new QPlainTextEdit)
{
    setWindowTitle(tr("Message in the queue"));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(720, 520);
    keepPlace(this, u"entry"_s);
    m_dialogue->setReadOnly(true);
    m_dialogue->setTabChangesFocus(true);
    m_dialogue->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    auto *heading = new QLabel(tr("What was said when it was &last tried"));
    heading->setBuddy(m_dialogue);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Close);
    auto *copy = buttons->addButton(tr("&Copy all of it"), QDialogButtonBox::ActionRole);
    connect(copy, &QPushButton::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(m_lines.join(u'\n') + u"\n\n"_s + m_dialogue->toPlainText());
    });
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto *layout = new QVBoxLayout(this);
    layout->addLayout(m_facts);
    layout->addWidget(heading);
    layout->addWidget(m_dialogue, 1);
    layout->addWidget(buttons);
    client.call(u"queue.show"_s, {{u"id"_s, id}}, this, [this](const Result<QJsonValue> &result) {
        if (result)
            show(result->toObject());
        else
            addLine({}, result.error().kind == ErrorKind::NotFound ? tr("It is not in the queue any more.") : result.error().text);
    });
}

void EntryDialog::addLine(const QString &label, const QString &text)
{
    auto *words = new QLabel(text);
    words->setTextFormat(Qt::PlainText);
    words->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    words->setWordWrap(true);
    words->setMinimumWidth(300);
    m_facts->addRow(label, words);
    m_lines += label + u": "_s + text;
}

void EntryDialog::show(const QJsonObject &entry)
{
    const auto text = [&](QLatin1StringView key) { return entry.value(key).toString(); };
    const auto time = [&](QLatin1StringView key) { return timeText(entry.value(key).toInteger()); };
    addLine(tr("From"), text("sender"_L1).isEmpty() ? tr("(a report)") : text("sender"_L1));
    addLine(tr("To"), text("recipient"_L1));
    addLine(tr("Waiting since"), time("createdAt"_L1));
    addLine(tr("Next try"), text("state"_L1) == "held"_L1 ? tr("when it is released") : time("nextAttempt"_L1));
    addLine(tr("Tries"), QString::number(entry.value("attempts"_L1).toInteger()));
    if (!text("route"_L1).isEmpty())
        addLine(tr("Route"), text("route"_L1));
    if (!text("lastError"_L1).isEmpty())
        addLine(tr("Last answer"), text("lastError"_L1));
    const QString dialogue = text("lastDialogue"_L1);
    m_dialogue->setPlainText(dialogue.isEmpty() ? tr("It has not been tried yet.") : dialogue);
}

} // namespace posthorn::ui
