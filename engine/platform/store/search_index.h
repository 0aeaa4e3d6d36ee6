// Which messages can hold a needle: words of messages (message/search_words.h) in an inverted index, kept current in the
// background. It only ever rules messages out; what is left is looked into. It may be emptied at any time.
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <QByteArrayList>
#include <QList>

#include <optional>

namespace posthorn::store {

class Connection;
class Transaction;

class SearchIndex
{
public:
    struct Words
    {
        MessageId message;
        QByteArrayList words; // UTF-8: letters, digits, marks
        bool complete = true; // false: nothing can be ruled out for this message
    };
    // Where in a word of the message a piece must stand.
    enum class Place { Whole, Start, End, Inside };
    struct Piece
    {
        Place place = Place::Inside;
        QByteArray piece;
    };
    struct State
    {
        qint64 indexed = 0; // messages
        qint64 waiting = 0; // messages not yet in the index
    };

    // Messages to be indexed next, ascending. Contents still being written hold back those that came after them.
    static Result<QList<MessageId>> pending(Connection &, int limit);
    // `upTo`: everything up to there is in the index now, be it with words or gone.
    static Result<void> add(Transaction &, const QList<Words> &, MessageId upTo);
    static Result<void> clear(Transaction &);
    static Result<State> state(Connection &);

    // UIDs of the mailbox's messages that may have all pieces, ascending; those not yet indexed are among them. Nothing:
    // the index does not help, all may.
    static Result<std::optional<QList<Uid>>> candidates(Connection &, MailboxId, const QList<Piece> &);
};

} // namespace posthorn::store
