// A session written down (tests/transcripts/smtp), and its replay against the machine.
//
//   # a comment                 = key value   configuration (see Transcript::configure)
//   C: a line of the client     C- octets without a line end; \r \n \t \0 \\ and \xHH are understood in both
//   S: a line of the server     a * at the end stands for anything
//   ? a need (see describe())   a * at the end stands for anything. Needs of a kind that occurs in the file have to come
//                               exactly as written; the others are answered and not looked at
//   ! its answer                "250 2.1.0 text", "close 421 4.7.0 text", "challenge text", "success user", "failure",
//                               "proof user text" (success with additional data), "unavailable"; else it is a yes
//   @ tls, timeout, shutdown, closed: what else can happen; @ over: the session must be over
#pragma once

#include "fake_service.h"

#include <QFile>

namespace posthorn::smtp {

struct ExpectedNeed
{
    QByteArray text;
    std::optional<Answer> answer;
};

class Transcript
{
public:
    // Cuts what the client says at once in pieces: the first one of `first` octets, the others of `others`.
    struct Cut { qsizetype first; qsizetype others; };

    explicit Transcript(const QString &path);
    // What went wrong, with its line; empty when nothing did.
    [[nodiscard]] QByteArray replay(Cut cut) const;
    [[nodiscard]] qsizetype longestTurn() const;
    [[nodiscard]] const QByteArray &trouble() const { return m_trouble; }

private:
    struct Step
    {
        int line;
        char kind; // C, S or @
        QByteArray text;
    };
    struct Replay;

    void readLine(int number, const QByteArray &line);
    void configure(const QByteArray &line);
    [[nodiscard]] static QByteArray unescape(const QByteArray &text);
    [[nodiscard]] static Answer answerFrom(const QByteArray &text);

    ServerConfig m_config;
    bool m_tls = false;
    QList<Step> m_steps;
    QList<ExpectedNeed> m_needs;
    QByteArray m_trouble;
};

inline bool matches(const QByteArray &pattern, const QByteArray &text)
{
    return pattern.endsWith('*') ? text.startsWith(pattern.chopped(1)) : text == pattern;
}

inline QByteArray firstWord(const QByteArray &text)
{
    const qsizetype space = text.indexOf(' ');
    return space < 0 ? text : text.first(space);
}

inline Transcript::Transcript(const QString &path)
{
    m_config.hostName = "mx.example.org";
    QFile file(path);
    if (!file.open(QFile::ReadOnly)) {
        m_trouble = "can't be read";
        return;
    }
    int number = 0;
    for (QByteArray line : file.readAll().split('\n'))
        readLine(++number, line.endsWith('\r') ? line.chopped(1) : line);
}

inline void Transcript::readLine(int number, const QByteArray &line)
{
    if (line.isEmpty() || line.startsWith('#'))
        return;
    const QByteArray mark = line.left(2);
    const QByteArray text = mark[1] == ' ' ? line.sliced(2) : line.size() > 2 ? line.sliced(3) : QByteArray();
    if (mark == "C:" || mark == "C-")
        m_steps += Step{number, 'C', unescape(text) + (mark == "C:" ? "\r\n" : "")};
    else if (mark == "S:")
        m_steps += Step{number, 'S', text};
    else if (mark == "@ ")
        m_steps += Step{number, '@', text};
    else if (mark == "= ")
        configure(text);
    else if (mark == "? ")
        m_needs += ExpectedNeed{text, {}};
    else if (mark == "! " && !m_needs.isEmpty())
        m_needs.back().answer = answerFrom(text);
    else
        m_trouble = "line " + QByteArray::number(number) + " is not understood";
}

inline void Transcript::configure(const QByteArray &line)
{
    const QByteArray key = firstWord(line);
    const QByteArray value = line.mid(key.size() + 1);
    if (key == "tls")
        m_tls = true;
    else if (key == "auth")
        m_config.authOffered = true;
    else if (key == "submission") {
        m_config.role = Role::Submission;
        m_config.authOffered = m_config.authRequired = true;
    } else if (key == "plaintext")
        m_config.plaintextAllowed = true;
    else if (key == "mechanisms")
        m_config.mechanisms = value.split(' ');
    else if (key == "burl")
        m_config.burl = true;
    else if (key == "normalize")
        m_config.bareLineEnd = BareLineEnd::Normalize;
    else if (key == "size")
        m_config.maxMessageSize = value.toLongLong();
    else if (key == "recipients")
        m_config.maxRecipients = value.toInt();
    else if (key == "bad")
        m_config.maxBadCommands = value.toInt();
    else
        m_trouble = "no such configuration: " + key;
}

inline QByteArray Transcript::unescape(const QByteArray &text)
{
    QByteArray out;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const char c = text[i] == '\\' && i + 1 < text.size() ? text[++i] : '\0';
        if (c == '\0')
            out += text[i];
        else if (c == 'x')
            out += QByteArray::fromHex(text.mid(std::exchange(i, i + 2) + 1, 2));
        else
            out += c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c == '0' ? '\0' : c;
    }
    return out;
}

inline Answer Transcript::answerFrom(const QByteArray &text)
{
    using Outcome = SaslAnswer::Outcome;
    const QByteArray word = firstWord(text);
    const QByteArray rest = text.mid(word.size() + 1);
    if (word == "challenge")
        return SaslAnswer{Outcome::Challenge, unescape(rest), {}};
    if (word == "success")
        return SaslAnswer{Outcome::Success, {}, QString::fromUtf8(rest)};
    if (word == "proof")
        return SaslAnswer{Outcome::Success, rest.mid(firstWord(rest).size() + 1), QString::fromUtf8(firstWord(rest))};
    if (word == "failure" || word == "unavailable")
        return SaslAnswer{word == "failure" ? Outcome::Failure : Outcome::Unavailable, {}, {}};
    if (word == "close")
        return Judgement{std::get<Judgement>(answerFrom(rest)).reply, true};
    const QByteArray enhanced = firstWord(rest);
    return Judgement{Reply{word.toInt(), enhanced, rest.mid(enhanced.size() + 1)}};
}

inline qsizetype Transcript::longestTurn() const
{
    qsizetype longest = 0, turn = 0;
    for (const Step &step : m_steps) {
        turn = step.kind == 'C' ? turn + step.text.size() : 0;
        longest = qMax(longest, turn);
    }
    return longest;
}

struct Transcript::Replay
{
    Replay(const Transcript &transcript, Cut how)
        : script(transcript), cut(how), service(transcript.m_config, transcript.m_tls)
    {
        service.answers = [this](const What &what) { return answer(what); };
    }

    // The needs asked so far that the file speaks of, less the one that is being answered.
    Answer answer(const What &what)
    {
        const QByteArray kind = firstWord(describe(what));
        qsizetype position = -1;
        for (const QByteArray &asked : std::as_const(service.asked))
            position += isSpokenOf(firstWord(asked));
        if (isSpokenOf(kind) && position >= 0 && position < script.m_needs.size() && script.m_needs[position].answer)
            return *script.m_needs[position].answer;
        return yes(what);
    }
    bool isSpokenOf(const QByteArray &kind) const
    {
        return std::ranges::any_of(script.m_needs, [&](const ExpectedNeed &need) { return firstWord(need.text) == kind; });
    }
    void flush()
    {
        for (qsizetype at = 0, size = cut.first; at < pending.size(); at += size, size = cut.others) {
            size = std::clamp<qsizetype>(size, 1, pending.size() - at);
            service.say(QByteArrayView(pending).sliced(at, size));
        }
        pending.clear();
        service.pump();
        service.take();
    }
    QByteArray serverLine()
    {
        const qsizetype end = service.said.indexOf("\r\n", seen);
        if (end < 0)
            return "(nothing)";
        const QByteArray line = service.said.sliced(seen, end - seen);
        seen = end + 2;
        return line;
    }
    QByteArray happen(const QByteArray &what)
    {
        if (what == "tls") {
            if (!service.machine.wantsTls())
                return "the machine wants no TLS";
            service.machine.tlsStarted({});
        } else if (what == "timeout") {
            service.machine.timedOut();
        } else if (what == "shutdown") {
            service.machine.shutDown();
        } else if (what == "closed") {
            service.machine.peerClosed();
        } else if (what != "over") {
            return "what is " + what + '?';
        } else if (!service.machine.finished()) {
            return "the session is not over";
        }
        return {};
    }
    QByteArray run(const Step &step)
    {
        if (step.kind == 'C') {
            pending += step.text;
            return {};
        }
        flush();
        if (step.kind == '@')
            return happen(step.text);
        const QByteArray line = serverLine();
        return matches(step.text, line) ? QByteArray() : "the server said: " + line;
    }
    QByteArray needsTrouble() const
    {
        qsizetype position = 0;
        for (const QByteArray &asked : service.asked) {
            if (!isSpokenOf(firstWord(asked)))
                continue;
            if (position == script.m_needs.size())
                return "asked for besides: " + asked;
            if (!matches(script.m_needs[position].text, asked))
                return "asked for: " + asked + "\n    expected: " + script.m_needs[position].text;
            ++position;
        }
        return position < script.m_needs.size() ? "not asked for: " + script.m_needs[position].text : QByteArray();
    }

    const Transcript &script;
    Cut cut;
    FakeService service;
    QByteArray pending;
    qsizetype seen = 0;
};

inline QByteArray Transcript::replay(Cut cut) const
{
    Replay replay(*this, cut);
    for (const Step &step : m_steps) {
        if (const QByteArray trouble = replay.run(step); !trouble.isEmpty())
            return "line " + QByteArray::number(step.line) + ": " + trouble;
    }
    replay.flush();
    if (replay.seen < replay.service.said.size())
        return "the server said besides: " + replay.serverLine();
    return replay.needsTrouble();
}

} // namespace posthorn::smtp
