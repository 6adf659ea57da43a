-- In which order keys came to sign.
ALTER TABLE signing_key ADD COLUMN nth BIGINT NOT NULL DEFAULT 0;
