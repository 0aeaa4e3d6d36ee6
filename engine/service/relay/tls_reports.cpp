#include "service/relay/tls_reports.h"

#include "language/message/builder.h"
#include "language/message/transfer_encoding.h"
#include "platform/store/transaction.h"
#include "service/delivery/collector.h"
#include "service/relay/service.h"

#include <QDateTime>

namespace posthorn::relay {

using namespace Qt::StringLiterals;

namespace {

constexpr std::chrono::seconds flushTime{2};
constexpr std::chrono::minutes sendTime{30};
constexpr qint64 daySeconds = 86'400;
constexpr qint64 uploadDays = 2; // what nobody takes by HTTPS is brought again until then (RFC 8460 §5.4)
constexpr qint64 mostDays = 7; // a domain whose record can't be had for longer gets no report of that day
constexpr qsizetype mostCounted = 10'000; // kinds of sessions between two flushes

qint64 today()
{
    return QDateTime::currentSecsSinceEpoch() / daySeconds;
}

QString keyOf(const store::TlsResult &one)
{
    return QStringList{QString::number(one.day), one.domain, one.policy, one.result, one.mx, one.address}.join(u'\n');
}

QString keyOf(const QList<store::TlsResult> &group)
{
    return QString::number(group.front().day) + u' ' + group.front().domain;
}

trust::TlsReport reportOf(const QList<store::TlsResult> &group, const QByteArray &hostName, const QString &id)
{
    const store::TlsResult &first = group.front();
    trust::TlsReport report{QString::fromUtf8(hostName), u"postmaster@"_s + QString::fromUtf8(hostName), id, first.domain,
                            first.day * daySeconds, (first.day + 1) * daySeconds - 1, {}};
    for (const store::TlsResult &one : group) {
        QByteArrayList lines;
        for (const QByteArray &line : one.policyText.split('\n')) {
            if (!line.trimmed().isEmpty())
                lines += line.trimmed();
        }
        report.counts.append({one.policy, lines, one.result, one.mx, one.address, one.sessions});
    }
    return report;
}

QByteArray part(const QByteArray &fields, const QByteArray &body)
{
    return fields + "\r\n\r\n" + body + "\r\n";
}

} // namespace

QString tlsResultOf(const QString &fault)
{
    const QString lower = fault.toLower();
    return lower.isEmpty()                  ? QString()
           : lower.contains("mismatch"_L1)  ? u"certificate-host-mismatch"_s
           : lower.contains("expired"_L1)   ? u"certificate-expired"_s
           : lower.contains("certificate"_L1) ? u"certificate-not-trusted"_s
                                            : u"validation-failure"_s;
}

QString tlsResultOf(const LinkFailure &failure, const HopTls &tls)
{
    if (failure.reply.enhanced == "4.7.4" || failure.startTls)
        return u"starttls-not-supported"_s;
    if (!failure.tls)
        return {};
    if (tls.source == "DANE" && !tls.tlsa.isEmpty())
        return u"validation-failure"_s;
    return tlsResultOf(failure.why);
}

TlsReports::TlsReports(World world, net::Resolver &resolver, QObject *parent)
    : QObject(parent), m_world(std::move(world)), m_resolver(resolver), m_https(resolver, this), m_flushing(this), m_sending(this)
{
    m_flushing.setSingleShot(true);
    connect(&m_flushing, &QTimer::timeout, this, [this] { flush(); });
    connect(&m_sending, &QTimer::timeout, this, [this] { sendDue(); });
    m_sending.start(sendTime);
}

void TlsReports::count(store::TlsResult result)
{
    if (!m_options->tlsReports || m_counted.size() >= mostCounted)
        return;
    result.day = today();
    result.sessions = 1;
    const QString key = keyOf(result);
    if (const auto known = m_counted.find(key); known != m_counted.end())
        ++known->sessions;
    else
        m_counted.insert(key, result);
    if (!m_flushing.isActive())
        m_flushing.start(flushTime);
}

void TlsReports::flush(std::function<void()> then)
{
    m_flushing.stop();
    if (m_counted.isEmpty() && !then)
        return;
    const QList<store::TlsResult> counted = std::exchange(m_counted, {}).values();
    m_world.store->write<bool>(
        [counted](store::Transaction &transaction) {
            return store::TlsPolicies::count(transaction, counted).transform([] { return true; });
        },
        [this, then = std::move(then)](const Result<bool> &) { // numbers that are lost are only numbers
            if (then)
                QMetaObject::invokeMethod(this, then, Qt::QueuedConnection);
        });
}

void TlsReports::sendDue()
{
    if (m_options->tlsReports)
        send(today());
}

void TlsReports::sendAll()
{
    flush([this] { send(today() + 1); });
}

void TlsReports::send(qint64 before)
{
    m_world.store->read<QList<store::TlsResult>>(
        [before](store::Connection &connection) { return store::TlsPolicies::results(connection, before); },
        [this](const Result<QList<store::TlsResult>> &results) {
            QMetaObject::invokeMethod(this, [this, results] {
                Group group;
                for (const store::TlsResult &one : results.value_or(QList<store::TlsResult>())) {
                    if (!group.isEmpty() && (group.front().day != one.day || group.front().domain != one.domain))
                        sendOne(std::exchange(group, {}));
                    group.append(one);
                }
                if (!group.isEmpty())
                    sendOne(group);
            }, Qt::QueuedConnection);
        });
}

void TlsReports::sendOne(const Group &group)
{
    m_resolver.texts("_smtp._tls." + group.front().domain.toLatin1(),
                     [this, group](const net::DnsAnswer &answer) { addressed(group, answer); });
}

void TlsReports::addressed(const Group &group, const net::DnsAnswer &answer)
{
    if (answer.status == net::DnsAnswer::Status::Failed && today() - group.front().day < mostDays)
        return; // later
    const trust::TlsReportTargets targets = trust::tlsReportTargets(answer.texts);
    if (targets.urls.isEmpty())
        fileAll(group, targets.addresses);
    else
        upload(group, targets);
}

// §5.4. Whoever wants to know of TLS in trouble may have the same trouble with HTTPS (§3): any certificate will do.
void TlsReports::upload(const Group &group, const trust::TlsReportTargets &targets)
{
    const QString key = keyOf(group);
    if (m_uploading.contains(key))
        return;
    m_uploading.insert(key);
    struct Work
    {
        qsizetype missing = 0;
        bool taken = false;
    };
    const auto work = std::make_shared<Work>(Work{targets.urls.size()});
    const QString id = QString::fromLatin1(delivery::newJourney() + '@' + m_world.hostName);
    net::HttpsRequest request;
    request.anyCertificate = true;
    request.authorities = m_options->authorities;
    request.content = trust::gzip(trust::toJson(reportOf(group, m_world.hostName, id)));
    request.contentType = "application/tlsrpt+gzip";
    for (const QByteArray &text : targets.urls) {
        const QUrl url(QString::fromLatin1(text));
        request.host = url.host(QUrl::FullyEncoded).toLatin1();
        request.port = quint16(url.port(443));
        request.path = url.toEncoded(QUrl::RemoveScheme | QUrl::RemoveAuthority | QUrl::RemoveFragment);
        m_https.post(request, [this, key, group, targets, work](const Result<net::HttpsDocument> &answer) {
            work->taken |= answer.has_value();
            if (--work->missing > 0)
                return;
            if (work->taken || !targets.addresses.isEmpty() || today() - group.front().day > uploadDays)
                fileAll(group, targets.addresses);
            else
                m_uploading.remove(key); // later
        });
    }
}

void TlsReports::fileAll(const Group &group, const QList<QByteArray> &addresses)
{
    m_world.store->write<bool>(
        [this, group, addresses](store::Transaction &transaction) { return file(transaction, group, addresses); },
        [this, key = keyOf(group)](const Result<bool> &) { // a failure: the next time
            QMetaObject::invokeMethod(this, [this, key] { m_uploading.remove(key); }, Qt::QueuedConnection);
        });
}

// What is told is forgotten with it, and what nobody wants to know as well.
Result<bool> TlsReports::file(store::Transaction &transaction, const Group &group, const QList<QByteArray> &addresses) const
{
    const store::TlsResult &first = group.front();
    if (const auto forgotten = store::TlsPolicies::forget(transaction, first.day, first.domain); !forgotten)
        return std::unexpected(forgotten.error());
    for (const QByteArray &text : addresses) {
        const auto address = smtp::parseAddress(text);
        const auto destination = address ? m_world.directory->snapshot()->resolve(*address)
                                         : Result<delivery::Destination>(std::unexpected(address.error()));
        if (!destination)
            continue;
        delivery::Arrival arrival = compose(group, text);
        smtp::RcptCommand rcpt;
        rcpt.forwardPath = *address;
        rcpt.notify = smtp::NotifyNever;
        arrival.recipients.append({rcpt, *destination});
        if (const auto filed = m_world.delivery->deliverWithin(transaction, arrival); !filed)
            return std::unexpected(filed.error());
    }
    return true;
}

// §5.3. It has to arrive where TLS is what is amiss (§5.1), so it says that it may go without.
delivery::Arrival TlsReports::compose(const Group &group, const QByteArray &address) const
{
    delivery::Arrival arrival;
    arrival.journey = delivery::newJourney();
    arrival.at = QDateTime::currentMSecsSinceEpoch();
    arrival.messageId = '<' + arrival.journey + '@' + m_world.hostName + '>';
    const trust::TlsReport report = reportOf(group, m_world.hostName, QString::fromLatin1(arrival.messageId.sliced(1).chopped(1)));
    arrival.subject = u"Report Domain: %1 Submitter: %2 Report-ID: <%3>"_s.arg(report.domain, report.organization, report.id);
    arrival.sign = true; // §3
    arrival.judged = u"TLS report for %1"_s.arg(report.domain);
    const QByteArray boundary = "tls-report-" + arrival.journey;
    const QByteArray file = m_world.hostName + '!' + report.domain.toLatin1() + '!' + QByteArray::number(report.from) + '!'
                            + QByteArray::number(report.until) + '!' + arrival.journey + ".json.gz";
    const qsizetype at = address.lastIndexOf('@');
    message::HeaderBuilder header;
    header.date("Date", arrival.at / 1000, 0)
        .addresses("From", {{"TLS reports", {}, "postmaster", m_world.hostName}})
        .addresses("To", {{{}, {}, address.first(std::max<qsizetype>(at, 0)), address.sliced(at + 1)}})
        .text("Subject", arrival.subject)
        .value("Message-ID", arrival.messageId)
        .value("TLS-Report-Domain", report.domain.toLatin1())
        .value("TLS-Report-Submitter", m_world.hostName)
        .value("TLS-Required", "No")
        .value("Auto-Submitted", "auto-generated")
        .value("MIME-Version", "1.0")
        .value("Content-Type", "multipart/report; report-type=tlsrpt; boundary=\"" + boundary + '"');
    const QByteArray text = "This is a report on TLS (RFC 8460): how the connections of " + m_world.hostName
                            + " to the mail servers of " + report.domain.toLatin1() + " went.\r\n";
    delivery::Collector collector([](QByteArrayView) { return "Return-Path: <>\r\n"_ba; });
    collector.add(header.bytes() + "\r\n--" + boundary + "\r\n" + part("Content-Type: text/plain; charset=us-ascii", text)
                  + "--" + boundary + "\r\n"
                  + part("Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n"
                         "Content-Disposition: attachment;\r\n filename=\"" + file + '"',
                         message::encodeBase64(trust::gzip(trust::toJson(report))))
                  + "--" + boundary + "--\r\n");
    arrival.digest = delivery::digestOf(collector.finish());
    arrival.digest.header = collector.header();
    arrival.body = collector.takeBody();
    return arrival;
}

} // namespace posthorn::relay
