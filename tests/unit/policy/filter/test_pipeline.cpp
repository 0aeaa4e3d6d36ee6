// The order of checks, what becomes of their verdicts, and answers that come late, twice or never.
#include "policy/filter/pipeline.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::filter;
using namespace Qt::StringLiterals;

namespace {

QByteArrayList asked;

// Answers as told: at once, when release() is called, or twice.
class FakeCheck : public Check
{
public:
    enum When { Now, Later, Twice };
    FakeCheck(QLatin1StringView name, Verdict verdict, When when = Now, unsigned hooks = Connection | Sender)
        : m_name(name), m_verdict(std::move(verdict)), m_when(when), m_hooks(hooks) {}

    QLatin1StringView name() const override { return m_name; }
    unsigned hooks() const override { return m_hooks; }
    void judge(Hook, const Facts &, const message::Structure *, Done done) const override
    {
        asked += QByteArray(m_name.data(), m_name.size());
        if (m_when == Later) {
            m_done = std::move(done);
            return;
        }
        done(m_verdict);
        if (m_when == Twice)
            done(m_verdict);
    }
    void release() const { m_done(m_verdict); }

private:
    QLatin1StringView m_name;
    Verdict m_verdict;
    When m_when;
    unsigned m_hooks;
    mutable Done m_done;
};

using Checks = std::vector<std::shared_ptr<const Check>>;

CheckList listOf(Checks checks)
{
    return std::make_shared<const Checks>(std::move(checks));
}

std::shared_ptr<const FakeCheck> check(QLatin1StringView name, Verdict verdict = {}, FakeCheck::When when = FakeCheck::Now,
                                       unsigned hooks = Connection | Sender)
{
    return std::make_shared<const FakeCheck>(name, std::move(verdict), when, hooks);
}

Verdict reject(const char *text)
{
    return {.action = Action::Reject, .reply = {550, "5.7.1", text}};
}

// The verdicts of runs that are over.
struct Runs
{
    std::function<void(const Verdict &)> add()
    {
        return [this](const Verdict &verdict) { over += verdict; };
    }
    QList<Verdict> over;
};

} // namespace

class TestPipeline : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { asked.clear(); }
    void acceptsWithoutChecks();
    void asksOnlyWhoWantsTheHook();
    void runsInOrderAndStopsAtARefusal();
    void mergesVerdicts();
    void waitsForALateAnswer();
    void countsAnAnswerOnce();
    void ignoresAnAnswerToARunThatWasDropped();
    void mayBeginTheNextRunWhenDone();
    void hasATableOfAllChecks();

private:
    Facts m_facts;
};

void TestPipeline::acceptsWithoutChecks()
{
    for (const CheckList &list : {CheckList(), listOf({})}) {
        Runs runs;
        Pipeline(list).run(Connection, m_facts, nullptr, runs.add());
        QCOMPARE(runs.over.size(), 1);
        QVERIFY(!runs.over.front().stops());
    }
}

void TestPipeline::asksOnlyWhoWantsTheHook()
{
    Runs runs;
    Pipeline pipeline(listOf({check("a"_L1, {}, FakeCheck::Now, Sender), check("b"_L1, {}, FakeCheck::Now, Connection | Recipient)}));
    pipeline.run(Recipient, m_facts, nullptr, runs.add());
    QCOMPARE(asked, QByteArrayList{"b"});
    pipeline.run(Message, m_facts, nullptr, runs.add());
    QCOMPARE(asked, QByteArrayList{"b"});
    QCOMPARE(runs.over.size(), 2);
}

void TestPipeline::runsInOrderAndStopsAtARefusal()
{
    Runs runs;
    Pipeline pipeline(listOf({check("a"_L1), check("b"_L1, reject("first")), check("c"_L1, reject("second"))}));
    pipeline.run(Connection, m_facts, nullptr, runs.add());
    QCOMPARE(asked, (QByteArrayList{"a", "b"}));
    QCOMPARE(runs.over.front().reply.text, "first"_ba);
    QVERIFY(runs.over.front().stops());
}

void TestPipeline::mergesVerdicts()
{
    Runs runs;
    Pipeline pipeline(listOf({
        check("a"_L1, {.action = Action::Discard, .score = 1.5, .reply = {250, "2.0.0", "gone"}, .why = u"one"_s, .prepend = {"X-A: 1"}}),
        check("b"_L1, {.action = Action::Quarantine, .score = 2, .reply = {250, "2.0.0", "kept"}, .prepend = {"X-B: 1", "X-C: 1"}}),
        check("c"_L1, {.score = -0.5, .why = u"two"_s}),
    }));
    pipeline.run(Sender, m_facts, nullptr, runs.add());
    const Verdict &verdict = runs.over.front();
    QCOMPARE(verdict.action, Action::Discard);
    QCOMPARE(verdict.reply.text, "gone"_ba);
    QCOMPARE(verdict.score, 3.0);
    QCOMPARE(verdict.why, u"one; two"_s);
    QCOMPARE(verdict.prepend, (QList<QByteArray>{"X-A: 1", "X-B: 1", "X-C: 1"}));
    QVERIFY(!verdict.stops());
}

void TestPipeline::waitsForALateAnswer()
{
    Runs runs;
    const auto late = check("late"_L1, {.score = 1}, FakeCheck::Later);
    const auto later = check("later"_L1, reject("no"), FakeCheck::Later);
    Pipeline pipeline(listOf({late, check("now"_L1, {.score = 2}), later}));
    pipeline.run(Connection, m_facts, nullptr, runs.add());
    QCOMPARE(asked, QByteArrayList{"late"});
    late->release();
    QCOMPARE(asked, (QByteArrayList{"late", "now", "later"}));
    QVERIFY(runs.over.isEmpty());
    later->release();
    QCOMPARE(runs.over.size(), 1);
    QCOMPARE(runs.over.front().score, 3.0);
    QVERIFY(runs.over.front().stops());
}

void TestPipeline::countsAnAnswerOnce()
{
    Runs runs;
    const auto late = check("late"_L1, {.score = 1}, FakeCheck::Later);
    const auto other = check("other"_L1, {}, FakeCheck::Later);
    Pipeline pipeline(listOf({check("twice"_L1, {.score = 1}, FakeCheck::Twice), late, other}));
    pipeline.run(Connection, m_facts, nullptr, runs.add());
    late->release();
    late->release();
    QVERIFY(runs.over.isEmpty());
    other->release();
    other->release();
    QCOMPARE(runs.over.size(), 1);
    QCOMPARE(runs.over.front().score, 2.0);
    QCOMPARE(asked, (QByteArrayList{"twice", "late", "other"}));
}

void TestPipeline::ignoresAnAnswerToARunThatWasDropped()
{
    Runs runs;
    const auto late = check("late"_L1, {}, FakeCheck::Later, Connection);
    {
        Pipeline pipeline(listOf({late, check("next"_L1)}));
        pipeline.run(Connection, m_facts, nullptr, runs.add());
        pipeline.run(Sender, m_facts, nullptr, runs.add());
        QCOMPARE(runs.over.size(), 1);
        late->release();
        QCOMPARE(runs.over.size(), 1);
        pipeline.run(Connection, m_facts, nullptr, runs.add());
    }
    late->release();
    QCOMPARE(runs.over.size(), 1);
    QCOMPARE(asked, (QByteArrayList{"late", "next", "late"}));
}

void TestPipeline::mayBeginTheNextRunWhenDone()
{
    Runs runs;
    Pipeline pipeline(listOf({check("a"_L1)}));
    const QByteArray captured(1000, 'x'); // what the closure owns must outlive the run it ends
    pipeline.run(Connection, m_facts, nullptr, [&, captured](const Verdict &) {
        pipeline.run(Sender, m_facts, nullptr, runs.add());
        QCOMPARE(captured.size(), 1000);
    });
    QCOMPARE(runs.over.size(), 1);
    QCOMPARE(asked, (QByteArrayList{"a", "a"}));
}

void TestPipeline::hasATableOfAllChecks()
{
    QStringList names;
    const CheckList checks = allChecks();
    for (const auto &one : *checks) {
        QVERIFY(one->hooks() != 0);
        names += one->name();
    }
    QCOMPARE(names, (QStringList{u"loop"_s, u"header-sanity"_s}));
}

QTEST_GUILESS_MAIN(TestPipeline)
#include "test_pipeline.moc"
