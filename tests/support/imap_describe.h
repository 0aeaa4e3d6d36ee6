// Needs as lines of a transcript, and lines of a transcript as answers and changes.
#pragma once

#include "language/imap/needs.h"
#include "language/message/structure.h"

#include <QHash>
#include <QStringList>

#include <algorithm>

namespace posthorn::imap::transcript {

using namespace Qt::StringLiterals;

inline QByteArray text(const QList<UidRange> &ranges)
{
    QByteArrayList words;
    for (const UidRange &range : ranges) {
        QByteArray word = QByteArray::number(range.first);
        if (range.last != range.first)
            word += ':' + QByteArray::number(range.last);
        words += word;
    }
    return words.isEmpty() ? "-" : words.join(',');
}

inline QByteArray text(const FetchWants &wants)
{
    QByteArray line;
    const auto add = [&](bool on, const char *name) {
        if (on)
            line += QByteArray(" ") + name;
    };
    add(wants.envelope, "envelope");
    add(wants.bodyStructure, "bodystructure");
    add(wants.header, "header");
    add(wants.parts, "parts");
    add(wants.body, "body");
    add(wants.saveDate, "savedate");
    add(wants.internalDate, "internaldate");
    add(wants.preview, "preview");
    return line;
}

inline QByteArray text(const SearchKey &key)
{
    static const QByteArrayList names = QByteArray(
        "All And Or Not Uids HasFlags LacksFlags Keyword Unkeyword Recent Old New Before On Since SentBefore SentOn "
        "SentSince Larger Smaller Older Younger Header Subject From To Cc Bcc Body Text ModSeqAtLeast SavedBefore "
        "SavedOn SavedSince Message Never").split(' ');
    QByteArray line = names.value(int(key.op));
    if (!key.uids.isEmpty() || key.op == SearchKey::Op::Uids)
        line += ' ' + text(key.uids);
    if (key.flags)
        line += ' ' + QByteArray::number(key.flags);
    if (!key.name.isEmpty())
        line += ' ' + key.name;
    if (!key.text.isEmpty())
        line += " \"" + key.text.toUtf8() + '"';
    if (key.number)
        line += ' ' + QByteArray::number(key.number);
    for (const SearchKey &child : key.children)
        line += " (" + text(child) + ')';
    return line;
}

inline QByteArray text(const AppendOptions &options)
{
    QByteArray line = '(' + options.flags.join(' ') + ") " + QByteArray::number(options.size);
    if (options.internalDate)
        line += ' ' + QByteArray::number(*options.internalDate) + ' ' + QByteArray::number(options.internalDateOffset);
    return line;
}

// One line for a need: its name, then what it holds.
struct Describe
{
    QByteArray operator()(const SaslBegin &need) const
    {
        return "SaslBegin " + need.mechanism + (need.initialResponse ? " [" + *need.initialResponse + ']' : QByteArray());
    }
    QByteArray operator()(const SaslContinue &need) const { return "SaslContinue [" + need.response + ']'; }
    QByteArray operator()(const SaslCancel &) const { return "SaslCancel"; }
    QByteArray operator()(const VerifyPassword &need) const { return "VerifyPassword " + need.user + ' ' + need.password; }
    QByteArray operator()(const ListMailboxes &) const { return "ListMailboxes"; }
    QByteArray operator()(const SelectMailbox &need) const
    {
        return "SelectMailbox " + need.name.toUtf8() + (need.readOnly ? " read-only" : "");
    }
    QByteArray operator()(const CloseMailbox &) const { return "CloseMailbox"; }
    QByteArray operator()(const WatchMailboxes &) const { return "WatchMailboxes"; }
    QByteArray operator()(const UnwatchMailboxes &) const { return "UnwatchMailboxes"; }
    QByteArray operator()(const ListVanished &need) const
    {
        return "ListVanished " + text(need.uids) + " since " + QByteArray::number(need.since);
    }
    QByteArray operator()(const StatusMailbox &need) const { return "StatusMailbox " + need.name.toUtf8() + (need.deletedSize ? " deleted-size" : ""); }
    QByteArray operator()(const CreateMailbox &need) const
    {
        return ("CreateMailbox " + need.name.toUtf8() + ' ' + need.specialUse).trimmed();
    }
    QByteArray operator()(const DeleteMailbox &need) const { return "DeleteMailbox " + need.name.toUtf8(); }
    QByteArray operator()(const RenameMailbox &need) const
    {
        return "RenameMailbox " + need.from.toUtf8() + ' ' + need.to.toUtf8();
    }
    QByteArray operator()(const SubscribeMailbox &need) const
    {
        return (need.subscribe ? "SubscribeMailbox " : "UnsubscribeMailbox ") + need.name.toUtf8();
    }
    QByteArray operator()(const AppendBegin &need) const
    {
        return "AppendBegin " + need.name.toUtf8() + ' ' + text(need.options);
    }
    QByteArray operator()(const AppendNext &need) const { return "AppendNext " + text(need.options); }
    QByteArray operator()(const Unauthenticate &) const { return "Unauthenticate"; }
    QByteArray operator()(const AppendContent &need) const { return "AppendContent [" + need.bytes + ']'; }
    QByteArray operator()(const AppendEnd &need) const { return need.replaces ? "AppendEnd replaces " + QByteArray::number(need.replaces) : QByteArray("AppendEnd"); }
    QByteArray operator()(const AppendCancel &) const { return "AppendCancel"; }
    QByteArray operator()(const FetchMessages &need) const
    {
        return "FetchMessages " + text(need.uids) + text(need.wants)
               + (need.changedSince ? " since " + QByteArray::number(need.changedSince) : QByteArray());
    }
    QByteArray operator()(const FindMessage &need) const
    {
        return "FindMessage " + need.mailbox.toUtf8() + ' ' + QByteArray::number(need.uidValidity) + ' '
               + QByteArray::number(need.uid) + text(need.wants)
               + (need.proof ? " of " + need.proof->owner.toUtf8() + " by " + need.proof->rump + " : " + need.proof->token
                                   + (need.proof->expires ? " until " + QByteArray::number(*need.proof->expires) : QByteArray())
                             : QByteArray());
    }
    QByteArray operator()(const SignUrl &need) const
    {
        return "SignUrl " + need.mailbox.toUtf8() + ' ' + QByteArray::number(need.uidValidity) + ' ' + need.rump;
    }
    QByteArray operator()(const ResetUrlKeys &need) const { return ("ResetUrlKeys " + need.mailbox.toUtf8()).trimmed(); }
    QByteArray operator()(const ReadContent &need) const
    {
        return "ReadContent " + QByteArray::number(need.message.value) + ' ' + QByteArray::number(need.offset) + ' '
               + QByteArray::number(need.length);
    }
    QByteArray operator()(const StoreFlags &need) const
    {
        const char *action = need.action == FlagAction::Set ? "=" : need.action == FlagAction::Add ? "+" : "-";
        return "StoreFlags " + text(need.uids) + ' ' + action + '(' + need.flags.join(' ') + ')'
               + (need.unchangedSince ? " unchanged since " + QByteArray::number(*need.unchangedSince) : QByteArray());
    }
    QByteArray operator()(const CopyMessages &need) const
    {
        return (need.move ? "MoveMessages " : "CopyMessages ") + text(need.uids) + ' ' + need.to.toUtf8();
    }
    QByteArray operator()(const ExpungeMessages &need) const { return "ExpungeMessages " + text(need.uids); }
    QByteArray operator()(const SearchMessages &need) const
    {
        static const QByteArrayList names = QByteArray("arrival cc date displayfrom displayto from relevancy size subject to").split(' ');
        QByteArray line = "SearchMessages " + text(need.key);
        for (const SortCriterion &criterion : need.order)
            line += QByteArray(criterion.reverse ? " -" : " +") + names.value(int(criterion.by));
        QList<Uid> scored = need.scores.keys();
        std::ranges::sort(scored);
        for (const Uid uid : std::as_const(scored))
            line += ' ' + QByteArray::number(uid) + '=' + QByteArray::number(need.scores.value(uid));
        return line;
    }
    QByteArray operator()(const SearchMailbox &need) const
    {
        return "SearchMailbox " + need.name.toUtf8() + ' ' + text(need.key) + (need.withModSeqs ? " with modseqs" : "");
    }
    QByteArray operator()(const ThreadMessages &need) const
    {
        static const QByteArrayList names{"orderedsubject", "references", "refs"};
        return "ThreadMessages " + names.value(int(need.algorithm)) + ' ' + text(need.key);
    }
    QByteArray operator()(const ClientId &need) const
    {
        QByteArray line = "ClientId";
        for (const auto &[name, value] : need.fields)
            line += ' ' + name + '=' + value;
        return line;
    }
    QByteArray operator()(const Refused &need) const { return "Refused " + need.line + " | " + need.reply; }
    QByteArray operator()(const GetQuota &need) const { return need.mailbox.isEmpty() ? "GetQuota of " + need.root.toUtf8() : "GetQuota " + need.mailbox.toUtf8(); }
    QByteArray operator()(const SetQuota &need) const
    {
        return "SetQuota " + need.root.toUtf8() + ' ' + QByteArray::number(need.limitOctets) + ' '
               + QByteArray::number(need.limitMessages);
    }
    QByteArray operator()(const GetAcl &need) const { return "GetAcl " + need.name.toUtf8(); }
    QByteArray operator()(const SetAcl &need) const
    {
        const char *change = need.change == AclChange::Add ? "+" : need.change == AclChange::Remove ? "-" : "=";
        return "SetAcl " + need.name.toUtf8() + " for " + need.identifier.toUtf8() + ' ' + change + rightsText(need.rights);
    }
    QByteArray operator()(const ListRights &need) const
    {
        return "ListRights " + need.name.toUtf8() + " for " + need.identifier.toUtf8();
    }
    QByteArray operator()(const MyRights &need) const { return "MyRights " + need.name.toUtf8(); }
    QByteArray operator()(const GetMetadata &need) const
    {
        static const QByteArrayList depths{"", " depth 1", " depth infinity"};
        return "GetMetadata [" + need.name.toUtf8() + "] " + need.entries.join(' ') + depths.value(int(need.depth))
               + (need.maxSize >= 0 ? " up to " + QByteArray::number(need.maxSize) : QByteArray());
    }
    QByteArray operator()(const SetMetadata &need) const
    {
        QByteArray line = "SetMetadata [" + need.name.toUtf8() + ']';
        for (const auto &[entry, value] : need.entries)
            line += ' ' + entry + (value.isNull() ? QByteArray(" removed") : " [" + value + ']');
        return line;
    }
};

inline QByteArray text(const What &what) { return std::visit(Describe{}, what); }

// "1:3,7"; "-" is none.
inline QList<UidRange> ranges(const QByteArray &words)
{
    QList<UidRange> list;
    for (const QByteArray &word : words.split(',')) {
        const QByteArrayList ends = word.split(':');
        if (const Uid first = ends.first().toUInt(); first > 0)
            list += UidRange{first, ends.last().toUInt()};
    }
    return list;
}

inline QList<Uid> uids(const QByteArray &words)
{
    QList<Uid> list;
    for (const UidRange &range : ranges(words)) {
        for (Uid uid = range.first; uid <= range.last; ++uid)
            list += uid;
    }
    return list;
}

// "\Seen|$Work": keywords count from the first bit above the system flags, in the order given by `keywords`.
inline Flags flags(const QByteArray &words, const Keywords &keywords)
{
    static const QByteArrayList system{"\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"};
    Flags flags = 0;
    for (const QByteArray &word : words.split('|')) {
        if (const qsizetype i = system.indexOf(word); i >= 0)
            flags |= Flags(1) << i;
        else if (const qsizetype k = keywords.indexOf(word); k >= 0)
            flags |= Flags(1) << (flag::firstKeywordBit + k);
    }
    return flags;
}

// "UID flags=\Seen|$Work modseq=3 size=100": the words after the first are name=value.
struct Fields
{
    QByteArrayList plain;
    QHash<QByteArray, QByteArray> named;

    explicit Fields(const QByteArray &line)
    {
        for (const QByteArray &word : line.split(' ')) {
            const qsizetype at = word.indexOf('=');
            if (at > 0)
                named[word.left(at)] = unescaped(word.sliced(at + 1));
            else if (!word.isEmpty())
                plain += unescaped(word);
        }
    }
    // "_" is a blank, "\r", "\n", "\_" are what they say
    static QByteArray unescaped(QByteArray text)
    {
        text.replace("\\_", "\x01").replace('_', ' ').replace("\x01", "_");
        return text.replace("\\r", "\r").replace("\\n", "\n");
    }
    bool has(const char *word) const { return plain.contains(word); }
    qint64 number(const char *name, qint64 otherwise = 0) const
    {
        return named.contains(name) ? named.value(name).toLongLong() : otherwise;
    }
};

inline MessageMark mark(const Fields &fields, const Keywords &keywords)
{
    MessageMark mark;
    mark.uid = fields.plain.value(0).toUInt();
    mark.flags = flags(fields.named.value("flags"), keywords);
    mark.modSeq = ModSeq(fields.number("modseq", 1));
    mark.message = MessageId{fields.number("message", 100 + mark.uid)};
    mark.size = fields.number("size", 1000);
    return mark;
}

inline QList<MessageMark> marks(const QByteArray &line, const Keywords &keywords)
{
    QList<MessageMark> list;
    for (const QByteArray &one : line.split(';')) {
        if (!one.trimmed().isEmpty())
            list += mark(Fields(one.trimmed()), keywords);
    }
    return list;
}

inline ErrorKind errorKind(const QByteArray &name)
{
    for (int i = 0; i <= int(ErrorKind::Internal); ++i) {
        if (nameOf(ErrorKind(i)) == QLatin1StringView(name))
            return ErrorKind(i);
    }
    return ErrorKind::Internal;
}

// What is told of a mailbox; remembers the keywords, so that later lines can name flags.
struct AnswerReader
{
    Keywords keywords;

    std::optional<Answer> read(const QByteArray &line)
    {
        const qsizetype space = line.indexOf(' ');
        const QByteArray name = space < 0 ? line : line.left(space);
        const QByteArray rest = space < 0 ? QByteArray() : line.sliced(space + 1);
        const Fields fields(rest);
        if (auto answer = readMailbox(name, rest, fields))
            return answer;
        if (name == "Done")
            return Done{};
        if (name == "Failure") {
            const QString text = QString::fromUtf8(rest.sliced(std::min(rest.size(), fields.plain.value(0).size() + 1)));
            return Failure{Error{errorKind(fields.plain.value(0)), text, {}, -1}};
        }
        if (name == "Challenge")
            return SaslAnswer{SaslAnswer::Outcome::Challenge, rest, {}};
        if (name == "Success")
            return SaslAnswer{SaslAnswer::Outcome::Success, fields.named.value("data"), QString::fromUtf8(fields.plain.value(0))};
        if (name == "Denied")
            return SaslAnswer{SaslAnswer::Outcome::Failure, {}, {}};
        if (name == "NotNow")
            return SaslAnswer{SaslAnswer::Outcome::Unavailable, {}, {}};
        return readMessages(name, rest, fields);
    }

private:
    static Rights rights(const Fields &fields, const char *name)
    {
        return fields.named.contains(name) ? rightsFromText(fields.named.value(name)).value_or(0) : right::All;
    }

    std::optional<Answer> readMailbox(const QByteArray &name, const QByteArray &rest, const Fields &fields)
    {
        if (name == "Selected") {
            Selected selected;
            selected.mailbox = MailboxId{fields.number("id", 1)};
            selected.name = QString::fromUtf8(fields.plain.value(0));
            selected.uids = uids(fields.named.value("uids"));
            selected.uidValidity = quint32(fields.number("uidvalidity", 7));
            selected.uidNext = Uid(fields.number("uidnext", selected.uids.isEmpty() ? 1 : selected.uids.last() + 1));
            selected.highestModSeq = ModSeq(fields.number("modseq", 5));
            selected.firstRecent = Uid(fields.number("recent"));
            selected.firstUnseen = fields.number("unseen");
            if (fields.named.contains("keywords"))
                keywords = fields.named.value("keywords").split(',');
            selected.keywords = keywords;
            selected.readOnly = fields.has("read-only");
            selected.ownSeen = fields.has("own-seen");
            selected.rights = rights(fields, "rights");
            selected.specialUse = fields.named.value("use");
            selected.hasChildren = fields.has("has-children");
            return selected;
        }
        if (name == "Acl") { // "anna@example.org=lr bob@example.org=lrs"
            Acl acl;
            for (const QByteArray &word : rest.split(' '))
                acl.entries += {QString::fromUtf8(word.left(word.indexOf('='))), rightsFromText(word.mid(word.indexOf('=') + 1)).value_or(0)};
            return acl;
        }
        if (name == "Annotations") { // "/shared/comment=text /private/x (none) longest=99"
            Annotations found;
            for (const QByteArray &word : rest.split(' ')) {
                if (word.startsWith('/') && word.contains('='))
                    found.entries += {word.left(word.indexOf('=')), Fields::unescaped(word.mid(word.indexOf('=') + 1))};
                else if (word.startsWith('/'))
                    found.entries += {word, QByteArray()};
            }
            found.longest = fields.number("longest");
            return found;
        }
        if (name == "Grantable")
            return Grantable{rights(fields, "always"), rights(fields, "optional")};
        if (name == "OwnRights")
            return OwnRights{rights(fields, "rights")};
        if (name == "Created")
            return Created{MailboxId{fields.number("id", 1)}};
        if (name == "Status") {
            MailboxStatus status;
            status.mailbox = MailboxId{fields.number("id", 1)};
            status.messages = fields.number("messages");
            status.recent = fields.number("recent");
            status.unseen = fields.number("unseen");
            status.deleted = fields.number("deleted");
            status.size = fields.number("size");
            status.deletedSize = fields.number("deleted-size");
            status.uidNext = Uid(fields.number("uidnext", 1));
            status.uidValidity = quint32(fields.number("uidvalidity", 7));
            status.highestModSeq = ModSeq(fields.number("modseq", 1));
            return status;
        }
        if (name == "Quota")
            return Quota{QString::fromUtf8(fields.plain.value(0)), fields.number("used"), fields.number("limit"),
                         fields.number("messages"), fields.number("most")};
        if (name != "Mailboxes")
            return std::nullopt;
        MailboxList list;
        for (const QByteArray &one : rest.split(';')) {
            const Fields entry(one.trimmed());
            const QString mailbox = QString::fromUtf8(entry.plain.value(0));
            if (entry.has("lost"))
                list.lostSubscriptions += mailbox;
            else
                list.mailboxes += MailboxEntry{mailbox, entry.named.value("use"), entry.has("subscribed"), !entry.has("noselect"),
                                               rights(entry, "rights")};
        }
        return list;
    }

    std::optional<Answer> readMessages(const QByteArray &name, const QByteArray &rest, const Fields &fields)
    {
        if (name == "Threaded") { // "3:1 6:0": UID and children, each before them
            Threaded threaded;
            qsizetype open = 0;
            for (const QByteArray &word : fields.plain) {
                const QByteArrayList pair = word.split(':');
                const ThreadNode node{pair.first().toUInt(), pair.last().toLongLong()};
                threaded.threads += open == 0 ? 1 : 0;
                open += node.children - (open == 0 ? 0 : 1);
                threaded.nodes += node;
            }
            return threaded;
        }
        if (name == "Appended")
            return Appended{quint32(fields.number("uidvalidity", 7)), ranges(fields.named.value("uid"))};
        if (name == "Rows") {
            FetchedRows rows;
            for (const QByteArray &one : rest.split(';')) {
                const Fields row(one.trimmed());
                if (row.plain.isEmpty()) {
                    rows.nextUid = Uid(row.number("next"));
                    continue;
                }
                FetchedRow fetched{.mark = mark(row, keywords), .internalDate = row.number("date"),
                                   .internalDateOffset = int(row.number("offset"))};
                fetched.envelope = row.named.value("envelope");
                fetched.preview = row.named.value("preview");
                fetched.bodyStructure = row.named.value("bodystructure");
                fetched.header = row.named.value("header");
                fetched.body = row.named.value("body");
                if (!fetched.body.isEmpty())
                    fetched.parts = message::packOffsets(message::parseStructure(fetched.body).root);
                rows.rows += fetched;
            }
            return rows;
        }
        if (name == "UrlToken")
            return UrlToken{rest};
        if (name == "Piece")
            return ContentPiece{Fields::unescaped(rest)};
        if (name == "Stored") {
            if (rest.contains("keywords="))
                keywords = rest.sliced(rest.indexOf("keywords=") + 9).split(' ').first().split(',');
            // "30 / 40; 50": what is altered, and what had the flags already
            const qsizetype same = rest.indexOf('/');
            return FlagsStored{marks(same < 0 ? rest : rest.first(same), keywords),
                               same < 0 ? QList<MessageMark>() : marks(rest.sliced(same + 1), keywords), uids(fields.named.value("modified")), keywords, ModSeq(fields.number("highest", 9))};
        }
        if (name == "Copied")
            return Copied{quint32(fields.number("uidvalidity", 7)), ranges(fields.plain.value(0)),
                          ranges(fields.plain.value(1)), ranges(fields.named.value("expunged")), 9};
        if (name == "Vanished")
            return Vanished{ranges(fields.plain.value(0))};
        if (name == "Expunged")
            return Expunged{ranges(fields.plain.value(0)), 9};
        if (name == "FoundIn") {
            FoundIn found{quint32(fields.number("uidvalidity", 7)), uids(fields.plain.value(0)), {}};
            for (const QByteArray &modSeq : fields.named.value("modseqs").split(',')) {
                if (!modSeq.isEmpty())
                    found.modSeqs += modSeq.toULongLong();
            }
            return found;
        }
        if (name == "Found")
            return Found{uids(fields.plain.value(0)), 9};
        return std::nullopt;
    }
};

} // namespace posthorn::imap::transcript
