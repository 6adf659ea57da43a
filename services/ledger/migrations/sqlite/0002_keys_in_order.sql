-- In which order keys came to sign.
ALTER TABLE signing_key ADD COLUMN nth INTEGER NOT NULL DEFAULT 0;
