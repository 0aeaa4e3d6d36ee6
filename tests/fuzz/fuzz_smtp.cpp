// Any octets as an SMTP session. However they are cut, and whenever answers come, the same must come of them; the needs
// must make sense to a service that believes them.
#include "language/smtp/path.h"
#include "language/smtp/server_machine.h"
#include "language/smtp/wire.h"

#include <cstdlib>

using namespace posthorn::smtp;

namespace {

void check(bool good)
{
    if (!good)
        std::abort();
}

struct Settings
{
    ServerConfig config;
    bool tls = false;
    quint8 answers = 0; // which needs get a no
};

// Believes the machine, and checks that it may.
class Service
{
public:
    Service(const Settings &settings, bool late) : m_settings(settings), m_machine(settings.config), m_late(late)
    {
        const posthorn::TlsFacts facts;
        m_machine.start(settings.tls ? &facts : nullptr);
        pump();
    }

    void give(QByteArrayView bytes)
    {
        while (!m_machine.hungry() && m_waiting)
            release();
        if (m_machine.hungry())
            m_machine.receive(bytes);
        pump();
    }
    void end()
    {
        while (m_waiting)
            release();
        m_machine.peerClosed();
        pump();
        while (m_waiting)
            release();
        check(m_machine.finished() || m_machine.wantsTls());
        check(!m_machine.hungry());
        check(m_machine.wantsTls() || !m_open);
    }

    QByteArray said;
    QByteArray story; // what the needs were, content apart
    QList<QByteArray> mails;

private:
    void pump()
    {
        while (auto need = m_machine.nextNeed()) {
            const bool wantsAnswer = std::visit([this](const auto &what) { return take(what); }, need->what);
            if (!wantsAnswer)
                continue;
            check(!m_waiting);
            m_waiting = std::move(need);
            if (!m_late)
                release();
        }
        said += m_machine.takeOutput();
    }
    void release()
    {
        const Need need = *std::exchange(m_waiting, std::nullopt);
        m_machine.answer(need.id, std::visit([this](const auto &what) { return answer(what); }, need.what));
        pump();
    }

    bool no(int bit) { return (m_settings.answers >> bit) & 1 && (++m_asked[bit] % 3 == 0); }
    Answer judge(int bit, bool &accepted)
    {
        accepted = !no(bit);
        return Judgement{accepted ? Reply{250, "2.0.0", "Ok"} : Reply{bit & 1 ? 550 : 450, bit & 1 ? "5.7.1" : "4.7.1", "No"}};
    }

    bool take(const Welcome &) { return true; }
    bool take(const Hello &hello) { return note("hello " + hello.name, false); }
    bool take(const SaslBegin &begin) { return note("sasl " + begin.mechanism + begin.initialResponse.value_or("-"), true); }
    bool take(const SaslContinue &more) { return note("more " + more.response, true); }
    bool take(const SaslCancel &) { return note("cancel", false); }
    bool take(const JudgeSender &sender)
    {
        check(!m_open);
        check(sender.mail.size.value_or(0) <= m_settings.config.maxMessageSize);
        m_binary = sender.mail.body == BodyType::BinaryMime;
        m_utf8 = sender.mail.smtpUtf8;
        check(m_utf8 || !sender.mail.reversePath.needsUtf8());
        return note("from " + sender.mail.reversePath.toString(), true);
    }
    bool take(const JudgeRecipient &recipient)
    {
        check(m_open && m_content.isEmpty() && m_recipients < m_settings.config.maxRecipients);
        check(!recipient.rcpt.forwardPath.isNull());
        check(m_utf8 || !recipient.rcpt.forwardPath.needsUtf8());
        return note("to " + recipient.rcpt.forwardPath.toString() + recipient.rcpt.originalRecipient, true);
    }
    bool take(const Content &piece)
    {
        check(m_open && m_recipients > 0 && !m_refusedContent);
        check(!piece.bytes.isEmpty() && piece.bytes.size() <= m_settings.config.pieceSize);
        m_content += piece.bytes;
        check(m_content.size() <= m_settings.config.maxMessageSize);
        return true;
    }
    bool take(const ReadUrl &url) { return note("url " + url.url, true); }
    bool take(const EndOfMail &)
    {
        check(m_open && m_recipients > 0 && !m_refusedContent);
        if (!m_binary) {
            for (qsizetype i = 0; i < m_content.size(); ++i) {
                check(m_content[i] != '\n' || (i > 0 && m_content[i - 1] == '\r'));
                check(m_content[i] != '\r' || (i + 1 < m_content.size() && m_content[i + 1] == '\n'));
            }
        }
        mails += std::exchange(m_content, {});
        return note("end", true);
    }
    bool take(const AbortMail &)
    {
        check(m_open);
        close();
        return note("abort", false);
    }
    bool take(const Refused &refused)
    {
        check(refused.reply.code >= 400 && refused.line.size() <= 1024);
        return note("refused " + refused.line, false);
    }
    bool note(const QByteArray &text, bool wantsAnswer)
    {
        story += text + '\n';
        return wantsAnswer;
    }

    Answer answer(const Welcome &) { return Judgement{{220, {}, {}}}; }
    Answer answer(const SaslBegin &) { return sasl(); }
    Answer answer(const SaslContinue &) { return sasl(); }
    Answer sasl()
    {
        return SaslAnswer{SaslAnswer::Outcome(++m_sasl % 4), m_sasl % 3 ? QByteArray() : QByteArray("x"), {}};
    }
    Answer answer(const JudgeSender &) { return judge(0, m_open); }
    Answer answer(const JudgeRecipient &)
    {
        bool accepted = false;
        const Answer answer = judge(1, accepted);
        m_recipients += accepted;
        return answer;
    }
    Answer answer(const Content &)
    {
        m_refusedContent = no(2);
        return Judgement{m_refusedContent ? Reply{552, "5.2.2", "No"} : Reply{250, {}, {}}};
    }
    Answer answer(const ReadUrl &url)
    {
        if (no(2))
            return Judgement{Reply{554, "5.6.6", "No"}};
        return UrlOctets{QByteArray("url") + QByteArray(url.offset % 50, '\n'), url.offset > 200};
    }
    Answer answer(const EndOfMail &)
    {
        close();
        bool accepted = false;
        return judge(3, accepted);
    }
    template<typename T>
    Answer answer(const T &) { std::abort(); }
    void close()
    {
        m_open = m_refusedContent = false;
        m_recipients = 0;
        m_content.clear();
    }

    Settings m_settings;
    ServerMachine m_machine;
    bool m_late;
    std::optional<Need> m_waiting;
    QByteArray m_content;
    int m_asked[8] = {};
    int m_sasl = 0;
    int m_recipients = 0;
    bool m_open = false;
    bool m_binary = false;
    bool m_utf8 = false;
    bool m_refusedContent = false;
};

void checkOutput(const QByteArray &said)
{
    check(said.endsWith("\r\n"));
    for (const QByteArray &line : said.chopped(2).split('\n')) {
        const QByteArrayView text = QByteArrayView(line).chopped(line.endsWith('\r') ? 1 : 0);
        check(text.size() >= 4 && text.size() <= 510 && text[0] >= '2' && text[0] <= '5');
        check(text[3] == ' ' || text[3] == '-');
        check(!text.contains('\r') && !text.contains('\0'));
    }
}

Settings settingsFrom(quint8 a, quint8 b)
{
    Settings settings;
    settings.tls = a & 1;
    settings.config.authOffered = settings.config.burl = a & 2;
    settings.config.authRequired = (a & 6) == 6;
    settings.config.plaintextAllowed = a & 8;
    settings.config.bareLineEnd = a & 16 ? BareLineEnd::Normalize : BareLineEnd::Refuse;
    settings.config.maxMessageSize = a & 32 ? 100 : 100'000;
    settings.config.maxRecipients = a & 64 ? 2 : 100;
    settings.config.maxBadCommands = a & 128 ? 3 : 50;
    settings.config.pieceSize = b & 128 ? 16 : 1000;
    settings.answers = b & 127;
    return settings;
}

void checkPath(QByteArrayView text)
{
    QByteArrayView rest;
    const auto path = parsePath(text, true, &rest);
    if (path && !path->isNull()) {
        const auto again = parsePath('<' + path->toString() + '>', true, &rest);
        // Quotes that it was not given with may make it too long.
        check(again ? *again == *path && rest.isEmpty() : again.error().kind == posthorn::ErrorKind::TooLarge);
    }
    check(decodeXtext(encodeXtext(text)) == text.toByteArray());
    const Reply reply{550, "5.0.0", text.toByteArray()};
    checkOutput(reply.toBytes());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    const Settings settings = settingsFrom(data[0], data[1]);
    const QByteArrayView wire(reinterpret_cast<const char *>(data) + 3, qsizetype(size) - 3);
    Service whole(settings, false), cut(settings, false), late(settings, true);
    whole.give(wire);
    whole.end();
    quint32 seed = data[2];
    for (qsizetype at = 0; at < wire.size();) {
        seed = seed * 1664525 + 1013904223;
        const qsizetype step = qMin(qsizetype(1 + (seed >> 24) % (data[2] | 1)), wire.size() - at);
        cut.give(wire.sliced(at, step));
        late.give(wire.sliced(at, step));
        at += step;
    }
    cut.end();
    late.end();
    checkOutput(whole.said);
    checkOutput(cut.said);
    checkOutput(late.said);
    // Which of two reasons against a message comes first depends on time when one of them is the service's.
    if (!(settings.answers & 4)) {
        check(whole.said == cut.said && whole.story == cut.story && whole.mails == cut.mails);
        check(whole.said == late.said && whole.story == late.story && whole.mails == late.mails);
    }
    checkPath(wire);
    return 0;
}
