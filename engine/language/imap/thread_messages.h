// THREAD (RFC 5256 §3) over rows of messages.
#pragma once

#include "language/imap/needs.h"

#include <QHash>

namespace posthorn::imap {

class MessageThreader
{
public:
    explicit MessageThreader(ThreadAlgorithm algorithm) : m_algorithm(algorithm) {}

    // What add() looks at.
    [[nodiscard]] FetchWants wants() const;
    // In ascending order of UIDs.
    void add(const FetchedRow &row);
    // All of them. Ends the work: call it once.
    [[nodiscard]] Threaded threads();

private:
    using Index = qint32;
    static constexpr Index none = -1;
    static constexpr Index root = 0;
    // A message, or the place of one that is not here: a dummy, without UID.
    struct Node
    {
        Uid uid = 0;
        Index parent = none;
        bool hasChildren = false; // while linking
        bool isReply = false;     // or forward
        qint64 date = 0;          // to sort by, seconds since 1970
        QByteArray subject;       // collation key of the base subject
        QList<Index> children;    // after linking
    };

    void link(Index message, QByteArrayView references, QByteArrayView inReplyTo);
    [[nodiscard]] Index nodeFor(const QByteArray &messageId);
    [[nodiscard]] bool mayAdopt(Index parent, Index child) const;
    void adopt(Index parent, Index child);
    void collectChildren();
    [[nodiscard]] QList<Index> preorder() const;
    void prune();
    void sortAll();
    void sortByNewest();
    void gatherSubjects();
    [[nodiscard]] Index merged(Index there, Index node);
    void orderBySubject();
    [[nodiscard]] bool isDummy(Index node) const { return m_nodes[node].uid == 0; }
    [[nodiscard]] const Node &speaker(Index node) const;
    void sortByDate(QList<Index> &siblings) const;
    [[nodiscard]] Threaded flat() const;

    ThreadAlgorithm m_algorithm;
    QList<Node> m_nodes{Node()}; // the first is the parent of all
    QHash<QByteArray, Index> m_byMessageId;
};

} // namespace posthorn::imap
