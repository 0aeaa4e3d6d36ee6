#include "ui/pages/program_dialog.h"

#include "ui/facts.h"

#include <QClipboard>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QGroupBox>
#include <QGuiApplication>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

struct Line
{
    QString label, text;
};

QList<Line> linesOf(const QList<ProgramAccess> &ways, const QString &address)
{
    const ProgramAccess &best = ways.first();
    QList<Line> lines{{ProgramDialog::tr("Kind"), best.protocol},
                      {ProgramDialog::tr("Server"), best.server},
                      {ProgramDialog::tr("Port"), QString::number(best.port)},
                      {ProgramDialog::tr("Encryption"), best.encryption},
                      {ProgramDialog::tr("User name"), address},
                      {ProgramDialog::tr("Password"), ProgramDialog::tr("the one of the account")}};
    QStringList others;
    for (const ProgramAccess &way : ways.sliced(1))
        others += ProgramDialog::tr("%1 on port %2 with %3").arg(way.protocol).arg(way.port).arg(way.encryption);
    if (!others.isEmpty())
        lines += Line{ProgramDialog::tr("Or"), others.join(u"\n"_s)};
    return lines;
}

QGroupBox *box(const QString &title, const QList<ProgramAccess> &ways, const QString &address)
{
    auto *group = new QGroupBox(title);
    auto *form = new QFormLayout(group);
    if (ways.isEmpty()) {
        form->addRow(new QLabel(ProgramDialog::tr("No service for this is open. See Settings, Services.")));
        return group;
    }
    for (const Line &line : linesOf(ways, address)) {
        auto *value = new QLabel(line.text);
        value->setTextFormat(Qt::PlainText);
        value->setWordWrap(true);
        value->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        value->setAccessibleName(line.label + u": "_s + line.text);
        form->addRow(line.label, value);
    }
    return group;
}

QString blockText(const QString &title, const QList<ProgramAccess> &ways, const QString &address)
{
    QString text = title + u'\n';
    if (!ways.isEmpty()) {
        for (const Line &line : linesOf(ways, address))
            text += u"  %1: %2\n"_s.arg(line.label, QString(line.text).replace(u'\n', u"; "_s));
    }
    return text;
}

QString trustText(const QJsonObject &status)
{
    return hasOwnCertificate(status) ? ProgramDialog::tr("The server made its certificate itself, so the program asks once whether to trust it: say yes.")
                                     : QString();
}

} // namespace

ProgramDialog::ProgramDialog(const QString &address, const QJsonObject &status, bool isNew, QWidget *parent) : QDialog(parent)
{
    setWindowTitle(tr("Mail program of %1").arg(address));
    setAttribute(Qt::WA_DeleteOnClose);
    setMinimumWidth(480);
    auto *words = new QLabel(isNew ? tr("The account %1 is ready. Type this into its mail program:").arg(address)
                                   : tr("Type this into the mail program:"));
    words->setWordWrap(true);
    words->setTextFormat(Qt::PlainText);
    auto *trust = new QLabel(trustText(status));
    trust->setWordWrap(true);
    trust->setVisible(!trust->text().isEmpty());
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Close);
    auto *copy = buttons->addButton(tr("&Copy"), QDialogButtonBox::ActionRole);
    connect(copy, &QPushButton::clicked, this, [text = asText(address, status)] { QGuiApplication::clipboard()->setText(text); });
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto *layout = new QVBoxLayout(this);
    layout->setSpacing(12);
    layout->addWidget(words);
    layout->addWidget(box(tr("Reading mail"), waysToRead(status), address));
    layout->addWidget(box(tr("Sending mail"), waysToSend(status), address));
    layout->addWidget(trust);
    layout->addStretch();
    layout->addWidget(buttons);
}

QString ProgramDialog::asText(const QString &address, const QJsonObject &status)
{
    const QString trust = trustText(status);
    return blockText(tr("Reading mail"), waysToRead(status), address) + u'\n' + blockText(tr("Sending mail"), waysToSend(status), address)
           + (trust.isEmpty() ? QString() : u'\n' + trust + u'\n');
}

} // namespace posthorn::ui
