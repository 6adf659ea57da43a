-- Whose the rows of a roster are, so that each district's are kept apart.
ALTER TABLE roster_piece ADD COLUMN district TEXT NOT NULL DEFAULT '';
UPDATE roster_piece SET district = COALESCE((SELECT district FROM roster_import WHERE id = roster_piece.import), '');
