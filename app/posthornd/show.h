// Results of the control protocol as tables and sentences. What came from the network is printed without its control
// characters, so that no mail can steer the terminal.
#pragma once

#include <QJsonObject>
#include <QStringList>
#include <QTextStream>

namespace posthorn::app {

struct Invocation;

void showStatus(const Invocation &, const QJsonObject &, QTextStream &);
void showDone(const Invocation &, const QJsonObject &, QTextStream &); // nothing to say: silence
void showDomainDone(const Invocation &, const QJsonObject &, QTextStream &);
void showDomains(const Invocation &, const QJsonObject &, QTextStream &);
void showAccountDone(const Invocation &, const QJsonObject &, QTextStream &);
void showAccounts(const Invocation &, const QJsonObject &, QTextStream &);
void showForward(const Invocation &, const QJsonObject &, QTextStream &);
void showAliasDone(const Invocation &, const QJsonObject &, QTextStream &);
void showAliases(const Invocation &, const QJsonObject &, QTextStream &);
void showSharedDone(const Invocation &, const QJsonObject &, QTextStream &);
void showMailboxes(const Invocation &, const QJsonObject &, QTextStream &);
void showShared(const Invocation &, const QJsonObject &, QTextStream &);
void showGroupDone(const Invocation &, const QJsonObject &, QTextStream &);
void showGroups(const Invocation &, const QJsonObject &, QTextStream &);
void showDkimKeys(const Invocation &, const QJsonObject &, QTextStream &);
void showDkimRecords(const Invocation &, const QJsonObject &, QTextStream &);
void showDkimKeyDone(const Invocation &, const QJsonObject &, QTextStream &);
void showSettings(const Invocation &, const QJsonObject &, QTextStream &);
void showSetting(const Invocation &, const QJsonObject &, QTextStream &);
void showSettingDone(const Invocation &, const QJsonObject &, QTextStream &);
void showQueue(const Invocation &, const QJsonObject &, QTextStream &);
void showEntry(const Invocation &, const QJsonObject &, QTextStream &);
void showEntryDone(const Invocation &, const QJsonObject &, QTextStream &);
void showSuppressions(const Invocation &, const QJsonObject &, QTextStream &);
void showRoutes(const Invocation &, const QJsonObject &, QTextStream &);
void showRouteDone(const Invocation &, const QJsonObject &, QTextStream &);
void showRouteTest(const Invocation &, const QJsonObject &, QTextStream &);
void showTlsPolicies(const Invocation &, const QJsonObject &, QTextStream &);
void showSteps(const Invocation &, const QJsonObject &, QTextStream &);
void showSessions(const Invocation &, const QJsonObject &, QTextStream &);
void showEvents(const Invocation &, const QJsonObject &, QTextStream &);
void showBackup(const Invocation &, const QJsonObject &, QTextStream &);
void showSearchState(const Invocation &, const QJsonObject &, QTextStream &);
void showCheck(const Invocation &, const QJsonObject &, QTextStream &);
void showRows(const Invocation &, const QJsonObject &, QTextStream &);

// Those whose servers are known; {"providers": [...]}
[[nodiscard]] QString providersText();
[[nodiscard]] QJsonObject providersJson();
[[nodiscard]] QString eventLine(const QJsonObject &event);
// Columns as wide as their widest cell; the last one is not padded. The first row is the heading.
[[nodiscard]] QString alignedTable(const QList<QStringList> &rows);
// Control characters become '?'.
[[nodiscard]] QString printable(const QString &text);

} // namespace posthorn::app
