-- Who acts for whom while they are away.
CREATE TABLE stand_in (
    person UUID NOT NULL,
    district TEXT NOT NULL,
    absent UUID NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    PRIMARY KEY (person, absent)
);
-- People are found by the address that they sign in with, in whichever district.
CREATE INDEX person_login ON person (email);
