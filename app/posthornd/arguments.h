// The command line as a value: a table of commands, and what was typed, parsed against it. Pure.
#pragma once

#include "core/result.h"

#include <QJsonObject>
#include <QMultiMap>
#include <QStringList>
#include <QTextStream>

#include <span>

namespace posthorn::app {

struct Positional
{
    QLatin1StringView name; // "ADDRESS"
    bool required = true;
    bool repeated = false; // the last one only: this many or more
};

struct Option
{
    QLatin1StringView name;  // without its dashes; one name has a value in every command or in none
    QLatin1StringView value; // "SIZE"; empty: a switch
    QLatin1StringView summary;
};

// What a command does without a server running on the data directory.
enum class Alone {
    Fails,  // it is about a running server
    Works,  // on a data directory that is there
    Begins, // makes the data directory
};

// How a command is done: a call of the control protocol, or one of its own ways.
enum class Way { Call, Serve, Help, Log, Providers };

struct Invocation;

// A call of the control protocol.
struct Plan
{
    QString method;
    QJsonObject parameters;
    bool needsPassword = false; // asked for, and given as `passwordName`
    QLatin1StringView passwordName{"password"};
};

struct Command
{
    QLatin1StringView name; // one word or two: "account add"
    QLatin1StringView summary;
    std::span<const Positional> positionals;
    std::span<const Option> options; // besides the general ones
    Way way = Way::Call;
    Alone alone = Alone::Fails;
    Result<Plan> (*plan)(const Invocation &) = nullptr;
    void (*show)(const Invocation &, const QJsonObject &result, QTextStream &) = nullptr;
    // Exit code of a call that was answered; null: 0.
    int (*verdict)(const QJsonObject &result) = nullptr;
};

struct Invocation
{
    const Command *command = nullptr; // null when `help` or `version` was asked for without one
    QStringList positionals;
    QMultiMap<QString, QString> options; // in the order typed, without the general ones
    QString dataDirectory;               // empty: the default
    bool json = false, help = false, version = false;

    [[nodiscard]] bool has(QLatin1StringView option) const { return options.contains(QString(option)); }
    [[nodiscard]] QString value(QLatin1StringView option) const { return options.value(QString(option)); }
    [[nodiscard]] QStringList values(QLatin1StringView option) const; // first typed first
};

[[nodiscard]] std::span<const Option> generalOptions();
// `arguments` without the program's name. Invalid: one line that says what is wrong.
[[nodiscard]] Result<Invocation> parseArguments(std::span<const Command> commands, const QStringList &arguments);

// "account add ADDRESS [--name NAME] [--quota SIZE]"
[[nodiscard]] QString usageOf(const Command &command);
// All commands, general options and exit codes; or one command.
[[nodiscard]] QString helpText(std::span<const Command> commands);
[[nodiscard]] QString helpText(const Command &command);
// The command of that name, or those that begin with the word; all of them for no name.
[[nodiscard]] QList<const Command *> commandsNamed(std::span<const Command> commands, const QString &name);
// The same as helpText for programs: {commands: [{name, usage, summary, arguments, options}], generalOptions}
[[nodiscard]] QJsonObject helpJson(const QList<const Command *> &commands);

enum ExitCode {
    Good = 0,
    WrongUsage = 64,      // the command line can't be understood
    WrongData = 65,       // a value is not allowed; check found faults
    NoData = 66,          // no such data directory or file
    NoSuch = 67,          // no such account, domain, entry, ...
    NotRunning = 69,      // no server is running, or it does not answer
    OwnTrouble = 70,      // a fault of the program
    IsThere = 73,         // what is to be made exists already
    TryLater = 75,        // may work later
    NotAllowed = 77,
};
[[nodiscard]] int exitCodeOf(ErrorKind kind);

} // namespace posthorn::app
