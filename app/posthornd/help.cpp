// Help about commands, for programs.
#include "arguments.h"

#include <QJsonArray>

namespace posthorn::app {

using namespace Qt::StringLiterals;

namespace {

QJsonArray optionsJson(std::span<const Option> options)
{
    QJsonArray list;
    for (const Option &option : options)
        list += QJsonObject{{u"name"_s, option.name}, {u"value"_s, option.value}, {u"summary"_s, option.summary}};
    return list;
}

QJsonObject commandJson(const Command &command)
{
    QJsonArray arguments;
    for (const Positional &one : command.positionals)
        arguments += QJsonObject{{u"name"_s, one.name}, {u"required"_s, one.required}, {u"repeated"_s, one.repeated}};
    return {{u"name"_s, command.name}, {u"usage"_s, usageOf(command)}, {u"summary"_s, command.summary},
            {u"arguments"_s, arguments}, {u"options"_s, optionsJson(command.options)}};
}

} // namespace

QList<const Command *> commandsNamed(std::span<const Command> commands, const QString &name)
{
    QList<const Command *> group;
    for (const Command &command : commands) {
        if (command.name == name)
            return {&command};
        if (name.isEmpty() || QString(command.name).startsWith(name + u' '))
            group += &command;
    }
    return group;
}

QJsonObject helpJson(const QList<const Command *> &commands)
{
    QJsonArray list;
    for (const Command *command : commands)
        list += commandJson(*command);
    return {{u"commands"_s, list}, {u"generalOptions"_s, optionsJson(generalOptions())}};
}

} // namespace posthorn::app
