// BODYSTRUCTURE and BODY (RFC 9051 §7.5.2) of messages as they come.
#include "language/imap/bodystructure_text.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::imap;

class TestBodyStructure : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isTold_data()
    {
        QTest::addColumn<QByteArray>("message");
        QTest::addColumn<QByteArray>("structure");
        QTest::addColumn<QByteArray>("body");
        const auto row = [](const char *name, const QByteArray &message, QByteArray structure, QByteArray body) {
            QTest::newRow(name) << message << structure.replace('`', '"') << body.replace('`', '"');
        };
        row("no header", "\r\nHello\r\n",
            "(`text` `plain` (`charset` `us-ascii`) NIL NIL `7bit` 7 1 NIL NIL NIL NIL)",
            "(`text` `plain` (`charset` `us-ascii`) NIL NIL `7bit` 7 1)");
        row("all that a part can have",
            "Content-Type: text/html; charset=utf-8\r\nContent-ID: <i@x>\r\nContent-Description: about\r\n"
            "Content-Transfer-Encoding: BASE64\r\nContent-MD5: Q2hlY2s=\r\nContent-Disposition: inline; filename=a.html\r\n"
            "Content-Language: de, fr-CH\r\nContent-Location: http://x/\r\n\r\nSGFsbG8=\r\n",
            "(`text` `html` (`charset` `utf-8`) `<i@x>` `about` `base64` 10 1 `Q2hlY2s=` "
            "(`inline` (`filename` `a.html`)) (`de` `fr-CH`) `http://x/`)",
            "(`text` `html` (`charset` `utf-8`) `<i@x>` `about` `base64` 10 1)");
        row("parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n",
            "((`text` `plain` (`charset` `us-ascii`) NIL NIL `7bit` 3 1 NIL NIL NIL NIL)"
            "(`image` `png` NIL NIL NIL `7bit` 1 NIL NIL NIL NIL) `mixed` (`boundary` `b`) NIL NIL NIL)",
            "((`text` `plain` (`charset` `us-ascii`) NIL NIL `7bit` 3 1)(`image` `png` NIL NIL NIL `7bit` 1) `mixed`)");
        // RFC 2231: continuations are joined, and what is not ASCII keeps a charset.
        const auto named = [&row](const char *name, const QByteArray &parameters, const QByteArray &structure) {
            row(name, "Content-Type: image/png\r\nContent-Disposition: attachment" + parameters + "\r\n\r\nx\r\n",
                "(`image` `png` NIL NIL NIL `7bit` 3 NIL (`attachment` " + structure + ") NIL NIL)",
                "(`image` `png` NIL NIL NIL `7bit` 3)");
        };
        named("a plain name", "; filename=\"a b.png\"", "(`filename` `a b.png`)");
        named("a name in pieces", "; filename*0=\"long \";\r\n filename*1=name.png", "(`filename` `long name.png`)");
        named("a name in a charset", "; filename*=iso-8859-1'de'%FCber%20uns.png", "(`filename*` `utf-8''%C3%BCber%20uns.png`)");
        named("a name in a charset in pieces", "; filename*0*=utf-8''%C3%BC; filename*1=\"b'*.png\"",
              "(`filename*` `utf-8''%C3%BCb%27%2A.png`)");
        named("both forms of a name", "; filename=u.png; filename*=utf-8''%C3%BC.png; size=3",
              "(`filename*` `utf-8''%C3%BC.png` `size` `3`)");
        named("only ASCII in a charset", "; filename*=us-ascii'en-us'it%27s.png", "(`filename` `it's.png`)");
        named("UTF-8 as it is", "; filename=\"\xC3\xBC.png\"", "(`filename*` `utf-8''%C3%BC.png`)");
        named("octets of no known charset", "; filename=\"\xFC.png\"", "(`filename` {5}\r\n\xFC.png)");
        named("an encoded word", "; filename=\"=?utf-8?q?=C3=BC?=.png\"", "(`filename` `=?utf-8?q?=C3=BC?=.png`)");
    }
    void isTold()
    {
        QFETCH(QByteArray, message);
        QFETCH(QByteArray, structure);
        QFETCH(QByteArray, body);
        const QByteArray text = bodyStructureText(message::parseStructure(message).root);
        QCOMPARE(text, structure);
        QCOMPARE(bodyText(text), body);
    }
};

QTEST_GUILESS_MAIN(TestBodyStructure)
#include "test_body_structure.moc"
