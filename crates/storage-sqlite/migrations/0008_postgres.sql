-- What all nodes of one registry have in common: the key of their page cursors, and the id of the log's key. No secret
-- that a person holds is kept here, and nothing that is signed with.
CREATE TABLE agreements (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TRIGGER agreements_keep BEFORE UPDATE ON agreements BEGIN SELECT RAISE(ABORT, 'agreements never change'); END;
