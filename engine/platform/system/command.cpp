#include "platform/system/command.h"

#include <QDir>
#include <QProcess>
#include <QTimer>

namespace posthorn::system {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype mostComplaint = 300; // octets of standard error that are told

class Command : public QObject
{
public:
    Command(QObject *parent, CommandLimits limits, std::function<void(const Result<QByteArray> &)> done)
        : QObject(parent), m_limits(limits), m_done(std::move(done))
    {
        connect(&m_process, &QProcess::readyReadStandardOutput, this, [this] { read(); });
        connect(&m_process, &QProcess::readyReadStandardError, this, [this] { readComplaint(); });
        connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
            if (error == QProcess::FailedToStart)
                end(fail(ErrorKind::Unavailable, u"%1 can't be started: %2"_s.arg(m_process.program(), m_process.errorString())));
        });
        connect(&m_process, &QProcess::finished, this, [this](int code, QProcess::ExitStatus how) { finished(code, how); });
        connect(&m_timer, &QTimer::timeout, this, [this] {
            end(fail(ErrorKind::Unavailable, u"%1 took longer than %2 s"_s.arg(m_process.program())
                                                 .arg(double(m_limits.deadline.count()) / 1000)));
        });
        m_timer.setSingleShot(true);
    }
    ~Command() override
    {
        m_process.disconnect();
        m_process.kill();
        m_process.waitForFinished(1'000);
    }
    void start(const QStringList &command)
    {
        m_timer.start(m_limits.deadline);
        m_process.setStandardInputFile(QProcess::nullDevice());
        m_process.setWorkingDirectory(QDir::rootPath());
        m_process.start(command.first(), command.sliced(1));
    }

private:
    void read()
    {
        m_output += m_process.readAllStandardOutput();
        if (m_output.size() > m_limits.octets)
            end(fail(ErrorKind::Unavailable, u"%1 printed too much"_s.arg(m_process.program())));
    }
    void readComplaint()
    {
        const QByteArray more = m_process.readAllStandardError();
        m_complaint += more.left(qMax<qsizetype>(0, mostComplaint - m_complaint.size()));
    }
    void finished(int code, QProcess::ExitStatus how)
    {
        read();
        readComplaint();
        if (how == QProcess::NormalExit && code == 0) {
            end(m_output);
            return;
        }
        const QString said = QString::fromUtf8(m_complaint).simplified();
        end(fail(ErrorKind::Unavailable, u"%1 failed (%2)%3"_s
                                             .arg(m_process.program(), how == QProcess::NormalExit ? QString::number(code) : u"crash"_s,
                                                  said.isEmpty() ? QString() : u": "_s + said)));
    }
    void end(const Result<QByteArray> &result)
    {
        if (!m_done)
            return;
        m_timer.stop();
        deleteLater();
        std::exchange(m_done, nullptr)(result);
    }

    const CommandLimits m_limits;
    std::function<void(const Result<QByteArray> &)> m_done;
    QProcess m_process{this};
    QTimer m_timer{this};
    QByteArray m_output, m_complaint;
};

} // namespace

Result<QStringList> splitCommand(const QString &text)
{
    const QStringList words = QProcess::splitCommand(text);
    if (words.isEmpty())
        return fail(ErrorKind::Invalid, u"There is no command"_s);
    if (!QDir::isAbsolutePath(words.first()))
        return fail(ErrorKind::Invalid, u"A command begins with the whole path of its program; “%1” does not"_s.arg(words.first()));
    return words;
}

void runCommand(QObject *context, const QStringList &command, CommandLimits limits,
                std::function<void(const Result<QByteArray> &)> done)
{
    (new Command(context, limits, std::move(done)))->start(command);
}

} // namespace posthorn::system
