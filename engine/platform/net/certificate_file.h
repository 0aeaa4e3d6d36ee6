// Reads certificate files and makes TLS contexts of them. All of OpenSSL's loading stands here.
#pragma once

#include "platform/net/tls_contexts.h"

namespace posthorn::net {

struct LoadedCertificate
{
    TlsContext context;
    CertificateFacts facts;
};

// NotFound: a file can't be read. Invalid: what is in it is of no use, and why; the key of another certificate is found
// out here, not by the first client.
[[nodiscard]] Result<LoadedCertificate> loadCertificate(const CertificateSource &source);

} // namespace posthorn::net
