-- What the log commits to beside decisions: what is live or revoked after them. A snapshot names its parts by digest. They follow
-- from the other tables, and are kept so that all nodes show the same; older ones are forgotten.
CREATE TABLE state_snapshots (
    sequence INTEGER NOT NULL PRIMARY KEY CHECK (sequence > 0), -- of the event that commits to it
    document BLOB NOT NULL
) STRICT;

CREATE TABLE state_parts (
    digest      TEXT NOT NULL PRIMARY KEY,
    document    BLOB NOT NULL,
    replaced_at INTEGER -- the sequence of the first snapshot that has it no longer
) STRICT;

CREATE INDEX state_parts_replaced ON state_parts (replaced_at) WHERE replaced_at IS NOT NULL;
