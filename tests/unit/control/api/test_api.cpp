// The methods table, the lines of the protocol on friendly and hostile input, pipes, and checks of what people type.
#include "control/api/messages.h"
#include "control/api/methods.h"
#include "control/api/pipe.h"
#include "control/api/topics.h"
#include "control/api/values.h"

#include <QJsonArray>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

using namespace Qt::StringLiterals;

namespace posthorn::control {

class TestApi : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void methodsAreNamedOnceAndExplained()
    {
        static const QRegularExpression form(u"^[a-z]+\\.[a-z]+$"_s);
        QSet<QString> names;
        for (const Method &method : methods()) {
            const QString name(method.name);
            QVERIFY2(form.match(name).hasMatch(), qPrintable(name));
            QVERIFY2(!names.contains(name), qPrintable(name));
            names += name;
            QVERIFY2(!method.summary.isEmpty() && !method.result.isEmpty(), qPrintable(name));
            QVERIFY2(method.topic.isEmpty() || isTopic(QString(method.topic)), qPrintable(name));
            QCOMPARE(findMethod(name), &method);
        }
        QVERIFY(!findMethod(u"server.explode"));
    }
    void parametersAreNamedOnceAndExplained()
    {
        for (const Method &method : methods()) {
            QSet<QString> names;
            for (const Parameter &parameter : method.parameters) {
                QVERIFY(!names.contains(QString(parameter.name)));
                names += QString(parameter.name);
                QVERIFY2(!parameter.summary.isEmpty(), method.name.data());
                if (parameter.name.contains("password"_L1))
                    QVERIFY(parameter.secret);
            }
            QCOMPARE(toJson(method).value("parameters"_L1).toArray().size(), qsizetype(method.parameters.size()));
        }
    }
    void checksParameters_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QJsonObject>("parameters");
        QTest::addColumn<bool>("good");
        const QJsonObject account{{u"address"_s, u"a@b"_s}, {u"password"_s, u"x"_s}};
        const auto with = [&](const QString &name, const QJsonValue &value) {
            QJsonObject changed = account;
            changed.insert(name, value);
            return changed;
        };
        QTest::newRow("all") << u"account.add"_s << account << true;
        QTest::newRow("missing") << u"account.add"_s << QJsonObject{{u"address"_s, u"a@b"_s}} << false;
        QTest::newRow("unknown") << u"account.add"_s << with(u"colour"_s, u"red"_s) << false;
        QTest::newRow("number") << u"account.add"_s << with(u"quotaOctets"_s, 5) << true;
        QTest::newRow("fraction") << u"account.add"_s << with(u"quotaOctets"_s, 5.5) << false;
        QTest::newRow("huge") << u"account.add"_s << with(u"quotaOctets"_s, 1e300) << false;
        QTest::newRow("text for number") << u"account.add"_s << with(u"quotaOctets"_s, u"5"_s) << false;
        QTest::newRow("null") << u"account.add"_s << with(u"displayName"_s, QJsonValue::Null) << false;
        QTest::newRow("control character") << u"account.add"_s << with(u"displayName"_s, u"a\x01"_s) << false;
        QTest::newRow("long") << u"account.add"_s << with(u"displayName"_s, QString(70'000, u'x')) << false;
        QTest::newRow("number for flag") << u"account.add"_s << with(u"enabled"_s, 1) << false;
        const QString alias = u"alias.add"_s;
        QTest::newRow("list") << alias << QJsonObject{{u"address"_s, u"a@b"_s}, {u"targets"_s, QJsonArray{u"c@d"_s}}} << true;
        QTest::newRow("mixed list") << alias << QJsonObject{{u"address"_s, u"a@b"_s}, {u"targets"_s, QJsonArray{1}}} << false;
        QTest::newRow("no list") << alias << QJsonObject{{u"address"_s, u"a@b"_s}, {u"targets"_s, u"c@d"_s}} << false;
    }
    void checksParameters()
    {
        QFETCH(QString, method);
        QFETCH(QJsonObject, parameters);
        const auto checked = checkParameters(*findMethod(method), parameters);
        QTEST(checked.has_value(), "good");
        if (!checked)
            QCOMPARE(checked.error().kind, ErrorKind::Invalid);
    }

    void readsRequests()
    {
        const auto request = parseRequest(R"({"jsonrpc":"2.0","id":7,"method":"domain.add","params":{"name":"ü"}})");
        QVERIFY(request);
        QCOMPARE(request->id.toInteger(), 7);
        QCOMPARE(request->method, u"domain.add"_s);
        QCOMPARE(request->parameters.value("name"_L1).toString(), u"ü"_s);
        const auto again = parseRequest(toLine(*request).trimmed());
        QVERIFY(again && again->parameters == request->parameters && again->id == request->id);
        QVERIFY(parseRequest(R"({"jsonrpc":"2.0","method":"x"})")->id.isUndefined());
    }
    void refusesWhatIsNoRequest_data()
    {
        QTest::addColumn<QByteArray>("line");
        QTest::addColumn<int>("code");
        QTest::addColumn<bool>("knowsId");
        const auto row = [](const char *name, const QByteArray &line, int code, bool knowsId = false) {
            QTest::newRow(name) << line << code << knowsId;
        };
        row("garbage", "GET / HTTP/1.1", -32700);
        row("half", R"({"jsonrpc":"2.0","id":1)", -32700);
        row("not UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}", -32700);
        row("NUL", QByteArray("{\"a\":\0}", 7), -32700);
        row("batch", R"([{"jsonrpc":"2.0","id":1,"method":"x"}])", -32600);
        row("number", "5", -32700);
        row("no version", R"({"id":1,"method":"x"})", -32600, true);
        row("no method", R"({"jsonrpc":"2.0","id":1})", -32600, true);
        row("long method", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + QByteArray(65, 'x') + "\"}", -32600, true);
        row("array parameters", R"({"jsonrpc":"2.0","id":1,"method":"x","params":[1]})", -32602, true);
        row("id is an object", R"({"jsonrpc":"2.0","id":{},"method":"x"})", -32600);
        row("id is a fraction", R"({"jsonrpc":"2.0","id":1.5,"method":"x"})", -32600);
        row("long id", "{\"jsonrpc\":\"2.0\",\"id\":\"" + QByteArray(65, 'x') + "\",\"method\":\"x\"}", -32600);
        row("deep arrays", QByteArray(1'000'000, '['), -32700);
        row("deep objects", QByteArray("{\"a\":").repeated(100'000), -32700);
    }
    void refusesWhatIsNoRequest()
    {
        QFETCH(QByteArray, line);
        QFETCH(bool, knowsId);
        const auto request = parseRequest(line);
        QVERIFY(!request);
        QTEST(request.error().code, "code");
        QCOMPARE(request.error().id.toInteger(-1), knowsId ? 1 : -1);
        QVERIFY(toLine(request.error()).endsWith('\n'));
    }
    void bracketsInStringsAreNotDepth()
    {
        const QByteArray text(10'000, '[');
        QVERIFY(parseRequest("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"a\":\"\\\"" + text + "\"}}"));
    }
    void carriesErrorsWhole()
    {
        for (const ErrorKind kind : {ErrorKind::NotFound, ErrorKind::Exists, ErrorKind::Denied, ErrorKind::Invalid,
                                     ErrorKind::TooLarge, ErrorKind::OverQuota, ErrorKind::Unavailable,
                                     ErrorKind::Uncertain, ErrorKind::Internal}) {
            const Error error{kind, u"a text"_s, u"a detail"_s, 4};
            QCOMPARE(errorFrom(toJson(error)), error);
            const auto line = parseServerLine(toLine(Response{5, std::unexpected(error)}).trimmed());
            QVERIFY(line && std::get<Response>(*line).result.error() == error);
        }
    }
    void carriesTopicsWhole()
    {
        TopicUpdate update{u"queue"_s, 4, false, {QJsonObject{{u"id"_s, u"1"_s}}}, {u"2"_s}, {{u"total"_s, 9}}};
        for (const bool snapshot : {false, true}) {
            update.snapshot = snapshot;
            if (snapshot)
                update.removed.clear();
            const auto again = topicUpdate(toJson(update));
            QVERIFY(again);
            QCOMPARE(again->revision, update.revision);
            QCOMPARE(again->snapshot, snapshot);
            QCOMPARE(again->set, update.set);
            QCOMPARE(again->removed, update.removed);
            QCOMPARE(again->values, update.values);
        }
        QVERIFY(!topicUpdate({{u"topic"_s, u"weather"_s}, {u"delta"_s, QJsonObject()}}));
    }

    void cutsLinesAnywhere()
    {
        const QByteArray text = "one\r\n\n\ntwo\nthree";
        for (qsizetype cut = 1; cut <= text.size(); ++cut) {
            LineSplitter splitter(10);
            QByteArrayList lines;
            for (qsizetype at = 0; at < text.size(); at += cut) {
                QVERIFY(splitter.append(QByteArrayView(text).sliced(at, qMin(cut, text.size() - at))));
                while (const auto line = splitter.next())
                    lines += *line;
            }
            QCOMPARE(lines, (QByteArrayList{"one", "two"}));
        }
    }
    void stopsAtLongLines()
    {
        LineSplitter whole(10);
        QVERIFY(whole.append("0123456789\n"));
        QVERIFY(whole.append("0123456789"));
        QVERIFY(!whole.append("x"));
        LineSplitter ended(10);
        QVERIFY(!ended.append("0123456789x\nshort\n"));
    }
    void takesOctetByOctetInLinearTime()
    {
        LineSplitter splitter(maxLineOctets);
        for (int i = 0; i < 1'000'000; ++i) {
            QVERIFY(splitter.append("x"));
            QVERIFY(!splitter.next());
        }
        QVERIFY(splitter.append("\n"));
        QCOMPARE(splitter.next()->size(), 1'000'000);
    }

    void joinsPipes()
    {
        auto [one, other] = joinPipes();
        int woken = 0;
        other->onActivity([&] { ++woken; });
        one->send("a");
        one->send("b");
        QCOMPARE(woken, 1); // one waking for what waits
        QCOMPARE(one->waiting(), 2);
        QCOMPARE(other->take(), "ab");
        QCOMPARE(one->waiting(), 0);
        one->send("last");
        one.reset();
        QVERIFY(other->isClosed());
        QCOMPARE(other->take(), "last");
        other->send("nobody is there");
        QCOMPARE(other->waiting(), 0);
    }

    void checksDomains_data()
    {
        QTest::addColumn<QString>("typed");
        QTest::addColumn<QString>("kept"); // empty: refused
        const auto row = [](const QString &typed, const QString &kept = {}) {
            QTest::newRow(qPrintable(typed.left(40))) << typed << kept;
        };
        row(u"Example.ORG"_s, u"example.org"_s);
        row(u" example.org. "_s, u"example.org"_s);
        row(u"münchen.example"_s, u"xn--mnchen-3ya.example"_s);
        row(u"localhost"_s, u"localhost"_s);
        row(u""_s);
        row(u"."_s);
        row(u"a..b"_s);
        row(u"-a.example"_s);
        row(u"a_b.example"_s);
        row(u"192.0.2.1"_s);
        row(u"exa mple.org"_s);
        row(u"example.org/x"_s);
        row(QString(64, u'a') + u".example"_s);
        row(u"a."_s.repeated(130) + u"example"_s);
    }
    void checksDomains()
    {
        QFETCH(QString, typed);
        QTEST(checkDomain(typed).value_or(QString()), "kept");
    }
    void checksAddresses_data()
    {
        QTest::addColumn<QString>("typed");
        QTest::addColumn<QString>("kept");
        const auto row = [](const QString &typed, const QString &kept = {}) {
            QTest::newRow(qPrintable(typed.left(40))) << typed << kept;
        };
        row(u"Anna.B@Example.ORG"_s, u"anna.b@example.org"_s);
        row(u" anna+x@münchen.example"_s, u"anna+x@xn--mnchen-3ya.example"_s);
        row(u"Jürgen@example.org"_s, u"jürgen@example.org"_s);
        row(u"ju\u0308rgen@example.org"_s, u"jürgen@example.org"_s); // composed
        row(u"@example.org"_s);
        row(u"anna"_s);
        row(u"anna@"_s);
        row(u".anna@example.org"_s);
        row(u"an..na@example.org"_s);
        row(u"an na@example.org"_s);
        row(u"<anna@example.org>"_s);
        row(u"anna@b@example.org"_s);
        row(u"anna@example.org\n"_s + u"x"_s);
        row(QString(65, u'a') + u"@example.org"_s);
        row(QString(33, u'ü') + u"@example.org"_s); // 66 octets
        row(QString(QChar(0xd800)) + u"@example.org"_s);
    }
    void checksAddresses()
    {
        QFETCH(QString, typed);
        QTEST(checkAddress(typed).value_or(QString()), "kept");
    }
    void readsSizes()
    {
        QCOMPARE(parseOctets(u"1048576"_s), 1'048'576);
        QCOMPARE(parseOctets(u"500M"_s), 500ll << 20);
        QCOMPARE(parseOctets(u" 2 GiB "_s), 2ll << 30);
        QCOMPARE(parseOctets(u"1tb"_s), 1ll << 40);
        QCOMPARE(parseOctets(u"0"_s), 0);
        for (const QString &bad : {u""_s, u"-1"_s, u"M"_s, u"1.5G"_s, u"9999999999T"_s, u"5X"_s})
            QVERIFY2(!parseOctets(bad), qPrintable(bad));
        QCOMPARE(octetsText(1536), u"1.5 KiB"_s);
        QCOMPARE(octetsText(12), u"12 octets"_s);
    }
    void keepsSocketNamesShort()
    {
#ifndef Q_OS_WIN
        QCOMPARE(socketName(u"/var/lib/posthorn/"_s), u"/var/lib/posthorn/control.sock"_s);
#endif
        const QString deep = u"/"_s + u"a-long-folder-name/"_s.repeated(20);
        QVERIFY(socketName(deep).toUtf8().size() < 108);
        QCOMPARE(socketName(deep), socketName(deep + u"."_s));
        QVERIFY(socketName(deep) != socketName(deep + u"x"_s));
    }
};

} // namespace posthorn::control

QTEST_APPLESS_MAIN(posthorn::control::TestApi)
#include "test_api.moc"
