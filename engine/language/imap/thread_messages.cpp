#include "language/imap/thread_messages.h"

#include "language/message/base_subject.h"
#include "language/message/encoded_word.h"
#include "language/message/header.h"

#include <algorithm>
#include <limits>

namespace posthorn::imap {

namespace {

constexpr int maxAncestors = 2'000; // looked at for a loop; more are taken for one

struct ThreadFields
{
    QByteArrayView messageId, references, inReplyTo, subject;
};

ThreadFields threadFields(QByteArrayView header)
{
    ThreadFields found;
    for (message::FieldReader fields(header); fields.next();) {
        const message::Field &field = fields.field();
        const auto keep = [&](const char *name, QByteArrayView &value) {
            if (value.isNull() && field.is(name))
                value = field.value;
        };
        switch (field.name.isEmpty() ? 0 : field.name.front() | 0x20) {
        case 'm': keep("Message-ID", found.messageId); break;
        case 'r': keep("References", found.references); break;
        case 'i': keep("In-Reply-To", found.inReplyTo); break;
        case 's': keep("Subject", found.subject); break;
        default: break;
        }
    }
    return found;
}

// The next "<left@right>" from `at` on, without brackets, quotes and white space, so that all ways to write one are
// alike. Empty when there is none.
QByteArray nextMessageId(QByteArrayView text, qsizetype &at)
{
    QByteArray id;
    while ((at = text.indexOf('<', at)) >= 0) {
        id.clear();
        bool quoted = false;
        for (++at; at < text.size() && (quoted || (text[at] != '>' && text[at] != '<')); ++at) {
            const char c = text[at];
            if (c == '"')
                quoted = !quoted;
            else if (c == '\\' && quoted && at + 1 < text.size())
                id += text[++at];
            else if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
                id += c;
        }
        if (at < text.size() && text[at] == '>' && id.contains('@'))
            return id;
    }
    at = text.size();
    return {};
}

QByteArray firstMessageId(QByteArrayView text)
{
    qsizetype at = 0;
    return nextMessageId(text, at);
}

} // namespace

FetchWants MessageThreader::wants() const
{
    FetchWants wants;
    wants.internalDate = wants.header = true;
    return wants;
}

void MessageThreader::add(const FetchedRow &row)
{
    const ThreadFields fields = threadFields(row.header);
    Index index = none;
    if (m_algorithm != ThreadAlgorithm::OrderedSubject) {
        const QByteArray id = firstMessageId(fields.messageId);
        index = id.isEmpty() ? none : nodeFor(id);
        if (index != none && !isDummy(index))
            index = none; // there is one of that name already
    }
    if (index == none) {
        index = Index(m_nodes.size());
        m_nodes += Node();
    }
    Node &node = m_nodes[index];
    node.uid = row.mark.uid;
    node.date = row.sentDate ? row.sentDate : row.internalDate / 1000;
    if (m_algorithm != ThreadAlgorithm::Refs) {
        const auto subject = message::baseSubject(message::decodeHeader(fields.subject));
        node.subject = message::collationKey(subject.text);
        node.isReply = subject.isReplyOrForward;
    }
    if (m_algorithm != ThreadAlgorithm::OrderedSubject)
        link(index, fields.references, fields.inReplyTo);
}

MessageThreader::Index MessageThreader::nodeFor(const QByteArray &messageId)
{
    auto known = m_byMessageId.constFind(messageId);
    if (known == m_byMessageId.constEnd()) {
        known = m_byMessageId.insert(messageId, Index(m_nodes.size()));
        m_nodes += Node();
    }
    return *known;
}

// Step 1: each reference is the parent of the one after it, the last that of the message. What a message says of itself
// counts more than what others said.
void MessageThreader::link(Index message, QByteArrayView references, QByteArrayView inReplyTo)
{
    Index last = none;
    qsizetype at = 0;
    for (QByteArray id = nextMessageId(references, at); !id.isEmpty(); id = nextMessageId(references, at)) {
        const Index next = nodeFor(id);
        if (last != none && m_nodes[next].parent == none && mayAdopt(last, next))
            adopt(last, next);
        last = next;
    }
    if (last == none) {
        if (const QByteArray id = firstMessageId(inReplyTo); !id.isEmpty())
            last = nodeFor(id);
    }
    m_nodes[message].parent = none;
    if (last != none && mayAdopt(last, message))
        adopt(last, message);
}

bool MessageThreader::mayAdopt(Index parent, Index child) const
{
    if (parent == child)
        return false;
    if (!m_nodes[child].hasChildren)
        return true;
    int steps = 0;
    for (Index at = parent; at != none; at = m_nodes[at].parent) {
        if (at == child || ++steps > maxAncestors)
            return false;
    }
    return true;
}

void MessageThreader::adopt(Index parent, Index child)
{
    m_nodes[child].parent = parent;
    m_nodes[parent].hasChildren = true;
}

// Step 2
void MessageThreader::collectChildren()
{
    for (Index i = 1; i < m_nodes.size(); ++i) {
        const Index parent = m_nodes[i].parent;
        m_nodes[parent == none ? root : parent].children += i;
    }
}

QList<MessageThreader::Index> MessageThreader::preorder() const
{
    QList<Index> order, open{root};
    order.reserve(m_nodes.size());
    while (!open.isEmpty()) {
        const Index node = open.takeLast();
        order += node;
        const QList<Index> &children = m_nodes[node].children;
        for (auto child = children.crbegin(); child != children.crend(); ++child)
            open += *child;
    }
    return order;
}

// Step 3, from the leaves up: dummies go, and their children take their places; under the root only an only child does.
void MessageThreader::prune()
{
    const QList<Index> order = preorder();
    for (auto node = order.crbegin(); node != order.crend(); ++node) {
        QList<Index> kept;
        for (const Index child : std::as_const(m_nodes[*node].children)) {
            const QList<Index> &below = m_nodes[child].children;
            if (!isDummy(child) || (*node == root && below.size() > 1))
                kept += child;
            else
                kept += below;
        }
        m_nodes[*node].children = std::move(kept);
    }
}

// A dummy is judged by its first child.
const MessageThreader::Node &MessageThreader::speaker(Index node) const
{
    return isDummy(node) ? m_nodes[m_nodes[node].children.front()] : m_nodes[node];
}

void MessageThreader::sortByDate(QList<Index> &siblings) const
{
    std::ranges::sort(siblings, [this](Index left, Index right) {
        const Node &one = speaker(left), &other = speaker(right);
        return std::pair(one.date, one.uid) < std::pair(other.date, other.uid);
    });
}

// Steps 4 and 6, from the leaves up, because dummies follow their first children.
void MessageThreader::sortAll()
{
    const QList<Index> order = preorder();
    for (auto node = order.crbegin(); node != order.crend(); ++node) {
        if (m_nodes[*node].children.size() > 1)
            sortByDate(m_nodes[*node].children);
    }
}

// REFS: threads by their newest message.
void MessageThreader::sortByNewest()
{
    QList<std::pair<qint64, Uid>> newest(m_nodes.size());
    const QList<Index> order = preorder();
    for (auto node = order.crbegin(); node != order.crend(); ++node) {
        auto &mine = newest[*node];
        mine = {isDummy(*node) ? std::numeric_limits<qint64>::min() : m_nodes[*node].date, m_nodes[*node].uid};
        for (const Index child : std::as_const(m_nodes[*node].children))
            mine = std::max(mine, newest[child]);
    }
    std::ranges::sort(m_nodes[root].children, [&](Index left, Index right) { return newest[left] < newest[right]; });
}

// Step 5: threads of one base subject become one.
void MessageThreader::gatherSubjects()
{
    QHash<QByteArray, Index> table;
    const QList<Index> threads = m_nodes[root].children;
    for (const Index node : threads) {
        const Node &mine = speaker(node);
        if (mine.subject.isEmpty())
            continue;
        const auto there = table.constFind(mine.subject);
        if (there == table.constEnd()
            || (!isDummy(*there) && (isDummy(node) || (m_nodes[*there].isReply && !mine.isReply))))
            table.insert(mine.subject, node);
    }
    const QHash<QByteArray, Index> chosen = table;
    QList<Index> left;
    for (const Index node : threads) {
        const QByteArray subject = speaker(node).subject;
        if (subject.isEmpty())
            left += node;
        else if (chosen.value(subject) != node)
            table[subject] = merged(table.value(subject), node);
    }
    left.append(table.values());
    m_nodes[root].children = left;
}

// What stands for both from now on.
MessageThreader::Index MessageThreader::merged(Index there, Index node)
{
    if (isDummy(there) && isDummy(node)) {
        m_nodes[there].children += m_nodes[node].children;
        return there;
    }
    if (isDummy(there) || (speaker(node).isReply && !m_nodes[there].isReply)) {
        m_nodes[there].children += node;
        return there;
    }
    const Index both = Index(m_nodes.size());
    m_nodes += Node();
    m_nodes[both].children = {there, node};
    return both;
}

void MessageThreader::orderBySubject()
{
    QList<Index> order;
    for (Index i = 1; i < m_nodes.size(); ++i)
        order += i;
    sortByDate(order);
    QHash<QByteArray, Index> first;
    for (const Index node : std::as_const(order)) {
        const Index there = first.value(m_nodes[node].subject, root);
        if (there == root)
            first.insert(m_nodes[node].subject, node);
        m_nodes[there].children += node;
    }
}

Threaded MessageThreader::flat() const
{
    Threaded threaded;
    const QList<Index> order = preorder();
    threaded.threads = m_nodes[root].children.size();
    threaded.nodes.reserve(order.size() - 1);
    for (const Index node : order.sliced(1))
        threaded.nodes += ThreadNode{m_nodes[node].uid, m_nodes[node].children.size()};
    return threaded;
}

Threaded MessageThreader::threads()
{
    if (m_algorithm == ThreadAlgorithm::OrderedSubject) {
        orderBySubject();
        return flat();
    }
    collectChildren();
    prune();
    sortAll();
    if (m_algorithm == ThreadAlgorithm::Refs) {
        sortByNewest();
        return flat();
    }
    gatherSubjects();
    sortAll();
    return flat();
}

} // namespace posthorn::imap
