// Reads the section of a BODY[...] item (RFC 9051 §9: section, and the partial after it).
#pragma once

#include "core/result.h"
#include "language/imap/fetch_items.h"

namespace posthorn::imap {

class Lexer;

// The items that take a section.
struct SectionForm
{
    QByteArrayView name;  // in the command
    QByteArrayView label; // in the response, with its bracket
    bool peek = false, decoded = false, sizeOnly = false;
};

// The lexer stands at '['; ends behind ']' or the '>' of a partial.
[[nodiscard]] Result<Section> parseSection(Lexer &lexer, const SectionForm &form);

} // namespace posthorn::imap
