// posthornd: the mail server without a window, and its command line.
#include "commands.h"
#include "control/api/values.h"
#include "serve.h"
#include "show.h"
#include "talk.h"

#include <QCoreApplication>
#include <QDir>
#include <QJsonDocument>

#include <cstdio>

using namespace posthorn;
using namespace posthorn::app;
using namespace Qt::StringLiterals;

namespace {

int print(const QString &text)
{
    const QByteArray bytes = text.toUtf8();
    std::fwrite(bytes.constData(), 1, size_t(bytes.size()), stdout);
    return Good;
}

int refuse(const QString &text, const Command *command)
{
    const QString help = command ? u"posthornd help %1"_s.arg(command->name) : u"posthornd --help"_s;
    const QByteArray line = u"posthornd: %1; see %2\n"_s.arg(text, help).toUtf8();
    std::fwrite(line.constData(), 1, size_t(line.size()), stderr);
    return WrongUsage;
}

int printJson(const QJsonObject &object) { return print(QString::fromUtf8(QJsonDocument(object).toJson())); }

int help(const QStringList &words, bool json)
{
    const QString name = words.join(u' ');
    const auto found = commandsNamed(commands(), name);
    if (found.isEmpty())
        return refuse(u"unknown command “%1”"_s.arg(name), nullptr);
    if (json)
        return printJson(helpJson(found));
    if (words.isEmpty())
        return print(helpText(commands()));
    QStringList texts;
    for (const Command *command : found)
        texts += helpText(*command);
    return print(texts.join(u'\n'));
}

int talk(const Invocation &invocation)
{
    auto plan = invocation.command->plan(invocation);
    if (!plan)
        return refuse(plan.error().text, invocation.command);
    if (plan->needsPassword) {
        const auto password = readPassword();
        if (!password)
            return refuse(password.error().text, invocation.command);
        plan->parameters.insert(plan->passwordName, *password);
    }
    Talk conversation(invocation, *plan);
    QObject::connect(&conversation, &Talk::finished, qApp, [](int code) { QCoreApplication::exit(code); },
                     Qt::QueuedConnection);
    conversation.start();
    return QCoreApplication::exec();
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(u"posthornd"_s);
    auto invocation = parseArguments(commands(), QCoreApplication::arguments().mid(1));
    if (!invocation)
        return refuse(invocation.error().text, nullptr);
    if (invocation->version)
        return print(u"posthornd %1\n"_s.arg(QStringLiteral(POSTHORN_VERSION)));
    const bool wantsHelp = invocation->command && invocation->command->way == Way::Help;
    if (wantsHelp || invocation->help)
        return help(wantsHelp ? invocation->positionals
                              : invocation->command ? QString(invocation->command->name).split(u' ') : QStringList(),
                    invocation->json);
    if (invocation->command->way == Way::Providers)
        return invocation->json ? printJson(providersJson()) : print(providersText());
    if (invocation->dataDirectory.isEmpty())
        invocation->dataDirectory = control::defaultDataDirectory();
    invocation->dataDirectory = QDir::cleanPath(QDir().absoluteFilePath(invocation->dataDirectory));
    return invocation->command->way == Way::Serve ? serve(*invocation) : talk(*invocation);
}
