// Drives a ServerMachine without a world: answers its needs, at once or when told, and keeps what was said and asked.
#pragma once

#include "language/smtp/server_machine.h"

#include <QList>

#include <algorithm>
#include <functional>
#include <memory>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

inline QByteArray pathText(const Address &address)
{
    return '<' + address.toString() + '>';
}

struct Describe
{
    QByteArray operator()(const Welcome &) const { return "Welcome"; }
    QByteArray operator()(const Hello &need) const { return (need.extended ? "Hello EHLO " : "Hello HELO ") + need.name; }
    QByteArray operator()(const SaslBegin &need) const
    {
        QByteArray text = "SaslBegin " + need.mechanism;
        if (need.initialResponse)
            text += " [" + QByteArray(*need.initialResponse).replace('\0', "|") + ']';
        return text;
    }
    QByteArray operator()(const SaslContinue &need) const
    {
        return "SaslContinue [" + QByteArray(need.response).replace('\0', "|") + ']';
    }
    QByteArray operator()(const SaslCancel &) const { return "SaslCancel"; }
    QByteArray operator()(const JudgeSender &need) const
    {
        const MailCommand &mail = need.mail;
        QByteArray text = "JudgeSender " + pathText(mail.reversePath);
        if (mail.size)
            text += " size=" + QByteArray::number(*mail.size);
        if (mail.body == BodyType::EightBitMime)
            text += " 8bit";
        if (mail.body == BodyType::BinaryMime)
            text += " binary";
        if (mail.smtpUtf8)
            text += " utf8";
        if (!mail.ret.isEmpty())
            text += " ret=" + mail.ret;
        if (!mail.envid.isEmpty())
            text += " envid=" + mail.envid;
        if (mail.auth)
            text += " auth=" + *mail.auth;
        return text;
    }
    QByteArray operator()(const JudgeRecipient &need) const
    {
        QByteArray text = "JudgeRecipient " + pathText(need.rcpt.forwardPath);
        if (need.rcpt.notify)
            text += " notify=" + QByteArray::number(need.rcpt.notify);
        if (!need.rcpt.originalRecipient.isEmpty())
            text += " orcpt=" + need.rcpt.originalRecipient;
        return text;
    }
    QByteArray operator()(const Content &need) const { return "Content " + QByteArray::number(need.bytes.size()); }
    QByteArray operator()(const ReadUrl &need) const { return "ReadUrl " + need.url + " @" + QByteArray::number(need.offset); }
    QByteArray operator()(const EndOfMail &) const { return "EndOfMail"; }
    QByteArray operator()(const AbortMail &) const { return "AbortMail"; }
    QByteArray operator()(const Refused &need) const
    {
        return "Refused " + QByteArray::number(need.reply.code) + ' ' + need.reply.enhanced + " [" + need.line + ']';
    }
};

inline QByteArray describe(const What &what)
{
    return std::visit(Describe{}, what);
}

inline bool wantsAnswer(const What &what)
{
    return !std::holds_alternative<Hello>(what) && !std::holds_alternative<SaslCancel>(what)
           && !std::holds_alternative<AbortMail>(what) && !std::holds_alternative<Refused>(what);
}

// Everything is welcome; SASL succeeds at once.
inline Answer yes(const What &what)
{
    if (std::holds_alternative<SaslBegin>(what) || std::holds_alternative<SaslContinue>(what))
        return SaslAnswer{SaslAnswer::Outcome::Success, {}, QStringLiteral("joe@example.org")};
    if (std::holds_alternative<Welcome>(what))
        return Judgement{{220, {}, {}}};
    if (std::holds_alternative<JudgeSender>(what))
        return Judgement{{250, "2.1.0", "Sender ok"}};
    if (std::holds_alternative<JudgeRecipient>(what))
        return Judgement{{250, "2.1.5", "Recipient ok"}};
    if (const auto *url = std::get_if<ReadUrl>(&what)) // in two pieces
        return url->offset == 0 ? UrlOctets{"Hello "_ba, false} : UrlOctets{"world\r\n"_ba, true};
    return Judgement{{250, "2.0.0", "Accepted"}};
}

class FakeService
{
    std::unique_ptr<ServerMachine> m_owned;

public:
    explicit FakeService(ServerConfig config = {}, bool tls = false)
        : m_owned(new ServerMachine(std::move(config))), machine(*m_owned)
    {
        const TlsFacts facts{"TLSv1.3", "TLS_AES_256_GCM_SHA384", {}, {}};
        machine.start(tls ? &facts : nullptr);
        pump();
        greeting = take();
    }

    // What the client sends; gives back what the machine says to it.
    QByteArray say(QByteArrayView bytes)
    {
        machine.receive(bytes);
        pump();
        return take();
    }
    QByteArray take()
    {
        QByteArray out = machine.takeOutput();
        said += out;
        return out;
    }
    void pump()
    {
        while (auto need = machine.nextNeed()) {
            asked += describe(need->what);
            if (const auto *piece = std::get_if<Content>(&need->what)) {
                content += piece->bytes;
                largestPiece = qMax(largestPiece, piece->bytes.size());
                ++pieces;
            }
            if (std::holds_alternative<EndOfMail>(need->what))
                mails += std::exchange(content, {});
            if (std::holds_alternative<AbortMail>(need->what))
                content.clear();
            if (!wantsAnswer(need->what))
                continue;
            if (holds && holds(need->what))
                held = std::move(need);
            else
                machine.answer(need->id, answers(need->what));
        }
    }
    // Answers the need that was held back.
    QByteArray release(std::optional<Answer> answer = {})
    {
        const Need need = *std::exchange(held, std::nullopt);
        machine.answer(need.id, answer ? *answer : answers(need.what));
        pump();
        return take();
    }
    [[nodiscard]] int count(QByteArrayView start) const
    {
        return int(std::ranges::count_if(asked, [&](const QByteArray &one) { return one.startsWith(start); }));
    }

    ServerMachine &machine;
    std::function<Answer(const What &)> answers = yes;
    std::function<bool(const What &)> holds;
    std::optional<Need> held;
    QList<QByteArray> asked;
    QList<QByteArray> mails; // contents at their end
    QByteArray content;      // of the one under way
    QByteArray said;
    QByteArray greeting;
    qsizetype largestPiece = 0;
    int pieces = 0;
};

template<typename T>
bool is(const What &what)
{
    return std::holds_alternative<T>(what);
}

inline Judgement no(int code, const char *enhanced, const char *text = "No")
{
    return Judgement{{code, enhanced, text}};
}

} // namespace posthorn::smtp
