// A client that believes what it is told, and the account of what it must be told: what has reached its session so far.
#pragma once

#include "unit/service/access/mailbox_model.h"

#include <QHash>
#include <QMap>
#include <QQueue>
#include <QSet>

#include <functional>

namespace posthorn::access::model {

inline QList<Uid> uidsIn(const QByteArray &set)
{
    QList<Uid> uids;
    for (const QByteArray &part : set.split(',')) {
        const Uid first = part.split(':').first().toUInt(), last = part.split(':').last().toUInt();
        for (Uid uid = std::min(first, last); uid != 0 && uid <= std::max(first, last); ++uid)
            uids += uid;
    }
    return uids;
}

inline QByteArray setText(QList<Uid> uids)
{
    QByteArrayList words;
    for (const Uid uid : std::as_const(uids))
        words += QByteArray::number(uid);
    return words.join(',');
}

// A command under way.
struct Sent
{
    QByteArray tag, line;
    QByteArray verb; // "STORE", without UID
    bool byUid = true;
    QList<Uid> wanted;         // the messages it names, as far as the client knows them
    bool isAsked = false;      // the service was asked
    bool mayFail = false;      // NO is right as well
    // STORE
    Action action = Action::Add;
    Set flags = 0;
    bool silent = false;
    QList<Uid> modified;
    // FETCH and STORE: the rows as they were when they were asked for, and which of them were not told yet
    QHash<Uid, Message> rows;
    QSet<Uid> untold;
    bool wantsContent = false, wantsFlags = true;
    // SEARCH
    std::function<bool(const Message &)> matches;
    QList<Uid> found;
    bool saves = false, isTold = false;
    QByteArray code; // that must be in the tagged response, or in an untagged one before it
    QByteArray status;
    // SELECT
    QByteArray mailbox;
    bool readOnly = false;
};

struct Belief
{
    Uid uid = 0;
    bool hasFlags = false;
    Set flags = 0;
    ModSeq version = 0; // of the message when it had these flags
};

class BelievingClient
{
public:
    QByteArray name;
    bool rev2 = false, condstore = false, qresync = false, uidOnly = false;
    std::function<Mailbox &(const QByteArray &)> truthOf;

    QQueue<Sent> outstanding;
    QByteArray selected; // or empty
    bool readOnly = false, idle = false;
    QList<Belief> seen;
    QList<Uid> saved;
    Uid firstRecent = 0;      // of the mailbox about to be opened or open
    QMap<Uid, Message> reached; // what reached the session of the selected mailbox, by changes and by its own answers
    // For resynchronizing
    struct Remembered
    {
        ModSeq highest = 0;
        QList<Belief> seen;
    };
    QHash<QByteArray, Remembered> remembered;
    QByteArray fault;

    [[nodiscard]] bool vanishes() const { return qresync || uidOnly; }
    [[nodiscard]] const Belief *belief(Uid uid) const
    {
        const auto it = std::ranges::find(seen, uid, &Belief::uid);
        return it == seen.end() ? nullptr : &*it;
    }
    // The command under way; there is one of each kind at most.
    Sent *underWay(const QByteArrayList &verbs)
    {
        const auto it = std::ranges::find_if(outstanding, [&](const Sent &sent) { return verbs.contains(sent.verb); });
        return it == outstanding.end() ? nullptr : &*it;
    }
    void reach(const MailboxChange &change)
    {
        if (selected.isEmpty() || change.mailbox != truthOf(selected).id)
            return;
        const Mailbox &truth = truthOf(selected);
        for (const MessageMark &mark : change.appended)
            reached[mark.uid] = Message{mark.uid, truth.setOfBits(mark.flags), mark.modSeq, 0};
        for (const MessageMark &mark : change.altered) {
            if (reached.contains(mark.uid))
                reached[mark.uid] = Message{mark.uid, truth.setOfBits(mark.flags), mark.modSeq, 0};
        }
        for (const UidRange &range : change.expunged) {
            for (Uid uid = range.first; uid <= range.last; ++uid) {
                if (reached.contains(uid))
                    m_gone[uid] = reached.take(uid);
            }
        }
    }

    void hear(const QByteArray &octets)
    {
        m_knew.clear();
        for (const Belief &one : std::as_const(seen))
            m_knew += one.uid;
        m_rest += octets;
        for (QByteArray line = nextLine(); !line.isNull() && fault.isEmpty(); line = nextLine())
            hearLine(line);
    }

    void check(bool good, const QByteArray &what)
    {
        if (!good && fault.isEmpty())
            fault = name + ": " + what;
    }

    // After a command is done everything that reached the session must have been told; removals only where they may be, and
    // flags not while another command is about to tell some.
    void checkTold(bool withRemovals, bool withFlags = true)
    {
        if (selected.isEmpty())
            return;
        QSet<Uid> told;
        for (const Belief &one : std::as_const(seen)) {
            told += one.uid;
            const auto there = reached.constFind(one.uid);
            if (there == reached.cend()) {
                check(!withRemovals, "was not told that " + QByteArray::number(one.uid) + " is gone");
            } else if (withFlags && one.hasFlags && truthOf(selected).find(one.uid)) { // else its end is under way
                check(one.flags == there->flags || one.version > there->modSeq,
                      "believes that " + QByteArray::number(one.uid) + " has " + wordsOf(one.flags).join(' ') + ", but it has "
                          + wordsOf(there->flags).join(' '));
            }
        }
        for (auto it = reached.cbegin(); it != reached.cend(); ++it)
            check(told.contains(it.key()), "was not told of " + QByteArray::number(it.key()));
    }

private:
    QByteArray nextLine()
    {
        qsizetype from = 0;
        for (;;) {
            const qsizetype end = m_rest.indexOf("\r\n", from);
            if (end < 0)
                return {};
            const qsizetype brace = m_rest.lastIndexOf('{', end);
            if (brace < from || m_rest[end - 1] != '}') {
                const QByteArray line = m_rest.first(end);
                m_rest.remove(0, end + 2);
                return line;
            }
            from = end + 2 + m_rest.sliced(brace + 1, end - brace - 2).toLongLong();
            if (from > m_rest.size())
                return {};
        }
    }

    void hearLine(const QByteArray &line)
    {
        log += "S " + name + ": " + line;
        if (line.startsWith("+ ")) {
            idle = idle || (!outstanding.isEmpty() && outstanding.first().verb == "IDLE");
        } else if (line.startsWith("* ")) {
            hearUntagged(line.sliced(2));
        } else {
            hearTagged(line);
        }
    }

    void hearUntagged(const QByteArray &text)
    {
        const QByteArrayList words = text.split(' ');
        const QByteArray second = words.value(1);
        if (second == "EXISTS")
            hearExists(words[0].toLongLong());
        else if (second == "RECENT")
            hearRecent(words[0].toLongLong());
        else if (second == "EXPUNGE")
            hearExpunge(words[0].toLongLong());
        else if (second == "FETCH" || second == "UIDFETCH")
            hearFetch(words[0].toUInt(), second == "UIDFETCH", text.sliced(text.indexOf('(')));
        else if (words[0] == "VANISHED")
            hearVanished(uidsIn(words.last()), second == "(EARLIER)");
        else if (words[0] == "FLAGS")
            m_keywords = text.sliced(7).chopped(1).split(' ');
        else if (words[0] == "SEARCH")
            hearSearch(text.sliced(6));
        else if (words[0] == "ESEARCH")
            hearExtendedSearch(text);
        else if (words[0] == "STATUS")
            checkCode(text);
        else if (second == "[CLOSED]")
            closed();
        else if (words[0] == "OK")
            hearCode(text.sliced(3), words);
        else
            check(words[0] != "BYE" && words[0] != "BAD", "hears " + text);
    }

    Sent *opening() { return underWay({"SELECT"}); }

    void hearExists(qsizetype count)
    {
        if (Sent *sent = opening(); sent && selected.isEmpty()) {
            selected = sent->mailbox;
            readOnly = sent->readOnly;
            reached.clear();
            m_gone.clear();
            seen.clear();
            const Remembered before = remembered.value(selected);
            for (const Message &message : std::as_const(truthOf(selected).messages)) {
                reached[message.uid] = message;
                const auto old = std::ranges::find(before.seen, message.uid, &Belief::uid);
                seen += old != before.seen.end() && sent->line.contains("QRESYNC") ? *old : Belief{message.uid};
            }
            check(count == seen.size(), "is told of " + QByteArray::number(count) + " messages");
            return;
        }
        for (auto it = reached.upperBound(seen.isEmpty() ? 0 : seen.last().uid); it != reached.end(); ++it)
            seen += Belief{it.key()};
        check(count == seen.size(), "hears " + QByteArray::number(count) + " EXISTS, not " + QByteArray::number(seen.size()));
    }

    void hearRecent(qsizetype count)
    {
        const auto recent = std::ranges::count_if(seen, [&](const Belief &one) { return firstRecent && one.uid >= firstRecent; });
        check(count == recent && !rev2, "hears " + QByteArray::number(count) + " RECENT, not " + QByteArray::number(recent));
    }

    // RFC 9051 §7.5.1
    [[nodiscard]] bool mayNumbersChange() const
    {
        return !outstanding.isEmpty() && std::ranges::none_of(outstanding, [](const Sent &sent) {
            return !sent.byUid && QByteArrayList{"FETCH", "STORE", "SEARCH"}.contains(sent.verb);
        });
    }

    void hearExpunge(qsizetype number)
    {
        check(mayNumbersChange() && !vanishes(), "hears EXPUNGE when it must not");
        if (number < 1 || number > seen.size())
            return check(false, "hears EXPUNGE of a number that is not there");
        check(!reached.contains(seen[number - 1].uid), "hears EXPUNGE of " + QByteArray::number(seen[number - 1].uid) + ", which is there");
        forget(seen.takeAt(number - 1).uid);
    }

    void hearVanished(const QList<Uid> &uids, bool earlier)
    {
        check(vanishes(), "hears VANISHED");
        for (const Uid uid : uids) {
            check(!truthOf(selected).find(uid), "hears VANISHED of one that is there");
            const auto it = std::ranges::find(seen, uid, &Belief::uid);
            check(earlier == (it == seen.end()), "hears VANISHED of " + QByteArray::number(uid) + " at the wrong time");
            if (it != seen.end())
                seen.erase(it);
            forget(uid);
        }
        check(earlier || mayNumbersChange() || uidOnly, "hears VANISHED when it must not");
    }
    void forget(Uid uid) { saved.removeAll(uid); }

    void hearFetch(quint32 number, bool isUid, QByteArray items)
    {
        check(isUid == uidOnly, "hears the wrong kind of FETCH");
        const qsizetype index = isUid ? std::ranges::find(seen, number, &Belief::uid) - seen.begin() : qsizetype(number) - 1;
        if (index < 0 || index >= seen.size())
            return check(false, "hears FETCH of a number that is not there");
        Belief &one = seen[index];
        QByteArray content;
        if (const qsizetype at = items.indexOf("BODY[] {"); at >= 0) {
            const qsizetype size = items.sliced(at + 8, items.indexOf('}', at) - at - 8).toLongLong();
            content = items.sliced(items.indexOf("\r\n", at) + 2, size);
            items.remove(at, items.indexOf("\r\n", at) + 2 + size - at);
        }
        if (const auto uid = numberAfter("UID ", items))
            check(*uid == one.uid, "is told that " + QByteArray::number(one.uid) + " is " + QByteArray::number(*uid));
        Sent *sent = underWay({"FETCH", "SELECT", "STORE"});
        const Message *row = sent && sent->rows.contains(one.uid) ? &sent->rows[one.uid] : nullptr;
        if (!content.isNull()) {
            const bool right = row && content.contains("Subject: m" + QByteArray::number(row->number) + "\r\n");
            check(right && sent->wantsContent, "gets the content of another message: " + content);
        }
        hearFlags(one, items, row);
        const bool isWhole = content.isNull() != (sent && sent->wantsContent) && (items.contains("FLAGS (") || (sent && !sent->wantsFlags));
        const bool isByNumber = sent && sent->verb == "STORE" && !sent->byUid;
        if (row && isWhole && (uidOnly || isByNumber || items.contains("UID ")))
            sent->untold.remove(one.uid);
    }

    void hearFlags(Belief &one, const QByteArray &items, const Message *row)
    {
        const Message there = reached.contains(one.uid) ? reached[one.uid] : m_gone.value(one.uid);
        const auto modSeq = numberAfter("MODSEQ (", items);
        const qsizetype at = items.indexOf("FLAGS (");
        if (at < 0) {
            check(!modSeq || there.modSeq == *modSeq || (row && row->modSeq == *modSeq),
                  "is told a wrong MODSEQ of " + QByteArray::number(one.uid));
            return;
        }
        const QByteArray list = items.sliced(at + 7, items.indexOf(')', at) - at - 7);
        const QByteArrayList words = list.isEmpty() ? QByteArrayList() : list.split(' ');
        const std::optional<Set> set = setOf(words);
        check(set.has_value(), "is told unknown flags");
        for (const QByteArray &word : words)
            check(word.startsWith('\\') || m_keywords.contains(word), "is told the keyword " + word + " before FLAGS has it");
        const bool recent = !rev2 && firstRecent != 0 && one.uid >= firstRecent;
        check(words.contains("\\Recent") == recent, QByteArray::number(one.uid) + " has a wrong \\Recent");
        const auto fits = [&](const Message &message) {
            return message.flags == set && (!modSeq || *modSeq == message.modSeq);
        };
        const bool isNews = there.uid != 0 && fits(there);
        check(isNews || (row && fits(*row)), "is told of " + QByteArray::number(one.uid) + " what it has not: " + items);
        check(modSeq.has_value() || !condstore || (row && fits(*row)), "is told flags without MODSEQ"); // RFC 7162 §3.2
        one.hasFlags = true;
        one.flags = set.value_or(0);
        one.version = std::max(isNews ? there.modSeq : 0, row && fits(*row) ? row->modSeq : 0);
    }

    void hearSearch(const QByteArray &numbers)
    {
        const QByteArray list = numbers.contains('(') ? numbers.first(numbers.indexOf('(')) : numbers;
        QList<Uid> uids;
        for (const QByteArray &word : list.trimmed().split(' '))
            uids += word.toUInt();
        uids.removeAll(0);
        found(uids);
    }
    void hearExtendedSearch(const QByteArray &text)
    {
        const qsizetype at = text.indexOf(" ALL ");
        found(at < 0 ? QList<Uid>() : uidsIn(text.sliced(at + 5).split(' ').first()));
    }
    void found(QList<Uid> numbers)
    {
        Sent *asked = underWay({"SEARCH"});
        if (!asked)
            return check(false, "hears of a search it did not ask for");
        Sent &sent = *asked;
        sent.isTold = true;
        QList<Uid> expected;
        for (qsizetype i = 0; i < seen.size(); ++i) {
            if (sent.found.contains(seen[i].uid))
                expected += sent.byUid ? seen[i].uid : Uid(i + 1);
        }
        check(numbers == expected, "found " + setText(numbers) + " instead of " + setText(expected));
    }

    void hearCode(const QByteArray &text, const QByteArrayList &words)
    {
        const Sent *sent = opening();
        const quint64 number = words.value(2).chopped(1).toULongLong();
        if (sent && words[1] == "[HIGHESTMODSEQ" && !selected.isEmpty()) {
            check(number == truthOf(selected).highest, "is told the wrong HIGHESTMODSEQ");
            m_highest = number;
        } else if (sent && words[1] == "[UIDNEXT") {
            check(number == truthOf(selected).uidNext, "is told the wrong UIDNEXT");
        }
        checkCode(text);
    }
    void checkCode(const QByteArray &text)
    {
        for (Sent &sent : outstanding) {
            if (!sent.code.isEmpty() && text.contains(sent.code))
                sent.code.clear();
        }
    }

    void closed()
    {
        if (!selected.isEmpty())
            remembered[selected] = {m_highest, seen};
        selected.clear();
        seen.clear();
        reached.clear();
        saved.clear();
    }

    void hearTagged(const QByteArray &line)
    {
        const auto ended = std::ranges::find(outstanding, line.split(' ').first(), &Sent::tag);
        if (ended == outstanding.end())
            return check(false, "hears " + line);
        checkCode(line);
        const QByteArray status = line.split(' ')[1];
        const Sent sent = *ended;
        check(status == "OK" || (status == "NO" && sent.mayFail), "asks " + sent.line + " and hears " + line);
        if (sent.verb == "STORE" && status == "OK")
            stored(sent, line);
        if (status == "OK") {
            check(sent.code.isEmpty(), "does not hear " + sent.code);
            for (const Uid uid : sent.untold)
                check(!belief(uid), "is not told what it asked of " + QByteArray::number(uid));
            check(sent.verb != "SEARCH" || sent.isTold || sent.saves, "is not told what was found");
        }
        const bool isAlone = outstanding.size() == 1;
        const bool removals = isAlone && mayNumbersChange();
        outstanding.erase(ended);
        idle = false;
        if (sent.verb == "SEARCH" && sent.saves) {
            saved.clear();
            for (const Belief &one : std::as_const(seen)) {
                if (sent.found.contains(one.uid) && m_knew.contains(one.uid)) // what came since is no part of it
                    saved += one.uid;
            }
        }
        if ((sent.verb == "CLOSE" && status == "OK") || (sent.verb == "SELECT" && status != "OK"))
            closed();
        checkTold(removals, isAlone);
    }

    // A silent STORE tells nothing of its own: the client knows what it did.
    void stored(const Sent &sent, const QByteArray &line)
    {
        QList<Uid> modified;
        if (const qsizetype at = line.indexOf("[MODIFIED "); at >= 0)
            modified = uidsIn(line.sliced(at + 10, line.indexOf(']', at) - at - 10));
        QList<Uid> expected;
        for (qsizetype i = 0; i < seen.size(); ++i) {
            if (sent.modified.contains(seen[i].uid))
                expected += sent.byUid ? seen[i].uid : Uid(i + 1);
        }
        check(modified == expected, "hears MODIFIED " + setText(modified) + " instead of " + setText(expected));
        if (!sent.silent)
            return;
        for (Belief &one : seen) {
            const auto there = reached.constFind(one.uid);
            if (!sent.wanted.contains(one.uid) || sent.modified.contains(one.uid) || !one.hasFlags || there == reached.cend())
                continue;
            one.flags = after(sent.action, one.flags, sent.flags);
            one.version = std::max(one.version, there->modSeq);
        }
    }

    static std::optional<quint64> numberAfter(const QByteArray &before, const QByteArray &items)
    {
        qsizetype at = items.indexOf(before);
        if (at < 0)
            return std::nullopt;
        at += before.size();
        qsizetype end = at;
        while (end < items.size() && items[end] >= '0' && items[end] <= '9')
            ++end;
        return items.sliced(at, end - at).toULongLong();
    }

    QByteArray m_rest;
    QList<Uid> m_knew; // before what is being heard
    QByteArrayList m_keywords;
    QHash<Uid, Message> m_gone; // as they were last
    ModSeq m_highest = 0;

public:
    QByteArrayList log; // taken by the test
};

} // namespace posthorn::access::model
