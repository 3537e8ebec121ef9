-- Unsigned documents in quarantine, what publishers say about versions, and answers to requests that are done once.

CREATE TABLE drafts (
    id           TEXT    NOT NULL PRIMARY KEY,
    namespace    TEXT    NOT NULL, -- what stands before the slash of the server's name
    server       TEXT    NOT NULL, -- no row of `servers`: a draft reserves no name
    version      TEXT    NOT NULL,
    server_json  TEXT    NOT NULL,
    submitted_by TEXT    NOT NULL REFERENCES principals (name),
    submitted_at INTEGER NOT NULL,
    ended_at     INTEGER,
    outcome      TEXT    CHECK (outcome IN ('submitted', 'replaced', 'withdrawn')),
    ended_by     TEXT, -- the submission, the draft or the principal
    CHECK ((ended_at IS NULL) = (outcome IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL))
) STRICT;

CREATE UNIQUE INDEX drafts_open ON drafts (server, version) WHERE ended_at IS NULL;
CREATE INDEX drafts_open_namespace ON drafts (namespace) WHERE ended_at IS NULL;

CREATE TRIGGER drafts_stay BEFORE DELETE ON drafts BEGIN SELECT RAISE(ABORT, 'drafts stay'); END;
CREATE TRIGGER drafts_keep BEFORE UPDATE OF id, namespace, server, version, server_json, submitted_by, submitted_at ON drafts
BEGIN SELECT RAISE(ABORT, 'the content of a draft never changes'); END;

CREATE TABLE version_status (
    submission TEXT    NOT NULL PRIMARY KEY REFERENCES submissions (id),
    status     TEXT    NOT NULL CHECK (status IN ('active', 'deprecated')),
    message    TEXT,
    changed_at INTEGER NOT NULL,
    changed_by TEXT    NOT NULL REFERENCES principals (name)
) STRICT;

CREATE TABLE answers (
    id      TEXT    NOT NULL PRIMARY KEY, -- digest of the principal and the key
    request TEXT    NOT NULL, -- digest of what was asked
    sealed  BLOB    NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;

CREATE INDEX answers_end ON answers (ends_at);
