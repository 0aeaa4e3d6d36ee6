// A session of the client's side written down (tests/transcripts/smtp-client), and its replay against the machine.
//
//   # a comment                 = key value   configuration (see configure())
//   M: from=a to=b,c ...        a message to be sent when the machine asks for one; see readMail(). M- a line of it
//   S: a line of the server     S- octets without a line end; \r \n \0 \\ and \xHH are understood in both
//   C: a line of the client     a * at the end stands for anything
//   ? what the machine tells    MailDone, SessionFailed, ... in order; kinds the file does not name are not looked at
//   @ tls, timeout, shutdown, closed: what else can happen; @ over: the session must be over
#pragma once

#include "language/smtp/client_machine.h"

#include <QCryptographicHash>
#include <QFile>
#include <QMessageAuthenticationCode>

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

inline QByteArray upTo(char end, const QByteArray &text)
{
    const qsizetype at = text.indexOf(end);
    return at < 0 ? text : text.left(at);
}

inline QByteArray nameOf(Fate fate)
{
    static const char *const names[] = {"accepted", "refused", "deferred", "unknown", "not-tried"};
    return names[int(fate)];
}

struct DescribeClient
{
    QByteArray operator()(const NextMail &) const { return "NextMail"; }
    QByteArray operator()(const MoreContent &need) const { return "MoreContent " + QByteArray::number(need.offset); }
    QByteArray operator()(const ScanContent &) const { return "ScanContent"; }
    QByteArray operator()(const DeriveKey &need) const { return "DeriveKey " + QByteArray::number(need.iterations); }
    QByteArray operator()(const FetchToken &need) const { return "FetchToken" + (need.refused.isEmpty() ? ""_ba : " in place of " + need.refused); }
    QByteArray operator()(const MailDone &need) const
    {
        QByteArray text = "MailDone";
        for (const RecipientOutcome &one : need.outcomes) {
            text += ' ' + nameOf(one.fate) + ' ' + QByteArray::number(one.reply.code) + ' ' + one.reply.enhanced
                    + (one.fromServer ? " to " : " instead of ") + one.command + ';';
        }
        return text + (need.dsn ? " dsn" : "");
    }
    QByteArray operator()(const SessionFailed &need) const
    {
        return "SessionFailed " + QByteArray::number(need.reply.code) + ' ' + need.reply.enhanced
               + (need.fromServer ? " to " : " instead of ") + need.during + (need.idle ? " idle" : "")
               + (need.distrust.flow ? " distrust flow" : "") + (need.distrust.parameters ? " distrust parameters" : "");
    }
};

// RFC 8018 §5.2, one block.
inline QByteArray derived(const DeriveKey &need)
{
    const auto hmac = [&](const QByteArray &text) {
        return QMessageAuthenticationCode::hash(text, need.password, QCryptographicHash::Sha256);
    };
    QByteArray last = hmac(need.salt + QByteArray("\0\0\0\1", 4));
    QByteArray key = last;
    for (int i = 1; i < need.iterations; ++i) {
        last = hmac(last);
        for (qsizetype j = 0; j < key.size(); ++j)
            key[j] = char(key[j] ^ last[j]);
    }
    return key;
}

class ClientTranscript
{
public:
    explicit ClientTranscript(const QString &path)
    {
        m_config.heloName = "mail.example.org";
        m_config.nonce = "rOprNGfwEbeRWgbNEkqO";
        QFile file(path);
        if (!file.open(QFile::ReadOnly))
            m_trouble = "can't be read";
        int number = 0;
        for (const QByteArray &line : file.readAll().split('\n'))
            readLine(++number, line);
        m_config.asksToken = !m_tokens.isEmpty();
    }

    // What the server says at once comes in pieces: the first one of `first` octets, the others of `others`.
    struct Cut { qsizetype first; qsizetype others; };
    [[nodiscard]] QByteArray replay(Cut cut) const;
    [[nodiscard]] qsizetype longestTurn() const
    {
        qsizetype longest = 0, turn = 0;
        for (const Step &step : m_steps) {
            turn = step.kind == 'S' ? turn + step.text.size() : 0;
            longest = qMax(longest, turn);
        }
        return longest;
    }
    [[nodiscard]] const QByteArray &trouble() const { return m_trouble; }

private:
    struct Step
    {
        int line;
        char kind; // C, S or @
        QByteArray text;
    };
    struct Mail
    {
        OutgoingMail mail;
        qsizetype handed = -1; // octets of the content handed over with it; -1: all
    };
    struct Replay;

    void readLine(int number, const QByteArray &line)
    {
        if (line.isEmpty() || line.startsWith('#'))
            return;
        const QByteArray mark = line.left(2), text = line.mid(3);
        if (mark == "S:" || mark == "S-")
            m_steps += Step{number, 'S', unescape(text) + (mark == "S:" ? "\r\n" : "")};
        else if (mark == "C:")
            m_steps += Step{number, 'C', text};
        else if (mark == "@ ")
            m_steps += Step{number, '@', line.mid(2)};
        else if (mark == "= ")
            configure(line.mid(2));
        else if (mark == "? ")
            m_needs += line.mid(2);
        else if (mark == "M:")
            readMail(text);
        else if (mark == "M-" && !m_mails.isEmpty())
            m_mails.back().mail.content += unescape(text) + "\r\n";
        else
            m_trouble = "line " + QByteArray::number(number) + " is not understood";
    }
    void configure(const QByteArray &line)
    {
        const QByteArray key = upTo(' ', line), value = line.mid(key.size() + 1);
        if (key == "tls")
            m_config.tls = value == "must" ? ClientTls::Must : value == "never" ? ClientTls::Never : ClientTls::May;
        else if (key == "requiretls")
            m_config.requireTls = true;
        else if (key == "distrust")
            (value == "flow" ? m_config.distrust.flow : m_config.distrust.parameters) = true;
        else if (key == "implicit")
            m_implicit = true;
        else if (key == "user")
            m_config.user = value;
        else if (key == "password")
            m_config.password = value;
        else if (key == "token")
            m_tokens += value;
        else if (key == "mechanism")
            m_config.mechanism = value;
        else if (key == "clear")
            m_config.secretsInClear = true;
        else if (key == "piece")
            m_config.pieceSize = value.toInt();
        else if (key == "stay")
            m_stays = true;
        else
            m_trouble = "no such configuration: " + key;
    }
    // from, to (several with commas), body (8bit, binary), utf8, ret, envid, notify, orcpt, handed
    void readMail(const QByteArray &text)
    {
        Mail made;
        for (const QByteArray &word : text.split(' ')) {
            const QByteArray key = upTo('=', word), value = word.mid(key.size() + 1);
            if (key == "from")
                made.mail.reversePath = value;
            else if (key == "to")
                for (const QByteArray &path : value.split(','))
                    made.mail.recipients += OutgoingRecipient{path, 0, {}};
            else if (key == "body")
                made.mail.body = value == "binary" ? BodyType::BinaryMime : BodyType::EightBitMime;
            else if (key == "utf8")
                made.mail.smtpUtf8 = true;
            else if (key == "ret")
                made.mail.ret = value;
            else if (key == "envid")
                made.mail.envid = value;
            else if (key == "notify")
                made.mail.recipients.back().notify = quint8(value.toInt());
            else if (key == "orcpt")
                made.mail.recipients.back().originalRecipient = value;
            else if (key == "handed")
                made.handed = value.toInt();
            else
                m_trouble = "what is " + key + '?';
        }
        m_mails += made;
    }
    static QByteArray unescape(const QByteArray &text)
    {
        QByteArray out;
        for (qsizetype i = 0; i < text.size(); ++i) {
            const char c = text[i] == '\\' && i + 1 < text.size() ? text[++i] : '\0';
            if (c == '\0')
                out += text[i];
            else if (c == 'x')
                out += QByteArray::fromHex(text.mid(std::exchange(i, i + 2) + 1, 2));
            else
                out += c == 'r' ? '\r' : c == 'n' ? '\n' : c == '0' ? '\0' : c;
        }
        return out;
    }

    ClientConfig m_config;
    bool m_implicit = false, m_stays = false;
    QList<Mail> m_mails;
    QList<QByteArray> m_tokens;
    QList<Step> m_steps;
    QList<QByteArray> m_needs;
    QByteArray m_trouble;
};

struct ClientTranscript::Replay
{
    Replay(const ClientTranscript &transcript, Cut how) : script(transcript), cut(how), machine(transcript.m_config)
    {
        const TlsFacts facts{"TLSv1.3", "TLS_AES_256_GCM_SHA384", {}, {}};
        machine.start(script.m_implicit ? &facts : nullptr);
        pump();
    }
    void pump()
    {
        for (bool more = true; more;) {
            machine.outputWaiting(0);
            while (auto need = machine.nextNeed()) {
                told += std::visit(DescribeClient{}, need->what);
                std::visit([&](auto &what) { on(need->id, what); }, need->what);
            }
            const QByteArray out = machine.takeOutput();
            said += out;
            more = !out.isEmpty();
        }
    }
    void on(NeedId id, const NextMail &)
    {
        if (mails == script.m_mails.size()) {
            if (!script.m_stays)
                machine.answer(id, Leave{});
            return;
        }
        const Mail &next = script.m_mails[mails++];
        content = next.mail.content;
        OutgoingMail mail = next.mail;
        mail.size = content.size();
        if (next.handed >= 0)
            mail.content.truncate(next.handed);
        machine.answer(id, std::move(mail));
    }
    void on(NeedId id, const MoreContent &need) { machine.answer(id, ContentPiece{content.mid(need.offset, 10)}); }
    void on(NeedId id, const ScanContent &)
    {
        const auto is8 = [](char c) { return uchar(c) > 127; };
        const qsizetype body = content.indexOf("\r\n\r\n");
        machine.answer(id, ContentScan{std::any_of(content.begin(), content.begin() + body, is8),
                                       std::any_of(content.begin() + body, content.end(), is8)});
    }
    void on(NeedId id, const DeriveKey &need) { machine.answer(id, DerivedKey{derived(need)}); }
    void on(NeedId id, const FetchToken &)
    {
        const bool any = tokens < script.m_tokens.size();
        machine.answer(id, any ? Token{script.m_tokens[tokens++], {}} : Token{{}, "none left"});
    }
    void on(NeedId, const MailDone &) {}
    void on(NeedId, const SessionFailed &) {}

    void flush()
    {
        for (qsizetype at = 0, size = cut.first; at < pending.size() && machine.hungry(); at += size, size = cut.others) {
            size = std::clamp<qsizetype>(size, 1, pending.size() - at);
            machine.receive(QByteArrayView(pending).sliced(at, size));
            pump();
        }
        pending.clear();
    }
    QByteArray clientLine()
    {
        const qsizetype end = said.indexOf("\r\n", seen);
        if (end < 0)
            return "(nothing)";
        const QByteArray line = said.sliced(seen, end - seen);
        seen = end + 2;
        return line;
    }
    QByteArray happen(const QByteArray &what)
    {
        if (what == "tls") {
            if (!machine.wantsTls())
                return "the machine wants no TLS";
            machine.tlsStarted({"TLSv1.3", "TLS_AES_256_GCM_SHA384", {}, {}});
        } else if (what == "timeout") {
            if (machine.patience().count() <= 0)
                return "the machine has patience without end";
            machine.timedOut();
        } else if (what == "shutdown") {
            machine.shutDown();
        } else if (what == "closed") {
            machine.peerClosed();
        } else if (what != "over") {
            return "what is " + what + '?';
        } else if (!machine.finished()) {
            return "the session is not over";
        }
        pump();
        return {};
    }
    QByteArray run(const Step &step)
    {
        if (step.kind == 'S') {
            pending += step.text;
            return {};
        }
        flush();
        if (step.kind == '@')
            return happen(step.text);
        const QByteArray line = clientLine();
        const bool matches = step.text.endsWith('*') ? line.startsWith(step.text.chopped(1)) : line == step.text;
        return matches ? QByteArray() : "the client said: " + line;
    }
    QByteArray needsTrouble() const
    {
        const auto kind = [](const QByteArray &text) { return upTo(' ', text); };
        qsizetype position = 0;
        for (const QByteArray &one : told) {
            const auto same = [&](const QByteArray &need) { return kind(need) == kind(one); };
            if (std::ranges::none_of(script.m_needs, same))
                continue;
            if (position == script.m_needs.size())
                return "told besides: " + one;
            if (script.m_needs[position] != one)
                return "told: " + one + "\n    expected: " + script.m_needs[position];
            ++position;
        }
        return position < script.m_needs.size() ? "not told: " + script.m_needs[position] : QByteArray();
    }

    const ClientTranscript &script;
    Cut cut;
    ClientMachine machine;
    qsizetype mails = 0, tokens = 0;
    QByteArray content; // of the mail under way
    QList<QByteArray> told;
    QByteArray said, pending;
    qsizetype seen = 0;
};

inline QByteArray ClientTranscript::replay(Cut cut) const
{
    Replay replay(*this, cut);
    for (const Step &step : m_steps) {
        if (const QByteArray trouble = replay.run(step); !trouble.isEmpty())
            return "line " + QByteArray::number(step.line) + ": " + trouble;
    }
    replay.flush();
    if (replay.seen < replay.said.size())
        return "the client said besides: " + replay.clientLine();
    return replay.needsTrouble();
}

} // namespace posthorn::smtp
