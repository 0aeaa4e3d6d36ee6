// Small pieces of the SMTP wire format: xtext (RFC 3461 §4), parameters (RFC 5321 §4.1.2), base64 (RFC 4954 §4).
#pragma once

#include <QByteArray>
#include <QByteArrayView>

#include <optional>

namespace posthorn::smtp {

// Nothing when it is no xtext. The result may hold any octet.
[[nodiscard]] std::optional<QByteArray> decodeXtext(QByteArrayView text);
[[nodiscard]] QByteArray encodeXtext(QByteArrayView text);

// The utf-8-addr-xtext of RFC 6533 §3: ASCII or UTF-8 as it is, code points as "\x{20AC}".
[[nodiscard]] std::optional<QByteArray> decodeUtf8AddressXtext(QByteArrayView text);
// In ASCII; what is no UTF-8 becomes U+FFFD.
[[nodiscard]] QByteArray encodeUtf8AddressXtext(QByteArrayView address);

// "=" is the empty string (RFC 4954 §4). Strict: nothing when there is an octet that does not belong.
[[nodiscard]] std::optional<QByteArray> decodeBase64(QByteArrayView text);

// Where the first word of `text` ends: at the first space or tab, or at the end.
[[nodiscard]] qsizetype wordEnd(QByteArrayView text);

// One esmtp-param: KEYWORD or KEYWORD=value. `value` is null when there is no '='.
struct Parameter
{
    QByteArrayView keyword;
    QByteArrayView value;
    bool hasValue = false;
};

// Takes the next parameter off `text`, skipping spaces before it. Nothing at the end, with `text` empty, and nothing
// at a syntax error, with `text` not empty.
[[nodiscard]] std::optional<Parameter> takeParameter(QByteArrayView &text);

} // namespace posthorn::smtp
