// Settings in plain words: what is kept for them is a mouse's rest away, and stays what it was.
#include "ui/widgets/setting_editor.h"

#include <QComboBox>
#include <QRegularExpression>
#include <QTest>

using namespace posthorn;
using namespace Qt::StringLiterals;

class TestSettingEditor : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void offersPlainWords()
    {
        for (const SettingDescription &setting : settingDescriptions()) {
            if (setting.type != SettingType::Choice)
                continue;
            const ui::SettingEditor editor(setting);
            auto *box = editor.findChild<QComboBox *>();
            const QStringList choices = QString(setting.choices).split(u'|');
            QCOMPARE(box->count(), choices.size());
            for (int i = 0; i < box->count(); ++i) {
                QVERIFY2(!choices.contains(box->itemText(i)), qPrintable(box->itemText(i)));
                box->setCurrentIndex(i);
                QCOMPARE(editor.value(), choices[i]); // as it is kept
                const QString word = setting.key + u'=' + choices[i];
                QCOMPARE(box->itemData(i, Qt::ToolTipRole).toString(), word);
                QVERIFY2(box->toolTip().startsWith(word), qPrintable(box->toolTip()));
            }
        }
    }
    // "May: whenever the server has it" speaks of a word that the form does not show.
    void explainsInTheWordsOfItsChoices()
    {
        for (const SettingDescription &setting : settingDescriptions()) {
            if (setting.type != SettingType::Choice)
                continue;
            const QRegularExpression raw(u"\\b(%1)\\b( mends|:)"_s.arg(QString(setting.choices)), QRegularExpression::CaseInsensitiveOption);
            QVERIFY2(!QString(setting.explanation).contains(raw), setting.key.data());
        }
    }
};

QTEST_MAIN(TestSettingEditor)
#include "test_setting_editor.moc"
