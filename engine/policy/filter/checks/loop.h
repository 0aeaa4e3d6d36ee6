// A message that passed too many servers goes in circles (RFC 5321 §6.3).
#pragma once

#include "policy/filter/check.h"

namespace posthorn::filter {

class LoopCheck final : public Check
{
public:
    [[nodiscard]] QLatin1StringView name() const override;
    [[nodiscard]] unsigned hooks() const override { return Message; }
    void judge(Hook hook, const Facts &facts, const message::Structure *structure, Done done) const override;
};

} // namespace posthorn::filter
