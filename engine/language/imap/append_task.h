// APPEND (RFC 9051 §6.3.12, MULTIAPPEND: RFC 3502, CATENATE: RFC 4469) and REPLACE (RFC 8508) at work: messages go to the
// service in pieces while they come, and are never held whole.
#pragma once

#include "language/imap/number_set.h"
#include "language/imap/session.h"
#include "language/imap/url_content.h"

namespace posthorn::imap {

class Arguments;

// How a message is given, and what stands before it.
struct AppendForm
{
    AppendOptions options;
    bool utf8 = false;     // "UTF8 (" literal ")" (RFC 6855 §4)
    bool catenate = false; // "CATENATE (" parts ")"

    // To where the literal or the first part follows.
    [[nodiscard]] static Result<AppendForm> parse(Arguments &arguments);
};

// Which message a REPLACE takes the place of.
struct Replaced
{
    NumberSet set;
    Numbering numbering = Numbering::Uid;
};

class AppendTask : public Task
{
public:
    // `rest`: what of the command has been read behind the form.
    AppendTask(QString mailbox, AppendForm form, QByteArrayView rest, std::optional<Replaced> replaced)
        : m_mailbox(std::move(mailbox)), m_form(std::move(form)), m_text(rest.toByteArray()), m_replaced(std::move(replaced)) {}

    void begin(Session &session) override;
    void answered(Session &session, NeedId id, Answer &answer) override;
    [[nodiscard]] bool hungry() const override { return m_waiting == 0 && (m_stage == Stage::Content || m_stage == Stage::Tail); }
    [[nodiscard]] bool holdsInput() const override { return m_stage != Stage::End && !m_isRead; }
    void input(Session &session) override;
    void abandoned(Session &session) override;
    [[nodiscard]] QLatin1StringView stateName() const override;
    [[nodiscard]] QString mailbox() const override { return m_mailbox; }

private:
    enum class Stage {
        Begin,   // the service is asked whether it takes the message
        Content, // of a literal
        Tail,    // what stands behind a literal has not been read yet
        Url,     // the service is asked for what a URL names
        End,     // all is there
    };

    [[nodiscard]] std::optional<Reply> findReplaced(Session &session);
    [[nodiscard]] std::optional<Reply> measure(Session &session);
    void beginMessage(Session &session);
    void begun(Session &session);
    void beginLiteral(Session &session);
    void takeContent(Session &session);
    void takeTail(Session &session);
    void literalDone(Session &session);
    void messageDone(Session &session);
    void nextMessage(Session &session);
    void nextPart(Session &session);
    void textPart(Session &session, bool utf8);
    void urlPart(Session &session, qsizetype start, Lexer &lexer);
    void urlAnswered(Session &session, UrlContent::State state);
    void passOn(Session &session);
    void appended(Session &session, const Appended *appended);
    void failed(Session &session, const Error &error);
    void refuse(Session &session, const Reply &reply);
    [[nodiscard]] bool atLiteral(const Session &session) const;

    QString m_mailbox;
    AppendForm m_form;
    QByteArray m_text;      // of the command, read and not yet looked at
    std::optional<Replaced> m_replaced;
    Uid m_replacedUid = 0;
    qsizetype m_head = 0;   // octets of the command before m_text
    NeedId m_waiting = 0;
    Stage m_stage = Stage::Begin;
    CommandReader::Event m_event = CommandReader::Event::More; // what ends m_text
    qint64 m_octets = 0;    // of the message under way
    qint64 m_messages = 0;  // begun so far
    bool m_isBegun = false; // the service holds something
    bool m_firstPart = true;
    bool m_closes = false;  // a parenthesis follows the literal
    bool m_isRead = false;  // the command is whole, and no longer in the reader

    UrlContent m_url;
    QByteArray m_urlText;
    bool m_urlFound = false;
};

} // namespace posthorn::imap
