-- What time will bring about next, by loop; all of it follows from the log.
CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE set_aside (sequence INTEGER PRIMARY KEY, subject TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE directory_event (sequence INTEGER PRIMARY KEY, subject TEXT NOT NULL, envelope TEXT NOT NULL);
CREATE TABLE watch (
    id BLOB PRIMARY KEY,
    district TEXT NOT NULL,
    next_at TEXT,
    calendar_version INTEGER NOT NULL,
    running INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX watch_next ON watch (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX watch_calendar ON watch (district, calendar_version) WHERE running = 1;
