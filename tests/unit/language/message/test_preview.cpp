#include "language/message/preview.h"
#include "support/work_timer.h"

#include <QTest>

using namespace posthorn::message;
using namespace Qt::StringLiterals;

namespace {

QString previewOf(const QByteArray &message)
{
    const Structure structure = parseStructure(message);
    const Part *part = previewPart(structure.root);
    return part ? preview(*part, QByteArrayView(message).sliced(part->bodyOffset, std::min(part->bodySize, previewOctets))) : u"none"_s;
}

} // namespace

class TestPreview : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void saysWhatTheMessageSays_data()
    {
        QTest::addColumn<QByteArray>("message");
        QTest::addColumn<QString>("expected");
        const auto add = [](const char *name, const char *message, const QString &expected) {
            QTest::newRow(name) << QByteArray(message).replace("|", "\r\n") << expected;
        };
        add("plain", "Subject: x||Hello  world|again\t.||bye", u"Hello world again . bye"_s);
        add("quoted lines", "A: b||> you said|>> she said|I say", u"I say"_s);
        add("signature", "A: b||text|-- |Anna", u"text"_s);
        add("empty", "A: b||", u""_s);
        add("quoted-printable", "Content-Type: text/plain; charset=iso-8859-1|Content-Transfer-Encoding: quoted-printable||Gr=FC=DFe", u"Grüße"_s);
        add("base64", "Content-Transfer-Encoding: base64||SGVsbG8=", u"Hello"_s);
        add("HTML", "Content-Type: text/html||<html><head><title>no</title></head><body><p>One&nbsp;&amp; <b>two</b><br>3 &lt; 4 &#x1F600;&#0;</p>", u"One & two 3 < 4 😀"_s);
        add("what HTML hides", "Content-Type: text/html||<style>p{}</style><!-- no --><SCRIPT>x()</SCRIPT>yes<unclosed", u"yes"_s);
        add("not an entity", "Content-Type: text/html||a & b &unknown; &#xzz; c", u"a & b &unknown; c"_s);
        add("plain before HTML", "Content-Type: multipart/alternative; boundary=b||--b|Content-Type: text/html||<p>h|--b|Content-Type: text/plain||p|--b--|", u"p"_s);
        add("no attachment", "Content-Type: multipart/mixed; boundary=b||--b|Content-Type: text/plain|Content-Disposition: attachment||a|--b|Content-Type: text/html||h|--b--|", u"h"_s);
        add("no text", "Content-Type: image/png||x", u"none"_s);
    }
    void saysWhatTheMessageSays()
    {
        QFETCH(QByteArray, message);
        QTEST(previewOf(message), "expected");
    }

    void isShort()
    {
        QCOMPARE(previewOf("A: b\r\n\r\n" + QByteArray("word ").repeated(1000)).size(), 199); // its last space is gone
        const QString faces = previewOf("A: b\r\n\r\n" + QByteArray("\xf0\x9f\x98\x80").repeated(1000));
        QCOMPARE(faces.size(), 400); // characters, not halves of them
    }

    void takesLinearTime()
    {
        const posthorn::test::WorkTimer timer;
        for (const char *piece : {"<", "<!--", "<style", "&#", "&", "> x\n", "\xf0"})
            (void)previewOf("Content-Type: text/html\r\n\r\n" + QByteArray(piece).repeated(20'000));
        QVERIFY2(timer.milliseconds() < 5'000, qPrintable(QString::number(timer.milliseconds())));
    }
};

QTEST_GUILESS_MAIN(TestPreview)
#include "test_preview.moc"
