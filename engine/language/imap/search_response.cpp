#include "language/imap/search_response.h"

#include "language/imap/number_set.h"
#include "language/imap/output.h"
#include "language/imap/session.h"

namespace posthorn::imap {

namespace {

// In the order of the numbers.
QByteArray setOf(const QList<quint32> &numbers)
{
    QList<UidRange> ranges;
    for (const quint32 number : numbers)
        addUid(ranges, number);
    return setText(ranges);
}

void add(QByteArray &out, const char *name, quint64 number)
{
    out += name;
    appendNumber(out, number);
}

} // namespace

QList<Uid> shownOf(const ReturnOptions &returns, const QList<Uid> &found)
{
    if (returns.all || returns.count || found.isEmpty() || !(returns.minimum || returns.maximum || returns.partial))
        return found;
    QList<Uid> uids;
    if (returns.minimum)
        uids += found.first();
    if (returns.maximum)
        uids += found.last();
    if (returns.partial) {
        const auto [begin, end] = returns.partial->within(found.size());
        uids += found.sliced(begin, end - begin);
    }
    return uids;
}

void appendSearchResult(QByteArray &out, const ReturnOptions &returns, const SearchResult &result)
{
    const QList<quint32> &numbers = result.numbers;
    if (returns.onlySaves())
        return;
    out += "* ESEARCH (" + result.correlator + (result.uids ? ") UID" : ")");
    if (returns.minimum && !numbers.isEmpty())
        add(out, " MIN ", numbers.first());
    if (returns.maximum && !numbers.isEmpty())
        add(out, " MAX ", numbers.last());
    if ((returns.all || !returns.given) && !numbers.isEmpty())
        out += " ALL " + setOf(numbers);
    if (returns.partial) {
        const auto [begin, end] = returns.partial->within(numbers.size());
        const QByteArray set = begin < end ? setOf(numbers.sliced(begin, end - begin)) : "NIL";
        out += " PARTIAL (" + returns.partial->text() + ' ' + set + ')';
    }
    if (returns.relevancy && !result.relevancy.isEmpty()) {
        out += " RELEVANCY (";
        for (const int score : result.relevancy) {
            if (!out.endsWith('('))
                out += ' ';
            appendNumber(out, quint64(score));
        }
        out += ')';
    }
    if (returns.count)
        add(out, " COUNT ", quint64(numbers.size()));
    if (result.highest > 0)
        add(out, " MODSEQ ", result.highest);
    out += "\r\n";
}

TaskPointer refuseCharset(const ReturnOptions &returns)
{
    return plainTask([saves = returns.save](Session &session) {
        if (saves)
            session.savedResult.clear(); // RFC 5182 §2.1
        session.no("This charset is not known", "BADCHARSET (US-ASCII UTF-8)");
    });
}

} // namespace posthorn::imap
