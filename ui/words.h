// The engine's kinds and numbers as words for people.
#pragma once

#include <QJsonObject>
#include <QPalette>
#include <QString>

namespace posthorn::ui {

[[nodiscard]] QString octetsText(qint64 octets);   // "3.4 MB"
[[nodiscard]] QString timeText(qint64 ms);         // "14:05" today, else with the date; empty for 0
[[nodiscard]] QString shownAddress(const QString &address); // or domain, with its letters: "anna@münchen.example"
[[nodiscard]] QString eventText(const QJsonObject &event); // a sentence
[[nodiscard]] QString levelText(const QString &level);
[[nodiscard]] QString stepText(const QString &step); // of the trace
[[nodiscard]] QString serviceText(const QString &service); // "Reading mail (IMAP, TLS)"
[[nodiscard]] QString tlsPolicyText(const QString &policy); // none, may, encrypt, verify
[[nodiscard]] QString healthText(const QString &health);
[[nodiscard]] QString listenErrorText(const QJsonObject &service); // why it does not listen; empty: it does, or is off
[[nodiscard]] QString faultStyle(const QPalette &palette); // for a label that tells what is wrong: readable in light and dark
// A number of octets as people type it: "64 MB", "1500"; and back, or -1. As everywhere here, 1 MB is 1024 times 1 kB.
[[nodiscard]] QString octetsEntry(qint64 octets);
[[nodiscard]] qint64 octetsTyped(const QString &text);

} // namespace posthorn::ui
