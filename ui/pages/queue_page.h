// Mail on its way to other servers: what waits, why, and what can be done about it. However much waits, only what is looked
// at is asked for.
#pragma once

#include "ui/pages/page.h"

#include <QJsonObject>
#include <QList>

class QComboBox;
class QItemSelection;
class QLabel;
class QLineEdit;
class QPushButton;
class QStackedWidget;
class QTableView;
class QTimer;

namespace posthorn::ui {

class PagedModel;

class QueuePage : public Page
{
    Q_OBJECT
public:
    explicit QueuePage(control::Client &client, QWidget *parent = nullptr);
    void refresh() override;
    void leave() override;
    void find() override;

private:
    void addFilters();
    void addTable();
    void addButtons();
    [[nodiscard]] QJsonObject filter() const;
    void fetch(int asking, int page);
    void noteSelection();
    void restoreSelection();
    void moveSelection(const QHash<int, QString> &moved);
    void showCount();
    void enableButtons();

    [[nodiscard]] int selectedRows() const;
    [[nodiscard]] bool isAllSelected() const;
    // Calls a method for the selected entries: by the filter when these are all, else by their ids, which are asked for
    // where they are not here.
    void act(const QString &method, const QJsonObject &more = {});
    void gatherIds(QList<std::pair<int, int>> ranges, QStringList ids, const QString &method, const QJsonObject &more);
    void actOn(QStringList ids, const QString &method, const QJsonObject &more);
    void removeSelected();
    void chooseRoute();
    void showDetails(int row);
    void changed(const QJsonObject &answer);

    QLineEdit *m_search = nullptr;
    QComboBox *m_where = nullptr, *m_state = nullptr, *m_age = nullptr;
    PagedModel *m_model = nullptr;
    QTableView *m_view = nullptr;
    QLabel *m_count = nullptr, *m_empty = nullptr;
    QStackedWidget *m_stack = nullptr;
    QList<QPushButton *> m_buttons; // that need something chosen
    QPushButton *m_details = nullptr, *m_sendBy = nullptr; // for what is selected
    QTimer *m_timer, *m_typing, *m_soon;
    int m_subscription = 0;
    bool m_wasAll = false, m_restoring = false;
    QHash<int, QString> m_ids; // of selected rows that were seen: what is meant, wherever its row may be by now
};

} // namespace posthorn::ui
