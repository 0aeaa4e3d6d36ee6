#include "platform/crypto/ed25519_key.h"
#include "platform/crypto/rsa_key.h"

#include <QTest>

#include <thread>

using namespace posthorn;
using namespace posthorn::crypto;

class TestSigningKeys : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void signsAndVerifiesWithRsa();
    void rsaComesBackFromPem();
    void rsaSignsOnSeveralThreads();
    void signsAsRfc8032Says_data();
    void signsAsRfc8032Says();
    void ed25519ComesBackFromPem();
    void refusesAlteredSignatures();
    void refusesWhatIsNoKey_data();
    void refusesWhatIsNoKey();
    void refusesKeysOfTheOtherKind();

private:
    const RsaKey m_rsa = RsaKey::generate().value();
    const Ed25519Key m_ed25519 = Ed25519Key::generate().value();
};

void TestSigningKeys::signsAndVerifiesWithRsa()
{
    const QByteArray signature = m_rsa.sign("a message");
    QCOMPARE(signature.size(), 256);
    QVERIFY(RsaKey::verify(m_rsa.publicDer(), "a message", signature));
    QVERIFY(!RsaKey::verify(m_rsa.publicDer(), "another message", signature));
    QVERIFY(!RsaKey::verify("no key", "a message", signature));
}

void TestSigningKeys::rsaComesBackFromPem()
{
    QVERIFY(m_rsa.toPem().startsWith("-----BEGIN PRIVATE KEY-----\n"));
    const auto again = RsaKey::fromPem(m_rsa.toPem());
    QVERIFY(again);
    QCOMPARE(again->publicDer(), m_rsa.publicDer());
    QCOMPARE(again->sign("x"), m_rsa.sign("x")); // PKCS #1 v1.5 has no salt
}

void TestSigningKeys::rsaSignsOnSeveralThreads()
{
    const QByteArray expected = m_rsa.sign("x");
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < 25; ++n)
                wrong += m_rsa.sign("x") != expected;
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    QCOMPARE(wrong, 0);
}

void TestSigningKeys::signsAsRfc8032Says_data()
{
    QTest::addColumn<QByteArray>("seed");
    QTest::addColumn<QByteArray>("publicKey");
    QTest::addColumn<QByteArray>("octets");
    QTest::addColumn<QByteArray>("signature");
    // §7.1, tests 1 and 2
    QTest::newRow("empty") << QByteArray("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
                           << QByteArray("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a") << QByteArray()
                           << QByteArray("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
                                         "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    QTest::newRow("one octet") << QByteArray("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
                               << QByteArray("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
                               << QByteArray("72")
                               << QByteArray("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
                                             "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

void TestSigningKeys::signsAsRfc8032Says()
{
    QFETCH(QByteArray, seed);
    QFETCH(QByteArray, publicKey);
    QFETCH(QByteArray, octets);
    QFETCH(QByteArray, signature);
    const auto key = Ed25519Key::fromSeed(QByteArray::fromHex(seed));
    QVERIFY(key);
    QCOMPARE(key->publicKey().toHex(), publicKey);
    QCOMPARE(key->sign(QByteArray::fromHex(octets)).toHex(), signature);
    QVERIFY(Ed25519Key::verify(key->publicKey(), QByteArray::fromHex(octets), QByteArray::fromHex(signature)));
}

void TestSigningKeys::ed25519ComesBackFromPem()
{
    QVERIFY(m_ed25519.toPem().startsWith("-----BEGIN PRIVATE KEY-----\n"));
    const auto again = Ed25519Key::fromPem(m_ed25519.toPem());
    QVERIFY(again);
    QCOMPARE(again->publicKey(), m_ed25519.publicKey());
    QCOMPARE(again->sign("x"), m_ed25519.sign("x"));
}

void TestSigningKeys::refusesAlteredSignatures()
{
    QByteArray signature = m_ed25519.sign("x");
    QVERIFY(Ed25519Key::verify(m_ed25519.publicKey(), "x", signature));
    signature[7] = char(signature[7] ^ 1);
    QVERIFY(!Ed25519Key::verify(m_ed25519.publicKey(), "x", signature));
    QVERIFY(!Ed25519Key::verify(m_ed25519.publicKey(), "x", {}));
    QVERIFY(!Ed25519Key::verify("short", "x", m_ed25519.sign("x")));
}

void TestSigningKeys::refusesWhatIsNoKey_data()
{
    QTest::addColumn<QByteArray>("pem");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("text") << QByteArray("hello");
    QTest::newRow("cut") << m_rsa.toPem().first(300);
    QTest::newRow("nothing inside") << QByteArray("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n");
}

void TestSigningKeys::refusesWhatIsNoKey()
{
    QFETCH(QByteArray, pem);
    QVERIFY(!RsaKey::fromPem(pem));
    QVERIFY(!Ed25519Key::fromPem(pem));
    QVERIFY(!Ed25519Key::fromSeed(pem));
}

void TestSigningKeys::refusesKeysOfTheOtherKind()
{
    QVERIFY(!RsaKey::fromPem(m_ed25519.toPem()));
    QVERIFY(!Ed25519Key::fromPem(m_rsa.toPem()));
}

QTEST_GUILESS_MAIN(TestSigningKeys)
#include "test_signing_keys.moc"
