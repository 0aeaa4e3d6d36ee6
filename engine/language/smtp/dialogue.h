// What was said, for people: bounded, and without secrets.
#pragma once

#include <QByteArray>

namespace posthorn::smtp {

class Dialogue
{
public:
    static constexpr qsizetype most = 8 * 1024;

    void said(QByteArrayView line) { add("C: ", line); }
    void heard(const QByteArray &reply) // with its line ends
    {
        for (const QByteArray &line : reply.trimmed().split('\n'))
            add("S: ", QByteArrayView(line).trimmed());
    }
    void noted(QByteArrayView text) { add("-- ", text); }
    [[nodiscard]] const QByteArray &text() const { return m_text; }
    void clear() { *this = {}; }

private:
    void add(const char *who, QByteArrayView line)
    {
        if (m_full)
            return;
        m_full = m_text.size() + line.size() > most;
        if (m_full)
            m_text += "-- (more was said)\n";
        else
            m_text.append(who).append(line).append('\n');
    }

    QByteArray m_text;
    bool m_full = false;
};

} // namespace posthorn::smtp
