// The dialogs for mailboxes that others may use, on a real control server and store.
#include "control/client/client.h"
#include "control/server/server.h"
#include "platform/store/store.h"
#include "ui/pages/sharing_dialogs.h"
#include "ui/widgets/table.h"
#include "support/patience.h"

#include <QCheckBox>
#include <QComboBox>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>

using namespace posthorn;
using namespace Qt::StringLiterals;

class TestSharing : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void letsSomebodyInAndTakesItBack();
    void opensAllMailboxesAtOnce();
    void saysWhyItCantBe();
    void namesRightsInWords();
    void editsGroups();

private:
    static QPushButton *button(QWidget &in, const QString &text)
    {
        for (QPushButton *one : in.findChildren<QPushButton *>()) {
            if (one->text().remove(u'&') == text)
                return one;
        }
        return nullptr;
    }
    static ui::Table *table(QWidget &in, const QString &name)
    {
        const auto all = in.findChildren<ui::Table *>();
        const auto found = std::ranges::find_if(all, [&](ui::Table *one) { return one->view().accessibleName() == name; });
        return found == all.end() ? nullptr : *found;
    }
    static QComboBox *box(QWidget &in, const QString &name)
    {
        const auto all = in.findChildren<QComboBox *>();
        const auto found = std::ranges::find_if(all, [&](QComboBox *one) { return one->accessibleName() == name; });
        return found == all.end() ? nullptr : *found;
    }
    QJsonObject call(const QString &method, const QJsonObject &parameters)
    {
        std::optional<QJsonObject> answer;
        m_client->call(method, parameters, [&](const Result<QJsonValue> &result) {
            answer = result ? result->toObject() : QJsonObject{{u"error"_s, result.error().text}};
        });
        return test::waitFor([&] { return answer.has_value(); }) ? *answer : QJsonObject();
    }
    void open()
    {
        m_dialog = std::make_unique<ui::MailboxesDialog>(*m_client, u"anna@example.org"_s,
                                                         QStringList{u"anna@example.org"_s, u"ben@example.org"_s}, nullptr);
        m_dialog->setAttribute(Qt::WA_DeleteOnClose, false);
        m_dialog->show();
        QTRY_VERIFY(table(*m_dialog, u"Mailboxes"_s)->model().rowCount() > 0);
        QTRY_VERIFY(box(*m_dialog, u"Who"_s)->count() > 0);
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    EventLog m_events;
    Counters m_counters;
    std::unique_ptr<store::Store> m_store;
    std::unique_ptr<control::Server> m_server;
    std::unique_ptr<control::Client> m_client;
    std::unique_ptr<ui::MailboxesDialog> m_dialog;
};

void TestSharing::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_store = std::move(*store::Store::open({.directory = m_folder->path()}));
    control::Context context;
    context.store = m_store.get();
    context.events = &m_events;
    context.counters = &m_counters;
    m_server = std::make_unique<control::Server>(context);
    m_client = std::make_unique<control::Client>(std::make_unique<control::MemoryLink>(m_server->connector()));
    m_client->open();
    QTRY_VERIFY(m_client->isConnected());
    call(u"domain.add"_s, {{u"name"_s, u"example.org"_s}});
    for (const QString &name : {u"anna"_s, u"ben"_s})
        call(u"account.add"_s, {{u"address"_s, name + u"@example.org"_s}, {u"password"_s, u"correct horse"_s}});
}

void TestSharing::cleanup()
{
    m_dialog.reset();
    m_client.reset();
    m_server.reset();
    m_store.reset();
}

void TestSharing::letsSomebodyInAndTakesItBack()
{
    open();
    ui::Table *mailboxes = table(*m_dialog, u"Mailboxes"_s), *access = table(*m_dialog, u"Who may use it"_s);
    mailboxes->select(u"INBOX"_s);
    QVERIFY(!button(*m_dialog, u"Let in"_s)->isEnabled());
    box(*m_dialog, u"Who"_s)->setCurrentText(u"ben@example.org"_s);
    box(*m_dialog, u"What is allowed"_s)->setCurrentIndex(1);
    button(*m_dialog, u"Let in"_s)->click();
    QTRY_COMPARE(access->model().rowCount(), 1);
    QCOMPARE(access->model().row(0).value("who"_L1).toString(), u"ben@example.org"_s);
    QCOMPARE(ui::rightsText(access->model().row(0).value("rights"_L1).toString()), u"read, mark, file and delete"_s);
    QCOMPARE(call(u"mailbox.list"_s, {{u"account"_s, u"ben@example.org"_s}}).value("others"_L1).toArray().size(), 1);
    const QString picture = qEnvironmentVariable("POSTHORN_PICTURE");
    access->selectFirst();
    QVERIFY(picture.isEmpty() || m_dialog->grab().save(picture));
    QVERIFY(button(*m_dialog, u"Change"_s));
    button(*m_dialog, u"Take back"_s)->click();
    QTRY_COMPARE(access->model().rowCount(), 0);
    QVERIFY(call(u"mailbox.list"_s, {{u"account"_s, u"ben@example.org"_s}}).value("others"_L1).toArray().isEmpty());
}

void TestSharing::opensAllMailboxesAtOnce()
{
    open();
    ui::Table *mailboxes = table(*m_dialog, u"Mailboxes"_s);
    box(*m_dialog, u"Who"_s)->setCurrentIndex(0); // everybody
    m_dialog->findChild<QCheckBox *>()->setChecked(true);
    button(*m_dialog, u"Let in"_s)->click();
    const auto isOpen = [](const QJsonObject &row) { return row.value("access"_L1).toArray().size() == 1; };
    QTRY_VERIFY(std::ranges::all_of(mailboxes->model().rows(), isOpen));
    QCOMPARE(ui::whoText(mailboxes->model().row(0).value("access"_L1).toArray().at(0).toObject().value("who"_L1).toString()),
             u"everybody here"_s);
}

void TestSharing::saysWhyItCantBe()
{
    open();
    QComboBox *who = box(*m_dialog, u"Who"_s);
    who->setEditText(u"nobody@example.org"_s);
    button(*m_dialog, u"Let in"_s)->click();
    const auto isSaid = [&] {
        const auto labels = m_dialog->findChildren<QLabel *>();
        return std::ranges::any_of(labels, [](const QLabel *label) { return label->text() == "There is no account and no group of this name"_L1; });
    };
    QTRY_VERIFY(isSaid());
    QCOMPARE(who->currentText(), u"nobody@example.org"_s); // to be mended
}

void TestSharing::namesRightsInWords()
{
    QCOMPARE(ui::rightsText(u"lrs"_s), u"read"_s);
    QCOMPARE(ui::rightsText(u"srl"_s), u"read"_s);
    QCOMPARE(ui::rightsText(u"lrswipkxtea"_s), u"everything, even let others in"_s);
    QCOMPARE(ui::rightsText(u"lrp"_s), u"rights lrp"_s);
    QCOMPARE(ui::whoText(u"group:sales"_s), u"the group sales"_s);
}

void TestSharing::editsGroups()
{
    ui::GroupsDialog dialog(*m_client, nullptr);
    dialog.setAttribute(Qt::WA_DeleteOnClose, false);
    dialog.show();
    button(dialog, u"New group…"_s)->click();
    auto *form = dialog.findChild<ui::GroupDialog *>();
    QVERIFY(form && !button(*form, u"Make group"_s)->isEnabled());
    form->findChild<QLineEdit *>()->setText(u"sales"_s);
    form->findChild<QPlainTextEdit *>()->setPlainText(u"anna@example.org\n\nben@example.org"_s);
    button(*form, u"Make group"_s)->click();
    auto *groups = dialog.findChild<ui::Table *>();
    QTRY_COMPARE(groups->model().rowCount(), 1);
    QCOMPARE(groups->model().row(0).value("members"_L1).toArray().size(), 2);
}

QTEST_MAIN(TestSharing)
#include "test_sharing.moc"
