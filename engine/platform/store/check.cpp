// Custody and consistency: what must always be so, asked of the database itself.
#include "platform/store/mailbox_rows.h"
#include "platform/store/maintenance.h"
#include "platform/store/transaction.h"

#include <algorithm>
#include <functional>

namespace posthorn::store {

using namespace Qt::StringLiterals;

static constexpr qsizetype maxFaults = 1'000;

namespace {

class Checker
{
public:
    explicit Checker(Connection &connection) : m_connection(connection) {}
    // Each row of `selection` is a fault; `tell` makes the sentence, or none when all is well after all.
    void faults(Selection selection, const std::function<QString(const Row &)> &tell);
    void count(Selection selection, qint64 &into);
    void database(bool quick);
    void mailboxes();
    void waitingFlags();
    void owners();
    void shares();
    void contents();
    void holders();
    void journeys();
    void delivered();
    [[nodiscard]] bool wasRemoved(qint64 mailbox, Uid uid);
    CheckReport report;
    Result<void> state;

private:
    Connection &m_connection;
    qint64 m_tombstonesOf = 0;
    QList<UidRange> m_tombstones; // of one mailbox, normalized
};

} // namespace

void Checker::faults(Selection selection, const std::function<QString(const Row &)> &tell)
{
    if (!state || report.faults.size() >= maxFaults)
        return;
    state = selection.each([&](const Row &row) {
        if (const QString fault = tell(row); !fault.isEmpty())
            report.faults.append(fault);
        return report.faults.size() < maxFaults;
    });
}

void Checker::count(Selection selection, qint64 &into)
{
    const auto number = selection.number();
    if (number)
        into = number->value_or(0);
    else if (state)
        state = std::unexpected(number.error());
}

void Checker::database(bool quick)
{
    // SQLite (3.46 at least) checks the search index by what this connection last knew of its structure, and takes what
    // others wrote since for damage. A question makes it look again; the snapshot stays the same.
    (void)m_connection.select("SELECT rowid FROM search WHERE search MATCH '\"0\"' LIMIT 1").number();
    auto selection = quick ? m_connection.select("PRAGMA quick_check") : m_connection.select("PRAGMA integrity_check");
    auto read = selection.each([this](const Row &row) {
        if (row.text(0) != "ok"_L1)
            report.faults.append(u"The database is damaged: "_s + row.text(0));
    });
    if (!read)
        state = read;
}

void Checker::mailboxes()
{
    faults(m_connection.select("SELECT mailbox.id, mailbox.name, mailbox.messages, ifnull(c.messages, 0) FROM mailbox "
                               "LEFT JOIN (SELECT mailbox_id, count(*) AS messages, sum(flags & 1 = 0) AS unseen, "
                               "sum(flags & 8 <> 0) AS deleted, sum(size) AS octets, max(uid) AS uid, "
                               "max(mod_seq) AS mod_seq FROM mailbox_message GROUP BY mailbox_id) AS c "
                               "ON c.mailbox_id = mailbox.id WHERE (mailbox.messages <> ifnull(c.messages, 0) "
                               "OR mailbox.unseen <> ifnull(c.unseen, 0) OR mailbox.deleted <> ifnull(c.deleted, 0) "
                               "OR mailbox.octets <> ifnull(c.octets, 0) OR mailbox.uid_next <= ifnull(c.uid, 0) "
                               "OR mailbox.highest_mod_seq < ifnull(c.mod_seq, 0)) "
                               "AND mailbox.id NOT IN (SELECT mailbox_id FROM flag_change)"),
           [](const Row &row) {
               return u"Mailbox %1 (%2): its totals, UIDNEXT or HIGHESTMODSEQ do not fit its %4 messages (it says %3)"_s
                   .arg(row.number(0))
                   .arg(row.text(1))
                   .arg(row.number(2))
                   .arg(row.number(3));
           });
    faults(m_connection.select("SELECT expunged.mailbox_id, first_uid, last_uid FROM expunged LEFT JOIN mailbox ON "
                               "mailbox.id = expunged.mailbox_id WHERE mailbox.id IS NULL OR last_uid >= uid_next OR "
                               "mod_seq > highest_mod_seq OR first_uid > last_uid OR removed_by = ''"),
           [](const Row &row) {
               return u"Mailbox %1: the note of the removed UIDs %2 to %3 is wrong or names nobody"_s.arg(row.number(0))
                   .arg(row.number(1))
                   .arg(row.number(2));
           });
}

// Their rows do not have all their flags yet.
void Checker::waitingFlags()
{
    QList<MailboxId> ids;
    auto read = m_connection.select("SELECT DISTINCT mailbox_id FROM flag_change").each([&](const Row &row) {
        ids.append(MailboxId{row.number(0)});
    });
    if (!read)
        state = read;
    for (const MailboxId id : std::as_const(ids)) {
        const auto mailbox = loadMailbox(m_connection, id);
        const auto marks = readMarks(m_connection, id, normalized({}), 0);
        if (!mailbox || !marks) {
            report.faults.append(u"Mailbox %1, whose flags are to be changed, can't be read"_s.arg(id.value));
            continue;
        }
        qint64 unseen = 0, deleted = 0, octets = 0;
        ModSeq modSeq = 0;
        for (const MessageMark &mark : *marks) {
            unseen += mark.flags & flag::Seen ? 0 : 1;
            deleted += mark.flags & flag::Deleted ? 1 : 0;
            octets += mark.size;
            modSeq = std::max(modSeq, mark.modSeq);
        }
        const Uid last = marks->isEmpty() ? 0 : marks->last().uid;
        if (mailbox->messages != marks->size() || mailbox->unseen != unseen || mailbox->deleted != deleted || mailbox->octets != octets
            || mailbox->uidNext <= last || mailbox->highestModSeq < modSeq)
            report.faults.append(u"Mailbox %1 (%2): its totals, UIDNEXT or HIGHESTMODSEQ do not fit its %4 messages (it says %3)"_s
                                     .arg(id.value).arg(mailbox->name).arg(mailbox->messages).arg(marks->size()));
    }
}

void Checker::owners()
{
    faults(m_connection.select("SELECT mailbox.id, mailbox.name FROM mailbox LEFT JOIN account ON account.id = "
                               "mailbox.account_id WHERE account.id IS NULL"),
           [](const Row &row) { return u"Mailbox %1 (%2) has no account"_s.arg(row.number(0)).arg(row.text(1)); });
    faults(
        m_connection.select("SELECT mailbox_id, count(*) FROM mailbox_message WHERE mailbox_id NOT IN (SELECT id "
                            "FROM mailbox) GROUP BY mailbox_id"),
        [](const Row &row) {
            return u"%2 messages are in the mailbox %1, which does not exist"_s.arg(row.number(0)).arg(row.number(1));
        });
    faults(
        m_connection.select("SELECT address, used_octets, ifnull(c.octets, 0), used_messages, ifnull(c.messages, 0) FROM account "
                            "LEFT JOIN (SELECT account_id, sum(octets) AS octets, sum(messages) AS messages FROM mailbox "
                            "GROUP BY account_id) AS c ON c.account_id = account.id WHERE used_octets <> ifnull(c.octets, 0) "
                            "OR used_messages <> ifnull(c.messages, 0)"),
        [](const Row &row) {
            return u"Account %1 has %3 octets in %5 messages, but says %2 in %4"_s.arg(row.text(0)).arg(row.number(1))
                .arg(row.number(2)).arg(row.number(3)).arg(row.number(4));
        });
}

void Checker::shares()
{
    faults(m_connection.select("SELECT mailbox_id, identifier FROM acl WHERE mailbox_id NOT IN (SELECT id FROM mailbox) OR "
                               "rights GLOB '*[^lrswipkxtea]*' OR ltrim(identifier, '-') NOT IN (SELECT 'anyone' UNION ALL "
                               "SELECT address FROM account UNION ALL SELECT 'group:' || name FROM account_group)"),
           [](const Row &row) {
               return u"Mailbox %1: the rights of “%2” are nobody's, or of no mailbox"_s.arg(row.number(0)).arg(row.text(1));
           });
    faults(m_connection.select("SELECT group_id, account_id FROM group_member WHERE group_id NOT IN (SELECT id FROM "
                               "account_group) OR account_id NOT IN (SELECT id FROM account)"),
           [](const Row &row) {
               return u"Group %1 has the member %2, and one of them does not exist"_s.arg(row.number(0)).arg(row.number(1));
           });
    faults(m_connection.select("SELECT mailbox_id, CAST(entry AS TEXT) FROM metadata WHERE (mailbox_id <> 0 AND mailbox_id NOT "
                               "IN (SELECT id FROM mailbox)) OR (account_id <> 0 AND account_id NOT IN (SELECT id FROM "
                               "account))"),
           [](const Row &row) {
               return u"Mailbox %1: the annotation %2 is of no mailbox or account"_s.arg(row.number(0)).arg(row.text(1));
           });
    faults(m_connection.select("SELECT mailbox_id, account_id, uid FROM seen WHERE account_id NOT IN (SELECT id FROM account) "
                               "OR NOT EXISTS (SELECT 1 FROM mailbox_message AS m WHERE m.mailbox_id = seen.mailbox_id AND "
                               "m.uid = seen.uid)"),
           [](const Row &row) {
               return u"Mailbox %1: UID %3, seen by account %2, does not exist"_s.arg(row.number(0)).arg(row.number(1))
                   .arg(row.number(2));
           });
}

void Checker::contents()
{
    faults(
        m_connection.select("SELECT id, size, stored FROM (SELECT id, size, header_size, length(header) AS header_octets, "
                            "header_size + ifnull((SELECT sum(length(octets)) FROM content WHERE content.id BETWEEN "
                            "message.id * 65536 AND message.id * 65536 + 65535), 0) AS stored FROM message) "
                            "WHERE size <> stored OR header_size <> header_octets"),
        [](const Row &row) {
            return u"Message %1 should have %2 octets and has %3"_s.arg(row.number(0))
                .arg(row.number(1))
                .arg(row.number(2));
        });
    faults(
        m_connection.select("SELECT DISTINCT content.id / 65536 FROM content WHERE content.id / 65536 NOT IN (SELECT "
                            "id FROM message) AND content.id / 65536 NOT IN (SELECT message_id FROM staged) AND "
                            "content.id > 0"),
        [](const Row &row) { return u"Octets of a message %1 that does not exist"_s.arg(row.number(0)); });
}

void Checker::holders()
{
    faults(m_connection.select("SELECT id FROM message WHERE NOT EXISTS (SELECT 1 FROM mailbox_message WHERE "
                               "mailbox_message.message_id = message.id) AND NOT EXISTS (SELECT 1 FROM queue WHERE "
                               "queue.message_id = message.id) AND NOT EXISTS (SELECT 1 FROM orphan WHERE "
                               "orphan.message_id = message.id)"),
           [](const Row &row) { return u"Message %1 is held by nobody and not listed as such"_s.arg(row.number(0)); });
    faults(
        m_connection.select("SELECT mailbox_id, uid, mailbox_message.message_id FROM mailbox_message LEFT JOIN message "
                            "ON message.id = mailbox_message.message_id WHERE message.id IS NULL OR "
                            "mailbox_message.size <> message.size"),
        [](const Row &row) {
            return u"Mailbox %1: UID %2 holds message %3, which is missing or of another size"_s.arg(row.number(0))
                .arg(row.number(1))
                .arg(row.number(2));
        });
    faults(m_connection.select("SELECT queue.id, message_id FROM queue LEFT JOIN message ON message.id = "
                               "queue.message_id WHERE message.id IS NULL"),
           [](const Row &row) {
               return u"Queue entry %1 holds message %2, which is missing"_s.arg(row.number(0)).arg(row.number(1));
           });
}

bool Checker::wasRemoved(qint64 mailbox, Uid uid)
{
    if (m_tombstonesOf != mailbox) {
        m_tombstonesOf = mailbox;
        QList<UidRange> ranges;
        auto read = m_connection
                        .select("SELECT first_uid, last_uid FROM expunged WHERE mailbox_id = ? UNION ALL SELECT 1, "
                                "uid_next - 1 FROM mailbox_removed WHERE id = ?",
                                mailbox, mailbox)
                        .each([&](const Row &row) {
                            ranges.append({Uid(row.number(0)), Uid(row.number(1))});
                        });
        if (!read && state)
            state = read;
        m_tombstones = ranges.isEmpty() ? ranges : normalized(ranges);
    }
    const auto after = std::ranges::upper_bound(m_tombstones, uid, {}, &UidRange::first);
    return after != m_tombstones.cbegin() && uid <= std::prev(after)->last;
}

void Checker::delivered()
{
    faults(
        m_connection.select(
            "SELECT CAST(t.journey AS TEXT), t.mailbox_id, t.uid FROM trace AS t WHERE t.step IN (1, 11) AND t.uid > "
            "0 AND NOT EXISTS (SELECT 1 FROM mailbox_message AS m WHERE m.mailbox_id = t.mailbox_id AND m.uid = "
            "t.uid) ORDER BY t.mailbox_id"),
        [this](const Row &row) {
            if (wasRemoved(row.number(1), Uid(row.number(2))))
                return QString();
            return u"The message %1 was delivered as UID %3 of mailbox %2, and is gone; nobody removed it"_s
                .arg(row.text(0))
                .arg(row.number(1))
                .arg(row.number(2));
        });
}

// Steps: 0 received, 1 delivered, 2 queued, 5 removed, 6 sent, 7 failed, 11 submitted.
void Checker::journeys()
{
    faults(
        m_connection.select("SELECT CAST(journey AS TEXT) FROM trace GROUP BY journey HAVING sum(step IN (0, 11)) > 0 "
                            "AND sum(step IN (1, 2, 5, 6, 7) OR uid > 0) = 0"),
        [](const Row &row) {
            return u"The message %1 was received, and is not delivered, queued or removed by anybody"_s.arg(
                row.text(0));
        });
    delivered();
    faults(
        m_connection.select("SELECT CAST(t.journey AS TEXT) FROM (SELECT journey, sum(step = 2) AS queued, "
                            "sum(step IN (5, 6, 7)) AS ended FROM trace GROUP BY journey) AS t LEFT JOIN (SELECT "
                            "journey, count(*) AS entries FROM queue GROUP BY journey) AS q ON q.journey = t.journey "
                            "WHERE t.queued > t.ended + ifnull(q.entries, 0)"),
        [](const Row &row) {
            return u"The message %1 was queued, and left the queue without being sent, failed or removed"_s.arg(
                row.text(0));
        });
}

Result<CheckReport> Maintenance::check(Connection &connection, bool quick)
{
    if (auto settled = connection.settle(); !settled)
        return std::unexpected(settled.error());
    Checker checker(connection);
    checker.database(quick);
    checker.mailboxes();
    checker.waitingFlags();
    checker.owners();
    checker.shares();
    checker.contents();
    checker.holders();
    checker.journeys();
    CheckReport &report = checker.report;
    checker.count(connection.select("SELECT count(*) FROM message"), report.messages);
    checker.count(connection.select("SELECT count(*) FROM mailbox"), report.mailboxes);
    checker.count(connection.select("SELECT count(*) FROM queue"), report.queued);
    checker.count(connection.select("SELECT count(DISTINCT journey) FROM trace"), report.journeys);
    if (!checker.state && connection.trouble() == Trouble::Corrupt)
        report.faults.append(u"The database is damaged: "_s + checker.state.error().detail); // so much that the rest can't be read
    else if (!checker.state)
        return std::unexpected(checker.state.error());
    return std::move(checker.report);
}

Result<Findings> Maintenance::findings(Connection &connection)
{
    const auto found = connection.select("SELECT faults, first FROM finding").first([](const Row &row) {
        return Findings{row.number(0), row.text(1)};
    });
    return found ? Result<Findings>(found->value_or(Findings{})) : std::unexpected(found.error());
}

Result<void> Maintenance::keepFindings(Transaction &transaction, const Findings &found)
{
    Connection &connection = transaction.connection();
    auto done = connection.run("DELETE FROM finding");
    if (done && found.faults > 0)
        done = connection.run("INSERT INTO finding (id, faults, first) VALUES (1, ?, ?)", found.faults, found.first);
    return done ? Result<void>() : std::unexpected(done.error());
}

} // namespace posthorn::store
