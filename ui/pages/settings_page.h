// The form of all settings, made from core's settings table.
#pragma once

#include "core/settings.h"
#include "ui/pages/page.h"

#include <QHash>

class QCheckBox;
class QFormLayout;
class QLabel;
class QPushButton;
class QTabWidget;

namespace posthorn::ui {

class SettingsPage : public Page
{
    Q_OBJECT
public:
    explicit SettingsPage(control::Client &client, QWidget *parent = nullptr);
    void refresh() override;

private:
    struct Field
    {
        const SettingDescription *setting = nullptr;
        QWidget *editor = nullptr;
        QLabel *fault = nullptr;
        QList<QWidget *> row; // hidden while advanced ones are
        QString kept;         // the value in force
        bool overridden = false;
    };
    void addRoom(const QString &room);
    void addField(QFormLayout *form, const SettingDescription &setting);
    QWidget *makeEditor(const SettingDescription &setting);
    [[nodiscard]] QString valueOf(const Field &field) const;
    void setValue(Field &field, const QString &value);
    void check();
    void save();
    void showAdvanced(bool show);

    QTabWidget *m_tabs;
    QCheckBox *m_advanced;
    QPushButton *m_save;
    QPushButton *m_undo;
    QHash<QString, Field> m_fields;
    bool m_filling = false;
};

} // namespace posthorn::ui
