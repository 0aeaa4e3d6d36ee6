// tls.*: what is kept of TLS with other servers.
#include "control/server/desk.h"
#include "platform/store/store.h"
#include "platform/store/tls_policies.h"
#include "policy/trust/mta_sts.h"

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

QJsonObject policyJson(const store::KeptTlsPolicy &kept)
{
    const auto policy = trust::parseStsPolicy(kept.text).value_or(trust::StsPolicy{});
    QJsonArray hosts;
    for (const QByteArray &host : policy.mx)
        hosts += QString::fromLatin1(host);
    return {{u"domain"_s, kept.domain},       {u"source"_s, u"MTA-STS"_s},      {u"mode"_s, nameOf(policy.mode)},
            {u"hosts"_s, hosts},              {u"fetchedAt"_s, kept.fetchedAt}, {u"expiresAt"_s, kept.expiresAt}};
}

} // namespace

void deed::tlsList(Desk &desk, const Call &call)
{
    answerByReading(desk, call, [](store::Connection &connection) -> Result<QJsonValue> {
        const auto all = store::TlsPolicies::all(connection);
        if (!all)
            return std::unexpected(all.error());
        QJsonArray policies;
        for (const store::KeptTlsPolicy &kept : *all)
            policies += policyJson(kept);
        return QJsonObject{{u"policies"_s, policies}};
    });
}

void deed::tlsReport(Desk &desk, const Call &call)
{
    if (desk.context.sendTlsReports)
        desk.context.sendTlsReports();
    call.answer(QJsonObject{});
}

} // namespace posthorn::control
