-- What loops and parts of the register have in common, requests to the state, and reviews. What was kept before is
-- made again from the log, so that it holds what is new here.

DELETE FROM register_row;
DELETE FROM rests;
DELETE FROM doc;
DROP TABLE doc_words;
CREATE VIRTUAL TABLE doc_words USING fts5 (
    district, title, text, rule, content = '', contentless_delete = 1, tokenize = 'unicode61'
);
DELETE FROM directory_event;
DELETE FROM set_aside;
DELETE FROM checkpoint;

ALTER TABLE register_row ADD COLUMN readers TEXT NOT NULL DEFAULT 'concerned';
ALTER TABLE register_row ADD COLUMN kind TEXT;
CREATE INDEX register_row_public ON register_row (district) WHERE to_seq IS NULL AND readers = 'public';

-- A school that met something: one row for each school of a loop.
CREATE TABLE met (
    loop BLOB NOT NULL,
    school BLOB NOT NULL,
    district TEXT NOT NULL,
    area TEXT NOT NULL,
    rule TEXT NOT NULL,
    cited TEXT NOT NULL,
    filed_seq INTEGER NOT NULL,
    filed_at TEXT NOT NULL,
    open INTEGER NOT NULL,
    confidential INTEGER NOT NULL,
    kind TEXT,
    ended_at TEXT,
    PRIMARY KEY (loop, school)
);
CREATE INDEX met_rule ON met (district, rule, filed_seq) WHERE rule <> '';
CREATE INDEX met_area ON met (district, area, filed_seq);

CREATE TABLE pattern (
    id BLOB PRIMARY KEY,
    district TEXT NOT NULL,
    basis TEXT NOT NULL,
    standing TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    decided_seq INTEGER,
    state TEXT NOT NULL
);
CREATE INDEX pattern_basis ON pattern (district, basis, first_seq);
CREATE INDEX pattern_all ON pattern (district, first_seq);

CREATE TABLE waiver (
    id BLOB PRIMARY KEY,
    district TEXT NOT NULL,
    loop BLOB NOT NULL,
    standing TEXT NOT NULL,
    decide_by TEXT,
    first_seq INTEGER NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX waiver_all ON waiver (district, first_seq);
CREATE INDEX waiver_loop ON waiver (loop);
CREATE INDEX waiver_due ON waiver (decide_by) WHERE standing = 'submitted';

CREATE TABLE review (
    id BLOB PRIMARY KEY,
    district TEXT NOT NULL,
    open INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX review_all ON review (district, first_seq);
