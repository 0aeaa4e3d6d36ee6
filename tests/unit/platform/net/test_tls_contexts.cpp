#include "fake_session.h"

#include "platform/net/certificate_file.h"

#include <QSslCertificate>
#include <QTemporaryDir>

#include <atomic>
#include <thread>

using namespace posthorn;
using namespace Qt::StringLiterals;

class TestTlsContexts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void hashesAsTheCertificateIsSigned_data();
    void hashesAsTheCertificateIsSigned();
    void choosesByName();
    void choosesByWildcard();
    void choosesByTheNamesInACertificate();
    void takesAnyWhenThereIsNoDefault();
    void readsPkcs12();
    void readsLockedKeys();
    void refusesTheKeyOfAnother();
    void saysWhatIsMissing();
    void replacesFilesThatChange();
    void keepsTheGoodOneWhenTheNewOneIsBroken();
    void refreshesUnderReaders();

private:
    static void copy(const QString &from, const QString &to)
    {
        QFile::remove(to);
        QVERIFY(QFile::copy(from, to));
    }
    static QString commonName(const net::TlsContext &context)
    {
        return QSslCertificate(context.certificate, QSsl::Der).subjectInfo(QSslCertificate::CommonName).value(0);
    }
};

void TestTlsContexts::hashesAsTheCertificateIsSigned_data()
{
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<int>("algorithm");
    QTest::newRow("RSA, SHA-256") << "default.crt"_ba << int(QCryptographicHash::Sha256);
    QTest::newRow("ECDSA, SHA-384") << "other.pem"_ba << int(QCryptographicHash::Sha384);
    QTest::newRow("RSA-PSS, SHA-384") << "pss.pem"_ba << int(QCryptographicHash::Sha384);
    QTest::newRow("Ed25519: undefined") << "ed25519.pem"_ba << -1;
}

void TestTlsContexts::hashesAsTheCertificateIsSigned()
{
    QFETCH(QByteArray, file);
    QFETCH(int, algorithm);
    const auto certificates = QSslCertificate::fromPath(fake::data(file.constData()));
    QCOMPARE(certificates.size(), 1);
    const QString key = file == "default.crt" ? fake::data("default.key") : QString();
    const auto loaded = net::loadCertificate({{}, fake::data(file.constData()), key, {}});
    QVERIFY2(loaded, loaded ? "" : qPrintable(loaded.error().text));
    QCOMPARE(loaded->context.endPointHash,
             algorithm < 0 ? QByteArray() : certificates.first().digest(QCryptographicHash::Algorithm(algorithm)));
}

void TestTlsContexts::choosesByName()
{
    const auto tls = fake::contexts();
    QCOMPARE(commonName(tls->forName("other.test")), u"other.test"_s);
    QCOMPARE(commonName(tls->forName("OTHER.test")), u"other.test"_s);
    QCOMPARE(commonName(tls->forName("")), u"mail.example.test"_s);
    QCOMPARE(commonName(tls->forName("unknown.test")), u"mail.example.test"_s);
    QVERIFY(tls->forName("other.test").endPointHash != tls->forName("").endPointHash);
    QVERIFY(tls->isAvailable());
    QCOMPARE(tls->facts().size(), 2);
    QVERIFY(tls->facts().first().error.isEmpty());
    QCOMPARE(tls->facts().first().names, QStringList{u"mail.example.test"_s});
}

void TestTlsContexts::choosesByWildcard()
{
    net::TlsContexts tls;
    QVERIFY(tls.setSources({{"", fake::data("default.crt"), fake::data("default.key"), {}},
                            {"*.Other.test", fake::data("other.pem"), {}, {}}}));
    QCOMPARE(commonName(tls.forName("mail.other.test")), u"other.test"_s);
    QCOMPARE(commonName(tls.forName("a.b.other.test")), u"mail.example.test"_s);
    QCOMPARE(commonName(tls.forName(".other.test")), u"mail.example.test"_s);
}

// A domain's certificate is mostly for another name as well: that of the server in it.
void TestTlsContexts::choosesByTheNamesInACertificate()
{
    net::TlsContexts tls;
    QVERIFY(tls.setSources({{"", fake::data("default.crt"), fake::data("default.key"), {}},
                            {"example.org", fake::data("other.pem"), {}, {}}}));
    QCOMPARE(commonName(tls.forName("Other.test")), u"other.test"_s);
    QCOMPARE(commonName(tls.forName("example.org")), u"other.test"_s);
    QCOMPARE(commonName(tls.forName("mail.other.test")), u"mail.example.test"_s);
    QCOMPARE(commonName(tls.forName("")), u"mail.example.test"_s);
}

void TestTlsContexts::takesAnyWhenThereIsNoDefault()
{
    net::TlsContexts tls;
    QVERIFY(!tls.isAvailable());
    QVERIFY(!tls.forName("a.test").handle);
    QVERIFY(tls.setSources({{"other.test", fake::data("other.pem"), {}, {}}}));
    QCOMPARE(commonName(tls.forName("")), u"other.test"_s);
    QVERIFY(tls.isAvailable());
}

void TestTlsContexts::readsPkcs12()
{
    net::TlsContexts tls;
    QVERIFY(tls.setSources({{"", fake::data("other.p12"), {}, u"secret"_s}}));
    QCOMPARE(commonName(tls.forName("")), u"other.test"_s);
    QVERIFY(tls.forName("").handle);
    QVERIFY(!tls.setSources({{"", fake::data("other.p12"), {}, u"wrong"_s}}));
}

void TestTlsContexts::readsLockedKeys()
{
    net::TlsContexts tls;
    QVERIFY(tls.setSources({{"", fake::data("default.crt"), fake::data("locked.key"), u"secret"_s}}));
    net::TlsContexts wrong;
    QVERIFY(!wrong.setSources({{"", fake::data("default.crt"), fake::data("locked.key"), u"wrong"_s}}));
}

void TestTlsContexts::refusesTheKeyOfAnother()
{
    net::TlsContexts tls;
    const auto set = tls.setSources({{"", fake::data("default.crt"), fake::data("other.pem"), {}}});
    QVERIFY(!set);
    QCOMPARE(set.error().kind, ErrorKind::Invalid);
    QVERIFY(set.error().text.contains("does not belong"_L1));
    QVERIFY(!tls.isAvailable());
}

void TestTlsContexts::saysWhatIsMissing()
{
    net::TlsContexts tls;
    const auto set = tls.setSources({{"", u"/nowhere/server.crt"_s, {}, {}}});
    QVERIFY(!set);
    QVERIFY(set.error().text.contains("/nowhere/server.crt"_L1));
    QVERIFY(!tls.facts().first().error.isEmpty());
    QVERIFY(!tls.setSources({{"", fake::data("default.crt"), {}, {}}})); // no key in it
    QVERIFY(!tls.setSources({{"", fake::data("default.key"), {}, {}}})); // no certificate in it
}

void TestTlsContexts::replacesFilesThatChange()
{
    QTemporaryDir directory;
    const QString file = directory.filePath(u"server.pem"_s), link = directory.filePath(u"live.pem"_s);
    copy(fake::data("other.pem"), file);
    QVERIFY(QFile::link(fake::data("other.pem"), link));
    net::TlsContexts tls;
    QVERIFY(tls.setSources({{"", file, {}, {}}, {"linked.test", link, {}, {}}}));
    QVERIFY(!tls.refresh());
    const net::TlsContext before = tls.forName("");

    QFile combined(file);
    QVERIFY(combined.open(QIODevice::WriteOnly));
    for (const char *part : {"default.crt", "default.key"}) {
        QFile source(fake::data(part));
        QVERIFY(source.open(QIODevice::ReadOnly));
        combined.write(source.readAll());
    }
    combined.close();
    QFile::remove(link);
    QVERIFY(QFile::link(file, link));
    QVERIFY(tls.refresh());
    QVERIFY(!tls.refresh());
    QCOMPARE(commonName(tls.forName("")), u"mail.example.test"_s);
    QCOMPARE(commonName(tls.forName("linked.test")), u"mail.example.test"_s);
    QCOMPARE(commonName(before), u"other.test"_s); // conversations under way keep what they have
}

void TestTlsContexts::keepsTheGoodOneWhenTheNewOneIsBroken()
{
    QTemporaryDir directory;
    const QString file = directory.filePath(u"server.pem"_s);
    copy(fake::data("other.pem"), file);
    net::TlsContexts tls;
    QVERIFY(tls.setSources({{"", file, {}, {}}}));
    QFile broken(file);
    QVERIFY(broken.open(QIODevice::WriteOnly));
    broken.write("-----BEGIN CERT");
    broken.close();
    QVERIFY(!tls.refresh());
    QCOMPARE(commonName(tls.forName("")), u"other.test"_s);
    QVERIFY(!tls.facts().first().error.isEmpty());
    QVERIFY(!tls.setSources({{"", file, {}, {}}}));
    QCOMPARE(commonName(tls.forName("")), u"other.test"_s);
    copy(fake::data("other.pem"), file);
    QVERIFY(tls.refresh());
    QVERIFY(tls.facts().first().error.isEmpty());
}

void TestTlsContexts::refreshesUnderReaders()
{
    QTemporaryDir directory;
    const QString file = directory.filePath(u"server.pem"_s);
    copy(fake::data("other.pem"), file);
    net::TlsContexts tls;
    QVERIFY(tls.setSources({{"", file, {}, {}}}));
    std::atomic<bool> stop = false;
    std::atomic<int> empty = 0;
    std::thread reader([&] {
        while (!stop) {
            empty += !tls.forName("a.test").handle;
            empty += tls.forName("").endPointHash.isEmpty();
        }
    });
    for (int i = 0; i < 50; ++i) {
        copy(fake::data("other.pem"), file);
        QFile touched(file);
        QVERIFY(touched.open(QIODevice::Append));
        touched.write(QByteArray(i + 1, '\n'));
        touched.close();
        QVERIFY(tls.refresh());
    }
    stop = true;
    reader.join();
    QCOMPARE(empty.load(), 0);
}

QTEST_GUILESS_MAIN(TestTlsContexts)
#include "test_tls_contexts.moc"
