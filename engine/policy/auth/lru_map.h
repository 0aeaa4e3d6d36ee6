// A map that holds at most so many values and forgets the one not used for longest. Not thread-safe.
#pragma once

#include <QHash>

#include <list>
#include <utility>

namespace posthorn::auth {

template<typename Key, typename Value>
class LruMap
{
public:
    explicit LruMap(qsizetype limit) : m_limit(limit) {}

    // Null when there is none. A found value counts as used. Valid until the next insertion.
    [[nodiscard]] Value *find(const Key &key)
    {
        const auto at = m_places.constFind(key);
        if (at == m_places.cend())
            return nullptr;
        m_values.splice(m_values.begin(), m_values, *at);
        return &m_values.front().second;
    }
    // The value of `key`, made when there is none.
    Value &operator[](const Key &key)
    {
        if (Value *const known = find(key))
            return *known;
        if (m_places.size() >= m_limit && !m_values.empty())
            remove(Key(m_values.back().first));
        m_values.emplace_front(key, Value{});
        m_places.insert(key, m_values.begin());
        return m_values.front().second;
    }
    void remove(const Key &key)
    {
        const auto at = m_places.constFind(key);
        if (at == m_places.cend())
            return;
        m_values.erase(*at);
        m_places.erase(at);
    }
    [[nodiscard]] qsizetype size() const { return m_places.size(); }

private:
    qsizetype m_limit;
    std::list<std::pair<Key, Value>> m_values; // the one used last is first
    QHash<Key, typename std::list<std::pair<Key, Value>>::iterator> m_places;
};

} // namespace posthorn::auth
