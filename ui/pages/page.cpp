#include "ui/pages/page.h"

#include <QLabel>
#include <QMessageBox>
#include <QVBoxLayout>

namespace posthorn::ui {

Page::Page(control::Client &client, const QString &title, const QString &words, QWidget *parent)
    : QWidget(parent), m_client(client), m_title(title)
{
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(24, 20, 24, 20);
    outer->setSpacing(6);
    auto *heading = new QLabel(title);
    QFont font = heading->font();
    font.setPointSizeF(font.pointSizeF() * 1.5);
    font.setWeight(QFont::DemiBold);
    heading->setFont(font);
    outer->addWidget(heading);
    if (!words.isEmpty()) {
        auto *text = new QLabel(words);
        text->setWordWrap(true);
        text->setForegroundRole(QPalette::PlaceholderText);
        outer->addWidget(text);
    }
    m_content = new QVBoxLayout;
    m_content->setContentsMargins(0, 10, 0, 0);
    m_content->setSpacing(10);
    outer->addLayout(m_content, 1);
}

void Page::ask(const QString &method, const QJsonObject &parameters, Answer answer,
               std::function<void(const Error &)> failed)
{
    m_client.call(method, parameters,
                  [self = QPointer(this), answer = std::move(answer), failed = std::move(failed)](
                      const Result<QJsonValue> &result) {
                      if (!self)
                          return;
                      if (result) {
                          if (answer)
                              answer(result->toObject());
                      } else if (failed) {
                          failed(result.error());
                      } else {
                          self->showError(result.error());
                      }
                  });
}

void Page::showError(const Error &error)
{
    if (m_error)
        return;
    const QString words = m_client.isConnected()
                              ? error.text
                              : tr("The mail server can't be reached, so nothing was done. Try again when it is back.");
    m_error = new QMessageBox(QMessageBox::Warning, m_title, words, QMessageBox::Ok, this);
    m_error->setAttribute(Qt::WA_DeleteOnClose);
    m_error->setTextFormat(Qt::PlainText);
    if (!error.detail.isEmpty())
        m_error->setDetailedText(error.detail);
    m_error->open();
}

bool Page::confirm(const QString &question, const QString &details, const QString &button)
{
    QMessageBox box(QMessageBox::Warning, m_title, question, QMessageBox::NoButton, this);
    box.setTextFormat(Qt::PlainText);
    box.setInformativeText(details);
    box.addButton(button, QMessageBox::DestructiveRole);
    box.setDefaultButton(box.addButton(QMessageBox::Cancel));
    box.exec();
    return box.buttonRole(box.clickedButton()) == QMessageBox::DestructiveRole;
}

} // namespace posthorn::ui
