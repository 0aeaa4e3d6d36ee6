// Reads what a part's header says into the part, and in a message's header the envelope with it, in one pass.
#pragma once

#include "language/message/structure.h"

namespace posthorn::message {

// What the header is of: the fields of `message` are read when it is given, `summary` gets the date and the number of
// Received fields.
struct HeaderTargets
{
    Part *part = nullptr;
    Envelope *message = nullptr;
    Structure *summary = nullptr;
    bool inDigest = false;
    int maxFields = 5'000;
};

void readPartFields(QByteArrayView header, const HeaderTargets &targets);

} // namespace posthorn::message
