// Tokens printed by commands.
#include "service/relay/tokens.h"
#include "support/patience.h"

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace posthorn;
using namespace posthorn::relay;
using namespace Qt::StringLiterals;

class TestTokens : public QObject
{
    Q_OBJECT
    QTemporaryDir m_folder;
    system::TestClock m_clock;

    // Counts its calls in a file, and prints "token-N".
    QString command(const QString &name, const QByteArray &script = {})
    {
        const QString path = m_folder.filePath(name);
        QFile file(path);
        (void)file.open(QFile::WriteOnly);
        const QByteArray count = "n=$(cat " + path.toUtf8() + ".n 2>/dev/null || echo 0); n=$((n+1)); echo $n >" + path.toUtf8() + ".n\n";
        file.write("#!/bin/sh\n" + count + (script.isEmpty() ? "echo token-$n"_ba : script) + "\n");
        file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        return path;
    }
    static Result<QByteArray> fetch(Tokens &tokens, const QString &command, const QByteArray &refused = {})
    {
        std::optional<Result<QByteArray>> got;
        tokens.fetch(command, refused, [&](const Result<QByteArray> &token) { got = token; });
        return test::waitFor([&] { return got.has_value(); }) ? *got : fail(ErrorKind::Internal, u"no answer"_s);
    }

private Q_SLOTS:
    void initTestCase()
    {
#ifdef Q_OS_WIN
        QSKIP("needs a shell script");
#endif
    }
    void keepsATokenForAWhile()
    {
        Tokens tokens(nullptr, m_clock);
        const QString path = command(u"one"_s);
        QCOMPARE(fetch(tokens, path), "token-1"_ba);
        m_clock.advance(299'000);
        QCOMPARE(fetch(tokens, path), "token-1"_ba);
        m_clock.advance(2'000);
        QCOMPARE(fetch(tokens, path), "token-2"_ba);
    }
    void getsAnotherWhenOneIsRefused()
    {
        Tokens tokens(nullptr, m_clock);
        const QString path = command(u"two"_s);
        QCOMPARE(fetch(tokens, path), "token-1"_ba);
        QCOMPARE(fetch(tokens, path, "token-1"), "token-2"_ba);
        QCOMPARE(fetch(tokens, path, "token-1"), "token-2"_ba); // somebody else was refused as well: once is enough
    }
    void asksOnceForMany()
    {
        Tokens tokens(nullptr, m_clock);
        const QString path = command(u"three"_s);
        QList<QByteArray> got;
        for (int i = 0; i < 20; ++i)
            tokens.fetch(path, {}, [&](const Result<QByteArray> &token) { got += token.value_or("none"); });
        QVERIFY(test::waitFor([&] { return got.size() == 20; }));
        QCOMPARE(got, QList<QByteArray>(20, "token-1"));
    }
    void saysWhatIsWrong_data()
    {
        QTest::addColumn<QByteArray>("script");
        QTest::addColumn<QString>("words");
        QTest::newRow("nothing") << "true"_ba << u"printed nothing"_s;
        QTest::newRow("no token") << "echo two words"_ba << u"is no token"_s;
        QTest::newRow("fails") << "echo 'consent is needed' >&2; exit 3"_ba << u"consent is needed"_s;
        QTest::newRow("too much") << "head -c 100000 /dev/zero | tr '\\0' x"_ba << u"printed too much"_s;
    }
    void saysWhatIsWrong()
    {
        QFETCH(QByteArray, script);
        QFETCH(QString, words);
        Tokens tokens(nullptr, m_clock);
        const auto token = fetch(tokens, command(QString::fromLatin1(QTest::currentDataTag()).replace(u' ', u'-'), script));
        QVERIFY(!token);
        QVERIFY2(token.error().text.contains(words), qPrintable(token.error().text));
    }
    void needsAWholePath()
    {
        Tokens tokens(nullptr, m_clock);
        QVERIFY(!fetch(tokens, u"token --now"_s));
        QVERIFY(!fetch(tokens, u"/no/such/program"_s));
    }
};

QTEST_GUILESS_MAIN(TestTokens)
#include "test_tokens.moc"
