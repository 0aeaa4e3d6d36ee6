// Small documents by HTTPS, from servers whose names our own resolver looks up. Lives on the resolver's thread.
#pragma once

#include "core/result.h"
#include "platform/net/resolver.h"

#include <QNetworkAccessManager>

#include <chrono>

namespace posthorn::net {

struct HttpsRequest
{
    QByteArray host;
    quint16 port = 443;
    QByteArray path; // as in a URL: "/.well-known/mta-sts.txt", "/reports?of=x"
    QString authorities; // a PEM file with more certificate authorities than this computer's; may be empty
    qint64 mostOctets = 64 * 1024;
    std::chrono::milliseconds time{20'000}; // for all of it
    bool anyCertificate = false; // it need not be the server that it says it is
    QByteArray content, contentType; // to be brought there (POST)
};

struct HttpsDocument
{
    QByteArray mediaType; // lower case, without parameters
    QByteArray octets;
};

class HttpsClient : public QObject
{
    Q_OBJECT
public:
    explicit HttpsClient(Resolver &resolver, QObject *parent = nullptr);
    // Called once. Denied: no certificate for that name that we trust; NotFound: the server is there and does not have it;
    // TooLarge; Unavailable: all the rest. Redirections are not followed.
    using Done = std::function<void(Result<HttpsDocument>)>;
    void get(const HttpsRequest &request, Done done);
    void post(const HttpsRequest &request, Done done); // any 2xx will do

private:
    struct Fetch;
    void begin(const std::shared_ptr<Fetch> &fetch);
    void attempt(const std::shared_ptr<Fetch> &fetch);
    void ended(const std::shared_ptr<Fetch> &fetch, QNetworkReply *reply);

    Resolver &m_resolver;
    QNetworkAccessManager m_manager;
};

} // namespace posthorn::net
