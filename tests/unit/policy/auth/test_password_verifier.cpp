#include "policy/auth/password_verifier.h"

#include "manual_timekeeper.h"

#include <QTest>

#include <atomic>
#include <future>
#include <semaphore>

using namespace posthorn;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

using Outcome = auth::PasswordVerifier::Outcome;

namespace {

constexpr auth::PasswordVerifier::Rules rules{{}, 3600s, 10s};

// A hash that a test can count and hold up. The "hash" of a password is the password.
struct Bench
{
    std::atomic<int> hashed = 0;
    std::counting_semaphore<1000> gate{0};
    bool gated = false;
    auth::Throttle throttle;
    ManualTimekeeper time;
    auth::PasswordVerifier verifier;

    explicit Bench(bool withGate = false, qsizetype queue = 4)
        : gated(withGate), verifier(throttle, time, 1, queue, [this](const QByteArray &password, const QByteArray &, int) {
              ++hashed;
              if (gated)
                  gate.acquire();
              return password;
          })
    {
    }
    ~Bench()
    {
        gate.release(500);
        verifier.stop();
    }
    std::future<Outcome> ask(const QByteArray &password, qint64 account = 1, const QByteArray &stored = "right",
                             quint64 address = 1)
    {
        auto promise = std::make_shared<std::promise<Outcome>>();
        auto future = promise->get_future();
        verifier.ask({AccountId{account}, {"salt", 1, stored, {}}, password, true, address}, rules,
                     [promise](Outcome outcome, quint64) { promise->set_value(outcome); });
        return future;
    }
};

bool isReady(const std::future<Outcome> &future)
{
    return future.wait_for(0s) == std::future_status::ready;
}

} // namespace

class TestPasswordVerifier : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tellsRightFromWrong();
    void hashesARightPasswordOnce();
    void hashesAgainAfterAnHour();
    void hashesAgainWhenForgotten();
    void hashesAgainWhenThePasswordChanged();
    void neverRemembersForAnotherAccount();
    void neverRemembersWrongOnes();
    void hashesEqualQuestionsAtOnceOnce();
    void isUnavailableWhenTheQueueIsFull();
    void isUnavailableAfterItsDeadline();
    void isUnavailableToOneAddressThatAsksTooMuch();
    void hashesForUnknownUsersAndNeverFindsThemRight();
    void hashesImpossiblePasswordsAndNeverFindsThemRight();
    void tellsNothingAfterStop();
    void answersFromManyThreads();
};

void TestPasswordVerifier::tellsRightFromWrong()
{
    Bench bench;
    QCOMPARE(bench.ask("right").get(), Outcome::Right);
    QCOMPARE(bench.ask("wrong").get(), Outcome::Wrong);
    QCOMPARE(bench.ask("right ").get(), Outcome::Wrong);
}

void TestPasswordVerifier::hashesARightPasswordOnce()
{
    Bench bench;
    for (int i = 0; i < 10; ++i)
        QCOMPARE(bench.ask("right").get(), Outcome::Right);
    QCOMPARE(bench.hashed, 1);
}

void TestPasswordVerifier::hashesAgainAfterAnHour()
{
    Bench bench;
    QCOMPARE(bench.ask("right").get(), Outcome::Right);
    bench.time.advance(3'599'999);
    QCOMPARE(bench.ask("right").get(), Outcome::Right);
    QCOMPARE(bench.hashed, 1);
    bench.time.advance(1);
    QCOMPARE(bench.ask("right").get(), Outcome::Right);
    QCOMPARE(bench.hashed, 2);
}

void TestPasswordVerifier::hashesAgainWhenForgotten()
{
    Bench bench;
    QCOMPARE(bench.ask("right").get(), Outcome::Right);
    bench.verifier.forget(AccountId{2});
    QCOMPARE(bench.ask("right").get(), Outcome::Right);
    QCOMPARE(bench.hashed, 1);
    bench.verifier.forget(AccountId{1});
    QCOMPARE(bench.ask("right").get(), Outcome::Right);
    QCOMPARE(bench.hashed, 2);
}

void TestPasswordVerifier::hashesAgainWhenThePasswordChanged()
{
    Bench bench;
    QCOMPARE(bench.ask("right").get(), Outcome::Right);
    QCOMPARE(bench.ask("right", 1, "changed").get(), Outcome::Wrong);
    QCOMPARE(bench.ask("changed", 1, "changed").get(), Outcome::Right);
    QCOMPARE(bench.ask("right", 1, "changed").get(), Outcome::Wrong);
}

void TestPasswordVerifier::neverRemembersForAnotherAccount()
{
    Bench bench;
    QCOMPARE(bench.ask("right", 1).get(), Outcome::Right);
    QCOMPARE(bench.ask("right", 2).get(), Outcome::Right);
    QCOMPARE(bench.hashed, 2);
}

void TestPasswordVerifier::neverRemembersWrongOnes()
{
    Bench bench;
    QCOMPARE(bench.ask("wrong").get(), Outcome::Wrong);
    QCOMPARE(bench.ask("wrong").get(), Outcome::Wrong);
    QCOMPARE(bench.hashed, 2);
}

void TestPasswordVerifier::hashesEqualQuestionsAtOnceOnce()
{
    Bench bench(true);
    std::vector<std::future<Outcome>> all;
    for (int i = 0; i < 500; ++i)
        all.push_back(bench.ask("right"));
    bench.gate.release(1);
    for (auto &future : all)
        QCOMPARE(future.get(), Outcome::Right);
    QCOMPARE(bench.hashed, 1);
}

void TestPasswordVerifier::isUnavailableWhenTheQueueIsFull()
{
    Bench bench(true, 2);
    std::vector<std::future<Outcome>> all;
    all.push_back(bench.ask("wrong 0", 1, "right", 0));
    while (bench.hashed == 0)
        std::this_thread::yield();
    for (int i = 1; i < 3; ++i)
        all.push_back(bench.ask("wrong " + QByteArray::number(i), 1, "right", quint64(i)));
    auto refused = bench.ask("right", 1, "right", 9);
    QVERIFY(isReady(refused));
    QCOMPARE(refused.get(), Outcome::Unavailable);
    bench.gate.release(3);
    for (auto &future : all)
        QCOMPARE(future.get(), Outcome::Wrong);
    bench.gate.release(1);
    QCOMPARE(bench.ask("right", 1, "right", 9).get(), Outcome::Right);
}

void TestPasswordVerifier::isUnavailableAfterItsDeadline()
{
    Bench bench(true);
    auto first = bench.ask("first");
    while (bench.hashed == 0)
        std::this_thread::yield();
    auto late = bench.ask("right");
    bench.time.advance(10'001);
    bench.gate.release(1);
    QCOMPARE(first.get(), Outcome::Wrong);
    QCOMPARE(late.get(), Outcome::Unavailable);
    QCOMPARE(bench.hashed, 1);
}

void TestPasswordVerifier::isUnavailableToOneAddressThatAsksTooMuch()
{
    Bench bench(true, 500);
    std::vector<std::future<Outcome>> all;
    for (int i = 0; i < 50; ++i)
        all.push_back(bench.ask("guess " + QByteArray::number(i)));
    QCOMPARE(bench.ask("guess 51").get(), Outcome::Unavailable);
    bench.gate.release(51);
    QCOMPARE(bench.ask("right", 1, "right", 2).get(), Outcome::Right);
}

void TestPasswordVerifier::hashesForUnknownUsersAndNeverFindsThemRight()
{
    Bench bench;
    QCOMPARE(bench.ask("right", 0).get(), Outcome::Wrong);
    QCOMPARE(bench.hashed, 1);
    QCOMPARE(bench.ask("right", 0).get(), Outcome::Wrong);
}

void TestPasswordVerifier::hashesImpossiblePasswordsAndNeverFindsThemRight()
{
    Bench bench;
    std::promise<Outcome> promise;
    bench.verifier.ask({AccountId{1}, {"salt", 1, "right", {}}, "right", false, 1}, rules,
                       [&](Outcome outcome, quint64) { promise.set_value(outcome); });
    QCOMPARE(promise.get_future().get(), Outcome::Wrong);
    QCOMPARE(bench.hashed, 1);
}

void TestPasswordVerifier::tellsNothingAfterStop()
{
    Bench bench(true);
    auto first = bench.ask("first");
    auto second = bench.ask("second");
    while (bench.hashed == 0)
        std::this_thread::yield();
    bench.gate.release(1);
    bench.verifier.stop();
    QVERIFY(isReady(first));
    QCOMPARE(bench.ask("third").get(), Outcome::Unavailable);
}

void TestPasswordVerifier::answersFromManyThreads()
{
    Bench bench(false, 10'000);
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 200; ++i) {
                if (bench.ask("right", 1 + i % 7, "right", quint64(t)).get() == Outcome::Right)
                    ++right;
                bench.verifier.forget(AccountId{1 + i % 3});
            }
        });
    }
    for (auto &thread : threads)
        thread.join();
    QCOMPARE(right, 800);
}

QTEST_GUILESS_MAIN(TestPasswordVerifier)
#include "test_password_verifier.moc"
