#include "language/imap/list_match.h"

#include <algorithm>
#include <map>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

bool isInbox(QStringView name)
{
    return name.size() == 5 && name.compare("INBOX"_L1, Qt::CaseInsensitive) == 0;
}

// INBOX sorts before all; a separator before all other characters, so that children follow their parent at once.
struct TreeOrder
{
    bool operator()(const QString &a, const QString &b) const
    {
        const bool inboxA = isInbox(a.left(a.indexOf(hierarchySeparator)));
        const bool inboxB = isInbox(b.left(b.indexOf(hierarchySeparator)));
        if (inboxA != inboxB)
            return inboxA;
        return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](QChar x, QChar y) {
            return (x == hierarchySeparator ? 0 : x.unicode()) < (y == hierarchySeparator ? 0 : y.unicode());
        });
    }
};

using Tree = std::map<QString, ListedName, TreeOrder>;

void noteParents(Tree &tree, const QString &name, bool exists, bool subscribed)
{
    for (qsizetype at = name.lastIndexOf(hierarchySeparator); at > 0; at = name.lastIndexOf(hierarchySeparator, at - 1)) {
        ListedName &parent = tree[name.left(at)];
        if (parent.hasChildren >= exists && parent.hasSubscribedBelow >= subscribed && !parent.name.isNull())
            return; // and so are those above it
        parent.name = name.left(at);
        parent.hasChildren |= exists;
        parent.hasSubscribedBelow |= subscribed;
    }
}

} // namespace

// The usual greedy walk. After a failure the nearest '%' takes one more character, unless that is a separator; else the
// nearest '*' does. Wildcards before those have no better choice: what is between them was matched as early as it can.
bool matchesPattern(QStringView pattern, QStringView name)
{
    const bool anyCase = isInbox(name);
    qsizetype p = 0, n = 0;
    qsizetype starP = -1, starN = 0, percentP = -1, percentN = 0;
    while (n < name.size() || p < pattern.size()) {
        const QChar c = p < pattern.size() ? pattern[p] : QChar();
        if (p < pattern.size() && c == u'*') {
            starP = ++p;
            starN = n;
            percentP = -1;
        } else if (p < pattern.size() && c == u'%') {
            percentP = ++p;
            percentN = n;
        } else if (p < pattern.size() && n < name.size()
                   && (c == name[n] || (anyCase && c.toUpper() == name[n].toUpper()))) {
            ++p;
            ++n;
        } else if (percentP >= 0 && percentN < name.size() && name[percentN] != hierarchySeparator) {
            n = ++percentN;
            p = percentP;
        } else if (starP >= 0 && starN < name.size()) {
            n = ++starN;
            p = starP;
            percentP = -1;
        } else {
            return false;
        }
    }
    return true;
}

QList<ListedName> nameTree(const MailboxList &mailboxes)
{
    Tree tree;
    for (const MailboxEntry &entry : mailboxes.mailboxes) {
        ListedName &listed = tree[entry.name];
        listed.name = entry.name;
        listed.specialUse = entry.specialUse;
        listed.exists = true;
        listed.selectable = entry.selectable;
        listed.subscribed = entry.subscribed;
        listed.rights = entry.rights;
    }
    for (const QString &name : mailboxes.lostSubscriptions) {
        ListedName &listed = tree[name];
        listed.name = name;
        listed.subscribed = true;
    }
    for (const auto &[name, listed] : Tree(tree))
        noteParents(tree, name, listed.exists, listed.subscribed);
    QList<ListedName> names;
    names.reserve(qsizetype(tree.size()));
    for (auto &[name, listed] : tree)
        names += std::move(listed);
    return names;
}

} // namespace posthorn::imap
