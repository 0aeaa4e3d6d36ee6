// The queue's page with very many entries, and the dialog for routes, on a real control server and store.
#include "control/client/client.h"
#include "control/server/server.h"
#include "platform/store/messages.h"
#include "platform/store/queue.h"
#include "platform/store/store.h"
#include "platform/store/transaction.h"
#include "ui/models/paged_model.h"
#include "ui/pages/queue_page.h"
#include "ui/pages/routes_dialog.h"
#include "ui/widgets/table.h"
#include "support/patience.h"
#include "support/work_timer.h"

#include <QComboBox>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>

using namespace posthorn;
using namespace Qt::StringLiterals;

class TestQueuePage : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void asksForWhatIsLookedAtOnly();
    void scrollsSmoothlyThroughManyEntries();
    void keepsTheSelectionWithItsEntries();
    void doesThingsToAllThatMatch();
    void forgetsWhatIsNotLookedAt();
    void savesARouteFromAProvider();

private:
    void queue(int entries, const QByteArray &domain = "far.example");
    int matching(const QJsonObject &filter)
    {
        int count = -1;
        m_client->call(u"queue.list"_s, filter, [&](const Result<QJsonValue> &answer) {
            count = answer ? answer->toObject().value("matching"_L1).toInt() : 0;
        });
        return test::waitFor([&] { return count >= 0; }) ? count : -1;
    }
    static QPushButton *button(QWidget *in, const QString &text)
    {
        for (QPushButton *one : in->findChildren<QPushButton *>()) {
            if (one->text().remove(u'&') == text)
                return one;
        }
        return nullptr;
    }
    void show()
    {
        m_page = std::make_unique<ui::QueuePage>(*m_client);
        m_page->resize(1000, 700);
        m_page->show();
        m_page->refresh();
        view = m_page->findChild<QTableView *>();
        model = m_page->findChild<ui::PagedModel *>();
    }

    QTemporaryDir m_folder;
    EventLog m_events;
    Counters m_counters;
    std::unique_ptr<store::Store> m_store;
    std::unique_ptr<control::Server> m_server;
    std::unique_ptr<control::Client> m_client;
    std::unique_ptr<ui::QueuePage> m_page;
    QTableView *view = nullptr;
    ui::PagedModel *model = nullptr;
};

void TestQueuePage::init()
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
}

void TestQueuePage::cleanup()
{
    m_page.reset();
    m_client.reset();
    m_server.reset();
    m_store.reset();
}

void TestQueuePage::queue(int entries, const QByteArray &domain)
{
    const auto add = [&](store::Transaction &transaction) -> Result<bool> {
        const store::Digest digest{.header = "Subject: x\r\n\r\n", .size = 18};
        const auto message = store::Messages::add(transaction, digest, "body");
        if (!message)
            return std::unexpected(message.error());
        for (int i = 0; i < entries; ++i) {
            const auto added = store::Queue::add(
                transaction, {.message = *message, .journey = "j1", .reversePath = "anna@a.example",
                              .recipient = "r" + QByteArray::number(i) + '@' + domain, .domain = domain,
                              .lastError = u"451 4.3.0 not now, please come back in a while"_s, .lastDialogue = QByteArray(600, 'x')});
            if (!added)
                return std::unexpected(added.error());
        }
        return true;
    };
    QVERIFY(m_store->writeNow<bool>(add));
}

void TestQueuePage::asksForWhatIsLookedAtOnly()
{
    queue(1'000);
    show();
    QSet<int> asked;
    connect(model, &ui::PagedModel::wanted, this, [&](int, int page) { asked.insert(page); });
    QTRY_COMPARE(model->rowCount(), 1'000);
    QTRY_VERIFY(model->row(0));
    QVERIFY(!model->row(400));
    view->scrollToBottom();
    QTRY_VERIFY(model->row(999));
    QVERIFY(!model->row(400));
    disconnect(model, nullptr, this, nullptr);
    QCOMPARE(asked, (QSet<int>{0, 999 / ui::PagedModel::pageSize})); // the first and the last, again and again
    QCOMPARE(model->row(999)->value("recipient"_L1).toString(), u"r999@far.example"_s);
}

void TestQueuePage::scrollsSmoothlyThroughManyEntries()
{
    constexpr int entries = 50'000;
    queue(entries);
    show();
    QTRY_COMPARE(model->rowCount(), entries);
    QSignalSpy asked(model, &ui::PagedModel::wanted);
    QScrollBar *bar = view->verticalScrollBar();
    QList<qint64> frames; // µs
    const auto step = [&](int value) {
        const test::WorkTimer timer;
        bar->setValue(value);
        view->viewport()->repaint();
        QCoreApplication::processEvents();
        frames += timer.microseconds();
    };
    for (int i = 0; i < 2'000; ++i) // line by line, as a wheel does
        step(i * 3);
    const qsizetype byWheel = asked.size();
    for (int i = 0; i < 500; ++i) // from end to end, as a hand on the bar does
        step(int(qint64(bar->maximum()) * i / 499));
    std::ranges::sort(frames);
    const qint64 median = frames[frames.size() / 2], worst = frames.last(), most = frames[frames.size() * 99 / 100];
    qInfo("frames: median %.2f ms, 99 %% within %.2f ms, the longest %.2f ms; %lld pages by wheel, %lld in all, of %d", double(median) / 1000,
          double(most) / 1000, double(worst) / 1000, qlonglong(byWheel), qlonglong(asked.size()), entries / ui::PagedModel::pageSize);
    QVERIFY(model->keptPages() <= ui::PagedModel::mostKept);
    QTRY_VERIFY(model->row(entries - 1));
    QVERIFY(median < 50'000); // of work; it is 1 to 2 ms, and sanitizers take their time
    QVERIFY(most < 250'000);
}

void TestQueuePage::keepsTheSelectionWithItsEntries()
{
    queue(300);
    show();
    QTRY_VERIFY(model->row(10));
    view->selectRow(10);
    const QString id = model->row(10)->value("id"_L1).toString();
    QVERIFY(m_store->writeNow<bool>([](store::Transaction &transaction) -> Result<bool> { // the first three leave
        for (int i = 1; i <= 3; ++i) {
            if (const auto gone = store::Queue::remove(transaction, {i}); !gone)
                return std::unexpected(gone.error());
        }
        return true;
    }));
    model->refresh();
    QTRY_COMPARE(model->rowCount(), 297);
    const auto rows = view->selectionModel()->selectedRows();
    QCOMPARE(rows.size(), 1);
    QCOMPARE(model->row(rows.first().row())->value("id"_L1).toString(), id);
    button(m_page.get(), u"Hold"_s)->click();
    QTRY_COMPARE(matching({{u"state"_s, u"held"_s}}), 1);
}

void TestQueuePage::doesThingsToAllThatMatch()
{
    queue(2'500, "far.example");
    queue(10, "near.example");
    show();
    QTRY_COMPARE(model->rowCount(), 2'510);
    const auto boxes = m_page->findChildren<QComboBox *>();
    boxes.first()->setCurrentIndex(boxes.first()->findData(u"domain"_s));
    m_page->findChild<QLineEdit *>()->setText(u"far.example"_s);
    QTRY_COMPARE(model->rowCount(), 2'500);
    view->selectAll();
    button(m_page.get(), u"Hold"_s)->click();
    QTRY_COMPARE(matching({{u"state"_s, u"held"_s}}), 2'500);
    // Some of them, most of which are not here.
    view->clearSelection();
    view->selectRow(0);
    view->selectionModel()->select(QItemSelection(model->index(0, 0), model->index(1'999, 0)),
                                   QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    button(m_page.get(), u"Release"_s)->click();
    QTRY_COMPARE(matching({{u"state"_s, u"held"_s}}), 500);
}

void TestQueuePage::forgetsWhatIsNotLookedAt()
{
    ui::PagedModel rows({{u"Id"_s, [](const QJsonObject &row) { return row.value("id"_L1).toString(); }}}, u"id"_s);
    int asked = 0;
    connect(&rows, &ui::PagedModel::wanted, this, [&](int asking, int page) {
        ++asked;
        QList<QJsonObject> some;
        for (int i = 0; i < ui::PagedModel::pageSize; ++i)
            some += QJsonObject{{u"id"_s, QString::number(page * ui::PagedModel::pageSize + i)}};
        rows.fill(asking, page, some, 100'000);
    });
    rows.restart();
    QTRY_VERIFY(rows.isKnown());
    for (int row = 0; row < 100'000; row += ui::PagedModel::pageSize) {
        QCOMPARE(rows.data(rows.index(row, 0), Qt::DisplayRole).toString(), row == 0 ? u"0"_s : QString());
        QCoreApplication::processEvents();
        QTRY_COMPARE(rows.data(rows.index(row, 0), Qt::DisplayRole).toString(), QString::number(row));
    }
    QCOMPARE(asked, 500);
    QVERIFY(rows.keptPages() <= ui::PagedModel::mostKept);
    rows.restart();
    rows.fill(0, 0, {}, 7); // an answer to what was asked before
    QCOMPARE(rows.rowCount(), 0);
}

void TestQueuePage::savesARouteFromAProvider()
{
    ui::RoutesDialog dialog(*m_client, nullptr);
    dialog.setAttribute(Qt::WA_DeleteOnClose, false);
    dialog.show();
    button(&dialog, u"New route"_s)->click();
    const auto edits = dialog.findChildren<QLineEdit *>();
    const auto boxes = dialog.findChildren<QComboBox *>();
    const auto edit = [&](int number) { return edits.at(number); }; // name, to, from, host, user, password, token
    edit(0)->setText(u"mine"_s);
    edit(2)->setText(u"example.org"_s);
    QComboBox *provider = boxes.first();
    provider->setCurrentIndex(provider->findData(u"gmail"_s));
    Q_EMIT provider->activated(provider->currentIndex());
    QCOMPARE(edit(3)->text(), u"smtp.gmail.com:465"_s);
    edit(4)->setText(u"anna@gmail.com"_s);
    edit(5)->setText(u"geheim"_s);
    QCOMPARE(edit(5)->echoMode(), QLineEdit::Password);
    button(&dialog, u"Save"_s)->click();
    ui::Table *table = dialog.findChild<ui::Table *>();
    QTRY_COMPARE(table->model().rowCount(), 1);
    QCOMPARE(table->model().row(0).value("tls"_L1).toString(), u"tls"_s);
    QTRY_COMPARE(edit(5)->text(), QString()); // it is not shown again
    QVERIFY(button(&dialog, u"Test"_s)->isEnabled());
}

QTEST_MAIN(TestQueuePage)
#include "test_queue_page.moc"
