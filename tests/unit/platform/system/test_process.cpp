#include "platform/system/clock.h"
#include "platform/system/data_directory.h"
#include "platform/system/process.h"
#include "support/patience.h"

#include <QFile>
#include <QProcess>
#include <QSignalSpy>
#include <QTemporaryDir>

#ifdef Q_OS_UNIX
#include <csignal>
#include <cstring>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#endif

using namespace posthorn;
using namespace Qt::StringLiterals;

class TestProcess : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void clockGoesOn();
    void testClockStandsStill();
    void makesDirectoriesForTheOwnerOnly();
    void refusesFilesAsDirectories();
    void makesFilesForTheOwnerOnly();
    void tellsFreeSpace();
    void locksOnce();
    void locksAgainAfterwards();
    void takesOverTheLockOfTheDead();
    void saysWhenItMayNotLock();
    void raisesTheDescriptorLimit();
    void turnsStopSignalsIntoASignal();
    void restoresSignals();
    void tellsTheServiceManager();
    void tellsNobodyWithoutServiceManager();
    void asksForNothingWithoutTerminal();
};

namespace {

const QFile::Permissions others = QFile::ReadGroup | QFile::WriteGroup | QFile::ExeGroup | QFile::ReadOther
                                  | QFile::WriteOther | QFile::ExeOther;

} // namespace

void TestProcess::clockGoesOn()
{
    const system::Clock &clock = system::realClock();
    const qint64 steady = clock.steadyMs();
    QTRY_VERIFY(clock.steadyMs() > steady);
    const qint64 before = QDateTime::currentMSecsSinceEpoch(), now = clock.wallMs(), after = QDateTime::currentMSecsSinceEpoch();
    QVERIFY(before - 1000 < now && now < after + 1000);
}

void TestProcess::testClockStandsStill()
{
    system::TestClock clock(5'000);
    const qint64 steady = clock.steadyMs();
    QCOMPARE(clock.steadyMs(), steady);
    clock.advance(250);
    QCOMPARE(clock.steadyMs(), steady + 250);
    QCOMPARE(clock.wallMs(), 5'250);
}

void TestProcess::makesDirectoriesForTheOwnerOnly()
{
    QTemporaryDir directory;
    const QString made = directory.filePath(u"a/b/data"_s);
    QVERIFY(system::makePrivateDirectory(made));
    QVERIFY(QFileInfo(made).isDir());
    QVERIFY(!(QFile::permissions(made) & others));
    QFile::setPermissions(made, QFile::permissions(made) | QFile::ReadOther | QFile::ExeOther);
    QVERIFY(system::makePrivateDirectory(made)); // is made private when it is there already
    QVERIFY(!(QFile::permissions(made) & others));
}

void TestProcess::refusesFilesAsDirectories()
{
    QTemporaryDir directory;
    QFile file(directory.filePath(u"data"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    const auto made = system::makePrivateDirectory(file.fileName());
    QVERIFY(!made);
    QCOMPARE(made.error().kind, ErrorKind::Invalid);
    QVERIFY(!system::makePrivateDirectory(file.fileName() + u"/below"_s));
}

void TestProcess::makesFilesForTheOwnerOnly()
{
    QTemporaryDir directory;
    QFile file(directory.filePath(u"secret"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    QVERIFY(system::makePrivateFile(file.fileName()));
    QVERIFY(!(QFile::permissions(file.fileName()) & others));
    QVERIFY(!system::makePrivateFile(directory.filePath(u"missing"_s)));
}

void TestProcess::tellsFreeSpace()
{
    QTemporaryDir directory;
    QVERIFY(system::freeOctets(directory.path()) > 0);
    QCOMPARE(system::freeOctets(u"/nowhere/at/all"_s), -1);
}

void TestProcess::locksOnce()
{
    QTemporaryDir directory;
    const auto lock = system::DataLock::take(directory.path());
    QVERIFY(lock);
    const auto second = system::DataLock::take(directory.path());
    QVERIFY(!second);
    QCOMPARE(second.error().kind, ErrorKind::Exists);
    QVERIFY(second.error().text.contains(QString::number(QCoreApplication::applicationPid())));
}

void TestProcess::locksAgainAfterwards()
{
    QTemporaryDir directory;
    {
        auto lock = system::DataLock::take(directory.path());
        QVERIFY(lock);
        const system::DataLock moved(std::move(*lock));
        QVERIFY(!system::DataLock::take(directory.path()));
    }
    QVERIFY(system::DataLock::take(directory.path()));
}

void TestProcess::takesOverTheLockOfTheDead()
{
    QTemporaryDir directory;
    QProcess shortLived;
    shortLived.start(QCoreApplication::applicationFilePath(), {u"-functions"_s});
    const qint64 process = shortLived.processId();
    QVERIFY(shortLived.waitForFinished());
    QFile left(directory.filePath(u"posthorn.lock"_s));
    QVERIFY(left.open(QIODevice::WriteOnly));
    left.write(QByteArray::number(process) + "\nposthornd\n" + QSysInfo::machineHostName().toUtf8() + "\n\n"
               + QSysInfo::bootUniqueId() + "\n");
    left.close();
    QVERIFY(system::DataLock::take(directory.path()));
}

void TestProcess::saysWhenItMayNotLock()
{
    const auto lock = system::DataLock::take(u"/nowhere/at/all"_s);
    QVERIFY(!lock);
    QCOMPARE(lock.error().kind, ErrorKind::Denied);
}

void TestProcess::raisesTheDescriptorLimit()
{
    const int limit = system::raiseDescriptorLimit();
    QCOMPARE(system::descriptorLimit(), limit);
#ifdef Q_OS_LINUX
    rlimit low = {};
    ::getrlimit(RLIMIT_NOFILE, &low);
    const rlimit before = low;
    low.rlim_cur = 100;
    QCOMPARE(::setrlimit(RLIMIT_NOFILE, &low), 0);
    QCOMPARE(system::descriptorLimit(), 100);
    QCOMPARE(system::raiseDescriptorLimit(), limit);
    ::setrlimit(RLIMIT_NOFILE, &before);
#endif
}

void TestProcess::turnsStopSignalsIntoASignal()
{
#ifdef Q_OS_UNIX
    for (const int number : {SIGTERM, SIGINT}) {
        system::StopSignals signals_;
        QSignalSpy requested(&signals_, &system::StopSignals::stopRequested);
        ::raise(number);
        QCOMPARE(requested.size(), 0); // not from within the handler
        QTRY_COMPARE(requested.size(), 1);
    }
#endif
}

void TestProcess::restoresSignals()
{
#ifdef Q_OS_UNIX
    struct sigaction before = {}, within = {}, after = {};
    ::sigaction(SIGTERM, nullptr, &before);
    {
        system::StopSignals signals_;
        ::sigaction(SIGTERM, nullptr, &within);
        QVERIFY(within.sa_handler != before.sa_handler);
        ::raise(SIGTERM);
        ::sigaction(SIGTERM, nullptr, &within);
        QVERIFY(within.sa_handler == SIG_DFL); // a second one would end the process
    }
    ::sigaction(SIGTERM, nullptr, &after);
    QVERIFY(after.sa_handler == before.sa_handler);
#endif
}

void TestProcess::tellsTheServiceManager()
{
#ifdef Q_OS_LINUX
    QTemporaryDir directory;
    const QByteArray path = QFile::encodeName(directory.filePath(u"notify"_s));
    const int receiver = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.constData(), size_t(path.size()));
    QCOMPARE(::bind(receiver, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
    qputenv("NOTIFY_SOCKET", path);
    QVERIFY(system::notifyServiceManager("READY=1"));
    char buffer[64];
    QCOMPARE(::recv(receiver, buffer, sizeof buffer, 0), 7);
    QCOMPARE(QByteArrayView(buffer, 7), "READY=1");
    ::close(receiver);
    QVERIFY(!system::notifyServiceManager("STOPPING=1")); // nobody listens any more
    qunsetenv("NOTIFY_SOCKET");
#endif
}

void TestProcess::tellsNobodyWithoutServiceManager()
{
    for (const QByteArray &path : {""_ba, "relative"_ba, QByteArray(200, '/')}) {
        qputenv("NOTIFY_SOCKET", path);
        QVERIFY(!system::notifyServiceManager("READY=1"));
    }
    qunsetenv("NOTIFY_SOCKET");
    QVERIFY(!system::notifyServiceManager("READY=1"));
}

void TestProcess::asksForNothingWithoutTerminal()
{
#ifdef Q_OS_UNIX
    // A session of its own has no terminal.
    if (::setsid() < 0 && ::access("/dev/tty", R_OK) == 0)
        QSKIP("this process leads a group: it keeps its terminal");
    const auto password = system::promptForPassword("Password: ");
    QVERIFY(!password);
    QCOMPARE(password.error().kind, ErrorKind::Unavailable);
#endif
}

QTEST_GUILESS_MAIN(TestProcess)
#include "test_process.moc"
