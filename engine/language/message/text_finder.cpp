#include "language/message/text_finder.h"

#include "language/message/lexical.h"

#include <algorithm>
#include <cstring>

namespace posthorn::message {

namespace {

constexpr char folded(char c)
{
    return lowerAscii(c);
}

constexpr char16_t folded(char16_t c)
{
    return c;
}

} // namespace

template<typename Char>
TextFinder<Char>::TextFinder(std::span<const Char> needle)
    : m_needle(needle.begin(), needle.end()), m_borders(needle.size() + 1, 0)
{
    const qsizetype count = size();
    m_skip.fill(count);
    for (qsizetype i = 0; i + 1 < count; ++i) {
        const Char c = m_needle[size_t(i)];
        m_skip[uchar(c)] = count - 1 - i;
        if (sizeof(Char) == 1 && uchar(c) >= 'a' && uchar(c) <= 'z')
            m_skip[uchar(c) - 32u] = count - 1 - i;
    }
    for (size_t i = 1, border = 0; i < m_needle.size(); ++i) {
        while (border > 0 && m_needle[i] != m_needle[border])
            border = size_t(m_borders[border]);
        border += m_needle[i] == m_needle[border] ? 1 : 0;
        m_borders[i + 1] = qsizetype(border);
    }
}

template<typename Char>
qsizetype TextFinder<Char>::findOneChar(std::span<const Char> text) const
{
    const auto at = std::ranges::find_if(text, [wanted = m_needle[0]](Char c) { return folded(c) == wanted; });
    return at == text.end() ? -1 : at - text.begin();
}

template<typename Char>
qsizetype TextFinder<Char>::findLinear(std::span<const Char> text, qsizetype from) const
{
    size_t matched = 0;
    for (size_t at = size_t(from); at < text.size(); ++at) {
        const Char c = folded(text[at]);
        while (matched > 0 && m_needle[matched] != c)
            matched = size_t(m_borders[matched]);
        matched += m_needle[matched] == c ? 1 : 0;
        if (matched == m_needle.size())
            return qsizetype(at + 1 - matched);
    }
    return -1;
}

template<typename Char>
qsizetype TextFinder<Char>::find(std::span<const Char> text) const
{
    const qsizetype count = size();
    const qsizetype end = qsizetype(text.size());
    if (count == 0)
        return 0;
    if (count == 1)
        return findOneChar(text);
    const Char *from = text.data();
    const Char *needle = m_needle.data();
    const Char last = needle[count - 1];
    qsizetype budget = 4 * end + 64; // of characters compared in vain
    for (qsizetype at = count - 1; at < end;) {
        const Char c = from[at];
        if (folded(c) == last) {
            const qsizetype start = at - count + 1;
            qsizetype same = 0;
            while (same < count - 1 && folded(from[start + same]) == needle[same])
                ++same;
            if (same == count - 1)
                return start;
            budget -= same;
            if (budget < 0)
                return findLinear(text, start);
        }
        at += skipOf(c);
    }
    return -1;
}

template class TextFinder<char>;
template class TextFinder<char16_t>;

} // namespace posthorn::message
