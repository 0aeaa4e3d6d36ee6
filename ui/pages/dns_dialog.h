// What has to stand in the DNS for a domain, ready to copy: where its mail goes, who may send it, how it is signed, and how mail
// programs find the server.
#pragma once

#include "control/client/client.h"

#include <QDialog>
#include <QJsonArray>
#include <QJsonObject>

class QLabel;

namespace posthorn::ui {

class Table;

struct DnsRecord
{
    QString type, name, value, purpose;
};
// `keys`: of dkim.list; `smartHost`: empty when mail goes straight out.
[[nodiscard]] QList<DnsRecord> dnsRecords(const QString &domain, const QJsonObject &status, const QJsonArray &keys, const QString &smartHost);

class DnsDialog : public QDialog
{
    Q_OBJECT
public:
    DnsDialog(control::Client &client, const QString &domain, QWidget *parent);

private:
    void load();
    void show(const QString &smartHost);
    void copy(const QList<QJsonObject> &rows);
    void call(const QString &method, const QJsonObject &parameters, const std::function<void(const QJsonObject &)> &done);

    control::Client &m_client;
    const QString m_domain;
    Table *m_records;
    QLabel *m_purpose, *m_fault;
    QJsonObject m_status;
    QJsonArray m_keys;
};

} // namespace posthorn::ui
