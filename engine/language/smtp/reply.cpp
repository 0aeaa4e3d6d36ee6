#include "language/smtp/reply.h"

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype longestLine = 512; // with code and CRLF, RFC 5321 §4.5.3.1.5

// At a space if there is one in the second half, never within a UTF-8 sequence.
qsizetype breakPoint(QByteArrayView text, qsizetype room)
{
    if (text.size() <= room)
        return text.size();
    const qsizetype space = text.first(room).lastIndexOf(' ');
    if (space > room / 2)
        return space;
    qsizetype end = room;
    while (end > room - 4 && (uchar(text[end]) & 0xc0) == 0x80)
        --end;
    return end;
}

void appendLine(QByteArray &out, const Reply &reply, QByteArrayView text, bool last)
{
    const int code = std::clamp(reply.code, 200, 599);
    const char head[] = {char('0' + code / 100), char('0' + code / 10 % 10), char('0' + code % 10), last ? ' ' : '-'};
    out.append(head, 4);
    if (!reply.enhanced.isEmpty()) {
        out.append(reply.enhanced);
        if (!text.isEmpty())
            out.append(' ');
    }
    const qsizetype from = out.size();
    out.append(text);
    // A control character in a text that came from elsewhere must not end the line early.
    std::replace_if(out.begin() + from, out.end(), [](char c) { return uchar(c) < ' ' || c == 0x7f; }, '?');
    out.append("\r\n", 2);
}

} // namespace

void Reply::appendTo(QByteArray &out) const
{
    QByteArrayView left(text);
    const qsizetype room = longestLine - 6 - (enhanced.isEmpty() ? 0 : enhanced.size() + 1);
    for (;;) {
        const qsizetype newLine = left.indexOf('\n');
        const QByteArrayView line = newLine < 0 ? left : left.first(newLine);
        const qsizetype end = breakPoint(line, room);
        const bool last = newLine < 0 && end == line.size();
        appendLine(out, *this, line.first(end), last);
        if (last)
            return;
        left = left.sliced(end);
        if (left.startsWith('\n') || left.startsWith(' '))
            left = left.sliced(1);
    }
}

QByteArray Reply::toBytes() const
{
    QByteArray out;
    appendTo(out);
    return out;
}

Reply replyFor(const Error &error)
{
    const auto with = [&](int code, QByteArray enhanced, const QByteArray &otherwise) {
        return Reply{code, std::move(enhanced), error.text.isEmpty() ? otherwise : error.text.toUtf8()};
    };
    switch (error.kind) {
    case ErrorKind::NotFound: return with(550, "5.1.1"_ba, "No such address here"_ba);
    case ErrorKind::Exists: return with(550, "5.5.0"_ba, "It is there already"_ba);
    case ErrorKind::Denied: return with(550, "5.7.1"_ba, "Not allowed"_ba);
    case ErrorKind::Invalid: return with(550, "5.6.0"_ba, "The message can't be processed"_ba);
    case ErrorKind::TooLarge: return with(552, "5.3.4"_ba, "Message too big"_ba);
    case ErrorKind::OverQuota: return with(552, "5.2.2"_ba, "Mailbox full"_ba);
    case ErrorKind::Unavailable:
    case ErrorKind::Uncertain:
    case ErrorKind::Internal: break;
    }
    return with(451, "4.3.0"_ba, "Temporary trouble here, please try again later"_ba);
}

} // namespace posthorn::smtp
