#include "platform/net/dns_message.h"

#include <QHostAddress>
#include <QtEndian>

#include <algorithm>
#include <array>
#include <limits>

namespace posthorn::net {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype headerSize = 12;
constexpr quint16 answers = 0x8000, truncated = 0x0200, authentic = 0x0020, wantsRecursion = 0x0100;
constexpr quint16 mostOctets = 1232; // of an answer by UDP
constexpr int mostAliases = 16;
constexpr quint16 internet = 1;

void append16(QByteArray &out, quint16 number)
{
    out += char(number >> 8);
    out += char(number & 0xff);
}

// Reads; after the first thing that is not there, all is zero and empty.
class Reader
{
public:
    explicit Reader(const QByteArray &octets) : m_octets(octets) {}

    [[nodiscard]] bool isGood() const { return m_good; }
    [[nodiscard]] qsizetype at() const { return m_at; }
    quint8 read8() { return take(1) ? quint8(m_octets[m_at - 1]) : 0; }
    quint16 read16() { return take(2) ? qFromBigEndian<quint16>(m_octets.constData() + m_at - 2) : 0; }
    quint32 read32() { return take(4) ? qFromBigEndian<quint32>(m_octets.constData() + m_at - 4) : 0; }
    QByteArray read(qsizetype count) { return take(count) ? m_octets.mid(m_at - count, count) : QByteArray(); }
    QByteArray readName();
    void moveTo(qsizetype at)
    {
        m_good &= at >= 0 && at <= m_octets.size();
        m_at = m_good ? at : m_at;
    }

private:
    bool take(qsizetype count)
    {
        m_good = m_good && count >= 0 && m_octets.size() - m_at >= count;
        m_at += m_good ? count : 0;
        return m_good;
    }

    const QByteArray &m_octets;
    qsizetype m_at = 0;
    bool m_good = true;
};

// What may be written into logs and commands; anything else makes it a name that nobody has.
QByteArray cleanLabel(QByteArray label)
{
    for (char &c : label) {
        if (c <= ' ' || c == '.' || c >= 0x7f)
            c = '?';
    }
    return label.toLower();
}

// In lower case, without the dot at its end; "" is the root.
QByteArray Reader::readName()
{
    QByteArray name;
    qsizetype back = -1;
    for (int jumps = 0; m_good;) {
        const quint8 length = read8();
        if (length == 0)
            break;
        if (length >= 0xc0) {
            const qsizetype target = (length & 0x3f) << 8 | read8();
            back = back < 0 ? m_at : back;
            m_good = m_good && ++jumps < 64;
            moveTo(target);
            continue;
        }
        m_good = m_good && length < 0x40 && name.size() + length < 255;
        name += (name.isEmpty() ? "" : ".") + cleanLabel(read(length));
    }
    if (back >= 0)
        moveTo(back);
    return name;
}

struct Record
{
    QByteArray name;
    quint16 type = 0;
    quint16 kind = 0; // IN
    quint32 ttl = 0;
    qsizetype from = 0, size = 0; // of its data
};

Record readRecord(Reader &in)
{
    Record record;
    record.name = in.readName();
    record.type = in.read16();
    record.kind = in.read16();
    record.ttl = in.read32();
    if (record.ttl > 0x7fffffff)
        record.ttl = 0; // RFC 2181 §8
    record.size = in.read16();
    record.from = in.at();
    in.moveTo(record.from + record.size);
    return record;
}

QByteArray addressText(const QByteArray &octets)
{
    if (octets.size() == 4)
        return QHostAddress(qFromBigEndian<quint32>(octets.constData())).toString().toLatin1();
    return octets.size() == 16 ? QHostAddress(reinterpret_cast<const quint8 *>(octets.constData())).toString().toLatin1()
                               : QByteArray();
}

QByteArray joinedStrings(Reader &in, qsizetype end)
{
    QByteArray text;
    while (in.isGood() && in.at() < end)
        text += in.read(in.read8());
    return text;
}

// Its data as a part of the answer. False: it is broken.
bool addRecord(DnsAnswer &answer, const QByteArray &octets, const Record &record)
{
    Reader in(octets);
    in.moveTo(record.from);
    switch (DnsType(record.type)) {
    case DnsType::A:
    case DnsType::Aaaa:
        answer.addresses.append(addressText(in.read(record.size)));
        return !answer.addresses.back().isEmpty();
    case DnsType::Mx: {
        const int preference = in.read16();
        answer.mx.append({preference, in.readName()});
        break;
    }
    case DnsType::Cname:
        answer.canonical = in.readName();
        break;
    case DnsType::Txt:
        answer.texts.append(joinedStrings(in, record.from + record.size));
        break;
    case DnsType::Tlsa: {
        const quint8 usage = in.read8(), selector = in.read8(), matching = in.read8();
        answer.tlsa.append({usage, selector, matching, in.read(record.size - 3)});
        break;
    }
    default:
        break;
    }
    return in.isGood() && in.at() <= record.from + record.size;
}

QString failureText(int code)
{
    static constexpr const char *names[] = {"", "FORMERR", "SERVFAIL", "", "NOTIMP", "REFUSED"};
    const bool known = code >= 0 && size_t(code) < std::size(names) && *names[code];
    return known ? u"the name server says %1"_s.arg(QString::fromLatin1(names[code]))
                 : u"the name server says %1"_s.arg(code);
}

// How long it is true that there is nothing (RFC 2308 §5); what says nothing of it is true for no time.
qint64 negativeTtl(const QByteArray &octets, const QList<Record> &authority)
{
    for (const Record &record : authority) {
        if (DnsType(record.type) != DnsType::Soa)
            continue;
        Reader in(octets);
        in.moveTo(record.from);
        (void)in.readName();
        (void)in.readName();
        (void)in.read(16);
        const quint32 minimum = in.read32();
        return in.isGood() ? std::min(record.ttl, minimum) : 0;
    }
    return 0;
}

// The records of the name asked for, or of the one it stands for.
bool readAnswers(DnsReply &reply, const QByteArray &octets, const QList<Record> &records, QByteArray name, DnsType type)
{
    qint64 ttl = std::numeric_limits<qint64>::max();
    const auto alias = [&]() -> const Record * {
        const auto found = std::ranges::find_if(records, [&](const Record &one) {
            return one.kind == internet && DnsType(one.type) == DnsType::Cname && one.name == name;
        });
        return type != DnsType::Cname && found != records.end() ? &*found : nullptr;
    };
    for (int steps = 0; const Record *const one = alias(); ++steps) {
        Reader in(octets);
        in.moveTo(one->from);
        name = in.readName();
        ttl = std::min<qint64>(ttl, one->ttl);
        if (!in.isGood() || steps >= mostAliases)
            return false;
        reply.answer.canonical = name;
    }
    bool any = false;
    for (const Record &record : records) {
        if (record.kind != internet || DnsType(record.type) != type || record.name != name)
            continue;
        any = true;
        ttl = std::min<qint64>(ttl, record.ttl);
        if (!addRecord(reply.answer, octets, record))
            return false;
    }
    reply.ttl = any ? ttl : 0;
    reply.answer.status = any ? DnsAnswer::Status::Found : DnsAnswer::Status::NoData;
    return true;
}

void readBody(DnsReply &reply, Reader &in, const QByteArray &octets, const QByteArray &name, DnsType type, std::array<quint16, 2> counts)
{
    QList<Record> records, authority;
    for (int i = 0; i < counts[0] && in.isGood(); ++i)
        records.append(readRecord(in));
    for (int i = 0; i < counts[1] && in.isGood(); ++i)
        authority.append(readRecord(in));
    if (!in.isGood() || !readAnswers(reply, octets, records, name, type)) {
        reply.answer = {};
        reply.answer.error = u"the name server's answer can't be read"_s;
    } else if (reply.answer.status != DnsAnswer::Status::Found) {
        reply.ttl = negativeTtl(octets, authority);
    }
}

} // namespace

QByteArray dnsQuestion(quint16 id, const QByteArray &name, DnsType type)
{
    QByteArray out;
    append16(out, id);
    append16(out, wantsRecursion | authentic);
    for (const quint16 count : {1, 0, 0, 1})
        append16(out, count);
    for (const QByteArray &label : name.split('.')) {
        if (label.isEmpty() || label.size() > 63)
            return {};
        out += char(label.size());
        out += label;
    }
    out += '\0';
    if (out.size() - headerSize > 255)
        return {};
    append16(out, quint16(type));
    append16(out, internet);
    out += '\0'; // EDNS (RFC 6891 §6.1.2): the root, its type, how much we take, nothing else
    append16(out, quint16(DnsType::Opt));
    append16(out, mostOctets);
    out += QByteArray(6, '\0');
    return out;
}

std::optional<DnsReply> readDnsReply(const QByteArray &octets, quint16 id, const QByteArray &name, DnsType type)
{
    Reader in(octets);
    const bool same = in.read16() == id;
    const quint16 flags = in.read16();
    const quint16 questions = in.read16();
    const std::array<quint16, 2> counts{in.read16(), in.read16()};
    (void)in.read16();
    if (!in.isGood() || !same || !(flags & answers) || questions != 1)
        return std::nullopt;
    const QByteArray asked = in.readName();
    if (in.read16() != quint16(type) || in.read16() != internet || !in.isGood() || asked != name.toLower())
        return std::nullopt;
    DnsReply reply;
    reply.truncated = flags & truncated;
    const int code = flags & 0xf;
    if (reply.truncated)
        return reply;
    if (code == 0 || code == 3)
        readBody(reply, in, octets, asked, type, counts);
    else
        reply.answer.error = failureText(code);
    if (code == 3 && reply.answer.error.isEmpty())
        reply.answer.status = DnsAnswer::Status::NoName;
    reply.answer.authentic = flags & authentic;
    return reply;
}

} // namespace posthorn::net
