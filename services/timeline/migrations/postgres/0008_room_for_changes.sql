-- Rows that change often find room for their next version beside them, so that their indexes stay as they are: those of
-- schools always, the others while the timeline is made from zero and has no index of what changes.
ALTER TABLE loop_row SET (fillfactor = 75);
ALTER TABLE loop_school SET (fillfactor = 75);
ALTER TABLE stay SET (fillfactor = 85);
-- Sealed words cannot be made smaller and are read with their event: where they fit into a page, no trying and no second
-- table.
ALTER TABLE entry SET (toast_tuple_target = 8160);
