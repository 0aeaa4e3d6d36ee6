#include "platform/store/mailbox_names.h"

#include <QList>

namespace posthorn::store {

using namespace Qt::StringLiterals;

static constexpr qsizetype maxNameLength = 1'000; // characters
static constexpr qsizetype maxPartLength = 255;
static constexpr qsizetype maxDepth = 50;

QString properName(const QString &name)
{
    QString proper = name.normalized(QString::NormalizationForm_C); // RFC 9051 §5.1
    if (proper.size() > 1 && proper.endsWith(u'/'))
        proper.chop(1);
    if (proper.startsWith("INBOX"_L1, Qt::CaseInsensitive) && (proper.size() == 5 || proper.at(5) == u'/'))
        proper.replace(0, 5, u"INBOX"_s);
    return proper;
}

Result<void> checkName(const QString &name)
{
    if (name.size() > maxNameLength || name.count(u'/') >= maxDepth)
        return fail(ErrorKind::Invalid, u"The mailbox name is too long"_s);
    if (!name.isValidUtf16())
        return fail(ErrorKind::Invalid, u"The mailbox name is not text"_s);
    for (const QStringView part : QStringView(name).split(u'/')) {
        if (part.isEmpty())
            return fail(ErrorKind::Invalid, u"A part of the mailbox name is empty"_s);
        if (part.size() > maxPartLength)
            return fail(ErrorKind::Invalid, u"A part of the mailbox name is too long"_s);
        for (const QChar c : part) {
            // RFC 6855 §3
            if (c.category() == QChar::Other_Control || c == QChar::LineSeparator || c == QChar::ParagraphSeparator)
                return fail(ErrorKind::Invalid, u"The mailbox name has control characters"_s);
        }
    }
    return {};
}

} // namespace posthorn::store
