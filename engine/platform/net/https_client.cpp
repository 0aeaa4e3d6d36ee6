#include "platform/net/https_client.h"

#include "platform/system/clock.h"

#include <QNetworkProxy>
#include <QNetworkReply>
#include <QSslConfiguration>
#include <QTimer>

namespace posthorn::net {

using namespace Qt::StringLiterals;

struct HttpsClient::Fetch
{
    HttpsRequest request;
    Done done;
    QList<QByteArray> addresses; // not tried yet
    qint64 until = 0;            // steady ms
    bool tooLarge = false, late = false;
    bool posts = false;
};

namespace {

qint64 now()
{
    return system::realClock().steadyMs();
}

QSslConfiguration tlsFor(const HttpsRequest &what)
{
    const QString &authorities = what.authorities;
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setProtocol(QSsl::TlsV1_2OrLater);
    tls.setPeerVerifyMode(what.anyCertificate ? QSslSocket::VerifyNone : QSslSocket::VerifyPeer);
    if (!authorities.isEmpty())
        tls.setCaCertificates(QSslConfiguration::systemCaCertificates() + QSslCertificate::fromPath(authorities));
    return tls;
}

// The address is in the URL, so that nobody else looks the name up; the certificate has to be for the name.
QNetworkRequest requestTo(const QByteArray &address, const HttpsRequest &what)
{
    QUrl url;
    url.setScheme(u"https"_s);
    url.setHost(QString::fromLatin1(address));
    url.setPort(what.port);
    const QString path = QString::fromLatin1(what.path);
    url.setPath(path.section(u'?', 0, 0), QUrl::TolerantMode);
    if (path.contains(u'?'))
        url.setQuery(path.section(u'?', 1), QUrl::TolerantMode);
    QNetworkRequest request(url);
    request.setPeerVerifyName(QString::fromLatin1(what.host));
    request.setRawHeader("Host", what.port == 443 ? what.host : what.host + ':' + QByteArray::number(what.port));
    request.setSslConfiguration(tlsFor(what));
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    request.setAttribute(QNetworkRequest::Http2AllowedAttribute, false); // it would say the address in place of the name
    request.setAttribute(QNetworkRequest::CookieLoadControlAttribute, QNetworkRequest::Manual);
    request.setAttribute(QNetworkRequest::CookieSaveControlAttribute, QNetworkRequest::Manual);
    return request;
}

} // namespace

HttpsClient::HttpsClient(Resolver &resolver, QObject *parent) : QObject(parent), m_resolver(resolver), m_manager(this)
{
    m_manager.setProxy(QNetworkProxy::NoProxy);
}

void HttpsClient::get(const HttpsRequest &request, Done done)
{
    begin(std::make_shared<Fetch>(Fetch{request, std::move(done), {}, now() + request.time.count()}));
}

void HttpsClient::post(const HttpsRequest &request, Done done)
{
    auto fetch = std::make_shared<Fetch>(Fetch{request, std::move(done), {}, now() + request.time.count()});
    fetch->posts = true;
    begin(fetch);
}

void HttpsClient::begin(const std::shared_ptr<Fetch> &fetch)
{
    m_resolver.addresses(fetch->request.host, [this, fetch](const DnsAnswer &answer) {
        fetch->addresses = answer.addresses;
        if (fetch->addresses.isEmpty())
            fetch->done(fail(ErrorKind::Unavailable, u"%1 has no address that can be found"_s.arg(
                                                         QString::fromLatin1(fetch->request.host))));
        else
            attempt(fetch);
    });
}

void HttpsClient::attempt(const std::shared_ptr<Fetch> &fetch)
{
    QNetworkRequest request = requestTo(fetch->addresses.takeFirst(), fetch->request);
    if (fetch->posts)
        request.setHeader(QNetworkRequest::ContentTypeHeader, fetch->request.contentType);
    QNetworkReply *const reply = fetch->posts ? m_manager.post(request, fetch->request.content) : m_manager.get(request);
    // One more address to try: it gets the other half of the time.
    const qint64 left = std::max<qint64>(fetch->until - now(), 1);
    QTimer::singleShot(fetch->addresses.isEmpty() ? left : left / 2, reply, [reply, fetch] {
        fetch->late = true;
        reply->abort();
    });
    connect(reply, &QNetworkReply::readyRead, this, [reply, fetch] {
        fetch->tooLarge = reply->bytesAvailable() > fetch->request.mostOctets;
        if (fetch->tooLarge)
            reply->abort();
    });
    connect(reply, &QNetworkReply::finished, this, [this, reply, fetch] {
        reply->deleteLater();
        ended(fetch, reply);
    });
}

void HttpsClient::ended(const std::shared_ptr<Fetch> &fetch, QNetworkReply *reply)
{
    const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    const bool late = std::exchange(fetch->late, false);
    if (fetch->tooLarge || reply->bytesAvailable() > fetch->request.mostOctets) {
        fetch->done(fail(ErrorKind::TooLarge, u"The document is too large"_s));
    } else if ((status == 200 || (fetch->posts && status > 200 && status < 300)) && reply->error() == QNetworkReply::NoError) {
        const QByteArray type = reply->header(QNetworkRequest::ContentTypeHeader).toByteArray();
        fetch->done(HttpsDocument{type.split(';').front().trimmed().toLower(), reply->readAll()});
    } else if (status != 0 && !late) {
        fetch->done(fail(ErrorKind::NotFound, u"The server answers with status %1"_s.arg(status)));
    } else if (!fetch->addresses.isEmpty() && now() < fetch->until) {
        attempt(fetch);
    } else if (reply->error() == QNetworkReply::SslHandshakeFailedError) {
        fetch->done(fail(ErrorKind::Denied, reply->errorString()));
    } else {
        fetch->done(fail(ErrorKind::Unavailable, late ? u"No answer in time"_s : reply->errorString()));
    }
}

} // namespace posthorn::net
