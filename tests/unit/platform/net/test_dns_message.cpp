// Questions to name servers and their answers, octet by octet; and answers that are cut, forged or nonsense.
#include "platform/net/dns_message.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::net;
using namespace Qt::StringLiterals;
using Status = DnsAnswer::Status;

namespace {

QByteArray number16(int number)
{
    const char octets[]{char(number >> 8), char(number & 0xff)};
    return {octets, 2};
}

QByteArray name(const QByteArray &text)
{
    QByteArray out;
    for (const QByteArray &label : text.split('.')) {
        if (!label.isEmpty())
            out += char(label.size()) + label;
    }
    return out + '\0';
}

// "\xc0\x0c" is the name asked for, as servers write it.
QByteArray record(const QByteArray &owner, DnsType type, int ttl, const QByteArray &data)
{
    return owner + number16(int(type)) + number16(1) + number16(0) + number16(ttl) + number16(int(data.size())) + data;
}

const QByteArray asked = QByteArray::fromHex("c00c");

struct Message
{
    int flags = 0x8180;
    QList<QByteArray> answers, authority;
    int id = 7;
    QByteArray question = name("example.org") + QByteArray::fromHex("000f0001");

    [[nodiscard]] QByteArray octets() const
    {
        return number16(id) + number16(flags) + number16(1) + number16(int(answers.size())) + number16(int(authority.size()))
               + number16(0) + question + answers.join() + authority.join();
    }
};

QByteArray described(const std::optional<DnsReply> &reply)
{
    if (!reply)
        return "nothing";
    if (reply->truncated)
        return "truncated";
    static const char *const states[]{"found", "no name", "no data", "failed"};
    QByteArray text = states[int(reply->answer.status)];
    for (const auto &mx : reply->answer.mx)
        text += ' ' + QByteArray::number(mx.preference) + ' ' + (mx.name.isEmpty() ? "."_ba : mx.name);
    for (const QByteArray &address : reply->answer.addresses)
        text += ' ' + address;
    for (const QByteArray &one : reply->answer.texts)
        text += " \"" + one + '"';
    for (const auto &tlsa : reply->answer.tlsa)
        text += ' ' + QByteArray::number(tlsa.usage) + QByteArray::number(tlsa.selector) + QByteArray::number(tlsa.matching) + ' '
                + tlsa.octets.toHex();
    if (!reply->answer.canonical.isEmpty())
        text += " as " + reply->answer.canonical;
    return text + (reply->answer.authentic ? " signed" : "") + " for " + QByteArray::number(reply->ttl);
}

QByteArray mx(int preference, const QByteArray &host) { return number16(preference) + name(host); }

QByteArray soa(int minimum) { return name("ns.example.org") + name("hm.example.org") + QByteArray(16, '\1') + number16(0) + number16(minimum); }

} // namespace

class TestDnsMessage : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void asks()
    {
        QCOMPARE(dnsQuestion(0x1234, "example.org", DnsType::Mx).toHex(),
                 "123401200001000000000001" "076578616d706c65036f726700000f0001" "00002904d0000000000000");
    }
    void asksForNoNameThatCanNotBe_data()
    {
        QTest::addColumn<QByteArray>("wrong");
        for (const QByteArray &wrong : QByteArrayList{"", ".", "a..b", "a.", QByteArray(64, 'a'), QByteArray("abc.").repeated(64) + "de"})
            QTest::newRow(wrong.left(20).constData()) << wrong;
    }
    void asksForNoNameThatCanNotBe()
    {
        QFETCH(QByteArray, wrong);
        QCOMPARE(dnsQuestion(1, wrong, DnsType::A), QByteArray());
    }
    void readsMailServers_data()
    {
        QTest::addColumn<QByteArray>("octets");
        QTest::addColumn<QByteArray>("reply");
        const auto row = [](const char *what, const Message &message, const char *reply) {
            QTest::newRow(what) << message.octets() << QByteArray(reply);
        };
        const QByteArray one = record(asked, DnsType::Mx, 300, mx(10, "MX.Example.Org"));
        row("one", {.answers = {one}}, "found 10 mx.example.org for 300");
        row("two, the shorter time counts", {.answers = {one, record(asked, DnsType::Mx, 60, mx(20, "b"))}}, "found 10 mx.example.org 20 b for 60");
        row("null MX", {.answers = {record(asked, DnsType::Mx, 60, mx(0, ""))}}, "found 0 . for 60");
        row("signed", {.flags = 0x81a0, .answers = {one}}, "found 10 mx.example.org signed for 300");
        row("another class", {.answers = {QByteArray(one).replace(asked + QByteArray::fromHex("000f0001"), asked + QByteArray::fromHex("000f0003"))}}, "no data for 0");
        row("of somebody else", {.answers = {record(name("other.org"), DnsType::Mx, 60, mx(1, "evil"))}}, "no data for 0");
        row("an alias", {.answers = {record(asked, DnsType::Cname, 30, name("real.org")), record(name("real.org"), DnsType::Mx, 300, mx(5, "mx"))}}, "found 5 mx as real.org for 30");
        row("an alias in the other order", {.answers = {record(name("real.org"), DnsType::Mx, 300, mx(5, "mx")), record(asked, DnsType::Cname, 30, name("real.org"))}}, "found 5 mx as real.org for 30");
        row("an alias of nothing", {.answers = {record(asked, DnsType::Cname, 30, name("real.org"))}, .authority = {record(name("org"), DnsType::Soa, 900, soa(400))}}, "no data as real.org for 400");
        row("an alias of no name", {.flags = 0x8183, .answers = {record(asked, DnsType::Cname, 30, name("real.org"))}}, "no name as real.org for 0");
        row("an alias of itself", {.answers = {record(asked, DnsType::Cname, 30, asked)}}, "failed for 0");
        row("no such name", {.flags = 0x8183, .authority = {record(name("org"), DnsType::Soa, 100, soa(400))}}, "no name for 100");
        row("nothing of this kind", {}, "no data for 0");
        row("SERVFAIL", {.flags = 0x8182}, "failed for 0");
        row("REFUSED", {.flags = 0x8185}, "failed for 0");
        row("cut off", {.flags = 0x8380}, "truncated");
        row("a question", {.flags = 0x0180}, "nothing");
        row("another number", {.answers = {one}, .id = 8}, "nothing");
        row("another name", {.answers = {one}, .question = name("example.com") + QByteArray::fromHex("000f0001")}, "nothing");
        row("the name in other letters", {.answers = {one}, .question = name("eXample.org") + QByteArray::fromHex("000f0001")}, "found 10 mx.example.org for 300");
        row("another type", {.answers = {one}, .question = name("example.org") + QByteArray::fromHex("00010001")}, "nothing");
        row("a name with control characters", {.answers = {record(asked, DnsType::Mx, 60, number16(1) + QByteArray("\3a\r\n\0", 5))}}, "found 1 a?? for 60");
        row("a preference without a name", {.answers = {record(asked, DnsType::Mx, 60, number16(1))}}, "failed for 0");
        row("a name beyond its record", {.answers = {record(asked, DnsType::Mx, 60, number16(1) + QByteArray("\3a")), one}}, "failed for 0");
        row("a name that points to itself", {.answers = {record(asked, DnsType::Mx, 60, number16(1) + QByteArray::fromHex("c02b"))}}, "failed for 0");
    }
    void readsMailServers()
    {
        QFETCH(QByteArray, octets);
        QTEST(described(readDnsReply(octets, 7, "example.org", DnsType::Mx)), "reply");
    }
    void readsOtherKinds_data()
    {
        QTest::addColumn<DnsType>("type");
        QTest::addColumn<QByteArray>("data");
        QTest::addColumn<QByteArray>("reply");
        const auto row = [](const char *what, DnsType type, const QByteArray &data, const char *reply) {
            QTest::newRow(what) << type << data << QByteArray(reply);
        };
        row("IPv4", DnsType::A, QByteArray::fromHex("c0000201"), "found 192.0.2.1 for 60");
        row("IPv4 of three octets", DnsType::A, QByteArray::fromHex("c00002"), "failed for 0");
        row("IPv6", DnsType::Aaaa, QByteArray::fromHex("20010db8000000000000000000000001"), "found 2001:db8::1 for 60");
        row("text", DnsType::Txt, "\3v=S\2TS", "found \"v=STS\" for 60");
        row("text beyond its end", DnsType::Txt, "\3v=S\7TS", "failed for 0");
        row("TLSA", DnsType::Tlsa, QByteArray::fromHex("030101abcd"), "found 311 abcd for 60");
        row("TLSA of two octets", DnsType::Tlsa, QByteArray::fromHex("0301"), "failed for 0");
        row("CNAME", DnsType::Cname, name("real.org"), "found as real.org for 60");
    }
    void readsOtherKinds()
    {
        QFETCH(DnsType, type);
        QFETCH(QByteArray, data);
        Message message{.answers = {record(asked, type, 60, data)}};
        message.question = name("example.org") + number16(int(type)) + number16(1);
        QTEST(described(readDnsReply(message.octets(), 7, "example.org", type)), "reply");
    }
    void survivesAnyCutAndAnyWrongOctet()
    {
        const Message message{.answers = {record(asked, DnsType::Cname, 30, name("real.org")), record(name("real.org"), DnsType::Mx, 300, mx(5, "mx"))},
                              .authority = {record(name("org"), DnsType::Soa, 900, soa(400))}};
        const QByteArray whole = message.octets();
        for (qsizetype size = 0; size < whole.size(); ++size) {
            const auto reply = readDnsReply(whole.first(size), 7, "example.org", DnsType::Mx);
            QVERIFY(!reply || reply->answer.status == Status::Failed);
        }
        for (qsizetype at = 0; at < whole.size(); ++at) {
            for (const char octet : {'\0', '\x3f', '\x80', '\xc0', '\xff'}) {
                QByteArray wrong = whole;
                wrong[at] = octet;
                (void)readDnsReply(wrong, 7, "example.org", DnsType::Mx);
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestDnsMessage)
#include "test_dns_message.moc"
