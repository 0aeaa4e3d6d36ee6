// Delivery on a real store, with the domain example.test.
#pragma once

#include "service/delivery/delivery.h"
#include "unit/platform/store/store_fixture.h"

namespace posthorn::delivery {

using namespace Qt::StringLiterals;
using store::must;

struct House
{
    explicit House(QHash<QString, QString> values = {}, store::StoreOptions options = {})
        : fixture(std::move(options)), settings(std::make_shared<const SettingsSnapshot>(values))
    {
        fixture.write([](store::Transaction &transaction) { return store::Accounts::addDomain(transaction, {.name = u"example.test"_s}); });
        open();
    }
    void open()
    {
        directory = std::make_unique<Directory>(*fixture.store, u"+"_s);
        fixture.store->onCommitted([this](const store::Committed &committed) { directory->committed(committed); });
        must(directory->load());
        must(directory->loadSuppressions());
        delivery = std::make_unique<Delivery>(Delivery::World{fixture.store.get(), directory.get(), &events, &counters,
                                                              [this] { return settings; }, "mx.example.test"});
    }
    void reopen()
    {
        delivery.reset();
        fixture.store.reset();
        directory.reset();
        fixture.open();
        open();
    }

    AccountId addAccount(const QString &name, const QStringList &forwardTo = {}, bool keep = true)
    {
        return fixture.write([&](store::Transaction &transaction) {
            return store::Accounts::addAccount(transaction, {.address = name + u"@example.test"_s, .forwardTo = forwardTo,
                                                             .forwardKeep = keep});
        });
    }
    void addAlias(const QString &name, const QStringList &targets)
    {
        fixture.write([&](store::Transaction &transaction) {
            return store::Accounts::addAlias(transaction, {{}, name + u"@example.test"_s, targets});
        });
    }
    void suppress(const QString &address)
    {
        fixture.write([&](store::Transaction &transaction) -> Result<bool> {
            must(store::Suppressions::add(transaction, {address, 1'700'000'000'000, u"tried"_s, u"550 5.1.1 nobody"_s}));
            return true;
        });
    }
    Result<Destination> resolve(const QByteArray &address) const
    {
        return directory->snapshot()->resolve(smtp::parseAddress(address).value());
    }
    // "anna@example.test ben@elsewhere.example(via)", or "nobody"
    QString leadsTo(const QByteArray &address) const
    {
        const auto destination = resolve(address);
        if (!destination)
            return u"nobody"_s;
        QStringList words;
        for (const auto &account : destination->accounts)
            words += account->address;
        for (const Onward &onward : destination->elsewhere)
            words += QString::fromUtf8(onward.address + (onward.via.isEmpty() ? "" : '(' + onward.via + ')'));
        return words.join(u' ');
    }

    std::shared_ptr<Arrival> arrival(const QByteArray &from, const QByteArrayList &to, int notify = 0,
                                     const QByteArray &header = "Subject: x\r\n\r\n")
    {
        auto made = std::make_shared<Arrival>();
        made->journey = newJourney();
        made->at = at;
        if (!from.isEmpty())
            made->mail.reversePath = smtp::parseAddress(from).value();
        made->digest = store::Fixture::digestOf(header, 4);
        made->body = "body";
        for (const QByteArray &one : to)
            made->recipients.append({{smtp::parseAddress(one).value(), quint8(notify), {}}, resolve(one).value()});
        return made;
    }
    Receipt deliver(const std::shared_ptr<Arrival> &one) { return must(tryDeliver(one)); }
    Result<Receipt> tryDeliver(const std::shared_ptr<Arrival> &one)
    {
        store::Semaphore finished;
        std::optional<Result<Receipt>> receipt;
        delivery->deliver(one, [&](Result<Receipt> result) {
            receipt = std::move(result);
            finished.release();
        });
        finished.acquire();
        return std::move(*receipt);
    }
    QList<store::Entry> queue()
    {
        return fixture.read([](store::Connection &connection) { return store::Queue::list(connection, {}); });
    }
    QByteArrayList queued()
    {
        QByteArrayList all;
        for (const store::Entry &entry : queue())
            all += entry.reversePath + " > " + entry.recipient;
        return all;
    }
    // Bodies of the messages in an INBOX.
    QByteArrayList inbox(AccountId account)
    {
        const auto mailbox = fixture.mailbox(account);
        QByteArrayList bodies;
        for (const auto &mark : fixture.marks(mailbox.id)) {
            bodies += fixture.read([&](store::Connection &connection) {
                return store::Messages::read(connection, mark.message, 0, 1'000'000);
            });
        }
        return bodies;
    }
    QStringList told(EventKind kind) const
    {
        QStringList texts;
        for (const auto &[number, event] : events.since(0, 1'000)) {
            if (event.kind == kind)
                texts += event.text(EventField::User) + u' ' + event.text(EventField::Detail);
        }
        return texts;
    }

    store::Fixture fixture;
    EventLog events;
    Counters counters;
    SettingsPointer settings;
    std::unique_ptr<Directory> directory;
    std::unique_ptr<Delivery> delivery;
    qint64 at = QDateTime::currentMSecsSinceEpoch() / 86'400'000 * 86'400'000 + 7'200'000; // two in the morning
};

} // namespace posthorn::delivery
