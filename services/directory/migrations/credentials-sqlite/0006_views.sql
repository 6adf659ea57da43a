-- Lists that somebody keeps under a name: theirs alone, and no part of the record.
CREATE TABLE kept_view (
    person BLOB NOT NULL,
    id BLOB NOT NULL,
    district TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (person, id)
);
