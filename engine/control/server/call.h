// One request under way. Copies are the same request; the first answer counts. Any thread.
#pragma once

#include "control/server/gate.h"
#include "core/result.h"

#include <QJsonObject>
#include <QJsonValue>
#include <QStringList>

#include <functional>
#include <memory>

namespace posthorn::control {

class Call
{
public:
    // `reply` runs on the gate's thread.
    Call(std::shared_ptr<Gate> gate, QString method, QJsonObject parameters, QString by, quint64 caller,
         std::function<void(Result<QJsonValue>)> reply);

    [[nodiscard]] const QString &method() const { return m_state->method; }
    [[nodiscard]] const QString &by() const { return m_state->by; } // who asks, for events and the trace
    [[nodiscard]] quint64 caller() const { return m_state->caller; } // whose connection it is

    // Parameters; checkParameters() has seen them.
    [[nodiscard]] bool has(QLatin1StringView name) const { return m_state->parameters.contains(name); }
    [[nodiscard]] QString text(QLatin1StringView name) const { return m_state->parameters.value(name).toString(); }
    [[nodiscard]] bool flag(QLatin1StringView name, bool initial = false) const;
    [[nodiscard]] QStringList list(QLatin1StringView name) const;
    [[nodiscard]] QJsonObject map(QLatin1StringView name) const { return m_state->parameters.value(name).toObject(); }
    // `initial` when it was not given, otherwise not less than `minimum` nor more than `maximum`.
    [[nodiscard]] qint64 number(QLatin1StringView name, qint64 initial, qint64 minimum, qint64 maximum) const;
    // An id travels as text. 0 when it was not given or is no number.
    [[nodiscard]] qint64 id(QLatin1StringView name) const { return text(name).toLongLong(); }

    void answer(Result<QJsonValue> result) const;
    void refuse(const Error &error) const { answer(std::unexpected(error)); }

private:
    struct State
    {
        std::shared_ptr<Gate> gate;
        QString method;
        QJsonObject parameters;
        QString by;
        quint64 caller = 0;
        std::function<void(Result<QJsonValue>)> reply;
    };
    std::shared_ptr<State> m_state;
};

} // namespace posthorn::control
