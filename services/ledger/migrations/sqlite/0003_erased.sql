-- Keys of words that were erased, in the order of the log: they are destroyed again wherever they come back from.
CREATE TABLE erased (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
);
CREATE TRIGGER erased_stays BEFORE UPDATE ON erased BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER erased_remains BEFORE DELETE ON erased BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
