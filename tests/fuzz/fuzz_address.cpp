// Any octets are an address list without line ends in it; what is a strict address survives being written and read.
#include "language/message/address.h"

#include <cstdint>
#include <cstdlib>

using namespace posthorn;
using namespace posthorn::message;

namespace {

void require(bool truth)
{
    if (!truth)
        std::abort();
}

void checkEntry(const Address &address)
{
    for (const QByteArray &text : {address.displayName, address.route, address.localPart, address.domain})
        require(!text.contains('\r') && !text.contains('\n') && !text.contains('\0'));
    const QByteArray written = formatAddress(address);
    require(!QByteArray(written).replace("\r\n ", "").contains('\n'));
    if (address.groupStart || address.groupEnd || !address.route.isEmpty())
        return;
    const Result<Address> strict = parseAddrSpec(formatAddrSpec(address));
    if (!strict)
        return;
    const QList<Address> again = parseAddressList(written);
    require(again.size() == 1 && again[0].localPart == address.localPart && again[0].domain == address.domain);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArrayView field(reinterpret_cast<const char *>(data), qsizetype(size));
    const QList<Address> list = parseAddressList(field);
    bool inGroup = false;
    for (const Address &address : list) {
        require(!(address.groupStart && inGroup) && (!address.groupEnd || inGroup));
        inGroup = address.groupStart || (inGroup && !address.groupEnd);
        checkEntry(address);
    }
    require(!inGroup);
    require(parseAddressList(field, 3).size() <= 3);
    (void)formatAddressList(list);

    if (const Result<Address> address = parseAddrSpec(field)) {
        const Result<Address> again = parseAddrSpec(formatAddrSpec(*address));
        require(again && *again == *address);
        const QByteArray ascii = domainToAscii(address->domain);
        require(!ascii.isEmpty() && domainToAscii(ascii) == ascii);
    }
    (void)domainToUnicode(field);
    return 0;
}
