// Finds one string in many texts: Horspool's algorithm, which skips most of a text, and Knuth-Morris-Pratt's where a
// text is made to slow that down. So the time is linear whatever needle and text are.
#pragma once

#include <QByteArray>
#include <QString>

#include <array>
#include <span>
#include <vector>

namespace posthorn::message {

// Char is `char` with letters of ASCII alike in both cases, or `char16_t` compared as it is.
template<typename Char>
class TextFinder
{
public:
    TextFinder() = default;
    explicit TextFinder(std::span<const Char> needle); // of char: in lower case

    // Where the needle starts in `text`, -1 when nowhere. An empty needle is everywhere.
    [[nodiscard]] qsizetype find(std::span<const Char> text) const;

    [[nodiscard]] qsizetype size() const { return qsizetype(m_needle.size()); }

private:
    [[nodiscard]] qsizetype findOneChar(std::span<const Char> text) const;
    [[nodiscard]] qsizetype findLinear(std::span<const Char> text, qsizetype from) const;
    [[nodiscard]] qsizetype skipOf(Char c) const { return m_skip[uchar(c)]; }

    std::vector<Char> m_needle;
    std::vector<qsizetype> m_borders; // of Knuth, Morris and Pratt
    std::array<qsizetype, 256> m_skip{};
};

extern template class TextFinder<char>;
extern template class TextFinder<char16_t>;

} // namespace posthorn::message
