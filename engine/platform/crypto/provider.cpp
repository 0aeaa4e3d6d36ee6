#include "platform/crypto/provider.h"

#include <QtCrypto>

#include <QCoreApplication>
#include <QHash>
#include <QMutex>

#include <atomic>
#include <mutex>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace posthorn::crypto {

namespace {

std::atomic<bool> tornDown = false;

} // namespace

void ensureQca()
{
    static std::once_flag once;
    std::call_once(once, [] {
#if defined(__SANITIZE_ADDRESS__)
        const __lsan::ScopedDisabler notOurs; // QCA's OpenSSL plugin never unloads the legacy provider
#endif
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
