-- Passwords, hashed, by person; the name they sign in with may be that of people in several districts.
CREATE TABLE account (
    person UUID PRIMARY KEY,
    district TEXT NOT NULL,
    login TEXT NOT NULL,
    hash TEXT NOT NULL,
    set_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX account_login ON account (login);
-- Links with which a password is chosen, by the SHA-256 of their secret.
CREATE TABLE link (
    digest TEXT PRIMARY KEY,
    person UUID NOT NULL,
    district TEXT NOT NULL,
    until TIMESTAMPTZ NOT NULL
);
CREATE INDEX link_person ON link (person);
-- What was tried without success, by a digest of the name or the device.
CREATE TABLE attempt (
    tried TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last TIMESTAMPTZ NOT NULL,
    until TIMESTAMPTZ
);
CREATE INDEX attempt_last ON attempt (last);
-- Devices that somebody signed in from, by the SHA-256 of what they keep.
CREATE TABLE device (
    digest TEXT PRIMARY KEY,
    person UUID NOT NULL,
    last TIMESTAMPTZ NOT NULL
);
-- When a session was last used: one that nobody uses ends.
ALTER TABLE credential ADD COLUMN used_at TIMESTAMPTZ;
