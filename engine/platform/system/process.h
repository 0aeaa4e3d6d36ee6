// This process and the system around it: limits, stop signals, the service manager, the terminal.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QObject>

#include <memory>

namespace posthorn::system {

// Raises the number of descriptors that this process may open as far as it may without privileges, and returns it;
// a large number where there is no such limit. Call it once, early.
int raiseDescriptorLimit();
[[nodiscard]] int descriptorLimit();

// SIGTERM and SIGINT, or the console's and the system's wish to close on Windows, as a signal of an object. One at a
// time; the thread that makes it needs an event loop. While it lives, these signals no longer end the process; a second
// one does, in case the orderly way hangs.
class StopSignals : public QObject
{
    Q_OBJECT
public:
    explicit StopSignals(QObject *parent = nullptr);
    ~StopSignals() override;

Q_SIGNALS:
    void stopRequested();

private:
    struct Private;
    std::unique_ptr<Private> d;
};

// Tells the service manager how far we are: "READY=1", "STOPPING=1", "STATUS=...". True when there was one to tell.
// systemd's protocol; elsewhere nothing happens.
bool notifyServiceManager(const QByteArray &state);

// Whether standard input is a terminal, where a person types.
[[nodiscard]] bool inputIsTerminal();
// Asks on the terminal, without showing what is typed. Unavailable when there is no terminal. UTF-8, without line end.
[[nodiscard]] Result<QByteArray> promptForPassword(const QByteArray &prompt);

} // namespace posthorn::system
