// What is kept of windows and columns from one start to the next.
#include "ui/widgets/places.h"
#include "ui/widgets/table.h"
#include "support/patience.h"

#include <QFile>
#include <QHeaderView>
#include <QScreen>
#include <QTableView>
#include <QTemporaryDir>

using namespace posthorn::ui;
using namespace Qt::StringLiterals;

namespace {

QString value(const QJsonObject &row) { return row.value("a"_L1).toString(); }

std::unique_ptr<Table> table()
{
    auto made = std::make_unique<Table>(QList<Column>{{u"One"_s, value}, {u"Two"_s, value}, {u"Three"_s, value}}, u"a"_s);
    made->keepColumns(u"test"_s);
    made->setRows({QJsonObject{{u"a"_s, u"some words"_s}}});
    made->resize(900, 300);
    made->show();
    return made;
}

// As a mouse does it: takes the right edge of the first column to the right.
void widenFirst(Table &table, int by)
{
    QHeaderView *header = table.view().horizontalHeader();
    const QPoint edge(header->sectionSize(0) - 1, header->height() / 2);
    QTest::mousePress(header->viewport(), Qt::LeftButton, {}, edge);
    QTest::mouseMove(header->viewport(), edge + QPoint(by, 0));
    QTest::mouseRelease(header->viewport(), Qt::LeftButton, {}, edge + QPoint(by, 0));
}

} // namespace

class TestPlaces : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { keepPlacesIn(m_folder.filePath(QString::fromLatin1(QTest::currentTestFunction()))); }
    void cleanupTestCase() { keepPlacesIn({}); }

    void givesAWindowItsPlaceAgain()
    {
        {
            QWidget window;
            window.resize(300, 200);
            keepPlace(&window, u"test"_s);
            QCOMPARE(window.size(), QSize(300, 200));
            window.show();
            window.setGeometry(40, 50, 420, 310);
            QTRY_COMPARE(window.geometry(), QRect(40, 50, 420, 310));
        }
        QWidget later;
        keepPlace(&later, u"test"_s);
        QCOMPARE(later.geometry(), QRect(40, 50, 420, 310));
        QWidget other;
        other.resize(300, 200);
        keepPlace(&other, u"other"_s);
        QCOMPARE(other.size(), QSize(300, 200));
    }
    void bringsAWindowBackFromAScreenThatIsGone()
    {
        {
            QWidget window;
            keepPlace(&window, u"test"_s);
            window.show();
            window.setGeometry(50'000, 50'000, 420, 310);
            QTRY_VERIFY(window.x() > 40'000);
        }
        QWidget later;
        keepPlace(&later, u"test"_s);
        later.show();
        QVERIFY(later.screen()->availableGeometry().contains(later.geometry()));
    }
    void givesColumnsTheirWidthsAgain()
    {
        const auto first = table();
        const int fitting = first->view().columnWidth(0);
        QCOMPARE(table()->view().columnWidth(0), fitting);
        widenFirst(*first, 137);
        QCOMPARE(first->view().columnWidth(0), fitting + 137);
        QCOMPARE(table()->view().columnWidth(0), fitting + 137);
    }
    void keepsNothingWithoutAFile()
    {
        keepPlacesIn({});
        widenFirst(*table(), 50);
        QVERIFY(!QFile::exists(m_folder.filePath(u"keepsNothingWithoutAFile"_s)));
    }

private:
    QTemporaryDir m_folder;
};

QTEST_MAIN(TestPlaces)
#include "test_places.moc"
