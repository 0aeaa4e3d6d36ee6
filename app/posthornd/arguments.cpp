#include "arguments.h"

#include <algorithm>

namespace posthorn::app {

using namespace Qt::StringLiterals;

namespace {

constexpr Option general[] = {
    {"data"_L1, "DIR"_L1, "The data directory"_L1},
    {"json"_L1, {}, "Prints the result as JSON"_L1},
    {"help"_L1, {}, "Prints help and ends"_L1},
    {"version"_L1, {}, "Prints the version and ends"_L1},
};

struct Typed
{
    QStringList words;
    QList<std::pair<const Option *, QString>> options;
};

const Option *findOption(std::span<const Option> options, QAnyStringView name)
{
    const auto found = std::ranges::find_if(options, [&](const Option &option) { return QAnyStringView(option.name) == name; });
    return found == options.end() ? nullptr : &*found;
}

// Any command's option: the command isn't known before all is read.
const Option *findAnywhere(std::span<const Command> commands, QStringView name)
{
    if (const Option *option = findOption(general, name))
        return option;
    for (const Command &command : commands) {
        if (const Option *option = findOption(command.options, name))
            return option;
    }
    return nullptr;
}

std::unexpected<Error> wrong(const QString &text) { return fail(ErrorKind::Invalid, text); }

Result<Typed> separate(std::span<const Command> commands, const QStringList &arguments)
{
    Typed typed;
    bool onlyWords = false;
    for (qsizetype i = 0; i < arguments.size(); ++i) {
        const QString &argument = arguments[i];
        if (onlyWords || !argument.startsWith(u'-') || argument == "-"_L1) {
            typed.words += argument;
            continue;
        }
        if (argument == "--"_L1) {
            onlyWords = true;
            continue;
        }
        const qsizetype equals = argument.indexOf(u'=');
        const QString name = argument == "-h"_L1 ? u"help"_s : argument.mid(2, equals < 0 ? -1 : equals - 2);
        const Option *option = argument.startsWith("--"_L1) || argument == "-h"_L1 ? findAnywhere(commands, name) : nullptr;
        if (!option)
            return wrong(u"unknown option %1"_s.arg(argument.section(u'=', 0, 0)));
        if (option->value.isEmpty() && equals >= 0)
            return wrong(u"--%1 takes no value"_s.arg(name));
        if (option->value.isEmpty() || equals >= 0) {
            typed.options.emplaceBack(option, equals < 0 ? QString() : argument.mid(equals + 1));
        } else if (i + 1 < arguments.size()) {
            typed.options.emplaceBack(option, arguments[++i]);
        } else {
            return wrong(u"--%1 needs a value: --%1 %2"_s.arg(name, option->value));
        }
    }
    return typed;
}

// Takes the command's words off.
Result<const Command *> findCommand(std::span<const Command> commands, QStringList &words)
{
    for (const qsizetype count : {2, 1}) {
        const QString name = words.first(qMin(count, words.size())).join(u' ');
        const auto found = std::ranges::find_if(commands, [&](const Command &one) { return one.name == name; });
        if (found != commands.end() && found->name.count(u' ') == count - 1) {
            words = words.mid(count);
            return &*found;
        }
    }
    QStringList group;
    for (const Command &command : commands) {
        if (QString(command.name).startsWith(words.first() + u' '))
            group += QString(command.name).section(u' ', 1);
    }
    if (!group.isEmpty())
        return wrong(u"“%1” needs one of: %2"_s.arg(words.first(), group.join(u", "_s)));
    return wrong(u"unknown command “%1”"_s.arg(words.first()));
}

Result<void> checkPositionals(const Command &command, const QStringList &given)
{
    const auto needed = std::ranges::count_if(command.positionals, &Positional::required);
    const bool unbounded = !command.positionals.empty() && command.positionals.back().repeated;
    if (given.size() < needed)
        return wrong(u"“%1” needs %2"_s.arg(command.name, command.positionals[size_t(given.size())].name));
    if (!unbounded && given.size() > qsizetype(command.positionals.size()))
        return wrong(u"“%1” does not take “%2”"_s.arg(command.name, given[qsizetype(command.positionals.size())]));
    return {};
}

Result<void> takeOption(Invocation &invocation, const Option &option, const QString &value)
{
    if (option.name == "data"_L1) {
        if (value.isEmpty())
            return wrong(u"--data needs a directory"_s);
        invocation.dataDirectory = value;
    } else if (option.name == "json"_L1) {
        invocation.json = true;
    } else if (option.name == "help"_L1) {
        invocation.help = true;
    } else if (option.name == "version"_L1) {
        invocation.version = true;
    } else if (!invocation.command || !findOption(invocation.command->options, option.name)) {
        return wrong(u"“%1” has no option --%2"_s.arg(
            invocation.command ? QString(invocation.command->name) : u"posthornd"_s, option.name));
    } else {
        invocation.options.insert(QString(option.name), value);
    }
    return {};
}

QString columns(const QString &left, QLatin1StringView right) { return u"  %1 %2\n"_s.arg(left, -30).arg(right); }

QString optionText(const Option &option)
{
    return u"--"_s + option.name + (option.value.isEmpty() ? QString() : u' ' + QString(option.value));
}

} // namespace

QStringList Invocation::values(QLatin1StringView option) const
{
    QStringList all = options.values(QString(option)); // last typed first
    std::ranges::reverse(all);
    return all;
}

std::span<const Option> generalOptions() { return general; }

Result<Invocation> parseArguments(std::span<const Command> commands, const QStringList &arguments)
{
    auto typed = separate(commands, arguments);
    if (!typed)
        return std::unexpected(typed.error());
    Invocation invocation;
    if (!typed->words.isEmpty()) {
        const auto command = findCommand(commands, typed->words);
        if (!command)
            return std::unexpected(command.error());
        invocation.command = *command;
        invocation.positionals = typed->words;
    }
    for (const auto &[option, value] : std::as_const(typed->options)) {
        if (const auto taken = takeOption(invocation, *option, value); !taken)
            return std::unexpected(taken.error());
    }
    if (invocation.help || invocation.version)
        return invocation;
    if (!invocation.command)
        return wrong(u"no command given"_s);
    if (const auto checked = checkPositionals(*invocation.command, invocation.positionals); !checked)
        return std::unexpected(checked.error());
    return invocation;
}

QString usageOf(const Command &command)
{
    QString usage(command.name);
    for (const Positional &positional : command.positionals) {
        const QString name = positional.name + (positional.repeated ? u"..."_s : QString());
        usage += positional.required ? u' ' + name : u" ["_s + name + u']';
    }
    for (const Option &option : command.options)
        usage += u" ["_s + optionText(option) + u']';
    return usage;
}

QString helpText(const Command &command)
{
    QString text = u"posthornd %1\n\n%2.\n"_s.arg(usageOf(command), command.summary);
    if (!command.options.empty())
        text += u"\nOptions\n"_s;
    for (const Option &option : command.options)
        text += columns(optionText(option), option.summary);
    text += u"\nGeneral options\n"_s;
    for (const Option &option : general)
        text += columns(optionText(option), option.summary);
    static constexpr QLatin1StringView alone[] = {"Needs a running server."_L1,
                                                  "Works on the data directory itself when no server is running on it."_L1,
                                                  "Works without a running server, too, and makes the data directory."_L1};
    if (command.way == Way::Call || command.way == Way::Log)
        text += u'\n' + alone[int(command.alone)] + u'\n';
    return text;
}

QString helpText(std::span<const Command> commands)
{
    QString text = u"posthornd COMMAND [--data DIR] [--json] ...\n\nPosthorn, a mail server.\n\nCommands\n"_s;
    for (const Command &command : commands)
        text += u"  %1\n      %2\n"_s.arg(usageOf(command), command.summary);
    text += u"\nGeneral options\n"_s;
    for (const Option &option : general)
        text += columns(optionText(option), option.summary);
    text += u"\nPasswords are read from standard input, or asked for on the terminal.\n"
            "\nExit codes\n"
            "  0   done\n"
            "  64  the command line can't be understood\n"
            "  65  a value is not allowed; “check” found faults\n"
            "  66  there is no such data directory or file\n"
            "  67  there is no such account, domain, alias, setting, entry\n"
            "  69  no server is running, or it does not answer\n"
            "  70  a fault of the program\n"
            "  73  what is to be made is there already\n"
            "  75  it may work later\n"
            "  77  not allowed\n"_s;
    return text;
}

int exitCodeOf(ErrorKind kind)
{
    switch (kind) {
    case ErrorKind::NotFound: return NoSuch;
    case ErrorKind::Exists: return IsThere;
    case ErrorKind::Denied: return NotAllowed;
    case ErrorKind::Invalid:
    case ErrorKind::TooLarge: return WrongData;
    case ErrorKind::OverQuota:
    case ErrorKind::Uncertain: return TryLater;
    case ErrorKind::Unavailable: return NotRunning;
    case ErrorKind::Internal: return OwnTrouble;
    }
    return OwnTrouble;
}

} // namespace posthorn::app
