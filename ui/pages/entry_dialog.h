// One message in the queue: where it goes, and all that was said when it was last tried.
#pragma once

#include "control/client/client.h"

#include <QDialog>
#include <QJsonObject>

class QFormLayout;
class QPlainTextEdit;

namespace posthorn::ui {

class EntryDialog : public QDialog
{
    Q_OBJECT
public:
    EntryDialog(control::Client &client, const QString &id, QWidget *parent);

private:
    void show(const QJsonObject &entry);
    void addLine(const QString &label, const QString &text);

    QFormLayout *m_facts;
    QPlainTextEdit *m_dialogue;
    QStringList m_lines; // of facts, as they are copied
};

} // namespace posthorn::ui
