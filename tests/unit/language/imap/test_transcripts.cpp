// Every transcript, whole and cut at every octet.
#include "support/imap_transcript.h"

#include <QDir>
#include <QTest>

using namespace posthorn::imap::transcript;

class TestTranscripts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void goAsWritten_data()
    {
        QTest::addColumn<QByteArray>("script");
        const QDir folder(QStringLiteral(POSTHORN_SOURCE_DIR "/tests/transcripts/imap"));
        for (const QString &name : folder.entryList({QStringLiteral("*.txt")})) {
            QFile file(folder.filePath(name));
            QVERIFY(file.open(QFile::ReadOnly));
            QTest::newRow(qPrintable(name)) << file.readAll();
        }
    }
    void goAsWritten()
    {
        QFETCH(QByteArray, script);
        Player whole(Feeding::Whole);
        QByteArray fault = whole.play(script);
        QVERIFY2(fault.isEmpty(), fault.constData());
        fault = Player(Feeding::Bytes).play(script);
        QVERIFY2(fault.isEmpty(), "octet by octet: " + fault);
        for (qsizetype cut = 1; cut < whole.longestChunk(); ++cut) {
            fault = Player(Feeding::Split, cut).play(script);
            QVERIFY2(fault.isEmpty(), "cut at " + QByteArray::number(cut) + ": " + fault);
        }
    }
};

QTEST_GUILESS_MAIN(TestTranscripts)
#include "test_transcripts.moc"
