#include "ui/widgets/setting_editor.h"

#include "ui/words.h"

#include <QCheckBox>
#include <QComboBox>
#include <QCoreApplication>
#include <QEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>

#include <limits>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

// The table's words are English; translations know them by the context Settings.
QString words(QLatin1StringView text)
{
    return text.isEmpty() ? QString() : QCoreApplication::translate("Settings", text.data());
}

QString choiceText(QLatin1StringView key, const QString &choice)
{
    if (key == "relay.tls"_L1)
        return tlsPolicyText(choice);
    static const QHash<QString, const char *> texts = {
        {u"refuse"_s, QT_TRANSLATE_NOOP("Choices", "Refuse")},
        {u"normalize"_s, QT_TRANSLATE_NOOP("Choices", "Mend")},
        {u"permanent"_s, QT_TRANSLATE_NOOP("Choices", "Refuse for good")},
        {u"temporary"_s, QT_TRANSLATE_NOOP("Choices", "Ask to try again later")},
        {u"auto"_s, QT_TRANSLATE_NOOP("Choices", "As the port and the user name suggest")},
        {u"tls"_s, QT_TRANSLATE_NOOP("Choices", "TLS from the start (port 465)")},
        {u"starttls"_s, QT_TRANSLATE_NOOP("Choices", "STARTTLS, always (port 587)")},
        {u"may"_s, QT_TRANSLATE_NOOP("Choices", "STARTTLS, if the server has it")},
        {u"none"_s, QT_TRANSLATE_NOOP("Choices", "None")},
        {u"off"_s, QT_TRANSLATE_NOOP("Choices", "Off")},
        {u"tag"_s, QT_TRANSLATE_NOOP("Choices", "Tag outgoing mail")},
    };
    if (key == "bounce.tags"_L1 && choice == "refuse"_L1)
        return QCoreApplication::translate("Choices", "Tag, and refuse bounces without a tag");
    const char *text = texts.value(choice);
    return text ? QCoreApplication::translate("Choices", text) : choice;
}

bool isSize(const SettingDescription &setting) { return setting.type == SettingType::Number && setting.unit == "octets"_L1; }

bool fitsSpinBox(const SettingDescription &setting)
{
    return setting.type == SettingType::Number && !isSize(setting) && setting.maximum <= std::numeric_limits<int>::max();
}

QString rangeFault(const SettingDescription &setting)
{
    return SettingEditor::tr("Type a size from %1 to %2, such as %3.")
        .arg(octetsEntry(setting.minimum), octetsEntry(setting.maximum), octetsEntry(QString(setting.initial).toLongLong()));
}

} // namespace

SettingEditor::SettingEditor(const SettingDescription &setting, QWidget *parent) : QWidget(parent), m_setting(setting)
{
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    makeField();
    show(QString(setting.initial));
    m_kept = QString(setting.initial);
}

void SettingEditor::makeField()
{
    if (m_setting.type == SettingType::Flag) {
        m_flag = new QCheckBox(tr("Yes"));
        connect(m_flag, &QCheckBox::toggled, this, &SettingEditor::changed);
        wearName(m_flag);
    } else if (m_setting.type == SettingType::Choice) {
        m_choice = new QComboBox;
        for (const QString &choice : QString(m_setting.choices).split(u'|'))
            addChoice(choice);
        connect(m_choice, &QComboBox::currentIndexChanged, this, &SettingEditor::changed);
        connect(m_choice, &QComboBox::currentIndexChanged, this, [this] { tellKeptWord(); });
        wearName(m_choice);
    } else if (fitsSpinBox(m_setting)) {
        m_number = new QSpinBox;
        m_number->setRange(int(m_setting.minimum), int(m_setting.maximum));
        m_number->setGroupSeparatorShown(m_setting.unit != "port"_L1);
        if (m_setting.unit != "port"_L1)
            m_number->setSuffix(u' ' + words(m_setting.unit));
        connect(m_number, &QSpinBox::valueChanged, this, &SettingEditor::changed);
        wearName(m_number);
        static_cast<QHBoxLayout *>(layout())->addStretch();
    } else {
        makeLine();
    }
}

// Plain words to choose from; the word that is kept for them, and typed on the command line, is told by the mouse.
void SettingEditor::addChoice(const QString &choice)
{
    m_choice->addItem(choiceText(m_setting.key, choice), choice);
    m_choice->setItemData(m_choice->count() - 1, u"%1=%2"_s.arg(QString(m_setting.key), choice), Qt::ToolTipRole);
}

void SettingEditor::tellKeptWord()
{
    m_choice->setToolTip(tr("%1=%2 (at first: %3)").arg(QString(m_setting.key), value(), choiceText(m_setting.key, QString(m_setting.initial))));
}

void SettingEditor::makeLine()
{
    m_line = new QLineEdit;
    m_line->setMinimumWidth(240);
    if (m_setting.secret)
        m_line->setEchoMode(QLineEdit::Password);
    if (m_setting.key.endsWith(".listen"_L1))
        m_line->setPlaceholderText(tr("off"));
    connect(m_line, &QLineEdit::textChanged, this, &SettingEditor::changed);
    wearName(m_line);
    if (m_setting.type == SettingType::File)
        addBrowse();
    else if (m_setting.secret)
        addForget();
}

void SettingEditor::addBrowse()
{
    auto *browse = new QPushButton(tr("Look for it…"));
    browse->setAutoDefault(false);
    browse->setAccessibleName(tr("Look for the file: %1").arg(words(m_setting.label)));
    layout()->addWidget(browse);
    connect(browse, &QPushButton::clicked, this, [this] {
        auto *dialog = new QFileDialog(this, words(m_setting.label), QString());
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->setFileMode(QFileDialog::ExistingFile);
        if (!m_line->text().isEmpty())
            dialog->selectFile(m_line->text());
        connect(dialog, &QFileDialog::fileSelected, m_line, &QLineEdit::setText);
        dialog->open();
    });
}

void SettingEditor::addForget()
{
    m_forget = new QPushButton(tr("Forget it"));
    m_forget->setAutoDefault(false);
    m_forget->setAccessibleName(tr("Forget: %1").arg(words(m_setting.label)));
    m_forget->hide();
    layout()->addWidget(m_forget);
    connect(m_forget, &QPushButton::clicked, this, [this] {
        m_line->clear();
        m_line->setPlaceholderText(tr("none, once this is saved"));
        m_forget->hide();
        m_forgetting = true;
        Q_EMIT changed();
    });
}

void SettingEditor::wearName(QWidget *field)
{
    field->setAccessibleName(words(m_setting.label));
    field->setAccessibleDescription(words(m_setting.explanation));
    if (m_choice)
        tellKeptWord();
    else
        field->setToolTip(tr("%1 (at first: %2)").arg(QString(m_setting.key), m_setting.initial.isEmpty() ? tr("empty") : QString(m_setting.initial)));
    field->setFocusPolicy(Qt::StrongFocus);
    field->installEventFilter(this);
    layout()->addWidget(field);
    setFocusProxy(field);
}

// Whoever scrolls the form must not change what passes under the mouse.
bool SettingEditor::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::Wheel && !m_line && !static_cast<QWidget *>(watched)->hasFocus()) {
        event->ignore();
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void SettingEditor::setKept(const QString &value, bool isSet, bool force)
{
    const bool keepTyped = isChanged() && !force;
    m_kept = value;
    m_wasSet = isSet && m_setting.secret;
    if (keepTyped)
        return;
    m_forgetting = false;
    if (m_forget) {
        m_forget->setVisible(m_wasSet);
        m_line->setPlaceholderText(m_wasSet ? tr("kept; type a new one to change it") : QString());
    }
    show(value);
}

void SettingEditor::show(const QString &value)
{
    if (m_flag)
        m_flag->setChecked(value == "true"_L1);
    else if (m_choice)
        m_choice->setCurrentIndex(m_choice->findData(value));
    else if (m_number)
        m_number->setValue(value.toInt());
    else
        m_line->setText(isSize(m_setting) ? octetsEntry(value.toLongLong()) : value);
}

QString SettingEditor::value() const
{
    if (m_flag)
        return m_flag->isChecked() ? u"true"_s : u"false"_s;
    if (m_choice)
        return m_choice->currentData().toString();
    if (m_number)
        return QString::number(m_number->value());
    const QString typed = m_line->text().trimmed();
    if (isSize(m_setting)) {
        const qint64 octets = octetsTyped(typed);
        return octets < 0 ? typed : QString::number(octets);
    }
    return typed;
}

bool SettingEditor::isChanged() const
{
    const QString now = value();
    return isForgotten() || checkSetting(QString(m_setting.key), now).value_or(now) != m_kept;
}

QString SettingEditor::fault() const
{
    const auto checked = checkSetting(QString(m_setting.key), value());
    if (checked)
        return {};
    return isSize(m_setting) ? rangeFault(m_setting) : checked.error().text;
}

} // namespace posthorn::ui
