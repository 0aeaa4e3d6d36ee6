// Other programs, run without a shell.
#include "platform/system/command.h"
#include "support/patience.h"

#include <QFile>
#include <QTemporaryDir>

using namespace posthorn;
using namespace posthorn::system;
using namespace Qt::StringLiterals;

class TestCommand : public QObject
{
    Q_OBJECT
    static Result<QByteArray> run(const QStringList &command, CommandLimits limits = {})
    {
        QObject context;
        std::optional<Result<QByteArray>> got;
        runCommand(&context, command, limits, [&](const Result<QByteArray> &printed) { got = printed; });
        return test::waitFor([&] { return got.has_value(); }) ? *got : fail(ErrorKind::Internal, u"no answer"_s);
    }

    static QByteArray contentsOf(QFile &file)
    {
        const bool opened = file.open(QIODevice::ReadOnly);
        const QByteArray contents = opened ? file.readAll() : QByteArray();
        file.close();
        return contents;
    }

private Q_SLOTS:
    void initTestCase()
    {
#ifdef Q_OS_WIN
        QSKIP("needs the programs of a Unix");
#endif
    }
    void splitsWords()
    {
        QCOMPARE(splitCommand(u"/bin/token --for \"my mail\" $HOME;ls"_s).value(),
                 QStringList({u"/bin/token"_s, u"--for"_s, u"my mail"_s, u"$HOME;ls"_s}));
        QVERIFY(!splitCommand(u"  "_s));
        QVERIFY(!splitCommand(u"token"_s));
    }
    void givesWhatIsPrinted()
    {
        QCOMPARE(run({u"/bin/echo"_s, u"$HOME; ls"_s}), "$HOME; ls\n"_ba); // no shell
        QCOMPARE(run({u"/bin/cat"_s}), ""_ba);                            // no input
    }
    void endsWhatTakesTooLong()
    {
        const auto result = run({u"/bin/sleep"_s, u"600"_s}, {std::chrono::milliseconds(100), 10}); // longer than we wait for it
        QVERIFY(!result && result.error().kind == ErrorKind::Unavailable);
    }
    void endsWhatPrintsTooMuch()
    {
        const auto result = run({u"/bin/cat"_s, u"/dev/zero"_s}, {std::chrono::seconds(10), 1'000});
        QVERIFY(!result && result.error().text.contains("too much"_L1));
    }
    void isEndedWithItsContext()
    {
        const QTemporaryDir folder;
        QFile file(folder.filePath(u"number"_s));
        bool told = false;
        QByteArray number;
        {
            QObject context;
            runCommand(&context, {u"/bin/sh"_s, u"-c"_s, u"echo $$ > '%1'; exec sleep 600"_s.arg(file.fileName())}, {},
                       [&](const Result<QByteArray> &) { told = true; });
            QTRY_VERIFY((number = contentsOf(file)).endsWith('\n'));
        }
        QTRY_VERIFY(!run({u"/bin/sh"_s, u"-c"_s, u"kill -0 "_s + QString::fromLatin1(number)}));
        QVERIFY(!told);
    }
};

QTEST_GUILESS_MAIN(TestCommand)
#include "test_command.moc"
