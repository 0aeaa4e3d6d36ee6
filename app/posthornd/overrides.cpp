#include "core/settings.h"
#include "serve.h"

namespace posthorn::app {

using namespace Qt::StringLiterals;

Result<QHash<QString, QString>> parseOverrides(const QStringList &given)
{
    QHash<QString, QString> overrides;
    for (const QString &text : given) {
        const qsizetype equals = text.indexOf(u'=');
        if (equals <= 0)
            return fail(ErrorKind::Invalid, u"--set takes KEY=VALUE, not “%1”"_s.arg(text));
        const auto value = checkSetting(text.left(equals), text.mid(equals + 1));
        if (!value)
            return std::unexpected(value.error());
        overrides.insert(text.left(equals), *value);
    }
    return overrides;
}

} // namespace posthorn::app
