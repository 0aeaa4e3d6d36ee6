// The forms of the accounts page. Each checks what is typed as it is typed and gives the parameters of a method.
#pragma once

#include <QDialog>
#include <QJsonObject>
#include <QStringList>

class QCheckBox;
class QComboBox;
class QDialogButtonBox;
class QDoubleSpinBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QSpinBox;

namespace posthorn::ui {

// "name @ [domain]" in one row, and what is wrong with the name, as a sentence, or empty.
[[nodiscard]] QWidget *addressRow(QLineEdit *name, QComboBox *domain);
[[nodiscard]] QString nameFault(const QLineEdit *name);

// A form with a line for what is wrong, whose OK can be pressed when nothing is.
class FormDialog : public QDialog
{
    Q_OBJECT
public:
    FormDialog(const QString &title, const QString &okText, QWidget *parent);
    // An error from the engine: the form stays open and says it.
    void refuse(const QString &why);
    void reject() override; // asks when something was typed

Q_SIGNALS:
    void submitted(const QJsonObject &parameters);

protected:
    void showEvent(QShowEvent *event) override;
    [[nodiscard]] QFormLayout *form() { return m_form; }
    // What is wrong, as a sentence, or empty.
    [[nodiscard]] virtual QString fault() const = 0;
    [[nodiscard]] virtual QJsonObject parameters() const = 0;
    void check();
    void addHint(const QString &text);
    void addLimits(const QJsonObject &row); // perMinute and perDay
    [[nodiscard]] QJsonObject limits() const;

private:
    QFormLayout *m_form;
    QJsonObject m_first; // the form as it was opened
    QSpinBox *m_perMinute = nullptr, *m_perDay = nullptr;
    QLabel *m_fault;
    QDialogButtonBox *m_buttons;
};

class AccountDialog : public FormDialog
{
    Q_OBJECT
public:
    // An empty `account` makes a new one in one of `domains`, with room for `usualQuota` octets.
    AccountDialog(const QJsonObject &account, const QStringList &domains, qint64 usualQuota, QWidget *parent);

protected:
    QString fault() const override;
    QJsonObject parameters() const override;

private:
    void buildNew(const QStringList &domains);
    void buildCommon(const QJsonObject &account, qint64 quota);
    void buildForwarding(const QJsonObject &account);
    [[nodiscard]] QStringList forwardTargets() const;

    QString m_address; // of the account being edited
    QLineEdit *m_name = nullptr;
    QComboBox *m_domain = nullptr;
    QLineEdit *m_password = nullptr;
    QLineEdit *m_again = nullptr;
    QLineEdit *m_displayName = nullptr;
    QDoubleSpinBox *m_quota = nullptr;
    QSpinBox *m_keepDays = nullptr;
    QLineEdit *m_forward = nullptr;
    QCheckBox *m_forwardKeep = nullptr;
    QCheckBox *m_enabled = nullptr;
    QCheckBox *m_administrator = nullptr;
};

class PasswordDialog : public FormDialog
{
    Q_OBJECT
public:
    PasswordDialog(const QString &address, QWidget *parent);

protected:
    QString fault() const override;
    QJsonObject parameters() const override;

private:
    QString m_address;
    QLineEdit *m_password;
    QLineEdit *m_again;
};

class AliasDialog : public FormDialog
{
    Q_OBJECT
public:
    AliasDialog(const QJsonObject &alias, const QStringList &domains, QWidget *parent);

protected:
    QString fault() const override;
    QJsonObject parameters() const override;

private:
    QString m_address;
    QLineEdit *m_name = nullptr;
    QComboBox *m_domain = nullptr;
    QPlainTextEdit *m_targets;
};

class DomainDialog : public FormDialog
{
    Q_OBJECT
public:
    DomainDialog(const QJsonObject &domain, const QStringList &domains, QWidget *parent);

protected:
    QString fault() const override;
    QJsonObject parameters() const override;

private:
    bool m_isNew;
    QLineEdit *m_name;
    QComboBox *m_aliasOf;
    QLineEdit *m_catchAll;
    QLineEdit *m_certificate;
    QLineEdit *m_key;
};

} // namespace posthorn::ui
