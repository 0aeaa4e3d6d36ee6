// Plays a transcript against the machine, with no event loop. Lines of a transcript:
//   # a remark                       blank lines count for nothing
//   config plaintext | tls | nobinding   at the top: plain text is allowed; the connection began with TLS; without a hash
//   C: what the client says          CRLF is added; "C- ..." is without; \r \n \0 \t \\ are escapes
//   S: what the server must say      next; "..." at its end stands for anything
//   ? a need                         the next; "..." as above
//   ! an answer                      to the oldest need that has none: Challenge TEXT | Success USER [data=TEXT] | Failure |
//                                    Unavailable | Drop SIZE:ID ... | Piece TEXT | Last TEXT | Done | Error KIND TEXT | TooSoon
//   ! close | timeout | shutdown | tls
//   = state                          what stateName() must be
#pragma once

#include "language/pop3/server_machine.h"

#include <QList>

#include <algorithm>
#include <optional>

namespace posthorn::pop3::transcript {

enum class Feeding {
    Whole, // what the client says up to the next line that is not his, at once
    Bytes, // one octet at a time
    Split, // cut once, at `cut`
};

inline QByteArray unescaped(const QByteArray &text)
{
    QByteArray out;
    for (qsizetype i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        out += c == 'r' ? '\r' : c == 'n' ? '\n' : c == '0' ? '\0' : c == 't' ? '\t' : c;
    }
    return out;
}

inline QByteArray describe(const What &what)
{
    struct
    {
        QByteArray operator()(const SaslBegin &need) const
        {
            return "SaslBegin " + need.mechanism
                + (need.initialResponse ? " [" + QByteArray(*need.initialResponse).replace('\0', "\\0") + ']' : QByteArray());
        }
        QByteArray operator()(const SaslContinue &need) const { return "SaslContinue [" + QByteArray(need.response).replace('\0', "\\0") + ']'; }
        QByteArray operator()(const SaslCancel &) const { return "SaslCancel"; }
        QByteArray operator()(const VerifyPassword &need) const { return "VerifyPassword [" + need.user + "] [" + need.password + ']'; }
        QByteArray operator()(const OpenDrop &) const { return "OpenDrop"; }
        QByteArray operator()(const ReadMessage &need) const
        {
            return "ReadMessage " + QByteArray::number(need.index) + " @" + QByteArray::number(need.offset);
        }
        QByteArray operator()(const Update &need) const
        {
            QByteArray line = "Update";
            for (const qsizetype index : need.deleted)
                line += ' ' + QByteArray::number(index);
            return line;
        }
        QByteArray operator()(const CloseDrop &) const { return "CloseDrop"; }
        QByteArray operator()(const Refused &need) const { return "Refused " + need.line + " | " + need.reply; }
    } text;
    return std::visit(text, what);
}

inline bool hasNoAnswer(const What &what)
{
    return std::holds_alternative<SaslCancel>(what) || std::holds_alternative<CloseDrop>(what)
        || std::holds_alternative<Refused>(what);
}

inline std::optional<Answer> readAnswer(const QByteArray &line)
{
    const qsizetype space = line.indexOf(' ');
    const QByteArray kind = space < 0 ? line : line.first(space);
    const QByteArray rest = space < 0 ? QByteArray() : line.sliced(space + 1);
    using Outcome = SaslAnswer::Outcome;
    if (kind == "Challenge")
        return SaslAnswer{Outcome::Challenge, unescaped(rest), {}};
    if (kind == "Success") {
        const qsizetype data = rest.indexOf(" data=");
        return SaslAnswer{Outcome::Success, data < 0 ? QByteArray() : rest.sliced(data + 6),
                          QString::fromUtf8(data < 0 ? rest : rest.first(data))};
    }
    if (kind == "Failure" || kind == "Unavailable")
        return SaslAnswer{kind == "Failure" ? Outcome::Failure : Outcome::Unavailable, {}, {}};
    if (kind == "Piece" || kind == "Last")
        return Piece{unescaped(rest), kind == "Last"};
    if (kind == "Done")
        return Done{};
    if (kind == "TooSoon")
        return Failure{Error{ErrorKind::Denied, {}, {}, -1}, true};
    if (kind == "Drop") {
        Drop drop;
        for (const QByteArray &one : rest.isEmpty() ? QByteArrayList() : rest.split(' '))
            drop.messages += DropMessage{one.split(':').value(0).toLongLong(), one.split(':').value(1)};
        return drop;
    }
    if (kind != "Error")
        return std::nullopt;
    const QByteArray name = rest.split(' ').first();
    for (const ErrorKind one : {ErrorKind::NotFound, ErrorKind::Denied, ErrorKind::Unavailable, ErrorKind::Uncertain,
                                ErrorKind::Internal, ErrorKind::Invalid}) {
        if (name.compare(QByteArray(nameOf(one).data(), nameOf(one).size()), Qt::CaseInsensitive) == 0)
            return Failure{Error{one, QString::fromUtf8(unescaped(rest.sliced(qMin(name.size() + 1, rest.size())))), {}, -1}};
    }
    return std::nullopt;
}

class Player
{
public:
    explicit Player(Feeding feeding, qsizetype cut = 0) : m_feeding(feeding), m_cut(cut) {}

    // Empty: all went as written. Else what went wrong, and on which line.
    QByteArray play(const QByteArray &script)
    {
        const QByteArrayList lines = script.split('\n');
        for (m_line = 0; m_line < lines.size() && m_fault.isEmpty(); ++m_line) {
            if (!lines[m_line].trimmed().isEmpty() && !lines[m_line].startsWith('#'))
                step(lines[m_line]);
        }
        say();
        if (!m_output.isEmpty())
            fault("unexpected output: " + m_output);
        if (!m_needs.isEmpty())
            fault("unexpected need: " + describe(m_needs.first().what));
        return m_fault;
    }
    [[nodiscard]] qsizetype longestChunk() const { return m_longest; }

private:
    void step(const QByteArray &line)
    {
        if (!m_machine)
            begin(line);
        if (line.startsWith("config "))
            return;
        if (line.startsWith("C:") || line.startsWith("C-")) {
            m_said += unescaped(line.sliced(qMin<qsizetype>(line.size(), 3))) + (line[1] == ':' ? "\r\n" : "");
            return;
        }
        say();
        const QByteArray rest = line.sliced(qMin<qsizetype>(line.size(), 2));
        if (line.startsWith("S: "))
            expectOutput(line.sliced(3));
        else if (line.startsWith("? "))
            expectNeed(rest);
        else if (line.startsWith("! "))
            happen(rest);
        else if (line.startsWith("= "))
            check(m_machine->stateName() == QLatin1StringView(rest), "state is " + QByteArray(m_machine->stateName().data()));
        else
            fault("not a line of a transcript");
    }

    void begin(const QByteArray &line)
    {
        const QByteArrayList words = line.startsWith("config ") ? line.split(' ') : QByteArrayList();
        ServerConfig config;
        config.hostName = "mail.example.test";
        config.plaintextAllowed = words.contains("plaintext");
        config.maxBadCommands = 4;
        config.maxAuthFailures = 3;
        m_facts.certificateHash = words.contains("nobinding") ? "" : "hash";
        m_machine = std::make_unique<ServerMachine>(config);
        m_machine->start(words.contains("tls") ? &m_facts : nullptr);
        collect();
    }

    void say()
    {
        m_longest = std::max(m_longest, m_said.size());
        bool isFirst = true;
        while (m_machine && !m_said.isEmpty() && m_machine->hungry()) {
            qsizetype size = m_feeding == Feeding::Bytes ? 1 : m_said.size();
            if (m_feeding == Feeding::Split && isFirst)
                size = std::clamp<qsizetype>(m_cut, 1, size);
            isFirst = false;
            m_machine->receive(m_said.first(size));
            m_said = m_said.sliced(size);
            collect();
        }
    }

    void collect()
    {
        for (QByteArray some = m_machine->takeOutput(); !some.isEmpty(); some = m_machine->takeOutput()) {
            m_output += some;
            m_machine->outputWaiting(0);
        }
        while (auto need = m_machine->nextNeed())
            m_needs += *need;
    }

    void expectOutput(const QByteArray &wanted)
    {
        const qsizetype end = m_output.indexOf("\r\n");
        if (end < 0)
            return fault("no such output; there is: " + m_output);
        const QByteArray line = m_output.first(end);
        m_output = m_output.sliced(end + 2);
        check(fits(line, wanted), "the server says: " + line);
    }

    void expectNeed(const QByteArray &wanted)
    {
        if (m_needs.isEmpty())
            return fault("nothing is needed; output: " + m_output);
        const Need need = m_needs.takeFirst();
        check(fits(describe(need.what), wanted), "needed is: " + describe(need.what));
        if (!hasNoAnswer(need.what))
            m_unanswered += need.id;
    }

    void happen(const QByteArray &event)
    {
        if (event == "close") {
            m_machine->peerClosed();
        } else if (event == "timeout") {
            m_machine->timedOut();
        } else if (event == "shutdown") {
            m_machine->shutDown();
        } else if (event == "tls") {
            check(m_machine->wantsTls() && !m_machine->hungry(), "TLS is not wanted");
            m_said.clear();
            m_machine->tlsStarted(m_facts);
        } else if (const auto answer = readAnswer(event); !answer || m_unanswered.isEmpty()) {
            fault(answer ? "nothing waits for an answer" : "not an answer");
        } else {
            m_machine->answer(m_unanswered.takeFirst(), *answer);
        }
        collect();
        say();
    }

    static bool fits(const QByteArray &line, const QByteArray &wanted)
    {
        return wanted.endsWith("...") ? line.startsWith(wanted.chopped(3)) : line == wanted;
    }
    void check(bool good, const QByteArray &what)
    {
        if (!good)
            fault(what);
    }
    void fault(const QByteArray &what)
    {
        if (m_fault.isEmpty())
            m_fault = "line " + QByteArray::number(m_line + 1) + ": " + what;
    }

    Feeding m_feeding;
    qsizetype m_cut;
    std::unique_ptr<ServerMachine> m_machine;
    TlsFacts m_facts{"TLSv1.3", "TLS_AES_256_GCM_SHA384", "mail.example.test", "hash"};
    qsizetype m_line = 0, m_longest = 0;
    QByteArray m_said, m_output, m_fault;
    QList<Need> m_needs;
    QList<NeedId> m_unanswered;
};

} // namespace posthorn::pop3::transcript
