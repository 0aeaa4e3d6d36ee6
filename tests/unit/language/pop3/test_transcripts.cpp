// Every transcript, whole, octet by octet, and cut at every place.
#include "transcript.h"

#include <QDir>
#include <QTest>

using namespace posthorn::pop3::transcript;
using namespace Qt::StringLiterals;

class TestTranscripts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void plays_data();
    void plays();
};

void TestTranscripts::plays_data()
{
    QTest::addColumn<QString>("path");
    const QDir folder(QStringLiteral(POSTHORN_SOURCE_DIR) + u"/tests/transcripts/pop3"_s);
    const QStringList names = folder.entryList({u"*.txt"_s}, QDir::Files, QDir::Name);
    QVERIFY(names.size() > 10);
    for (const QString &name : names)
        QTest::newRow(qPrintable(name)) << folder.filePath(name);
}

void TestTranscripts::plays()
{
    QFETCH(const QString, path);
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray script = file.readAll();
    Player whole(Feeding::Whole);
    QCOMPARE(whole.play(script), ""_ba);
    QCOMPARE(Player(Feeding::Bytes).play(script), ""_ba);
    for (qsizetype cut = 1; cut < whole.longestChunk(); ++cut)
        QCOMPARE(Player(Feeding::Split, cut).play(script), ""_ba);
}

QTEST_APPLESS_MAIN(TestTranscripts)
#include "test_transcripts.moc"
