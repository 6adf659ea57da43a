-- Rosters that were handed over, until they were taken in or dropped; staff only.
CREATE TABLE roster_import (
    id UUID PRIMARY KEY,
    district TEXT NOT NULL,
    stage TEXT NOT NULL,
    begun TEXT NOT NULL,
    applied TEXT,
    view TEXT,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX roster_import_district ON roster_import (district, stage);
CREATE TABLE roster_piece (
    import UUID NOT NULL,
    nth BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (import, nth)
);
