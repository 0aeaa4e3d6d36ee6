#include "ui/pages/settings_page.h"

#include <QCheckBox>
#include <QCoreApplication>
#include <QComboBox>
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

QString choiceText(const QString &choice)
{
    if (choice == "refuse"_L1)
        return SettingsPage::tr("Refuse");
    if (choice == "normalize"_L1)
        return SettingsPage::tr("Mend");
    if (choice == "permanent"_L1)
        return SettingsPage::tr("Refuse for good");
    return choice == "temporary"_L1 ? SettingsPage::tr("Ask to try again later") : choice;
}

} // namespace

SettingsPage::SettingsPage(control::Client &client, QWidget *parent)
    : Page(client, tr("Settings"), {}, parent), m_tabs(new QTabWidget), m_advanced(new QCheckBox(tr("Show &details for administrators"))),
      m_save(new QPushButton(tr("&Save"))), m_undo(new QPushButton(tr("&Undo")))
{
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
    bar->addWidget(m_undo);
    bar->addWidget(m_save);
    content()->addLayout(bar);
    connect(m_advanced, &QCheckBox::toggled, this, &SettingsPage::showAdvanced);
    connect(m_save, &QPushButton::clicked, this, &SettingsPage::save);
    connect(m_undo, &QPushButton::clicked, this, &SettingsPage::refresh);
    showAdvanced(false);
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
    Field field{&setting, makeEditor(setting), new QLabel, {}, QString(setting.initial), false};
    auto *label = new QLabel(words(setting.label));
    label->setBuddy(field.editor);
    label->setWordWrap(true);
    field.editor->setAccessibleName(words(setting.label));
    field.editor->setToolTip(QString(setting.key));
    form->addRow(label, field.editor);
    auto *hint = new QLabel(words(setting.explanation));
    hint->setWordWrap(true);
    hint->setForegroundRole(QPalette::PlaceholderText);
    hint->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred); // a form asks how high it is when narrow
    form->addRow(QString(), hint);
    field.fault->setWordWrap(true);
    field.fault->hide();
    form->addRow(QString(), field.fault);
    field.row = {label, field.editor, hint};
    setValue(field, field.kept);
    m_fields.insert(QString(setting.key), field);
}

QWidget *SettingsPage::makeEditor(const SettingDescription &setting)
{
    if (setting.type == SettingType::Flag) {
        auto *box = new QCheckBox(tr("Yes"));
        connect(box, &QCheckBox::toggled, this, &SettingsPage::check);
        return box;
    }
    if (setting.type == SettingType::Choice) {
        auto *box = new QComboBox;
        for (const QString &choice : QString(setting.choices).split(u'|'))
            box->addItem(choiceText(choice), choice);
        connect(box, &QComboBox::currentIndexChanged, this, &SettingsPage::check);
        return box;
    }
    auto *edit = new QLineEdit;
    edit->setMinimumWidth(280);
    if (setting.secret)
        edit->setEchoMode(QLineEdit::Password);
    if (setting.type == SettingType::Number)
        edit->setPlaceholderText(words(setting.unit));
    else if (setting.key.endsWith(".listen"_L1))
        edit->setPlaceholderText(tr("off"));
    connect(edit, &QLineEdit::textChanged, this, &SettingsPage::check);
    return edit;
}

QString SettingsPage::valueOf(const Field &field) const
{
    if (auto *box = qobject_cast<QCheckBox *>(field.editor))
        return box->isChecked() ? u"true"_s : u"false"_s;
    if (auto *box = qobject_cast<QComboBox *>(field.editor))
        return box->currentData().toString();
    return static_cast<QLineEdit *>(field.editor)->text().trimmed();
}

void SettingsPage::setValue(Field &field, const QString &value)
{
    field.kept = value;
    if (auto *box = qobject_cast<QCheckBox *>(field.editor))
        box->setChecked(value == "true"_L1);
    else if (auto *choice = qobject_cast<QComboBox *>(field.editor))
        choice->setCurrentIndex(choice->findData(value));
    else
        static_cast<QLineEdit *>(field.editor)->setText(value);
}

void SettingsPage::refresh()
{
    ask(u"settings.list"_s, {},
        [this](const QJsonObject &answer) {
            m_filling = true;
            for (const QJsonValue &value : answer.value("settings"_L1).toArray()) {
                const QJsonObject row = value.toObject();
                const auto field = m_fields.find(row.value("key"_L1).toString());
                if (field == m_fields.end())
                    continue;
                field->overridden = row.value("overridden"_L1).toBool();
                field->editor->setEnabled(!field->overridden);
                if (field->overridden)
                    field->editor->setToolTip(tr("Given on the command line; it can't be changed here."));
                setValue(*field, row.value("value"_L1).toString());
            }
            m_filling = false;
            check();
        },
        [](const Error &) {});
}

void SettingsPage::check()
{
    if (m_filling || !m_save)
        return;
    bool changed = false, good = true;
    for (const Field &field : std::as_const(m_fields)) {
        const QString value = valueOf(field);
        const auto checked = checkSetting(QString(field.setting->key), value);
        QString words = checked ? QString() : checked.error().text;
        if (checked && field.setting->key == "smtp.trusted_networks"_L1 && !value.isEmpty())
            words = tr("Anyone at these addresses can send mail in your name, to anywhere, without a password.");
        field.fault->setText(words);
        field.fault->setVisible(!words.isEmpty());
        good = good && checked;
        changed = changed || (checked ? *checked : value) != field.kept;
    }
    m_save->setEnabled(changed && good);
    m_undo->setEnabled(changed);
}

void SettingsPage::save()
{
    QJsonObject values;
    for (auto it = m_fields.cbegin(); it != m_fields.cend(); ++it) {
        const QString value = valueOf(*it);
        if (!it->overridden && checkSetting(it.key(), value).value_or(value) != it->kept)
            values.insert(it.key(), value);
    }
    m_save->setEnabled(false);
    ask(u"settings.set"_s, {{u"values"_s, values}},
        [this](const QJsonObject &answer) {
            refresh();
            Q_EMIT told(tr("Settings saved."));
            if (answer.value("restartNeeded"_L1).toBool())
                QMessageBox::information(this, title(), tr("A change takes effect when the server starts again."));
        },
        [this](const Error &error) {
            showError(error);
            check();
        });
}

void SettingsPage::showAdvanced(bool show)
{
    for (const Field &field : std::as_const(m_fields)) {
        if (!field.setting->advanced)
            continue;
        for (QWidget *part : field.row)
            part->setVisible(show);
    }
}

} // namespace posthorn::ui
