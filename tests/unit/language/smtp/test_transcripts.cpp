// Every transcript of tests/transcripts/smtp, whole and cut at every octet.
#include "transcript.h"

#include <QDirIterator>
#include <QTest>

using namespace posthorn::smtp;
using namespace Qt::StringLiterals;

class TestTranscripts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void replays_data();
    void replays();
};

void TestTranscripts::replays_data()
{
    QTest::addColumn<QString>("path");
    QDirIterator files(QStringLiteral(POSTHORN_SOURCE_DIR "/tests/transcripts/smtp"), {u"*.txt"_s});
    int found = 0;
    for (; files.hasNext(); ++found) {
        const QString path = files.next();
        QTest::newRow(qPrintable(files.fileName())) << path;
    }
    QVERIFY(found > 20);
}

void TestTranscripts::replays()
{
    QFETCH(QString, path);
    const Transcript transcript(path);
    QCOMPARE(transcript.trouble(), QByteArray());
    const qsizetype whole = transcript.longestTurn();
    QCOMPARE(transcript.replay({whole, whole}), QByteArray());
    QCOMPARE(transcript.replay({1, 1}), QByteArray());
    for (qsizetype cut = 1; cut < whole; ++cut)
        QCOMPARE(transcript.replay({cut, whole}), QByteArray());
}

QTEST_GUILESS_MAIN(TestTranscripts)
#include "test_transcripts.moc"
