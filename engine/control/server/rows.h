// Rows of the store and the network as the protocol shows them.
#pragma once

#include "core/events.h"
#include "platform/net/network.h"
#include "platform/store/accounts.h"
#include "platform/store/queue.h"
#include "platform/store/trace.h"

#include <QJsonObject>

#include <optional>

namespace posthorn::control {

class RouteNames;

[[nodiscard]] QJsonObject toJson(const store::Domain &domain);
[[nodiscard]] QJsonObject toJson(const store::Account &account); // without its credential
[[nodiscard]] QJsonObject toJson(const store::Alias &alias);
[[nodiscard]] QJsonObject toJson(const store::Entry &entry, const RouteNames &routes); // without its last dialogue
[[nodiscard]] QJsonObject toJson(const store::TraceRow &row);
[[nodiscard]] QJsonObject toJson(const net::ConversationState &session);
[[nodiscard]] QJsonObject toJson(const net::CertificateFacts &facts);
[[nodiscard]] QJsonObject eventJson(qint64 number, const Event &event); // with its number as "id"

[[nodiscard]] QLatin1StringView nameOf(store::EntryState state);
[[nodiscard]] std::optional<store::EntryState> entryStateNamed(const QString &name);
[[nodiscard]] std::optional<Level> levelNamed(const QString &name);

} // namespace posthorn::control
