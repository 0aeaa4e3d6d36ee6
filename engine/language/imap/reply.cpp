#include "language/imap/reply.h"

namespace posthorn::imap {

namespace {

QByteArray codeFor(ErrorKind kind, Missing missing)
{
    switch (kind) {
    case ErrorKind::NotFound:
        return missing == Missing::Target ? "TRYCREATE" : "NONEXISTENT";
    case ErrorKind::Exists:
        return "ALREADYEXISTS";
    case ErrorKind::Denied:
        return "NOPERM";
    case ErrorKind::Invalid:
        return "CANNOT";
    case ErrorKind::TooLarge:
        return "TOOBIG";
    case ErrorKind::OverQuota:
        return "OVERQUOTA";
    case ErrorKind::Unavailable:
    case ErrorKind::Uncertain:
        return "UNAVAILABLE";
    case ErrorKind::Internal:
        break;
    }
    return "SERVERBUG";
}

QByteArray textFor(ErrorKind kind)
{
    switch (kind) {
    case ErrorKind::NotFound:
        return "No such mailbox";
    case ErrorKind::Exists:
        return "It exists already";
    case ErrorKind::Denied:
        return "Permission denied";
    case ErrorKind::Invalid:
        return "That can't be done";
    case ErrorKind::TooLarge:
        return "Too large";
    case ErrorKind::OverQuota:
        return "Over quota";
    case ErrorKind::Unavailable:
        return "Temporarily unavailable, try again later";
    case ErrorKind::Uncertain:
        return "It is not certain that this was done, look before trying again";
    case ErrorKind::Internal:
        break;
    }
    return "Internal error, try again later";
}

} // namespace

QByteArray plainText(QStringView text)
{
    QByteArray plain;
    for (const QChar c : text.first(std::min<qsizetype>(text.size(), 200)))
        plain += c.unicode() >= 32 && c.unicode() < 127 ? char(c.unicode()) : '?';
    // A text that begins with a bracket would be taken for a response code.
    return plain.startsWith('[') ? plain.sliced(1) : plain;
}

Reply replyFor(const Error &error, Missing missing)
{
    QByteArray text = plainText(error.text).trimmed();
    if (text.isEmpty())
        text = textFor(error.kind);
    if (error.offset >= 0) // it is the command that is wrong
        return {Reply::Status::Bad, {}, text};
    return {Reply::Status::No, codeFor(error.kind, missing), text};
}

QByteArray tagged(QByteArrayView tag, const Reply &reply)
{
    QByteArray line;
    line.reserve(tag.size() + reply.code.size() + reply.text.size() + 12);
    line += tag;
    line += reply.status == Reply::Status::Ok ? " OK " : reply.status == Reply::Status::No ? " NO " : " BAD ";
    if (!reply.code.isEmpty())
        line += '[' + reply.code + "] ";
    return line + reply.text + "\r\n";
}

} // namespace posthorn::imap
