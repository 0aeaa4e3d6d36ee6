// Each check by itself.
#include "policy/filter/checks/header_sanity.h"
#include "policy/filter/checks/loop.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::filter;
using namespace Qt::StringLiterals;

namespace {

Verdict judge(const Check &check, const QByteArray &message, const Facts &facts = {})
{
    const message::Structure structure = message::parseStructure(message);
    std::optional<Verdict> verdict;
    check.judge(Message, facts, &structure, [&](Verdict given) { verdict = std::move(given); });
    return *verdict;
}

} // namespace

class TestChecks : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void refusesAMessageThatGoesInCircles();
    void notesWhatIsOdd_data();
    void notesWhatIsOdd();
};

void TestChecks::refusesAMessageThatGoesInCircles()
{
    const LoopCheck check;
    const auto hops = [](int count) { return QByteArray("Received: from a by b; x\r\n").repeated(count) + "Subject: x\r\n\r\nReceived: no\r\n"; };
    Facts facts;
    facts.maxHops = 30;
    QCOMPARE(judge(check, hops(0), facts).action, Action::Accept);
    QCOMPARE(judge(check, hops(30), facts).action, Action::Accept);
    const Verdict verdict = judge(check, hops(31), facts);
    QCOMPARE(verdict.action, Action::Reject);
    QCOMPARE(verdict.reply.code, 554);
    QCOMPARE(verdict.reply.enhanced, "5.4.6"_ba);
    QVERIFY(verdict.why.contains(u"31"_s));
    QCOMPARE(judge(check, hops(100)).action, Action::Accept);
    QCOMPARE(judge(check, hops(101)).action, Action::Reject);
}

void TestChecks::notesWhatIsOdd_data()
{
    QTest::addColumn<QByteArray>("message");
    QTest::addColumn<bool>("submission");
    QTest::addColumn<QString>("why");
    const QByteArray date = "Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n", from = "From: a@example.org\r\n";
    QTest::newRow("nothing odd") << date + from + "\r\ntext\r\n" << false << QString();
    QTest::newRow("no From") << date + "\r\n" << false << u"no From field"_s;
    QTest::newRow("no Date") << from + "\r\n" << false << u"no Date field"_s;
    QTest::newRow("no Date, but we set it") << from + "\r\n" << true << QString();
    QTest::newRow("nothing at all") << QByteArray() << false << u"no From field, no Date field"_s;
    QTest::newRow("8-bit header") << date + from + "Subject: \xff\r\n\r\n" << false << u"8-bit header without SMTPUTF8"_s;
    QTest::newRow("NUL") << date + from + "\r\na\0b\r\n"_ba << false << u"NUL in the message"_s;
}

void TestChecks::notesWhatIsOdd()
{
    QFETCH(QByteArray, message);
    QFETCH(bool, submission);
    QFETCH(QString, why);
    Facts facts;
    facts.submission = submission;
    const Verdict verdict = judge(HeaderSanityCheck(), message, facts);
    QCOMPARE(verdict.why, why);
    QCOMPARE(verdict.action, Action::Accept);
    facts.mail.smtpUtf8 = true;
    QVERIFY(!judge(HeaderSanityCheck(), message, facts).why.contains(u"8-bit"_s));
}

QTEST_GUILESS_MAIN(TestChecks)
#include "test_checks.moc"
