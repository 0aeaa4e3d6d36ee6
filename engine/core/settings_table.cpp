// The table of all settings. Keep rows of a room together; the form shows them in this order.
#include "core/settings.h"

namespace posthorn {

using namespace Qt::StringLiterals;

namespace {

using enum SettingType;

constexpr qint64 KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;

// "bank.example=verify old.example=none": a word mistyped must not become another policy.
Result<QString> checkTlsPolicies(const QString &value)
{
    static const QStringList policies{u"none"_s, u"may"_s, u"encrypt"_s, u"verify"_s};
    const QStringList items = QString(value).replace(u',', u' ').simplified().split(u' ', Qt::SkipEmptyParts);
    for (const QString &item : items) {
        if (item.indexOf(u'=') < 1 || !policies.contains(item.section(u'=', 1)))
            return fail(ErrorKind::Invalid, u"“%1” is not DOMAIN=POLICY with one of %2"_s.arg(item, policies.join(u", "_s)));
    }
    return items.join(u' ');
}

const SettingDescription table[] = {
    {.key = "server.name"_L1, .type = Text, .initial = ""_L1, .room = "General"_L1, .restartNeeded = true,
     .label = "Server name"_L1,
     .explanation = "The name this server has on the internet, such as mail.example.org. Empty: this computer's own "
                    "name."_L1},
    {.key = "smtp.listen"_L1, .type = Endpoints, .initial = "[::]:25"_L1, .room = "Services"_L1,
     .label = "Mail from other servers (SMTP)"_L1,
     .explanation = "Where mail from the rest of the world comes in. The standard port is 25. Empty: off."_L1},
    {.key = "submission.listen"_L1, .type = Endpoints, .initial = "[::]:587"_L1, .room = "Services"_L1,
     .label = "Mail from your programs (submission, STARTTLS)"_L1,
     .explanation = "Where mail programs hand in mail after signing in. The standard port is 587. Empty: off."_L1},
    {.key = "submissions.listen"_L1, .type = Endpoints, .initial = "[::]:465"_L1, .room = "Services"_L1,
     .label = "Mail from your programs (submission, TLS)"_L1,
     .explanation = "The same with encryption from the first octet on. The standard port is 465. Empty: off."_L1},
    {.key = "imap.listen"_L1, .type = Endpoints, .initial = "[::]:143"_L1, .room = "Services"_L1,
     .label = "Reading mail (IMAP, STARTTLS)"_L1, .explanation = "The standard port is 143. Empty: off."_L1},
    {.key = "imaps.listen"_L1, .type = Endpoints, .initial = "[::]:993"_L1, .room = "Services"_L1,
     .label = "Reading mail (IMAP, TLS)"_L1, .explanation = "The standard port is 993. Empty: off."_L1},
    {.key = "pop3.listen"_L1, .type = Endpoints, .initial = "[::]:110"_L1, .room = "Services"_L1,
     .label = "Fetching mail (POP3, STARTTLS)"_L1, .explanation = "The standard port is 110. Empty: off."_L1},
    {.key = "pop3s.listen"_L1, .type = Endpoints, .initial = "[::]:995"_L1, .room = "Services"_L1,
     .label = "Fetching mail (POP3, TLS)"_L1, .explanation = "The standard port is 995. Empty: off."_L1},
    {.key = "server.workers"_L1, .type = Number, .initial = "0"_L1, .minimum = 0, .maximum = 64, .unit = "threads"_L1,
     .room = "Services"_L1, .restartNeeded = true, .advanced = true, .label = "Network threads"_L1,
     .explanation = "0: as many as suit this computer."_L1},
    {.key = "server.max_connections"_L1, .type = Number, .initial = "10000"_L1, .minimum = 10, .maximum = 100'000,
     .unit = "connections"_L1, .room = "Services"_L1, .advanced = true, .label = "Connections for each service"_L1,
     .explanation = "More are told to come back later."_L1},
    {.key = "server.max_connections_per_address"_L1, .type = Number, .initial = "200"_L1, .minimum = 1,
     .maximum = 100'000, .unit = "connections"_L1, .room = "Services"_L1, .advanced = true,
     .label = "Connections from one address"_L1,
     .explanation = "For each service. This computer itself is not limited."_L1},

    {.key = "smtp.max_message_size"_L1, .type = Number, .initial = "67108864"_L1, .minimum = 64 * KiB,
     .maximum = 2 * GiB, .unit = "octets"_L1, .room = "Receiving"_L1, .label = "Largest message"_L1,
     .explanation = "Bigger ones are refused at once (552)."_L1},
    {.key = "smtp.max_recipients"_L1, .type = Number, .initial = "1000"_L1, .minimum = 100, .maximum = 100'000,
     .unit = "recipients"_L1, .room = "Receiving"_L1, .advanced = true, .label = "Recipients of one message"_L1,
     .explanation = "A sender with more is asked to send the rest in a second message (452)."_L1},
    {.key = "smtp.max_hops"_L1, .type = Number, .initial = "100"_L1, .minimum = 10, .maximum = 1000,
     .unit = "Received fields"_L1, .room = "Receiving"_L1, .advanced = true, .label = "Hops before it is a loop"_L1,
     .explanation = "A message that passed more servers than this goes in circles and is refused (554 5.4.6)."_L1},
    {.key = "smtp.bare_line_ends"_L1, .type = Choice, .initial = "refuse"_L1, .choices = "refuse|normalize"_L1,
     .room = "Receiving"_L1, .advanced = true, .label = "Lines that don't end in CRLF, from servers"_L1,
     .explanation = "Refuse them: they are used to smuggle messages past checks."_L1},
    {.key = "submission.bare_line_ends"_L1, .type = Choice, .initial = "refuse"_L1, .choices = "refuse|normalize"_L1,
     .room = "Receiving"_L1, .advanced = true, .label = "Lines that don't end in CRLF, from your programs"_L1,
     .explanation = "Mending them lets the mail of old printers and scanners in."_L1},
    {.key = "smtp.trusted_networks"_L1, .type = Networks, .initial = ""_L1, .room = "Receiving"_L1, .advanced = true,
     .label = "Devices that may send without signing in"_L1,
     .explanation = "Addresses of printers and scanners. Anyone at such an address can send mail in your name."_L1},
    {.key = "address.separator"_L1, .type = Text, .initial = "+"_L1, .room = "Receiving"_L1, .advanced = true,
     .label = "Plus-addressing sign"_L1,
     .explanation = "Mail for anna+shop@ goes to anna@. Empty: off."_L1},

    {.key = "relay.enabled"_L1, .type = Flag, .initial = "true"_L1, .room = "Sending"_L1,
     .label = "Send mail to other servers"_L1, .explanation = "Off: it waits in the queue."_L1},
    {.key = "relay.smart_host"_L1, .type = Host, .initial = ""_L1, .room = "Sending"_L1, .label = "Send through (smart host)"_L1,
     .explanation = "Your provider's server for outgoing mail, such as smtp.example.org:465. Home lines need one. Empty: "
                    "mail goes straight to the servers of its recipients."_L1},
    {.key = "relay.smart_host_user"_L1, .type = Text, .initial = ""_L1, .room = "Sending"_L1,
     .label = "User name there"_L1, .explanation = "Empty: no sign-in."_L1},
    {.key = "relay.smart_host_password"_L1, .type = Text, .initial = ""_L1, .room = "Sending"_L1, .secret = true,
     .label = "Password there"_L1, .explanation = "Many providers want one made for programs (app password)."_L1},
    {.key = "relay.smart_host_tls"_L1, .type = Choice, .initial = "auto"_L1, .choices = "auto|tls|starttls|may|none"_L1,
     .room = "Sending"_L1, .label = "Encryption to there"_L1,
     .explanation = "What port and user name suggest: TLS from the first octet on for port 465; otherwise STARTTLS, which "
                    "is required when there is a user name."_L1},
    {.key = "relay.smart_host_verify"_L1, .type = Flag, .initial = "true"_L1, .room = "Sending"_L1, .advanced = true,
     .label = "Check its certificate"_L1,
     .explanation = "Where encryption is required, only with a certificate for the smart host's name."_L1},
    {.key = "relay.tls"_L1, .type = Choice, .initial = "may"_L1, .choices = "none|may|encrypt|verify"_L1,
     .room = "Sending"_L1, .advanced = true, .label = "Encryption to recipients' servers"_L1,
     .explanation = "Where it is asked for always, mail waits when it can't be had."_L1},
    {.key = "relay.tls_policy"_L1, .type = Text, .initial = ""_L1, .room = "Sending"_L1, .advanced = true,
     .check = checkTlsPolicies,
     .label = "Encryption for certain domains"_L1,
     .explanation = "Each DOMAIN=RULE, such as bank.example=verify old.example=none. The rules: none (never), may (whenever "
                    "the other server can), encrypt (always, or the mail waits), verify (always, with a good certificate, "
                    "or the mail waits). For these domains nothing else counts: neither the setting above nor what the "
                    "domain itself asks for."_L1},
    {.key = "relay.mta_sts"_L1, .type = Flag, .initial = "true"_L1, .room = "Sending"_L1, .advanced = true,
     .label = "Keep to what domains ask for by MTA-STS"_L1,
     .explanation = "A domain can name the servers that take its mail and demand encryption with a good certificate. Mail "
                    "waits when that can't be had."_L1},
    {.key = "relay.mta_sts_port"_L1, .type = Number, .initial = "443"_L1, .minimum = 1, .maximum = 65535, .unit = "port"_L1,
     .room = "Sending"_L1, .advanced = true, .label = "Port that MTA-STS policies are fetched from"_L1, .explanation = ""_L1},
    {.key = "relay.tls_reports"_L1, .type = Flag, .initial = "true"_L1, .room = "Sending"_L1, .advanced = true,
     .label = "Tell domains how encryption to their servers went"_L1,
     .explanation = "Once a day by mail, and only domains that ask for such reports (TLSRPT)."_L1},
    {.key = "relay.authorities"_L1, .type = File, .initial = ""_L1, .room = "Sending"_L1, .advanced = true,
     .label = "More certificate authorities"_L1, .explanation = "PEM file; added to those this computer trusts."_L1},
    {.key = "relay.helo_name"_L1, .type = Text, .initial = ""_L1, .room = "Sending"_L1, .advanced = true,
     .label = "Name to introduce ourselves by"_L1, .explanation = "Empty: the server name."_L1},
    {.key = "relay.port"_L1, .type = Number, .initial = "25"_L1, .minimum = 1, .maximum = 65535, .unit = "port"_L1,
     .room = "Sending"_L1, .advanced = true, .label = "Port of recipients' servers"_L1, .explanation = ""_L1},
    {.key = "relay.retry_schedule"_L1, .type = Durations, .initial = "1m 5m 15m 30m 1h"_L1, .room = "Sending"_L1,
     .advanced = true, .label = "Waits before the next attempt"_L1,
     .explanation = "After the first attempt, the second, and so on; the last one is kept to."_L1},
    {.key = "relay.expire_after"_L1, .type = Durations, .initial = "5d"_L1, .room = "Sending"_L1, .advanced = true,
     .label = "Give up after"_L1, .explanation = "The sender gets the message back with the reason."_L1},
    {.key = "relay.delay_notice_after"_L1, .type = Durations, .initial = "4h"_L1, .room = "Sending"_L1,
     .label = "Tell the sender of a delay after"_L1, .explanation = "Empty: never."_L1},
    {.key = "relay.timeout"_L1, .type = Number, .initial = "300"_L1, .minimum = 1, .maximum = 3600, .unit = "seconds"_L1,
     .room = "Sending"_L1, .advanced = true, .label = "Patience with a server"_L1,
     .explanation = "For each answer; twice that at the end of a message."_L1},
    {.key = "relay.connect_timeout"_L1, .type = Number, .initial = "30"_L1, .minimum = 1, .maximum = 300,
     .unit = "seconds"_L1, .room = "Sending"_L1, .advanced = true, .label = "Patience with connecting"_L1,
     .explanation = ""_L1},
    {.key = "relay.max_connections_per_destination"_L1, .type = Number, .initial = "20"_L1, .minimum = 1, .maximum = 1000,
     .unit = "connections"_L1, .room = "Sending"_L1, .advanced = true, .label = "Connections to one destination"_L1,
     .explanation = "At most; a destination in trouble gets fewer."_L1},
    {.key = "relay.max_connections"_L1, .type = Number, .initial = "200"_L1, .minimum = 1, .maximum = 10'000,
     .unit = "connections"_L1, .room = "Sending"_L1, .advanced = true, .label = "Connections for sending, in all"_L1,
     .explanation = ""_L1},
    {.key = "relay.max_messages_per_minute"_L1, .type = Number, .initial = "0"_L1, .minimum = 0, .maximum = 1'000'000,
     .unit = "messages"_L1, .room = "Sending"_L1, .advanced = true, .label = "Messages a minute to one destination"_L1,
     .explanation = "At most; a domain, or a server that a route names. 0: no limit."_L1},
    {.key = "dns.server"_L1, .type = Endpoints, .initial = ""_L1, .room = "Sending"_L1, .advanced = true,
     .label = "Name server"_L1, .explanation = "Such as 127.0.0.1:53. Empty: this computer's own."_L1},
    {.key = "dns.trusted"_L1, .type = Flag, .initial = "false"_L1, .room = "Sending"_L1, .advanced = true,
     .label = "The name server checks DNSSEC"_L1,
     .explanation = "On: what it says is signed is believed, and servers' certificates are checked as their domain asks for "
                    "(DANE). Only for a name server on this computer, or one that nobody can pose as."_L1},

    {.key = "forward.srs_domain"_L1, .type = Text, .initial = ""_L1, .room = "Sending"_L1, .advanced = true,
     .label = "Domain of forwarded mail's return address"_L1,
     .explanation = "Mail of other domains that is sent on gets a return address here (SRS). One of your domains; empty: that "
                    "of the account or alias that sends it on."_L1},
    {.key = "bounce.tags"_L1, .type = Choice, .initial = "off"_L1, .choices = "off|tag|refuse"_L1, .room = "Sending"_L1,
     .advanced = true, .label = "Tags in return addresses (BATV)"_L1,
     .explanation = "Tagged mail has a return address that only this server can make. Bounces that come to an address "
                    "without a tag, of mail that others sent in your name, can be refused then; so are read receipts."_L1},
    {.key = "suppression.enabled"_L1, .type = Flag, .initial = "true"_L1, .room = "Sending"_L1,
     .label = "Don't try addresses again that failed for good"_L1,
     .explanation = "An address that its server says does not exist is put on a list; mail to it is refused at once, until it "
                    "is taken off."_L1},
    {.key = "limits.account_per_minute"_L1, .type = Number, .initial = "200"_L1, .minimum = 0, .maximum = 1'000'000,
     .unit = "recipients"_L1, .room = "Sending"_L1, .advanced = true, .label = "Limit of an account, a minute"_L1,
     .explanation = "Recipients on other servers. More wait for the next minute. 0: no limit."_L1},
    {.key = "limits.account_per_day"_L1, .type = Number, .initial = "2000"_L1, .minimum = 0, .maximum = 100'000'000,
     .unit = "recipients"_L1, .room = "Sending"_L1, .label = "Limit of an account, a day"_L1,
     .explanation = "Recipients on other servers. More are held in the queue until you let them go, and you are told: it may be "
                    "somebody with a stolen password. 0: no limit."_L1},
    {.key = "limits.domain_per_minute"_L1, .type = Number, .initial = "1000"_L1, .minimum = 0, .maximum = 1'000'000,
     .unit = "recipients"_L1, .room = "Sending"_L1, .advanced = true, .label = "Limit of a domain, a minute"_L1,
     .explanation = "All its accounts together. 0: no limit."_L1},
    {.key = "limits.domain_per_day"_L1, .type = Number, .initial = "10000"_L1, .minimum = 0, .maximum = 100'000'000,
     .unit = "recipients"_L1, .room = "Sending"_L1, .advanced = true, .label = "Limit of a domain, a day"_L1,
     .explanation = "All its accounts together. 0: no limit."_L1},

    {.key = "quota.initial"_L1, .type = Number, .initial = "0"_L1, .minimum = 0, .maximum = 1024 * GiB * 1024,
     .unit = "octets"_L1, .room = "Storage"_L1, .label = "Room for a new account"_L1,
     .explanation = "0: no limit."_L1},
    {.key = "quota.reply"_L1, .type = Choice, .initial = "permanent"_L1, .choices = "permanent|temporary"_L1,
     .room = "Storage"_L1, .advanced = true, .label = "When an account is full"_L1,
     .explanation = "Refused for good, the sender is told at once (552). Asked to try again later, the sender's server does "
                    "so for some days (452)."_L1},
    {.key = "store.min_free_space"_L1, .type = Number, .initial = "268435456"_L1, .minimum = MiB, .maximum = 1024 * GiB,
     .unit = "octets"_L1, .room = "Storage"_L1, .advanced = true, .label = "Disk space to keep free"_L1,
     .explanation = "With less than this free, senders are asked to come back later."_L1},
    {.key = "trace.keep_days"_L1, .type = Number, .initial = "30"_L1, .minimum = 1, .maximum = 3650, .unit = "days"_L1,
     .room = "Storage"_L1, .label = "Keep the history of messages"_L1,
     .explanation = "How long \"where is my mail\" can be answered."_L1},
    {.key = "log.file"_L1, .type = Flag, .initial = "true"_L1, .room = "Storage"_L1, .restartNeeded = true, .advanced = true,
     .label = "Write a log file"_L1, .explanation = "posthorn.log in the data folder, renewed at 10 MiB."_L1},

    {.key = "auth.plaintext_on_loopback"_L1, .type = Flag, .initial = "false"_L1, .room = "Sign-in"_L1,
     .advanced = true, .label = "Passwords without encryption on this computer"_L1,
     .explanation = "Lets programs on this very computer sign in without TLS. Others never can."_L1},
    {.key = "auth.iterations"_L1, .type = Number, .initial = "100000"_L1, .minimum = 4096, .maximum = 10'000'000,
     .unit = "rounds"_L1, .room = "Sign-in"_L1, .advanced = true, .label = "Password hardening"_L1,
     .explanation = "Applies to passwords set from now on."_L1},
    {.key = "auth.max_failures"_L1, .type = Number, .initial = "50"_L1, .minimum = 3, .maximum = 100'000,
     .unit = "failures"_L1, .room = "Sign-in"_L1, .advanced = true, .label = "Failed sign-ins from one address"_L1,
     .explanation = "Within a quarter of an hour; more are refused unseen."_L1},

    {.key = "tls.certificate"_L1, .type = File, .initial = ""_L1, .room = "Encryption"_L1, .label = "Certificate"_L1,
     .explanation = "PEM or PKCS#12 file. Empty: one made by Posthorn itself. A renewed file is noticed within a "
                    "minute."_L1},
    {.key = "tls.key"_L1, .type = File, .initial = ""_L1, .room = "Encryption"_L1, .label = "Key"_L1,
     .explanation = "PEM file. Empty: the key is in the certificate file."_L1},
    {.key = "tls.key_password"_L1, .type = Text, .initial = ""_L1, .room = "Encryption"_L1, .secret = true,
     .advanced = true, .label = "Password of the key"_L1, .explanation = ""_L1},

    {.key = "search.index"_L1, .type = Flag, .initial = "true"_L1, .room = "Reading"_L1, .advanced = true,
     .label = "Index for searching"_L1,
     .explanation = "Makes searching for words fast, and takes about a tenth of the mail's room on the disk. Without it every "
                    "message is looked into."_L1},
    {.key = "imap.idle_minutes"_L1, .type = Number, .initial = "30"_L1, .minimum = 30, .maximum = 1440,
     .unit = "minutes"_L1, .room = "Reading"_L1, .advanced = true, .label = "Silence before IMAP hangs up"_L1,
     .explanation = ""_L1},
    {.key = "imap.progress_seconds"_L1, .type = Number, .initial = "10"_L1, .minimum = 1, .maximum = 300,
     .unit = "seconds"_L1, .room = "Reading"_L1, .advanced = true, .label = "Time after which IMAP tells how far it has come"_L1,
     .explanation = "Programs that know of it can show that a long search or copy goes on (INPROGRESS)."_L1},
    {.key = "imap.message_limit"_L1, .type = Number, .initial = "10000000"_L1, .minimum = 0, .maximum = 1'000'000'000,
     .unit = "messages"_L1, .room = "Reading"_L1, .advanced = true, .label = "Messages that one IMAP command works on"_L1,
     .explanation = "Of more it works on the newest and says so, or refuses (MESSAGELIMIT). Programs that do not know of it may "
                    "then miss messages: keep it well above 1000. 0: no limit."_L1},
    {.key = "imap.submit_users"_L1, .type = Text, .initial = ""_L1, .room = "Reading"_L1, .advanced = true,
     .label = "Accounts of submission servers"_L1,
     .explanation = "Addresses, separated by commas. Who signs in as one of them may fetch what users have authorized for "
                    "submission (URLAUTH)."_L1},
    {.key = "pop3.shared_drops"_L1, .type = Flag, .initial = "false"_L1, .room = "Reading"_L1, .advanced = true,
     .label = "Several POP3 sessions of one account at a time"_L1,
     .explanation = "Otherwise the second is told that the mailbox is in use, as RFC 1939 has it."_L1},
    {.key = "pop3.idle_minutes"_L1, .type = Number, .initial = "10"_L1, .minimum = 10, .maximum = 1440,
     .unit = "minutes"_L1, .room = "Reading"_L1, .advanced = true, .label = "Silence before POP3 hangs up"_L1,
     .explanation = ""_L1},
};

} // namespace

std::span<const SettingDescription> settingDescriptions() { return table; }

} // namespace posthorn
