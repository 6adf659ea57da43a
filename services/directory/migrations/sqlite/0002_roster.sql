-- How people are known to rosters, and whether they may sign in. What was kept before is made again from the log.

DELETE FROM person;
DELETE FROM membership;
DELETE FROM set_aside;
DELETE FROM checkpoint;
DROP TABLE role_grant;

ALTER TABLE person ADD COLUMN sourced_id TEXT;
ALTER TABLE person ADD COLUMN email TEXT;
ALTER TABLE person ADD COLUMN username TEXT;
ALTER TABLE person ADD COLUMN user_ids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE person ADD COLUMN held TEXT NOT NULL DEFAULT '[]';
ALTER TABLE person ADD COLUMN roster_disabled BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE person ADD COLUMN hand_disabled BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX person_sourced ON person (district, sourced_id);
CREATE INDEX person_email ON person (district, email);

-- Where a role holds, and who says so: the roster, or the district itself.
CREATE TABLE role_grant (
    person BLOB NOT NULL,
    district TEXT NOT NULL,
    role TEXT NOT NULL,
    place TEXT NOT NULL,
    origin TEXT NOT NULL,
    PRIMARY KEY (person, role, place, origin)
);
CREATE INDEX role_grant_place ON role_grant (district, place);
