#include "language/imap/search_keys.h"

#include <array>

namespace posthorn::imap {

namespace {

using Op = SearchKey::Op;
using Operand = SearchKeyRow::Operand;
using Row = SearchKeyRow;

constexpr std::array keyTable{
    Row{"ALL", Op::All, Operand::None},
    Row{"ANSWERED", Op::HasFlags, Operand::None, flag::Answered},
    Row{"BCC", Op::Bcc, Operand::Text},
    Row{"BEFORE", Op::Before, Operand::Date},
    Row{"BODY", Op::Body, Operand::Text},
    Row{"CC", Op::Cc, Operand::Text},
    Row{"DELETED", Op::HasFlags, Operand::None, flag::Deleted},
    Row{"DRAFT", Op::HasFlags, Operand::None, flag::Draft},
    Row{"EMAILID", Op::Message, Operand::ObjectId},
    Row{"FLAGGED", Op::HasFlags, Operand::None, flag::Flagged},
    Row{"FROM", Op::From, Operand::Text},
    Row{"HEADER", Op::Header, Operand::Header},
    Row{"KEYWORD", Op::Keyword, Operand::Keyword},
    Row{"LARGER", Op::Larger, Operand::Number},
    Row{"NEW", Op::New, Operand::None},
    Row{"OLD", Op::Old, Operand::None},
    Row{"OLDER", Op::Older, Operand::Number},
    Row{"ON", Op::On, Operand::Date},
    Row{"RECENT", Op::Recent, Operand::None},
    Row{"SAVEDBEFORE", Op::SavedBefore, Operand::Date},
    Row{"SAVEDON", Op::SavedOn, Operand::Date},
    Row{"SAVEDATESUPPORTED", Op::All, Operand::None},
    Row{"SAVEDSINCE", Op::SavedSince, Operand::Date},
    Row{"SEEN", Op::HasFlags, Operand::None, flag::Seen},
    Row{"SENTBEFORE", Op::SentBefore, Operand::Date},
    Row{"SENTON", Op::SentOn, Operand::Date},
    Row{"SENTSINCE", Op::SentSince, Operand::Date},
    Row{"SINCE", Op::Since, Operand::Date},
    Row{"SMALLER", Op::Smaller, Operand::Number},
    Row{"SUBJECT", Op::Subject, Operand::Text},
    Row{"TEXT", Op::Text, Operand::Text},
    Row{"THREADID", Op::Never, Operand::ObjectId}, // no message has one
    Row{"TO", Op::To, Operand::Text},
    Row{"UID", Op::Uids, Operand::Set},
    Row{"UIDAFTER", Op::Uids, Operand::UidAbove},
    Row{"UIDBEFORE", Op::Uids, Operand::UidBelow},
    Row{"UNANSWERED", Op::LacksFlags, Operand::None, flag::Answered},
    Row{"UNDELETED", Op::LacksFlags, Operand::None, flag::Deleted},
    Row{"UNDRAFT", Op::LacksFlags, Operand::None, flag::Draft},
    Row{"UNFLAGGED", Op::LacksFlags, Operand::None, flag::Flagged},
    Row{"UNKEYWORD", Op::Unkeyword, Operand::Keyword},
    Row{"UNSEEN", Op::LacksFlags, Operand::None, flag::Seen},
    Row{"YOUNGER", Op::Younger, Operand::Number},
};

} // namespace

const SearchKeyRow *findSearchKey(QByteArrayView name)
{
    for (const SearchKeyRow &row : keyTable) {
        if (row.name.compare(name, Qt::CaseInsensitive) == 0)
            return &row;
    }
    return nullptr;
}

} // namespace posthorn::imap
