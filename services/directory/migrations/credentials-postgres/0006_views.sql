-- Lists that somebody keeps under a name: theirs alone, and no part of the record.
CREATE TABLE kept_view (
    person UUID NOT NULL,
    id UUID NOT NULL,
    district TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (person, id)
);
