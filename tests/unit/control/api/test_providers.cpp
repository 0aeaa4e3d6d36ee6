// The list of providers that is compiled in, and what makes one a bad one.
#include "control/api/providers.h"

#include <QRegularExpression>
#include <QTest>

using namespace posthorn;
using namespace posthorn::control;
using namespace Qt::StringLiterals;

class TestProviders : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void knowsTheGreatOnes()
    {
        for (const char *id : {"gmail", "outlook", "microsoft365", "fastmail", "ses", "icloud", "yahoo", "gmx", "web-de",
                               "mailgun", "sendgrid", "postmark", "brevo", "zoho"})
            QVERIFY2(providerNamed(QString::fromLatin1(id)), id);
        QVERIFY(!providerNamed(u"nobody"_s));
    }
    void saysOfEachAllThatIsNeeded()
    {
        static const QRegularExpression host(u"^([a-z0-9-]+\\.)+[a-z]{2,}$"_s), id(u"^[a-z0-9-]+$"_s);
        for (const Provider &one : providers()) {
            const QString region = one.regions.value(0);
            const auto server = one.hostIn(region);
            QVERIFY2(id.match(one.id).hasMatch(), qPrintable(one.id));
            QVERIFY2(server && host.match(*server).hasMatch(), qPrintable(one.id));
            QVERIFY2(one.port == (one.tls == "tls"_L1 ? 465 : 587), qPrintable(one.id));
            QVERIFY2(one.hint.size() > 20 && one.hint.endsWith(u'.'), qPrintable(one.id));
        }
    }
    void hasRegionsWhereTheProviderHas()
    {
        const Provider ses = providerNamed(u"ses"_s).value();
        QCOMPARE(ses.hostIn(u"eu-central-1"_s).value(), u"email-smtp.eu-central-1.amazonaws.com"_s);
        QVERIFY(ses.hostIn({}).error().text.contains(u"us-east-1"_s));
        QVERIFY(!ses.hostIn(u"moon-1"_s));
        QVERIFY(!providerNamed(u"gmail"_s)->hostIn(u"eu-west-1"_s));
        QVERIFY(providerNamed(u"outlook"_s)->wantsToken());
    }
    void refusesAListThatIsWrong_data()
    {
        QTest::addColumn<QByteArray>("change");
        QTest::newRow("no JSON") << "{"_ba;
        const auto with = [](const char *fields) { return R"({"providers": [{"id": "a", "name": "A", "host": "a.example",
            "port": 465, "tls": "tls", "auth": ["PLAIN"], "user": "u", "hint": "h")" + QByteArray(fields) + "}]}"; };
        QTest::newRow("no TLS") << with(R"(, "tls": "may")");
        QTest::newRow("a way to sign in nobody knows") << with(R"(, "auth": ["GUESS"])");
        QTest::newRow("no way to sign in") << with(R"(, "auth": [])");
        QTest::newRow("no port") << with(R"(, "port": 0)");
        QTest::newRow("no hint") << with(R"(, "hint": "")");
        QTest::newRow("regions without a place") << with(R"(, "regions": ["x"])");
        QTest::newRow("a place without regions") << with(R"(, "host": "{region}.example")");
        QVERIFY(parseProviders(with("")));
    }
    void refusesAListThatIsWrong()
    {
        QFETCH(QByteArray, change);
        QVERIFY(!parseProviders(change));
    }
};

QTEST_GUILESS_MAIN(TestProviders)
#include "test_providers.moc"
