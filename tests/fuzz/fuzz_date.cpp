// Any octets are a date or not; a date survives being written and read.
#include "language/message/date.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

using namespace posthorn::message;

namespace {

void require(bool truth)
{
    if (!truth)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArrayView field(reinterpret_cast<const char *>(data), qsizetype(size));
    if (const std::optional<Date> date = parseDate(field)) {
        require(date->offsetMinutes > -1440 && date->offsetMinutes < 1440);
        const qint64 inside = 62'000'000'000; // far enough from both ends of four-digit years
        if (date->seconds > -inside && date->seconds < 4 * inside)
            require(parseDate(formatDate(date->seconds, date->offsetMinutes)) == date);
    }
    if (size >= 12) {
        qint64 seconds = 0;
        int offset = 0;
        std::memcpy(&seconds, data, 8);
        std::memcpy(&offset, data + 8, 4);
        const QByteArray text = formatDate(seconds, offset);
        require(text.size() == 31 && parseDate(text).has_value());
    }
    return 0;
}
