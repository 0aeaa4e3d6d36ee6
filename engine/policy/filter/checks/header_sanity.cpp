#include "policy/filter/checks/header_sanity.h"

namespace posthorn::filter {

using namespace Qt::StringLiterals;

QLatin1StringView HeaderSanityCheck::name() const { return "header-sanity"_L1; }

void HeaderSanityCheck::judge(Hook, const Facts &facts, const message::Structure *structure, Done done) const
{
    Verdict verdict;
    const auto note = [&](bool odd, QLatin1StringView what) {
        if (odd)
            verdict.why += (verdict.why.isEmpty() ? ""_L1 : ", "_L1) + what;
    };
    note(structure->envelope.from.isEmpty(), "no From field"_L1);
    // A submission without a date gets one from us (RFC 6409 §8.2).
    note(structure->envelope.date.isNull() && !facts.submission, "no Date field"_L1);
    note(structure->has8BitHeader && !facts.mail.smtpUtf8, "8-bit header without SMTPUTF8"_L1);
    note(structure->hasNul, "NUL in the message"_L1);
    done(std::move(verdict));
}

} // namespace posthorn::filter
