-- Whose they are, as PostgreSQL wants to know it.
ALTER TABLE loop_department ADD COLUMN district TEXT NOT NULL DEFAULT '';
UPDATE loop_department SET district = loop_row.district FROM loop_row WHERE loop_row.id = loop_department.loop;
ALTER TABLE loop_person ADD COLUMN district TEXT NOT NULL DEFAULT '';
UPDATE loop_person SET district = loop_row.district FROM loop_row WHERE loop_row.id = loop_person.loop;
ALTER TABLE loop_team ADD COLUMN district TEXT NOT NULL DEFAULT '';
UPDATE loop_team SET district = loop_row.district FROM loop_row WHERE loop_row.id = loop_team.loop;
