#include "policy/trust/dkim_canonical.h"

#include <QTest>

using namespace posthorn::trust;

class TestDkimCanonical : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void makesFieldsAlike_data();
    void makesFieldsAlike();
    void makesBodiesAlike_data();
    void makesBodiesAlike();
    void hashesTheBodyOnly();
    void knowsTheHashesOfNothing();

private:
    static QByteArray canonicalBody(Canonicalization how, const QByteArray &body, qsizetype piece)
    {
        CanonicalBody canonical(how);
        QByteArray out;
        for (qsizetype at = 0; at < body.size(); at += piece)
            out += canonical.add(body.mid(at, piece));
        return out + canonical.finish();
    }
};

void TestDkimCanonical::makesFieldsAlike_data()
{
    QTest::addColumn<QByteArray>("field");
    QTest::addColumn<QByteArray>("simple");
    QTest::addColumn<QByteArray>("relaxed");
    const auto row = [](const char *name, const char *field, const char *simple, const char *relaxed) {
        QTest::newRow(name) << QByteArray(field) << QByteArray(simple) << QByteArray(relaxed);
    };
    // RFC 6376 §3.4.5
    row("one", "A: X\r\n", "A: X\r\n", "a:X\r\n");
    row("two", "B : Y\t\r\n\tZ  \r\n", "B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n");
    row("no line end", "A: X", "A: X\r\n", "a:X\r\n");
    row("no value", "Subject:\r\n", "Subject:\r\n", "subject:\r\n");
    row("only white space", "Subject: \t \r\n", "Subject: \t \r\n", "subject:\r\n");
    row("colons in it", "Subject: a: b :c\r\n", "Subject: a: b :c\r\n", "subject:a: b :c\r\n");
    row("folded twice", "References: <a>\r\n <b>\r\n\t \t<c>\r\n", "References: <a>\r\n <b>\r\n\t \t<c>\r\n", "references:<a> <b> <c>\r\n");
    row("folded at once", "Subject:\r\n later\r\n", "Subject:\r\n later\r\n", "subject:later\r\n");
    row("8-bit", "Subject: Gr\xc3\xbc\xc3\x9f\x65\r\n", "Subject: Gr\xc3\xbc\xc3\x9f\x65\r\n", "subject:Gr\xc3\xbc\xc3\x9f\x65\r\n");
}

void TestDkimCanonical::makesFieldsAlike()
{
    QFETCH(QByteArray, field);
    QTEST(canonicalField(Canonicalization::Simple, field), "simple");
    QTEST(canonicalField(Canonicalization::Relaxed, field), "relaxed");
}

void TestDkimCanonical::makesBodiesAlike_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("simple");
    QTest::addColumn<QByteArray>("relaxed");
    const auto row = [](const char *name, const char *body, const char *simple, const char *relaxed) {
        QTest::newRow(name) << QByteArray(body) << QByteArray(simple) << QByteArray(relaxed);
    };
    // RFC 6376 §3.4.5
    row("example", " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n");
    row("nothing", "", "\r\n", "");
    row("one empty line", "\r\n", "\r\n", "");
    row("empty lines", "\r\n\r\n\r\n", "\r\n", "");
    row("lines of white space", " \r\n\t\r\n", " \r\n\t\r\n", "");
    row("no line end", "hello", "hello\r\n", "hello\r\n");
    row("no line end but space", "hello \t", "hello \t\r\n", "hello\r\n");
    row("space before empty lines", "hello \r\n \r\n\r\n", "hello \r\n \r\n", "hello\r\n");
    row("empty lines inside", "\r\n\r\na\r\n\r\n\r\nb\r\n", "\r\n\r\na\r\n\r\n\r\nb\r\n", "\r\n\r\na\r\n\r\n\r\nb\r\n");
    row("space at the start", "  a\t\tb\r\n", "  a\t\tb\r\n", " a b\r\n");
    row("CR alone", "a\rb\r\r\nc\r", "a\rb\r\r\nc\r\r\n", "a\rb\r\r\nc\r\r\n");
    row("LF alone", "a \nb\r\n", "a \nb\r\n", "a \nb\r\n");
    row("dots", ".\r\n..\r\n", ".\r\n..\r\n", ".\r\n..\r\n");
}

void TestDkimCanonical::makesBodiesAlike()
{
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, simple);
    QFETCH(QByteArray, relaxed);
    for (const qsizetype piece : {1, 2, 3, 1000}) {
        QCOMPARE(canonicalBody(Canonicalization::Simple, body, piece), simple);
        QCOMPARE(canonicalBody(Canonicalization::Relaxed, body, piece), relaxed);
    }
}

void TestDkimCanonical::hashesTheBodyOnly()
{
    const QByteArray message = "From: a\r\nSubject: b\r\n\r\nHi  you\r\n\r\n";
    for (qsizetype piece = 1; piece <= message.size(); ++piece) {
        MessageHash hash(Canonicalization::Relaxed);
        for (qsizetype at = 0; at < message.size(); at += piece)
            hash.add(message.mid(at, piece));
        QCOMPARE(hash.finish(), QCryptographicHash::hash("Hi you\r\n", QCryptographicHash::Sha256));
        QCOMPARE(hash.header(), "From: a\r\nSubject: b\r\n\r\n");
    }
}

void TestDkimCanonical::knowsTheHashesOfNothing()
{
    MessageHash simple(Canonicalization::Simple), relaxed(Canonicalization::Relaxed), cut(Canonicalization::Relaxed);
    simple.add("From: a\r\n\r\n");
    relaxed.add("\r\n");
    cut.add("From: a\r\n"); // without an empty line
    QCOMPARE(simple.finish().toBase64(), "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="); // RFC 6376 §3.4.3
    QCOMPARE(relaxed.finish().toBase64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="); // §3.4.4
    QCOMPARE(cut.finish().toBase64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    QCOMPARE(cut.header(), "From: a\r\n");
    QCOMPARE(relaxed.header(), "\r\n");
}

QTEST_APPLESS_MAIN(TestDkimCanonical)
#include "test_dkim_canonical.moc"
