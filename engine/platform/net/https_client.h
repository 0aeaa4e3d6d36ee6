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
    QByteArray path; // "/.well-known/mta-sts.txt"
    QString authorities; // a PEM file with more certificate authorities than this computer's; may be empty
    qint64 mostOctets = 64 * 1024;
    std::chrono::milliseconds time{20'000}; // for all of it
};

struct HttpsDocument
{
    QByteArray mediaType; // lower case, without parameters
    QByteArray octets;
};

class HttpsGet : public QObject
{
    Q_OBJECT
public:
    explicit HttpsGet(Resolver &resolver, QObject *parent = nullptr);
    // Called once. Denied: no certificate for that name that we trust; NotFound: the server is there and does not have it;
    // TooLarge; Unavailable: all the rest. Redirections are not followed.
    using Done = std::function<void(Result<HttpsDocument>)>;
    void get(const HttpsRequest &request, Done done);

private:
    struct Fetch;
    void attempt(const std::shared_ptr<Fetch> &fetch);
    void ended(const std::shared_ptr<Fetch> &fetch, QNetworkReply *reply);

    Resolver &m_resolver;
    QNetworkAccessManager m_manager;
};

} // namespace posthorn::net
