-- Whose an event is stands in its subject; with it in a column, each district's are kept apart.
ALTER TABLE directory_event ADD COLUMN district TEXT NOT NULL GENERATED ALWAYS AS (split_part(subject, '.', 2)) STORED;
ALTER TABLE set_aside ADD COLUMN district TEXT NOT NULL GENERATED ALWAYS AS (split_part(subject, '.', 2)) STORED;
