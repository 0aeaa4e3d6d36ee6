// Where windows stand, how large they are, and how wide columns were drawn: the same at the next start.
#pragma once

#include <QString>

class QHeaderView;
class QWidget;

namespace posthorn::ui {

// The file that all of it is kept in; as long as none is named nothing is kept. By main, before the first window.
void keepPlacesIn(const QString &file);
// Gives the window the place and size that it had under this name; what its user makes of them is kept. Never off screen.
void keepPlace(QWidget *window, const QString &name);
// The same for the columns of a table. True when they are as its user drew them, so that nothing else should.
bool keepColumns(QHeaderView *header, const QString &name);

} // namespace posthorn::ui
