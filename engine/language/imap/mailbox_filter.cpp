#include "language/imap/mailbox_filter.h"

#include "language/imap/list_match.h"

#include <algorithm>
#include <array>
#include <optional>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

using Kind = MailboxFilter::Kind;

constexpr std::array<std::pair<QByteArrayView, Kind>, 8> filterNames{{
    {"SELECTED", Kind::Selected},
    {"SELECTED-DELAYED", Kind::SelectedDelayed},
    {"INBOXES", Kind::Inboxes},
    {"PERSONAL", Kind::Personal},
    {"SUBSCRIBED", Kind::Subscribed},
    {"SUBTREE", Kind::Subtree},
    {"SUBTREE-ONE", Kind::SubtreeOne},
    {"MAILBOXES", Kind::Mailboxes},
}};

bool isBelow(const QString &name, const QString &parent)
{
    return parent.isEmpty() || (name.size() > parent.size() && name.startsWith(parent) && name[parent.size()] == hierarchySeparator);
}

// One level below it.
bool isChild(const QString &name, const QString &parent)
{
    const qsizetype from = parent.isEmpty() ? 0 : parent.size() + 1;
    return isBelow(name, parent) && name.indexOf(hierarchySeparator, from) < 0;
}

// The root of all, "", is a tree as well.
QString treeName(Arguments &arguments)
{
    return arguments.takeEmptyName() ? u""_s : arguments.mailbox();
}

QStringList parseNames(Arguments &arguments, Kind kind)
{
    QStringList names;
    arguments.space();
    const bool isList = arguments.take('(');
    do {
        names += kind == Kind::Mailboxes ? arguments.mailbox() : treeName(arguments);
        if (names.size() > MailboxFilter::maxNames)
            arguments.fault(u"Too many names"_s);
    } while (arguments.ok() && isList && arguments.take(' '));
    if (isList)
        arguments.expect(')');
    return names;
}

} // namespace

bool MailboxFilter::covers(const QString &name, bool subscribed) const
{
    const auto any = [this](auto test) { return std::any_of(names.begin(), names.end(), test); };
    switch (kind) {
    case Kind::Selected:
    case Kind::SelectedDelayed: return false;
    case Kind::Inboxes: return name == "INBOX"_L1;
    case Kind::Personal: return !name.startsWith("Other Users/"_L1) && !name.startsWith("Shared/"_L1);
    case Kind::Subscribed: return subscribed;
    case Kind::Mailboxes: return names.contains(name);
    case Kind::Subtree: return any([&](const QString &root) { return name == root || isBelow(name, root); });
    case Kind::SubtreeOne: break;
    }
    return any([&](const QString &root) { return name == root || isChild(name, root); });
}

MailboxFilter MailboxFilter::parse(Arguments &arguments)
{
    MailboxFilter filter;
    const QByteArray word = arguments.word().toUpper();
    const auto row = std::ranges::find_if(filterNames, [&](const auto &named) { return named.first == word; });
    if (row == filterNames.end()) {
        arguments.fault(u"Unknown mailbox filter"_s);
        return filter;
    }
    filter.kind = row->second;
    if (filter.kind == Kind::Subtree || filter.kind == Kind::SubtreeOne || filter.kind == Kind::Mailboxes)
        filter.names = parseNames(arguments, filter.kind);
    return filter;
}

} // namespace posthorn::imap
