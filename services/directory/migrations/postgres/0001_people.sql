-- People and their roles; all of it follows from the log.
CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, position BIGINT NOT NULL);
CREATE TABLE set_aside (sequence BIGINT PRIMARY KEY, subject TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE person (
    id UUID PRIMARY KEY,
    district TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT,
    sequence BIGINT NOT NULL
);
CREATE INDEX person_district ON person (district, name);
CREATE TABLE role_grant (
    person UUID NOT NULL,
    district TEXT NOT NULL,
    role TEXT NOT NULL,
    place TEXT NOT NULL,
    PRIMARY KEY (person, role, place)
);
CREATE TABLE membership (
    team UUID NOT NULL,
    district TEXT NOT NULL,
    person UUID NOT NULL,
    PRIMARY KEY (team, person)
);
CREATE INDEX membership_person ON membership (person);
