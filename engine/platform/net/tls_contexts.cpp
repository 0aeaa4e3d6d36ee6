#include "platform/net/tls_contexts.h"

#include "platform/net/certificate_file.h"

#include <QFileInfo>

#include <algorithm>
#include <mutex>
#include <shared_mutex>

namespace posthorn::net {

using namespace Qt::StringLiterals;

namespace {

// What tells that a file was replaced: links are followed, so a link that points elsewhere is seen as well.
struct Stamp
{
    QString path;
    QDateTime changed;
    qint64 size = -1;
    bool operator==(const Stamp &) const = default;
};

Stamp stampOf(const QString &path)
{
    const QFileInfo info(path);
    return {info.canonicalFilePath(), info.lastModified(), info.exists() ? info.size() : -1};
}

struct Entry
{
    CertificateSource source;
    Stamp certificateStamp, keyStamp;
    TlsContext context;
    CertificateFacts facts;
};

// The error when it could not be loaded; what was there stays.
std::optional<Error> loadInto(Entry &entry)
{
    const CertificateSource &source = entry.source;
    entry.certificateStamp = stampOf(source.certificateFile);
    entry.keyStamp = stampOf(source.keyFile);
    Result<LoadedCertificate> loaded = loadCertificate(source);
    if (!loaded) {
        entry.facts.serverName = source.serverName;
        entry.facts.file = source.certificateFile;
        entry.facts.error = loaded.error().text;
        return loaded.error();
    }
    entry.context = std::move(loaded->context);
    entry.facts = std::move(loaded->facts);
    return std::nullopt;
}

// "*.example.org" stands for one label (RFC 6125 §6.4.3).
bool covers(QByteArrayView pattern, QByteArrayView name)
{
    const qsizetype dot = name.indexOf('.');
    return pattern.startsWith("*.") && dot > 0 && name.sliced(dot) == pattern.sliced(1);
}

// mail.example.org, say, in the certificate of the domain example.org.
bool isNamedIn(const QStringList &names, const QByteArray &name)
{
    return !name.isEmpty() && std::ranges::any_of(names, [&](const QString &one) {
        const QByteArray pattern = one.toLatin1().toLower();
        return pattern == name || covers(pattern, name);
    });
}

} // namespace

struct TlsContexts::Private
{
    [[nodiscard]] const Entry *find(QByteArrayView serverName) const
    {
        const QByteArray name = serverName.toByteArray().toLower();
        const Entry *wild = nullptr, *inside = nullptr, *initial = nullptr, *any = nullptr;
        for (const Entry &entry : entries) {
            const QByteArray &pattern = entry.source.serverName;
            if (!entry.context.handle)
                continue;
            if (pattern == name && !name.isEmpty())
                return &entry;
            any = any ? any : &entry;
            if (pattern.isEmpty())
                initial = &entry;
            else if (covers(pattern, name))
                wild = &entry;
            if (!inside && isNamedIn(entry.facts.names, name))
                inside = &entry;
        }
        return wild ? wild : inside ? inside : initial ? initial : any;
    }

    mutable std::shared_mutex lock;
    QList<Entry> entries; // guarded by lock
};

TlsContexts::TlsContexts() : d(std::make_unique<Private>()) {}
TlsContexts::~TlsContexts() = default;

Result<void> TlsContexts::setSources(QList<CertificateSource> sources)
{
    QList<Entry> entries;
    std::optional<Error> trouble;
    for (CertificateSource &source : sources) {
        source.serverName = source.serverName.toLower();
        Entry entry;
        entry.source = std::move(source);
        if (auto error = loadInto(entry); error && !trouble)
            trouble = std::move(error);
        entries.append(std::move(entry));
    }
    const std::unique_lock lock(d->lock);
    for (Entry &entry : entries) { // an earlier good one of the same name stays in use
        for (const Entry &earlier : std::as_const(d->entries)) {
            if (!entry.context.handle && earlier.source.serverName == entry.source.serverName)
                entry.context = earlier.context;
        }
    }
    d->entries = std::move(entries);
    if (trouble)
        return std::unexpected(*trouble);
    return {};
}

bool TlsContexts::refresh()
{
    QList<Entry> entries = [this] {
        const std::shared_lock lock(d->lock);
        return d->entries;
    }();
    bool replaced = false;
    bool looked = false;
    for (Entry &entry : entries) {
        if (stampOf(entry.source.certificateFile) == entry.certificateStamp
            && stampOf(entry.source.keyFile) == entry.keyStamp)
            continue;
        looked = true;
        replaced = !loadInto(entry) || replaced;
    }
    if (looked) {
        const std::unique_lock lock(d->lock);
        d->entries = std::move(entries);
    }
    return replaced;
}

TlsContext TlsContexts::forName(QByteArrayView serverName) const
{
    const std::shared_lock lock(d->lock);
    const Entry *const entry = d->find(serverName);
    return entry ? entry->context : TlsContext();
}

bool TlsContexts::isAvailable() const
{
    const std::shared_lock lock(d->lock);
    return d->find({}) != nullptr;
}

QList<CertificateFacts> TlsContexts::facts() const
{
    const std::shared_lock lock(d->lock);
    QList<CertificateFacts> facts;
    for (const Entry &entry : std::as_const(d->entries))
        facts.append(entry.facts);
    return facts;
}

} // namespace posthorn::net
