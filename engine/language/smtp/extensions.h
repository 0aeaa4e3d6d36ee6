// The table of service extensions (RFC 5321 §2.2): what EHLO lists, and which commands and parameters there are.
#pragma once

#include "language/smtp/server_machine.h"

#include <span>

namespace posthorn::smtp {

enum class Extension : quint8 {
    None, // belongs to the protocol itself
    Pipelining,
    Size,
    EightBitMime,
    BinaryMime,
    Chunking,
    Burl,
    SmtpUtf8,
    Dsn,
    EnhancedStatusCodes,
    Auth,
    StartTls,
    RequireTls,
    Limits,
    Help,
};

// What decides on an offer at one moment of a session.
struct Offer
{
    const ServerConfig &config;
    bool tls = false;
    bool smtpUtf8 = false; // of the transaction under way
    bool authenticated = false;
};

struct ExtensionRow
{
    Extension extension;
    const char *keyword;
    bool (*isOffered)(const Offer &);
    void (*writeParameters)(const Offer &, QByteArray &out); // each with a space before it; may be null
};

[[nodiscard]] std::span<const ExtensionRow> extensions();
[[nodiscard]] bool isOffered(Extension extension, const Offer &offer);
// The text of the reply to EHLO, a line for each extension offered.
[[nodiscard]] QByteArray ehloText(const Offer &offer);

// May this mechanism (upper case) be used now? PLAIN and LOGIN show the password and want TLS.
[[nodiscard]] bool isMechanismOffered(QByteArrayView mechanism, const Offer &offer);
// Would it be with TLS?
[[nodiscard]] bool isMechanismKnown(QByteArrayView mechanism, const ServerConfig &config);

} // namespace posthorn::smtp
