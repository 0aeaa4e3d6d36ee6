// suppression.*: addresses elsewhere that failed for good.
#include "control/api/values.h"
#include "control/server/desk.h"
#include "platform/store/store.h"
#include "platform/store/suppressions.h"

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxReason = 500; // characters

bool hasText(const store::Suppression &one, const QString &text)
{
    return one.address.contains(text, Qt::CaseInsensitive) || one.reason.contains(text, Qt::CaseInsensitive)
           || one.reply.contains(text, Qt::CaseInsensitive);
}

} // namespace

void deed::suppressionList(Desk &desk, const Call &call)
{
    answerByReading(desk, call, [text = call.text("text"_L1)](store::Connection &connection) -> Result<QJsonValue> {
        const auto all = store::Suppressions::list(connection);
        if (!all)
            return std::unexpected(all.error());
        QJsonArray addresses;
        for (const store::Suppression &one : *all) {
            if (hasText(one, text))
                addresses += QJsonObject{{u"address"_s, one.address}, {u"since"_s, one.since}, {u"reason"_s, one.reason},
                                         {u"reply"_s, one.reply}};
        }
        return QJsonObject{{u"addresses"_s, addresses}};
    });
}

void deed::suppressionAdd(Desk &desk, const Call &call)
{
    const auto address = checkAddress(call.text("address"_L1));
    if (!address)
        return call.refuse(address.error());
    const QString given = call.text("reason"_L1).simplified().left(maxReason);
    const store::Suppression one{*address, QDateTime::currentMSecsSinceEpoch(),
                                 given.isEmpty() ? u"put on the list by %1"_s.arg(call.by()) : given, {}};
    const auto add = [one](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto added = store::Suppressions::add(transaction, one);
        return added ? Result<QJsonValue>(QJsonObject{}) : std::unexpected(added.error());
    };
    answerByWriting(desk, call, add, EventKind::QueueChanged, *address);
}

// Taken as it stands in the list: what other servers call an address need not be one for us.
void deed::suppressionRemove(Desk &desk, const Call &call)
{
    const QString address = call.text("address"_L1).trimmed().toLower();
    const auto remove = [address](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto removed = store::Suppressions::remove(transaction, address);
        return removed ? Result<QJsonValue>(QJsonObject{}) : std::unexpected(removed.error());
    };
    answerByWriting(desk, call, remove, EventKind::QueueChanged, address);
}

} // namespace posthorn::control
