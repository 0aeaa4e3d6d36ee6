#include "language/imap/imap_url.h"

#include "language/imap/date_time.h"
#include "language/imap/fetch_section.h"
#include "language/imap/lexer.h"

#include <algorithm>
#include <limits>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype shortestToken = 32; // hexadecimal digits (RFC 4467 §9)

std::optional<int> hexValue(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = char(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? std::optional(lower - 'a' + 10) : std::nullopt;
}

// Nullopt: a '%' without two digits after it, or a NUL.
std::optional<QByteArray> percentDecoded(QByteArrayView text)
{
    QByteArray out;
    out.reserve(text.size());
    for (qsizetype i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size())
                return std::nullopt;
            const auto first = hexValue(text[i + 1]), second = hexValue(text[i + 2]);
            if (!first || !second)
                return std::nullopt;
            c = char(*first * 16 + *second);
            i += 2;
        }
        if (c == '\0' || c == '\r' || c == '\n')
            return std::nullopt;
        out += c;
    }
    return out;
}

class UrlReader
{
public:
    explicit UrlReader(QByteArrayView text) : m_whole(text), m_left(text) {}

    Result<Url> read()
    {
        if (m_whole.size() > Url::maxSize || std::any_of(m_whole.begin(), m_whole.end(), [](char c) { return c <= ' ' || uchar(c) >= 127; }))
            return parseError(u"Not a URL"_s, 0);
        if (takeWord("imap://"))
            readServer();
        else if (m_left.startsWith("//"))
            fault(); // a server, and no scheme to reach it by
        else if (takeWord("/"))
            m_url.isRelative = false;
        else if (m_left.first(std::max<qsizetype>(0, m_left.indexOf('/'))).contains(':'))
            fault(); // another scheme
        else
            m_url.isRelative = true;
        readMailbox();
        readMessage();
        readAuthorization();
        if (m_failed || !m_left.isEmpty())
            return parseError(u"Not a URL of a message"_s, m_whole.size() - m_left.size());
        return m_url;
    }

private:
    void fault() { m_failed = true; }

    bool takeWord(QByteArrayView word)
    {
        if (m_left.size() < word.size() || m_left.first(word.size()).compare(word, Qt::CaseInsensitive) != 0)
            return false;
        m_left = m_left.sliced(word.size());
        return true;
    }

    // Up to the first of `ends`, or all.
    QByteArrayView takeUntil(QByteArrayView ends)
    {
        const auto end = std::find_if(m_left.begin(), m_left.end(), [ends](char c) { return ends.contains(c); });
        const QByteArrayView taken = m_left.first(end - m_left.begin());
        m_left = m_left.sliced(taken.size());
        return taken;
    }

    QByteArray decoded(QByteArrayView text)
    {
        auto octets = percentDecoded(text);
        if (!octets)
            fault();
        return octets.value_or(QByteArray());
    }

    QString decodedText(QByteArrayView text)
    {
        const QByteArray octets = decoded(text);
        if (!octets.isValidUtf8())
            fault();
        return QString::fromUtf8(octets);
    }

    template<typename T>
    T number(bool mayBeZero = false)
    {
        Lexer lexer(m_left);
        const auto value = lexer.number64();
        const bool fits = value && *value <= qint64(std::numeric_limits<T>::max()) && (mayBeZero || *value > 0);
        if (!fits) {
            fault();
            return 0;
        }
        m_left = lexer.rest();
        return T(*value);
    }

    // [user [;AUTH=mechanism] "@"] host [":" port]
    void readServer()
    {
        m_url.hasServer = true;
        QByteArrayView server = takeUntil("/");
        if (!takeWord("/"))
            fault();
        if (const qsizetype at = server.lastIndexOf('@'); at >= 0) {
            QByteArrayView user = server.first(at);
            server = server.sliced(at + 1);
            if (const qsizetype auth = user.indexOf(';'); auth >= 0)
                user = user.first(auth);
            m_url.user = decodedText(user);
        }
        const qsizetype port = server.lastIndexOf(':');
        if (port > server.lastIndexOf(']'))
            server = server.first(port);
        m_url.host = server.toByteArray().toLower();
        if (m_url.host.isEmpty())
            fault();
    }

    // Its name goes to ";UIDVALIDITY=", or to the "/;" of what follows.
    void readMailbox()
    {
        if (m_url.isRelative && m_left.startsWith(';'))
            return;
        const qsizetype end = m_left.indexOf(';');
        QByteArrayView name = end < 0 ? m_left : m_left.first(end);
        m_left = m_left.sliced(name.size());
        if (takeWord(";UIDVALIDITY=")) {
            m_url.uidValidity = number<quint32>();
            if (!takeWord("/"))
                fault();
        } else if (name.endsWith('/')) {
            name.chop(1);
        } else {
            fault();
        }
        m_url.mailbox = decodedText(name);
        if (m_url.mailbox.isEmpty())
            fault();
    }

    void readMessage()
    {
        if (m_failed || !takeWord(";UID="))
            return fault();
        m_url.uid = number<Uid>();
        if (takeWord("/;SECTION="))
            readSection();
        if (takeWord("/;PARTIAL="))
            readPartial();
    }

    void readSection()
    {
        const QByteArray text = '[' + decoded(takeUntil("/;")) + ']';
        Lexer lexer(text);
        const auto section = parseSection(lexer, {.name = {}, .label = {}, .peek = true});
        if (!section || !lexer.atEnd() || text.size() == 2)
            return fault();
        m_url.section = *section;
    }

    void readPartial()
    {
        m_url.section.isPartial = true;
        m_url.section.from = number<qint64>(true);
        m_url.section.length = takeWord(".") ? number<qint64>() : std::numeric_limits<qint64>::max();
    }

    void readAuthorization()
    {
        if (takeWord(";EXPIRE=")) {
            const auto at = parseInternetDateTime(decoded(takeUntil(";")));
            if (!at)
                return fault();
            m_url.expires = at->ms;
        }
        if (!takeWord(";URLAUTH=")) {
            if (m_url.expires)
                fault();
            return;
        }
        m_url.access = decoded(takeUntil(":"));
        m_url.rumpSize = m_whole.size() - m_left.size();
        if (m_url.access.isEmpty() || !m_url.hasServer || m_url.user.isEmpty())
            return fault();
        if (takeWord(":"))
            readToken();
    }

    void readToken()
    {
        m_url.mechanism = takeUntil(":").toByteArray();
        if (!takeWord(":"))
            return fault();
        m_url.token = takeUntil({}).toByteArray().toLower();
        const bool isHex = std::all_of(m_url.token.begin(), m_url.token.end(), [](char c) { return hexValue(c); });
        if (m_url.token.size() < shortestToken || !isHex)
            fault();
    }

    QByteArrayView m_whole, m_left;
    Url m_url;
    bool m_failed = false;
};

} // namespace

QString ownerOf(const Url &url, const QString &user)
{
    return url.user.contains(u'@') ? url.user : url.user + u'@' + user.section(u'@', -1);
}

bool isFor(const Url &url, const QString &user, UrlUse use)
{
    const QByteArray access = url.access.toLower();
    if (access == "anonymous" || access == "authuser") // nobody is asked who has not signed in
        return true;
    const bool fits = access.startsWith("user+") || (use == UrlUse::Submitting && access.startsWith("submit+"));
    QString name = QString::fromUtf8(url.access.sliced(access.indexOf('+') + 1));
    if (!name.contains(u'@'))
        name += u'@' + ownerOf(url, user).section(u'@', -1);
    return fits && name.compare(user, Qt::CaseInsensitive) == 0;
}

bool isOnServer(const Url &url, const QList<QByteArray> &names)
{
    QByteArray host = url.host;
    if (host.startsWith('[') && host.endsWith(']'))
        host = host.sliced(1, host.size() - 2);
    return host == "localhost" || (!host.isEmpty() && names.contains(host));
}

Result<Url> parseUrl(QByteArrayView text)
{
    return UrlReader(text).read();
}

QByteArray urlText(QByteArrayView url)
{
    static constexpr char digits[] = "0123456789ABCDEF";
    QByteArray out;
    for (const char c : url.first(std::min<qsizetype>(url.size(), 1'000))) {
        if (c > ' ' && uchar(c) < 127 && c != ']' && c != '"' && c != '\\') {
            out += c;
        } else {
            out += '%';
            out += digits[uchar(c) >> 4];
            out += digits[uchar(c) & 15];
        }
    }
    return out;
}

} // namespace posthorn::imap
