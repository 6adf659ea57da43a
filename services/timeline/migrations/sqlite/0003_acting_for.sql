-- For whom somebody stood in; nobody did before this column was there.
ALTER TABLE entry ADD COLUMN acting_for BLOB;
