// Which messages can hold a needle, and of which that is sure: words of messages (message/search_words.h) in an inverted
// index, kept current in the background. What it leaves open is looked into. It may be emptied at any time.
// Words that many messages have are common: from then on pairs of them are kept too, for there is no telling by the words
// alone whether one follows the other. Of other words few messages are left to look into.
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
    struct Section
    {
        QByteArrayList words; // UTF-8: letters, digits, marks
        QByteArrayList pairs; // "winter holiday"
    };
    struct Words
    {
        MessageId message;
        Section head, body;
        bool complete = true; // false: nothing can be ruled out for this message, and nothing is sure
        bool allPairs = true;
    };
    // Where in a word of the message a piece must stand.
    enum class Place { Whole, Start, End, Inside };
    struct Piece
    {
        Place place = Place::Inside;
        QByteArray piece;
    };
    // What a message must have, and what it means when it has it.
    enum class Form {
        Pieces, // all of the pieces: it may have the needle
        Word,   // the piece is the needle
        Pair,   // so are the two pieces, when they are in a pair
    };
    enum class Where { Head, Body, Anywhere };
    struct Question
    {
        QList<Piece> pieces;
        Form form = Form::Pieces;
        Where where = Where::Anywhere;
        MessageId first, last; // of those that are asked about
        qsizetype most = 0;    // more than so many answers are not worth it
    };
    struct Answer
    {
        QList<qint64> sure, may; // messages, each ascending; the others up to `indexed` have not the needle
        MessageId indexed;       // after it nothing is known
    };
    struct State
    {
        qint64 indexed = 0; // messages
        qint64 waiting = 0; // messages not yet in the index
    };

    // Messages to be indexed next, ascending. Contents still being written hold back those that came after them.
    static Result<QList<MessageId>> pending(Connection &, int limit);
    // `upTo`: everything up to there is in the index now, be it with words or gone. `common`: words are, in so many messages.
    static Result<void> add(Transaction &, const QList<Words> &, MessageId upTo, int common = 500);
    static Result<void> clear(Transaction &);
    static Result<State> state(Connection &);

    // Nothing: the index does not help, all may have it.
    static Result<std::optional<Answer>> ask(Connection &, const Question &);
};

} // namespace posthorn::store
