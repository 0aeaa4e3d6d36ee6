// The layering rule of the house, over all includes; and that SQL stands in the store alone.
#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>
#include <QTest>

#include <set>

using namespace Qt::StringLiterals;

namespace {

const QString root = QStringLiteral(POSTHORN_SOURCE_DIR);

// Rooms of storeys, from left to right: a file may include its own room and rooms of storeys to the left of its own.
const QStringList storeys = {u"core"_s,    u"language"_s, u"platform"_s, u"policy"_s,
                             u"service"_s, u"control/server"_s, u"engine.h"_s, u"app"_s};

// The written edges: rooms of one storey that see another one of it, and what control's and ui's rooms see.
const std::set<std::pair<QString, QString>> edges = {
    {u"language/pop3"_s, u"language/message"_s},    {u"language/imap"_s, u"language/message"_s},
    {u"language/smtp"_s, u"language/message"_s},    {u"policy/filter"_s, u"policy/trust"_s},
    {u"service/intake"_s, u"service/delivery"_s},   {u"service/relay"_s, u"service/delivery"_s},
    {u"service/access"_s, u"service/delivery"_s},   {u"platform/net"_s, u"platform/system"_s},
    {u"platform/net"_s, u"platform/crypto"_s},      {u"platform/store"_s, u"platform/system"_s},
    {u"platform/crypto"_s, u"platform/system"_s},   {u"control/client"_s, u"control/api"_s},
    {u"control/server"_s, u"control/api"_s},
};

QString storeyOf(const QString &room)
{
    if (room == "control/server"_L1 || room == "engine.h"_L1)
        return room;
    return room.section(u'/', 0, 0);
}

// "engine/language/smtp/wire.h" -> "language/smtp"; "ui/pages/x.h" -> "ui"; "engine/engine.h" -> "engine.h"
QString roomOf(const QString &path)
{
    if (path.startsWith("ui/"_L1))
        return u"ui"_s;
    if (path.startsWith("app/"_L1))
        return u"app"_s;
    const QString inside = path.startsWith("engine/"_L1) ? path.mid(7) : path;
    if (inside.startsWith("engine."_L1) || inside.startsWith("engine_"_L1))
        return u"engine.h"_s;
    const QString storey = inside.section(u'/', 0, 0);
    return storey == "core"_L1 ? storey : inside.section(u'/', 0, 1);
}

bool allowed(const QString &from, const QString &to)
{
    if (from == to || edges.contains({from, to}))
        return true;
    if (from == "ui"_L1)
        return to == "core"_L1 || to == "control/api"_L1 || to == "control/client"_L1;
    if (from == "app"_L1)
        return to == "ui"_L1 || to == "engine.h"_L1 || to == "core"_L1 || to.startsWith("control/"_L1)
               || to == "platform/system"_L1;
    if (from == "control/api"_L1 || from == "control/client"_L1)
        return to == "core"_L1;
    const qsizetype left = storeys.indexOf(storeyOf(to)), right = storeys.indexOf(storeyOf(from));
    return left >= 0 && right >= 0 && left < right;
}

QStringList sources()
{
    QStringList files;
    for (const QString &folder : {u"engine"_s, u"ui"_s, u"app"_s}) {
        QDirIterator it(root + u'/' + folder, {u"*.h"_s, u"*.cpp"_s}, QDir::Files, QDirIterator::Subdirectories);
        while (it.hasNext())
            files += it.next().mid(root.size() + 1);
    }
    return files;
}

QString read(const QString &file)
{
    QFile in(root + u'/' + file);
    return in.open(QIODevice::ReadOnly) ? QString::fromUtf8(in.readAll()) : QString();
}

} // namespace

class TestLayers : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void rejectsForbiddenEdges()
    {
        QVERIFY(!allowed(u"language/smtp"_s, u"language/imap"_s));
        QVERIFY(!allowed(u"language/smtp"_s, u"platform/net"_s));
        QVERIFY(!allowed(u"ui"_s, u"service/intake"_s));
        QVERIFY(!allowed(u"control/client"_s, u"control/server"_s));
        QVERIFY(!allowed(u"service/access"_s, u"service/intake"_s));
        QVERIFY(allowed(u"service/intake"_s, u"language/smtp"_s));
    }
    void seesOnlyRoomsToTheLeft()
    {
        static const QRegularExpression include(u"^\\s*#\\s*include\\s+\"([^\"]+)\""_s,
                                                QRegularExpression::MultilineOption);
        QStringList faults;
        const QStringList files = sources();
        QVERIFY(files.size() > 50);
        for (const QString &file : files) {
            for (const auto &match : include.globalMatch(read(file))) {
                const QString target = match.captured(1);
                const bool own = target == "engine_private.h"_L1 && roomOf(file) == "engine.h"_L1;
                if (!target.contains(u'/') && target != "engine.h"_L1 && !own) {
                    if (!target.endsWith(".moc"_L1) && roomOf(file) != "app"_L1)
                        faults += file + u" includes without a room: "_s + target;
                } else if (!allowed(roomOf(file), roomOf(target))) {
                    faults += file + u" includes "_s + target;
                }
            }
        }
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
    }
    void keepsSqlInTheStore()
    {
        QStringList faults;
        for (const QString &file : sources()) {
            if (!file.startsWith("engine/platform/store/"_L1) && read(file).contains("QSql"_L1))
                faults += file;
        }
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
    }
    void keepsLanguagePure()
    {
        static const QRegularExpression impure(
            u"#include <(QTcp|QSsl|QTimer|QThread|QFile|QDateTime|QSql|QNetwork|thread|mutex|iostream|unistd|sys/)"_s);
        QStringList faults;
        for (const QString &file : sources()) {
            if (file.startsWith("engine/language/"_L1) && read(file).contains(impure))
                faults += file;
        }
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
    }
    // A statement that begins with a call to an aggregate of the store leaves its result lie.
    void looksAtEachResultOfTheStore()
    {
        static const QRegularExpression dropped(
            u"[;{})]\\s*\\n\\s*(?:\\(void\\)\\s*)?(?:store::)?(?:Accounts|DkimKeys|Mailboxes|Messages|Queue|Routes|SearchIndex|"
            "Secrets|Sending|Settings|Suppressions|TlsPolicies|Trace|UrlKeys)::[a-z]\\w*\\("_s);
        QVERIFY(u"{\n    store::Trace::add(transaction, row);"_s.contains(dropped));
        QVERIFY(!u"{\n    return store::Trace::add(transaction, row);"_s.contains(dropped));
        QStringList faults;
        for (const QString &file : sources()) {
            if (const auto match = dropped.match(read(file)); match.hasMatch())
                faults += file + match.captured();
        }
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
    }
    void keepsSystemCallsInOneRoom()
    {
        static const QRegularExpression posix(u"#include <(unistd|sys/|fcntl|netinet|arpa|signal\\.h|termios|winsock)"_s);
        QStringList faults;
        for (const QString &file : sources()) {
            if (!file.startsWith("engine/platform/system/"_L1) && read(file).contains(posix))
                faults += file;
        }
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
    }
};

QTEST_APPLESS_MAIN(TestLayers)
#include "test_layers.moc"
