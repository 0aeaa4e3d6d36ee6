#include "platform/crypto/provider.h"

#include <QtCrypto>

#include <QCoreApplication>
#include <QHash>
#include <QMutex>

#include <atomic>
#include <mutex>

namespace posthorn::crypto {

namespace {

std::atomic<bool> tornDown = false;

} // namespace

void ensureQca()
{
    static std::once_flag once;
    std::call_once(once, [] {
        QCA::init();
        QCA::scanForPlugins();
        // QCA tears itself down with the application object, in a routine it has just added. Routines run last added
        // first, so this one comes before it.
        qAddPostRoutine([] { tornDown.store(true, std::memory_order_release); });
    });
}

bool qcaHas(QLatin1StringView feature)
{
    static QMutex mutex;
    static QHash<QLatin1StringView, bool> known;
    ensureQca();
    if (tornDown.load(std::memory_order_acquire))
        return false;
    QMutexLocker lock(&mutex);
    const auto it = known.constFind(feature);
    if (it != known.constEnd())
        return *it;
    const bool has = QCA::isSupported(QStringList{QString(feature)});
    known.insert(feature, has);
    return has;
}

} // namespace posthorn::crypto
