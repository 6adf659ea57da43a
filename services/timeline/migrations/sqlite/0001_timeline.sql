-- What people see: all of it follows from the log.
CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE set_aside (sequence INTEGER PRIMARY KEY, subject TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE directory_event (sequence INTEGER PRIMARY KEY, subject TEXT NOT NULL, envelope TEXT NOT NULL);

-- One row a loop. Keyed by the sequence of its filing, which grows; its id is unique beside it.
CREATE TABLE loop_row (
    filed_seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    district TEXT NOT NULL,
    number TEXT NOT NULL,
    version INTEGER NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    unconfirmed INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    resolution_kind TEXT,
    department BLOB,
    holder TEXT NOT NULL,
    holder_ref BLOB,
    area TEXT NOT NULL,
    kind TEXT NOT NULL,
    urgency TEXT NOT NULL,
    visibility TEXT NOT NULL,
    leader_asked INTEGER NOT NULL,
    matter_team BLOB,
    assignee BLOB,
    schools_count INTEGER NOT NULL,
    paused INTEGER NOT NULL,
    due_acknowledge TEXT,
    due_next_word TEXT,
    due_resolve TEXT,
    next_due TEXT,
    next_clock TEXT,
    filed_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX loop_row_district ON loop_row (district, is_open, filed_seq);
CREATE INDEX loop_row_due ON loop_row (district, next_due, filed_seq) WHERE next_due IS NOT NULL;
CREATE INDEX loop_row_department ON loop_row (department, is_open, next_due);
CREATE INDEX loop_row_changed ON loop_row (district, version);
CREATE INDEX loop_row_number ON loop_row (district, number);

CREATE TABLE loop_school (
    loop BLOB NOT NULL,
    school BLOB NOT NULL,
    district TEXT NOT NULL,
    state TEXT NOT NULL,
    unconfirmed INTEGER NOT NULL,
    follow_up_asked INTEGER NOT NULL,
    filed_seq INTEGER NOT NULL,
    PRIMARY KEY (loop, school)
) WITHOUT ROWID;
CREATE INDEX loop_school_school ON loop_school (school, filed_seq);

-- Departments that have, had or help with a loop.
CREATE TABLE loop_department (
    loop BLOB NOT NULL,
    department BLOB NOT NULL,
    filed_seq INTEGER NOT NULL,
    PRIMARY KEY (loop, department)
) WITHOUT ROWID;
CREATE INDEX loop_department_department ON loop_department (department, filed_seq);

-- People named in a loop, who see it even if it is confidential.
CREATE TABLE loop_person (
    loop BLOB NOT NULL,
    person BLOB NOT NULL,
    PRIMARY KEY (loop, person)
) WITHOUT ROWID;

-- Teams before which a loop lies or lay.
CREATE TABLE loop_team (
    loop BLOB NOT NULL,
    team BLOB NOT NULL,
    PRIMARY KEY (loop, team)
) WITHOUT ROWID;
CREATE INDEX loop_team_team ON loop_team (team);

-- Every event of a loop, its words sealed as in the log: opened when they are read.
CREATE TABLE entry (
    sequence INTEGER PRIMARY KEY,
    loop BLOB NOT NULL,
    district TEXT NOT NULL,
    id BLOB NOT NULL,
    time TEXT NOT NULL,
    kind TEXT NOT NULL,
    type TEXT NOT NULL,
    actor TEXT NOT NULL,
    internal INTEGER NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX entry_loop ON entry (loop, sequence);

-- Who had a loop and in what state, from one event to another: the time in each stage, at any past moment too.
CREATE TABLE stay (
    loop BLOB NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER,
    district TEXT NOT NULL,
    from_at TEXT NOT NULL,
    to_at TEXT,
    state TEXT NOT NULL,
    holder TEXT NOT NULL,
    department BLOB,
    paused INTEGER NOT NULL,
    PRIMARY KEY (loop, from_seq)
) WITHOUT ROWID;
CREATE INDEX stay_district ON stay (district, to_at);

CREATE TABLE person (id BLOB PRIMARY KEY, district TEXT NOT NULL, name TEXT NOT NULL) WITHOUT ROWID;

CREATE VIRTUAL TABLE loop_search USING fts5 (
    title, body, content = '', contentless_delete = 1, tokenize = 'porter unicode61'
);
