// The dialog for a domain's signatures, on a real control server and store.
#include "control/client/client.h"
#include "control/server/server.h"
#include "platform/store/store.h"
#include "ui/pages/signatures_dialog.h"
#include "ui/widgets/table.h"
#include "support/patience.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QJsonArray>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTemporaryDir>

using namespace posthorn;
using namespace Qt::StringLiterals;

class TestSignatures : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void makesKeysAndShowsTheirRecords();
    void copiesNameAndValue();
    void startsAndStopsSigning();

private:
    QPushButton *button(const QString &text)
    {
        for (QPushButton *one : m_dialog->findChildren<QPushButton *>()) {
            if (one->text().remove(u'&') == text)
                return one;
        }
        return nullptr;
    }
    ui::Table *table() { return m_dialog->findChild<ui::Table *>(); }
    QStringList states()
    {
        QStringList states;
        for (const QJsonObject &key : table()->model().rows())
            states += key.value("state"_L1).toString();
        states.sort();
        return states;
    }
    void makeKeys()
    {
        button(u"New keys"_s)->click();
        QVERIFY(!button(u"New keys"_s)->isEnabled()); // not twice
        QTRY_COMPARE(table()->model().rows().size(), 2);
    }

    QTemporaryDir m_folder;
    EventLog m_events;
    Counters m_counters;
    std::unique_ptr<store::Store> m_store;
    std::unique_ptr<control::Server> m_server;
    std::unique_ptr<control::Client> m_client;
    std::unique_ptr<ui::SignaturesDialog> m_dialog;
};

void TestSignatures::init()
{
    m_folder = QTemporaryDir();
    m_store = std::move(*store::Store::open({.directory = m_folder.path()}));
    control::Context context;
    context.store = m_store.get();
    context.events = &m_events;
    context.counters = &m_counters;
    m_server = std::make_unique<control::Server>(context);
    m_client = std::make_unique<control::Client>(std::make_unique<control::MemoryLink>(m_server->connector()));
    m_client->open();
    QTRY_VERIFY(m_client->isConnected());
    bool added = false;
    m_client->call(u"domain.add"_s, {{u"name"_s, u"example.org"_s}}, [&](const Result<QJsonValue> &done) { added = done.has_value(); });
    QTRY_VERIFY(added);
    m_dialog = std::make_unique<ui::SignaturesDialog>(*m_client, u"example.org"_s, nullptr);
    m_dialog->setAttribute(Qt::WA_DeleteOnClose, false);
    m_dialog->show();
}

void TestSignatures::cleanup()
{
    m_dialog.reset();
    m_client.reset();
    m_server.reset();
    m_store.reset();
}

void TestSignatures::makesKeysAndShowsTheirRecords()
{
    QVERIFY(!button(u"Start signing"_s)->isEnabled());
    QVERIFY(!button(u"Remove…"_s)->isEnabled());
    makeKeys();
    QCOMPARE(states(), (QStringList{u"pending"_s, u"pending"_s}));
    QVERIFY(m_dialog->findChild<QLineEdit *>()->text().endsWith("._domainkey.example.org"_L1));
    QVERIFY(m_dialog->findChild<QPlainTextEdit *>()->toPlainText().startsWith("\"v=DKIM1; k="_L1));
    const QString picture = qEnvironmentVariable("POSTHORN_PICTURE");
    QVERIFY(picture.isEmpty() || m_dialog->grab().save(picture));
}

void TestSignatures::copiesNameAndValue()
{
    makeKeys();
    button(u"Copy name"_s)->click();
    QCOMPARE(QGuiApplication::clipboard()->text(), m_dialog->findChild<QLineEdit *>()->text());
    button(u"Copy value"_s)->click();
    QCOMPARE(QGuiApplication::clipboard()->text(), m_dialog->findChild<QPlainTextEdit *>()->toPlainText());
}

void TestSignatures::startsAndStopsSigning()
{
    makeKeys();
    button(u"Start signing"_s)->click();
    QTRY_COMPARE(states(), (QStringList{u"active"_s, u"pending"_s}));
    QTRY_VERIFY(button(u"Stop signing"_s)->isEnabled()); // the key stays chosen
    QVERIFY(!button(u"Start signing"_s)->isEnabled());
    QVERIFY(!button(u"Remove…"_s)->isEnabled());
    button(u"Stop signing"_s)->click();
    QTRY_COMPARE(states(), (QStringList{u"pending"_s, u"retired"_s}));
}

QTEST_MAIN(TestSignatures)
#include "test_signatures.moc"
