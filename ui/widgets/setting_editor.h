// The field for one setting, as its type wants it: a check box, a choice, a number with its unit, a size, a file with a button
// to look for it. Its value is the setting's text.
#pragma once

#include "core/settings.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace posthorn::ui {

class SettingEditor : public QWidget
{
    Q_OBJECT
public:
    explicit SettingEditor(const SettingDescription &setting, QWidget *parent = nullptr);

    // What is in force. Leaves alone what was typed and not saved, unless `force`.
    void setKept(const QString &value, bool isSet, bool force = false);
    [[nodiscard]] QString value() const;
    [[nodiscard]] bool isChanged() const;
    // A secret, which is never shown, is to be forgotten.
    [[nodiscard]] bool isForgotten() const { return m_forgetting && value().isEmpty(); }
    // What is wrong with the value, as a sentence, or empty.
    [[nodiscard]] QString fault() const;
    [[nodiscard]] const SettingDescription &setting() const { return m_setting; }

Q_SIGNALS:
    void changed();

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void makeField();
    void makeLine();
    void addChoice(const QString &choice);
    void tellKeptWord();
    void addBrowse();
    void addForget();
    void show(const QString &value);
    void wearName(QWidget *field);

    const SettingDescription &m_setting;
    QString m_kept;
    bool m_wasSet = false, m_forgetting = false; // of a secret
    QCheckBox *m_flag = nullptr;
    QComboBox *m_choice = nullptr;
    QSpinBox *m_number = nullptr;
    QLineEdit *m_line = nullptr;
    QPushButton *m_forget = nullptr;
};

} // namespace posthorn::ui
