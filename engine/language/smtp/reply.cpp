#include "language/smtp/reply.h"

namespace posthorn::smtp {

QByteArray Reply::toBytes() const
{
    QByteArray out;
    const QByteArray number = QByteArray::number(code);
    const QList<QByteArray> lines = text.split('\n');
    for (qsizetype i = 0; i < lines.size(); ++i) {
        out += number + (i + 1 < lines.size() ? '-' : ' ');
        if (!enhanced.isEmpty())
            out += enhanced + ' ';
        out += lines[i].left(500) + "\r\n";
    }
    return out;
}

Reply replyFor(const Error &error)
{
    const QByteArray text = error.text.toUtf8();
    switch (error.kind) {
    case ErrorKind::NotFound: return {550, "5.1.1", text};
    case ErrorKind::Exists:
    case ErrorKind::Denied: return {550, "5.7.1", text};
    case ErrorKind::Invalid: return {501, "5.5.4", text};
    case ErrorKind::TooLarge: return {552, "5.3.4", text};
    case ErrorKind::OverQuota: return {452, "4.2.2", "Mailbox full, please try again later"};
    case ErrorKind::Unavailable: return {451, "4.3.0", "Temporary trouble here, please try again later"};
    case ErrorKind::Uncertain: return {451, "4.3.0", "The outcome is not known, please try again"};
    case ErrorKind::Internal: return {451, "4.3.0", "Internal trouble here, please try again later"};
    }
    return {451, "4.3.0", "Please try again later"};
}

} // namespace posthorn::smtp
