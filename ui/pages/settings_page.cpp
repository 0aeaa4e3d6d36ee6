#include "ui/pages/settings_page.h"

#include "ui/facts.h"
#include "ui/widgets/setting_editor.h"
#include "ui/words.h"

#include <QCheckBox>
#include <QCoreApplication>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QScrollArea>
#include <QTabWidget>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

// The table's words are English; translations know them by the context Settings.
QString words(QLatin1StringView text)
{
    return text.isEmpty() ? QString() : QCoreApplication::translate("Settings", text.data());
}

// What a value opens that its user may not think of, or empty.
QString warningFor(const SettingEditor &editor)
{
    if (editor.setting().key != "smtp.trusted_networks"_L1 || editor.value().isEmpty())
        return {};
    return relayFact(editor.value()).text;
}

} // namespace

SettingsPage::SettingsPage(control::Client &client, QWidget *parent)
    : Page(client, tr("Settings"), {}, parent), m_search(new QLineEdit), m_tabs(new QTabWidget),
      m_advanced(new QCheckBox(tr("Show &details for administrators"))), m_save(new QPushButton(tr("&Save"))),
      m_undo(new QPushButton(tr("&Undo"))), m_state(new QLabel)
{
    m_search->setPlaceholderText(tr("Find a setting"));
    m_search->setAccessibleName(tr("Find a setting"));
    m_search->setClearButtonEnabled(true);
    content()->addWidget(m_search);
    m_tabs->setDocumentMode(true);
    QStringList rooms;
    for (const SettingDescription &setting : settingDescriptions()) {
        if (!rooms.contains(setting.room))
            rooms += QString(setting.room);
    }
    for (const QString &room : std::as_const(rooms))
        addRoom(room);
    content()->addWidget(m_tabs, 1);
    auto *bar = new QHBoxLayout;
    bar->addWidget(m_advanced);
    bar->addStretch();
    bar->addWidget(m_state);
    bar->addWidget(m_undo);
    bar->addWidget(m_save);
    content()->addLayout(bar);
    connect(m_advanced, &QCheckBox::toggled, this, &SettingsPage::showWhatIsWanted);
    connect(m_search, &QLineEdit::textChanged, this, &SettingsPage::showWhatIsWanted);
    connect(m_save, &QPushButton::clicked, this, &SettingsPage::save);
    connect(m_undo, &QPushButton::clicked, this, [this] { load(true); });
    showWhatIsWanted();
    check();
}

void SettingsPage::addRoom(const QString &room)
{
    auto *inside = new QWidget;
    auto *form = new QFormLayout(inside);
    form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    form->setRowWrapPolicy(QFormLayout::WrapLongRows);
    form->setVerticalSpacing(6);
    form->setContentsMargins(12, 16, 12, 12);
    for (const SettingDescription &setting : settingDescriptions()) {
        if (room == setting.room)
            addField(form, setting);
    }
    auto *scroll = new QScrollArea;
    scroll->setWidget(inside);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    m_tabs->addTab(scroll, QCoreApplication::translate("Settings", room.toUtf8().constData()));
}

void SettingsPage::addField(QFormLayout *form, const SettingDescription &setting)
{
    Field field{new SettingEditor(setting), new QLabel(words(setting.label)), new QLabel(words(setting.explanation)), new QLabel,
                m_tabs->count(), false};
    field.label->setBuddy(field.editor);
    field.label->setWordWrap(true);
    field.label->setMinimumWidth(220);
    form->addRow(field.label, field.editor);
    field.hint->setWordWrap(true);
    field.hint->setForegroundRole(QPalette::PlaceholderText);
    field.hint->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred); // a form asks how high it is when narrow
    form->addRow(QString(), field.hint);
    field.fault->setWordWrap(true);
    field.fault->setStyleSheet(faultStyle(palette()));
    field.fault->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    field.fault->hide();
    form->addRow(QString(), field.fault);
    connect(field.editor, &SettingEditor::changed, this, &SettingsPage::check);
    m_fields += field;
}

void SettingsPage::find()
{
    m_search->setFocus();
    m_search->selectAll();
}

bool SettingsPage::hasUnsaved() const
{
    return std::ranges::any_of(m_fields, [](const Field &field) { return !field.overridden && field.editor->isChanged(); });
}

// What is looked for, else what everyone may need, what was changed, and what is wrong.
bool SettingsPage::isWanted(const Field &field) const
{
    const SettingDescription &setting = field.editor->setting();
    const QString sought = m_search->text().trimmed();
    if (!sought.isEmpty())
        return QString(setting.key).contains(sought, Qt::CaseInsensitive) || field.label->text().contains(sought, Qt::CaseInsensitive)
               || field.hint->text().contains(sought, Qt::CaseInsensitive);
    return !setting.advanced || m_advanced->isChecked() || field.editor->isChanged() || !field.fault->text().isEmpty();
}

void SettingsPage::showWhatIsWanted()
{
    QSet<int> tabs;
    for (const Field &field : std::as_const(m_fields)) {
        const bool wanted = isWanted(field);
        field.label->setVisible(wanted);
        field.editor->setVisible(wanted);
        field.hint->setVisible(wanted && !field.hint->text().isEmpty());
        field.fault->setVisible(wanted && !field.fault->text().isEmpty());
        if (wanted)
            tabs.insert(field.tab);
    }
    for (int i = 0; i < m_tabs->count(); ++i)
        m_tabs->setTabVisible(i, tabs.contains(i));
}

void SettingsPage::refresh() { load(false); }

void SettingsPage::load(bool undo)
{
    ask(u"settings.list"_s, {},
        [this, undo](const QJsonObject &answer) {
            QHash<QString, QJsonObject> rows;
            for (const QJsonValue &value : answer.value("settings"_L1).toArray())
                rows.insert(value.toObject().value("key"_L1).toString(), value.toObject());
            m_filling = true;
            for (Field &field : m_fields) {
                const QJsonObject row = rows.value(QString(field.editor->setting().key));
                if (row.isEmpty())
                    continue;
                field.overridden = row.value("overridden"_L1).toBool();
                field.editor->setEnabled(!field.overridden);
                if (field.overridden)
                    field.editor->setToolTip(tr("Given on the command line; it can't be changed here."));
                field.editor->setKept(row.value("value"_L1).toString(), row.value("isSet"_L1).toBool(), undo || field.overridden);
            }
            m_filling = false;
            check();
            showWhatIsWanted();
        },
        [](const Error &) {}); // the window says when the engine is gone
}

void SettingsPage::check()
{
    if (m_filling)
        return;
    bool good = true;
    for (const Field &field : std::as_const(m_fields)) {
        const QString fault = field.editor->fault(), text = fault.isEmpty() ? warningFor(*field.editor) : fault;
        field.fault->setText(text);
        field.fault->setVisible(!text.isEmpty() && field.editor->isVisibleTo(this));
        good = good && fault.isEmpty();
    }
    const bool changed = hasUnsaved();
    m_save->setEnabled(changed && good);
    m_undo->setEnabled(changed);
    m_state->setText(changed ? tr("Not saved yet") : QString());
}

void SettingsPage::save()
{
    QJsonObject values;
    QStringList forgotten;
    for (const Field &field : std::as_const(m_fields)) {
        if (field.overridden || !field.editor->isChanged())
            continue;
        const QString key(field.editor->setting().key);
        if (field.editor->isForgotten())
            forgotten += key;
        else
            values.insert(key, field.editor->value());
    }
    m_save->setEnabled(false);
    forget(forgotten, values);
}

// Secrets first, one by one; then all the rest at once.
void SettingsPage::forget(QStringList keys, const QJsonObject &values)
{
    const auto failed = [this](const Error &error) {
        showError(error);
        check();
    };
    if (!keys.isEmpty()) {
        const QString key = keys.takeFirst();
        ask(u"settings.unset"_s, {{u"key"_s, key}},
            [this, keys, values](const QJsonObject &answer) {
                if (keys.isEmpty() && values.isEmpty())
                    saved(answer);
                else
                    forget(keys, values);
            },
            failed);
    } else {
        ask(u"settings.set"_s, {{u"values"_s, values}}, [this](const QJsonObject &answer) { saved(answer); }, failed);
    }
}

void SettingsPage::saved(const QJsonObject &answer)
{
    load(true);
    Q_EMIT told(tr("Settings saved."));
    QStringList words;
    if (answer.value("restartNeeded"_L1).toBool())
        words += tr("A change takes effect when the server starts again.");
    for (const QJsonValue &service : answer.value("notListening"_L1).toArray())
        words += serviceText(service.toObject().value("name"_L1).toString()) + u": "_s + listenErrorText(service.toObject());
    if (words.isEmpty())
        return;
    auto *box = new QMessageBox(QMessageBox::Information, title(), tr("The settings are saved."), QMessageBox::Ok, this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(words.join(u"\n\n"_s));
    box->open();
}

} // namespace posthorn::ui
