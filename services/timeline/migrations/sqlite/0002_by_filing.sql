-- A district's loops in the order they were filed, whatever state they are in: without it, the newest were found by
-- sorting all.
CREATE INDEX loop_row_filed ON loop_row (district, filed_seq);
