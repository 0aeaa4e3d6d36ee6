#include "service/relay/tls_guide.h"

namespace posthorn::relay {

using namespace Qt::StringLiterals;
using Status = net::DnsAnswer::Status;

namespace {

QList<trust::TlsaRecord> recordsIn(const net::DnsAnswer &answer)
{
    QList<trust::TlsaRecord> records;
    for (const auto &one : answer.tlsa)
        records.append({one.usage, one.selector, one.matching, one.octets});
    return records;
}

HopTls bySetting(TlsPolicy policy)
{
    return {.policy = policy, .source = policy >= TlsPolicy::Encrypt ? "policy"_ba : QByteArray()};
}

bool areSigned(const net::DnsAnswer &tlsa)
{
    return tlsa.status == Status::Found && tlsa.authentic && !tlsa.tlsa.isEmpty();
}

QByteArray textOf(const net::DnsAnswer &tlsa)
{
    QByteArray text;
    for (const auto &one : tlsa.tlsa)
        text += QByteArray::number(one.usage) + ' ' + QByteArray::number(one.selector) + ' ' + QByteArray::number(one.matching)
                + ' ' + one.octets.toHex() + '\n';
    return text;
}

// What connections to it count as in reports (RFC 8460).
void setCounting(HopTls &tls, const FoundSts &sts, const net::DnsAnswer &tlsa)
{
    const bool dane = areSigned(tlsa);
    tls.countAs = dane ? u"tlsa"_s : sts.found ? u"sts"_s : u"no-policy-found"_s;
    tls.policyText = dane ? textOf(tlsa) : sts.text;
    tls.trial = !dane && sts.found && sts.policy.mode == trust::StsPolicy::Mode::Testing;
}

// What went wrong before any connection (RFC 8460 §4.3.2).
QList<store::TlsResult> troublesOf(const Route &route, const FoundSts &sts, const TlsaAnswers &tlsa)
{
    const QString domain = QString::fromLatin1(route.domain);
    QList<store::TlsResult> troubles;
    const auto add = [&](const char *policy, const QString &result, const QByteArray &mx, const QByteArray &text) {
        troubles.append({0, domain, QString::fromLatin1(policy), result, QString::fromLatin1(mx), {}, text, 1});
    };
    if (!sts.trouble.isEmpty())
        add("sts", sts.trouble, {}, sts.text);
    QSet<QByteArray> seen;
    for (const Hop &hop : route.hops) {
        if (seen.contains(hop.name))
            continue;
        seen.insert(hop.name);
        const net::DnsAnswer answer = tlsa.value(hop.name, {.status = Status::NoData});
        if (answer.status == Status::Failed)
            add("tlsa", u"dnssec-invalid"_s, hop.name, {});
        else if (areSigned(answer) && trust::usableRecords(recordsIn(answer)).isEmpty())
            add("tlsa", u"tlsa-invalid"_s, hop.name, textOf(answer));
        else if (!areSigned(answer) && sts.found && !sts.policy.allows(hop.name))
            add("sts", u"validation-failure"_s, hop.name, sts.text);
    }
    return troubles;
}

smtp::Reply wait(const QByteArray &why)
{
    return {451, "4.7.5", why};
}

// What holds at one server; or why it must not be used.
std::expected<HopTls, smtp::Reply> decideHop(const Hop &hop, TlsPolicy base, const FoundSts &sts, const TlsaAnswers &tlsa,
                                             bool required)
{
    const net::DnsAnswer answer = tlsa.value(hop.name, {.status = Status::NoData});
    if (answer.status == Status::Failed)
        return std::unexpected(wait("The TLSA records of " + hop.name + " can't be had (DANE): " + answer.error.toUtf8()));
    const bool signedRecords = areSigned(answer);
    const auto usable = signedRecords ? trust::usableRecords(recordsIn(answer)) : QList<trust::TlsaRecord>();
    if (!usable.isEmpty())
        return HopTls{.policy = TlsPolicy::Verify, .source = "DANE", .tlsa = usable};
    if (sts.found && sts.policy.mode == trust::StsPolicy::Mode::Enforce) {
        if (!sts.policy.allows(hop.name))
            return std::unexpected(wait("The domain's MTA-STS policy does not name its mail server " + hop.name));
        return HopTls{.policy = TlsPolicy::Verify, .source = "MTA-STS"};
    }
    if (required)
        return HopTls{.policy = TlsPolicy::Verify, .source = "REQUIRETLS"};
    if (signedRecords && base < TlsPolicy::Encrypt)
        return HopTls{.policy = TlsPolicy::Encrypt, .source = "DANE"};
    return bySetting(base);
}

// That this is a server of the domain is signed, or the domain's policy says so, or it is the domain itself.
bool isNameProven(const Route &route, const Hop &hop, const FoundSts &sts)
{
    return route.authentic || hop.name == route.domain || (sts.found && sts.policy.allows(hop.name));
}

smtp::Reply unproven(const Hop &hop)
{
    return {550, "5.7.30", "Nothing proves that " + hop.name + " is a mail server of the domain (REQUIRETLS)"};
}

} // namespace

Route decideTls(Route route, TlsPolicy base, const FoundSts &sts, const TlsaAnswers &tlsa, bool required)
{
    QList<Hop> good;
    route.troubles = troublesOf(route, sts, tlsa);
    for (Hop &hop : route.hops) {
        auto decided = decideHop(hop, base, sts, tlsa, required);
        if (decided && required && !isNameProven(route, hop, sts))
            decided = std::unexpected(unproven(hop));
        if (decided) {
            hop.tls = std::move(*decided);
            setCounting(hop.tls, sts, tlsa.value(hop.name, {.status = Status::NoData}));
            good.append(hop);
        } else if (route.problem.code < 400 || decided.error().code < 500) {
            route.problem = decided.error(); // one that may pass counts for more
        }
    }
    route.hops = good;
    return route;
}

struct TlsGuide::Work
{
    Route route;
    TlsPolicy base = TlsPolicy::May;
    Done done;
    FoundSts sts;
    TlsaAnswers tlsa;
    QHash<QByteArray, QByteArray> bases; // of the answers: whose they are
    int missing = 1;
    bool required = false;
    bool asks = false;

    void known()
    {
        if (--missing > 0)
            return;
        Route decided = decideTls(route, base, sts, tlsa, required);
        for (Hop &hop : decided.hops) {
            if (!asks)
                hop.tls.countAs.clear(); // nobody looked what the domain asks for
            if (!hop.tls.tlsa.isEmpty())
                hop.tls.base = bases.value(hop.name);
        }
        done(decided);
    }
};

TlsGuide::TlsGuide(store::Store *store, net::Resolver &resolver, QObject *parent)
    : QObject(parent), m_resolver(resolver), m_sts(store, resolver, this)
{
}

void TlsGuide::setOptions(const std::shared_ptr<const Options> &options)
{
    m_options = options;
    m_sts.setOptions(options);
}

// A word of the settings about this very domain is the last one, but for REQUIRETLS, where the sender asks for more.
void TlsGuide::guide(const QByteArray &domain, const Route &route, store::Transport transport, Done done)
{
    const auto own = m_options->tlsByDomain.constFind(domain);
    const bool isOwn = own != m_options->tlsByDomain.cend();
    const bool required = transport == store::Transport::RequireTls;
    auto work = std::make_shared<Work>(Work{route, isOwn ? *own : m_options->tls, std::move(done), {}, {}, {}, 1, required, false});
    work->route.authentic = route.authentic && m_options->dnsTrusted;
    const bool asks = required || (!isOwn && work->base != TlsPolicy::None && transport == store::Transport::Usual);
    work->asks = asks && !route.hops.isEmpty() && !domain.startsWith('[');
    if (work->asks) {
        askTlsa(work);
        if (m_options->mtaSts) {
            ++work->missing;
            m_sts.find(domain, [work](const FoundSts &found) {
                work->sts = found;
                work->known();
            });
        }
    }
    work->known();
}

// Only of servers whose name and addresses are signed as well (RFC 7672 §2.2.1, §2.2.2): elsewhere there can be none that
// count, and some name servers choke on the question.
void TlsGuide::askTlsa(const std::shared_ptr<Work> &work)
{
    if (!work->route.authentic)
        return;
    QSet<QByteArray> asked;
    for (const Hop &hop : std::as_const(work->route.hops)) {
        if (asked.contains(hop.name))
            continue;
        asked.insert(hop.name);
        askTlsaOf(work, hop);
    }
}

// Where the server's name is another one's alias, the records of that one count, then its own; and its own alone where
// only the alias itself is signed (RFC 7672 §2.2.2, §2.2.3).
void TlsGuide::askTlsaOf(const std::shared_ptr<Work> &work, const Hop &hop)
{
    const bool isAlias = !hop.canonical.isEmpty() && hop.canonical != hop.name;
    if (!hop.authentic && !isAlias)
        return;
    ++work->missing;
    if (hop.authentic) {
        askTlsaAt(work, hop, isAlias ? QByteArrayList{hop.canonical, hop.name} : QByteArrayList{hop.name});
        return;
    }
    m_resolver.alias(hop.name, [this, work, hop](const net::DnsAnswer &answer) {
        if (answer.authentic && answer.status == Status::Found)
            askTlsaAt(work, hop, {hop.name});
        else
            work->known();
    });
}

void TlsGuide::askTlsaAt(const std::shared_ptr<Work> &work, const Hop &hop, QByteArrayList names)
{
    const QByteArray base = names.takeFirst();
    m_resolver.tlsa('_' + QByteArray::number(hop.port) + "._tcp." + base,
                    [this, work, hop, names, base](const net::DnsAnswer &answer) {
                        const bool decides = answer.status == Status::Failed || areSigned(answer);
                        if (!decides && !names.isEmpty())
                            return askTlsaAt(work, hop, names);
                        work->tlsa.insert(hop.name, answer);
                        work->bases.insert(hop.name, base);
                        work->known();
                    });
}

} // namespace posthorn::relay
