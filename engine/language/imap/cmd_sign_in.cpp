// LOGIN and AUTHENTICATE (RFC 9051 §6.2; SASL-IR, RFC 4959).
#include "language/imap/arguments.h"
#include "language/imap/parsers.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxResponse = 16 * 1024; // octets of base64 in a line

Reply refusal(SaslAnswer::Outcome outcome)
{
    if (outcome == SaslAnswer::Outcome::Unavailable)
        return {Reply::Status::No, "UNAVAILABLE", "Signing in is not possible now, try again later"};
    return {Reply::Status::No, "AUTHENTICATIONFAILED", "Wrong name or password"};
}

class LoginTask : public Task
{
public:
    LoginTask(QByteArray user, QByteArray password) : m_user(std::move(user)), m_password(std::move(password)) {}
    void begin(Session &session) override { session.ask(VerifyPassword{m_user, std::exchange(m_password, {})}); }
    void answered(Session &session, NeedId, Answer &answer) override
    {
        const auto *sasl = std::get_if<SaslAnswer>(&answer);
        const auto *failure = std::get_if<Failure>(&answer);
        if (sasl && sasl->outcome == SaslAnswer::Outcome::Success)
            session.authenticated(sasl->user);
        else if (failure && isTemporary(failure->error.kind))
            session.failed(failure->error);
        else
            session.authenticationFailed(refusal(sasl ? sasl->outcome : SaslAnswer::Outcome::Failure));
    }

private:
    QByteArray m_user, m_password;
};

class AuthenticateTask : public Task
{
public:
    AuthenticateTask(QByteArray mechanism, std::optional<QByteArray> initial)
        : m_mechanism(std::move(mechanism)), m_initial(std::move(initial)) {}

    void begin(Session &session) override
    {
        session.ask(SaslBegin{m_mechanism, std::exchange(m_initial, std::nullopt)});
    }
    bool hungry() const override { return m_challenged; }
    void abandoned(Session &session) override { session.tell(SaslCancel{}); }
    QLatin1StringView stateName() const override { return "authenticating"_L1; }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        const auto *failure = std::get_if<Failure>(&answer);
        const auto *sasl = std::get_if<SaslAnswer>(&answer);
        if (failure && isTemporary(failure->error.kind)) {
            session.failed(failure->error);
        } else if (!sasl || sasl->outcome == SaslAnswer::Outcome::Failure
                   || sasl->outcome == SaslAnswer::Outcome::Unavailable) {
            session.authenticationFailed(refusal(sasl ? sasl->outcome : SaslAnswer::Outcome::Failure));
        } else if (sasl->outcome == SaslAnswer::Outcome::Success && sasl->bytes.isEmpty()) {
            session.authenticated(sasl->user);
        } else {
            // IMAP's OK carries no data: what comes with success is one more challenge (RFC 4422 §5).
            if (sasl->outcome == SaslAnswer::Outcome::Success)
                m_account = sasl->user;
            m_challenged = true;
            session.continuation(sasl->bytes.toBase64());
        }
    }

    void input(Session &session) override
    {
        QByteArray line;
        switch (session.reader.takeLine(line, maxResponse)) {
        case CommandReader::Line::More:
            return;
        case CommandReader::Line::TooLong:
            return cancel(session, "The response is too long");
        case CommandReader::Line::Whole:
            break;
        }
        m_challenged = false;
        const auto response = QByteArray::fromBase64Encoding(line, QByteArray::AbortOnBase64DecodingErrors);
        if (line == "*")
            cancel(session, "Cancelled");
        else if (!response)
            cancel(session, "The response is not base64");
        else if (m_account.isEmpty())
            session.ask(SaslContinue{*response});
        else
            session.authenticated(m_account);
    }

private:
    void cancel(Session &session, QByteArrayView why)
    {
        session.tell(SaslCancel{});
        session.bad(why);
    }

    QByteArray m_mechanism;
    std::optional<QByteArray> m_initial;
    QString m_account; // success that the client has not acknowledged
    bool m_challenged = false;
};

bool isPlaintext(QByteArrayView mechanism)
{
    return mechanism == "PLAIN" || mechanism == "LOGIN";
}

TaskPointer refuse(QByteArray code, QByteArray text)
{
    return plainTask([code, text](Session &session) { session.no(text, code); });
}

} // namespace

QList<QByteArray> mechanisms(const Session &session)
{
    QList<QByteArray> offered;
    if (session.tls && session.channelBinding)
        offered += session.config.tlsOnlyMechanisms;
    for (const QByteArray &mechanism : session.config.mechanisms) {
        if (session.plaintextAllowed() || !isPlaintext(mechanism))
            offered += mechanism;
    }
    return offered;
}

Result<TaskPointer> parseLogin(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    QByteArray user = arguments.astring();
    arguments.space();
    QByteArray password = arguments.astring();
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return std::make_unique<LoginTask>(std::move(user), std::move(password));
}

Result<TaskPointer> parseAuthenticate(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    const QByteArray name = arguments.atom().toUpper();
    std::optional<QByteArray> initial;
    if (!arguments.atEnd()) {
        arguments.space();
        const QByteArray text = lexer.rest().toByteArray();
        auto decoded = QByteArray::fromBase64Encoding(text == "=" ? QByteArray() : text,
                                                      QByteArray::AbortOnBase64DecodingErrors);
        if (decoded && !text.isEmpty())
            initial = *decoded;
        else
            arguments.fault(u"The initial response is not base64"_s);
    }
    if (!arguments.ok())
        return arguments.error();
    if (!mechanisms(session).contains(name)) {
        if (isPlaintext(name) && session.config.mechanisms.contains(name))
            return refuse("PRIVACYREQUIRED", "Not without TLS");
        return refuse("CANNOT", "This mechanism is not offered");
    }
    return std::make_unique<AuthenticateTask>(name, std::move(initial));
}

} // namespace posthorn::imap
