#include "platform/system/process.h"

#ifdef Q_OS_WIN
#include <windows.h>
#include <cstdio>
#else
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>
#endif

#include <limits>

namespace posthorn::system {

using namespace Qt::StringLiterals;

#ifdef Q_OS_WIN

int raiseDescriptorLimit()
{
    return descriptorLimit();
}

int descriptorLimit()
{
    return std::numeric_limits<int>::max(); // sockets are handles; memory is the limit
}

bool notifyServiceManager(const QByteArray &)
{
    return false;
}

bool inputIsTerminal()
{
    DWORD mode = 0;
    return ::GetConsoleMode(::GetStdHandle(STD_INPUT_HANDLE), &mode);
}

Result<QByteArray> promptForPassword(const QByteArray &prompt)
{
    const HANDLE input = ::CreateFileW(L"CONIN$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                                       0, nullptr);
    DWORD mode = 0;
    if (input == INVALID_HANDLE_VALUE || !::GetConsoleMode(input, &mode))
        return fail(ErrorKind::Unavailable, u"There is no terminal to ask for a password"_s);
    std::fwrite(prompt.constData(), 1, size_t(prompt.size()), stderr);
    ::SetConsoleMode(input, (mode | ENABLE_LINE_INPUT) & ~DWORD(ENABLE_ECHO_INPUT));
    wchar_t line[1024];
    DWORD length = 0;
    const bool read = ::ReadConsoleW(input, line, 1024, &length, nullptr);
    ::SetConsoleMode(input, mode);
    ::CloseHandle(input);
    std::fputs("\n", stderr);
    QByteArray password = read ? QString::fromWCharArray(line, int(length)).toUtf8() : QByteArray();
    while (password.endsWith('\n') || password.endsWith('\r'))
        password.chop(1);
    ::SecureZeroMemory(line, sizeof line);
    return password;
}

#else

namespace {

rlimit descriptors()
{
    rlimit limit = {};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit;
}

int clamped(rlim_t value)
{
    return value == RLIM_INFINITY || value > rlim_t(std::numeric_limits<int>::max())
               ? std::numeric_limits<int>::max()
               : int(value);
}

QByteArray readLine(int descriptor)
{
    QByteArray line;
    char c = 0;
    while (line.size() < 4096 && ::read(descriptor, &c, 1) == 1 && c != '\n')
        line += c;
    return line;
}

} // namespace

int raiseDescriptorLimit()
{
    rlimit limit = descriptors();
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
#ifdef Q_OS_MACOS
    limit.rlim_cur = qMin<rlim_t>(limit.rlim_max, 10'240); // OPEN_MAX: more is refused as invalid
#endif
    if (limit.rlim_cur > before || before == RLIM_INFINITY)
        ::setrlimit(RLIMIT_NOFILE, &limit);
    return descriptorLimit();
}

int descriptorLimit()
{
    return clamped(descriptors().rlim_cur);
}

// sd_notify(3) by hand: one datagram to the socket named by the environment; a leading '@' is the abstract name space.
bool notifyServiceManager(const QByteArray &state)
{
    const QByteArray path = qgetenv("NOTIFY_SOCKET");
    sockaddr_un address = {};
    if (path.size() < 2 || path.size() >= qsizetype(sizeof address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return false;
    const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    if (descriptor < 0)
        return false;
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.constData(), size_t(path.size()));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    const auto length = socklen_t(offsetof(sockaddr_un, sun_path) + size_t(path.size()) + (path[0] == '/' ? 1 : 0));
    const auto sent = ::sendto(descriptor, state.constData(), size_t(state.size()), 0,
                               reinterpret_cast<const sockaddr *>(&address), length);
    ::close(descriptor);
    return sent == ssize_t(state.size());
}

bool inputIsTerminal()
{
    return ::isatty(STDIN_FILENO) == 1;
}

Result<QByteArray> promptForPassword(const QByteArray &prompt)
{
    const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    termios before = {};
    if (terminal < 0 || ::tcgetattr(terminal, &before) != 0) {
        if (terminal >= 0)
            ::close(terminal);
        return fail(ErrorKind::Unavailable, u"There is no terminal to ask for a password"_s);
    }
    termios silent = before;
    silent.c_lflag &= ~tcflag_t(ECHO);
    ::tcsetattr(terminal, TCSAFLUSH, &silent);
    [[maybe_unused]] const auto asked = ::write(terminal, prompt.constData(), size_t(prompt.size()));
    QByteArray password = readLine(terminal);
    ::tcsetattr(terminal, TCSAFLUSH, &before);
    [[maybe_unused]] const auto ended = ::write(terminal, "\n", 1);
    ::close(terminal);
    if (password.endsWith('\r'))
        password.chop(1);
    return password;
}

#endif

} // namespace posthorn::system
