// Shared mailboxes, rights and groups through the protocol, on a real store.
#include "house.h"

namespace posthorn::control {

class TestSharing : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_house = std::make_unique<House>();
        QVERIFY(m_house->ok);
        QCOMPARE(m_house->outcome(u"domain.add"_s, {{u"name"_s, u"a.test"_s}}), u"ok"_s);
        for (const QString &who : {u"anna@a.test"_s, u"ben@a.test"_s})
            QCOMPARE(m_house->outcome(u"account.add"_s, {{u"address"_s, who}, {u"password"_s, u"p"_s}}), u"ok"_s);
        QCOMPARE(m_house->outcome(u"shared.add"_s, {{u"address"_s, u"info@a.test"_s}, {u"displayName"_s, u"Info"_s}}), u"ok"_s);
    }
    void cleanup() { m_house.reset(); }

    void sharesAnAccountWithAGroup()
    {
        QCOMPARE(group(u"group.add"_s, u"office"_s, {u"Anna@a.test"_s}), u"ok"_s);
        QCOMPARE(group(u"group.add"_s, u"office"_s, {}), u"exists"_s);
        QCOMPARE(group(u"group.update"_s, u"none"_s, {}), u"not-found"_s);
        QCOMPARE(group(u"group.update"_s, u"office"_s, {u"ghost@a.test"_s}), u"not-found"_s);
        QCOMPARE(group(u"group.add"_s, u"no name"_s, {}), u"invalid"_s);
        const auto shared = m_house->call(u"mailbox.share"_s, {{u"account"_s, u"info@a.test"_s}, {u"to"_s, u"group:office"_s}, {u"may"_s, u"write"_s}});
        QVERIFY(shared);
        QCOMPARE(shared->toObject().value("mailboxes"_L1).toArray().size(), 6);
        QCOMPARE(others(u"anna@a.test"_s).size(), 6);
        QCOMPARE(others(u"anna@a.test"_s).first(), u"Shared/info@a.test/Archive lrswite"_s);
        QVERIFY(others(u"ben@a.test"_s).isEmpty());
        QCOMPARE(group(u"group.update"_s, u"office"_s, {u"ben@a.test"_s}), u"ok"_s);
        QCOMPARE(others(u"ben@a.test"_s).size(), 6);
        QCOMPARE(m_house->outcome(u"group.remove"_s, {{u"name"_s, u"office"_s}}), u"ok"_s);
        QVERIFY(others(u"ben@a.test"_s).isEmpty());
    }

    void sharesOneMailbox()
    {
        QCOMPARE(m_house->outcome(u"mailbox.add"_s, {{u"account"_s, u"anna@a.test"_s}, {u"mailbox"_s, u"Work/Old"_s}}), u"ok"_s);
        QCOMPARE(share(u"Work"_s, u"ben@a.test"_s, {}), u"ok"_s); // to read, when nothing is said
        QCOMPARE(others(u"ben@a.test"_s), QStringList{u"Other Users/anna@a.test/Work lrs"_s});
        QCOMPARE(share(u"Work"_s, u"ben@a.test"_s, u"lrsw"_s), u"ok"_s);
        QCOMPARE(others(u"ben@a.test"_s), QStringList{u"Other Users/anna@a.test/Work lrsw"_s});
        QCOMPARE(m_house->outcome(u"mailbox.update"_s, {{u"account"_s, u"anna@a.test"_s}, {u"mailbox"_s, u"Work"_s}, {u"ownSeen"_s, true}}), u"ok"_s);
        const auto list = m_house->call(u"mailbox.list"_s, {{u"account"_s, u"anna@a.test"_s}});
        QVERIFY(list);
        QJsonObject work;
        for (const auto &one : list->toObject().value("mailboxes"_L1).toArray()) {
            if (one.toObject().value("name"_L1).toString() == "Work"_L1)
                work = one.toObject();
        }
        QVERIFY(work.value("ownSeen"_L1).toBool());
        QCOMPARE(work.value("access"_L1).toArray().first().toObject().value("rights"_L1).toString(), u"lrsw"_s);
        QCOMPARE(m_house->outcome(u"mailbox.unshare"_s, {{u"account"_s, u"anna@a.test"_s}, {u"from"_s, u"ben@a.test"_s}}), u"ok"_s);
        QVERIFY(others(u"ben@a.test"_s).isEmpty());
    }

    void refusesWhatCantBe()
    {
        QCOMPARE(share(u"Nothing"_s, u"ben@a.test"_s, {}), u"not-found"_s);
        QCOMPARE(share(u"INBOX"_s, u"ghost@a.test"_s, {}), u"invalid"_s);
        QCOMPARE(share(u"INBOX"_s, u"info@a.test"_s, {}), u"invalid"_s);
        QCOMPARE(share(u"INBOX"_s, u"anonymous"_s, {}), u"denied"_s);
        QCOMPARE(share(u"INBOX"_s, u"ben@a.test"_s, u"lrz"_s), u"invalid"_s);
        QCOMPARE(m_house->outcome(u"mailbox.share"_s, {{u"account"_s, u"anna@a.test"_s}, {u"to"_s, u"anyone"_s}, {u"may"_s, u"fly"_s}}), u"invalid"_s);
        QCOMPARE(m_house->outcome(u"mailbox.list"_s, {{u"account"_s, u"ghost@a.test"_s}}), u"not-found"_s);
        QCOMPARE(m_house->outcome(u"account.passwd"_s, {{u"address"_s, u"info@a.test"_s}, {u"password"_s, u"p"_s}}), u"denied"_s);
        QCOMPARE(m_house->outcome(u"account.update"_s, {{u"address"_s, u"anna@a.test"_s}, {u"quotaMessages"_s, -1}}), u"invalid"_s);
        QCOMPARE(m_house->outcome(u"account.update"_s, {{u"address"_s, u"anna@a.test"_s}, {u"quotaMessages"_s, 10}}), u"ok"_s);
    }

private:
    QString group(const QString &method, const QString &name, const QStringList &members)
    {
        return m_house->outcome(method, {{u"name"_s, name}, {u"members"_s, QJsonArray::fromStringList(members)}});
    }
    QString share(const QString &mailbox, const QString &who, const QString &rights)
    {
        QJsonObject parameters{{u"account"_s, u"anna@a.test"_s}, {u"mailbox"_s, mailbox}, {u"to"_s, who}};
        if (!rights.isEmpty())
            parameters.insert("rights"_L1, rights);
        return m_house->outcome(u"mailbox.share"_s, parameters);
    }
    QStringList others(const QString &account)
    {
        QStringList lines;
        const auto list = m_house->call(u"mailbox.list"_s, {{u"account"_s, account}});
        for (const auto &one : list ? list->toObject().value("others"_L1).toArray() : QJsonArray())
            lines += one.toObject().value("name"_L1).toString() + u' ' + one.toObject().value("rights"_L1).toString();
        lines.sort();
        return lines;
    }
    std::unique_ptr<House> m_house;
};

} // namespace posthorn::control

QTEST_GUILESS_MAIN(posthorn::control::TestSharing)
#include "test_sharing.moc"
