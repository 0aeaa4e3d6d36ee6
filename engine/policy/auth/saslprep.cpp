#include "policy/auth/saslprep.h"

#include <QChar>
#include <QList>

#include <algorithm>
#include <iterator>

namespace posthorn::auth {

namespace {

struct Range
{
    char32_t first;
    char32_t last;
};

// RFC 3454 B.1: commonly mapped to nothing. U+200B is in C.1.2 too; nothing wins.
constexpr Range nothing[] = {{0xAD, 0xAD},     {0x34F, 0x34F},   {0x1806, 0x1806}, {0x180B, 0x180D},
                             {0x200B, 0x200D}, {0x2060, 0x2060}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}};

// RFC 3454 C.1.2: spaces that are not ASCII's, mapped to it.
constexpr Range spaces[] = {{0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200B},
                            {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};

// RFC 3454 C.2.1 and C.2.2 (controls), C.3 (private use), C.4 (non-characters, here those of plane 0), C.5 (surrogates),
// C.6 and C.7 (unfit for plain text), C.8 (display properties), C.9 (tags); C.1.2 is in `spaces`. Ascending.
constexpr Range prohibited[] = {
    {0x0, 0x1F},         {0x7F, 0x9F},       {0x340, 0x341},     {0x6DD, 0x6DD},         {0x70F, 0x70F},
    {0x180E, 0x180E},    {0x200C, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x2063},       {0x206A, 0x206F},
    {0x2FF0, 0x2FFB},    {0xD800, 0xDFFF},   {0xE000, 0xF8FF},   {0xFDD0, 0xFDEF},       {0xFEFF, 0xFEFF},
    {0xFFF9, 0xFFFF},    {0x1D173, 0x1D17A}, {0xE0001, 0xE0001}, {0xE0020, 0xE007F},     {0xF0000, 0xFFFFD},
    {0x100000, 0x10FFFD}};

template<size_t N>
bool isIn(const Range (&ranges)[N], char32_t c)
{
    const Range *const at = std::ranges::lower_bound(ranges, c, {}, &Range::last);
    return at != std::end(ranges) && c >= at->first;
}

bool isProhibited(char32_t c)
{
    return isIn(prohibited, c) || isIn(spaces, c) || (c & 0xFFFE) == 0xFFFE;
}

QString mapped(QStringView text)
{
    QString out;
    out.reserve(text.size());
    // All that is mapped lies in plane 0.
    for (const QChar c : text) {
        if (isIn(nothing, c.unicode()))
            continue;
        out += isIn(spaces, c.unicode()) ? QChar(u' ') : c;
    }
    return out;
}

bool isRightToLeft(char32_t c)
{
    const auto direction = QChar::direction(c);
    return direction == QChar::DirR || direction == QChar::DirAL;
}

// RFC 3454 §6: with any RandALCat there is no LCat, and both ends are RandALCat.
bool mixesDirections(const QList<uint> &text)
{
    if (std::ranges::none_of(text, isRightToLeft))
        return false;
    return std::ranges::any_of(text, [](char32_t c) { return QChar::direction(c) == QChar::DirL; })
        || !isRightToLeft(text.first()) || !isRightToLeft(text.last());
}

bool isPlain(char16_t c)
{
    return c >= 0x20 && c < 0x7F;
}

} // namespace

std::optional<QString> saslPrep(QStringView text)
{
    if (std::ranges::all_of(text, [](QChar c) { return isPlain(c.unicode()); }))
        return text.toString();
    if (!text.isValidUtf16())
        return std::nullopt;
    QString out = mapped(text).normalized(QString::NormalizationForm_KC, QChar::Unicode_3_2);
    const QList<uint> points = out.toUcs4();
    if (std::ranges::any_of(points, isProhibited) || mixesDirections(points))
        return std::nullopt;
    return out;
}

std::optional<QByteArray> saslPrep(const QByteArray &utf8)
{
    if (std::ranges::all_of(utf8, [](char c) { return isPlain(quint8(c)); }))
        return utf8;
    if (!utf8.isValidUtf8())
        return std::nullopt;
    const auto out = saslPrep(QString::fromUtf8(utf8));
    return out ? std::optional(out->toUtf8()) : std::nullopt;
}

} // namespace posthorn::auth
