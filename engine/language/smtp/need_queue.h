// Needs on their way to the service, and the one that waits for its answer.
#pragma once

#include "language/smtp/needs.h"

#include <vector>

namespace posthorn::smtp {

template<typename N>
class NeedQueueOf
{
public:
    // A need that wants an answer; there is only one at a time.
    template<typename T>
    void ask(T what)
    {
        Q_ASSERT(!isAsking());
        m_asking = tell(std::move(what));
    }
    // One that wants none.
    template<typename T>
    NeedId tell(T what)
    {
        m_needs.push_back(N{++m_lastId, std::move(what)});
        return m_lastId;
    }
    // The answer does not matter any more.
    void forget() { m_asking = 0; }
    // True, once, when `id` is what was asked.
    [[nodiscard]] bool take(NeedId id)
    {
        const bool expected = id != 0 && id == m_asking;
        if (expected)
            m_asking = 0;
        return expected;
    }
    [[nodiscard]] bool isAsking() const { return m_asking != 0; }

    [[nodiscard]] std::optional<N> next()
    {
        if (m_next == m_needs.size())
            return std::nullopt;
        std::optional<N> need(std::move(m_needs[m_next++]));
        if (m_next == m_needs.size()) {
            m_needs.clear();
            m_next = 0;
        }
        return need;
    }

private:
    std::vector<N> m_needs;
    size_t m_next = 0;
    NeedId m_lastId = 0;
    NeedId m_asking = 0;
};

using NeedQueue = NeedQueueOf<Need>;

} // namespace posthorn::smtp
