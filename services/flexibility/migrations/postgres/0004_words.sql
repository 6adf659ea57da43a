-- Words in a table of their own: beside the texts, rows were so large that their words were kept out of line, and each
-- search unpacked thousands of them.
DROP INDEX doc_words;
CREATE TABLE doc_words (
    seq BIGINT PRIMARY KEY,
    district TEXT NOT NULL,
    words TSVECTOR NOT NULL
);
INSERT INTO doc_words (seq, district, words) SELECT seq, district, words FROM doc;
ALTER TABLE doc DROP COLUMN words;
CREATE INDEX doc_words_words ON doc_words USING gin (words);
