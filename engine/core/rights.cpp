#include "core/rights.h"

namespace posthorn {

static constexpr QByteArrayView letters = "lrswipkxtea";
static constexpr Rights createRights = right::CreateMailboxes | right::DeleteMailbox;
static constexpr Rights deleteRights = right::DeleteMessages | right::Expunge;

std::optional<Rights> rightsFromText(QByteArrayView text)
{
    Rights rights = 0;
    for (const char letter : text) {
        const qsizetype bit = letters.indexOf(letter);
        if (bit >= 0)
            rights |= Rights(1 << bit);
        else if (letter == 'c')
            rights |= createRights;
        else if (letter == 'd')
            rights |= deleteRights;
        else
            return std::nullopt;
    }
    return rights;
}

QByteArray rightsText(Rights rights, bool obsolete)
{
    QByteArray text;
    for (qsizetype bit = 0; bit < letters.size(); ++bit) {
        if (rights & (1 << bit))
            text += letters[bit];
    }
    if (obsolete && (rights & createRights))
        text += 'c';
    if (obsolete && (rights & deleteRights))
        text += 'd';
    return text;
}

Flags flagsAllowedBy(Rights rights)
{
    Flags flags = rights & right::Write ? ~(flag::Seen | flag::Deleted) : Flags(0);
    if (rights & right::KeepSeen)
        flags |= flag::Seen;
    if (rights & right::DeleteMessages)
        flags |= flag::Deleted;
    return flags;
}

} // namespace posthorn
