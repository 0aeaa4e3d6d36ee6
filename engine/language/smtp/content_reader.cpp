#include "language/smtp/content_reader.h"

#include <cstring>

namespace posthorn::smtp {

// Where the next LF is, is remembered: many CRs before one LF must not make it be looked for again for each.
struct ContentReader::Scan
{
    const char *at;
    const char *const end;
    const char *lf = nullptr; // the first LF not before `at`, or `end`; null or before `at`: not known

    const char *nextLf()
    {
        if (!lf || lf < at) {
            const void *found = std::memchr(at, '\n', size_t(end - at));
            lf = found ? static_cast<const char *>(found) : end;
        }
        return lf;
    }
};

qsizetype ContentReader::read(QByteArrayView in, QByteArray &out)
{
    Scan scan{in.data(), in.data() + in.size()};
    while (scan.at < scan.end && m_state != State::End) {
        if (m_state == State::Text)
            readText(scan, out);
        else
            readEdge(scan, out);
    }
    return scan.at - in.data();
}

void ContentReader::finish(QByteArray &out)
{
    if (m_state == State::Cr)
        bareLineEnd(out);
}

// Whole runs of lines at once: up to a line that begins with a dot, a lone CR or LF, or the end of the input.
void ContentReader::readText(Scan &scan, QByteArray &out)
{
    const char *from = scan.at;
    for (;;) {
        const char *lf = scan.nextLf();
        const auto *cr = static_cast<const char *>(std::memchr(scan.at, '\r', size_t(lf - scan.at)));
        if (cr && cr + 1 == lf && lf != scan.end) {
            scan.at = lf + 1;
            if (scan.at < scan.end && (*scan.at != '.' || m_framing == Framing::Counted))
                continue;
            m_state = State::LineStart;
            give({from, scan.at}, out);
            return;
        }
        const char *stop = cr ? cr : lf;
        give({from, stop}, out);
        scan.at = stop == scan.end ? stop : stop + 1;
        if (cr)
            m_state = State::Cr;
        else if (lf != scan.end)
            bareLineEnd(out);
        return;
    }
}

// One octet where it matters what came before. An octet that is not taken here is text.
void ContentReader::readEdge(Scan &scan, QByteArray &out)
{
    const char c = *scan.at;
    switch (m_state) {
    case State::LineStart:
        if (c != '.' || m_framing == Framing::Counted)
            break;
        m_state = State::Dot;
        ++scan.at;
        return;
    case State::Dot:
        if (c != '\r')
            break;
        m_state = State::DotCr;
        ++scan.at;
        return;
    case State::DotCr:
        if (c != '\n') {
            bareLineEnd(out);
            break;
        }
        m_state = State::End;
        ++scan.at;
        return;
    case State::Cr:
        if (c != '\n') {
            bareLineEnd(out);
            break;
        }
        give("\r\n", out);
        m_state = State::LineStart;
        ++scan.at;
        return;
    case State::Text:
    case State::End:
        break;
    }
    m_state = State::Text;
}

void ContentReader::give(QByteArrayView octets, QByteArray &out) const
{
    if (!m_dropping)
        out.append(octets);
}

void ContentReader::bareLineEnd(QByteArray &out)
{
    m_sawBare = true;
    m_state = State::Text;
    if (m_policy == BareLineEnd::Refuse)
        m_dropping = true;
    give("\r\n", out);
}

} // namespace posthorn::smtp
