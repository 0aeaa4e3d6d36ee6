// Identities. Each is a type of its own, so that a MailboxId can't be handed over where a MessageId is meant.
#pragma once

#include <QtTypes>
#include <QHashFunctions>

#include <compare>

namespace posthorn {

template<typename Tag>
struct Id
{
    qint64 value = 0; // 0 is "none"; the store counts from 1

    explicit operator bool() const { return value != 0; }
    auto operator<=>(const Id &) const = default;
    friend size_t qHash(const Id &id, size_t seed = 0) { return ::qHash(id.value, seed); }
};

using AccountId = Id<struct AccountTag>;
using DomainId = Id<struct DomainTag>;
using AliasId = Id<struct AliasTag>;
using MailboxId = Id<struct MailboxTag>;
using MessageId = Id<struct MessageTag>; // a stored content; several mailboxes may hold it
using EntryId = Id<struct EntryTag>;     // a queue row: one message for one recipient
using RouteId = Id<struct RouteTag>;       // a way out for mail
using DkimKeyId = Id<struct DkimKeyTag>;
using ConversationId = Id<struct ConversationTag>;

using Uid = quint32;    // RFC 9051 §2.3.1.1; 1 and up
using ModSeq = quint64; // RFC 7162 §3.1; 63 bits, 1 and up

// UIDs first to last, both included.
struct UidRange
{
    Uid first = 0;
    Uid last = 0;
    auto operator<=>(const UidRange &) const = default;
};

} // namespace posthorn
