// settings.*
#include "control/server/desk.h"
#include "core/settings.h"
#include "platform/store/maintenance.h"
#include "platform/store/store.h"

#include <array>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

constexpr std::array typeNames{"flag"_L1,     "number"_L1, "text"_L1, "choice"_L1,   "endpoints"_L1,
                               "networks"_L1, "file"_L1,   "host"_L1, "durations"_L1};
static_assert(typeNames.size() == size_t(SettingType::Durations) + 1);

QJsonObject settingJson(const Desk &desk, const SettingDescription &setting)
{
    const SettingsPointer now = desk.settings();
    const QString key(setting.key);
    return {{u"key"_s, key},
            {u"value"_s, setting.secret ? QString() : now->text(setting.key)},
            {u"initial"_s, QString(setting.initial)},
            {u"isSet"_s, now->isSet(setting.key)},
            {u"overridden"_s, desk.context.isOverridden && desk.context.isOverridden(key)},
            {u"type"_s, QString(typeNames.at(size_t(setting.type)))},
            {u"minimum"_s, setting.minimum},
            {u"maximum"_s, setting.maximum},
            {u"unit"_s, QString(setting.unit)},
            {u"choices"_s, QString(setting.choices)},
            {u"room"_s, QString(setting.room)},
            {u"restartNeeded"_s, setting.restartNeeded},
            {u"secret"_s, setting.secret},
            {u"advanced"_s, setting.advanced},
            {u"label"_s, QString(setting.label)},
            {u"explanation"_s, QString(setting.explanation)}};
}

Result<const SettingDescription *> known(const QString &key)
{
    if (const SettingDescription *setting = describeSetting(key))
        return setting;
    return fail(ErrorKind::NotFound, u"There is no setting “%1”"_s.arg(key.left(100)));
}

Result<void> mayChange(const Desk &desk, const QString &key)
{
    if (desk.context.isOverridden && desk.context.isOverridden(key))
        return fail(ErrorKind::Denied, u"%1 was given on the command line, which wins"_s.arg(key));
    return {};
}

using Values = QList<std::pair<QString, QString>>;

// The settings to be set, each in its canonical form.
Result<Values> givenValues(const Desk &desk, const Call &call)
{
    QJsonObject given = call.map("values"_L1);
    if (call.has("key"_L1) != call.has("value"_L1) || (given.isEmpty() && !call.has("key"_L1)))
        return fail(ErrorKind::Invalid, u"settings.set needs “key” and “value”, or “values”"_s);
    if (call.has("key"_L1))
        given.insert(call.text("key"_L1), call.text("value"_L1));
    Values values;
    for (auto it = given.begin(); it != given.end(); ++it) {
        if (const auto allowed = mayChange(desk, it.key()); !allowed)
            return std::unexpected(allowed.error());
        const auto checked = checkSetting(it.key(), it.value().toString());
        if (!checked)
            return std::unexpected(checked.error());
        values.emplaceBack(it.key(), *checked);
    }
    return values;
}

bool needRestart(const Values &values)
{
    return std::ranges::any_of(values, [](const auto &one) {
        const SettingDescription *setting = describeSetting(one.first);
        return setting && setting->restartNeeded;
    });
}

void tellChanged(EventLog *log, const QString &key, const QString &value, const QString &by)
{
    const SettingDescription *setting = describeSetting(key);
    Event event{EventKind::SettingChanged};
    event.with(EventField::Key, key)
        .with(EventField::Value, setting && setting->secret ? u"(not shown)"_s : value)
        .with(EventField::By, by);
    if (log)
        log->emitEvent(std::move(event));
}

// Applies what was kept; the answer tells which services could not be opened.
QJsonObject applySettings(Desk &desk, bool restartNeeded)
{
    if (desk.context.settingsChanged)
        desk.context.settingsChanged();
    QJsonArray closed;
    for (const auto &state : serviceStates(desk)) {
        const QJsonObject service = state.toObject();
        if (desk.context.network && !service.value("listening"_L1).toBool()
            && !service.value("address"_L1).toString().isEmpty())
            closed += service;
    }
    return {{u"restartNeeded"_s, restartNeeded}, {u"notListening"_s, closed}};
}

void keep(Desk &desk, const Call &call, const Values &values, bool unset)
{
    const auto job = [values, unset](store::Transaction &transaction) -> Result<bool> {
        for (const auto &[key, value] : values) {
            const auto kept = unset ? store::Settings::unset(transaction, key)
                                    : store::Settings::set(transaction, key, value);
            if (!kept)
                return std::unexpected(kept.error());
        }
        return true;
    };
    const auto done = [&desk, call, values, gate = desk.gate, log = desk.context.events](const Result<bool> &kept) {
        if (!kept)
            return call.refuse(kept.error());
        for (const auto &[key, value] : values)
            tellChanged(log, key, value, call.by());
        gate->post([&desk, call, values] { call.answer(applySettings(desk, needRestart(values))); });
    };
    desk.context.store->write<bool>(job, done);
}

} // namespace

void deed::settingsList(Desk &desk, const Call &call)
{
    QJsonArray list;
    for (const SettingDescription &setting : settingDescriptions())
        list += settingJson(desk, setting);
    call.answer(QJsonObject{{u"settings"_s, list}});
}

void deed::settingsGet(Desk &desk, const Call &call)
{
    const auto setting = known(call.text("key"_L1));
    if (!setting)
        return call.refuse(setting.error());
    call.answer(settingJson(desk, **setting));
}

void deed::settingsSet(Desk &desk, const Call &call)
{
    const auto values = givenValues(desk, call);
    if (!values)
        return call.refuse(values.error());
    keep(desk, call, *values, false);
}

void deed::settingsUnset(Desk &desk, const Call &call)
{
    const auto setting = known(call.text("key"_L1));
    if (!setting)
        return call.refuse(setting.error());
    const QString key((*setting)->key);
    if (const auto allowed = mayChange(desk, key); !allowed)
        return call.refuse(allowed.error());
    keep(desk, call, {{key, QString((*setting)->initial)}}, true);
}

} // namespace posthorn::control
