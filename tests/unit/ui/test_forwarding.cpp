// The account's form: what it sends of forwarding and limits; and the list of addresses that failed.
#include "control/client/client.h"
#include "control/server/server.h"
#include "platform/store/store.h"
#include "platform/store/suppressions.h"
#include "platform/store/transaction.h"
#include "ui/pages/account_dialogs.h"
#include "ui/pages/suppressions_dialog.h"
#include "ui/widgets/table.h"
#include "support/patience.h"

#include <QCheckBox>
#include <QDialogButtonBox>
#include <QJsonArray>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace posthorn;
using namespace Qt::StringLiterals;

namespace {

QPushButton *button(QWidget &dialog, const QString &text)
{
    for (QPushButton *one : dialog.findChildren<QPushButton *>()) {
        if (one->text().remove(u'&') == text)
            return one;
    }
    return nullptr;
}

template<typename T>
T *withText(QWidget &dialog, const QString &text)
{
    for (T *one : dialog.findChildren<T *>()) {
        if (one->text() == text)
            return one;
    }
    return nullptr;
}

} // namespace

class TestForwarding : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void editsForwarding();
    void takesAddressesOffTheList();
};

void TestForwarding::editsForwarding()
{
    const QJsonObject account{{u"address"_s, u"anna@example.org"_s}, {u"forwardTo"_s, QJsonArray{u"x@home.example"_s, u"y@home.example"_s}},
                              {u"forwardKeep"_s, false}, {u"perDay"_s, 70}};
    ui::AccountDialog dialog(account, {u"example.org"_s}, 0, nullptr);
    QSignalSpy submitted(&dialog, &ui::FormDialog::submitted);
    auto *forward = withText<QLineEdit>(dialog, u"x@home.example, y@home.example"_s);
    auto *keep = withText<QCheckBox>(dialog, u"Keep a &copy here"_s);
    QVERIFY(forward && keep && !keep->isChecked() && keep->isEnabled());
    forward->setText(u"nonsense"_s);
    QVERIFY(!button(dialog, u"Save"_s)->isEnabled());
    forward->clear();
    QVERIFY(!keep->isEnabled()); // there is nothing to keep a copy of
    forward->setText(u"z@home.example ,"_s);
    keep->setChecked(true);
    button(dialog, u"Save"_s)->click();
    QCOMPARE(submitted.size(), 1);
    const QJsonObject sent = submitted.front().front().toJsonObject();
    QCOMPARE(sent.value("forwardTo"_L1).toArray(), QJsonArray{u"z@home.example"_s});
    QVERIFY(sent.value("forwardKeep"_L1).toBool());
    QCOMPARE(sent.value("perDay"_L1).toInt(), 70);
    const QString picture = qEnvironmentVariable("POSTHORN_PICTURE");
    QVERIFY(picture.isEmpty() || dialog.grab().save(picture));
}

void TestForwarding::takesAddressesOffTheList()
{
    QTemporaryDir folder;
    EventLog events;
    Counters counters;
    auto opened = std::move(*store::Store::open({.directory = folder.path()}));
    control::Context context;
    context.store = opened.get();
    context.events = &events;
    context.counters = &counters;
    control::Server server(context);
    control::Client client(std::make_unique<control::MemoryLink>(server.connector()));
    client.open();
    QTRY_VERIFY(client.isConnected());
    const auto added = opened->writeNow<bool>([](store::Transaction &transaction) {
        return store::Suppressions::add(transaction, {u"gone@other.example"_s, 1'700'000'000'000, u"tried"_s, u"550 5.1.1 no"_s})
            .transform([] { return true; });
    });
    QVERIFY(added);
    ui::SuppressionsDialog dialog(client, nullptr);
    dialog.setAttribute(Qt::WA_DeleteOnClose, false);
    dialog.show();
    auto *table = dialog.findChild<ui::Table *>();
    QTRY_COMPARE(table->model().rows().size(), 1);
    QVERIFY(!button(dialog, u"Take off the list"_s)->isEnabled());
    table->selectFirst();
    const QString picture = qEnvironmentVariable("POSTHORN_PICTURE2");
    QVERIFY(picture.isEmpty() || dialog.grab().save(picture));
    button(dialog, u"Take off the list"_s)->click();
    QTRY_COMPARE(table->model().rows().size(), 0);
}

QTEST_MAIN(TestForwarding)
#include "test_forwarding.moc"
