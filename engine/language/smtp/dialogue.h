// What was said, for people: bounded, and without secrets. Of a very long one the beginning and the end.
#pragma once

#include <QByteArray>

namespace posthorn::smtp {

class Dialogue
{
public:
    static constexpr qsizetype most = 16 * 1024; // enough for a hundred recipients, as a rule
    static constexpr qsizetype mostAtEnd = 4 * 1024;

    void said(QByteArrayView line) { add("C: ", line); }
    void heard(const QByteArray &reply) // with its line ends
    {
        for (const QByteArray &line : reply.trimmed().split('\n'))
            add("S: ", QByteArrayView(line).trimmed());
    }
    void noted(QByteArrayView text) { add("-- ", text); }
    [[nodiscard]] QByteArray text() const { return !m_full ? m_text : m_text + "-- (more was said)\n" + m_end; }
    void clear() { *this = {}; }

private:
    void add(const char *who, QByteArrayView line)
    {
        m_full = m_full || m_text.size() + line.size() > most;
        (m_full ? m_end : m_text).append(who).append(line).append('\n');
        while (m_end.size() > mostAtEnd)
            m_end.remove(0, m_end.indexOf('\n') + 1);
    }

    QByteArray m_text, m_end;
    bool m_full = false;
};

} // namespace posthorn::smtp
