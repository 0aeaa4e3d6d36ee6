// DANE (RFC 7671, RFC 7672): which certificates TLSA records are about.
#include "policy/trust/dane.h"

#include <QCryptographicHash>
#include <QFile>
#include <QSslCertificate>
#include <QSslKey>
#include <QTest>

using namespace posthorn;
using namespace posthorn::trust;
using namespace Qt::StringLiterals;

namespace {

constexpr qint64 now = 1'800'000'000;
const QList<QByteArray> names{"mx.example.test", "example.test"};

QByteArray der(const char *name)
{
    QFile file(QStringLiteral(POSTHORN_SOURCE_DIR "/tests/data/dane/%1.der").arg(QLatin1StringView(name)));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

// As a zone has it, computed by other means than those under test.
TlsaRecord record(quint8 usage, quint8 selector, quint8 matching, const char *certificate)
{
    QByteArray octets = der(certificate);
    if (selector == 1) { // Qt gives the key as PEM or DER of a SubjectPublicKeyInfo
        octets = QSslCertificate(octets, QSsl::Der).publicKey().toPem();
        octets = octets.split('\n').mid(1).join();
        octets = QByteArray::fromBase64(octets.first(octets.indexOf('-')));
    }
    if (matching)
        octets = QCryptographicHash::hash(octets, matching == 1 ? QCryptographicHash::Sha256 : QCryptographicHash::Sha512);
    return {usage, selector, matching, octets};
}

using Records = QList<TlsaRecord>;
using Names = QByteArrayList; // of certificates

} // namespace

class TestDane : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void judges_data()
    {
        QTest::addColumn<Records>("records");
        QTest::addColumn<Names>("chain");
        QTest::addColumn<QList<QByteArray>>("wanted");
        QTest::addColumn<bool>("good");
        const auto row = [](const QByteArray &name, const Records &records, const Names &chain, bool good,
                            const QList<QByteArray> &wanted = names) {
            QTest::newRow(name.constData()) << records << chain << wanted << good;
        };
        for (const quint8 selector : {0, 1}) {
            for (const quint8 matching : {0, 1, 2}) {
                const QByteArray kind = ' ' + QByteArray::number(selector) + ' ' + QByteArray::number(matching);
                row("3" + kind, {record(3, selector, matching, "server")}, {"server", "ca"}, true);
                row("3" + kind + ", another", {record(3, selector, matching, "expired")}, {"server", "ca"}, false);
                row("3" + kind + ", any name", {record(3, selector, matching, "server")}, {"server"}, true, {"other.example"});
                row("3" + kind + ", expired", {record(3, selector, matching, "expired")}, {"expired"}, true);
                row("3" + kind + " names the authority", {record(3, selector, matching, "ca")}, {"server", "ca"}, false);
                row("2" + kind, {record(2, selector, matching, "ca")}, {"server", "ca"}, true);
                row("2" + kind + ", another name", {record(2, selector, matching, "ca")}, {"server", "ca"}, false, {"other.example"});
                row("2" + kind + ", expired", {record(2, selector, matching, "ca")}, {"expired", "ca"}, false);
                row("2" + kind + ", another", {record(2, selector, matching, "other-ca")}, {"server", "ca"}, false);
                row("2" + kind + ", sent but not its signer", {record(2, selector, matching, "other-ca")},
                    {"server", "other-ca"}, false);
                row("2" + kind + " names the server", {record(2, selector, matching, "server")}, {"server", "ca"}, false);
                row("2" + kind + ", not sent", {record(2, selector, matching, "ca")}, {"server"}, selector == 0 && matching == 0);
            }
        }
        row("one of several", {record(3, 1, 1, "expired"), record(2, 0, 1, "other-ca"), record(3, 1, 1, "server")}, {"server"}, true);
        row("the other usage of several", {record(3, 1, 1, "expired"), record(2, 0, 1, "ca")}, {"server", "ca"}, true);
        row("no certificate", {record(3, 1, 1, "server")}, {}, false);
        row("nonsense", {record(3, 1, 1, "server"), record(2, 1, 1, "ca")}, {"no such file"}, false);
    }
    void judges()
    {
        QFETCH(Records, records);
        QFETCH(Names, chain);
        QFETCH(QList<QByteArray>, wanted);
        for (QByteArray &one : chain)
            one = der(one.constData());
        QTEST(judgeByDane(usableRecords(records), chain, wanted, now).has_value(), "good");
    }
    void knowsWhichAreUsable_data()
    {
        QTest::addColumn<TlsaRecord>("record");
        QTest::addColumn<bool>("usable");
        const auto row = [](const char *name, const TlsaRecord &one, bool usable) { QTest::newRow(name) << one << usable; };
        row("3 1 1", {3, 1, 1, QByteArray(32, 'x')}, true);
        row("2 0 2", {2, 0, 2, QByteArray(64, 'x')}, true);
        row("3 0 0", {3, 0, 0, "x"}, true);
        row("PKIX-TA", {0, 0, 1, QByteArray(32, 'x')}, false);
        row("PKIX-EE", {1, 1, 1, QByteArray(32, 'x')}, false);
        row("private use", {255, 1, 1, QByteArray(32, 'x')}, false);
        row("selector", {3, 2, 1, QByteArray(32, 'x')}, false);
        row("matching", {3, 1, 3, QByteArray(32, 'x')}, false);
        row("short digest", {3, 1, 1, QByteArray(31, 'x')}, false);
        row("long digest", {3, 1, 2, QByteArray(65, 'x')}, false);
        row("nothing", {3, 0, 0, {}}, false);
    }
    void knowsWhichAreUsable()
    {
        QFETCH(TlsaRecord, record);
        QTEST(!usableRecords({record}).isEmpty(), "usable");
    }
};

QTEST_GUILESS_MAIN(TestDane)
#include "test_dane.moc"
