-- What people see: all of it follows from the log.
CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, position BIGINT NOT NULL);
CREATE TABLE set_aside (sequence BIGINT PRIMARY KEY, subject TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE directory_event (sequence BIGINT PRIMARY KEY, subject TEXT NOT NULL, envelope TEXT NOT NULL);

-- One row a loop. Keyed by the sequence of its filing, which grows; its id is unique beside it.
CREATE TABLE loop_row (
    filed_seq BIGINT PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    district TEXT NOT NULL,
    number TEXT NOT NULL,
    version BIGINT NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    unconfirmed INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    resolution_kind TEXT,
    department UUID,
    holder TEXT NOT NULL,
    holder_ref UUID,
    area TEXT NOT NULL,
    kind TEXT NOT NULL,
    urgency TEXT NOT NULL,
    visibility TEXT NOT NULL,
    leader_asked INTEGER NOT NULL,
    matter_team UUID,
    assignee UUID,
    schools_count INTEGER NOT NULL,
    paused INTEGER NOT NULL,
    due_acknowledge DATE,
    due_next_word DATE,
    due_resolve DATE,
    next_due DATE,
    next_clock TEXT,
    filed_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);
CREATE INDEX loop_row_district ON loop_row (district, is_open, filed_seq);
CREATE INDEX loop_row_due ON loop_row (district, next_due, filed_seq) WHERE next_due IS NOT NULL;
CREATE INDEX loop_row_department ON loop_row (department, is_open, next_due);
CREATE INDEX loop_row_changed ON loop_row (district, version);
CREATE INDEX loop_row_number ON loop_row (district, number);

CREATE TABLE loop_school (
    loop UUID NOT NULL,
    school UUID NOT NULL,
    district TEXT NOT NULL,
    state TEXT NOT NULL,
    unconfirmed INTEGER NOT NULL,
    follow_up_asked INTEGER NOT NULL,
    filed_seq BIGINT NOT NULL,
    PRIMARY KEY (loop, school)
);
CREATE INDEX loop_school_school ON loop_school (school, filed_seq);

-- Departments that have, had or help with a loop.
CREATE TABLE loop_department (
    loop UUID NOT NULL,
    department UUID NOT NULL,
    filed_seq BIGINT NOT NULL,
    PRIMARY KEY (loop, department)
);
CREATE INDEX loop_department_department ON loop_department (department, filed_seq);

-- People named in a loop, who see it even if it is confidential.
CREATE TABLE loop_person (
    loop UUID NOT NULL,
    person UUID NOT NULL,
    PRIMARY KEY (loop, person)
);

-- Teams before which a loop lies or lay.
CREATE TABLE loop_team (
    loop UUID NOT NULL,
    team UUID NOT NULL,
    PRIMARY KEY (loop, team)
);
CREATE INDEX loop_team_team ON loop_team (team);

-- Every event of a loop, its words sealed as in the log: opened when they are read.
CREATE TABLE entry (
    sequence BIGINT PRIMARY KEY,
    loop UUID NOT NULL,
    district TEXT NOT NULL,
    id UUID NOT NULL,
    time TIMESTAMPTZ NOT NULL,
    kind TEXT NOT NULL,
    type TEXT NOT NULL,
    actor TEXT NOT NULL,
    internal INTEGER NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX entry_loop ON entry (loop, sequence);

-- Who had a loop and in what state, from one event to another: the time in each stage, at any past moment too.
CREATE TABLE stay (
    loop UUID NOT NULL,
    from_seq BIGINT NOT NULL,
    to_seq BIGINT,
    district TEXT NOT NULL,
    from_at TIMESTAMPTZ NOT NULL,
    to_at TIMESTAMPTZ,
    state TEXT NOT NULL,
    holder TEXT NOT NULL,
    department UUID,
    paused INTEGER NOT NULL,
    PRIMARY KEY (loop, from_seq)
);
CREATE INDEX stay_district ON stay (district, to_at);

CREATE TABLE person (id UUID PRIMARY KEY, district TEXT NOT NULL, name TEXT NOT NULL);

CREATE TABLE loop_search (filed_seq BIGINT PRIMARY KEY, words TSVECTOR NOT NULL);
CREATE INDEX loop_search_words ON loop_search USING gin (words);
