#include "ui/widgets/places.h"

#include <QEvent>
#include <QHeaderView>
#include <QSettings>

#include <memory>

namespace posthorn::ui {

using namespace Qt::StringLiterals;

namespace {

std::unique_ptr<QSettings> &file()
{
    static std::unique_ptr<QSettings> kept;
    return kept;
}

void keep(const QString &name, const QVariant &value)
{
    if (file())
        file()->setValue(name, value);
}

QVariant kept(const QString &name) { return file() ? file()->value(name) : QVariant(); }

class PlaceKeeper final : public QObject
{
public:
    PlaceKeeper(QWidget *window, QString name) : QObject(window), m_window(window), m_name(std::move(name)) {}
    bool eventFilter(QObject *, QEvent *event) override
    {
        const bool moved = event->type() == QEvent::Move || event->type() == QEvent::Resize || event->type() == QEvent::WindowStateChange;
        if (moved && m_window->isVisible())
            keep(m_name, m_window->saveGeometry());
        return false;
    }

private:
    QWidget *m_window;
    QString m_name;
};

QVariantList widths(const QHeaderView &header)
{
    QVariantList all;
    for (int i = 0; i < header.count(); ++i)
        all += header.sectionSize(i);
    return all;
}

// What the program does to the columns is not kept, only what the mouse did.
class ColumnKeeper final : public QObject
{
public:
    ColumnKeeper(QHeaderView *header, QString name) : QObject(header), m_header(header), m_name(std::move(name)) {}
    bool eventFilter(QObject *, QEvent *event) override
    {
        if (event->type() == QEvent::MouseButtonPress) {
            m_before = widths(*m_header);
        } else if (event->type() == QEvent::MouseButtonRelease) {
            if (const QVariantList now = widths(*m_header); now != m_before)
                keep(m_name, now);
        }
        return false;
    }

private:
    QHeaderView *m_header;
    QString m_name;
    QVariantList m_before;
};

} // namespace

void keepPlacesIn(const QString &path)
{
    file() = path.isEmpty() ? nullptr : std::make_unique<QSettings>(path, QSettings::IniFormat);
}

void keepPlace(QWidget *window, const QString &name)
{
    const QString key = u"window/"_s + name;
    if (const QByteArray place = kept(key).toByteArray(); !place.isEmpty())
        window->restoreGeometry(place); // which brings a window back from a screen that is gone
    window->installEventFilter(new PlaceKeeper(window, key));
}

bool keepColumns(QHeaderView *header, const QString &name)
{
    constexpr int narrowest = 16, widest = 2'000;
    const QString key = u"columns/"_s + name;
    header->viewport()->installEventFilter(new ColumnKeeper(header, key));
    const QVariantList all = kept(key).toList();
    if (all.size() != header->count() || all.isEmpty())
        return false; // none, or of a version with other columns
    for (int i = 0; i < header->count(); ++i)
        header->resizeSection(i, qBound(narrowest, all[i].toInt(), widest));
    return true;
}

} // namespace posthorn::ui
