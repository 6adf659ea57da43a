-- Keys whose words were erased, wherever they stand sealed under them, and when: said in the place of the words.
CREATE TABLE erased (
    key TEXT PRIMARY KEY,
    district TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
