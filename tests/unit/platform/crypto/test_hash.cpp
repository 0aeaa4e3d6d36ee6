#include "platform/crypto/hash.h"

#include <QPasswordDigestor>
#include <QTest>

#include <thread>

using namespace posthorn;
using namespace Qt::StringLiterals;

class TestHash : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void hashesAsPublished();
    void keyedHashesAsRfc4231();
    void hashesNothingAndEmptyKeys();
    void derivesAsRfc7914();
    void derivesAsQtDoes();
    void refusesNonsenseIterations();
    void comparesWholeValues();
    void randomIsDifferentEachTime();
    void worksFromManyThreads();
    void wipesWithoutTouchingCopies();
    void derivesFast();
};

void TestHash::hashesAsPublished()
{
    QCOMPARE(crypto::sha1("abc").toHex(), "a9993e364706816aba3e25717850c26c9cd0d89d"_ba);
    QCOMPARE(crypto::sha256("abc").toHex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"_ba);
    QCOMPARE(crypto::sha512("abc").toHex().first(32), "ddaf35a193617abacc417349ae204131"_ba);
    QCOMPARE(crypto::sha256(QByteArray(1'000'000, 'a')).toHex(),
             "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"_ba);
}

void TestHash::keyedHashesAsRfc4231()
{
    QCOMPARE(crypto::hmacSha256(QByteArray(20, '\x0b'), "Hi There").toHex(),
             "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"_ba);
    QCOMPARE(crypto::hmacSha256("Jefe", "what do ya want for nothing?").toHex(),
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"_ba);
    QCOMPARE(crypto::hmacSha256(QByteArray(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First").toHex(),
             "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"_ba);
}

void TestHash::hashesNothingAndEmptyKeys()
{
    QCOMPARE(crypto::sha256({}).toHex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"_ba);
    QCOMPARE(crypto::hmacSha256({}, {}).toHex(), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"_ba);
    QCOMPARE(crypto::hmacSha256("key", {}).size(), 32);
}

void TestHash::derivesAsRfc7914()
{
    QCOMPARE(crypto::pbkdf2Sha256("passwd", "salt", 1, 64).toHex(),
             "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
             "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"_ba);
    QCOMPARE(crypto::pbkdf2Sha256("Password", "NaCl", 80000, 64).toHex().first(32),
             "4ddcd8f60b98be21830cee5ef22701f9"_ba);
}

void TestHash::derivesAsQtDoes()
{
    const QByteArray salt = crypto::randomBytes(16);
    for (const QByteArray &password : {"pencil"_ba, ""_ba, QByteArray("\0with\0nul", 9), QByteArray(200, 'x')}) {
        QCOMPARE(crypto::pbkdf2Sha256(password, salt, 100),
                 QPasswordDigestor::deriveKeyPbkdf2(QCryptographicHash::Sha256, password, salt, 100, 32));
    }
}

void TestHash::refusesNonsenseIterations()
{
    QVERIFY(crypto::pbkdf2Sha256("p", "s", 0).isEmpty());
    QVERIFY(crypto::pbkdf2Sha256("p", "s", -1).isEmpty());
    QVERIFY(crypto::pbkdf2Sha256("p", "s", 1, 0).isEmpty());
}

void TestHash::comparesWholeValues()
{
    QVERIFY(crypto::constantTimeEquals({}, {}));
    QVERIFY(crypto::constantTimeEquals("same", "same"));
    QVERIFY(!crypto::constantTimeEquals("same", "sama"));
    QVERIFY(!crypto::constantTimeEquals("same", "sam"));
    QVERIFY(!crypto::constantTimeEquals(QByteArrayView("a\0b", 3), QByteArrayView("a\0c", 3)));
}

void TestHash::randomIsDifferentEachTime()
{
    for (qsizetype octets : {0, 1, 7, 8, 9, 33})
        QCOMPARE(crypto::randomBytes(octets).size(), octets);
    QVERIFY(crypto::randomBytes(16) != crypto::randomBytes(16));
    const QByteArray text = crypto::randomText(200);
    QCOMPARE(text.size(), 200);
    for (char c : text)
        QVERIFY(isalnum(quint8(c)) || c == '-' || c == '_');
}

void TestHash::worksFromManyThreads()
{
    const QByteArray expected = crypto::sha256("abc");
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < 500; ++n)
                wrong += crypto::sha256("abc") != expected || crypto::hmacSha256("k", "d").size() != 32;
        });
    }
    for (auto &thread : threads)
        thread.join();
    QCOMPARE(wrong.load(), 0);
}

void TestHash::wipesWithoutTouchingCopies()
{
    QByteArray secret = "pencil"_ba;
    secret.detach();
    const QByteArray copy = secret;
    crypto::wipe(secret);
    QVERIFY(secret.isEmpty());
    QCOMPARE(copy, "pencil"_ba);
}

void TestHash::derivesFast()
{
    QBENCHMARK_ONCE { QCOMPARE(crypto::pbkdf2Sha256("pencil", "saltsaltsaltsalt", 100'000).size(), 32); }
}

QTEST_GUILESS_MAIN(TestHash)
#include "test_hash.moc"
