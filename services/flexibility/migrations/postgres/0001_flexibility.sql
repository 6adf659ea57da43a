-- The register, the loops that rest on it, and what is searched for the words somebody types; all of it follows from
-- the log.
CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, position BIGINT NOT NULL);
CREATE TABLE set_aside (sequence BIGINT PRIMARY KEY, subject TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE directory_event (sequence BIGINT PRIMARY KEY, subject TEXT NOT NULL, envelope TEXT NOT NULL);

-- A part of the register as it stood from one event to the next; the last has no end.
CREATE TABLE register_row (
    from_seq BIGINT PRIMARY KEY,
    to_seq BIGINT,
    from_at TIMESTAMPTZ NOT NULL,
    to_at TIMESTAMPTZ,
    id UUID NOT NULL,
    district TEXT NOT NULL,
    says TEXT NOT NULL,
    area TEXT NOT NULL,
    department UUID NOT NULL,
    scope TEXT NOT NULL,
    standing TEXT NOT NULL,
    rule TEXT NOT NULL,
    ends_on DATE,
    title TEXT NOT NULL,
    first_seq BIGINT NOT NULL,
    turn TEXT,
    turn_event UUID,
    turn_seq BIGINT,
    state TEXT NOT NULL
);
CREATE INDEX register_row_id ON register_row (id, from_seq);
CREATE INDEX register_row_now ON register_row (district, first_seq) WHERE to_seq IS NULL;
CREATE INDEX register_row_end ON register_row (ends_on) WHERE to_seq IS NULL AND standing = 'in_force';
CREATE INDEX register_row_rule ON register_row (district, rule) WHERE to_seq IS NULL;

-- The loops whose answer rests on a part of the register, and the last turn of it that each was told.
CREATE TABLE rests (
    loop UUID PRIMARY KEY,
    district TEXT NOT NULL,
    flexibility UUID NOT NULL,
    since_seq BIGINT NOT NULL,
    told UUID
);
CREATE INDEX rests_flexibility ON rests (flexibility);

-- What is searched: parts of the register, and open loops that others may join. Words are kept as the stems they are
-- found by.
CREATE TABLE doc (
    seq BIGINT PRIMARY KEY,
    district TEXT NOT NULL,
    kind TEXT NOT NULL,
    id UUID NOT NULL,
    area TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    rule TEXT NOT NULL,
    shown TEXT NOT NULL,
    words TSVECTOR NOT NULL
);
CREATE INDEX doc_words ON doc USING gin (words);
