#include "core/result.h"

namespace posthorn {

QLatin1StringView nameOf(ErrorKind kind)
{
    using namespace Qt::StringLiterals;
    switch (kind) {
    case ErrorKind::NotFound: return "not-found"_L1;
    case ErrorKind::Exists: return "exists"_L1;
    case ErrorKind::Denied: return "denied"_L1;
    case ErrorKind::Invalid: return "invalid"_L1;
    case ErrorKind::TooLarge: return "too-large"_L1;
    case ErrorKind::OverQuota: return "over-quota"_L1;
    case ErrorKind::Unavailable: return "unavailable"_L1;
    case ErrorKind::Uncertain: return "uncertain"_L1;
    case ErrorKind::Internal: return "internal"_L1;
    }
    return "internal"_L1;
}

} // namespace posthorn
