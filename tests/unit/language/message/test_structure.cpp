#include "structure_samples.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::message;
using namespace posthorn::message::samples;
using namespace Qt::StringLiterals;

class TestStructure : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void findsPartsToTheOctet();
    void readsEnvelopeWithTheHeader();
    void entersForwardedMessages();
    void digestHoldsMessages();
    void readsPartFields();
    void innermostOfEqualBoundariesWins();
    void partsEndWhereTheOuterBoundarySays();
    void shapes_data();
    void shapes();
    void countsLines_data();
    void countsLines();
    void sameHoweverItIsCut_data();
    void sameHoweverItIsCut();
    void notesOddOctets();
    void parsesFast();
};

void TestStructure::findsPartsToTheOctet()
{
    const Structure structure = parseStructure(alternative);
    const Part &root = structure.root;
    QCOMPARE(shape(root), "multipart/alternative(text/plain text/html)");
    QCOMPARE(structure.header, headerOf(alternative, root));
    QVERIFY(structure.header.endsWith("\"b 1\"\r\n\r\n"));
    QVERIFY(bodyOf(alternative, root).startsWith("preamble\r\n"));
    QVERIFY(bodyOf(alternative, root).endsWith("epilogue\r\n"));
    QCOMPARE(structure.size, alternative.size());
    QCOMPARE(root.bodyLines, 13);

    const Part &plain = root.children[0];
    QCOMPARE(headerOf(alternative, plain), "\r\n");
    QCOMPARE(bodyOf(alternative, plain), "plain");
    QCOMPARE(plain.bodyLines, 1);
    QCOMPARE(plain.parameters, (QList<Parameter>{{"charset", "us-ascii"}}));

    const Part &html = root.children[1];
    QCOMPARE(bodyOf(alternative, html), "<b>\r\n</b>\r\n");
    QCOMPARE(html.bodyLines, 2);
    QCOMPARE(html.encoding, "quoted-printable");
    QCOMPARE(html.parameters, (QList<Parameter>{{"charset", "utf-8"}}));
}

void TestStructure::readsEnvelopeWithTheHeader()
{
    const Structure structure = parseStructure(alternative);
    QCOMPARE(structure.envelope.subject, "Hello there");
    QCOMPARE(structure.envelope.from, (QList<Address>{{"Ann", {}, "ann", "example.org"}}));
    QCOMPARE(structure.envelope.to, (QList<Address>{{{}, {}, "bob", "example.com"}}));
    QCOMPARE(structure.envelope.messageId, "<1@example.org>");
    QVERIFY(structure.envelope.inReplyTo.isNull());
    QCOMPARE(structure.dateSeconds, 1'057'049'557);
    QCOMPARE(structure.dateOffsetMinutes, 120);
    QCOMPARE(structure.receivedCount, 2);

    const Envelope twice =
        parseStructure("Subject:\r\nSubject: 2\r\nTo: a@b\r\nFrom: a@b\r\nTo: c@d\r\nFrom: e@f\r\n\r\n").envelope;
    QVERIFY(!twice.subject.isNull());
    QCOMPARE(twice.subject, "");
    QCOMPARE(twice.from.size(), 1);
    QCOMPARE(twice.to.size(), 2);
}

void TestStructure::entersForwardedMessages()
{
    const Structure structure = parseStructure(forwarded);
    QCOMPARE(shape(structure.root), "multipart/mixed(message/rfc822(multipart/mixed(text/plain)) text/plain)");
    const Part &message = structure.root.children[0];
    QVERIFY(message.envelope);
    QCOMPARE(message.envelope->subject, "inner");
    QVERIFY(structure.envelope.subject.isNull());
    const Part &inner = message.children[0];
    QCOMPARE(inner.headerOffset, message.bodyOffset);
    QVERIFY(headerOf(forwarded, inner).startsWith("Subject: inner\n"));
    QCOMPARE(inner.headerSize + inner.bodySize, message.bodySize);
    QCOMPARE(bodyOf(forwarded, inner), "--inner\n\ndeep\n--inner--\n");
    QCOMPARE(bodyOf(forwarded, inner.children[0]), "deep");
    QCOMPARE(message.bodyLines, 8);
    QCOMPARE(bodyOf(forwarded, structure.root.children[1]), "last");
}

void TestStructure::digestHoldsMessages()
{
    const QByteArray digest = "Content-Type: multipart/digest; boundary=d\r\n\r\n"
                              "--d\r\n\r\nSubject: one\r\n\r\n1\r\n"
                              "--d\r\nContent-Type: text/plain\r\n\r\nnot a message\r\n"
                              "--d\r\n--d--";
    const Structure structure = parseStructure(digest);
    QCOMPARE(shape(structure.root),
             "multipart/digest(message/rfc822(text/plain) text/plain message/rfc822(text/plain))");
    QCOMPARE(structure.root.children[0].envelope->subject, "one");
    QCOMPARE(bodyOf(digest, structure.root.children[0].children[0]), "1");
}

void TestStructure::readsPartFields()
{
    const Part part = parseStructure("content-type: IMAGE/png (x); NAME=a b.png\r\n"
                                     "Content-ID: <i@j>\r\n"
                                     "Content-Description: two\r\n words\r\n"
                                     "Content-Transfer-Encoding: BASE64 (really)\r\n"
                                     "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
                                     "Content-Language: de, en-GB (x)\r\n"
                                     "Content-Location: http://x/\r\n"
                                     "Content-Disposition: ATTACHMENT;\r\n"
                                     " filename*0*=iso-8859-1'de'%FC; filename*1=b; filename*2*=%20er; size=7\r\n"
                                     "\r\n")
                          .root;
    QCOMPARE(part.type + '/' + part.subtype, "image/png");
    QCOMPARE(part.parameters, (QList<Parameter>{{"name", "a b.png"}}));
    QCOMPARE(part.id, "<i@j>");
    QCOMPARE(part.description, "two words");
    QCOMPARE(part.encoding, "base64");
    QCOMPARE(part.md5, "Q2hlY2sgSW50ZWdyaXR5IQ==");
    QCOMPARE(part.language, (QList<QByteArray>{"de", "en-GB"}));
    QCOMPARE(part.location, "http://x/");
    QCOMPARE(part.disposition, "attachment");
    QCOMPARE(part.dispositionParameters, (QList<Parameter>{{"filename", "\xc3\xbc"
                                                                        "b er"},
                                                           {"size", "7"}}));
}

void TestStructure::innermostOfEqualBoundariesWins()
{
    const QByteArray message =
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\ninner\n--b--\n--b\n\nouter\n--b--\n";
    const Structure structure = parseStructure(message);
    QCOMPARE(shape(structure.root), "multipart/mixed(multipart/mixed(text/plain) text/plain)");
    QCOMPARE(bodyOf(message, structure.root.children[1]), "outer");
}

void TestStructure::partsEndWhereTheOuterBoundarySays()
{
    const QByteArray message = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"
                               "Content-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\n\r\ninner is not closed\r\n"
                               "--a\r\n\r\nouter\r\n--a--\r\n";
    const Structure structure = parseStructure(message);
    QCOMPARE(shape(structure.root), "multipart/mixed(multipart/mixed(text/plain) text/plain)");
    const Part &inner = structure.root.children[0];
    QCOMPARE(bodyOf(message, inner), "--ab\r\n\r\ninner is not closed");
    QCOMPARE(bodyOf(message, inner.children[0]), "inner is not closed");
    QCOMPARE(bodyOf(message, structure.root.children[1]), "outer");
}

void TestStructure::shapes_data()
{
    QTest::addColumn<QByteArray>("message");
    QTest::addColumn<QByteArray>("expected");
    const auto row = [](const char *name, const QByteArray &message, const QByteArray &expected) {
        QTest::newRow(name) << message << expected;
    };
    row("nothing", "", "text/plain");
    row("no header end", "Subject: x", "text/plain");
    row("empty header", "\r\nbody", "text/plain");
    row("no slash", "Content-Type: text\r\n\r\nx", "text/plain");
    row("first type counts", "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n", "a/b");
    row("unreadable type first", "Content-Type: ;\r\nContent-Type: c/d\r\n\r\n", "c/d");
    row("no boundary", "Content-Type: multipart/mixed\r\n\r\n--x\r\n", "multipart/mixed(text/plain)");
    row("empty boundary", "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\n--\r\n",
        "multipart/mixed(text/plain)");
    row("no delimiter", "Content-Type: multipart/mixed; boundary=b\r\n\r\nx\r\n", "multipart/mixed(text/plain)");
    row("only the closing one", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n--b\r\n",
        "multipart/mixed(text/plain)");
    row("never closed", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo",
        "multipart/mixed(text/plain text/plain)");
    row("delimiter at the end", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b", "multipart/mixed(text/plain)");
    row("delimiter in a header", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b\r\n--b--",
        "multipart/mixed(a/b)");
    row("message without any octet",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n--b--",
        "multipart/mixed(message/rfc822(text/plain))");
    row("multipart without any octet",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/x\n--b--",
        "multipart/mixed(multipart/x(text/plain))");
    row("root is a message", "Content-Type: message/rfc822\n\nContent-Type: a/b\n\n", "message/rfc822(a/b)");
    row("global message", "Content-Type: message/global\n\nContent-Type: a/b\n\n", "message/global(a/b)");
    row("other message types are leaves", "Content-Type: message/delivery-status\n\nA: b\n\n",
        "message/delivery-status");
    row("boundary unquoted with a semicolon after", "Content-Type: multipart/mixed; boundary==_b; x=y\n\n--=_b\n\n",
        "multipart/mixed(text/plain)");
    row("boundary ends in space", "Content-Type: multipart/mixed; boundary=\"b \"\n\n--b\n\n--b--",
        "multipart/mixed(text/plain)");
    row("line begins like a boundary", "Content-Type: multipart/mixed; boundary=bb\n\n--b\n\n--bb\n\n--b\n",
        "multipart/mixed(text/plain)");
    row("dashes alone", "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n\n-\n--\n---\n",
        "multipart/mixed(text/plain)");
    row("boundary must start its line", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx--b\n --b\n",
        "multipart/mixed(text/plain)");
    row("broken header lines", "garbage\r\n: x\r\nContent-Type : a/b\r\n\xff\xfe: 1\r\n\r\n", "a/b");
    row("folded before its value", "Content-Type:\r\n\ta/b\r\n\r\n", "a/b");
    row("mixed line ends", "Content-Type: multipart/mixed; boundary=b\n\r\n--b\r\n\nx\n--b--\n",
        "multipart/mixed(text/plain)");
}

void TestStructure::shapes()
{
    QFETCH(QByteArray, message);
    QFETCH(QByteArray, expected);
    const Structure structure = parseStructure(message);
    QCOMPARE(shape(structure.root), expected);
    checkInvariants(structure.root, 0, message.size());
    if (structure.root.type == "text")
        QCOMPARE(structure.root.parameters, (QList<Parameter>{{"charset", "us-ascii"}}));
}

void TestStructure::countsLines_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("alone");  // as the whole body of a message
    QTest::addColumn<int>("inside"); // as that of a part
    QTest::newRow("none") << ""_ba << 0 << 0;
    QTest::newRow("without end") << "a"_ba << 1 << 1;
    QTest::newRow("one") << "a\r\n"_ba << 1 << 1;
    QTest::newRow("one and a half") << "a\r\nb"_ba << 2 << 2;
    QTest::newRow("an empty line") << "\r\n"_ba << 1 << 1;
    QTest::newRow("empty lines") << "\r\n\r\n"_ba << 2 << 2;
    QTest::newRow("ends in an empty line") << "a\r\n\r\n"_ba << 2 << 2;
    QTest::newRow("bare line feeds") << "a\nb\n"_ba << 2 << 2;
}

void TestStructure::countsLines()
{
    QFETCH(QByteArray, body);
    QFETCH(int, alone);
    QFETCH(int, inside);
    QCOMPARE(parseStructure("\r\n" + body).root.bodyLines, alone);
    for (const QByteArray &lineEnd : {"\r\n"_ba, "\n"_ba}) {
        const QByteArray message =
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + body + lineEnd + "--b--";
        const Part part = parseStructure(message).root.children.at(0);
        QCOMPARE(bodyOf(message, part), body);
        QCOMPARE(part.bodyLines, inside);
    }
}

void TestStructure::sameHoweverItIsCut_data()
{
    shapes_data();
    QTest::newRow("alternative") << alternative << QByteArray();
    QTest::newRow("forwarded") << forwarded << QByteArray();
    QTest::newRow("8-bit boundary")
        << "Content-Type: multipart/mixed; boundary=\xe4\xe4\r\n\r\n--\xe4\xe4\r\nA: b\r\n--\xe4\xe4--"_ba
        << QByteArray();
    QTest::newRow("stray returns") << "A: b\r\r\nC: d\r\n\r \r\n\r\r\n\r\nbody\r"_ba << QByteArray();
}

void TestStructure::sameHoweverItIsCut()
{
    QFETCH(QByteArray, message);
    const Structure whole = parseStructure(message);
    for (qsizetype size = 1; size <= 7; ++size)
        QVERIFY(parseByPieces(message, size) == whole);
    for (qsizetype cut = 0; cut <= message.size(); ++cut) {
        StructureParser parser;
        parser.feed(QByteArrayView(message).first(cut));
        parser.feed(QByteArrayView(message).sliced(cut));
        QVERIFY2(parser.finish() == whole, QByteArray::number(cut).constData());
    }
}

void TestStructure::notesOddOctets()
{
    const auto flags = [](const QByteArray &message) {
        const Structure s = parseStructure(message);
        return QByteArray(s.has8BitHeader ? "h" : "") + (s.has8BitBody ? "b" : "") + (s.hasNul ? "0" : "");
    };
    QCOMPARE(flags("A: b\r\n\r\nc"), "");
    QCOMPARE(flags("A: \xc3\xa4\r\n\r\nc"), "h");
    QCOMPARE(flags("A: b\r\n\r\n\xc3\xa4"), "b");
    QCOMPARE(flags("A: b\r\n\r\n"_ba + QByteArray(1, '\0')), "0");
    QCOMPARE(flags("Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\nA: \xff\r\n\r\n"), "h");
    const QByteArray nulInSubject("Subject: a\0b\r\n\r\n", 16);
    QCOMPARE(parseStructure(nulInSubject).envelope.subject, "a b");
}

void TestStructure::parsesFast()
{
    const QByteArray line = "The quick brown fox jumps over the lazy dog, and so on until the end.\r\n"_ba;
    const QByteArray message = "Return-Path: <ann@example.org>\r\n"
                               "Received: from a.example.org (a.example.org [192.0.2.1])\r\n"
                               "\tby mx.example.com with ESMTPS id 123 for <bob@example.com>;\r\n"
                               "\tTue, 1 Jul 2003 10:52:37 +0200\r\n"
                               "Received: from b.example.org by a.example.org; Tue, 1 Jul 2003 10:52:36 +0200\r\n"
                               "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=x; h=from:to:subject;\r\n"
                               "\tb=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"_ba +
                               alternative.left(alternative.indexOf("preamble")) + "--b 1\r\n\r\n" + line.repeated(20) +
                               "--b 1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + line.repeated(20) +
                               "--b 1--\r\n";
    QBENCHMARK
    {
        (void)parseStructure(message);
    }
}

QTEST_GUILESS_MAIN(TestStructure)
#include "test_structure.moc"
