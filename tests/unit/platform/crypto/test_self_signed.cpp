#include "platform/crypto/self_signed.h"

#include <QFile>
#include <QSslCertificate>
#include <QSslCertificateExtension>
#include <QSslKey>
#include <QTemporaryDir>
#include <QTest>

using namespace posthorn;
using namespace Qt::StringLiterals;

class TestSelfSigned : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void namesAllHostsAndAddresses();
    void keyBelongsToCertificate();
    void isNotAnAuthority();
    void signsWithSha256();
    void isValidFromBeforeNow();
    void refusesNamesThatAreNone_data();
    void refusesNamesThatAreNone();
    void refusesNonsenseDays();
    void eachHasItsOwnKeyAndSerial();
    void writesForTheOwnerOnly();
    void replacesFilesOfEarlierTimes();
    void saysWhenItCannotWrite();
    void shortensLongCommonNames();

private:
    static QSslCertificate read(const crypto::CertificateAndKey &pair) { return QSslCertificate(pair.certificate); }
    crypto::CertificateAndKey m_pair = crypto::makeSelfSigned(
        u"mail.example.test"_s, {u"imap.example.test"_s, u"127.0.0.1"_s, u"::1"_s, u"mail.example.test"_s}).value();
};

void TestSelfSigned::namesAllHostsAndAddresses()
{
    const QSslCertificate certificate = read(m_pair);
    QVERIFY(!certificate.isNull());
    QCOMPARE(certificate.subjectInfo(QSslCertificate::CommonName), QStringList{u"mail.example.test"_s});
    const auto names = certificate.subjectAlternativeNames();
    QStringList hosts = names.values(QSsl::DnsEntry);
    hosts.sort();
    QCOMPARE(hosts, (QStringList{u"imap.example.test"_s, u"mail.example.test"_s}));
    QCOMPARE(names.values(QSsl::IpAddressEntry).size(), 2);
    QVERIFY(certificate.isSelfSigned());
}

void TestSelfSigned::keyBelongsToCertificate()
{
    const QSslKey key(m_pair.key, QSsl::Rsa);
    QVERIFY(!key.isNull());
    QCOMPARE(key.length(), 2048);
    QVERIFY(key.toDer().contains(read(m_pair).publicKey().toDer().sliced(40, 200))); // a part of the modulus
}

void TestSelfSigned::isNotAnAuthority()
{
    for (const QSslCertificateExtension &extension : read(m_pair).extensions()) {
        if (extension.oid() != "2.5.29.19"_L1)
            continue;
        QVERIFY(extension.isCritical());
        QCOMPARE(extension.value().toMap().value(u"ca"_s).toBool(), false);
        QVERIFY(!extension.value().toMap().contains(u"pathLenConstraint"_s));
        return;
    }
    QFAIL("no basic constraints");
}

void TestSelfSigned::signsWithSha256()
{
    QVERIFY(read(m_pair).toText().contains("sha256WithRSAEncryption"_L1));
}

void TestSelfSigned::isValidFromBeforeNow()
{
    const QDateTime now = QDateTime::currentDateTimeUtc();
    const QSslCertificate shortLived = read(crypto::makeSelfSigned(u"a.test"_s, {}, 2).value());
    QVERIFY(shortLived.effectiveDate() < now);
    QVERIFY(shortLived.expiryDate() > now.addDays(1));
    QVERIFY(shortLived.expiryDate() < now.addDays(3));
}

void TestSelfSigned::refusesNamesThatAreNone_data()
{
    QTest::addColumn<QString>("name");
    QTest::newRow("empty") << u""_s;
    QTest::newRow("two in one") << u"a.test,DNS:b.test"_s;
    QTest::newRow("line end") << u"a.test\nb"_s;
    QTest::newRow("blank") << u"a b"_s;
    QTest::newRow("not ASCII") << u"m\u00fcller.test"_s;
    QTest::newRow("dots") << u"a..b"_s;
    QTest::newRow("long") << QString(254, u'a');
}

void TestSelfSigned::refusesNamesThatAreNone()
{
    QFETCH(QString, name);
    const auto asHost = crypto::makeSelfSigned(name);
    QVERIFY(!asHost);
    QCOMPARE(asHost.error().kind, ErrorKind::Invalid);
    QVERIFY(!crypto::makeSelfSigned(u"a.test"_s, {name}));
}

void TestSelfSigned::refusesNonsenseDays()
{
    QVERIFY(!crypto::makeSelfSigned(u"a.test"_s, {}, 0));
    QVERIFY(!crypto::makeSelfSigned(u"a.test"_s, {}, 1'000'000));
}

void TestSelfSigned::eachHasItsOwnKeyAndSerial()
{
    const auto other = crypto::makeSelfSigned(u"mail.example.test"_s).value();
    QVERIFY(other.key != m_pair.key);
    QVERIFY(read(other).serialNumber() != read(m_pair).serialNumber());
}

void TestSelfSigned::writesForTheOwnerOnly()
{
    QTemporaryDir directory;
    const QString certificate = directory.filePath(u"server.crt"_s), key = directory.filePath(u"server.key"_s);
    QVERIFY(crypto::writePem(m_pair, certificate, key));
    for (const QString &path : {certificate, key}) {
        const auto others = QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther;
        QVERIFY(!(QFile::permissions(path) & others));
        QVERIFY(!QFile::exists(path + u".new"_s));
    }
    QFile file(key);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), m_pair.key);
}

void TestSelfSigned::replacesFilesOfEarlierTimes()
{
    QTemporaryDir directory;
    const QString certificate = directory.filePath(u"server.crt"_s), key = directory.filePath(u"server.key"_s);
    QFile old(key);
    QVERIFY(old.open(QIODevice::WriteOnly));
    old.write("old");
    old.close();
    old.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ReadOther);
    QVERIFY(crypto::writePem(m_pair, certificate, key));
    QVERIFY(!(QFile::permissions(key) & QFile::ReadOther));
}

void TestSelfSigned::saysWhenItCannotWrite()
{
    const auto written = crypto::writePem(m_pair, u"/nowhere/at/all.crt"_s, u"/nowhere/at/all.key"_s);
    QVERIFY(!written);
    QCOMPARE(written.error().kind, ErrorKind::Denied);
}

void TestSelfSigned::shortensLongCommonNames()
{
    const QString longName = QString(60, u'a') + u".example.test"_s;
    const auto pair = crypto::makeSelfSigned(longName);
    QVERIFY(pair);
    QCOMPARE(read(*pair).subjectAlternativeNames().values(QSsl::DnsEntry), QStringList{longName});
}

QTEST_GUILESS_MAIN(TestSelfSigned)
#include "test_self_signed.moc"
