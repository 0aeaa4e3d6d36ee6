// Runs the checks of one hook in order and makes one Verdict of theirs: the strongest action wins, scores add up, header
// fields are collected. A check that defers or rejects ends the run.
#pragma once

#include "policy/filter/check.h"

namespace posthorn::filter {

// One a conversation, on its worker's thread. Dropping it drops a run under way.
class Pipeline
{
public:
    explicit Pipeline(CheckList checks);
    ~Pipeline();

    // `done` is called once, possibly before this returns, and may begin the next run. `facts` and `structure` must stay
    // alive until then, or until the run is dropped: by a new one or with the pipeline.
    void run(Hook hook, const Facts &facts, const message::Structure *structure, std::function<void(const Verdict &)> done);

private:
    struct Run;
    static void advance(std::shared_ptr<Run> run);

    CheckList m_checks;
    std::shared_ptr<Run> m_run;
};

// The reply is that of the strongest action, of the first check among equals.
void merge(Verdict &into, Verdict &&other);

} // namespace posthorn::filter
