-- The record once more, so that it can prove itself and be put back. What stands here stays: only the mirror of sealing
-- keys changes, since destroying a key is how words are erased.
CREATE TABLE ledger (
    id BIGINT PRIMARY KEY,
    district TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL
);

-- One row a message of the log, in its order; the sequence is how far the ledger has come.
CREATE TABLE entry (
    sequence BIGINT PRIMARY KEY,
    ledger BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    leaf BYTEA NOT NULL
);

-- The tree: hashes of entries at level 0, of complete subtrees at every eighth level above.
CREATE TABLE node (
    ledger BIGINT NOT NULL,
    level BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (ledger, level, idx)
);

CREATE TABLE signed (
    ledger BIGINT NOT NULL,
    size BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (ledger, size)
);

-- Keys that have signed.
CREATE TABLE signing_key (
    ledger BIGINT NOT NULL,
    verifier TEXT NOT NULL,
    PRIMARY KEY (ledger, verifier)
);

-- What was wrong with the log, and where; and that the districts' records say so.
CREATE TABLE alarm (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT NOT NULL,
    from_seq BIGINT NOT NULL,
    to_seq BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    UNIQUE (kind, from_seq, to_seq)
);
CREATE TABLE alarm_told (alarm BIGINT PRIMARY KEY);

-- Wrapped sealing keys, in case the broker's disk is lost. This alone is rewritten.
CREATE TABLE key_pool (name TEXT PRIMARY KEY, revision BIGINT NOT NULL, value BYTEA NOT NULL);

CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger only grows';
END
$$;
CREATE TRIGGER ledger_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger EXECUTE FUNCTION only_grows();
CREATE TRIGGER entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON entry EXECUTE FUNCTION only_grows();
CREATE TRIGGER node_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON node EXECUTE FUNCTION only_grows();
CREATE TRIGGER signed_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON signed EXECUTE FUNCTION only_grows();
CREATE TRIGGER signing_key_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON signing_key EXECUTE FUNCTION only_grows();
CREATE TRIGGER alarm_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON alarm EXECUTE FUNCTION only_grows();
CREATE TRIGGER alarm_told_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON alarm_told EXECUTE FUNCTION only_grows();
