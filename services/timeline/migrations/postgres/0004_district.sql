-- Whose an event is stands in its subject; with it in a column, each district's are kept apart.
ALTER TABLE directory_event ADD COLUMN district TEXT NOT NULL GENERATED ALWAYS AS (split_part(subject, '.', 2)) STORED;
ALTER TABLE set_aside ADD COLUMN district TEXT NOT NULL GENERATED ALWAYS AS (split_part(subject, '.', 2)) STORED;
-- Nobody finds the departments, people and teams of another district's loops by their ids alone.
ALTER TABLE loop_department ADD COLUMN district TEXT NOT NULL DEFAULT '';
UPDATE loop_department SET district = loop_row.district FROM loop_row WHERE loop_row.id = loop_department.loop;
ALTER TABLE loop_person ADD COLUMN district TEXT NOT NULL DEFAULT '';
UPDATE loop_person SET district = loop_row.district FROM loop_row WHERE loop_row.id = loop_person.loop;
ALTER TABLE loop_team ADD COLUMN district TEXT NOT NULL DEFAULT '';
UPDATE loop_team SET district = loop_row.district FROM loop_row WHERE loop_row.id = loop_team.loop;
ALTER TABLE loop_department ALTER COLUMN district DROP DEFAULT;
ALTER TABLE loop_person ALTER COLUMN district DROP DEFAULT;
ALTER TABLE loop_team ALTER COLUMN district DROP DEFAULT;
