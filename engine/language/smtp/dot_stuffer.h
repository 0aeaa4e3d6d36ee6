// A message as it goes over the wire after DATA (RFC 5321 §4.5.2). Every line end leaves as CRLF: a bare CR or LF could
// be taken for the end of the message by a careless server (smuggling).
#pragma once

#include <QByteArray>
#include <QByteArrayView>

namespace posthorn::smtp {

class DotStuffer
{
public:
    void add(QByteArrayView bytes, QByteArray &out);
    // The last line end, if it is missing, and the dot.
    void finish(QByteArray &out);

private:
    void addLine(QByteArrayView text, QByteArray &out);

    bool m_lineStart = true;
    bool m_cr = false; // the last octet was a CR, not written yet
};

} // namespace posthorn::smtp
