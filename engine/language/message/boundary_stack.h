// The boundaries of the multiparts that are open, and whether a line is a delimiter of one of them (RFC 2046 §5.1.1).
#pragma once

#include <QByteArray>
#include <QByteArrayView>
#include <QList>

#include <optional>

namespace posthorn::message {

class BoundaryStack
{
public:
    static constexpr qsizetype longestBoundary = 1000; // RFC 2046 allows 70

    struct Match
    {
        qsizetype owner = 0;
        bool closes = false; // "--" follows the boundary
    };

    // An empty or too long boundary is not remembered, so nothing ever matches it. `owner` grows with every push.
    void push(QByteArray boundary, qsizetype owner);
    void pop();
    void popAbove(qsizetype owner); // forgets the boundaries of all later owners
    void clear();

    [[nodiscard]] bool isEmpty() const { return m_entries.isEmpty(); }

    // As many octets of a line tell for sure what it is.
    [[nodiscard]] qsizetype longestDelimiter() const { return m_longest == 0 ? 0 : m_longest + 4; }

    // `line` starts with a line and may go on after it. What follows the boundary on its line does not matter. If
    // several match, the longest does: one may be the beginning of another. Of the same the innermost.
    [[nodiscard]] std::optional<Match> match(QByteArrayView line) const;

private:
    struct Entry
    {
        QByteArray boundary;
        qsizetype owner;
    };

    void refresh();

    QList<Entry> m_entries;
    qsizetype m_longest = 0;
    quint64 m_firsts = 0; // bit (c & 63): a boundary begins with c
};

} // namespace posthorn::message
