#include "control/server/call.h"

#include <QJsonArray>

namespace posthorn::control {

Call::Call(std::shared_ptr<Gate> gate, QString method, QJsonObject parameters, QString by, quint64 caller,
           std::function<void(Result<QJsonValue>)> reply)
    : m_state(std::make_shared<State>(State{std::move(gate), std::move(method), std::move(parameters), std::move(by),
                                            caller, std::move(reply)}))
{
}

bool Call::flag(QLatin1StringView name, bool initial) const { return m_state->parameters.value(name).toBool(initial); }

QStringList Call::list(QLatin1StringView name) const
{
    QStringList texts;
    for (const auto &item : m_state->parameters.value(name).toArray())
        texts += item.toString();
    return texts;
}

qint64 Call::number(QLatin1StringView name, qint64 initial, qint64 minimum, qint64 maximum) const
{
    return has(name) ? qBound(minimum, m_state->parameters.value(name).toInteger(), maximum) : initial;
}

void Call::answer(Result<QJsonValue> result) const
{
    m_state->gate->post([state = m_state, result = std::move(result)]() mutable {
        if (const auto reply = std::exchange(state->reply, {}))
            reply(std::move(result));
    });
}

} // namespace posthorn::control
