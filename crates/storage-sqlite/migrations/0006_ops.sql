-- Webhooks: who is told of events, and how far they were.
CREATE TABLE webhooks (
    id              TEXT    NOT NULL PRIMARY KEY,
    url             TEXT    NOT NULL,
    label           TEXT    NOT NULL,
    types           TEXT,             -- sorted, joined by one space; null for all
    namespace       TEXT,
    form            TEXT    NOT NULL,
    secret          BLOB    NOT NULL, -- sealed with a key that is not in the database
    previous_secret BLOB,
    previous_until  INTEGER CHECK ((previous_until IS NULL) = (previous_secret IS NULL)),
    created_by      TEXT    NOT NULL REFERENCES principals (name),
    created_at      INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    disabled_at     INTEGER,
    disabled_reason TEXT    CHECK ((disabled_reason IS NULL) = (disabled_at IS NULL)),
    failing_since   INTEGER,
    attempts        INTEGER NOT NULL CHECK ((attempts > 0) = (failing_since IS NOT NULL)),
    next_attempt    INTEGER CHECK ((next_attempt IS NULL) = (failing_since IS NULL)),
    lease_owner     TEXT,
    lease_until     INTEGER CHECK ((lease_until IS NULL) = (lease_owner IS NULL)),
    revision        INTEGER NOT NULL
) STRICT;
