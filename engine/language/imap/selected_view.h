// What one session knows of its selected mailbox: which message has which sequence number, what has happened since and
// was not told yet, and when it may be told (RFC 9051 §7.5.1; RFC 3501 §7.4.1). A pure tracker.
#pragma once

#include "language/imap/needs.h"
#include "language/imap/number_set.h"
#include "language/imap/uid_map.h"

#include <functional>
#include <utility>

namespace posthorn::imap {

class SelectedView
{
public:
    enum class Telling {
        All,
        NoExpunges, // a command with sequence numbers is in progress: none may change its meaning
        Arrivals,   // another command is in progress that tells flags: what it has read may be older than these news
    };

    // `recent`: \Recent is told (IMAP4rev1).
    SelectedView(const Selected &selected, bool recent);

    // From now on flags are told with their MODSEQ, and with `vanished` the removed by their UIDs (RFC 7162 §3.1.2.1,
    // §3.2.10). Stays so.
    void tellModSeqs() { m_tellsModSeqs = true; }
    void tellVanished() { m_tellsVanished = true; }
    // And which annotations others set (RFC 5464 §4.4.2); `utf8`: how the mailbox's name is written.
    void tellMetadata(bool utf8) { m_tellsMetadata = true, m_utf8 = utf8; }
    // No sequence numbers are told any longer (RFC 9586 §3).
    void tellUids() { m_tellsUids = m_tellsVanished = true; }
    // \Recent is told no longer: IMAP4rev2 has none.
    void forgetRecent() { m_recent = false; }
    // What others do is told from now on only as far as it is wanted (RFC 5465): the messages that come and go, changed
    // flags. What this session does is told in any case.
    void setInterest(bool messages, bool flags);
    // UIDs that EXISTS has told since this was last asked, but for this session's own; kept from setArrivals() on.
    void setArrivals(bool wanted) { m_wantsArrivals = wanted; }
    [[nodiscard]] QList<Uid> takeArrivals() { return std::exchange(m_arrivals, {}); }

    [[nodiscard]] MailboxId mailbox() const { return m_mailbox; }
    [[nodiscard]] const QString &name() const { return m_name; }
    // It has this name now, or is below what has it.
    void noteRenamed(const QString &from, const QString &to);
    // By EXAMINE; or nothing that others see can be changed (RFC 4314 §5.2).
    [[nodiscard]] bool isExamined() const { return m_readOnly; }
    [[nodiscard]] bool readOnly() const;
    [[nodiscard]] bool may(Rights rights) const { return (m_rights & rights) == rights; }
    [[nodiscard]] quint32 uidValidity() const { return m_uidValidity; }
    [[nodiscard]] ModSeq highestModSeq() const { return m_highestModSeq; }
    [[nodiscard]] const Keywords &keywords() const { return m_keywords; }
    // The messages the client has been told of, those included whose end it has not been told of.
    [[nodiscard]] const UidMap &messages() const { return m_map; }
    [[nodiscard]] bool isRecent(Uid uid) const { return m_recent && m_firstRecent != 0 && uid >= m_firstRecent; }
    [[nodiscard]] qsizetype recentCount() const;
    // What of ascending ranges the client knows of: each result begins and ends with a message.
    [[nodiscard]] QList<UidRange> known(const QList<UidRange> &uids) const;
    // What of ascending ranges the client does not know of, or has been told of.
    [[nodiscard]] QList<UidRange> unknown(const QList<UidRange> &uids) const;
    // True: the mailbox is gone, or can't be read any longer.
    [[nodiscard]] bool isRemoved() const { return m_removed || !may(right::Read); }
    // For those who keep search results up to date (RFC 5267): called before messages are told gone; and from then on
    // takeTouched() gives what came or changed and was told, since it was last asked.
    using BeforeGone = std::function<void(QByteArray &out, const QList<UidRange> &uids)>;
    void watch(BeforeGone beforeGone) { m_beforeGone = std::move(beforeGone); }
    [[nodiscard]] QList<UidRange> takeTouched() { return merged(std::exchange(m_touched, {})); }

    // Another session, or a delivery, did something. Changes of another mailbox are ignored.
    void note(const MailboxChange &change);
    // This session's own STORE, whose outcome is told by its command; expunges are told as others' are. A silent one tells
    // no flags, so what others did before it is still to be told (RFC 9051 §6.4.6).
    void noteStored(const FlagsStored &stored, bool silent = false);
    void noteExpunged(const QList<UidRange> &uids, ModSeq highestModSeq);
    void noteKeywords(const Keywords &keywords);

    [[nodiscard]] bool hasNews() const;
    // Appends the untagged responses that may be sent now.
    void tell(QByteArray &out, Telling telling);
    // FLAGS and PERMANENTFLAGS when new keywords appeared: before flags are told that use them.
    void tellKeywords(QByteArray &out);
    // "* 3 FETCH (UID 9 FLAGS (\Seen) MODSEQ (12))"; nothing when the client does not know the message.
    void appendFlags(QByteArray &out, const MessageMark &mark, bool withUid) const;
    // The same without the flags: what a STORE that is silent tells (RFC 7162 §3.1.3).
    void appendModSeq(QByteArray &out, const MessageMark &mark) const;
    // "(\Answered ... $Work \*)": what the flags of FLAGS and PERMANENTFLAGS are.
    [[nodiscard]] QByteArray knownFlags() const;
    [[nodiscard]] QByteArray permanentFlags() const;

private:
    void noteRights(Rights rights);
    void tellAnnotated(QByteArray &out);
    void noteAppended(const QList<MessageMark> &marks, bool own);
    void noteAltered(const QList<MessageMark> &marks);
    void compactAltered();
    void tellExpunged(QByteArray &out, const QList<UidRange> &ranges);
    void tellAppended(QByteArray &out);
    void touch(Uid uid);
    void noteGone(const QList<UidRange> &uids, ModSeq highestModSeq);
    [[nodiscard]] bool appendHead(QByteArray &out, const MessageMark &mark, bool withUid) const;

    MailboxId m_mailbox;
    QString m_name;
    UidMap m_map;
    Keywords m_keywords;
    ModSeq m_highestModSeq = 0;
    quint32 m_uidValidity = 0;
    Uid m_firstRecent = 0;
    Rights m_rights = right::All;
    bool m_ownSeen = false;
    bool m_readOnly = false;
    bool m_recent = false;
    bool m_removed = false;
    bool m_tellsModSeqs = false;
    bool m_tellsVanished = false;
    bool m_tellsMetadata = false;
    bool m_utf8 = false;
    bool m_tellsUids = false;
    bool m_tellsMessages = true;
    bool m_tellsFlags = true;
    bool m_wantsArrivals = false;

    bool m_newKeywords = false;
    bool m_urlKeysReset = false;
    QList<QByteArray> m_annotated, m_serverAnnotated; // entries
    QList<Uid> m_appended;       // ascending
    QList<Uid> m_ownAppended;    // of those, ascending
    QList<Uid> m_arrivals;
    BeforeGone m_beforeGone;
    QList<UidRange> m_touched;
    QList<UidRange> m_expunged;  // of messages in m_map; ascending, disjoint
    QList<UidRange> m_ownExpunged; // of those
    QList<MessageMark> m_altered;
    qsizetype m_compacted = 0;   // entries of m_altered after it was last compacted
    QList<MessageMark> m_own;        // what the last STORE did: news that are older are not told
    ModSeq m_ownModSeq = 0;
};

} // namespace posthorn::imap
