-- Rosters that were handed over, until they were taken in or dropped; staff only.
CREATE TABLE roster_import (
    id BLOB PRIMARY KEY,
    district TEXT NOT NULL,
    stage TEXT NOT NULL,
    begun TEXT NOT NULL,
    applied TEXT,
    view TEXT,
    created_at TEXT NOT NULL
);
CREATE INDEX roster_import_district ON roster_import (district, stage);
CREATE TABLE roster_piece (
    import BLOB NOT NULL,
    nth INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (import, nth)
);
