#include "language/smtp/client_commands.h"

#include "language/smtp/client_session.h"

namespace posthorn::smtp {

namespace {

template<auto Deed>
void run(ClientSession &session, const Reply &reply)
{
    (session.*Deed)(reply);
}

using S = ClientSession;
using D = ClientDeadlines;

constexpr ClientCommand table[] = {
    {Verb::Greeting, "the greeting", &D::greeting, run<&S::onGreeting>},
    {Verb::Ehlo, "EHLO", &D::command, run<&S::onEhlo>},
    {Verb::Helo, "HELO", &D::command, run<&S::onHelo>},
    {Verb::StartTls, "STARTTLS", &D::command, run<&S::onStartTls>},
    {Verb::Auth, "AUTH", &D::command, run<&S::onAuth>},
    {Verb::Mail, "MAIL FROM", &D::mail, run<&S::onMail>},
    {Verb::Rcpt, "RCPT TO", &D::rcpt, run<&S::onRcpt>},
    {Verb::Data, "DATA", &D::data, run<&S::onData>},
    {Verb::Chunk, "BDAT", &D::end, run<&S::onChunk>},
    {Verb::End, "the end of the message", &D::end, run<&S::onEnd>},
    {Verb::Rset, "RSET", &D::command, run<&S::onRset>},
    {Verb::Quit, "QUIT", &D::quit, run<&S::onQuit>},
};

} // namespace

const ClientCommand &clientCommand(Verb verb)
{
    const ClientCommand &row = table[int(verb)];
    Q_ASSERT(row.verb == verb);
    return row;
}

} // namespace posthorn::smtp
