// The table of all settings. Keep rows of a room together; the form shows them in this order.
#include "core/settings.h"

namespace posthorn {

using namespace Qt::StringLiterals;

namespace {

using enum SettingType;

constexpr qint64 KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;

const SettingDescription table[] = {
    {.key = "server.name"_L1, .type = Text, .initial = ""_L1, .room = "General"_L1,
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
     .explanation = "Normalize mends the mail of old printers and scanners."_L1},
    {.key = "smtp.trusted_networks"_L1, .type = Networks, .initial = ""_L1, .room = "Receiving"_L1, .advanced = true,
     .label = "Devices that may send without signing in"_L1,
     .explanation = "Addresses of printers and scanners. Anyone at such an address can send mail in your name."_L1},
    {.key = "address.separator"_L1, .type = Text, .initial = "+"_L1, .room = "Receiving"_L1, .advanced = true,
     .label = "Plus-addressing sign"_L1,
     .explanation = "Mail for anna+shop@ goes to anna@. Empty: off."_L1},

    {.key = "quota.initial"_L1, .type = Number, .initial = "0"_L1, .minimum = 0, .maximum = 1024 * GiB * 1024,
     .unit = "octets"_L1, .room = "Storage"_L1, .label = "Room for a new account"_L1,
     .explanation = "0: no limit."_L1},
    {.key = "quota.reply"_L1, .type = Choice, .initial = "permanent"_L1, .choices = "permanent|temporary"_L1,
     .room = "Storage"_L1, .advanced = true, .label = "When an account is full"_L1,
     .explanation = "Permanent: the sender is told at once (552). Temporary: the sender's server tries again for some "
                    "days (452)."_L1},
    {.key = "store.min_free_space"_L1, .type = Number, .initial = "268435456"_L1, .minimum = MiB, .maximum = 1024 * GiB,
     .unit = "octets"_L1, .room = "Storage"_L1, .advanced = true, .label = "Disk space to keep free"_L1,
     .explanation = "With less than this free, senders are asked to come back later."_L1},
    {.key = "trace.keep_days"_L1, .type = Number, .initial = "30"_L1, .minimum = 1, .maximum = 3650, .unit = "days"_L1,
     .room = "Storage"_L1, .label = "Keep the history of messages"_L1,
     .explanation = "How long \"where is my mail\" can be answered."_L1},
    {.key = "log.file"_L1, .type = Flag, .initial = "true"_L1, .room = "Storage"_L1, .advanced = true,
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

    {.key = "imap.idle_minutes"_L1, .type = Number, .initial = "30"_L1, .minimum = 30, .maximum = 1440,
     .unit = "minutes"_L1, .room = "Reading"_L1, .advanced = true, .label = "Silence before IMAP hangs up"_L1,
     .explanation = ""_L1},
    {.key = "pop3.idle_minutes"_L1, .type = Number, .initial = "10"_L1, .minimum = 10, .maximum = 1440,
     .unit = "minutes"_L1, .room = "Reading"_L1, .advanced = true, .label = "Silence before POP3 hangs up"_L1,
     .explanation = ""_L1},
};

} // namespace

std::span<const SettingDescription> settingDescriptions() { return table; }

} // namespace posthorn
