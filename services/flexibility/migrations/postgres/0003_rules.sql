-- Rules are told apart by the words and numbers that say which they are, not by how they are written: what follows from
-- that is made again from the log.

DELETE FROM register_row;
DELETE FROM rests;
DELETE FROM met;
DELETE FROM pattern;
DELETE FROM waiver;
DELETE FROM review;
DELETE FROM doc;
DELETE FROM directory_event;
DELETE FROM set_aside;
DELETE FROM checkpoint;
