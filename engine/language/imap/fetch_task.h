// FETCH at work (RFC 9051 §6.4.5): rows come in batches and big messages in pieces, so that neither a big mailbox nor a
// big message is ever held whole. The next batch is asked for while the one before is written.
#pragma once

#include "language/imap/fetch_items.h"
#include "language/imap/fetch_response.h"
#include "language/imap/number_set.h"
#include "language/imap/partial_range.h"
#include "language/imap/session.h"
#include "language/message/transfer_encoding.h"

#include <QQueue>

namespace posthorn::imap {

// RFC 7162 §3.1.4.1, §3.2.6, RFC 9394 §3.3
struct FetchModifiers
{
    ModSeq changedSince = 0; // 0: not given
    bool vanished = false;
    std::optional<PartialRange> partial;
};

class FetchTask : public Task
{
public:
    FetchTask(NumberSet set, Numbering numbering, FetchItems items, FetchModifiers modifiers = {});

    void begin(Session &session) override;
    void answered(Session &session, NeedId id, Answer &answer) override;
    void outputTaken(Session &session) override { proceed(session); }
    [[nodiscard]] bool inResponse() const override { return m_rowStarted; }
    [[nodiscard]] bool inLiteral() const override { return m_left > 0; }
    [[nodiscard]] quint16 effects() const override { return m_items.setsSeen() ? AltersFlags : 0; }
    // It is no command, and has no reply: whoever began it asks isOver().
    void runApart() { m_isApart = true; }
    [[nodiscard]] bool waitsFor(NeedId id) const
    {
        return id != 0 && (id == m_vanishing || id == m_looking || id == m_marking || id == m_fetching || id == m_reading);
    }
    [[nodiscard]] bool isOver() const { return m_isOver; }

private:
    void end(Session &session, const Reply &reply);
    void beginWith(Session &session, const QList<UidRange> &uids);
    // Which messages must become \Seen is looked up first: most often there are none, and nothing is to be written.
    void look(Session &session);
    void looked(Session &session, const FetchedRows &rows);
    void markSeen(Session &session);
    void marked(Session &session, const FlagsStored &stored);

    void proceed(Session &session);
    void askRows(Session &session);
    void takePart(const UidMap &messages);
    void received(FetchedRows &rows);
    // False: the rest of the row comes with content that was asked for.
    [[nodiscard]] bool nextRow(Session &session);
    [[nodiscard]] bool writeRow(Session &session);
    [[nodiscard]] bool writeItems(Session &session);
    [[nodiscard]] bool writeSection(Session &session, const Section &section);
    void askContent(Session &session);
    void decodedCame(Session &session, QByteArrayView bytes);
    void counted(Session &session);
    void writeDecoded(Session &session, QByteArray bytes);
    void contentCame(Session &session, const QByteArray &bytes);
    void contentMissing(Session &session, const Error &error);
    void rowDone();
    [[nodiscard]] const FetchItems &items() const;
    [[nodiscard]] FetchedMessage current(const Session &session) const;

    NumberSet m_set;
    FetchItems m_items;
    FetchItems m_itemsWithFlags; // of messages that became \Seen
    FetchWants m_wants;
    Numbering m_numbering;
    FetchModifiers m_modifiers;

    NeedId m_vanishing = 0, m_looking = 0, m_marking = 0, m_fetching = 0, m_reading = 0; // needs not answered yet
    QList<UidRange> m_uids;       // to be looked at, then to be asked for after m_part
    Uid m_lowest = 0;             // the limit's (RFC 9738); 0: all are fetched
    QList<UidRange> m_part;       // what is asked for now: all, or the newest, for a cut command goes down from there (§3.1)
    QList<FetchedRow> m_partRows; // of a cut command, that are here of it
    QList<UidRange> m_unseen;
    QList<MessageMark> m_becameSeen; // ascending
    QQueue<FetchedRow> m_rows;    // to be written
    qsizetype m_batch = 0;        // rows of the last answer
    qsizetype m_index = -1;       // of the row written last

    FetchedRow m_row;             // being written
    bool m_isWriting = false;
    bool m_isSeenNow = false;     // it became \Seen by this command

    // It, when it is not whole in memory
    QByteArray m_line;            // not in the output yet
    std::optional<SectionFinder> m_finder;
    qsizetype m_item = 0;         // the next
    const Section *m_section = nullptr; // whose content is asked for
    // A part's octets are read twice: its size is announced before the first of them.
    struct Decoding
    {
        QByteArray encoding;
        qint64 offset = 0, length = 0; // of what is encoded
        bool isPartial = false; // of what is decoded
        message::TransferDecoder decoder{encoding};
        qint64 size = 0;      // decoded
        bool hasNul = false;
        bool writing = false; // the second time
        qint64 skip = 0;      // decoded octets before the partial
    };
    std::optional<Decoding> m_decoding;
    bool m_isUnknown = false;     // a part's encoding: [UNKNOWN-CTE]
    bool m_filtering = false;
    QByteArray m_header;          // to be filtered
    qint64 m_offset = 0;          // of the content asked for next
    qint64 m_length = 0;          // of it
    qint64 m_left = 0;            // announced and not written
    bool m_rowStarted = false;    // some of the row is in the output
    std::optional<Error> m_error; // the command ends with it
    bool m_isApart = false, m_isOver = false;
};

} // namespace posthorn::imap
