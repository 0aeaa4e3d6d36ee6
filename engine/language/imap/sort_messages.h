// SORT (RFC 5256, display names: RFC 5957) over rows of messages.
#pragma once

#include "language/imap/needs.h"

namespace posthorn::imap {

class MessageSorter
{
public:
    explicit MessageSorter(QList<SortCriterion> criteria, QHash<Uid, int> scores = {})
        : m_criteria(std::move(criteria)), m_scores(std::move(scores)), m_columns(m_criteria.size()) {}

    // What add() looks at.
    [[nodiscard]] FetchWants wants() const;
    // In ascending order of UIDs.
    void add(const FetchedRow &row);
    // All of them; those that compare alike by UID.
    [[nodiscard]] QList<Uid> sorted() const;

private:
    // Numbers are compared first; texts, of which they are the start, when they are alike.
    struct Column
    {
        QList<quint64> numbers;
        QList<QByteArray> texts; // empty when the criterion has none
    };

    [[nodiscard]] std::strong_ordering compare(qsizetype left, qsizetype right) const;

    QList<SortCriterion> m_criteria;
    QHash<Uid, int> m_scores; // of Relevancy
    QList<Column> m_columns; // one for each criterion
    QList<Uid> m_uids;
};

} // namespace posthorn::imap
