// The pure exchanges: PLAIN, LOGIN and SCRAM, octets in and octets out, and the credential they are held against.
#include "platform/crypto/hash.h"
#include "policy/auth/credential.h"
#include "policy/auth/login.h"
#include "policy/auth/plain.h"
#include "policy/auth/scram.h"

#include <QTest>

using namespace posthorn;
using namespace Qt::StringLiterals;

namespace {

const auto clientNonce = "rOprNGfwEbeRWgbNEkqO"_ba;
const auto serverNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"_ba;

auth::Credential pencil()
{
    const QByteArray salt = QByteArray::fromBase64("W22ZaJ0SNY7soEsUEjb6gQ==");
    const QByteArray salted = crypto::pbkdf2Sha256("pencil", salt, 4096);
    return {salt, 4096, auth::storedKeyOf("pencil", salt, 4096), crypto::hmacSha256(salted, "Server Key")};
}

// A client of its own, for what has no published vector.
QByteArray proofFor(const QByteArray &authMessage)
{
    const QByteArray salted = crypto::pbkdf2Sha256("pencil", pencil().salt, 4096);
    QByteArray proof = crypto::hmacSha256(salted, "Client Key");
    const QByteArray signature = crypto::hmacSha256(crypto::sha256(proof), authMessage);
    for (qsizetype i = 0; i < proof.size(); ++i)
        proof[i] = char(proof.at(i) ^ signature.at(i));
    return proof.toBase64();
}

QByteArray finalFor(const QByteArray &bare, const QByteArray &serverFirst, const QByteArray &bound)
{
    const QByteArray nonce = serverFirst.mid(2, serverFirst.indexOf(',') - 2);
    const QByteArray without = "c=" + bound.toBase64() + ",r=" + nonce;
    return without + ",p=" + proofFor(bare + ',' + serverFirst + ',' + without);
}

auth::ScramExchange plainScram()
{
    return {false, {}, serverNonce};
}

} // namespace

class TestMechanisms : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void plainSplitsItsThreeFields();
    void plainRefusesAllElse_data();
    void plainRefusesAllElse();
    void loginAsksForNameThenPassword();
    void loginTakesTheNameAsInitialResponse();
    void loginRefusesNothingAndNul();
    void scramSpeaksAsRfc7677();
    void scramUnescapesNames_data();
    void scramUnescapesNames();
    void scramRefusesFirstMessages_data();
    void scramRefusesFirstMessages();
    void scramLetsOptionalExtensionsPass();
    void scramRefusesFinalMessages_data();
    void scramRefusesFinalMessages();
    void scramBindsToTheChannel();
    void scramBindsToTheSession();
    void scramRefusesAnotherChannel();
    void scramDetectsTheDowngrade();
    void scramPlusNeedsABinding();
    void credentialsGoToTextAndBack();
    void credentialTextIsStrict_data();
    void credentialTextIsStrict();
    void credentialsArePrepared();
    void pretendedCredentialsStayTheSame();
};

void TestMechanisms::plainSplitsItsThreeFields()
{
    const auto claim = std::get<auth::PasswordClaim>(auth::PlainExchange().next("\0tim\0tanstaaf tanstaaf"_ba));
    QCOMPARE(claim.user, "tim"_ba);
    QCOMPARE(claim.password, "tanstaaf tanstaaf"_ba);
    const auto same = std::get<auth::PasswordClaim>(auth::PlainExchange().next("tim\0tim\0x"_ba));
    QCOMPARE(same.user, "tim"_ba);
    QVERIFY(std::get<auth::Challenge>(auth::PlainExchange().next(std::nullopt)).bytes.isEmpty());
}

void TestMechanisms::plainRefusesAllElse_data()
{
    QTest::addColumn<QByteArray>("response");
    QTest::newRow("empty") << ""_ba;
    QTest::newRow("no NUL") << "tim"_ba;
    QTest::newRow("one NUL") << "\0tim"_ba;
    QTest::newRow("three NULs") << "\0tim\0a\0b"_ba;
    QTest::newRow("no user") << "\0\0x"_ba;
    QTest::newRow("no password") << "\0tim\0"_ba;
    QTest::newRow("for somebody else") << "root\0tim\0x"_ba;
    QTest::newRow("for another case") << "Tim\0tim\0x"_ba;
    QTest::newRow("long name") << QByteArray("\0"_ba + QByteArray(513, 'a') + "\0x"_ba);
    QTest::newRow("long password") << QByteArray("\0a\0"_ba + QByteArray(1025, 'a'));
}

void TestMechanisms::plainRefusesAllElse()
{
    QFETCH(const QByteArray, response);
    QVERIFY(std::holds_alternative<auth::Malformed>(auth::PlainExchange().next(response)));
}

void TestMechanisms::loginAsksForNameThenPassword()
{
    auth::LoginExchange login;
    QCOMPARE(std::get<auth::Challenge>(login.next(std::nullopt)).bytes, "Username:"_ba);
    QCOMPARE(std::get<auth::Challenge>(login.next("tim"_ba)).bytes, "Password:"_ba);
    const auto claim = std::get<auth::PasswordClaim>(login.next("secret"_ba));
    QCOMPARE(claim.user, "tim"_ba);
    QCOMPARE(claim.password, "secret"_ba);
}

void TestMechanisms::loginTakesTheNameAsInitialResponse()
{
    auth::LoginExchange login;
    QCOMPARE(std::get<auth::Challenge>(login.next("tim"_ba)).bytes, "Password:"_ba);
    QCOMPARE(std::get<auth::PasswordClaim>(login.next("secret"_ba)).user, "tim"_ba);
}

void TestMechanisms::loginRefusesNothingAndNul()
{
    QVERIFY(std::holds_alternative<auth::Malformed>(auth::LoginExchange().next(""_ba)));
    QVERIFY(std::holds_alternative<auth::Malformed>(auth::LoginExchange().next("a\0b"_ba)));
    auth::LoginExchange login;
    (void)login.next("tim"_ba);
    QVERIFY(std::holds_alternative<auth::Malformed>(login.next(""_ba)));
}

void TestMechanisms::scramSpeaksAsRfc7677()
{
    auth::ScramExchange scram = plainScram();
    QCOMPARE(scram.first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), Result<QString>(u"user"_s));
    QCOMPARE(scram.challenge(pencil()),
             "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"_ba);
    const auto last = scram.final("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                  "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    QCOMPARE(last, Result<QByteArray>("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="_ba));
}

void TestMechanisms::scramUnescapesNames_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QString>("user");
    QTest::newRow("plain") << "tim"_ba << u"tim"_s;
    QTest::newRow("address") << "tim@example.test"_ba << u"tim@example.test"_s;
    QTest::newRow("comma and equals") << "a=2Cb=3Dc"_ba << u"a,b=c"_s;
    QTest::newRow("once only") << "=3D2C"_ba << u"=2C"_s;
    QTest::newRow("UTF-8") << "\xC3\xBC"_ba << u"\u00FC"_s;
}

void TestMechanisms::scramUnescapesNames()
{
    QFETCH(const QByteArray, name);
    QFETCH(const QString, user);
    QCOMPARE(plainScram().first("n,,n=" + name + ",r=abc"), Result<QString>(user));
    QCOMPARE(plainScram().first("n,a=" + name + ",n=" + name + ",r=abc"), Result<QString>(user));
}

void TestMechanisms::scramRefusesFirstMessages_data()
{
    QTest::addColumn<QByteArray>("message");
    for (const QByteArray &message :
         {""_ba, ","_ba, ",,"_ba, "n,,"_ba, "n"_ba, "n,"_ba, "n,n=user,r=abc"_ba, "x,,n=user,r=abc"_ba,
          "n,,n=,r=abc"_ba, "n,,n=user"_ba, "n,,n=user,"_ba, "n,,n=user,r="_ba, "n,,r=abc,n=user"_ba,
          "n,,n=user,r=abc,"_ba, "n,,m=x,n=user,r=abc"_ba, "n,,n=user,r=abc,m=x"_ba, "n,,n=user,r=abc,x"_ba,
          "n,,n=user,r=abc,x="_ba, "n,,n=user,r=abc,1=x"_ba, "n,,n=user,r=a c"_ba, "n,,n=user,r=a\x7f"_ba,
          "n,,n=user,r=\xC3\xBC"_ba, "n,,n=us=er,r=abc"_ba, "n,,n=user=2,r=abc"_ba, "n,,n=user=2c,r=abc"_ba,
          "n,,n=user=,r=abc"_ba, "n,,n=\xFF,r=abc"_ba, "n,,n=a\0b,r=abc"_ba, "n,a=root,n=user,r=abc"_ba,
          "n,root,n=user,r=abc"_ba, "n,a=,n=user,r=abc"_ba, "p=tls-server-end-point,,n=user,r=abc"_ba,
          "p=tls-unique,,n=user,r=abc"_ba, " n,,n=user,r=abc"_ba,
          QByteArray("n,,n=" + QByteArray(600, 'a') + ",r=abc"), QByteArray("n,,n=user,r=" + QByteArray(600, 'a')),
          QByteArray("n,,n=user,r=abc,x=" + QByteArray(10'000, 'a'))})
        QTest::newRow(message.first(qMin<qsizetype>(message.size(), 60)).toPercentEncoding().constData()) << message;
}

void TestMechanisms::scramRefusesFirstMessages()
{
    QFETCH(const QByteArray, message);
    QVERIFY(!plainScram().first(message));
}

void TestMechanisms::scramLetsOptionalExtensionsPass()
{
    auth::ScramExchange scram = plainScram();
    QVERIFY(scram.first("y,,n=user,r=abc,x=1,Y=two"));
    const QByteArray challenge = scram.challenge(pencil());
    const QByteArray without = "c=" + "y,,"_ba.toBase64() + ",r=abc" + serverNonce + ",z=9";
    const QByteArray proof = proofFor("n=user,r=abc,x=1,Y=two," + challenge + ',' + without);
    QVERIFY(scram.final(without + ",p=" + proof));
}

void TestMechanisms::scramRefusesFinalMessages_data()
{
    QTest::addColumn<QByteArray>("change"); // "what|by"
    const QByteArray proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    QTest::newRow("nothing") << QByteArray("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=" + proof + '|');
    QTest::newRow("our nonce only") << "r=rOprNGfwEbeRWgbNEkqO|r="_ba;
    QTest::newRow("his nonce only") << "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0|"_ba;
    QTest::newRow("longer nonce") << "$k0|$k0x"_ba;
    QTest::newRow("another header") << "biws|eSws"_ba;
    QTest::newRow("header with a binding") << QByteArray("biws|" + "n,,x"_ba.toBase64());
    QTest::newRow("loose base64") << "c=biws|c=biws="_ba;
    QTest::newRow("no binding") << "c=biws,|"_ba;
    QTest::newRow("order") << "c=biws,r=|r=biws,c="_ba;
    QTest::newRow("mandatory extension") << ",p=|,m=x,p="_ba;
    QTest::newRow("after the proof") << QByteArray(proof + '|' + proof + ",x=y");
    QTest::newRow("no proof") << QByteArray(",p=" + proof + '|');
    QTest::newRow("empty proof") << QByteArray(proof + '|');
    QTest::newRow("short proof") << QByteArray(proof + "|dHzb");
    QTest::newRow("long proof") << QByteArray(proof + "|dHzbdHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    QTest::newRow("wrong proof") << "dHzb|eHzb"_ba;
    QTest::newRow("proof without padding") << "dVQ=|dVQ"_ba;
}

void TestMechanisms::scramRefusesFinalMessages()
{
    QFETCH(const QByteArray, change);
    auth::ScramExchange scram = plainScram();
    QVERIFY(scram.first("n,,n=user,r=" + clientNonce));
    (void)scram.challenge(pencil());
    QByteArray message = "c=biws,r=" + clientNonce + serverNonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const qsizetype bar = change.indexOf('|');
    QVERIFY(message.contains(change.first(bar)));
    message.replace(change.first(bar), change.sliced(bar + 1));
    QVERIFY(!scram.final(message));
}

void TestMechanisms::scramBindsToTheChannel()
{
    const QByteArray binding(32, '\x5A');
    auth::ScramExchange scram(true, {binding, {}}, serverNonce);
    QVERIFY(scram.first("p=tls-server-end-point,,n=user,r=abc"));
    const QByteArray challenge = scram.challenge(pencil());
    QVERIFY(scram.final(finalFor("n=user,r=abc", challenge, "p=tls-server-end-point,," + binding)));
}

void TestMechanisms::scramBindsToTheSession()
{
    const QByteArray exporter(32, '\x33');
    auth::ScramExchange scram(true, {QByteArray(32, '\x5A'), exporter}, serverNonce);
    QVERIFY(scram.first("p=tls-exporter,,n=user,r=abc"));
    const QByteArray challenge = scram.challenge(pencil());
    QVERIFY(!scram.final(finalFor("n=user,r=abc", challenge, "p=tls-exporter,," + QByteArray(32, '\x5A'))));
    QVERIFY(scram.final(finalFor("n=user,r=abc", challenge, "p=tls-exporter,," + exporter)));
    QVERIFY(!auth::ScramExchange(false, {{}, exporter}, serverNonce).first("y,,n=user,r=abc"));
}

void TestMechanisms::scramRefusesAnotherChannel()
{
    auth::ScramExchange scram(true, {QByteArray(32, '\x5A'), {}}, serverNonce);
    QVERIFY(scram.first("p=tls-server-end-point,,n=user,r=abc"));
    const QByteArray challenge = scram.challenge(pencil());
    QVERIFY(!scram.final(finalFor("n=user,r=abc", challenge, "p=tls-server-end-point,," + QByteArray(32, '\x5B'))));
    QVERIFY(!scram.final(finalFor("n=user,r=abc", challenge, "p=tls-server-end-point,,")));
    QVERIFY(!scram.final(finalFor("n=user,r=abc", challenge, "n,,")));
}

void TestMechanisms::scramDetectsTheDowngrade()
{
    // The client could bind and was told that we can't, over a channel on which we can.
    QVERIFY(!auth::ScramExchange(false, {QByteArray(32, 'x'), {}}, serverNonce).first("y,,n=user,r=abc"));
    QVERIFY(auth::ScramExchange(false, {QByteArray(32, 'x'), {}}, serverNonce).first("n,,n=user,r=abc"));
    QVERIFY(auth::ScramExchange(false, {}, serverNonce).first("y,,n=user,r=abc"));
}

void TestMechanisms::scramPlusNeedsABinding()
{
    QVERIFY(!auth::ScramExchange(true, {}, serverNonce).first("p=tls-server-end-point,,n=user,r=abc"));
    const QByteArray binding(32, 'x');
    for (const QByteArray &flag : {"n"_ba, "y"_ba, "p=tls-unique"_ba, "p=tls-exporter"_ba, "p="_ba, "p"_ba})
        QVERIFY2(!auth::ScramExchange(true, {binding, {}}, serverNonce).first(flag + ",,n=user,r=abc"), flag.constData());
}

void TestMechanisms::credentialsGoToTextAndBack()
{
    const auto made = auth::makeCredential(u"secret", 4096);
    QVERIFY(made);
    QCOMPARE(made->storedKey.size(), 32);
    const QByteArray text = auth::toText(*made);
    QVERIFY(text.startsWith("SCRAM-SHA-256$4096:"));
    QCOMPARE(auth::fromText(text), Result<auth::Credential>(*made));
    QCOMPARE(auth::storedKeyOf("secret", made->salt, 4096), made->storedKey);
    QVERIFY(auth::makeCredential(u"secret", 4096)->salt != made->salt);
    QVERIFY(!auth::makeCredential(u"secret", 0));
}

void TestMechanisms::credentialTextIsStrict_data()
{
    QTest::addColumn<QByteArray>("text");
    const QByteArray good = auth::toText(pencil());
    QTest::newRow("empty") << ""_ba;
    QTest::newRow("scheme only") << "SCRAM-SHA-256$"_ba;
    QTest::newRow("another scheme") << QByteArray(good).replace("256", "1");
    QTest::newRow("no iterations") << QByteArray(good).replace("4096", "");
    QTest::newRow("negative") << QByteArray(good).replace("4096", "-4096");
    QTest::newRow("too many") << QByteArray(good).replace("4096", "99999999");
    QTest::newRow("no salt") << QByteArray(good).replace("W22ZaJ0SNY7soEsUEjb6gQ==", "");
    QTest::newRow("bad salt") << QByteArray(good).replace("W22Z", "W2*Z");
    QTest::newRow("cut") << good.chopped(1);
    QTest::newRow("short key") << good.chopped(4);
    QTest::newRow("more") << QByteArray(good + "AAAA");
    QTest::newRow("line end") << QByteArray(good + '\n');
    QTest::newRow("no second part") << good.first(good.lastIndexOf('$'));
}

void TestMechanisms::credentialTextIsStrict()
{
    QFETCH(const QByteArray, text);
    QVERIFY(auth::fromText(auth::toText(pencil())));
    QCOMPARE(auth::fromText(text).error().kind, ErrorKind::Invalid);
}

void TestMechanisms::credentialsArePrepared()
{
    const auto made = auth::makeCredential(u"I\u00ADX \u2168", 1);
    QVERIFY(made);
    QCOMPARE(auth::storedKeyOf("IX IX", made->salt, 1), made->storedKey);
    QCOMPARE(auth::makeCredential(u"", 1).error().kind, ErrorKind::Invalid);
    QCOMPARE(auth::makeCredential(u"\u00AD", 1).error().kind, ErrorKind::Invalid);
    QCOMPARE(auth::makeCredential(u"a\tb", 1).error().kind, ErrorKind::Invalid);
}

void TestMechanisms::pretendedCredentialsStayTheSame()
{
    const auto one = auth::pretendedCredential("secret", u"Nobody@example.test"_s, 4096);
    QCOMPARE(auth::pretendedCredential("secret", u"nobody@EXAMPLE.test"_s, 4096), one);
    QCOMPARE(one.salt.size(), auth::makeCredential(u"x", 1)->salt.size());
    QVERIFY(auth::pretendedCredential("secret", u"nobody2@example.test"_s, 4096).salt != one.salt);
    QVERIFY(auth::pretendedCredential("other", u"nobody@example.test"_s, 4096).salt != one.salt);
}

QTEST_GUILESS_MAIN(TestMechanisms)
#include "test_mechanisms.moc"
