// What the overview and the tray say of the server's status.
#include "ui/facts.h"
#include "ui/pages/dns_dialog.h"
#include "ui/pages/program_dialog.h"
#include "ui/words.h"

#include <QDateTime>
#include <QJsonArray>
#include <QTest>

using namespace posthorn;
using namespace Qt::StringLiterals;
using Grade = ui::Fact::Grade;

namespace {

QJsonObject service(const QString &name, int port, const QString &error = {}, const QString &address = u"::"_s)
{
    return {{u"name"_s, name}, {u"address"_s, address}, {u"port"_s, port}, {u"listening"_s, error.isEmpty() && port > 0}, {u"error"_s, error}};
}

const QDateTime lateEvening(QDate(2026, 3, 14), QTime(23, 59, 59));

QJsonObject certificate(qint64 days, bool own = false, const QString &name = u"mail.example.org"_s)
{
    return {{u"subject"_s, name}, {u"names"_s, QJsonArray{name}}, {u"selfSigned"_s, own},
            {u"notAfter"_s, lateEvening.addDays(days).toMSecsSinceEpoch()}};
}

QJsonObject goodStatus()
{
    return {{u"hostName"_s, u"mail.example.org"_s},
            {u"services"_s, QJsonArray{service(u"smtp"_s, 25), service(u"submission"_s, 587), service(u"submissions"_s, 465),
                                       service(u"imap"_s, 143), service(u"imaps"_s, 993)}},
            {u"store"_s, QJsonObject{{u"health"_s, u"good"_s}, {u"octets"_s, 1'000}, {u"freeOctets"_s, qint64(10'000'000'000)}}},
            {u"certificates"_s, QJsonArray{certificate(80)}}};
}

bool says(const QList<ui::Fact> &facts, Grade grade, const QString &words)
{
    return std::ranges::any_of(facts, [&](const ui::Fact &fact) { return fact.grade == grade && fact.text.contains(words); });
}

} // namespace

class TestFacts : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void findsNothingWrongWithAGoodServer();
    void saysWhatIsWrong_data();
    void saysWhatIsWrong();
    void tellsTrustedNetworksFromAnOpenRelay_data();
    void tellsTrustedNetworksFromAnOpenRelay();
    void namesTheTroubleForTheTray();
    void tellsWhatToTypeIntoAMailProgram();
    void writesTheRecordsOfADomain();
    void takesSizesAsPeopleTypeThem();
    void showsDomainsWithTheirLetters();
};

void TestFacts::findsNothingWrongWithAGoodServer()
{
    const auto facts = ui::factsOf({goodStatus(), {{u"relay.smart_host"_s, u"smtp.isp.example:465"_s}}, {}, 0, 0, lateEvening});
    for (const ui::Fact &fact : facts)
        QVERIFY2(fact.grade == Grade::Good, qPrintable(fact.text));
    QVERIFY(says(facts, Grade::Good, u"Port 25 is open"_s));
    QVERIFY(says(facts, Grade::Good, u"not an open relay"_s));
    QVERIFY(says(facts, Grade::Good, u"smtp.isp.example:465"_s));
    QVERIFY(ui::troubleIn(goodStatus(), lateEvening).isEmpty());
}

void TestFacts::saysWhatIsWrong_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<QJsonValue>("value");
    QTest::addColumn<int>("grade");
    QTest::addColumn<QString>("words");
    const auto row = [](const char *name, const QString &key, const QJsonValue &value, Grade grade, const QString &words) {
        QTest::newRow(name) << key << value << int(grade) << words;
    };
    const auto services = [](const QJsonObject &smtp) {
        return QJsonArray{smtp, service(u"submissions"_s, 465), service(u"imaps"_s, 993)};
    };
    row("port 25 can't be opened", u"services"_s, services(service(u"smtp"_s, 25, u"Another program listens on port 25"_s)), Grade::Bad,
        u"can't bring mail: Another program listens on port 25"_s);
    row("another port", u"services"_s, services(service(u"smtp"_s, 2525)), Grade::Note, u"always bring mail to port 25"_s);
    row("this computer only", u"services"_s, services(service(u"smtp"_s, 25, {}, u"127.0.0.1"_s)), Grade::Note, u"Only programs on this computer"_s);
    row("switched off", u"services"_s, services(service(u"smtp"_s, 0, {}, {})), Grade::Warning, u"switched off"_s);
    row("one of several", u"services"_s, QJsonArray{service(u"smtp"_s, 25), service(u"imaps"_s, 993), service(u"pop3s"_s, 995, u"no"_s)}, Grade::Bad,
        u"Fetching mail (POP3, TLS) does not work: no"_s);
    row("nothing to read with", u"services"_s, QJsonArray{service(u"smtp"_s, 25), service(u"submission"_s, 587)}, Grade::Warning,
        u"can't read mail"_s);
    row("expired", u"certificates"_s, QJsonArray{certificate(-2)}, Grade::Bad, u"has expired"_s);
    row("soon", u"certificates"_s, QJsonArray{certificate(5)}, Grade::Warning, u"5 more days"_s);
    row("tomorrow", u"certificates"_s, QJsonArray{certificate(1)}, Grade::Warning, u"expires tomorrow"_s);
    row("at this moment", u"certificates"_s, QJsonArray{certificate(0)}, Grade::Warning, u"expires today"_s);
    row("its own", u"certificates"_s, QJsonArray{certificate(500, true)}, Grade::Note, u"made its certificate itself"_s);
    row("for another name", u"certificates"_s, QJsonArray{certificate(80, false, u"other.example"_s)}, Grade::Warning, u"not for mail.example.org"_s);
    row("none", u"certificates"_s, QJsonArray(), Grade::Bad, u"nothing is encrypted"_s);
    row("full disk", u"store"_s, QJsonObject{{u"health"_s, u"full"_s}}, Grade::Bad, u"disk is full"_s);
    row("damaged store", u"store"_s, QJsonObject{{u"health"_s, u"corrupt"_s}}, Grade::Bad, u"Damaged"_s);
    row("faults found", u"store"_s,
        QJsonObject{{u"health"_s, u"faulty"_s}, {u"faults"_s, 3}, {u"firstFault"_s, u"Message 7 is held by nobody"_s}}, Grade::Bad,
        u"Faults found: 3. The first: Message 7 is held by nobody"_s);
    row("a day's limit was reached", u"held"_s, 7, Grade::Warning, u"Held in the queue: 7"_s);
    row("half a name", u"hostName"_s, u"laptop"_s, Grade::Warning, u"calls itself “laptop”"_s);
}

void TestFacts::saysWhatIsWrong()
{
    QFETCH(QString, key);
    QFETCH(QJsonValue, value);
    QFETCH(int, grade);
    QFETCH(QString, words);
    QJsonObject status = goodStatus();
    status.insert(key, value);
    const auto facts = ui::factsOf({status, {}, {}, status.value("held"_L1).toInt(), 0, lateEvening});
    QVERIFY(says(facts, Grade(grade), words));
    QVERIFY2(facts.first().grade >= Grade(grade), "the worst stands first");
}

void TestFacts::tellsTrustedNetworksFromAnOpenRelay_data()
{
    QTest::addColumn<QString>("networks");
    QTest::addColumn<int>("grade");
    QTest::newRow("none") << QString() << int(Grade::Good);
    QTest::newRow("a printer") << u"192.168.1.20"_s << int(Grade::Note);
    QTest::newRow("a home") << u"192.168.1.0/24, fd00::/8"_s << int(Grade::Note);
    QTest::newRow("an address on the internet") << u"192.168.1.20, 203.0.114.7"_s << int(Grade::Warning);
    QTest::newRow("all") << u"0.0.0.0/0"_s << int(Grade::Bad);
    QTest::newRow("all of IPv6") << u"127.0.0.1 ::/0"_s << int(Grade::Bad);
    QTest::newRow("half") << u"128.0.0.0/1"_s << int(Grade::Bad);
}

void TestFacts::tellsTrustedNetworksFromAnOpenRelay()
{
    QFETCH(QString, networks);
    QFETCH(int, grade);
    const ui::Fact fact = ui::relayFact(networks);
    QCOMPARE(int(fact.grade), grade);
    QCOMPARE(fact.text.contains(u"is an open relay"_s), fact.grade == Grade::Bad);
    QCOMPARE(fact.page.isEmpty(), fact.grade == Grade::Good); // else it says where to change it
}

void TestFacts::namesTheTroubleForTheTray()
{
    QJsonObject status = goodStatus();
    status.insert(u"services"_s, QJsonArray{service(u"smtp"_s, 25), service(u"pop3"_s, 0, {}, {}), service(u"imaps"_s, 993, u"no"_s)});
    QVERIFY(ui::troubleIn(status, lateEvening).contains(u"Reading mail (IMAP, TLS) does not work: no"_s)); // and one that is off is none
}

void TestFacts::tellsWhatToTypeIntoAMailProgram()
{
    QJsonObject status = goodStatus();
    const QString text = ui::ProgramDialog::asText(u"anna@example.org"_s, status);
    QVERIFY(text.contains(u"Server: mail.example.org\n  Port: 993\n  Encryption: SSL/TLS\n  User name: anna@example.org"_s));
    QVERIFY(text.contains(u"Port: 465"_s) && text.contains(u"port 143 with STARTTLS"_s));
    QVERIFY(!text.contains(u"trust"_s));
    status.insert(u"certificates"_s, QJsonArray{certificate(80, true)});
    QVERIFY(ui::ProgramDialog::asText(u"anna@example.org"_s, status).contains(u"trust"_s));
    status.insert(u"services"_s, QJsonArray{service(u"pop3s"_s, 995)});
    QCOMPARE(ui::waysToRead(status).first().protocol, u"POP3"_s);
    QVERIFY(ui::waysToSend(status).isEmpty());
    const ui::ProgramDialog dialog(u"anna@example.org"_s, status, true, nullptr);
}

void TestFacts::writesTheRecordsOfADomain()
{
    const QJsonObject active{{u"domain"_s, u"example.org"_s}, {u"state"_s, u"active"_s}, {u"recordName"_s, u"k1._domainkey.example.org"_s},
                             {u"recordStrings"_s, QJsonArray{u"v=DKIM1; p=AB"_s, u"CD"_s}}};
    QJsonObject retired = active;
    retired.insert(u"state"_s, u"retired"_s);
    const auto records = ui::dnsRecords(u"example.org"_s, goodStatus(), {active, retired}, u"smtp.isp.example:465"_s);
    QStringList lines;
    for (const ui::DnsRecord &record : records)
        lines += record.name + u' ' + record.type + u' ' + record.value;
    QCOMPARE(lines, (QStringList{u"example.org MX 10 mail.example.org."_s, u"example.org TXT \"v=spf1 mx ~all\""_s,
                                 u"k1._domainkey.example.org TXT \"v=DKIM1; p=AB\" \"CD\""_s,
                                 u"_dmarc.example.org TXT \"v=DMARC1; p=none; rua=mailto:postmaster@example.org\""_s,
                                 u"_imaps._tcp.example.org SRV 0 1 993 mail.example.org."_s,
                                 u"_imap._tcp.example.org SRV 0 1 143 mail.example.org."_s,
                                 u"_submissions._tcp.example.org SRV 0 1 465 mail.example.org."_s,
                                 u"_submission._tcp.example.org SRV 0 1 587 mail.example.org."_s}));
    QVERIFY(records.at(1).purpose.contains(u"smtp.isp.example"_s)); // the provider must be named there
}

void TestFacts::takesSizesAsPeopleTypeThem()
{
    for (const qint64 octets : {0ll, 1'000ll, 1'024ll, 67'108'864ll, 3ll << 30, 1ll << 40, 67'108'865ll})
        QCOMPARE(ui::octetsTyped(ui::octetsEntry(octets)), octets);
    QCOMPARE(ui::octetsEntry(67'108'864), u"64 MB"_s);
    QCOMPARE(ui::octetsTyped(u"2gb"_s), 2ll << 30);
    QCOMPARE(ui::octetsTyped(u"much"_s), -1);
}

void TestFacts::showsDomainsWithTheirLetters()
{
    QCOMPARE(ui::shownAddress(u"anna@xn--mnchen-3ya.example"_s), u"anna@münchen.example"_s);
    QCOMPARE(ui::shownAddress(u"xn--mnchen-3ya.example"_s), u"münchen.example"_s);
    QCOMPARE(ui::shownAddress(u"anna@example.org"_s), u"anna@example.org"_s);
}

QTEST_MAIN(TestFacts)
#include "test_facts.moc"
