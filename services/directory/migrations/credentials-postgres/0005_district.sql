-- Whose the rows of a roster are, so that each district's are kept apart.
ALTER TABLE roster_piece ADD COLUMN district TEXT NOT NULL DEFAULT '';
UPDATE roster_piece SET district = roster_import.district FROM roster_import WHERE roster_import.id = roster_piece.import;
ALTER TABLE roster_piece ALTER COLUMN district DROP DEFAULT;
