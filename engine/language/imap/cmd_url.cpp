// GENURLAUTH, RESETKEY and URLFETCH (RFC 4467, URLAUTH=BINARY: RFC 5524).
#include "language/imap/arguments.h"
#include "language/imap/parsers.h"
#include "language/imap/quote.h"
#include "language/imap/url_fetch_task.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxUrls = 100; // in one command

bool isInternal(const QByteArray &mechanism)
{
    return mechanism.compare("INTERNAL", Qt::CaseInsensitive) == 0;
}

// "submit+fred", "user+fred", "authuser" or "anonymous" (RFC 4467 §3)
bool isAccess(const QByteArray &access)
{
    const QByteArray lower = access.toLower();
    const qsizetype plus = lower.indexOf('+');
    const QByteArray kind = plus < 0 ? lower : lower.first(plus);
    return plus < 0 ? kind == "authuser" || kind == "anonymous" : (kind == "submit" || kind == "user") && plus + 1 < lower.size();
}

class GenUrlAuthTask : public Task
{
public:
    struct Rump { QByteArray text; SignUrl what; };
    explicit GenUrlAuthTask(QList<Rump> rumps) : m_rumps(std::move(rumps)) {}

    void begin(Session &session) override { session.ask(m_rumps.first().what); }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        const auto *token = std::get_if<UrlToken>(&answer);
        if (!token) {
            const auto *failure = std::get_if<Failure>(&answer);
            if (failure && failure->error.kind == ErrorKind::NotFound) // RFC 4467 §7
                return session.bad("The URL is of no mailbox that is there");
            return session.failed(failure ? failure->error : Error{});
        }
        m_line += ' ';
        appendString(m_line, m_rumps.takeFirst().text + ":internal:" + token->token);
        if (!m_rumps.isEmpty())
            return begin(session);
        session.untagged(m_line);
        session.ok("Done");
    }

private:
    QList<Rump> m_rumps;
    QByteArray m_line = "GENURLAUTH";
};

// Complete but for the token.
bool isRump(const Url &url)
{
    return !url.access.isEmpty() && !url.isAuthorized() && isAccess(url.access);
}

} // namespace

Result<TaskPointer> parseGenUrlAuth(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    QList<GenUrlAuthTask::Rump> rumps;
    do {
        const QByteArray text = arguments.astring();
        arguments.space();
        if (!isInternal(arguments.atom()))
            arguments.fault(u"The only mechanism is INTERNAL"_s);
        const auto url = parseUrl(text);
        if (!url || !isRump(*url) || rumps.size() >= maxUrls) {
            arguments.fault(u"Not a URL that can be authorized"_s);
            break;
        }
        const auto target = targetOf(session, text, *url);
        if (!target)
            arguments.fault(u"Only who owns a mailbox can authorize URLs of it"_s);
        else
            rumps += {text, SignUrl{target->mailbox, target->uidValidity, text}};
    } while (arguments.ok() && arguments.take(' '));
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return std::make_unique<GenUrlAuthTask>(std::move(rumps));
}

Result<TaskPointer> parseResetKey(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    ResetUrlKeys what;
    bool known = true;
    if (!arguments.atEnd()) {
        what.mailbox = arguments.mailbox();
        while (arguments.ok() && arguments.take(' '))
            known = isInternal(arguments.atom()) && known;
    }
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    if (!known)
        return plainTask([](Session &s) { s.no("The only mechanism is INTERNAL", "URLMECH INTERNAL"); });
    return askTask<Done>(std::move(what), [](Session &s, Done &) { s.ok("URLs made before are worth nothing now", "URLMECH INTERNAL"); });
}

Result<TaskPointer> parseUrlFetch(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    QList<UrlWanted> urls;
    do {
        UrlWanted wanted;
        const bool extended = arguments.take('(');
        wanted.text = arguments.astring();
        wanted.extended = extended && arguments.peek() == ' ';
        while (extended && arguments.take(' ')) {
            const QByteArray word = arguments.word().toUpper();
            if (word == "BODYPARTSTRUCTURE" && !wanted.structure)
                wanted.structure = true;
            else if ((word == "BODY" || word == "BINARY") && !wanted.body && !wanted.binary)
                (word == "BODY" ? wanted.body : wanted.binary) = true;
            else
                arguments.fault(u"BODYPARTSTRUCTURE, and BODY or BINARY expected"_s);
        }
        if (extended)
            arguments.expect(')');
        wanted.body = wanted.body || !wanted.extended;
        urls += std::move(wanted);
        if (urls.size() > maxUrls)
            arguments.fault(u"Too many URLs"_s);
    } while (arguments.ok() && arguments.take(' '));
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return std::make_unique<UrlFetchTask>(std::move(urls));
}

} // namespace posthorn::imap
