// Domains, accounts, aliases and settings through the protocol, on a real store.
#include "house.h"

#include "control/api/methods.h"
#include "control/server/desk.h"
#include "platform/store/accounts.h"

#include <QJsonDocument>

namespace posthorn::control {

class TestDirectory : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_house = std::make_unique<House>();
        QVERIFY(m_house->ok);
    }
    void cleanup() { m_house.reset(); }

    void knowsADeedForEveryMethod()
    {
        for (const Method &method : methods())
            QVERIFY2(deedOf(QString(method.name)), method.name.data());
        QVERIFY(!deedOf(u"server.explode"));
    }
    void keepsDomainsAsALabels()
    {
        QCOMPARE(m_house->outcome(u"domain.add"_s, {{u"name"_s, u"München.Example"_s}}), u"ok"_s);
        QCOMPARE(m_house->outcome(u"domain.add"_s, {{u"name"_s, u"xn--mnchen-3ya.example"_s}}), u"exists"_s);
        QCOMPARE(m_house->outcome(u"domain.add"_s, {{u"name"_s, u"no domain"_s}}), u"invalid"_s);
        const auto list = m_house->call(u"domain.list"_s);
        QVERIFY(list);
        QCOMPARE(list->toObject().value("domains"_L1).toArray().at(0).toObject().value("name"_L1).toString(),
                 u"xn--mnchen-3ya.example"_s);
        QCOMPARE(m_house->told(EventKind::DirectoryChanged),
                 QStringList{u"domain.add xn--mnchen-3ya.example administrator"_s});
    }
    void tellsWhoDidWhatOnlyWhenItWasDone()
    {
        QCOMPARE(m_house->outcome(u"domain.remove"_s, {{u"name"_s, u"nowhere.example"_s}}), u"not-found"_s);
        QVERIFY(m_house->told(EventKind::DirectoryChanged).isEmpty());
    }
    void refusesASharedDomainWithoutItsOwner()
    {
        const auto shared = [this](const QString &name, const QString &of) {
            return m_house->outcome(u"domain.add"_s, {{u"name"_s, name}, {u"aliasOf"_s, of}});
        };
        QCOMPARE(shared(u"b.example"_s, u"a.example"_s), u"not-found"_s);
        QCOMPARE(m_house->outcome(u"domain.add"_s, {{u"name"_s, u"a.example"_s}}), u"ok"_s);
        QCOMPARE(shared(u"b.example"_s, u"a.example"_s), u"ok"_s);
        QCOMPARE(shared(u"c.example"_s, u"b.example"_s), u"invalid"_s);
        QCOMPARE(shared(u"d.example"_s, u"d.example"_s), u"invalid"_s);
        QCOMPARE(addAccount(u"anna@b.example"_s), u"invalid"_s); // its accounts are a.example's
    }
    void forwardsAndLimitsAccounts()
    {
        addDomain();
        QCOMPARE(addAccount(u"anna@example.test"_s), u"ok"_s);
        const auto update = [this](const QStringList &to) {
            return m_house->outcome(u"account.update"_s, {{u"address"_s, u"anna@example.test"_s}, {u"perDay"_s, 50},
                                                          {u"forwardTo"_s, QJsonArray::fromStringList(to)}, {u"forwardKeep"_s, false}});
        };
        QCOMPARE(update({u"nonsense"_s}), u"invalid"_s);
        QCOMPARE(update({u"anna@example.test"_s}), u"invalid"_s);
        QCOMPARE(update({u"Anna@Home.example"_s, u"ben@home.example"_s, u"anna@home.example"_s}), u"ok"_s);
        const QJsonObject account = m_house->call(u"account.list"_s)->toObject().value("accounts"_L1).toArray().at(0).toObject();
        QCOMPARE(account.value("forwardTo"_L1).toArray(), (QJsonArray{u"anna@home.example"_s, u"ben@home.example"_s}));
        QVERIFY(!account.value("forwardKeep"_L1).toBool(true));
        QCOMPARE(account.value("perDay"_L1).toInt(), 50);
        QCOMPARE(account.value("perMinute"_L1).toInt(), -1);
        QCOMPARE(m_house->outcome(u"domain.update"_s, {{u"name"_s, u"example.test"_s}, {u"perMinute"_s, 7}}), u"ok"_s);
        const QJsonObject domain = m_house->call(u"domain.list"_s)->toObject().value("domains"_L1).toArray().at(0).toObject();
        QCOMPARE(domain.value("perMinute"_L1).toInt(), 7);
        QCOMPARE(domain.value("perDay"_L1).toInt(), -1);
    }
    void keepsAListOfAddressesThatFailed()
    {
        QCOMPARE(m_house->outcome(u"suppression.add"_s, {{u"address"_s, u"nonsense"_s}}), u"invalid"_s);
        QCOMPARE(m_house->outcome(u"suppression.add"_s, {{u"address"_s, u"Ben@Other.example"_s}, {u"reason"_s, u"left"_s}}), u"ok"_s);
        const auto found = [this](const QString &text) {
            return m_house->call(u"suppression.list"_s, {{u"text"_s, text}})->toObject().value("addresses"_L1).toArray();
        };
        QCOMPARE(found(u"OTHER"_s).at(0).toObject().value("address"_L1).toString(), u"ben@other.example"_s);
        QCOMPARE(found(u"left"_s).size(), 1);
        QCOMPARE(found(u"nobody"_s).size(), 0);
        QCOMPARE(m_house->outcome(u"suppression.remove"_s, {{u"address"_s, u"BEN@other.example"_s}}), u"ok"_s);
        QCOMPARE(m_house->outcome(u"suppression.remove"_s, {{u"address"_s, u"ben@other.example"_s}}), u"not-found"_s);
        QCOMPARE(found({}).size(), 0);
    }
    void makesSigningKeysThatWaitToBeUsed()
    {
        addDomain();
        QCOMPARE(m_house->outcome(u"dkim.add"_s, {{u"domain"_s, u"nowhere.example"_s}}), u"not-found"_s);
        QCOMPARE(dkim(u"add"_s, u"Not_A_Selector"_s), u"invalid"_s);
        QCOMPARE(dkim(u"add"_s, u"x"_s), u"ok"_s);
        QCOMPARE(dkim(u"add"_s, u"x"_s), u"exists"_s);
        QCOMPARE(m_house->outcome(u"dkim.add"_s, {{u"domain"_s, u"example.test"_s}}), u"ok"_s);
        QCOMPARE(m_house->outcome(u"dkim.add"_s, {{u"domain"_s, u"example.test"_s}}), u"ok"_s); // on the same day
        const QJsonArray keys = m_house->call(u"dkim.list"_s)->toObject().value("keys"_L1).toArray();
        QCOMPARE(keys.size(), 6);
        for (const auto &key : keys)
            QCOMPARE(key.toObject().value("state"_L1).toString(), u"pending"_s);
        QVERIFY(!QJsonDocument(keys).toJson().contains("PRIVATE"));
        QCOMPARE(m_house->told(EventKind::DirectoryChanged).last().section(u' ', 0, 0), u"dkim.add"_s);
    }
    void retiresAKeyWhenAnotherIsActivated()
    {
        addDomain();
        QCOMPARE(dkim(u"add"_s, u"x"_s), u"ok"_s);
        QCOMPARE(dkim(u"add"_s, u"y"_s), u"ok"_s);
        QCOMPARE(dkim(u"activate"_s, u"x-rsa"_s), u"ok"_s);
        QCOMPARE(dkim(u"activate"_s, u"x-ed25519"_s), u"ok"_s);
        QCOMPARE(dkim(u"activate"_s, u"y-rsa"_s), u"ok"_s);
        QCOMPARE(dkim(u"activate"_s, u"z"_s), u"not-found"_s);
        QCOMPARE(dkimStates(), (QStringList{u"x-ed25519 active"_s, u"x-rsa retired"_s, u"y-ed25519 pending"_s, u"y-rsa active"_s}));
        QCOMPARE(dkim(u"remove"_s, u"y-rsa"_s), u"denied"_s);
        QCOMPARE(dkim(u"retire"_s, u"y-rsa"_s), u"ok"_s);
        QCOMPARE(dkim(u"remove"_s, u"y-rsa"_s), u"ok"_s);
        QCOMPARE(dkimStates(), (QStringList{u"x-ed25519 active"_s, u"x-rsa retired"_s, u"y-ed25519 pending"_s}));
        QCOMPARE(m_house->outcome(u"domain.remove"_s, {{u"name"_s, u"example.test"_s}}), u"ok"_s);
        QCOMPARE(dkimStates(), QStringList());
    }
    void hashesPasswordsAndShowsNone()
    {
        addDomain();
        QCOMPARE(addAccount(u"Anna@Example.TEST"_s), u"ok"_s);
        const auto row = m_house->store->readNow<std::optional<store::Account>>([](store::Connection &connection) {
            return store::Accounts::account(connection, u"anna@example.test"_s);
        });
        QVERIFY(row && *row);
        QVERIFY((*row)->credential.startsWith("SCRAM-SHA-256$4096:"));
        const auto list = m_house->call(u"account.list"_s);
        QVERIFY(list);
        const QByteArray shown = QJsonDocument(list->toObject()).toJson();
        QVERIFY(shown.contains("anna@example.test"));
        QVERIFY(!shown.contains("SCRAM") && !shown.contains("secret"));
        QVERIFY(!m_house->told(EventKind::DirectoryChanged).join(u' ').contains("secret"_L1));
    }
    void refusesAnAddressThatIsTaken()
    {
        addDomain();
        QCOMPARE(addAccount(u"anna@example.test"_s), u"ok"_s);
        QCOMPARE(addAlias(u"info@example.test"_s, {u"anna@example.test"_s}), u"ok"_s);
        QCOMPARE(addAccount(u"anna@example.test"_s), u"exists"_s);
        QCOMPARE(addAccount(u"info@example.test"_s), u"exists"_s);
        QCOMPARE(addAlias(u"anna@example.test"_s, {u"x@elsewhere.example"_s}), u"exists"_s);
        QCOMPARE(addAccount(u"anna@nowhere.example"_s), u"not-found"_s);
        QCOMPARE(addAlias(u"anna@nowhere.example"_s, {u"x@elsewhere.example"_s}), u"not-found"_s);
    }
    void refusesAliasesThatLeadNowhere()
    {
        addDomain();
        QCOMPARE(addAlias(u"info@example.test"_s, {}), u"invalid"_s);
        QCOMPARE(addAlias(u"info@example.test"_s, {u"info@example.test"_s}), u"invalid"_s);
        QCOMPARE(addAlias(u"info@example.test"_s, {u"not an address"_s}), u"invalid"_s);
    }
    void changesOnlyWhatIsGiven()
    {
        addDomain();
        addAccount(u"anna@example.test"_s, {{u"displayName"_s, u"Anna"_s}, {u"quotaOctets"_s, 1000}});
        const QJsonObject change{{u"address"_s, u"anna@example.test"_s}, {u"administrator"_s, true}};
        const auto after = m_house->call(u"account.update"_s, change);
        QVERIFY(after);
        QCOMPARE(after->toObject().value("displayName"_L1).toString(), u"Anna"_s);
        QCOMPARE(after->toObject().value("quotaOctets"_L1).toInteger(), 1000);
        QVERIFY(after->toObject().value("administrator"_L1).toBool());
        QVERIFY(after->toObject().value("enabled"_L1).toBool());
    }
    void removesADomainWithContentsOnlyWhenTold()
    {
        addDomain();
        addAccount(u"anna@example.test"_s);
        QCOMPARE(m_house->outcome(u"domain.remove"_s, {{u"name"_s, u"example.test"_s}}), u"denied"_s);
        QCOMPARE(m_house->outcome(u"domain.remove"_s, {{u"name"_s, u"example.test"_s}, {u"withContents"_s, true}}), u"ok"_s);
        QCOMPARE(m_house->call(u"account.list"_s)->toObject().value("accounts"_L1).toArray().size(), 0);
    }
    void changesPasswords()
    {
        addDomain();
        addAccount(u"anna@example.test"_s);
        const auto credential = [this] {
            return (*m_house->store->readNow<std::optional<store::Account>>([](store::Connection &connection) {
                return store::Accounts::account(connection, u"anna@example.test"_s);
            }))->credential;
        };
        const QByteArray before = credential();
        const QJsonObject change{{u"address"_s, u"anna@example.test"_s}, {u"password"_s, u"other"_s}};
        QCOMPARE(m_house->outcome(u"account.passwd"_s, change), u"ok"_s);
        QVERIFY(credential() != before);
        const QJsonObject empty{{u"address"_s, u"anna@example.test"_s}, {u"password"_s, QString()}};
        QCOMPARE(m_house->outcome(u"account.passwd"_s, empty), u"invalid"_s);
        const QJsonObject nobody{{u"address"_s, u"ben@example.test"_s}, {u"password"_s, u"other"_s}};
        QCOMPARE(m_house->outcome(u"account.passwd"_s, nobody), u"not-found"_s);
    }
    void listsAccountsInPages()
    {
        addDomain();
        for (const QString &name : {u"a"_s, u"b"_s, u"c"_s})
            addAccount(name + u"@example.test"_s);
        const auto first = m_house->call(u"account.list"_s, {{u"limit"_s, 2}})->toObject();
        QCOMPARE(first.value("accounts"_L1).toArray().size(), 2);
        QVERIFY(first.value("more"_L1).toBool());
        const auto rest = m_house->call(u"account.list"_s, {{u"limit"_s, 2}, {u"after"_s, u"b@example.test"_s}})->toObject();
        QCOMPARE(rest.value("accounts"_L1).toArray().size(), 1);
        QVERIFY(!rest.value("more"_L1).toBool());
    }

    void setsSettingsAllOrNone()
    {
        const QJsonObject mixed{{u"values"_s, QJsonObject{{u"server.name"_s, u"mx.example.test"_s},
                                                          {u"trace.keep_days"_s, u"-1"_s}}}};
        QCOMPARE(m_house->outcome(u"settings.set"_s, mixed), u"invalid"_s);
        QCOMPARE(m_house->settings->text("server.name"_L1), QString());
        QCOMPARE(m_house->timesChanged, 0);
        const QJsonObject good{{u"values"_s, QJsonObject{{u"server.name"_s, u"mx.example.test"_s},
                                                         {u"trace.keep_days"_s, u" 7 "_s}}}};
        QCOMPARE(m_house->outcome(u"settings.set"_s, good), u"ok"_s);
        QCOMPARE(m_house->settings->text("server.name"_L1), u"mx.example.test"_s);
        QCOMPARE(m_house->settings->number("trace.keep_days"_L1), 7);
        QCOMPARE(m_house->timesChanged, 1);
        QCOMPARE(m_house->outcome(u"settings.unset"_s, {{u"key"_s, u"trace.keep_days"_s}}), u"ok"_s);
        QCOMPARE(m_house->settings->number("trace.keep_days"_L1), 30);
    }
    void refusesSettingsOfTheCommandLine()
    {
        QCOMPARE(m_house->outcome(u"settings.set"_s, {{u"key"_s, u"server.workers"_s}, {u"value"_s, u"3"_s}}), u"denied"_s);
        QCOMPARE(m_house->outcome(u"settings.set"_s, {{u"key"_s, u"no.such"_s}, {u"value"_s, u"3"_s}}), u"not-found"_s);
        QCOMPARE(m_house->outcome(u"settings.set"_s, {{u"key"_s, u"server.name"_s}}), u"invalid"_s);
        QCOMPARE(m_house->outcome(u"settings.get"_s, {{u"key"_s, u"no.such"_s}}), u"not-found"_s);
    }
    void hidesSecretSettings()
    {
        const QJsonObject set{{u"key"_s, u"tls.key_password"_s}, {u"value"_s, u"hush"_s}};
        QCOMPARE(m_house->outcome(u"settings.set"_s, set), u"ok"_s);
        const auto shown = m_house->call(u"settings.get"_s, {{u"key"_s, u"tls.key_password"_s}})->toObject();
        QCOMPARE(shown.value("value"_L1).toString(), QString());
        QVERIFY(shown.value("isSet"_L1).toBool());
        for (const auto &[number, event] : m_house->events.since(0, 100))
            QVERIFY(!toLine(event).contains("hush"));
    }

private:
    void addDomain() { QCOMPARE(m_house->outcome(u"domain.add"_s, {{u"name"_s, u"example.test"_s}}), u"ok"_s); }
    QString dkim(const QString &what, const QString &selector)
    {
        return m_house->outcome(u"dkim."_s + what, {{u"domain"_s, u"example.test"_s}, {u"selector"_s, selector}});
    }
    QStringList dkimStates()
    {
        QStringList states;
        const QJsonArray keys = m_house->call(u"dkim.list"_s)->toObject().value("keys"_L1).toArray();
        for (const auto &key : keys)
            states += key["selector"_L1].toString() + u' ' + key["state"_L1].toString();
        states.sort();
        return states;
    }
    QString addAccount(const QString &address, QJsonObject more = {})
    {
        more.insert("address"_L1, address);
        more.insert("password"_L1, u"secret"_s);
        return m_house->outcome(u"account.add"_s, more);
    }
    QString addAlias(const QString &address, const QStringList &targets)
    {
        return m_house->outcome(u"alias.add"_s, {{u"address"_s, address},
                                                 {u"targets"_s, QJsonArray::fromStringList(targets)}});
    }
    std::unique_ptr<House> m_house;
};

} // namespace posthorn::control

QTEST_GUILESS_MAIN(posthorn::control::TestDirectory)
#include "test_directory.moc"
