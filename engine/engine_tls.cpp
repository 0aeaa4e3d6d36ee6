// The engine's certificates: which they are, and what serves while one can't be read.
#include "engine_private.h"

#include "platform/crypto/self_signed.h"

#include <QFile>
#include <QFileInfo>

namespace posthorn {

Result<void> Engine::Private::makeOwnCertificate(const QString &file)
{
    const QString folder = QFileInfo(file).path();
    if (const auto made = system::makePrivateDirectory(folder); !made)
        return made;
    const auto pair = crypto::makeSelfSigned(QString::fromUtf8(hostName()), {u"localhost"_s}, 3650);
    if (!pair)
        return std::unexpected(pair.error());
    if (const auto written = crypto::writePem(*pair, file); !written)
        return written;
    Event event{EventKind::CertificateMade};
    event.with(EventField::Name, hostName()).with(EventField::File, file);
    tell(std::move(event));
    return {};
}

Result<QList<net::CertificateSource>> Engine::Private::certificateSources()
{
    const SettingsPointer now = settings.get();
    net::CertificateSource initial{{}, now->text("tls.certificate"_L1), now->text("tls.key"_L1),
                                   now->text("tls.key_password"_L1)};
    if (initial.certificateFile.isEmpty()) {
        initial = ownCertificate();
        if (!QFile::exists(initial.certificateFile)) {
            if (const auto made = makeOwnCertificate(initial.certificateFile); !made)
                return std::unexpected(made.error());
        }
    }
    QList<net::CertificateSource> sources{initial};
    const auto domains = store->readNow<QList<store::Domain>>(store::Accounts::domains);
    if (!domains)
        return std::unexpected(domains.error());
    for (const store::Domain &domain : *domains) {
        if (!domain.certificateFile.isEmpty())
            sources += {domain.name.toLatin1(), domain.certificateFile, domain.keyFile, {}};
    }
    return sources;
}

net::CertificateSource Engine::Private::ownCertificate() const
{
    return {{}, options.dataDirectory + u"/tls/self-signed.pem"_s, {}, {}};
}

// A certificate that can't be read is told and never keeps mail out: the own one stands in for it until it can be.
Result<void> Engine::Private::setUpTls()
{
    if (!tls)
        tls = std::make_shared<net::TlsContexts>();
    auto sources = certificateSources();
    if (!sources)
        return std::unexpected(sources.error());
    if (*sources == certificatesInUse)
        return {};
    certificatesInUse = *sources;
    standIn = !tls->setSources(*sources) && !tls->forName({}).handle;
    tellCertificates();
    if (!standIn)
        return {};
    sources->front() = ownCertificate();
    if (!QFile::exists(sources->front().certificateFile)) {
        if (const auto made = makeOwnCertificate(sources->front().certificateFile); !made)
            return made;
    }
    (void)tls->setSources(*sources); // the others' faults are told
    return {};
}

void Engine::Private::refreshTls()
{
    if (standIn) {
        const auto sources = certificateSources();
        if (!sources || !QFile::exists(sources->front().certificateFile))
            return;
        certificatesInUse.clear();
        (void)setUpTls();
    } else if (tls->refresh()) {
        Event event{EventKind::CertificateLoaded};
        event.with(EventField::Reason, u"the file changed"_s);
        tell(std::move(event));
    }
}

void Engine::Private::tellCertificates()
{
    for (const net::CertificateFacts &facts : tls->facts()) {
        Event event{facts.error.isEmpty() ? EventKind::CertificateLoaded : EventKind::CertificateFailed};
        event.with(EventField::Name, facts.serverName).with(EventField::File, facts.file)
            .with(EventField::Reason, facts.error);
        tell(std::move(event));
    }
}

} // namespace posthorn
