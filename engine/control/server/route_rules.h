// What the methods about routes share with those about the queue.
#pragma once

#include "core/result.h"
#include "control/server/call.h"
#include "platform/store/routes.h"

#include <QHash>
#include <QJsonObject>

namespace posthorn::control {

[[nodiscard]] QJsonObject toJson(const store::Route &route); // without its secret
// What of the route the call gives, put into it. Invalid, with a sentence.
[[nodiscard]] Result<void> fillRoute(store::Route &route, const Call &call);

// Names of routes as an entry shows them: "" where the domains decide, "direct".
class RouteNames
{
public:
    [[nodiscard]] static Result<RouteNames> read(store::Connection &connection);
    [[nodiscard]] QString nameOf(RouteId id) const;
    // NotFound. "usual": the domains decide.
    [[nodiscard]] Result<RouteId> named(const QString &name) const;

private:
    QHash<RouteId, QString> m_names;
};

} // namespace posthorn::control
