// The one table of checks: to add or remove one is a row here and a file in checks/.
#include "policy/filter/check.h"
#include "policy/filter/checks/header_sanity.h"
#include "policy/filter/checks/loop.h"

namespace posthorn::filter {

CheckList allChecks()
{
    static const auto list = std::make_shared<const std::vector<std::shared_ptr<const Check>>>(
        std::vector<std::shared_ptr<const Check>>{
            std::make_shared<const LoopCheck>(),
            std::make_shared<const HeaderSanityCheck>(),
        });
    return list;
}

} // namespace posthorn::filter
