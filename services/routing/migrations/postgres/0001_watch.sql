-- What time will bring about next, by loop; all of it follows from the log.
CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, position BIGINT NOT NULL);
CREATE TABLE set_aside (sequence BIGINT PRIMARY KEY, subject TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE directory_event (sequence BIGINT PRIMARY KEY, subject TEXT NOT NULL, envelope TEXT NOT NULL);
CREATE TABLE watch (
    id UUID PRIMARY KEY,
    district TEXT NOT NULL,
    next_at TIMESTAMPTZ,
    calendar_version INTEGER NOT NULL,
    running INTEGER NOT NULL
);
CREATE INDEX watch_next ON watch (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX watch_calendar ON watch (district, calendar_version) WHERE running = 1;
