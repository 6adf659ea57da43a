-- What a session or token is ended by, what may be done with a token, and for whom a session acts.
ALTER TABLE credential ADD COLUMN id BLOB;
UPDATE credential SET id = randomblob(16);
CREATE UNIQUE INDEX credential_id ON credential (id);
ALTER TABLE credential ADD COLUMN scope TEXT;
ALTER TABLE credential ADD COLUMN acting_for BLOB;
-- What somebody's second step is made from, sealed; the last step of time whose code was used; and, until one was, to
-- whom it was shown.
CREATE TABLE second_step (
    person BLOB PRIMARY KEY,
    district TEXT NOT NULL,
    secret TEXT NOT NULL,
    used BIGINT NOT NULL,
    half TEXT NOT NULL
);
-- Whose an account elsewhere is, once it is known.
CREATE TABLE identity (
    district TEXT NOT NULL,
    provider TEXT NOT NULL,
    account TEXT NOT NULL,
    person BLOB NOT NULL,
    last TEXT NOT NULL,
    PRIMARY KEY (district, provider, account)
);
CREATE INDEX identity_person ON identity (person);
-- Whoever is on the way to a provider and back, by the digest of what it gives back.
CREATE TABLE sign_on (
    state TEXT PRIMARY KEY,
    district TEXT NOT NULL,
    provider TEXT NOT NULL,
    browser TEXT NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    back TEXT NOT NULL,
    until TEXT NOT NULL
);
CREATE INDEX sign_on_until ON sign_on (until);
CREATE INDEX sign_on_district ON sign_on (district, until);
-- What a provider and we share as a secret, sealed.
CREATE TABLE provider_secret (
    district TEXT NOT NULL,
    provider TEXT NOT NULL,
    secret TEXT NOT NULL,
    PRIMARY KEY (district, provider)
);
