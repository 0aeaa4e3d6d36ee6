// The window with all its pages on a real engine: the first steps, what is said when the engine is gone or busy, that nothing
// typed is lost, and that everything can be reached by keyboard and heard.
#include "control/client/client.h"
#include "control/server/server.h"
#include "engine.h"
#include "ui/pages/account_dialogs.h"
#include "ui/pages/accounts_page.h"
#include "ui/pages/dns_dialog.h"
#include "ui/pages/log_page.h"
#include "ui/pages/overview_page.h"
#include "ui/pages/program_dialog.h"
#include "ui/pages/routes_dialog.h"
#include "ui/pages/settings_page.h"
#include "ui/pages/suppressions_dialog.h"
#include "ui/pages/tls_dialog.h"
#include "ui/tray/tray_icon.h"
#include "ui/widgets/setting_editor.h"
#include "ui/widgets/table.h"
#include "ui/window/main_window.h"
#include "ui/window/server_state.h"
#include "support/patience.h"

#include <QApplication>
#include <QClipboard>
#include <QCheckBox>
#include <QComboBox>
#include <QGroupBox>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QStackedWidget>
#include <QTabBar>
#include <QTableView>
#include <QTemporaryDir>
#include <QTimer>

#include <cmath>

using namespace posthorn;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

// Connects, and says nothing until it is told to.
class MuteLink final : public control::Link
{
public:
    using Link::Link;
    void open() override { QMetaObject::invokeMethod(this, [this] { Q_EMIT opened(); }, Qt::QueuedConnection); }
    void send(const QByteArray &octets) override { said += octets; }
    void close() override {}
    QString name() const override { return u"mute"_s; }
    void answerStatus()
    {
        const auto id = said.mid(said.lastIndexOf("\"id\":") + 5).split(',').first().split('}').first();
        Q_EMIT received("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{}}\n");
    }
    QByteArray said;
};

template<typename T>
T *shownDialog()
{
    for (QWidget *widget : QApplication::topLevelWidgets()) {
        if (auto *dialog = qobject_cast<T *>(widget); dialog && dialog->isVisible())
            return dialog;
    }
    return nullptr;
}

QAbstractButton *button(QWidget *in, const QString &text)
{
    for (QAbstractButton *one : in->findChildren<QAbstractButton *>()) {
        if (one->text().remove(u'&') == text)
            return one;
    }
    return nullptr;
}

QLineEdit *lineNamed(QWidget *in, const QString &name)
{
    for (QLineEdit *one : in->findChildren<QLineEdit *>()) {
        if (one->accessibleName() == name || one->placeholderText() == name)
            return one;
    }
    return nullptr;
}

bool hasBuddy(QWidget *field, QWidget *top)
{
    const auto labels = top->findChildren<QLabel *>();
    return std::ranges::any_of(labels, [&](const QLabel *label) {
        const QWidget *buddy = label->buddy();
        return buddy && !label->text().isEmpty() && (buddy == field || buddy->focusProxy() == field);
    });
}

// Everything that takes the focus says what it is.
QStringList nameless(QWidget *top)
{
    QStringList found;
    for (QWidget *field : top->findChildren<QWidget *>()) {
        const bool counts = qobject_cast<QLineEdit *>(field) || qobject_cast<QComboBox *>(field) || qobject_cast<QPlainTextEdit *>(field)
                            || qobject_cast<QAbstractSpinBox *>(field) || qobject_cast<QTableView *>(field)
                            || qobject_cast<QAbstractButton *>(field);
        if (!counts || field->objectName().startsWith("qt_"_L1) || qobject_cast<QAbstractSpinBox *>(field->parentWidget())
            || qobject_cast<QComboBox *>(field->parentWidget()) || qobject_cast<QLineEdit *>(field->parentWidget())
            || qobject_cast<QTabBar *>(field->parentWidget()) || field->inherits("QTableCornerButton"))
            continue;
        const auto *pressed = qobject_cast<QAbstractButton *>(field);
        if (field->accessibleName().isEmpty() && !hasBuddy(field, top) && !(pressed && !pressed->text().isEmpty()))
            found += QLatin1StringView(field->metaObject()->className()) + u" in "_s + top->windowTitle() + u' '
                     + QLatin1StringView(top->metaObject()->className());
    }
    return found;
}

// The keys (Alt and a letter) that more than one thing in `top` wants.
QStringList doubleKeys(QWidget *top)
{
    QHash<QString, QStringList> wanted;
    const auto note = [&](const QString &text) {
        if (const QKeySequence key = QKeySequence::mnemonic(text); !key.isEmpty())
            wanted[key.toString()] += text;
    };
    for (QWidget *part : top->findChildren<QWidget *>()) {
        if (!part->isVisibleTo(top))
            continue;
        if (const auto *pressed = qobject_cast<QAbstractButton *>(part))
            note(pressed->text());
        else if (const auto *label = qobject_cast<QLabel *>(part); label && label->buddy())
            note(label->text());
        else if (const auto *tabs = qobject_cast<QTabBar *>(part))
            for (int i = 0; i < tabs->count(); ++i)
                note(tabs->tabText(i));
    }
    QStringList found;
    for (auto it = wanted.cbegin(); it != wanted.cend(); ++it) {
        if (it->size() > 1)
            found += it.key() + u": "_s + it->join(u", "_s);
    }
    return found;
}

QPalette darkPalette()
{
    QPalette dark(QColor(0x30, 0x30, 0x34));
    dark.setColor(QPalette::Base, QColor(0x20, 0x20, 0x22));
    dark.setColor(QPalette::PlaceholderText, QColor(0xff, 0xff, 0xff, 0x90));
    return dark;
}

// WCAG's, of colours that do not shine through.
double brightness(const QColor &color)
{
    const auto part = [](double value) { return value <= 0.03928 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4); };
    return 0.2126 * part(color.redF()) + 0.7152 * part(color.greenF()) + 0.0722 * part(color.blueF());
}

QColor over(const QColor &front, const QColor &back)
{
    const auto mix = [&](float a, float b) { return a * front.alphaF() + b * (1 - front.alphaF()); };
    return QColor::fromRgbF(mix(front.redF(), back.redF()), mix(front.greenF(), back.greenF()), mix(front.blueF(), back.blueF()));
}

// Labels whose words are too like what is behind them.
QStringList unreadable(QWidget *top)
{
    QStringList found;
    for (const QLabel *label : top->findChildren<QLabel *>()) {
        if (!label->isVisible() || label->text().isEmpty())
            continue;
        const QPalette palette = label->palette();
        const bool onBanner = label->foregroundRole() == QPalette::HighlightedText;
        const QColor back = palette.color(onBanner ? QPalette::Highlight : QPalette::Window);
        const QString style = label->styleSheet();
        const QColor own = style.isEmpty() ? palette.color(label->foregroundRole()) : QColor(style.mid(style.indexOf(u'#'), 7));
        const double front = brightness(over(own, back)), behind = brightness(back);
        if ((std::max(front, behind) + 0.05) / (std::min(front, behind) + 0.05) < 3)
            found += label->text();
    }
    return found;
}

} // namespace

class TestWindow : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void leadsFromNothingToAMailProgram();
    void removesADomainOnlyWithWhatIsInIt();
    void saysThatTheServerIsStoppedAndStartsIt();
    void saysThatTheServerIsBusy();
    void tellsAFailedStartUntilTheNextOne();
    void asksBeforeItStopsTheServer();
    void keepsWhatWasTypedIntoTheSettings();
    void asksBeforeWhatWasTypedIsLost();
    void warnsOfWhatTrustedNetworksOpen();
    void findsSettings();
    void keepsRulesForEncryption();
    void copiesTheLinesOfTheLogThatAreShown();
    void namesEverythingThatTakesTheFocus();
    void wantsNoKeyTwice();
    void fitsASmallScreen();
    void canBeReadInTheDark();

private:
    template<typename T>
    T *page()
    {
        return m_window->findChild<T *>();
    }
    void show(const QString &name)
    {
        m_window->showPage(name);
        QCoreApplication::processEvents();
    }
    QJsonObject call(const QString &method, const QJsonObject &parameters = {})
    {
        std::optional<QJsonObject> answer;
        m_client->call(method, parameters, [&](const Result<QJsonValue> &result) {
            answer = result ? result->toObject() : QJsonObject{{u"error"_s, result.error().text}};
        });
        return test::waitFor([&] { return answer.has_value(); }) ? *answer : QJsonObject();
    }
    void picture(QWidget *widget, const QString &name)
    {
        if (const QString folder = qEnvironmentVariable("POSTHORN_PICTURES"); !folder.isEmpty())
            QVERIFY(widget->grab().save(folder + u'/' + name + u".png"_s));
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Engine> m_engine;
    bool m_stopped = false;
    std::unique_ptr<control::Client> m_client;
    std::unique_ptr<ui::ServerState> m_server;
    std::unique_ptr<ui::MainWindow> m_window;
};

void TestWindow::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_engine = std::make_unique<Engine>();
    m_stopped = false;
    EngineOptions options{.dataDirectory = m_folder->path()};
    options.controlSocket = false;
    options.overrides = {{u"server.name"_s, u"mail.example.org"_s}, {u"auth.iterations"_s, u"4096"_s}};
    for (const QString &service : {u"smtp"_s, u"submission"_s, u"submissions"_s, u"imap"_s, u"imaps"_s, u"pop3"_s, u"pop3s"_s})
        options.overrides.insert(service + u".listen"_s, u"127.0.0.1:0"_s);
    QVERIFY(m_engine->start(options));
    m_client = std::make_unique<control::Client>(std::make_unique<control::MemoryLink>([this] {
        return m_stopped ? control::PipePointer() : m_engine->controlServer()->connector()();
    }));
    m_server = std::make_unique<ui::ServerState>(*m_client, true);
    m_window = std::make_unique<ui::MainWindow>(*m_client, *m_server, QString());
    m_window->show();
    m_client->open();
    QTRY_VERIFY(m_client->isConnected());
}

void TestWindow::cleanup()
{
    m_window.reset();
    m_server.reset();
    m_client.reset();
    m_engine.reset();
}

void TestWindow::leadsFromNothingToAMailProgram()
{
    QWidget *overview = page<ui::OverviewPage>();
    QTRY_VERIFY(button(overview, u"Add your first domain…"_s) && button(overview, u"Add your first domain…"_s)->isVisible());
    picture(m_window.get(), u"first"_s);
    button(overview, u"Add your first domain…"_s)->click();
    QTRY_VERIFY(shownDialog<ui::DomainDialog>());
    auto *domain = shownDialog<ui::DomainDialog>();
    QVERIFY(!button(domain, u"Add domain"_s)->isEnabled());
    lineNamed(domain, u"example.org"_s)->setText(u"example.org"_s);
    button(domain, u"Add domain"_s)->click();
    QTRY_VERIFY(shownDialog<ui::AccountDialog>()); // it goes on by itself
    auto *account = shownDialog<ui::AccountDialog>();
    QCOMPARE(account->focusWidget(), lineNamed(account, u"anna"_s)); // one can type at once, and comes to the buttons last
    QVERIFY(qobject_cast<QAbstractButton *>(account->previousInFocusChain()));
    lineNamed(account, u"anna"_s)->setText(u"anna"_s);
    for (QLineEdit *edit : account->findChildren<QLineEdit *>()) {
        if (edit->echoMode() == QLineEdit::Password)
            edit->setText(u"correct horse"_s);
    }
    button(account, u"Make account"_s)->click();
    QTRY_VERIFY(shownDialog<ui::ProgramDialog>());
    auto *program = shownDialog<ui::ProgramDialog>();
    picture(program, u"program"_s);
    button(program, u"Copy"_s)->click();
    const QString copied = QApplication::clipboard()->text();
    QVERIFY(copied.contains(u"Server: mail.example.org"_s) && copied.contains(u"User name: anna@example.org"_s));
    program->close();
    show(u"overview"_s);
    page<ui::OverviewPage>()->refresh();
    QTRY_VERIFY(!button(overview, u"Add your first domain…"_s));
    QTRY_VERIFY(!button(overview, u"Add the first account…"_s)->isVisible());
}

void TestWindow::removesADomainOnlyWithWhatIsInIt()
{
    call(u"domain.add"_s, {{u"name"_s, u"example.org"_s}});
    call(u"account.add"_s, {{u"address"_s, u"anna@example.org"_s}, {u"password"_s, u"correct horse"_s}});
    show(u"accounts"_s);
    auto *accounts = page<ui::AccountsPage>();
    const auto tableNamed = [&](const QString &name) {
        const auto all = accounts->findChildren<ui::Table *>();
        return *std::ranges::find_if(all, [&](ui::Table *table) { return table->view().accessibleName() == name; });
    };
    ui::Table *people = tableNamed(u"Accounts"_s), *domains = tableNamed(u"Domains"_s);
    QTRY_COMPARE(people->model().rowCount(), 1);
    QTRY_COMPARE(domains->model().rowCount(), 1);
    domains->selectFirst();
    bool asked = false;
    QTimer::singleShot(0, this, [&] {
        auto *box = shownDialog<QMessageBox>();
        asked = box && box->checkBox() && !button(box, u"Remove domain"_s)->isEnabled();
        if (!asked) {
            if (box)
                box->reject();
            return;
        }
        box->checkBox()->setChecked(true);
        button(box, u"Remove domain"_s)->click();
    });
    for (QAbstractButton *one : accounts->findChildren<QAbstractButton *>()) {
        if (one->text().remove(u'&') == u"Remove…"_s && domains->parentWidget()->isAncestorOf(one))
            one->click();
    }
    QVERIFY(asked);
    QTRY_COMPARE(domains->model().rowCount(), 0);
    QTRY_COMPARE(people->model().rowCount(), 0);
}

void TestWindow::saysThatTheServerIsStoppedAndStartsIt()
{
    show(u"log"_s);
    auto *log = page<ui::LogPage>()->findChild<ui::Table *>();
    QTRY_VERIFY(log->model().rowCount() > 0);
    QSignalSpy wanted(m_server.get(), &ui::ServerState::startWanted);
    m_stopped = true;
    m_engine->stop();
    QTRY_COMPARE(m_server->state(), ui::ServerState::State::Stopped);
    QTRY_VERIFY(!m_engine->isRunning());
    auto *start = button(m_window.get(), u"Start"_s);
    QVERIFY(start && start->isVisible());
    picture(m_window.get(), u"stopped"_s);
    QVERIFY(log->isEnabled() && log->model().rowCount() > 0); // what was seen can still be read and copied
    start->click();
    QCOMPARE(wanted.size(), 1);
    QCOMPARE(m_server->state(), ui::ServerState::State::Starting);
    EngineOptions options{.dataDirectory = m_folder->path()};
    options.controlSocket = options.listeners = false;
    QVERIFY(m_engine->start(options));
    m_stopped = false;
    m_client->open();
    QTRY_COMPARE(m_server->state(), ui::ServerState::State::Running);
    QVERIFY(!start->isVisible());
    QTRY_VERIFY(log->model().rowCount() > 0);
    QCOMPARE(call(u"server.status"_s).value("certificates"_L1).toArray().size(), 1); // the same engine, and all of it
}

void TestWindow::saysThatTheServerIsBusy()
{
    auto made = std::make_unique<MuteLink>();
    MuteLink *link = made.get();
    control::Client client(std::move(made));
    ui::ServerState server(client, false);
    server.setTimes(5ms, 20ms);
    ui::MainWindow window(client, server, u"/srv/mail"_s);
    window.show();
    client.open();
    QTRY_COMPARE(server.state(), ui::ServerState::State::Quiet);
    QVERIFY(server.words().contains(u"does not answer"_s));
    const auto labels = window.findChildren<QLabel *>();
    QVERIFY(std::ranges::any_of(labels, [&](const QLabel *label) { return label->isVisible() && label->text().contains(u"is from before"_s); }));
    QVERIFY(!server.canStop());
    QTRY_VERIFY(link->said.contains("server.status"));
    server.setTimes(1h, 1h);
    link->said = link->said.left(link->said.indexOf('\n')); // the first question is the state's own
    link->answerStatus();
    QTRY_COMPARE(server.state(), ui::ServerState::State::Running);
    Q_EMIT link->closed(u"gone"_s);
    QCOMPARE(server.state(), ui::ServerState::State::Gone);
    QVERIFY(!server.canStart()); // it is not ours
}

void TestWindow::tellsAFailedStartUntilTheNextOne()
{
    auto made = std::make_unique<MuteLink>();
    MuteLink *link = made.get();
    control::Client client(std::move(made));
    ui::ServerState server(client, true);
    ui::TrayIcon tray(server);
    QCOMPARE(tray.state(), ui::TrayIcon::State::Stopped);
    server.start();
    QCOMPARE(server.state(), ui::ServerState::State::Starting);
    server.noteFailed(u"The data folder is in use by process 4711"_s);
    Q_EMIT link->closed(u"not there"_s); // as the client finds out again and again
    QCOMPARE(server.state(), ui::ServerState::State::Failed);
    QCOMPARE(tray.state(), ui::TrayIcon::State::Trouble);
    QVERIFY(tray.toolTip().contains(u"4711"_s));
    QVERIFY(server.canStart());
    server.start();
    QCOMPARE(server.state(), ui::ServerState::State::Starting);
}

void TestWindow::asksBeforeItStopsTheServer()
{
    QTRY_COMPARE(m_server->state(), ui::ServerState::State::Running);
    QSignalSpy stops(m_server.get(), &ui::ServerState::stopWanted), quits(m_window.get(), &ui::MainWindow::quitWanted);
    bool asked = false;
    QTimer::singleShot(0, this, [&] {
        auto *box = shownDialog<QMessageBox>();
        asked = box && box->informativeText().contains(u"no mail comes in"_s);
        if (box)
            box->reject();
    });
    button(m_window.get(), u"Stop the server…"_s)->click();
    QVERIFY(asked && stops.isEmpty());
    asked = false;
    QTimer::singleShot(0, this, [&] {
        auto *box = shownDialog<QMessageBox>();
        asked = box && box->informativeText().contains(u"The mail server stops as well"_s);
        if (box)
            box->reject();
    });
    m_window->close();
    QVERIFY(asked && quits.isEmpty() && m_window->isVisible());
}

void TestWindow::keepsWhatWasTypedIntoTheSettings()
{
    show(u"settings"_s);
    auto *settings = page<ui::SettingsPage>();
    QLineEdit *size = lineNamed(settings, u"Largest message"_s);
    QVERIFY(size);
    QTRY_COMPARE(size->text(), u"64 MB"_s);
    size->setText(u"100 MB"_s);
    QVERIFY(settings->hasUnsaved());
    show(u"overview"_s);
    show(u"settings"_s); // asks for all settings anew
    call(u"settings.list"_s);
    QCoreApplication::processEvents();
    QCOMPARE(size->text(), u"100 MB"_s);
    size->setText(u"huge"_s);
    QVERIFY(!button(settings, u"Save"_s)->isEnabled());
    const auto labels = settings->findChildren<QLabel *>();
    QVERIFY(std::ranges::any_of(labels, [](const QLabel *label) { return label->text().contains(u"Type a size from 64 kB to 2 GB"_s); }));
    size->setText(u"100 MB"_s);
    button(settings, u"Save"_s)->click();
    QTRY_VERIFY(!settings->hasUnsaved());
    QCOMPARE(call(u"settings.get"_s, {{u"key"_s, u"smtp.max_message_size"_s}}).value("value"_L1).toString(), u"104857600"_s);
    size->setText(u"1 MB"_s);
    button(settings, u"Undo"_s)->click();
    QTRY_COMPARE(size->text(), u"100 MB"_s);
}

void TestWindow::asksBeforeWhatWasTypedIsLost()
{
    ui::AliasDialog dialog({}, {u"example.org"_s}, nullptr);
    const auto closing = [&](const QString &answer) {
        bool asked = false;
        QTimer::singleShot(0, this, [&] {
            auto *box = shownDialog<QMessageBox>();
            asked = box != nullptr;
            if (auto *pressed = box ? button(box, answer) : nullptr)
                pressed->click();
        });
        dialog.reject();
        QCoreApplication::processEvents(); // when nothing was asked, the timer's turn comes here
        return asked;
    };
    dialog.show();
    QVERIFY(!closing({}) && !dialog.isVisible()); // nothing was typed
    dialog.show();
    lineNamed(&dialog, u"info"_s)->setText(u"sales"_s);
    QVERIFY(closing(u"Cancel"_s) && dialog.isVisible());
    QVERIFY(closing(u"Don't save"_s) && !dialog.isVisible());
}

void TestWindow::warnsOfWhatTrustedNetworksOpen()
{
    show(u"settings"_s);
    auto *settings = page<ui::SettingsPage>();
    QLineEdit *networks = lineNamed(settings, u"Devices that may send without signing in"_s);
    networks->setText(u"0.0.0.0/0"_s);
    const auto warned = [&](const QString &words) {
        const auto labels = settings->findChildren<QLabel *>();
        return std::ranges::any_of(labels, [&](const QLabel *label) { return label->text().contains(words); });
    };
    QVERIFY(warned(u"This is an open relay"_s));
    networks->setText(u"192.168.1.20"_s);
    QVERIFY(!warned(u"This is an open relay"_s) && warned(u"without a password"_s));
    button(settings, u"Save"_s)->click();
    QTRY_VERIFY(!settings->hasUnsaved());
    QTRY_VERIFY(!networks->parentWidget()->isHidden()); // what is set is seen, details or not
    show(u"overview"_s);
    const auto told = [&] {
        const auto labels = page<ui::OverviewPage>()->findChildren<QLabel *>();
        return std::ranges::any_of(labels, [](const QLabel *label) { return label->text().contains(u"Devices at 192.168.1.20"_s); });
    };
    QTRY_VERIFY(told());
}

void TestWindow::findsSettings()
{
    show(u"settings"_s);
    auto *settings = page<ui::SettingsPage>();
    settings->find();
    auto *search = lineNamed(settings, u"Find a setting"_s);
    QTRY_VERIFY(search->hasFocus() || !m_window->isActiveWindow());
    search->setText(u"smtp.max_hops"_s);
    int shown = 0;
    for (const ui::SettingEditor *editor : settings->findChildren<ui::SettingEditor *>())
        shown += editor->isVisibleTo(editor->parentWidget());
    QCOMPARE(shown, 1);
}

void TestWindow::keepsRulesForEncryption()
{
    ui::TlsDialog dialog(*m_client, nullptr);
    dialog.setAttribute(Qt::WA_DeleteOnClose, false);
    dialog.show();
    auto *rules = dialog.findChildren<ui::Table *>().first();
    lineNamed(&dialog, u"bank.example"_s)->setText(u"Bücher.example"_s);
    button(&dialog, u"Add"_s)->click();
    QTRY_COMPARE(rules->model().rowCount(), 1);
    QCOMPARE(call(u"settings.get"_s, {{u"key"_s, u"relay.tls_policy"_s}}).value("value"_L1).toString(), u"xn--bcher-kva.example=verify"_s);
    picture(&dialog, u"tls"_s);
    rules->selectFirst();
    button(&dialog, u"Remove"_s)->click();
    QTRY_COMPARE(rules->model().rowCount(), 0);
    lineNamed(&dialog, u"bank.example"_s)->setText(u"no domain"_s);
    button(&dialog, u"Add"_s)->click();
    QCOMPARE(lineNamed(&dialog, u"bank.example"_s)->text(), u"no domain"_s);
}

void TestWindow::copiesTheLinesOfTheLogThatAreShown()
{
    call(u"domain.add"_s, {{u"name"_s, u"one.example"_s}});
    call(u"domain.add"_s, {{u"name"_s, u"two.example"_s}});
    show(u"log"_s);
    auto *log = page<ui::LogPage>();
    auto *table = log->findChild<ui::Table *>();
    const auto isThere = [&](const QString &domain) {
        return std::ranges::any_of(table->model().rows(), [&](const QJsonObject &row) { return QJsonDocument(row).toJson().contains(domain.toUtf8()); });
    };
    QTRY_VERIFY(isThere(u"one.example"_s) && isThere(u"two.example"_s));
    log->findChild<QLineEdit *>()->setText(u"two.example"_s);
    button(log, u"Copy"_s)->click();
    const QString copied = QApplication::clipboard()->text();
    QVERIFY(copied.contains(u"two.example"_s) && !copied.contains(u"one.example"_s));
    button(log, u"Pause"_s)->click();
    const int before = table->model().rowCount();
    log->findChild<QLineEdit *>()->clear();
    call(u"domain.add"_s, {{u"name"_s, u"three.example"_s}});
    call(u"server.status"_s);
    QCOMPARE(table->model().rowCount(), before);
    button(log, u"Go on"_s)->click();
    QTRY_VERIFY(isThere(u"three.example"_s));
}

void TestWindow::namesEverythingThatTakesTheFocus()
{
    call(u"domain.add"_s, {{u"name"_s, u"example.org"_s}});
    QStringList found = nameless(m_window.get());
    const QStringList domains{u"example.org"_s};
    const auto look = [&](QDialog &&dialog) { found += nameless(&dialog); };
    look(ui::AccountDialog({}, domains, 0, nullptr));
    look(ui::AliasDialog({}, domains, nullptr));
    look(ui::DomainDialog({}, domains, nullptr));
    look(ui::DnsDialog(*m_client, u"example.org"_s, nullptr));
    look(ui::PasswordDialog(u"anna@example.org"_s, nullptr));
    look(ui::TlsDialog(*m_client, nullptr));
    look(ui::RoutesDialog(*m_client, nullptr));
    look(ui::SuppressionsDialog(*m_client, nullptr));
    QVERIFY2(found.isEmpty(), qPrintable(found.join(u'\n')));
}

void TestWindow::wantsNoKeyTwice()
{
    QStringList found;
    auto *pages = m_window->findChild<QStackedWidget *>();
    for (const QString &name : {u"overview"_s, u"accounts"_s, u"queue"_s, u"messages"_s, u"log"_s, u"settings"_s}) {
        show(name);
        Q_UNUSED(pages);
        found += doubleKeys(m_window.get());
    }
    const QStringList domains{u"example.org"_s};
    const auto look = [&](QDialog &&dialog) { found += doubleKeys(&dialog); };
    look(ui::AccountDialog({}, domains, 0, nullptr));
    look(ui::AliasDialog({}, domains, nullptr));
    look(ui::DomainDialog({}, domains, nullptr));
    look(ui::TlsDialog(*m_client, nullptr));
    look(ui::RoutesDialog(*m_client, nullptr));
    look(ui::SuppressionsDialog(*m_client, nullptr));
    QVERIFY2(found.isEmpty(), qPrintable(found.join(u'\n')));
}

void TestWindow::fitsASmallScreen()
{
    QVERIFY2(m_window->minimumSizeHint().width() <= 1000 && m_window->minimumSizeHint().height() <= 600,
             qPrintable(u"%1 x %2"_s.arg(m_window->minimumSizeHint().width()).arg(m_window->minimumSizeHint().height())));
}

void TestWindow::canBeReadInTheDark()
{
    const QPalette usual = QApplication::palette();
    QApplication::setPalette(darkPalette());
    const auto back = qScopeGuard([&] { QApplication::setPalette(usual); });
    ui::ServerState server(*m_client, true);
    ui::MainWindow window(*m_client, server, QString());
    window.show();
    QStringList found;
    for (const QString &name : {u"overview"_s, u"accounts"_s, u"queue"_s, u"messages"_s, u"log"_s, u"settings"_s}) {
        window.showPage(name);
        call(u"server.status"_s);
        QCoreApplication::processEvents();
        found += unreadable(&window);
        picture(&window, u"dark-"_s + name);
    }
    ui::AccountDialog account({}, {u"example.org"_s}, 0, nullptr);
    account.refuse(u"This address is taken"_s);
    account.show();
    found += unreadable(&account);
    picture(&account, u"dark-account"_s);
    QVERIFY2(found.isEmpty(), qPrintable(found.join(u'\n')));
}

QTEST_MAIN(TestWindow)
#include "test_window.moc"
