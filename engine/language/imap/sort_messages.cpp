#include "language/imap/sort_messages.h"

#include "language/message/address.h"
#include "language/message/base_subject.h"
#include "language/message/encoded_word.h"
#include "language/message/header.h"

#include <QtEndian>

#include <algorithm>
#include <numeric>

namespace posthorn::imap {

namespace {

using By = SortCriterion::By;

bool isText(By by)
{
    return by != By::Arrival && by != By::Date && by != By::Relevancy && by != By::Size;
}

QByteArrayView fieldOf(By by)
{
    switch (by) {
    case By::Cc: return "Cc";
    case By::To:
    case By::DisplayTo: return "To";
    case By::Subject: return "Subject";
    default: return "From";
    }
}

// The local part of the first address (RFC 5256 §3).
QString mailboxOf(const QList<message::Address> &addresses)
{
    for (const message::Address &address : addresses) {
        if (!address.groupEnd)
            return QString::fromUtf8(address.localPart);
    }
    return {};
}

// The display name of the first address or group, else the address itself (RFC 5957 §3).
QString displayOf(const QList<message::Address> &addresses)
{
    if (addresses.isEmpty())
        return {};
    const message::Address &first = addresses.front();
    if (first.groupStart)
        return message::decodeHeader(first.localPart);
    const QString name = message::decodeHeader(first.displayName);
    return name.isEmpty() ? QString::fromUtf8(first.localPart + '@' + first.domain) : name;
}

QString textOf(By by, QByteArrayView header)
{
    const auto field = message::findField(header, fieldOf(by));
    if (!field)
        return {};
    if (by == By::Subject)
        return message::baseSubject(message::decodeHeader(field->value)).text;
    const auto addresses = message::parseAddressList(field->value, 2);
    return by == By::DisplayFrom || by == By::DisplayTo ? displayOf(addresses) : mailboxOf(addresses);
}

quint64 ordered(qint64 number)
{
    return quint64(number) ^ (quint64(1) << 63);
}

quint64 startOf(const QByteArray &key)
{
    char octets[8] = {};
    std::copy_n(key.constData(), std::min<qsizetype>(key.size(), 8), octets);
    return qFromBigEndian<quint64>(octets);
}

} // namespace

FetchWants MessageSorter::wants() const
{
    FetchWants wants;
    wants.internalDate = true;
    wants.header = std::ranges::any_of(m_criteria, [](const SortCriterion &criterion) { return isText(criterion.by); });
    return wants;
}

void MessageSorter::add(const FetchedRow &row)
{
    m_uids += row.mark.uid;
    for (qsizetype i = 0; i < m_criteria.size(); ++i) {
        const By by = m_criteria[i].by;
        Column &column = m_columns[i];
        if (isText(by)) {
            column.texts += message::collationKey(textOf(by, row.header));
            column.numbers += startOf(column.texts.back());
        } else if (by == By::Relevancy) {
            column.numbers += ordered(-m_scores.value(row.mark.uid)); // the best come first
        } else if (by == By::Size) {
            column.numbers += ordered(row.mark.size);
        } else {
            column.numbers += ordered(by == By::Date && row.sentDate ? row.sentDate : row.internalDate / 1000);
        }
    }
}

std::strong_ordering MessageSorter::compare(qsizetype left, qsizetype right) const
{
    for (qsizetype i = 0; i < m_criteria.size(); ++i) {
        const Column &column = m_columns[i];
        auto order = column.numbers[left] <=> column.numbers[right];
        if (order == 0 && !column.texts.isEmpty())
            order = column.texts[left].compare(column.texts[right]) <=> 0;
        if (order != 0)
            return m_criteria[i].reverse ? 0 <=> order : order;
    }
    return left <=> right;
}

QList<Uid> MessageSorter::sorted() const
{
    QList<qsizetype> order(m_uids.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, [this](qsizetype left, qsizetype right) { return compare(left, right) < 0; });
    QList<Uid> uids;
    uids.reserve(order.size());
    for (const qsizetype index : std::as_const(order))
        uids += m_uids[index];
    return uids;
}

} // namespace posthorn::imap
