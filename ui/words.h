// The engine's kinds and numbers as words for people.
#pragma once

#include <QJsonObject>
#include <QString>

namespace posthorn::ui {

[[nodiscard]] QString octetsText(qint64 octets);   // "3.4 MB"
[[nodiscard]] QString timeText(qint64 ms);         // "14:05" today, else with the date; empty for 0
[[nodiscard]] QString eventText(const QJsonObject &event); // a sentence
[[nodiscard]] QString levelText(const QString &level);
[[nodiscard]] QString stepText(const QString &step); // of the trace
[[nodiscard]] QString serviceText(const QString &service); // "Reading mail (IMAP, TLS)"
[[nodiscard]] QString healthText(const QString &health);

} // namespace posthorn::ui
