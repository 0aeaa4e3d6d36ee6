-- What the last check of the store found: one row, none when it found nothing.
CREATE TABLE finding (id INTEGER NOT NULL PRIMARY KEY, faults INTEGER NOT NULL, first TEXT NOT NULL);
