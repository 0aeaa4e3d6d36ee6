#include "policy/auth/authenticator.h"

#include "manual_timekeeper.h"
#include "platform/crypto/hash.h"
#include "support/work_timer.h"

#include <QTest>

#include <atomic>
#include <thread>

using namespace posthorn;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

using auth::Step;
using Outcome = auth::Step::Outcome;

namespace {

const auth::Origin home{"192.0.2.1", {}};
const auth::Origin secure{"192.0.2.1", {"TLSv1.3", "TLS_AES_256_GCM_SHA384", {}, QByteArray(32, 'h')}};

// One account, tim@example.test, who says "tim" or all of it, with the password "pass word".
struct World
{
    auth::Credential credential = *auth::makeCredential(u"pass word", 4096);
    std::shared_ptr<ManualTimekeeper> time = std::make_shared<ManualTimekeeper>();
    std::atomic<bool> broken = false;
    std::atomic<int> lookups = 0;
    Steps steps;
    auth::Authenticator authenticator;

    explicit World(auth::Authenticator::Options options = {.iterations = 4096})
        : authenticator([this](const QString &user, const auto &found) { find(user, found); }, options, time)
    {
    }
    void find(const QString &user, const std::function<void(Result<auth::Account>)> &found)
    {
        ++lookups;
        if (broken)
            found(fail(ErrorKind::Unavailable, u"Not now"_s));
        else if (user.compare("tim"_L1, Qt::CaseInsensitive) == 0
                 || user.compare("tim@example.test"_L1, Qt::CaseInsensitive) == 0)
            found(auth::Account{AccountId{5}, u"tim@example.test"_s, credential});
        else
            found(fail(ErrorKind::NotFound, u"No such account"_s));
    }
    // The outcome, time moved on to it if it is delayed.
    Step verify(const QByteArray &user, const QByteArray &password, const auth::Origin &origin = home)
    {
        authenticator.verify(user, password, origin, steps.done());
        return settle();
    }
    Step settle(qint64 *delay = nullptr)
    {
        // A right password arrives by itself; a wrong one waits for time to move.
        while (steps.isEmpty() && time->waiting() == 0)
            std::this_thread::yield();
        if (steps.isEmpty()) {
            const qint64 next = time->nextDelay();
            if (delay)
                *delay = next;
            time->advance(next);
        }
        return steps.take();
    }
    qint64 delayOfFailure(const QByteArray &user, const QByteArray &password, const auth::Origin &origin = home)
    {
        authenticator.verify(user, password, origin, steps.done());
        qint64 delay = 0;
        return settle(&delay).outcome == Outcome::Failure ? delay : -1;
    }
};

QByteArray xored(QByteArray left, const QByteArray &right)
{
    for (qsizetype i = 0; i < left.size(); ++i)
        left[i] = char(left.at(i) ^ right.at(i));
    return left;
}

// client-final-message for `serverFirst`, as a client with that password makes it.
QByteArray scramFinal(const QByteArray &header, const QByteArray &bare, const QByteArray &serverFirst,
                      const QByteArray &binding = {}, const QByteArray &password = "pass word")
{
    const QList<QByteArray> parts = serverFirst.split(',');
    const QByteArray salted = crypto::pbkdf2Sha256(password, QByteArray::fromBase64(parts.at(1).mid(2)), parts.at(2).mid(2).toInt());
    const QByteArray clientKey = crypto::hmacSha256(salted, "Client Key");
    const QByteArray without = "c=" + (header + binding).toBase64() + ',' + parts.at(0);
    const QByteArray signature = crypto::hmacSha256(crypto::sha256(clientKey), bare + ',' + serverFirst + ',' + without);
    return without + ",p=" + xored(clientKey, signature).toBase64();
}

} // namespace

class TestAuthenticator : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void signsInWithNameAndPassword();
    void unknownUserAndWrongPasswordAreAlike();
    void plainWithAndWithoutInitialResponse();
    void loginInTwoSteps();
    void scramSignsInAndProvesTheServer();
    void scramPlusBindsToTheChannel();
    void scramRefusesTheDowngrade();
    void scramAnswersForUnknownUsersTheSameEachTime();
    void scramFailsForUnknownUsersAtTheEnd();
    void scramFailsForAWrongPassword();
    void unknownMechanismFails();
    void stepsAfterTheEndFail();
    void brokenStoreIsUnavailableAndCostsNothing();
    void preparesPasswords();
    void rightPasswordIsAnsweredAtOnceUnderAttack();
    void refusesAnAddressThatGuessedEnough();
    void refusesScramOfAnAddressThatGuessedEnough();
    void sameWrongPasswordCountsOnce();
    void caseOfANameIsNoNewAccount();
    void tooLongPasswordsFail();
    void droppedExchangeIsNotAnswered();
    void droppedExchangeIsCounted();
    void lookupMayAnswerLaterOnAnotherThread();
    void lookupMayAnswerAfterTheEnd();
    void stopSilences();
    void timekeeperCallsInOrderAndEarlyWhenFull();
    void optionsTakeEffect();
    void manyThreadsAtOnce();
    void repeatedVerifyIsCheap();
};

void TestAuthenticator::signsInWithNameAndPassword()
{
    World world;
    const Step step = world.verify("tim", "pass word");
    QCOMPARE(step.outcome, Outcome::Success);
    QCOMPARE(step.account, AccountId{5});
    QCOMPARE(step.user, u"tim@example.test"_s);
    QVERIFY(step.bytes.isEmpty());
    QCOMPARE(world.verify("TIM@example.test", "pass word").outcome, Outcome::Success);
}

void TestAuthenticator::unknownUserAndWrongPasswordAreAlike()
{
    World world;
    const Step wrong = world.verify("tim", "guess");
    const Step unknown = world.verify("tom", "guess");
    for (const Step &step : {wrong, unknown}) {
        QCOMPARE(step.outcome, Outcome::Failure);
        QVERIFY(step.bytes.isEmpty());
        QVERIFY(!step.account);
    }
    QCOMPARE(unknown.user, u"tom"_s);
    World other;
    QCOMPARE(other.delayOfFailure("tim", "guess"), World().delayOfFailure("tom", "guess"));
}

void TestAuthenticator::plainWithAndWithoutInitialResponse()
{
    World world;
    const auto one = world.authenticator.begin("PLAIN", "\0tim\0pass word"_ba, home, world.steps.done());
    Step step = world.settle();
    QCOMPARE(step.outcome, Outcome::Success);
    QCOMPARE(step.mechanism, "PLAIN"_ba);

    const auto other = world.authenticator.begin("PLAIN", std::nullopt, home, world.steps.done());
    step = world.settle();
    QCOMPARE(step.outcome, Outcome::Challenge);
    QVERIFY(step.bytes.isEmpty());
    world.authenticator.proceed(other, "\0tim\0pass word"_ba, world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Success);

    const auto bad = world.authenticator.begin("PLAIN", "tim"_ba, home, world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Failure);
}

void TestAuthenticator::loginInTwoSteps()
{
    World world;
    const auto exchange = world.authenticator.begin("LOGIN", std::nullopt, home, world.steps.done());
    QCOMPARE(world.settle().bytes, "Username:"_ba);
    world.authenticator.proceed(exchange, "tim", world.steps.done());
    QCOMPARE(world.settle().bytes, "Password:"_ba);
    world.authenticator.proceed(exchange, "pass word", world.steps.done());
    const Step step = world.settle();
    QCOMPARE(step.outcome, Outcome::Success);
    QCOMPARE(step.mechanism, "LOGIN"_ba);
}

void TestAuthenticator::scramSignsInAndProvesTheServer()
{
    World world;
    const auto exchange = world.authenticator.begin("SCRAM-SHA-256", "n,,n=tim,r=abc"_ba, home, world.steps.done());
    const Step first = world.settle();
    QCOMPARE(first.outcome, Outcome::Challenge);
    QVERIFY(first.bytes.startsWith("r=abc"));
    QVERIFY(first.bytes.indexOf(',') > 20);
    const QByteArray final = scramFinal("n,,", "n=tim,r=abc", first.bytes);
    world.authenticator.proceed(exchange, final, world.steps.done());
    const Step last = world.settle();
    QCOMPARE(last.outcome, Outcome::Success);
    QCOMPARE(last.user, u"tim@example.test"_s);
    QCOMPARE(last.account, AccountId{5});
    const QByteArray authMessage = "n=tim,r=abc," + first.bytes + ',' + final.first(final.lastIndexOf(",p="));
    QCOMPARE(last.bytes, "v=" + crypto::hmacSha256(world.credential.serverKey, authMessage).toBase64());
}

void TestAuthenticator::scramPlusBindsToTheChannel()
{
    World world;
    const QByteArray header = "p=tls-server-end-point,,";
    const auto exchange = world.authenticator.begin("SCRAM-SHA-256-PLUS", header + "n=tim,r=abc", secure, world.steps.done());
    const Step first = world.settle();
    QCOMPARE(first.outcome, Outcome::Challenge);
    world.authenticator.proceed(exchange, scramFinal(header, "n=tim,r=abc", first.bytes, QByteArray(32, 'h')),
                                world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Success);

    // Somebody between has a certificate of his own.
    const auto other = world.authenticator.begin("SCRAM-SHA-256-PLUS", header + "n=tim,r=abc", secure, world.steps.done());
    world.authenticator.proceed(other, scramFinal(header, "n=tim,r=abc", world.settle().bytes, QByteArray(32, 'x')),
                                world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Failure);

    const auto open = world.authenticator.begin("SCRAM-SHA-256-PLUS", header + "n=tim,r=abc", home, world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Failure);
}

void TestAuthenticator::scramRefusesTheDowngrade()
{
    World world;
    const auto one = world.authenticator.begin("SCRAM-SHA-256", "y,,n=tim,r=abc"_ba, secure, world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Failure);
    const auto two = world.authenticator.begin("SCRAM-SHA-256", "y,,n=tim,r=abc"_ba, home, world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Challenge);
}

void TestAuthenticator::scramAnswersForUnknownUsersTheSameEachTime()
{
    World world;
    QList<QByteArray> salts;
    for (const QByteArray &user : {"tom"_ba, "tom"_ba, "TOM"_ba, "bob"_ba}) {
        const auto exchange = world.authenticator.begin("SCRAM-SHA-256", "n,,n=" + user + ",r=abc", home, world.steps.done());
        const Step step = world.settle();
        QCOMPARE(step.outcome, Outcome::Challenge);
        QCOMPARE(step.bytes.split(',').at(2), "i=4096"_ba);
        salts += step.bytes.split(',').at(1);
    }
    QCOMPARE(salts.at(1), salts.at(0));
    QCOMPARE(salts.at(2), salts.at(0));
    QVERIFY(salts.at(3) != salts.at(0));
    QCOMPARE(QByteArray::fromBase64(salts.at(0).mid(2)).size(), world.credential.salt.size());
}

void TestAuthenticator::scramFailsForUnknownUsersAtTheEnd()
{
    World world;
    const auto exchange = world.authenticator.begin("SCRAM-SHA-256", "n,,n=tom,r=abc"_ba, home, world.steps.done());
    const Step first = world.settle();
    world.authenticator.proceed(exchange, scramFinal("n,,", "n=tom,r=abc", first.bytes), world.steps.done());
    const Step last = world.settle();
    QCOMPARE(last.outcome, Outcome::Failure);
    QCOMPARE(last.user, u"tom"_s);
    QVERIFY(last.bytes.isEmpty());
}

void TestAuthenticator::scramFailsForAWrongPassword()
{
    World world;
    const auto exchange = world.authenticator.begin("SCRAM-SHA-256", "n,,n=tim,r=abc"_ba, home, world.steps.done());
    const Step first = world.settle();
    world.authenticator.proceed(exchange, scramFinal("n,,", "n=tim,r=abc", first.bytes, {}, "guess"), world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Failure);
}

void TestAuthenticator::unknownMechanismFails()
{
    World world;
    const auto one = world.authenticator.begin("CRAM-MD5", std::nullopt, home, world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Failure);
    world.authenticator.proceed({}, "x", world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Failure);
}

void TestAuthenticator::stepsAfterTheEndFail()
{
    World world;
    const auto exchange = world.authenticator.begin("PLAIN", "\0tim\0pass word"_ba, home, world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Success);
    world.authenticator.proceed(exchange, "\0tim\0pass word"_ba, world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Failure);
}

void TestAuthenticator::brokenStoreIsUnavailableAndCostsNothing()
{
    World world;
    world.broken = true;
    for (int i = 0; i < 100; ++i)
        QCOMPARE(world.verify("tim", "pass word").outcome, Outcome::Unavailable);
    const auto one = world.authenticator.begin("SCRAM-SHA-256", "n,,n=tim,r=abc"_ba, home, world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Unavailable);
    world.broken = false;
    QCOMPARE(world.verify("tim", "pass word").outcome, Outcome::Success);
}

void TestAuthenticator::preparesPasswords()
{
    World world;
    QCOMPARE(world.verify("tim", "pass\xC2\xA0word").outcome, Outcome::Success);
    QCOMPARE(world.verify("tim", "pa\xC2\xADss word").outcome, Outcome::Success);
    QCOMPARE(world.verify("ti\xC2\xADm", "pass word").outcome, Outcome::Success);
    QCOMPARE(world.verify("tim", "pass\tword").outcome, Outcome::Failure);
    QCOMPARE(world.verify("tim", "pass word\xFF").outcome, Outcome::Failure);
    QCOMPARE(world.verify("tim\xFF", "pass word").outcome, Outcome::Failure);
    QCOMPARE(world.verify("", "pass word").outcome, Outcome::Failure);
    QCOMPARE(world.verify("tim", "").outcome, Outcome::Failure);
}

void TestAuthenticator::rightPasswordIsAnsweredAtOnceUnderAttack()
{
    World world;
    qint64 delay = 0;
    for (int i = 0; i < 60; ++i) {
        const auth::Origin origin{"198.51.100." + QByteArray::number(i), {}};
        delay = world.delayOfFailure("tim", "guess " + QByteArray::number(i), origin);
        QVERIFY(delay >= 500 && delay <= 16'000);
    }
    QCOMPARE(delay, 16'000);
    world.authenticator.verify("tim", "pass word", home, world.steps.done());
    QCOMPARE(world.steps.take().outcome, Outcome::Success); // time was not moved
}

void TestAuthenticator::refusesAnAddressThatGuessedEnough()
{
    World world({.iterations = 4096, .maxDelay = 1s, .refuseAfter = 6});
    for (int i = 0; i < 6; ++i)
        QVERIFY(world.delayOfFailure("tim", "guess " + QByteArray::number(i)) > 0);
    const int before = world.lookups;
    QCOMPARE(world.verify("tim", "pass word").outcome, Outcome::Failure);
    QCOMPARE(world.lookups, before);
    QCOMPARE(world.verify("tim", "pass word", {"192.0.2.2", {}}).outcome, Outcome::Success);
    world.time->advance(15 * 60 * 1000);
    QCOMPARE(world.verify("tim", "pass word").outcome, Outcome::Success);
}

void TestAuthenticator::refusesScramOfAnAddressThatGuessedEnough()
{
    World world({.iterations = 4096, .maxDelay = 1s, .refuseAfter = 3});
    // Begun in time, ended too late.
    const auto early = world.authenticator.begin("SCRAM-SHA-256", "n,,n=tim,r=abc"_ba, home, world.steps.done());
    const Step first = world.settle();
    for (int i = 0; i < 3; ++i)
        QVERIFY(world.delayOfFailure("tim", "guess " + QByteArray::number(i)) > 0);
    world.authenticator.proceed(early, scramFinal("n,,", "n=tim,r=abc", first.bytes), world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Failure);
    const auto late = world.authenticator.begin("SCRAM-SHA-256", "n,,n=tim,r=abc"_ba, home, world.steps.done());
    QCOMPARE(world.settle().outcome, Outcome::Failure);
}

void TestAuthenticator::sameWrongPasswordCountsOnce()
{
    World world({.iterations = 4096, .refuseAfter = 6});
    for (int i = 0; i < 20; ++i)
        QCOMPARE(world.delayOfFailure("tim", "old password"), 500);
    QCOMPARE(world.verify("tim", "pass word").outcome, Outcome::Success);
}

void TestAuthenticator::caseOfANameIsNoNewAccount()
{
    World world;
    QList<qint64> delays;
    for (int i = 0; i < 7; ++i) {
        const auth::Origin origin{"198.51.100." + QByteArray::number(i), {}};
        delays += world.delayOfFailure(i % 2 ? "NOBODY" : "nobody", "guess " + QByteArray::number(i), origin);
    }
    QCOMPARE(delays, (QList<qint64>{500, 500, 500, 500, 500, 1000, 2000}));
}

void TestAuthenticator::tooLongPasswordsFail()
{
    World world;
    QCOMPARE(world.verify("tim", QByteArray(1'000'000, 'a')).outcome, Outcome::Failure);
    QCOMPARE(world.verify(QByteArray(1'000'000, 'a'), "pass word").outcome, Outcome::Failure);
    QCOMPARE(world.lookups, 0);
}

void TestAuthenticator::droppedExchangeIsNotAnswered()
{
    World world;
    auto exchange = world.authenticator.begin("PLAIN", "\0tim\0guess"_ba, home, world.steps.done());
    const qint64 delay = world.time->nextDelay();
    exchange.reset();
    world.time->advance(delay);
    QVERIFY(world.steps.isEmpty());
}

void TestAuthenticator::droppedExchangeIsCounted()
{
    World world({.iterations = 4096, .refuseAfter = 3});
    for (int i = 0; i < 3; ++i) {
        auto exchange = world.authenticator.begin("PLAIN", "\0tim\0guess "_ba + QByteArray::number(i), home, world.steps.done());
        exchange.reset();
        world.time->advance(world.time->nextDelay());
    }
    QCOMPARE(world.verify("tim", "pass word").outcome, Outcome::Failure);
}

void TestAuthenticator::lookupMayAnswerLaterOnAnotherThread()
{
    const auto credential = *auth::makeCredential(u"secret", 100);
    std::vector<std::thread> threads;
    Steps steps;
    {
        auth::Authenticator authenticator(
            [&](const QString &, auto found) {
                threads.emplace_back([found, credential] { found(auth::Account{AccountId{1}, u"a@b"_s, credential}); });
            },
            {});
        const auto scram = authenticator.begin("SCRAM-SHA-256", "n,,n=a,r=abc"_ba, home, steps.done());
        QCOMPARE(steps.take().outcome, Outcome::Challenge);
        authenticator.verify("a", "secret", home, steps.done());
        QCOMPARE(steps.take().outcome, Outcome::Success);
        for (auto &thread : threads)
            thread.join();
    }
}

void TestAuthenticator::lookupMayAnswerAfterTheEnd()
{
    std::function<void(Result<auth::Account>)> late;
    Steps steps;
    std::shared_ptr<auth::Exchange> exchange;
    {
        auth::Authenticator authenticator([&](const QString &, auto found) { late = std::move(found); }, {});
        exchange = authenticator.begin("SCRAM-SHA-256", "n,,n=a,r=abc"_ba, home, steps.done());
    }
    late(fail(ErrorKind::NotFound, {}));
    QVERIFY(steps.isEmpty());
}

void TestAuthenticator::stopSilences()
{
    World world;
    world.authenticator.verify("tim", "guess", home, world.steps.done());
    (void)world.time->nextDelay();
    world.authenticator.stop();
    world.authenticator.verify("tim", "guess", home, world.steps.done());
    world.time->advance(60'000);
    QVERIFY(world.steps.isEmpty());
    world.authenticator.stop();
}

void TestAuthenticator::timekeeperCallsInOrderAndEarlyWhenFull()
{
    std::mutex mutex;
    std::condition_variable changed;
    QList<int> calls;
    auth::ThreadTimekeeper time(3);
    const auto note = [&](int which) {
        return [&, which] {
            const std::lock_guard lock(mutex);
            calls += which;
            changed.notify_all();
        };
    };
    time.after(3h, note(3));
    time.after(1h, note(1));
    time.after(2h, note(2));
    time.after(0h, note(0));
    time.after(4h, note(4)); // the fourth that waits: the first of them is made early
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return calls.size() == 2; });
    QCOMPARE(calls, (QList<int>{0, 1}));
    lock.unlock();
    time.stop();
    QCOMPARE(calls.size(), 2);
}

void TestAuthenticator::optionsTakeEffect()
{
    World world;
    world.authenticator.setOptions({.iterations = 5000, .freeFailures = 0, .failureDelay = 10ms});
    const auto exchange = world.authenticator.begin("SCRAM-SHA-256", "n,,n=tom,r=abc"_ba, home, world.steps.done());
    QVERIFY(world.settle().bytes.endsWith(",i=5000"));
    QCOMPARE(world.delayOfFailure("tim", "guess"), 20);
}

void TestAuthenticator::manyThreadsAtOnce()
{
    World world({.iterations = 100, .freeFailures = 1'000'000, .failureDelay = 0ms, .refuseAfter = 1'000'000});
    world.credential = *auth::makeCredential(u"pass word", 100);
    auth::Authenticator authenticator([&](const QString &user, const auto &found) { world.find(user, found); },
                                      {.failureDelay = 1ms, .maxDelay = 1ms, .refuseAfter = 1'000'000});
    std::atomic<int> right = 0, wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            const Steps steps;
            for (int i = 0; i < 25; ++i) {
                authenticator.verify("tim", i % 5 ? "pass word" : "guess", home, steps.done());
                (steps.take().outcome == Outcome::Success ? right : wrong)++;
                const auto exchange = authenticator.begin("SCRAM-SHA-256", "n,,n=tim,r=abc"_ba, home, steps.done());
                authenticator.proceed(exchange, scramFinal("n,,", "n=tim,r=abc", steps.take().bytes), steps.done());
                right += steps.take().outcome == Outcome::Success;
                if (t == 0)
                    authenticator.forget(AccountId{5});
            }
        });
    }
    for (auto &thread : threads)
        thread.join();
    QCOMPARE(right, 180);
    QCOMPARE(wrong, 20);
}

void TestAuthenticator::repeatedVerifyIsCheap()
{
    World world;
    QCOMPARE(world.verify("tim", "pass word").outcome, Outcome::Success);
    constexpr int rounds = 2000;
    int right = 0;
    const test::WorkTimer timer;
    for (int i = 0; i < rounds; ++i)
        world.authenticator.verify("tim", "pass word", home, [&](const Step &step) { right += step.outcome == Outcome::Success; });
    const double each = double(timer.microseconds()) / rounds;
    QCOMPARE(right, rounds); // all within the call: no thread was asked
    qInfo("%.1f microseconds a repeated verify", each);
    // A release build does it in a tenth; sanitizers get room.
    QVERIFY(each < 1000);
}

QTEST_GUILESS_MAIN(TestAuthenticator)
#include "test_authenticator.moc"
