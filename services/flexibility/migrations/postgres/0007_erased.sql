-- Keys whose words were erased, wherever they stand sealed under them, and when: said in the place of the words.
CREATE TABLE erased (
    key TEXT PRIMARY KEY,
    district TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL
);

-- When words were erased, and for whom something was before it was widened, is made again from the log.
DELETE FROM register_row;
DELETE FROM rests;
DELETE FROM met;
DELETE FROM pattern;
DELETE FROM waiver;
DELETE FROM review;
DELETE FROM doc;
DELETE FROM doc_words;
DELETE FROM directory_event;
DELETE FROM set_aside;
DELETE FROM checkpoint;
