// Notes for the trace what is odd about a message: no originator or date (RFC 5322 §3.6), 8-bit header fields without
// SMTPUTF8 (RFC 6532), NUL. Never refuses: real devices send all of it.
#pragma once

#include "policy/filter/check.h"

namespace posthorn::filter {

class HeaderSanityCheck final : public Check
{
public:
    [[nodiscard]] QLatin1StringView name() const override;
    [[nodiscard]] unsigned hooks() const override { return Message; }
    void judge(Hook hook, const Facts &facts, const message::Structure *structure, Done done) const override;
};

} // namespace posthorn::filter
