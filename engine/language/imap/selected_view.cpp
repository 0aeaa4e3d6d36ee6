#include "language/imap/selected_view.h"

#include "language/imap/list_match.h"
#include "language/imap/number_set.h"
#include "language/imap/output.h"
#include "language/imap/quote.h"

#include <algorithm>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

template<typename T>
bool lessUid(const T &entry, Uid uid)
{
    return entry.uid < uid;
}

// Takes ascending UIDs out of ascending ranges' reach.
void removeCovered(QList<Uid> &uids, const QList<UidRange> &ranges)
{
    auto range = ranges.cbegin();
    uids.removeIf([&](Uid uid) {
        while (range != ranges.cend() && range->last < uid)
            ++range;
        return range != ranges.cend() && range->first <= uid;
    });
}

} // namespace

SelectedView::SelectedView(const Selected &selected, bool recent)
    : m_mailbox(selected.mailbox), m_name(selected.name), m_map(selected.uids), m_keywords(selected.keywords),
      m_highestModSeq(selected.highestModSeq), m_uidValidity(selected.uidValidity),
      m_firstRecent(selected.firstRecent), m_rights(selected.rights), m_ownSeen(selected.ownSeen), m_readOnly(selected.readOnly), m_recent(recent)
{
}

qsizetype SelectedView::recentCount() const
{
    return m_recent && m_firstRecent != 0 ? m_map.count() - m_map.lowerBound(m_firstRecent) : 0;
}

bool SelectedView::readOnly() const
{
    const Rights writing = right::Insert | right::Expunge | right::Write | right::DeleteMessages
                           | (m_ownSeen ? Rights(0) : right::KeepSeen);
    return m_readOnly || !(m_rights & writing);
}

// The messages of INBOX take the new name, not INBOX itself.
void SelectedView::noteRenamed(const QString &from, const QString &to)
{
    const bool isMeant = m_name.startsWith(from) && (m_name.size() == from.size() || m_name[from.size()] == hierarchySeparator);
    if (isMeant && from != "INBOX"_L1)
        m_name.replace(0, from.size(), to);
}

void SelectedView::noteRights(Rights rights)
{
    m_newKeywords |= rights != m_rights;
    m_rights = rights;
}

static void addNew(QList<QByteArray> &entries, const QList<QByteArray> &more)
{
    for (const QByteArray &entry : more) {
        if (!entries.contains(entry))
            entries += entry;
    }
}

void SelectedView::note(const MailboxChange &change)
{
    if (m_tellsMetadata && !change.mailbox)
        addNew(m_serverAnnotated, change.annotated);
    if (change.mailbox != m_mailbox)
        return;
    m_removed = m_removed || change.removed;
    m_urlKeysReset = m_urlKeysReset || change.urlKeysReset;
    if (m_tellsMetadata)
        addNew(m_annotated, change.annotated);
    if (change.granted)
        noteRights(*change.granted);
    if (change.modSeq > m_ownModSeq)
        m_own.clear(); // changes come in the order of their commits: none older than our own will follow
    if (!change.keywords.isEmpty())
        noteKeywords(change.keywords);
    noteAppended(change.appended, bool(change.origin));
    noteAltered(change.altered);
    noteGone(change.expunged, change.modSeq);
}

void SelectedView::noteKeywords(const Keywords &keywords)
{
    if (keywords.size() <= m_keywords.size())
        return; // there are never fewer; these news are old
    m_keywords = keywords;
    m_newKeywords = true;
}

void SelectedView::setInterest(bool messages, bool flags)
{
    m_tellsMessages = messages;
    m_tellsFlags = flags;
}

void SelectedView::noteAppended(const QList<MessageMark> &marks, bool own)
{
    const Uid last = m_appended.isEmpty() ? m_map.last() : m_appended.last();
    for (const MessageMark &mark : marks) {
        if (mark.uid <= last || (!m_appended.isEmpty() && mark.uid <= m_appended.last()))
            continue;
        m_appended += mark.uid;
        if (own && m_wantsArrivals)
            m_ownAppended += mark.uid;
    }
}

void SelectedView::noteAltered(const QList<MessageMark> &marks)
{
    for (const MessageMark &mark : marks) {
        const auto own = std::lower_bound(m_own.cbegin(), m_own.cend(), mark.uid, lessUid<MessageMark>);
        const bool isOld = own != m_own.cend() && own->uid == mark.uid && own->modSeq > mark.modSeq;
        // Of messages not told of yet the client will ask the flags itself.
        if (!isOld && m_map.indexOf(mark.uid) >= 0)
            m_altered += mark;
    }
    if (m_altered.size() > 2 * m_compacted + 64)
        compactAltered();
}

// One entry for each message, the newest.
void SelectedView::compactAltered()
{
    std::stable_sort(m_altered.begin(), m_altered.end(), [](const MessageMark &a, const MessageMark &b) {
        return a.uid != b.uid ? a.uid < b.uid : a.modSeq < b.modSeq;
    });
    qsizetype kept = 0;
    for (qsizetype i = 0; i < m_altered.size(); ++i) {
        if (i + 1 == m_altered.size() || m_altered[i + 1].uid != m_altered[i].uid)
            m_altered[kept++] = m_altered[i];
    }
    m_altered.resize(kept);
    m_compacted = kept;
}

void SelectedView::touch(Uid uid)
{
    if (!m_beforeGone)
        return;
    if (!m_touched.isEmpty() && m_touched.last().last + 1 == uid)
        m_touched.last().last = uid;
    else
        m_touched += UidRange{uid, uid};
}

void SelectedView::noteStored(const FlagsStored &stored, bool silent)
{
    for (const MessageMark &mark : stored.altered)
        touch(mark.uid);
    if (!stored.keywords.isEmpty())
        noteKeywords(stored.keywords);
    m_highestModSeq = std::max(m_highestModSeq, stored.highestModSeq);
    m_ownModSeq = stored.highestModSeq;
    m_own = stored.altered;
    if (!std::ranges::is_sorted(stored.altered, {}, &MessageMark::uid))
        std::ranges::sort(m_own, {}, &MessageMark::uid);
    const auto ownAfter = [this](const MessageMark &altered) -> const MessageMark * {
        const auto own = std::lower_bound(m_own.cbegin(), m_own.cend(), altered.uid, lessUid<MessageMark>);
        return own != m_own.cend() && own->uid == altered.uid && own->modSeq > altered.modSeq ? &*own : nullptr;
    };
    if (!silent) {
        m_altered.removeIf([&](const MessageMark &altered) { return ownAfter(altered) != nullptr; });
        return;
    }
    for (MessageMark &altered : m_altered) {
        if (const MessageMark *own = ownAfter(altered))
            altered = *own;
    }
}

QList<UidRange> SelectedView::known(const QList<UidRange> &uids) const
{
    QList<UidRange> found;
    for (const UidRange &range : uids) {
        const qsizetype from = m_map.lowerBound(range.first);
        const qsizetype to = range.last == Uid(-1) ? m_map.count() : m_map.lowerBound(range.last + 1);
        if (from < to)
            found += UidRange{m_map.at(from), m_map.at(to - 1)};
    }
    return found;
}

QList<UidRange> SelectedView::unknown(const QList<UidRange> &uids) const
{
    QList<UidRange> found;
    for (UidRange range : uids) {
        for (qsizetype i = m_map.lowerBound(range.first); i < m_map.count() && m_map.at(i) <= range.last; ++i) {
            if (range.first < m_map.at(i))
                found += UidRange{range.first, m_map.at(i) - 1};
            range.first = m_map.at(i) + 1;
        }
        if (range.first <= range.last && range.first != 0)
            found += range;
    }
    return found;
}

void SelectedView::noteExpunged(const QList<UidRange> &uids, ModSeq highestModSeq)
{
    m_ownExpunged = merged(m_ownExpunged + known(uids));
    noteGone(uids, highestModSeq);
}

void SelectedView::noteGone(const QList<UidRange> &uids, ModSeq highestModSeq)
{
    m_highestModSeq = std::max(m_highestModSeq, highestModSeq);
    if (uids.isEmpty())
        return;
    removeCovered(m_appended, uids);
    m_expunged += known(uids);
    m_expunged = merged(std::move(m_expunged));
}

bool SelectedView::hasNews() const
{
    return m_newKeywords || m_urlKeysReset || !m_annotated.isEmpty() || !m_serverAnnotated.isEmpty() || !m_appended.isEmpty()
           || !m_expunged.isEmpty() || !m_altered.isEmpty();
}

void SelectedView::tellKeywords(QByteArray &out)
{
    if (!m_newKeywords)
        return;
    m_newKeywords = false;
    out += "* FLAGS " + knownFlags() + "\r\n* OK [PERMANENTFLAGS " + permanentFlags() + "] Flags permitted\r\n";
}

void SelectedView::tellAnnotated(QByteArray &out)
{
    const auto tellOf = [&](const QString &name, QList<QByteArray> &entries) {
        if (entries.isEmpty())
            return;
        out += "* METADATA ";
        appendMailbox(out, name, m_utf8);
        for (const QByteArray &entry : std::exchange(entries, {})) {
            out += ' ';
            appendAString(out, entry);
        }
        out += "\r\n";
    };
    tellOf({}, m_serverAnnotated);
    tellOf(m_name, m_annotated);
}

void SelectedView::tellExpunged(QByteArray &out, const QList<UidRange> &ranges)
{
    if (m_beforeGone)
        m_beforeGone(out, ranges);
    if (m_tellsVanished) {
        QList<UidRange> told; // only UIDs that were there: a range may reach over others
        for (const UidRange &range : ranges) {
            for (qsizetype i = m_map.lowerBound(range.first); i < m_map.count() && m_map.at(i) <= range.last; ++i)
                addUid(told, m_map.at(i));
        }
        m_map.remove(ranges);
        if (!told.isEmpty())
            out += "* VANISHED " + setText(told) + "\r\n";
        return;
    }
    const QList<qsizetype> gone = m_map.remove(ranges);
    out.reserve(out.size() + gone.size() * 16);
    for (qsizetype i = 0; i < gone.size(); ++i) { // each is counted after those before it are gone
        out += "* ";
        appendNumber(out, quint64(gone[i] - i + 1));
        out += " EXPUNGE\r\n";
    }
}

void SelectedView::tell(QByteArray &out, Telling telling)
{
    if (telling == Telling::All) {
        const QList<UidRange> own = std::exchange(m_ownExpunged, {});
        const QList<UidRange> gone = m_tellsMessages ? std::exchange(m_expunged, {}) : own;
        if (!gone.isEmpty())
            tellExpunged(out, gone);
    }
    if (m_tellsFlags)
        tellKeywords(out);
    if (std::exchange(m_urlKeysReset, false)) // RFC 4467 §7
        out += "* OK [URLMECH INTERNAL] URLs authorized before are worth nothing now\r\n";
    tellAnnotated(out);
    if (m_tellsMessages && !m_appended.isEmpty())
        tellAppended(out);
    if (telling == Telling::Arrivals)
        return;
    for (const MessageMark &mark : std::as_const(m_altered))
        touch(mark.uid);
    if (!m_tellsFlags)
        m_altered.clear();
    if (m_altered.isEmpty())
        return;
    compactAltered();
    for (const MessageMark &altered : std::exchange(m_altered, {}))
        appendFlags(out, altered, true);
    m_compacted = 0;
}

void SelectedView::tellAppended(QByteArray &out)
{
    tellKeywords(out);
    for (const Uid uid : std::exchange(m_appended, {})) {
        m_map.append(uid);
        touch(uid);
        if (m_wantsArrivals && !std::ranges::binary_search(m_ownAppended, uid))
            m_arrivals += uid;
    }
    m_ownAppended.clear();
    out += "* " + QByteArray::number(m_map.count()) + " EXISTS\r\n";
    if (m_recent)
        out += "* " + QByteArray::number(recentCount()) + " RECENT\r\n";
}

bool SelectedView::appendHead(QByteArray &out, const MessageMark &mark, bool withUid) const
{
    const qsizetype index = m_map.indexOf(mark.uid);
    if (index < 0)
        return false;
    out += "* ";
    appendNumber(out, m_tellsUids ? mark.uid : quint64(index + 1));
    out += m_tellsUids ? " UIDFETCH (" : " FETCH (";
    if (withUid && !m_tellsUids) {
        out += "UID ";
        appendNumber(out, mark.uid);
        out += ' ';
    }
    return true;
}

void SelectedView::appendFlags(QByteArray &out, const MessageMark &mark, bool withUid) const
{
    if (!appendHead(out, mark, withUid))
        return;
    out += "FLAGS (";
    appendFlagNames(out, mark.flags, m_keywords, isRecent(mark.uid));
    if (m_tellsModSeqs) {
        out += ") MODSEQ (";
        appendNumber(out, mark.modSeq);
    }
    out += "))\r\n";
}

void SelectedView::appendModSeq(QByteArray &out, const MessageMark &mark) const
{
    if (!appendHead(out, mark, true))
        return;
    out += "MODSEQ (";
    appendNumber(out, mark.modSeq);
    out += "))\r\n";
}

QByteArray SelectedView::knownFlags() const
{
    QByteArray text = "(\\Answered \\Flagged \\Deleted \\Seen \\Draft";
    for (const QByteArray &keyword : m_keywords)
        text += ' ' + keyword;
    return text + ')';
}

QByteArray SelectedView::permanentFlags() const
{
    if (m_readOnly)
        return "()";
    if (flagsAllowedBy(m_rights) == ~Flags(0))
        return knownFlags().chopped(1) + (m_keywords.size() < flag::maxKeywords ? " \\*)" : ")");
    QByteArrayList names;
    for (const QByteArray &name : knownFlags().sliced(1).chopped(1).split(' ')) {
        if (may(name == "\\Seen" ? right::KeepSeen : name == "\\Deleted" ? right::DeleteMessages : right::Write))
            names += name;
    }
    if (may(right::Write) && m_keywords.size() < flag::maxKeywords)
        names += "\\*";
    return '(' + names.join(' ') + ')';
}

} // namespace posthorn::imap
