// What a mailbox must hold after each command: the simplest model there is, and what the store says it did beside it.
#pragma once

#include "core/change.h"

#include <QByteArrayList>
#include <QList>

#include <algorithm>
#include <optional>

namespace posthorn::access::model {

using Set = quint32; // flags: a bit for each of names(), whatever bits the store gives them

inline const QByteArrayList &names()
{
    static const QByteArrayList all{"\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$Work", "$Other", "$Third"};
    return all;
}
inline constexpr Set Seen = 1, Flagged = 4, Deleted = 8;

inline std::optional<Set> setOf(const QByteArrayList &words)
{
    Set set = 0;
    for (const QByteArray &word : words) {
        const qsizetype bit = names().indexOf(word);
        if (bit < 0 && word != "\\Recent")
            return std::nullopt;
        set |= bit < 0 ? 0 : Set(1) << bit;
    }
    return set;
}

inline QByteArrayList wordsOf(Set set)
{
    QByteArrayList words;
    for (qsizetype i = 0; i < names().size(); ++i) {
        if (set & Set(1) << i)
            words += names()[i];
    }
    return words;
}

inline bool isIn(const QList<UidRange> &ranges, Uid uid)
{
    return std::ranges::any_of(ranges, [uid](const UidRange &range) { return range.first <= uid && uid <= range.last; });
}

struct Message
{
    Uid uid = 0;
    Set flags = 0;
    ModSeq modSeq = 0; // as the store gave it
    int number = 0;    // of its content
};

enum class Action { Replace, Add, Remove }; // as imap::FlagAction

inline Set after(Action action, Set before, Set set)
{
    return action == Action::Replace ? set : action == Action::Add ? before | set : before & ~set;
}

struct Expected // of one change
{
    QList<Uid> appended, altered, expunged;
};

struct Mailbox
{
    MailboxId id;
    QByteArray name;
    quint32 uidValidity = 0;
    Uid uidNext = 1, firstRecent = 1;
    ModSeq highest = 0;
    QList<Message> messages;
    Keywords keywords;
    Expected expected;

    Message *find(Uid uid)
    {
        const auto it = std::ranges::lower_bound(messages, uid, {}, &Message::uid);
        return it != messages.end() && it->uid == uid ? &*it : nullptr;
    }
    void append(Set flags, int number)
    {
        expected.appended += uidNext;
        messages += Message{uidNext++, flags, 0, number};
    }
    // Gives those left alone.
    QList<Uid> store(const QList<UidRange> &uids, Action action, Set set, std::optional<ModSeq> unchangedSince)
    {
        QList<Uid> modified;
        for (Message &message : messages) {
            if (!isIn(uids, message.uid))
                continue;
            if (unchangedSince && message.modSeq > *unchangedSince) {
                modified += message.uid;
            } else if (const Set flags = after(action, message.flags, set); flags != message.flags) {
                message.flags = flags;
                expected.altered += message.uid;
            }
        }
        return modified;
    }
    template<typename Which>
    QList<Uid> remove(Which which)
    {
        QList<Uid> gone;
        messages.removeIf([&](const Message &message) {
            if (which(message))
                gone += message.uid;
            return which(message);
        });
        expected.expunged += gone;
        return gone;
    }

    // What the store says it did is what was expected. Empty, or what is not.
    QByteArray settle(const QList<MailboxChange> &changes)
    {
        const Expected wanted = std::exchange(expected, {});
        Expected done;
        const ModSeq before = highest;
        for (const MailboxChange &change : changes) {
            if (change.mailbox != id)
                continue;
            if (!change.keywords.isEmpty())
                keywords = change.keywords;
            highest = std::max(highest, change.modSeq);
            for (const MessageMark &mark : change.appended) {
                done.appended += mark.uid;
                if (!take(mark, before))
                    return name + ": appended " + QByteArray::number(mark.uid) + " is not as it should be";
            }
            for (const MessageMark &mark : change.altered) {
                done.altered += mark.uid;
                if (!take(mark, before))
                    return name + ": altered " + QByteArray::number(mark.uid) + " is not as it should be";
            }
            for (const UidRange &range : change.expunged) {
                for (Uid uid = range.first; uid <= range.last; ++uid)
                    done.expunged += uid;
            }
        }
        if (done.appended != wanted.appended || done.altered != wanted.altered || done.expunged != wanted.expunged)
            return name + ": " + text(done) + " instead of " + text(wanted);
        return {};
    }

    [[nodiscard]] Set setOfBits(Flags flags) const { return setOf(words(flags)).value_or(0); }

private:
    bool take(const MessageMark &mark, ModSeq before)
    {
        Message *message = find(mark.uid);
        if (!message || setOf(words(mark.flags)) != message->flags || mark.modSeq <= before || mark.modSeq > highest)
            return false;
        message->modSeq = mark.modSeq;
        return true;
    }
    [[nodiscard]] QByteArrayList words(Flags flags) const
    {
        QByteArrayList found;
        for (int bit = 0; bit < 5; ++bit) {
            if (flags & Flags(1) << bit)
                found += names()[bit];
        }
        for (qsizetype i = 0; i < keywords.size(); ++i) {
            if (flags & Flags(1) << (flag::firstKeywordBit + i))
                found += keywords[i];
        }
        return found;
    }
    static QByteArray text(const Expected &change)
    {
        const auto list = [](const QList<Uid> &uids) {
            QByteArray line = "[";
            for (const Uid uid : uids)
                line += ' ' + QByteArray::number(uid);
            return line + " ]";
        };
        return "appended " + list(change.appended) + ", altered " + list(change.altered) + ", expunged " + list(change.expunged);
    }
};

} // namespace posthorn::access::model
