// Plays a transcript against the machine, with no event loop. Lines of a transcript:
//   # a remark                       ' blank lines count for nothing
//   config plaintext | tls           at the top: plain text is allowed; the connection began with TLS
//   config tls limit=3               a command works on so many messages (MESSAGELIMIT)
//   C: what the client says          CRLF is added; "C- ..." is without
//   S: what the server must say      next; "..." at its end stands for anything
//   ? a need                         the next, as imap_describe.h writes it
//   ! an answer                      to the oldest need that has none, as imap_describe.h reads it; or one of
//   !! an answer                     to the newest need that has none
//   ! changed appended=.. altered=UID flags=..;.. expunged=.. granted=.. removed      another session did something
//   ! notice messages=Name appended expunged altered; or created=, removed=, renamed=New old=Old, subscribed=, unsubscribed=
//   ! working 454 1000                       how far a command has come
//   ! close | timeout | shutdown | tls
//   = state                          what stateName() must be
#pragma once

#include "imap_describe.h"
#include "language/imap/server_machine.h"

#include <QFile>

namespace posthorn::imap::transcript {

enum class Feeding {
    Whole, // what the client says up to the next line that is not his, at once
    Bytes, // one octet at a time
    Split, // cut once, at `cut`
};

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
        if (m_fault.isEmpty()) {
            say();
            collect();
            if (!m_output.isEmpty())
                fault("unexpected output: " + m_output);
            else if (!m_needs.isEmpty())
                fault("unexpected need: " + text(m_needs.first().what));
        }
        return m_fault;
    }
    qsizetype longestChunk() const { return m_longest; }

private:
    void step(const QByteArray &line)
    {
        if (!m_machine)
            begin(line);
        if (line.startsWith("config "))
            return;
        if (line.startsWith("C:") || line.startsWith("C-")) {
            m_said += line.sliced(std::min<qsizetype>(line.size(), 3)) + (line[1] == ':' ? "\r\n" : "");
            return;
        }
        say();
        const QByteArray rest = line.sliced(std::min<qsizetype>(line.size(), 2)).trimmed();
        if (line.startsWith("S: "))
            expectOutput(line.sliced(3));
        else if (line.startsWith("? "))
            expectNeed(rest);
        else if (line.startsWith("! "))
            happen(rest);
        else if (line.startsWith("!! "))
            happen(rest, true);
        else if (line.startsWith("= "))
            check(m_machine->stateName() == QLatin1StringView(rest), "state is " + QByteArray(m_machine->stateName().data()));
        else
            fault("not a line of a transcript");
    }

    void begin(const QByteArray &line)
    {
        ServerConfig config;
        config.hostName = "mail.example.test";
        config.maxMessageSize = 100000;
        config.plaintextAllowed = line.startsWith("config") && line.contains("plaintext");
        if (const qsizetype at = line.indexOf("limit="); line.startsWith("config") && at > 0)
            config.messageLimit = line.sliced(at + 6).toLongLong();
        const TlsFacts facts{"TLSv1.3", "TLS_AES_256_GCM_SHA384", "mail.example.test", "hash"};
        m_machine = std::make_unique<ServerMachine>(config);
        m_machine->start(line.startsWith("config") && line.contains("tls") ? &facts : nullptr);
    }

    void say()
    {
        m_longest = std::max(m_longest, m_said.size());
        bool isFirst = true;
        while (!m_said.isEmpty() && m_machine->hungry()) {
            qsizetype size = m_feeding == Feeding::Bytes ? 1 : m_said.size();
            if (m_feeding == Feeding::Split && isFirst)
                size = std::clamp<qsizetype>(m_cut, 1, size);
            isFirst = false;
            m_machine->receive(m_said.first(size));
            m_said = m_said.sliced(size);
            collect();
        }
        collect();
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
        if (end < 0) {
            fault("no such output; there is: " + m_output);
            return;
        }
        const QByteArray line = m_output.first(end);
        m_output = m_output.sliced(end + 2);
        const bool fits = wanted.endsWith("...") ? line.startsWith(wanted.chopped(3)) : line == wanted;
        check(fits, "the server says: " + line);
    }

    void expectNeed(const QByteArray &wanted)
    {
        if (m_needs.isEmpty()) {
            fault("nothing is needed; output: " + m_output);
            return;
        }
        const Need need = m_needs.takeFirst();
        const QByteArray line = text(need.what);
        const bool fits = wanted.endsWith("...") ? line.startsWith(wanted.chopped(3)) : line == wanted;
        check(fits, "needed is: " + line);
        m_unanswered += need.id;
        static const QByteArrayList silent{"SaslCancel", "CloseMailbox", "AppendCancel", "ClientId", "Refused", "Unauthenticate", "UnwatchMailboxes"};
        if (silent.contains(line.split(' ').first()))
            m_unanswered.removeLast();
    }

    void happen(const QByteArray &event, bool newest = false)
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
            m_machine->tlsStarted(TlsFacts{"TLSv1.3", "TLS_AES_256_GCM_SHA384", {}, "hash"});
        } else if (event.startsWith("working")) {
            const QByteArrayList numbers = event.split(' ');
            m_machine->stillWorking(numbers.value(1).toLongLong(), numbers.value(2).toLongLong());
        } else if (event.startsWith("notice")) {
            m_machine->noticed(notice(Fields(event.sliced(6).trimmed())));
        } else if (event.startsWith("changed")) {
            m_machine->changed(change(event.sliced(7).trimmed()));
        } else if (const auto answer = m_answers.read(event); !answer || m_unanswered.isEmpty()) {
            fault(answer ? "nothing waits for an answer" : "not an answer");
        } else {
            m_machine->answer(newest ? m_unanswered.takeLast() : m_unanswered.takeFirst(), *answer);
        }
        collect();
        say();
    }

    static Notice notice(const Fields &fields)
    {
        static const QByteArrayList kinds{"messages", "created", "removed", "renamed", "subscribed", "unsubscribed", "annotated"};
        Notice notice{.mailbox = MailboxId{fields.number("id", 2)}, .oldName = QString::fromUtf8(fields.named.value("old")),
                      .appended = fields.has("appended"), .expunged = fields.has("expunged"), .altered = fields.has("altered"), .entries = fields.named.value("entries").split(',')};
        for (qsizetype i = 0; i < kinds.size(); ++i) {
            if (fields.named.contains(kinds[i])) {
                notice.kind = Notice::Kind(i);
                notice.name = QString::fromUtf8(fields.named.value(kinds[i]));
            }
        }
        return notice;
    }

    MailboxChange change(const QByteArray &line)
    {
        MailboxChange change;
        change.mailbox = MailboxId{1};
        change.modSeq = 5;
        for (const QByteArray &part : line.split(' ')) {
            const QByteArray value = part.sliced(part.indexOf('=') + 1);
            if (part.startsWith("appended=")) {
                for (const Uid uid : uids(value))
                    change.appended += MessageMark{uid, 0, 5, MessageId{100 + uid}, 1000};
            } else if (part.startsWith("altered=")) { // UID/flags,UID/flags
                for (const QByteArray &one : value.split(',')) {
                    const QByteArrayList halves = one.split('/');
                    change.altered += MessageMark{halves[0].toUInt(), flags(halves.value(1), m_answers.keywords), 5,
                                                  MessageId{1}, 1000};
                }
            } else if (part.startsWith("expunged=")) {
                change.expunged = ranges(value);
            } else if (part.startsWith("keywords=")) {
                change.keywords = m_answers.keywords = value.split(',');
            } else if (part.startsWith("annotated=")) {
                change.annotated = value.split(',');
            } else if (part == "server") {
                change.mailbox = {};
            } else if (part.startsWith("granted=")) {
                change.granted = rightsFromText(value);
            } else if (part == "own") {
                change.origin = ConversationId{1};
            } else if (part == "removed") {
                change.removed = true;
            }
        }
        return change;
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
    qsizetype m_longest = 0;
    std::unique_ptr<ServerMachine> m_machine;
    AnswerReader m_answers;
    QByteArray m_said;   // by the client, not taken by the machine yet
    QByteArray m_output; // by the server, not expected yet
    QList<Need> m_needs; // not expected yet
    QList<NeedId> m_unanswered;
    QByteArray m_fault;
    qsizetype m_line = 0;
};

} // namespace posthorn::imap::transcript
