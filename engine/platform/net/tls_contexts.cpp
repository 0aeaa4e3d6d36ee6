#include "platform/net/tls_contexts.h"

#include "platform/net/der.h"

#include <QCryptographicHash>
#include <QFile>
#include <QFileInfo>
#include <QSslCertificateExtension>
#include <QSslKey>

#include <mutex>
#include <shared_mutex>

namespace posthorn::net {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 maxFileSize = 4 * 1024 * 1024;

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

struct Context
{
    CertificateSource source;
    Stamp certificateStamp, keyStamp;
    QSslConfiguration configuration;
    QByteArray endPointHash;
    CertificateFacts facts;
};

struct Loaded
{
    QList<QSslCertificate> chain;
    QSslKey key;
};

Result<QByteArray> readFile(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return fail(ErrorKind::NotFound, u"The file \"%1\" can't be read"_s.arg(path), file.errorString());
    if (file.size() > maxFileSize)
        return fail(ErrorKind::TooLarge, u"The file \"%1\" is too large for a certificate"_s.arg(path));
    return file.readAll();
}

bool isPkcs12(const QString &path)
{
    return path.endsWith(".p12"_L1, Qt::CaseInsensitive) || path.endsWith(".pfx"_L1, Qt::CaseInsensitive);
}

Result<Loaded> loadPkcs12(const CertificateSource &source)
{
    QFile file(source.certificateFile);
    if (!file.open(QIODevice::ReadOnly))
        return fail(ErrorKind::NotFound, u"The file \"%1\" can't be read"_s.arg(source.certificateFile),
                    file.errorString());
    Loaded loaded;
    QSslCertificate own;
    QList<QSslCertificate> others;
    if (!QSslCertificate::importPkcs12(&file, &loaded.key, &own, &others, source.password.toUtf8()))
        return fail(ErrorKind::Invalid,
                    u"\"%1\" is not a PKCS#12 file, or its password is wrong"_s.arg(source.certificateFile));
    loaded.chain = QList<QSslCertificate>{own} + others;
    return loaded;
}

QSslKey readKey(const QByteArray &pem, const QByteArray &password)
{
    for (const QSsl::KeyAlgorithm algorithm : {QSsl::Rsa, QSsl::Ec}) {
        if (QSslKey key(pem, algorithm, QSsl::Pem, QSsl::PrivateKey, password); !key.isNull())
            return key;
    }
    return {};
}

Result<Loaded> loadPem(const CertificateSource &source)
{
    const Result<QByteArray> certificates = readFile(source.certificateFile);
    if (!certificates)
        return std::unexpected(certificates.error());
    const QString keyFile = source.keyFile.isEmpty() ? source.certificateFile : source.keyFile;
    const Result<QByteArray> key = keyFile == source.certificateFile ? certificates : readFile(keyFile);
    if (!key)
        return std::unexpected(key.error());
    Loaded loaded{QSslCertificate::fromData(*certificates, QSsl::Pem), readKey(*key, source.password.toUtf8())};
    if (loaded.chain.isEmpty() || loaded.chain.first().isNull())
        return fail(ErrorKind::Invalid, u"There is no PEM certificate in \"%1\""_s.arg(source.certificateFile));
    if (loaded.key.isNull())
        return fail(ErrorKind::Invalid,
                    u"There is no RSA or elliptic-curve key in \"%1\", or its password is wrong"_s.arg(keyFile));
    return loaded;
}

Result<Loaded> load(const CertificateSource &source)
{
    Result<Loaded> loaded = isPkcs12(source.certificateFile) ? loadPkcs12(source) : loadPem(source);
    if (loaded && !keysMayMatch(loaded->chain.first().publicKey().toDer(), loaded->key.toDer()))
        return fail(ErrorKind::Invalid,
                    u"The key does not belong to the certificate in \"%1\""_s.arg(source.certificateFile));
    return loaded;
}

CertificateFacts factsOf(const CertificateSource &source, const QSslCertificate &certificate)
{
    CertificateFacts facts;
    facts.serverName = source.serverName;
    facts.file = source.certificateFile;
    facts.subject = certificate.subjectDisplayName();
    facts.issuer = certificate.issuerDisplayName();
    facts.names = certificate.subjectAlternativeNames().values(QSsl::DnsEntry);
    facts.notBefore = certificate.effectiveDate();
    facts.notAfter = certificate.expiryDate();
    facts.sha256 = certificate.digest(QCryptographicHash::Sha256);
    facts.selfSigned = certificate.isSelfSigned();
    return facts;
}

QSslConfiguration configurationOf(const Loaded &loaded)
{
    QSslConfiguration configuration;
    configuration.setProtocol(QSsl::TlsV1_2OrLater);
    configuration.setLocalCertificateChain(loaded.chain);
    configuration.setPrivateKey(loaded.key);
    configuration.setPeerVerifyMode(QSslSocket::VerifyNone);
    configuration.setCaCertificates({}); // clients aren't asked for certificates: spare each connection the system's list
    return configuration;
}

// False: it could not be loaded; what was there stays.
bool loadInto(Context &context)
{
    const CertificateSource &source = context.source;
    context.certificateStamp = stampOf(source.certificateFile);
    context.keyStamp = stampOf(source.keyFile);
    const Result<Loaded> loaded = load(source);
    if (!loaded) {
        context.facts.serverName = source.serverName;
        context.facts.file = source.certificateFile;
        context.facts.error = loaded.error().text;
        return false;
    }
    context.configuration = configurationOf(*loaded);
    context.endPointHash = endPointHashOf(loaded->chain.first().toDer());
    context.facts = factsOf(source, loaded->chain.first());
    return true;
}

bool covers(QByteArrayView pattern, QByteArrayView name)
{
    if (!pattern.startsWith("*."))
        return !pattern.isEmpty() && pattern == name;
    const qsizetype dot = name.indexOf('.');
    return dot > 0 && name.sliced(dot) == pattern.sliced(1);
}

} // namespace

struct TlsContexts::Private
{
    // The one of that very name, else of a wildcard, else the default, else any.
    [[nodiscard]] const Context *find(QByteArrayView serverName) const
    {
        const QByteArray name = serverName.toByteArray().toLower();
        const Context *wild = nullptr, *initial = nullptr, *any = nullptr;
        for (const Context &context : contexts) {
            const QByteArray &pattern = context.source.serverName;
            if (context.configuration.localCertificateChain().isEmpty())
                continue;
            if (pattern == name && !name.isEmpty())
                return &context;
            any = any ? any : &context;
            if (pattern.isEmpty())
                initial = &context;
            else if (covers(pattern, name))
                wild = &context;
        }
        return wild ? wild : initial ? initial : any;
    }

    mutable std::shared_mutex lock;
    QList<Context> contexts; // guarded by lock
};

TlsContexts::TlsContexts() : d(std::make_unique<Private>()) {}
TlsContexts::~TlsContexts() = default;

Result<void> TlsContexts::setSources(QList<CertificateSource> sources)
{
    QList<Context> contexts;
    QStringList errors;
    for (CertificateSource &source : sources) {
        source.serverName = source.serverName.toLower();
        Context context;
        context.source = std::move(source);
        if (!loadInto(context))
            errors.append(context.facts.error);
        contexts.append(std::move(context));
    }
    const std::unique_lock lock(d->lock);
    for (Context &context : contexts) { // an earlier good one of the same name and file stays in use
        if (context.facts.error.isEmpty())
            continue;
        for (const Context &earlier : std::as_const(d->contexts)) {
            if (earlier.source.serverName == context.source.serverName) {
                context.configuration = earlier.configuration;
                context.endPointHash = earlier.endPointHash;
            }
        }
    }
    d->contexts = std::move(contexts);
    if (!errors.isEmpty())
        return fail(ErrorKind::Invalid, errors.first(), errors.join(u"; "_s));
    return {};
}

bool TlsContexts::refresh()
{
    QList<Context> contexts = [this] {
        const std::shared_lock lock(d->lock);
        return d->contexts;
    }();
    bool replaced = false;
    bool looked = false;
    for (Context &context : contexts) {
        if (stampOf(context.source.certificateFile) == context.certificateStamp
            && stampOf(context.source.keyFile) == context.keyStamp)
            continue;
        looked = true;
        replaced = loadInto(context) || replaced;
    }
    if (looked) {
        const std::unique_lock lock(d->lock);
        d->contexts = std::move(contexts);
    }
    return replaced;
}

QSslConfiguration TlsContexts::forName(QByteArrayView serverName) const
{
    const std::shared_lock lock(d->lock);
    const Context *const context = d->find(serverName);
    return context ? context->configuration : QSslConfiguration();
}

QByteArray TlsContexts::endPointHash(QByteArrayView serverName) const
{
    const std::shared_lock lock(d->lock);
    const Context *const context = d->find(serverName);
    return context ? context->endPointHash : QByteArray();
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
    for (const Context &context : std::as_const(d->contexts))
        facts.append(context.facts);
    return facts;
}

} // namespace posthorn::net
