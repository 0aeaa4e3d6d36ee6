// LIST and LSUB (RFC 9051 §6.3.9, RFC 3501 §6.3.9), with the options of RFC 5258, 5819 and 6154.
#include "language/imap/arguments.h"
#include "language/imap/list_match.h"
#include "language/imap/metadata.h"
#include "language/imap/parsers.h"
#include "language/imap/quote.h"
#include "language/imap/walk_task.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxPatterns = 100;

struct ListOptions
{
    QStringList patterns; // the reference before each
    bool isLsub = false;
    bool extended = false;
    bool hierarchyOnly = false; // LIST "" "": what separates levels
    // Which ones
    bool selectSubscribed = false;
    bool recursiveMatch = false;
    bool selectSpecialUse = false;
    // What to say of them
    bool returnSubscribed = false;
    QList<StatusItem> returnStatus;
    bool returnMyRights = false;          // RFC 8440
    QList<QByteArray> returnMetadata;     // RFC 9590
};

class ListTask : public WalkTask
{
public:
    explicit ListTask(ListOptions options) : m_options(std::move(options)) {}

    void begin(Session &session) override { session.ask(ListMailboxes{}); }

    void answered(Session &session, NeedId, Answer &answer) override
    {
        if (const auto *list = std::get_if<MailboxList>(&answer)) {
            m_tree = nameTree(*list);
            proceed(session);
        } else if (const auto *status = std::get_if<MailboxStatus>(&answer)) {
            appendStatus(session.out, m_tree[m_at - 1].name, *status, m_options.returnStatus, session.utf8Names(),
                         session.config.maxMessageSize);
            askMetadata(session);
        } else if (const auto *found = std::get_if<Annotations>(&answer)) {
            appendMetadata(session.out, m_tree[m_at - 1].name, *found, session.utf8Names());
            m_asksMetadata = false;
            proceed(session);
        } else if (const auto *failure = std::get_if<Failure>(&answer); failure && m_at > 0) {
            if (!std::exchange(m_asksMetadata, false)) // gone meanwhile, or unreadable: RFC 5819 §2 leaves its STATUS out
                askMetadata(session);
            else
                proceed(session);
        } else {
            session.failed(failure ? failure->error : Error{});
        }
    }

private:
    // One name after the other, each with its STATUS if that is wanted.
    void proceed(Session &session) override
    {
        while (m_at < m_tree.size()) {
            if (pauses(session))
                return;
            const ListedName &name = m_tree[m_at++];
            if (!isMatch(name.name))
                continue;
            const bool told = m_options.isLsub ? tellLsub(session, name) : tellList(session, name);
            if (!told || !name.selectable)
                continue;
            if (m_options.returnMyRights)
                appendMyRights(session.out, name.name, name.rights, session.utf8Names());
            if (!m_options.returnStatus.isEmpty()) {
                session.ask(statusNeed(name.name, m_options.returnStatus));
                return;
            }
            if (!m_options.returnMetadata.isEmpty()) {
                askMetadata(session);
                return;
            }
        }
        session.ok("Done");
    }

    void askMetadata(Session &session)
    {
        m_asksMetadata = !m_options.returnMetadata.isEmpty();
        if (m_asksMetadata)
            session.ask(GetMetadata{m_tree[m_at - 1].name, m_options.returnMetadata});
        else
            proceed(session);
    }

    bool isMatch(const QString &name) const
    {
        return std::any_of(m_options.patterns.cbegin(), m_options.patterns.cend(),
                           [&](const QString &pattern) { return matchesPattern(pattern, name); });
    }

    // A name that is not subscribed, but stands for subscribed ones below that the pattern does not reach.
    bool standsForBelow(const ListedName &name) const
    {
        if (!name.hasSubscribedBelow)
            return false;
        const QString prefix = name.name + hierarchySeparator;
        for (qsizetype i = m_at; i < m_tree.size() && m_tree[i].name.startsWith(prefix); ++i) {
            if (m_tree[i].subscribed && !isMatch(m_tree[i].name))
                return true;
        }
        return false;
    }

    bool tellLsub(Session &session, const ListedName &name)
    {
        if (!name.subscribed && !standsForBelow(name))
            return false;
        session.out += name.subscribed ? "* LSUB () \"/\" " : "* LSUB (\\Noselect) \"/\" ";
        appendMailbox(session.out, name.name, session.utf8Names());
        session.out += "\r\n";
        return true;
    }

    bool tellList(Session &session, const ListedName &name)
    {
        const bool isParent = !name.exists && name.hasChildren;
        const bool forBelow = m_options.selectSubscribed && m_options.recursiveMatch && standsForBelow(name);
        if (m_options.selectSubscribed ? !name.subscribed && !forBelow : !name.exists && !isParent)
            return false;
        if (m_options.selectSpecialUse && name.specialUse.isEmpty())
            return false;
        session.out += "* LIST (" + attributes(session, name, isParent).join(' ') + ") \"/\" ";
        appendMailbox(session.out, name.name, session.utf8Names());
        if (forBelow)
            session.out += " (CHILDINFO (\"SUBSCRIBED\"))";
        session.out += "\r\n";
        return true;
    }

    QList<QByteArray> attributes(const Session &session, const ListedName &name, bool isParent) const
    {
        QList<QByteArray> words;
        if (!name.exists && !isParent)
            words += "\\NonExistent";
        else if (!name.exists && (m_options.extended || session.rev2))
            words += "\\NonExistent";
        else if (!name.selectable)
            words += "\\Noselect";
        if (name.subscribed && (m_options.returnSubscribed || m_options.selectSubscribed))
            words += "\\Subscribed";
        if (name.exists || isParent)
            words += name.hasChildren ? "\\HasChildren" : "\\HasNoChildren";
        if (!name.specialUse.isEmpty())
            words += name.specialUse;
        return words;
    }

    ListOptions m_options;
    QList<ListedName> m_tree;
    qsizetype m_at = 0; // next
    bool m_asksMetadata = false;
};

void parseSelection(Arguments &arguments, ListOptions &options)
{
    options.extended = true;
    arguments.expect('(');
    while (arguments.ok() && !arguments.take(')')) {
        const QByteArray word = arguments.atom().toUpper();
        if (word == "SUBSCRIBED")
            options.selectSubscribed = true;
        else if (word == "RECURSIVEMATCH")
            options.recursiveMatch = true;
        else if (word == "SPECIAL-USE")
            options.selectSpecialUse = true;
        else if (word != "REMOTE") // there are none
            arguments.fault(u"Unknown selection option"_s);
        (void)arguments.take(' ');
    }
    if (options.recursiveMatch && !options.selectSubscribed)
        arguments.fault(u"RECURSIVEMATCH alone selects nothing"_s);
}

void parseReturn(Arguments &arguments, ListOptions &options)
{
    options.extended = true;
    if (arguments.atom().toUpper() != "RETURN")
        arguments.fault(u"RETURN expected"_s);
    arguments.space();
    arguments.expect('(');
    while (arguments.ok() && !arguments.take(')')) {
        const QByteArray word = arguments.atom().toUpper();
        if (word == "SUBSCRIBED") {
            options.returnSubscribed = true;
        } else if (word == "STATUS") {
            arguments.space();
            options.returnStatus = arguments.statusItems();
        } else if (word == "MYRIGHTS") {
            options.returnMyRights = true;
        } else if (word == "METADATA") {
            arguments.space();
            arguments.expect('(');
            options.returnMetadata = metadataEntries(arguments);
        } else if (word != "CHILDREN" && word != "SPECIAL-USE") { // both are told anyway
            arguments.fault(u"Unknown return option"_s);
        }
        (void)arguments.take(' ');
    }
}

QStringList parsePatterns(Arguments &arguments, bool *isList)
{
    QStringList patterns;
    *isList = arguments.take('(');
    do {
        patterns += arguments.pattern();
    } while (arguments.ok() && *isList && patterns.size() < maxPatterns && arguments.take(' '));
    if (*isList)
        arguments.expect(')');
    return patterns;
}

Result<TaskPointer> finishList(Arguments &arguments, ListOptions options)
{
    arguments.end();
    if (!arguments.ok())
        return arguments.error();
    if (options.hierarchyOnly) {
        return plainTask([isLsub = options.isLsub](Session &session) {
            session.untagged(isLsub ? R"(LSUB (\Noselect) "/" "")" : R"(LIST (\Noselect) "/" "")");
            session.ok("Done");
        });
    }
    return std::make_unique<ListTask>(std::move(options));
}

void readNames(Arguments &arguments, ListOptions &options)
{
    const QString reference = arguments.pattern();
    arguments.space();
    bool isList = false;
    const QStringList patterns = parsePatterns(arguments, &isList);
    options.extended = options.extended || isList;
    options.hierarchyOnly = !options.extended && patterns.value(0).isEmpty();
    for (const QString &pattern : patterns)
        options.patterns += pattern.startsWith(hierarchySeparator) ? pattern : reference + pattern;
}

} // namespace

Result<TaskPointer> parseList(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    ListOptions options;
    if (arguments.peek() == '(') {
        parseSelection(arguments, options);
        arguments.space();
    }
    readNames(arguments, options);
    if (arguments.take(' '))
        parseReturn(arguments, options);
    return finishList(arguments, std::move(options));
}

Result<TaskPointer> parseLsub(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    ListOptions options;
    options.isLsub = true;
    readNames(arguments, options);
    return finishList(arguments, std::move(options));
}

} // namespace posthorn::imap
