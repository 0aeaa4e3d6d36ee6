// The form of all settings, made from core's settings table.
#pragma once

#include "core/settings.h"
#include "ui/pages/page.h"

class QCheckBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QTabWidget;

namespace posthorn::ui {

class SettingEditor;

class SettingsPage : public Page
{
    Q_OBJECT
public:
    explicit SettingsPage(control::Client &client, QWidget *parent = nullptr);
    void refresh() override; // what was typed and not saved stays
    void find() override;
    [[nodiscard]] bool hasUnsaved() const override;

private:
    struct Field
    {
        SettingEditor *editor = nullptr;
        QLabel *label = nullptr, *hint = nullptr, *fault = nullptr;
        int tab = 0;
        bool overridden = false;
    };
    void addRoom(const QString &room);
    void addField(QFormLayout *form, const SettingDescription &setting);
    void load(bool undo);
    void check();
    void save();
    void forget(QStringList keys, const QJsonObject &values);
    void saved(const QJsonObject &answer);
    void showWhatIsWanted();
    [[nodiscard]] bool isWanted(const Field &field) const;

    QLineEdit *m_search;
    QTabWidget *m_tabs;
    QCheckBox *m_advanced;
    QPushButton *m_save;
    QPushButton *m_undo;
    QLabel *m_state;
    QList<Field> m_fields;
    bool m_filling = false;
};

} // namespace posthorn::ui
