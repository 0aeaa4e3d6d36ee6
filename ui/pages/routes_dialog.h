// Ways out for mail: through which server mail of certain senders or recipients goes.
#pragma once

#include "control/client/client.h"

#include <QDialog>
#include <QJsonObject>

class QComboBox;
class QFormLayout;
class QGroupBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;

namespace posthorn::ui {

class Table;

class RoutesDialog : public QDialog
{
    Q_OBJECT
public:
    RoutesDialog(control::Client &client, QWidget *parent);
    void reject() override; // asks when something was typed and not saved

private:
    QWidget *form();
    QWidget *buttonRow();
    void load(const QString &choose = {});
    void showChosen();
    void begin(); // a new one
    void takeProvider();
    void takeRegion();
    void enableWhatFits();
    [[nodiscard]] QJsonObject filledIn() const;
    void save();
    void remove();
    void test();
    void call(const QString &method, const QJsonObject &parameters, const std::function<void(const QJsonObject &)> &done);
    [[nodiscard]] QJsonObject chosen() const;
    [[nodiscard]] bool isNew() const { return m_new; }
    [[nodiscard]] bool isChanged() const;

    control::Client &m_client;
    Table *m_routes;
    QGroupBox *m_box = nullptr;
    QLineEdit *m_name = nullptr, *m_recipients = nullptr, *m_senders = nullptr, *m_host = nullptr, *m_user = nullptr,
              *m_secret = nullptr, *m_tokenCommand = nullptr;
    QComboBox *m_provider = nullptr, *m_region = nullptr, *m_tls = nullptr, *m_auth = nullptr;
    QLabel *m_hint = nullptr, *m_fault = nullptr;
    QPlainTextEdit *m_report = nullptr;
    QPushButton *m_add = nullptr, *m_save = nullptr, *m_remove = nullptr, *m_test = nullptr, *m_undo = nullptr;
    QJsonObject m_shown; // the form as it was filled
    bool m_new = false;
};

} // namespace posthorn::ui
