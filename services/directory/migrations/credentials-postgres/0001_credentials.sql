-- Sessions and tokens by the SHA-256 of their secret. Kept nowhere else.
CREATE TABLE credential (
    digest TEXT PRIMARY KEY,
    person UUID NOT NULL,
    district TEXT NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX credential_person ON credential (person);
