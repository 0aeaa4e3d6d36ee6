// Commands of any state: CAPABILITY, NOOP, LOGOUT, STARTTLS, ID, ENABLE, NAMESPACE.
#include "language/imap/arguments.h"
#include "language/imap/parsers.h"
#include "language/imap/quote.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxIdFields = 30; // RFC 2971 §3.3
constexpr qsizetype maxLanguages = 100;

template<typename F>
Result<TaskPointer> withoutArguments(Lexer &lexer, const Session &session, F run)
{
    Arguments arguments(lexer, session);
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return plainTask(run);
}

} // namespace

Result<TaskPointer> parseCapability(Lexer &lexer, const Session &session)
{
    return withoutArguments(lexer, session, [](Session &s) {
        s.untagged("CAPABILITY " + capabilities(s));
        s.ok("That is all");
    });
}

Result<TaskPointer> parseNoop(Lexer &lexer, const Session &session)
{
    return withoutArguments(lexer, session, [](Session &s) { s.ok("Done"); });
}

Result<TaskPointer> parseLogout(Lexer &lexer, const Session &session)
{
    return withoutArguments(lexer, session, [](Session &s) {
        s.untagged("BYE Goodbye");
        s.ok("Signed out");
        s.close();
    });
}

Result<TaskPointer> parseUnauthenticate(Lexer &lexer, const Session &session)
{
    return withoutArguments(lexer, session, [](Session &s) {
        s.unauthenticate();
        s.ok("Nobody is signed in", "CAPABILITY " + capabilities(s));
    });
}

// RFC 4978
Result<TaskPointer> parseCompress(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    if (arguments.atom().toUpper() != "DEFLATE")
        arguments.fault(u"DEFLATE expected"_s);
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return plainTask([](Session &s) {
        if (s.wantsDeflate())
            return s.no("It is compressed already", "COMPRESSIONACTIVE");
        s.ok("All is compressed from here on");
        s.startDeflate();
    });
}

Result<TaskPointer> parseStartTls(Lexer &lexer, const Session &session)
{
    return withoutArguments(lexer, session, [](Session &s) {
        if (s.tls) {
            s.bad("TLS is active already");
        } else if (s.wantsDeflate()) { // after UNAUTHENTICATE; TLS goes under it (RFC 4978 §4)
            s.bad("Not under compression");
        } else if (!s.config.tlsAvailable) {
            s.bad("TLS is not available");
        } else {
            s.ok("Begin TLS negotiation now");
            s.startTls();
        }
    });
}

Result<TaskPointer> parseNamespace(Lexer &lexer, const Session &session)
{
    return withoutArguments(lexer, session, [](Session &s) {
        s.untagged(R"(NAMESPACE (("" "/")) (("Other Users/" "/")) (("Shared/" "/")))");
        s.ok("Yours, those of others, and shared ones");
    });
}

Result<TaskPointer> parseId(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    ClientId client;
    if (arguments.peek() != '(') {
        arguments.nil();
    } else {
        arguments.expect('(');
        while (arguments.ok() && !arguments.take(')')) {
            const QByteArray name = arguments.string();
            arguments.space();
            const QByteArray value = arguments.nstring();
            if (client.fields.size() < maxIdFields)
                client.fields += {name.left(30), value.left(200)};
            (void)arguments.take(' ');
        }
    }
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return plainTask([client](Session &s) {
        if (!client.fields.isEmpty())
            s.tell(client);
        QByteArray line = "ID (\"name\" ";
        appendString(line, s.config.implementation);
        s.untagged(line + ')');
        s.ok("Nice to meet you");
    });
}

// RFC 5255 §3: what people read in replies is in plain English, which is what "i-default" stands for as well.
Result<TaskPointer> parseLanguage(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    QList<QByteArray> ranges;
    if (!arguments.atEnd()) {
        do {
            ranges += arguments.astring().toLower();
            if (ranges.size() > maxLanguages)
                arguments.fault(u"Too many languages"_s);
        } while (arguments.take(' '));
    }
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return plainTask([ranges](Session &s) {
        if (ranges.isEmpty()) {
            s.untagged("LANGUAGE (en i-default)");
            return s.ok("These are spoken");
        }
        for (const QByteArray &range : ranges) { // looked up as RFC 4647 §3.4 does: "en-GB" is content with "en"
            const bool isDefault = range == "default" || range == "i-default";
            if (!isDefault && range != "*" && range != "en" && !range.startsWith("en-"))
                continue;
            s.untagged(isDefault ? "LANGUAGE (i-default)" : "LANGUAGE (en)");
            return s.ok("Now speaking English");
        }
        s.no("None of these languages is spoken here");
    });
}

Result<TaskPointer> parseEnable(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    QList<QByteArray> wanted;
    do {
        wanted += arguments.atom().toUpper();
    } while (arguments.ok() && arguments.take(' '));
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    return plainTask([wanted](Session &s) {
        QByteArray enabled = "ENABLED";
        const QList<QByteArray> offered = capabilities(s).split(' ');
        if (wanted.contains("IMAP4REV2") && offered.contains("IMAP4rev2")) {
            s.rev2 = true;
            if (s.view)
                s.view->forgetRecent();
            enabled += " IMAP4rev2";
        }
        if (wanted.contains("UTF8=ACCEPT")) {
            s.utf8Accept = true;
            enabled += " UTF8=ACCEPT";
        }
        if (wanted.contains("CONDSTORE")) {
            s.enableCondstore();
            enabled += " CONDSTORE";
        }
        if (wanted.contains("QRESYNC")) {
            s.enableQresync();
            enabled += " QRESYNC";
        }
        for (const QByteArrayView name : {"METADATA", "METADATA-SERVER"}) { // RFC 5464 §4.1: changes are told then
            if (wanted.contains(name)) {
                s.enableMetadata();
                enabled += ' ' + name.toByteArray();
            }
        }
        if (wanted.contains("UIDONLY")) {
            s.enableUidOnly();
            enabled += " UIDONLY";
        }
        s.untagged(enabled);
        s.ok("Done");
    });
}

} // namespace posthorn::imap
