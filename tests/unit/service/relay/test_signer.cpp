// What leaves is signed with the keys of its author's domain: big and small, once, and with the keys in force.
#include "platform/store/accounts.h"
#include "platform/store/dkim_keys.h"
#include "platform/store/messages.h"
#include "platform/store/transaction.h"
#include "service/relay/signer.h"

#include <QSemaphore>
#include <QTemporaryDir>
#include <QTest>

using namespace posthorn;
using namespace posthorn::relay;
using namespace Qt::StringLiterals;

class TestSigner : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void signsWithAllActiveKeys();
    void readsBigMessagesInPieces();
    void signsAMessageOnce();
    void followsTheKeys();
    void signsForNobodyElse_data();
    void signsForNobodyElse();
    void tellsWhenTheMessageIsGone();

private:
    template<typename Work>
    auto write(Work work)
    {
        using T = typename std::invoke_result_t<Work, store::Transaction &>::value_type;
        auto result = m_store->writeNow<T>([&](store::Transaction &transaction) { return work(transaction); });
        if (!result)
            qFatal("%s", qPrintable(result.error().text));
        return *result;
    }
    store::DkimKey makeKey(trust::DkimAlgorithm algorithm, const QString &selector);
    bool activate(const store::DkimKey &key);
    MessageId makeMessage(const QByteArray &from, const QByteArray &body);
    // Octets at hand when signing begins: `first` at most.
    Result<QByteArray> sign(MessageId message, qint64 first = 1'000'000);
    static QByteArray bodyHashOf(const QByteArray &fields)
    {
        const qsizetype at = fields.indexOf("bh=") + 3;
        return fields.mid(at, fields.indexOf(';', at) - at);
    }

    QTemporaryDir m_folder;
    std::unique_ptr<store::Store> m_store;
    std::shared_ptr<Signer> m_signer;
};

void TestSigner::init()
{
    m_signer.reset();
    m_store.reset();
    m_folder = QTemporaryDir();
    // Nothing holds the messages here: a store that tidied up between two calls would remove them.
    m_store = std::move(*store::Store::open({.directory = m_folder.path(), .idleAfter = std::chrono::hours(1)}));
    write([](store::Transaction &t) { return store::Accounts::addDomain(t, {.name = u"example.test"_s}); });
    m_signer = std::make_shared<Signer>(*m_store, "mx.example.test");
}

store::DkimKey TestSigner::makeKey(trust::DkimAlgorithm algorithm, const QString &selector)
{
    const auto key = trust::DkimKey::generate(algorithm);
    store::DkimKey row{.domain = u"example.test"_s, .selector = selector, .algorithm = nameOf(algorithm),
                       .privateKey = key->toPem()};
    row.id = write([&](store::Transaction &t) { return store::DkimKeys::add(t, row); });
    return row;
}

bool TestSigner::activate(const store::DkimKey &key)
{
    const bool done = write([&](store::Transaction &t) -> Result<bool> {
        return store::DkimKeys::activate(t, key, 1).transform([] { return true; });
    });
    m_signer->load();
    return done;
}

MessageId TestSigner::makeMessage(const QByteArray &from, const QByteArray &body)
{
    const QByteArray header = "From: " + from + "\r\nSubject: x\r\n\r\n";
    return write([&](store::Transaction &t) {
        return store::Messages::add(t, {.header = header, .size = header.size() + body.size()}, body);
    });
}

Result<QByteArray> TestSigner::sign(MessageId message, qint64 first)
{
    Signer::Mail mail{message};
    mail.first = m_store->readNow<QByteArray>([&](store::Connection &c) { return store::Messages::read(c, message, 0, first); })
                     .value_or(QByteArray());
    mail.size = m_store->readNow<qint64>([&](store::Connection &c) -> Result<qint64> {
        return store::Messages::digest(c, message, {}).transform([](const store::Digest &digest) { return digest.size; });
    }).value_or(1'000);
    QSemaphore done;
    Result<QByteArray> fields;
    m_signer->sign(mail, [&](Result<QByteArray> result) {
        fields = std::move(result);
        done.release();
    });
    done.acquire();
    return fields;
}

void TestSigner::signsWithAllActiveKeys()
{
    const MessageId message = makeMessage("a@example.test", "hello\r\n");
    const auto rsa = makeKey(trust::DkimAlgorithm::Rsa, u"r"_s), ed25519 = makeKey(trust::DkimAlgorithm::Ed25519, u"e"_s);
    m_signer->load();
    QCOMPARE(*sign(message), QByteArray()); // pending ones do not
    activate(rsa);
    activate(ed25519);
    const auto fields = sign(message);
    QVERIFY2(fields, fields ? "" : qPrintable(fields.error().text));
    QCOMPARE(fields->count("DKIM-Signature:"), 2);
    QVERIFY(fields->contains("a=rsa-sha256;") && fields->contains("s=r;"));
    QVERIFY(fields->contains("a=ed25519-sha256;") && fields->contains("s=e;"));
    QVERIFY(fields->endsWith("\r\n"));
}

void TestSigner::readsBigMessagesInPieces()
{
    activate(makeKey(trust::DkimAlgorithm::Ed25519, u"e"_s));
    const QByteArray line = QByteArray(70, 'x') + "  y \r\n";
    const MessageId message = makeMessage("a@example.test", line.repeated(40'000)); // 3 MB
    const QByteArray canonical = (QByteArray(70, 'x') + " y\r\n").repeated(40'000);
    const auto fields = sign(message, 10); // not even the header is at hand
    QVERIFY(fields);
    QCOMPARE(bodyHashOf(*fields), QCryptographicHash::hash(canonical, QCryptographicHash::Sha256).toBase64());
}

void TestSigner::signsAMessageOnce()
{
    activate(makeKey(trust::DkimAlgorithm::Ed25519, u"e"_s));
    const MessageId message = makeMessage("a@example.test", "hello\r\n");
    const auto once = sign(message), again = sign(message, 5);
    QVERIFY(once && again);
    QVERIFY(!once->isEmpty());
    QCOMPARE(*once, *again);
}

void TestSigner::followsTheKeys()
{
    const MessageId message = makeMessage("a@example.test", "hello\r\n");
    activate(makeKey(trust::DkimAlgorithm::Ed25519, u"old"_s));
    QVERIFY(sign(message)->contains("s=old;"));
    activate(makeKey(trust::DkimAlgorithm::Ed25519, u"new"_s));
    const auto fields = sign(message);
    QVERIFY(fields->contains("s=new;") && !fields->contains("s=old;"));
}

void TestSigner::signsForNobodyElse_data()
{
    QTest::addColumn<QByteArray>("from");
    QTest::addColumn<bool>("isSigned");
    QTest::newRow("ours") << QByteArray("Anna <a@EXAMPLE.test>") << true;
    QTest::newRow("our own name") << QByteArray("<MAILER-DAEMON@mx.example.test>") << true;
    QTest::newRow("within ours") << QByteArray("a@sub.example.test") << false;
    QTest::newRow("above ours") << QByteArray("a@test") << false;
    QTest::newRow("alike") << QByteArray("a@notexample.test") << false;
    QTest::newRow("foreign") << QByteArray("a@other.example") << false;
    QTest::newRow("none") << QByteArray("nobody") << false;
}

void TestSigner::signsForNobodyElse()
{
    QFETCH(QByteArray, from);
    QFETCH(bool, isSigned);
    activate(makeKey(trust::DkimAlgorithm::Ed25519, u"e"_s));
    const auto fields = sign(makeMessage(from, "hello\r\n"));
    QVERIFY(fields);
    QCOMPARE(fields->contains("d=example.test;"), isSigned);
    QCOMPARE(fields->isEmpty(), !isSigned);
}

void TestSigner::tellsWhenTheMessageIsGone()
{
    activate(makeKey(trust::DkimAlgorithm::Ed25519, u"e"_s));
    QVERIFY(!sign({99}));
}

QTEST_GUILESS_MAIN(TestSigner)
#include "test_signer.moc"
