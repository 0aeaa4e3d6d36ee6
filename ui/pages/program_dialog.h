// What one types into a mail program to use an account here, to be read and copied.
#pragma once

#include <QDialog>
#include <QJsonObject>

namespace posthorn::ui {

class ProgramDialog : public QDialog
{
    Q_OBJECT
public:
    // `status`: the server's; `isNew`: the account was made just now.
    ProgramDialog(const QString &address, const QJsonObject &status, bool isNew, QWidget *parent);
    // The same as plain text, for a message to the account's user.
    [[nodiscard]] static QString asText(const QString &address, const QJsonObject &status);
};

} // namespace posthorn::ui
