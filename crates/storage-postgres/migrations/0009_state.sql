-- What the log commits to beside decisions. See the migration of the same number for SQLite for what the columns hold.
CREATE TABLE state_snapshots (
    sequence BIGINT NOT NULL PRIMARY KEY CHECK (sequence > 0),
    document BYTEA NOT NULL
);

CREATE TABLE state_parts (
    digest      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    document    BYTEA NOT NULL,
    replaced_at BIGINT
);

CREATE INDEX state_parts_replaced ON state_parts (replaced_at) WHERE replaced_at IS NOT NULL;
