-- The record once more, so that it can prove itself and be put back. What stands here stays: only the mirror of sealing
-- keys changes, since destroying a key is how words are erased.
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,
    district TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL
);

-- One row a message of the log, in its order; the sequence is how far the ledger has come.
CREATE TABLE entry (
    sequence INTEGER PRIMARY KEY,
    ledger INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    leaf BLOB NOT NULL
);

-- The tree: hashes of entries at level 0, of complete subtrees at every eighth level above.
CREATE TABLE node (
    ledger INTEGER NOT NULL,
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    hash BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (ledger, level, idx)
) WITHOUT ROWID;

CREATE TABLE signed (
    ledger INTEGER NOT NULL,
    size INTEGER NOT NULL,
    at TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (ledger, size)
) WITHOUT ROWID;

-- Keys that have signed.
CREATE TABLE signing_key (
    ledger INTEGER NOT NULL,
    verifier TEXT NOT NULL,
    PRIMARY KEY (ledger, verifier)
) WITHOUT ROWID;

-- What was wrong with the log, and where; and that the districts' records say so.
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (kind, from_seq, to_seq)
);
CREATE TABLE alarm_told (alarm INTEGER PRIMARY KEY);

-- Wrapped sealing keys, in case the broker's disk is lost. This alone is rewritten.
CREATE TABLE key_pool (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TRIGGER ledger_stays BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER ledger_remains BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER entry_remains BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER node_stays BEFORE UPDATE ON node BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER node_remains BEFORE DELETE ON node BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER signed_stays BEFORE UPDATE ON signed BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER signed_remains BEFORE DELETE ON signed BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER signing_key_stays BEFORE UPDATE ON signing_key BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER signing_key_remains BEFORE DELETE ON signing_key BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER alarm_stays BEFORE UPDATE ON alarm BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER alarm_remains BEFORE DELETE ON alarm BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER alarm_told_stays BEFORE UPDATE ON alarm_told BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER alarm_told_remains BEFORE DELETE ON alarm_told BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
