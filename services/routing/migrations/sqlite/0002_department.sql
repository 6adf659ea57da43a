-- Who has a loop, so that what a department had can be found once it is no more. What was kept is made again from the log.
DELETE FROM watch;
DELETE FROM directory_event;
DELETE FROM set_aside;
DELETE FROM checkpoint;
ALTER TABLE watch ADD COLUMN department BLOB;
CREATE INDEX watch_department ON watch (department) WHERE running = 1;
-- Who speaks for a school in a loop; nobody once it has ended, or the school has left it.
CREATE TABLE speaks (
    loop BLOB NOT NULL,
    school BLOB NOT NULL,
    district TEXT NOT NULL,
    person BLOB,
    PRIMARY KEY (loop, school)
);
CREATE INDEX speaks_person ON speaks (person) WHERE person IS NOT NULL;
