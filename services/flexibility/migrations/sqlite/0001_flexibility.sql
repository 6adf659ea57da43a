-- The register, the loops that rest on it, and what is searched for the words somebody types; all of it follows from
-- the log.
CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE set_aside (sequence INTEGER PRIMARY KEY, subject TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE directory_event (sequence INTEGER PRIMARY KEY, subject TEXT NOT NULL, envelope TEXT NOT NULL);

-- A part of the register as it stood from one event to the next; the last has no end.
CREATE TABLE register_row (
    from_seq INTEGER PRIMARY KEY,
    to_seq INTEGER,
    from_at TEXT NOT NULL,
    to_at TEXT,
    id BLOB NOT NULL,
    district TEXT NOT NULL,
    says TEXT NOT NULL,
    area TEXT NOT NULL,
    department BLOB NOT NULL,
    scope TEXT NOT NULL,
    standing TEXT NOT NULL,
    rule TEXT NOT NULL,
    ends_on TEXT,
    title TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    turn TEXT,
    turn_event BLOB,
    turn_seq INTEGER,
    state TEXT NOT NULL
);
CREATE INDEX register_row_id ON register_row (id, from_seq);
CREATE INDEX register_row_now ON register_row (district, first_seq) WHERE to_seq IS NULL;
CREATE INDEX register_row_end ON register_row (ends_on) WHERE to_seq IS NULL AND standing = 'in_force';
CREATE INDEX register_row_rule ON register_row (district, rule) WHERE to_seq IS NULL;

-- The loops whose answer rests on a part of the register, and the last turn of it that each was told.
CREATE TABLE rests (
    loop BLOB PRIMARY KEY,
    district TEXT NOT NULL,
    flexibility BLOB NOT NULL,
    since_seq INTEGER NOT NULL,
    told BLOB
);
CREATE INDEX rests_flexibility ON rests (flexibility);

-- What is searched: parts of the register, and open loops that others may join. Words are kept as the stems they are
-- found by.
CREATE TABLE doc (
    seq INTEGER PRIMARY KEY,
    district TEXT NOT NULL,
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    area TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    rule TEXT NOT NULL,
    shown TEXT NOT NULL
);
CREATE VIRTUAL TABLE doc_words USING fts5 (
    title, text, rule, content = '', contentless_delete = 1, tokenize = 'unicode61'
);
