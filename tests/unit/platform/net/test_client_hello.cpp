#include "platform/net/client_hello.h"

#include <QRandomGenerator>
#include <QTest>

using namespace posthorn::net;
using State = ClientHello::State;

class TestClientHello : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void findsTheName();
    void findsTheNameBehindOtherExtensions();
    void findsTheNameOverSeveralRecords();
    void wantsMoreUntilTheNameIsThere();
    void isCompleteWithoutExtensions();
    void isCompleteWithoutTheExtension();
    void lowersAndTrimsNames();
    void ignoresNamesThatAreNone();
    void knowsWhatIsNotTls();
    void survivesEveryChangedOctet();
    void survivesRubbish();
};

namespace {

QByteArray number(int value, int octets)
{
    QByteArray bytes;
    for (int i = octets - 1; i >= 0; --i)
        bytes += char(value >> (8 * i));
    return bytes;
}

QByteArray sized(const QByteArray &content, int octets)
{
    return number(int(content.size()), octets) + content;
}

QByteArray extension(int type, const QByteArray &content)
{
    return number(type, 2) + sized(content, 2);
}

QByteArray nameExtension(const QByteArray &name)
{
    return extension(0, sized(number(0, 1) + sized(name, 2), 2));
}

QByteArray hello(const QByteArray &extensions, bool withExtensions = true)
{
    const QByteArray body = QByteArray("\x03\x03", 2) + QByteArray(32, 'r') + sized(QByteArray(32, 's'), 1)
                            + sized(QByteArray("\x13\x01\x13\x02", 4), 2) + sized(QByteArray(1, '\0'), 1)
                            + (withExtensions ? sized(extensions, 2) : QByteArray());
    return number(1, 1) + sized(body, 3);
}

QByteArray record(const QByteArray &content)
{
    return QByteArray("\x16\x03\x01", 3) + sized(content, 2);
}

} // namespace

void TestClientHello::findsTheName()
{
    const auto found = parseClientHello(record(hello(nameExtension("mail.example.test"))));
    QCOMPARE(found.state, State::Complete);
    QCOMPARE(found.serverName, "mail.example.test");
}

void TestClientHello::findsTheNameBehindOtherExtensions()
{
    const QByteArray extensions = extension(51, QByteArray(1216, 'k')) + extension(10, "ab") + extension(35, {})
                                  + nameExtension("a.test") + extension(21, QByteArray(100, '\0'));
    const auto found = parseClientHello(record(hello(extensions)));
    QCOMPARE(found.state, State::Complete);
    QCOMPARE(found.serverName, "a.test");
}

void TestClientHello::findsTheNameOverSeveralRecords()
{
    const QByteArray message = hello(extension(51, QByteArray(1216, 'k')) + nameExtension("a.test"));
    for (qsizetype cut = 1; cut < message.size(); cut += 7) {
        const QByteArray octets = record(message.first(cut)) + record(message.sliced(cut));
        QCOMPARE(parseClientHello(octets).serverName, "a.test");
    }
}

void TestClientHello::wantsMoreUntilTheNameIsThere()
{
    const QByteArray octets = record(hello(extension(51, QByteArray(64, 'k')) + nameExtension("a.test")));
    const qsizetype complete = octets.indexOf("a.test") + 6;
    for (qsizetype size = 0; size < octets.size(); ++size) {
        const auto found = parseClientHello(octets.first(size));
        QCOMPARE(found.state, size < complete ? State::Incomplete : State::Complete);
        QCOMPARE(found.serverName, size < complete ? "" : "a.test");
    }
}

void TestClientHello::isCompleteWithoutExtensions()
{
    const auto found = parseClientHello(record(hello({}, false)));
    QCOMPARE(found.state, State::Complete);
    QCOMPARE(found.serverName, "");
}

void TestClientHello::isCompleteWithoutTheExtension()
{
    const QByteArray octets = record(hello(extension(10, "ab") + extension(13, "cdef")));
    QCOMPARE(parseClientHello(octets).state, State::Complete);
    QCOMPARE(parseClientHello(octets.chopped(1)).state, State::Incomplete);
}

void TestClientHello::lowersAndTrimsNames()
{
    QCOMPARE(parseClientHello(record(hello(nameExtension("MAIL.Example.Test.")))).serverName, "mail.example.test");
}

void TestClientHello::ignoresNamesThatAreNone()
{
    for (const QByteArray &name : {QByteArray("a\0b", 3), QByteArray("a b"), QByteArray("../../etc"), QByteArray(""),
                                   QByteArray("\xc3\xa4.test"), QByteArray(256, 'a')}) {
        const auto found = parseClientHello(record(hello(nameExtension(name))));
        QCOMPARE(found.state, State::Complete);
        QCOMPARE(found.serverName, "");
    }
}

void TestClientHello::knowsWhatIsNotTls()
{
    QCOMPARE(parseClientHello("EHLO a.test\r\n").state, State::NotTls);
    QCOMPARE(parseClientHello("\r\n").state, State::NotTls);
    QCOMPARE(parseClientHello(record(number(2, 1) + sized("x", 3))).state, State::NotTls); // a ServerHello
}

void TestClientHello::survivesEveryChangedOctet()
{
    const QByteArray octets = record(hello(extension(10, "ab") + nameExtension("a.test") + extension(21, "cd")));
    for (qsizetype at = 0; at < octets.size(); ++at) {
        for (int value = 0; value < 256; ++value) {
            QByteArray changed = octets;
            changed[at] = char(value);
            const auto found = parseClientHello(changed);
            QVERIFY(found.serverName.isEmpty() || found.state == State::Complete);
        }
    }
}

void TestClientHello::survivesRubbish()
{
    QRandomGenerator random(1);
    for (int round = 0; round < 20'000; ++round) {
        QByteArray octets(random.bounded(400), '\0');
        for (char &octet : octets)
            octet = char(random.bounded(4) ? random.bounded(4) : random.bounded(256));
        if (round % 2 && octets.size() > 9)
            octets.replace(0, 9, QByteArray("\x16\x03\x01\x01\x00\x01\x00\x00\xfc", 9));
        const auto found = parseClientHello(octets);
        for (const char c : found.serverName)
            QVERIFY(isalnum(quint8(c)) || c == '.' || c == '-' || c == '_');
    }
    QVERIFY(parseClientHello(QByteArray(1'000'000, '\x16')).serverName.isEmpty());
}

QTEST_GUILESS_MAIN(TestClientHello)
#include "test_client_hello.moc"
