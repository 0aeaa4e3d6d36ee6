// One page of the control panel: a title, words, content. It asks the engine through the control client and never waits.
#pragma once

#include "control/client/client.h"
#include "core/result.h"

#include <QJsonObject>
#include <QJsonValue>
#include <QWidget>

#include <QPointer>

#include <functional>

class QMessageBox;
class QVBoxLayout;

namespace posthorn::ui {

class Page : public QWidget
{
    Q_OBJECT
public:
    Page(control::Client &client, const QString &title, const QString &words, QWidget *parent = nullptr);

    [[nodiscard]] QString title() const { return m_title; }
    // It comes into view, or the engine came back while it is in view: ask for what it shows.
    virtual void refresh() {}
    // No longer in view.
    virtual void leave() {}
    // Puts the cursor where one looks for something.
    virtual void find() {}
    // Something was typed and not saved, which would be lost with the page.
    [[nodiscard]] virtual bool hasUnsaved() const { return false; }

Q_SIGNALS:
    // Words for the line at the bottom of the window.
    void told(const QString &words);

protected:
    using Answer = std::function<void(const QJsonObject &)>;
    // Calls a method; the answer comes while this page lives. An error is shown in a message box, or given to `failed`.
    void ask(const QString &method, const QJsonObject &parameters, Answer answer,
             std::function<void(const Error &)> failed = {});
    void showError(const Error &error);
    // A question before something that can't be undone; true when `button` was pressed.
    [[nodiscard]] bool confirm(const QString &question, const QString &details, const QString &button);
    [[nodiscard]] control::Client &client() { return m_client; }
    [[nodiscard]] QVBoxLayout *content() { return m_content; }

private:
    control::Client &m_client;
    QString m_title;
    QVBoxLayout *m_content;
    QPointer<QMessageBox> m_error; // one at a time
};

} // namespace posthorn::ui
