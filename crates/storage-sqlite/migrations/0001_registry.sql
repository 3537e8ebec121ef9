-- Times are whole milliseconds since the Unix epoch. Digests are text, `sha256:` and 64 hexadecimal digits.
-- Text columns with a fixed set of words name the same words as the JSON, the logs and the documents.

CREATE TABLE principals (
    name       TEXT    NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id           TEXT    NOT NULL PRIMARY KEY,
    principal    TEXT    NOT NULL REFERENCES principals (name),
    roles        TEXT    NOT NULL, -- sorted words, joined by one space
    label        TEXT    NOT NULL,
    hash         BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER
) STRICT;

-- A key belongs to one principal for ever, whatever it is used for.
CREATE TABLE keys (
    key_id    TEXT NOT NULL PRIMARY KEY,
    principal TEXT NOT NULL REFERENCES principals (name)
) STRICT;

CREATE TABLE grants (
    id           TEXT    NOT NULL PRIMARY KEY,
    namespace    TEXT    NOT NULL,
    principal    TEXT    NOT NULL REFERENCES principals (name),
    key_id       TEXT    NOT NULL REFERENCES keys (key_id),
    public_key   TEXT    NOT NULL,
    granted_by   TEXT    NOT NULL REFERENCES principals (name),
    granted_at   INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;

CREATE UNIQUE INDEX grants_namespace_key ON grants (namespace, key_id) WHERE withdrawn_at IS NULL;

CREATE TABLE approvers (
    id            TEXT    NOT NULL PRIMARY KEY,
    principal     TEXT    NOT NULL REFERENCES principals (name),
    key_id        TEXT    NOT NULL REFERENCES keys (key_id),
    public_key    TEXT    NOT NULL,
    scope         TEXT    NOT NULL, -- `*` or one namespace
    registered_by TEXT    NOT NULL REFERENCES principals (name),
    registered_at INTEGER NOT NULL,
    withdrawn_at  INTEGER
) STRICT;

CREATE UNIQUE INDEX approvers_scope_key ON approvers (scope, key_id) WHERE withdrawn_at IS NULL;

CREATE TABLE attestations (
    digest TEXT NOT NULL PRIMARY KEY, -- of the bytes
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE change_reports (
    digest TEXT NOT NULL PRIMARY KEY, -- of the bytes
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE servers (
    name TEXT NOT NULL PRIMARY KEY
) STRICT;

-- What names look like: two names that a person could take for each other share a skeleton.
CREATE TABLE skeletons (
    skeleton TEXT NOT NULL PRIMARY KEY,
    server   TEXT NOT NULL REFERENCES servers (name)
) STRICT;

CREATE TABLE submissions (
    id           TEXT    NOT NULL PRIMARY KEY,
    server       TEXT    NOT NULL REFERENCES servers (name),
    version      TEXT    NOT NULL,
    manifest     TEXT    NOT NULL UNIQUE, -- digest of the signed payload
    attestation  TEXT    NOT NULL REFERENCES attestations (digest),
    server_json  TEXT    NOT NULL,
    publisher    TEXT    NOT NULL REFERENCES principals (name),
    signer       TEXT    NOT NULL, -- id of the key that signed
    signer_key   TEXT    NOT NULL, -- the key itself
    submitted_by TEXT    NOT NULL REFERENCES principals (name),
    submitted_at INTEGER NOT NULL,
    -- The review.
    replaces     TEXT,
    changes      TEXT    NOT NULL REFERENCES change_reports (digest),
    grade        TEXT    NOT NULL CHECK (grade IN ('none', 'notice', 'review', 'block', 'refuse')),
    change_count INTEGER NOT NULL,
    -- The state. A column is set where the state has it, and only there.
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'live', 'superseded', 'rejected', 'revoked')),
    live_since   INTEGER CHECK ((live_since IS NOT NULL) >= (state IN ('live', 'superseded'))
                            AND (live_since IS NULL) >= (state IN ('pending', 'rejected'))),
    ended_at     INTEGER CHECK ((ended_at IS NOT NULL) = (state IN ('superseded', 'rejected', 'revoked'))),
    ended_by     TEXT    CHECK ((ended_by IS NOT NULL) = (state IN ('superseded', 'rejected', 'revoked'))),
    reason       TEXT    CHECK ((reason IS NOT NULL) = (state = 'rejected')),
    revision     INTEGER NOT NULL,
    UNIQUE (server, version)
) STRICT;

CREATE INDEX submissions_state ON submissions (state, id);
CREATE INDEX submissions_once_live ON submissions (server, live_since) WHERE live_since IS NOT NULL;

CREATE TABLE live (
    server     TEXT    NOT NULL REFERENCES servers (name),
    ring       TEXT    NOT NULL,
    submission TEXT    NOT NULL REFERENCES submissions (id),
    since      INTEGER NOT NULL,
    PRIMARY KEY (server, ring)
) STRICT;

CREATE TABLE consents (
    sequence    INTEGER NOT NULL PRIMARY KEY,
    digest      TEXT    NOT NULL, -- of the signed payload
    manifest    TEXT    NOT NULL REFERENCES submissions (manifest),
    attestation TEXT    NOT NULL REFERENCES attestations (digest),
    principal   TEXT    NOT NULL REFERENCES principals (name),
    decision    TEXT    NOT NULL CHECK (decision IN ('approve', 'reject')),
    received_at INTEGER NOT NULL,
    UNIQUE (digest, principal) -- two people may say the very same
) STRICT;

CREATE INDEX consents_manifest ON consents (manifest, sequence);

CREATE TABLE revocations (
    id          TEXT    NOT NULL PRIMARY KEY,
    scope       TEXT    NOT NULL CHECK (scope IN ('manifest', 'version', 'server', 'signer', 'approver')),
    target      TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    effective   INTEGER NOT NULL,
    attestation TEXT    REFERENCES attestations (digest),
    principal   TEXT    NOT NULL REFERENCES principals (name),
    received_at INTEGER NOT NULL,
    UNIQUE (scope, target)
) STRICT;

-- Without gaps: the transparency log takes a leaf's index from its sequence.
CREATE TABLE events (
    sequence INTEGER NOT NULL PRIMARY KEY,
    leaf     BLOB    NOT NULL
) STRICT;

-- What is immutable is so for every program that opens this file, not for ours alone.
CREATE TRIGGER attestations_keep BEFORE UPDATE ON attestations BEGIN SELECT RAISE(ABORT, 'attestations never change'); END;
CREATE TRIGGER attestations_stay BEFORE DELETE ON attestations BEGIN SELECT RAISE(ABORT, 'attestations never change'); END;
CREATE TRIGGER change_reports_keep BEFORE UPDATE ON change_reports BEGIN SELECT RAISE(ABORT, 'change reports never change'); END;
CREATE TRIGGER change_reports_stay BEFORE DELETE ON change_reports BEGIN SELECT RAISE(ABORT, 'change reports never change'); END;
CREATE TRIGGER consents_keep BEFORE UPDATE ON consents BEGIN SELECT RAISE(ABORT, 'consents never change'); END;
CREATE TRIGGER consents_stay BEFORE DELETE ON consents BEGIN SELECT RAISE(ABORT, 'consents never change'); END;
CREATE TRIGGER revocations_keep BEFORE UPDATE ON revocations BEGIN SELECT RAISE(ABORT, 'revocations never change'); END;
CREATE TRIGGER revocations_stay BEFORE DELETE ON revocations BEGIN SELECT RAISE(ABORT, 'revocations never change'); END;
CREATE TRIGGER events_keep BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events never change'); END;
CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events never change'); END;
CREATE TRIGGER submissions_stay BEFORE DELETE ON submissions BEGIN SELECT RAISE(ABORT, 'submissions stay'); END;
CREATE TRIGGER submissions_keep BEFORE UPDATE OF id, server, version, manifest, attestation, server_json, publisher, signer, signer_key, submitted_by, submitted_at ON submissions
BEGIN SELECT RAISE(ABORT, 'the content of a submission never changes'); END;
