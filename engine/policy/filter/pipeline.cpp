#include "policy/filter/pipeline.h"

#include <algorithm>
#include <utility>

namespace posthorn::filter {

void merge(Verdict &into, Verdict &&other)
{
    into.score += other.score;
    into.prepend += other.prepend;
    if (!other.why.isEmpty())
        into.why += into.why.isEmpty() ? other.why : QStringLiteral("; ") + other.why;
    if (other.action > into.action) {
        into.action = other.action;
        into.reply = std::move(other.reply);
    }
}

struct Pipeline::Run
{
    CheckList checks;
    Hook hook;
    const Facts &facts;
    const message::Structure *structure;
    std::function<void(const Verdict &)> done;
    Verdict verdict;
    size_t next = 0;
    bool calling = false;  // judge() of the check before `next` is on the stack
    bool answered = false; // and has answered
};

Pipeline::Pipeline(CheckList checks) : m_checks(std::move(checks)) {}
Pipeline::~Pipeline() = default;

void Pipeline::run(Hook hook, const Facts &facts, const message::Structure *structure,
                   std::function<void(const Verdict &)> done)
{
    const bool wanted = m_checks && std::any_of(m_checks->begin(), m_checks->end(),
                                                [hook](const auto &check) { return check->hooks() & hook; });
    if (!wanted) {
        done({});
        return;
    }
    m_run = std::make_shared<Run>(Run{m_checks, hook, facts, structure, std::move(done), {}});
    advance(m_run);
}

// Goes on from check to check; a check that answers later brings the run forward by itself, if it is still wanted.
// The run is kept by value: `done` may begin the next one.
void Pipeline::advance(std::shared_ptr<Run> run)
{
    while (run->next < run->checks->size() && !run->verdict.stops()) {
        const Check &check = *(*run->checks)[run->next++];
        if (!(check.hooks() & run->hook))
            continue;
        run->answered = false;
        run->calling = true;
        check.judge(run->hook, run->facts, run->structure,
                    [weak = std::weak_ptr(run), turn = run->next](Verdict verdict) {
                        const auto alive = weak.lock();
                        if (!alive || alive->next != turn || alive->answered)
                            return;
                        alive->answered = true;
                        merge(alive->verdict, std::move(verdict));
                        if (!alive->calling)
                            advance(alive);
                    });
        run->calling = false;
        if (!run->answered)
            return;
    }
    const auto done = std::move(run->done);
    done(run->verdict);
}

} // namespace posthorn::filter
