// The command line as a pure function, its help, and what is printed.
#include "commands.h"
#include "control/api/methods.h"
#include "serve.h"
#include "show.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QSet>
#include <QTest>

using namespace Qt::StringLiterals;

namespace posthorn::app {

class TestCommands : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void understands_data()
    {
        QTest::addColumn<QString>("line");
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("parameters");
        const auto row = [](const char *line, const char *method, const char *parameters) {
            QTest::newRow(line) << QString::fromUtf8(line) << QString::fromUtf8(method) << QString::fromUtf8(parameters);
        };
        row("status", "server.status", "{}");
        row("--data /x status", "server.status", "{}");
        row("status --data=/x --json", "server.status", "{}");
        row("domain add example.test", "domain.add", R"({"name":"example.test"})");
        row("domain add b.test --alias-of a.test", "domain.add", R"({"aliasOf":"a.test","name":"b.test"})");
        row("domain update a.test --catch-all=", "domain.update", R"({"catchAll":"","name":"a.test"})");
        row("domain add a.test --certificate /c.pem", "domain.add", R"({"certificateFile":"/c.pem","name":"a.test"})");
        row("domain remove a.test", "domain.remove", R"({"name":"a.test","withContents":false})");
        row("domain remove --with-contents a.test", "domain.remove", R"({"name":"a.test","withContents":true})");
        row("account add anna@a.test --quota 2G --name Anna", "account.add",
            R"({"address":"anna@a.test","displayName":"Anna","quotaOctets":2147483648})");
        row("account --enabled no update anna@a.test", "account.update", R"({"address":"anna@a.test","enabled":false})");
        row("account passwd anna@a.test", "account.passwd", R"({"address":"anna@a.test"})");
        row("account list --domain a.test", "account.list", R"({"domain":"a.test"})");
        row("account update anna@a.test --per-minute 5 --per-day -1", "account.update",
            R"({"address":"anna@a.test","perDay":-1,"perMinute":5})");
        row("domain update a.test --per-day 0", "domain.update", R"({"name":"a.test","perDay":0})");
        row("account forward anna@a.test", "account.list", R"({"text":"anna@a.test"})");
        row("account forward anna@a.test --to x@b.test,y@c.test", "account.update",
            R"({"address":"anna@a.test","forwardKeep":false,"forwardTo":["x@b.test","y@c.test"]})");
        row("account forward anna@a.test --to x@b.test --keep", "account.update",
            R"({"address":"anna@a.test","forwardKeep":true,"forwardTo":["x@b.test"]})");
        row("account forward anna@a.test --off", "account.update",
            R"({"address":"anna@a.test","forwardKeep":true,"forwardTo":[]})");
        row("suppression list", "suppression.list", R"({"text":""})");
        row("suppression list b.test", "suppression.list", R"({"text":"b.test"})");
        row("suppression add x@b.test no longer there", "suppression.add", R"({"address":"x@b.test","reason":"no longer there"})");
        row("suppression remove x@b.test", "suppression.remove", R"({"address":"x@b.test"})");
        row("alias add info@a.test x@a.test y@b.test", "alias.add",
            R"({"address":"info@a.test","targets":["x@a.test","y@b.test"]})");
        row("account update anna@a.test --messages 500", "account.update", R"({"address":"anna@a.test","quotaMessages":500})");
        row("shared add info@a.test --name Info", "shared.add", R"({"address":"info@a.test","displayName":"Info"})");
        row("mailbox list info@a.test", "mailbox.list", R"({"account":"info@a.test"})");
        row("mailbox share info@a.test --to group:office --may write", "mailbox.share",
            R"({"account":"info@a.test","may":"write","to":"group:office"})");
        row("mailbox share a@a.test Work --to b@a.test --rights lrs", "mailbox.share",
            R"({"account":"a@a.test","mailbox":"Work","rights":"lrs","to":"b@a.test"})");
        row("mailbox unshare a@a.test Work --from anyone", "mailbox.unshare",
            R"({"account":"a@a.test","from":"anyone","mailbox":"Work"})");
        row("mailbox update a@a.test --own-seen yes", "mailbox.update", R"({"account":"a@a.test","ownSeen":true})");
        row("group add office a@a.test b@a.test", "group.add", R"({"members":["a@a.test","b@a.test"],"name":"office"})");
        row("group update office", "group.update", R"({"members":[],"name":"office"})");
        row("dkim add a.test", "dkim.add", R"({"domain":"a.test"})");
        row("dkim add a.test --algorithm rsa --selector x", "dkim.add",
            R"({"algorithm":"rsa","domain":"a.test","selector":"x"})");
        row("dkim list", "dkim.list", "{}");
        row("dkim list a.test", "dkim.list", R"({"domain":"a.test"})");
        row("dkim record a.test", "dkim.list", R"({"domain":"a.test"})");
        row("dkim activate a.test x", "dkim.activate", R"({"domain":"a.test","selector":"x"})");
        row("dkim retire a.test x", "dkim.retire", R"({"domain":"a.test","selector":"x"})");
        row("dkim remove a.test x", "dkim.remove", R"({"domain":"a.test","selector":"x"})");
        row("settings set smtp.listen 127.0.0.1:25", "settings.set", R"({"key":"smtp.listen","value":"127.0.0.1:25"})");
        row("settings set relay.smart_host_password", "settings.set", R"({"key":"relay.smart_host_password"})");
        row("settings set -- server.name -odd", "settings.set", R"({"key":"server.name","value":"-odd"})");
        row("queue list", "queue.list", "{}");
        row("queue list anna --state held", "queue.list", R"({"state":"held","text":"anna"})");
        row("queue list --sender a --recipient b --error busy --after 7 --limit 5", "queue.list",
            R"({"after":"7","error":"busy","limit":5,"recipient":"b","sender":"a"})");
        row("queue hold 7", "queue.hold", R"({"id":"7"})");
        row("queue hold 7 8", "queue.hold", R"({"ids":["7","8"]})");
        row("queue retry --all", "queue.retry", R"({"all":true})");
        row("queue release --domain b.test --state held", "queue.release", R"({"domain":"b.test","state":"held"})");
        row("queue remove --domain b.test --report moved away", "queue.remove",
            R"({"domain":"b.test","reason":"moved away","report":true})");
        row("queue route 7 detour", "queue.route", R"({"id":"7","route":"detour"})");
        row("queue route --domain b.test direct", "queue.route", R"({"domain":"b.test","route":"direct"})");
        row("route list", "route.list", "{}");
        row("route add out --provider gmail --user a@gmail.com --from a.test --from .b.test", "route.add",
            R"({"name":"out","provider":"gmail","senders":["a.test",".b.test"],"user":"a@gmail.com"})");
        row("route add out --host direct --to a.test", "route.add", R"({"host":"direct","name":"out","recipients":["a.test"]})");
        row("route update out --to=", "route.update", R"({"name":"out","recipients":[]})");
        row("route test out", "route.test", R"({"name":"out"})");
        row("queue remove 7 no longer wanted", "queue.remove", R"({"id":"7","reason":"no longer wanted"})");
        row("trace anna@a.test refused", "trace.search", R"({"text":"anna@a.test refused"})");
        row("trace", "trace.search", R"({"text":""})");
        row("trace --journey abc", "trace.journey", R"({"journey":"abc"})");
        row("sessions", "session.list", "{}");
        row("log --level warning --limit 5", "log.tail", R"({"level":"warning","limit":5})");
        row("log", "log.tail", R"({"level":"notice"})");
        row("backup /tmp/b.db", "backup.make", R"({"file":"/tmp/b.db"})");
        row("check --quick", "store.check", R"({"quick":true})");
        row("import /tmp/e", "store.import", R"({"directory":"/tmp/e"})");
    }
    void understands()
    {
        QFETCH(QString, line);
        const auto invocation = parseArguments(commands(), line.split(u' '));
        QVERIFY2(invocation, invocation ? "" : qPrintable(invocation.error().text));
        const auto plan = invocation->command->plan(*invocation);
        QVERIFY2(plan, plan ? "" : qPrintable(plan.error().text));
        QTEST(plan->method, "method");
        QTEST(QString::fromUtf8(QJsonDocument(plan->parameters).toJson(QJsonDocument::Compact)), "parameters");
        QJsonObject whole = plan->parameters;
        if (plan->needsPassword)
            whole.insert(plan->passwordName, u"x"_s);
        const auto *method = control::findMethod(plan->method);
        QVERIFY(method);
        const auto checked = control::checkParameters(*method, whole);
        QVERIFY2(checked, checked ? "" : qPrintable(checked.error().text));
    }

    void refusesInOneLine_data()
    {
        QTest::addColumn<QString>("line");
        QTest::addColumn<QString>("says");
        const auto row = [](const char *line, const char *says) {
            QTest::newRow(line) << QString::fromUtf8(line) << QString::fromUtf8(says);
        };
        row("explode", "unknown command “explode”");
        row("domain", "“domain” needs one of: add, list, update, remove");
        row("domain explode", "“domain” needs one of: add, list, update, remove");
        row("domain add", "“domain add” needs DOMAIN");
        row("domain list surplus", "“domain list” does not take “surplus”");
        row("alias add info@a.test", "“alias add” needs TARGET");
        row("status --explode", "unknown option --explode");
        row("status -x", "unknown option -x");
        row("status --quick", "“status” has no option --quick");
        row("status --json=yes", "--json takes no value");
        row("status --data", "--data needs a value: --data DIR");
        row("status --data=", "--data needs a directory");
        row("--json", "no command given");
    }
    void refusesInOneLine()
    {
        QFETCH(QString, line);
        const auto invocation = parseArguments(commands(), line.split(u' '));
        QVERIFY(!invocation);
        QCOMPARE(invocation.error().kind, ErrorKind::Invalid);
        QTEST(invocation.error().text, "says");
        QVERIFY(!invocation.error().text.contains(u'\n'));
    }
    void refusesValuesThatMakeNoSense_data()
    {
        QTest::addColumn<QString>("line");
        for (const char *line : {"account add a@a.test --quota much", "account add a@a.test --pop3-keep soon",
                                 "account update a@a.test --enabled perhaps", "trace --since yesterday", "log --limit x",
                                 "settings set server.name", "settings set relay.smart_host_password secret", "queue hold",
                                 "queue hold 7 --all", "queue route 7"})
            QTest::newRow(line) << QString::fromUtf8(line);
    }
    void refusesValuesThatMakeNoSense()
    {
        QFETCH(QString, line);
        const auto invocation = parseArguments(commands(), line.split(u' '));
        QVERIFY(invocation);
        const auto plan = invocation->command->plan(*invocation);
        QVERIFY(!plan);
        QCOMPARE(plan.error().kind, ErrorKind::Invalid);
    }
    void neverTakesAPasswordAsAnArgument()
    {
        QVERIFY(!parseArguments(commands(), u"account add a@a.test --password x"_s.split(u' ')));
        QVERIFY(!parseArguments(commands(), u"account passwd a@a.test x"_s.split(u' ')));
    }
    void keepsRepeatedOptionsInOrder()
    {
        const auto invocation = parseArguments(commands(), u"serve --set a=1 --set=b=2 --set a=3"_s.split(u' '));
        QVERIFY(invocation);
        QCOMPARE(invocation->values("set"_L1), (QStringList{u"a=1"_s, u"b=2"_s, u"a=3"_s}));
    }
    void asksForHelpAnywhere()
    {
        for (const QString &line : {u"--help"_s, u"-h"_s, u"domain add --help"_s, u"--help domain add"_s, u"--version"_s}) {
            const auto invocation = parseArguments(commands(), line.split(u' '));
            QVERIFY2(invocation && (invocation->help || invocation->version), qPrintable(line));
        }
    }
    void helpIsComplete()
    {
        const QString all = helpText(commands());
        for (const Command &command : commands()) {
            QVERIFY(all.contains(usageOf(command)));
            QVERIFY(all.contains(QString(command.summary)));
            for (const Option &option : command.options) {
                QVERIFY(helpText(command).contains(u"--"_s + option.name));
                QVERIFY(helpText(command).contains(QString(option.summary)));
            }
        }
    }
    void tellsProgramsOfItsCommands()
    {
        const QJsonArray all = helpJson(commandsNamed(commands(), {})).value("commands"_L1).toArray();
        QCOMPARE(all.size(), qsizetype(commands().size()));
        const QJsonObject group = helpJson(commandsNamed(commands(), u"queue"_s));
        QVERIFY(group.value("commands"_L1).toArray().size() > 3);
        QVERIFY(!group.value("generalOptions"_L1).toArray().isEmpty());
        const QJsonArray one = helpJson(commandsNamed(commands(), u"account add"_s)).value("commands"_L1).toArray();
        QCOMPARE(one.size(), 1);
        QCOMPARE(one[0]["name"_L1].toString(), u"account add"_s);
        QCOMPARE(one[0]["arguments"_L1][0]["name"_L1].toString(), u"ADDRESS"_s);
        QVERIFY(!one[0]["options"_L1].toArray().isEmpty());
        QVERIFY(commandsNamed(commands(), u"nonsense"_s).isEmpty());
    }
    // Options may stand before their command, so that a name must mean the same everywhere.
    void optionsHaveAValueEverywhereOrNowhere()
    {
        QHash<QString, bool> hasValue;
        for (const Command &command : commands()) {
            for (const Option &option : command.options) {
                const bool value = !option.value.isEmpty();
                QVERIFY2(hasValue.value(QString(option.name), value) == value, option.name.data());
                hasValue.insert(QString(option.name), value);
            }
        }
        for (const Option &option : generalOptions())
            QVERIFY(!hasValue.contains(QString(option.name)));
    }
    void everyCallIsShown()
    {
        QSet<QString> names;
        for (const Command &command : commands()) {
            const QString name(command.name);
            QVERIFY2(!names.contains(name), qPrintable(name));
            names += name;
            if (command.way == Way::Call || command.way == Way::Log)
                QVERIFY2(command.plan && command.show, qPrintable(name));
        }
    }
    void everyMethodCanBeCalledFromAShell()
    {
        static const QSet<QString> notForShells{u"server.methods"_s, u"topic.subscribe"_s, u"topic.unsubscribe"_s};
        QSet<QString> called{u"trace.journey"_s};
        for (const Command &command : commands()) {
            Invocation invocation{.command = &command, .positionals = {u"1"_s, u"2"_s}};
            if (const auto plan = command.plan ? command.plan(invocation) : fail(ErrorKind::Invalid, {}))
                called += plan->method;
        }
        for (const control::Method &method : control::methods())
            QVERIFY2(called.contains(QString(method.name)) || notForShells.contains(QString(method.name)),
                     method.name.data());
    }

    void understandsTimesAgo()
    {
        const QDateTime now = QDateTime::fromString(u"2026-05-10T12:00:00Z"_s, Qt::ISODate);
        const auto hoursAgo = [&](const QString &text) {
            return (now.toMSecsSinceEpoch() - parseSince(text, now).value_or(-1)) / 3'600'000;
        };
        QCOMPARE(hoursAgo(u"3d"_s), 72);
        QCOMPARE(hoursAgo(u"12h"_s), 12);
        QCOMPARE(hoursAgo(u"120m"_s), 2);
        QCOMPARE(hoursAgo(u"2026-05-10T11:00:00Z"_s), 1);
        QVERIFY(!parseSince(u"-3d"_s, now));
        QVERIFY(!parseSince(QString(), now));
    }
    void checksOverrides()
    {
        const auto good = parseOverrides({u"imap.listen=127.0.0.1:0"_s, u"pop3.listen="_s});
        QVERIFY(good);
        QCOMPARE(good->value(u"imap.listen"_s), u"127.0.0.1:0"_s);
        QVERIFY(good->contains(u"pop3.listen"_s));
        for (const QString &bad : {u"imap.listen"_s, u"=x"_s, u"no.such=1"_s, u"imap.listen=everywhere"_s})
            QVERIFY2(!parseOverrides({bad}), qPrintable(bad));
    }

    void alignsColumns()
    {
        QCOMPARE(alignedTable({{u"A"_s, u"B"_s}, {u"long"_s, u"x"_s}}), u"A     B\nlong  x\n"_s);
    }
    void neverLetsMailSteerTheTerminal()
    {
        QCOMPARE(printable(u"a\x1b[2Jb\x9b" "c\u202E" "d"_s), u"a?[2Jb?c?d"_s);
        QString text;
        QTextStream out(&text);
        const QJsonObject step{{u"at"_s, 1}, {u"step"_s, u"refused"_s}, {u"text"_s, u"550 \x1b]0;owned\x07"_s}};
        showSteps({}, {{u"steps"_s, QJsonArray{step}}}, out);
        out.flush();
        QVERIFY(!text.contains(u'\x1b') && !text.contains(u'\x07'));
        QVERIFY(text.contains(u"550"_s));
    }
    void printsRecordsReadyToCopy()
    {
        QString text;
        QTextStream out(&text);
        const QJsonObject key{{u"domain"_s, u"a.test"_s}, {u"selector"_s, u"x"_s}, {u"state"_s, u"pending"_s},
                              {u"recordName"_s, u"x._domainkey.a.test"_s},
                              {u"recordStrings"_s, QJsonArray{u"v=DKIM1; k=rsa; p=MII"_s, u"BIj"_s}}};
        showDkimRecords({}, {{u"keys"_s, QJsonArray{key}}}, out);
        out.flush();
        QVERIFY(text.startsWith("Name:  x._domainkey.a.test\nType:  TXT\nValue: \"v=DKIM1; k=rsa; p=MII\" \"BIj\"\n"_L1));
        QVERIFY(text.contains("posthornd dkim activate a.test x\n"_L1));
    }
    void saysCleanOrNamesTheFaults()
    {
        const auto shown = [](const QJsonArray &faults) {
            QString text;
            QTextStream out(&text);
            showCheck({}, {{u"messages"_s, 3}, {u"faults"_s, faults}}, out);
            out.flush();
            return text;
        };
        QVERIFY(shown({}).startsWith("Clean: 3 messages"_L1));
        QVERIFY(shown({u"mailbox 4 lies"_s}).startsWith("mailbox 4 lies\n1 faults"_L1));
    }
    void mapsErrorsToExitCodes()
    {
        QCOMPARE(exitCodeOf(ErrorKind::Unavailable), 69);
        QCOMPARE(exitCodeOf(ErrorKind::Denied), 77);
        QCOMPARE(exitCodeOf(ErrorKind::NotFound), 67);
        QCOMPARE(exitCodeOf(ErrorKind::Exists), 73);
    }
};

} // namespace posthorn::app

QTEST_APPLESS_MAIN(posthorn::app::TestCommands)
#include "test_commands.moc"
