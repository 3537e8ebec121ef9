-- Webhooks: who is told of events, and how far they were. See the migration of the same number for SQLite for what the
-- columns hold.
CREATE TABLE webhooks (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    url             TEXT NOT NULL,
    label           TEXT NOT NULL,
    types           TEXT,
    namespace       TEXT COLLATE "C",
    form            TEXT NOT NULL,
    secret          BYTEA NOT NULL,
    previous_secret BYTEA,
    previous_until  BIGINT CHECK ((previous_until IS NULL) = (previous_secret IS NULL)),
    created_by      TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    created_at      BIGINT NOT NULL,
    position        BIGINT NOT NULL,
    disabled_at     BIGINT,
    disabled_reason TEXT CHECK ((disabled_reason IS NULL) = (disabled_at IS NULL)),
    failing_since   BIGINT,
    attempts        BIGINT NOT NULL CHECK ((attempts > 0) = (failing_since IS NOT NULL)),
    next_attempt    BIGINT CHECK ((next_attempt IS NULL) = (failing_since IS NULL)),
    lease_owner     TEXT,
    lease_until     BIGINT CHECK ((lease_until IS NULL) = (lease_owner IS NULL)),
    revision        BIGINT NOT NULL
);
