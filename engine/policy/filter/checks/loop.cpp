#include "policy/filter/checks/loop.h"

namespace posthorn::filter {

using namespace Qt::StringLiterals;

QLatin1StringView LoopCheck::name() const { return "loop"_L1; }

void LoopCheck::judge(Hook, const Facts &facts, const message::Structure *structure, Done done) const
{
    if (structure->receivedCount <= facts.maxHops) {
        done({});
        return;
    }
    done({.action = Action::Reject,
          .reply = {554, "5.4.6", "Too many hops: this message goes in circles"},
          .why = u"%1 Received fields"_s.arg(structure->receivedCount)});
}

} // namespace posthorn::filter
