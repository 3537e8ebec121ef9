-- The whole life of a version: `approved` and `expired` beside the other states, and its way through the rings.
--
-- A CHECK cannot be changed in place, so `submissions` is written anew, and with it whatever refers to it: the copies refer
-- to the copy, the old tables go from the leaves to the root, and renaming carries the references along.
CREATE TABLE new_submissions (
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
    state        TEXT    NOT NULL
                 CHECK (state IN ('pending', 'approved', 'live', 'superseded', 'rejected', 'revoked', 'expired')),
    approved_at  INTEGER CHECK ((approved_at IS NOT NULL) = (state = 'approved')),
    live_since   INTEGER CHECK ((live_since IS NOT NULL) >= (state IN ('live', 'superseded'))
                            AND (live_since IS NULL) >= (state IN ('pending', 'approved', 'rejected'))),
    ended_at     INTEGER CHECK ((ended_at IS NOT NULL) = (state IN ('superseded', 'rejected', 'revoked', 'expired'))),
    ended_by     TEXT    CHECK ((ended_by IS NOT NULL) = (state IN ('superseded', 'rejected', 'revoked'))),
    reason       TEXT    CHECK ((reason IS NOT NULL) = (state = 'rejected')),
    revision     INTEGER NOT NULL,
    instance     TEXT,
    UNIQUE (server, version)
) STRICT;

INSERT INTO new_submissions (
    id, server, version, manifest, attestation, server_json, publisher, signer, signer_key, submitted_by, submitted_at,
    replaces, changes, grade, change_count, state, live_since, ended_at, ended_by, reason, revision, instance
)
SELECT
    id, server, version, manifest, attestation, server_json, publisher, signer, signer_key, submitted_by, submitted_at,
    replaces, changes, grade, change_count, state, live_since, ended_at, ended_by, reason, revision, instance
FROM submissions;

CREATE TABLE new_live (
    server     TEXT    NOT NULL REFERENCES servers (name),
    ring       TEXT    NOT NULL,
    submission TEXT    NOT NULL REFERENCES new_submissions (id),
    since      INTEGER NOT NULL,
    PRIMARY KEY (server, ring)
) STRICT;

INSERT INTO new_live (server, ring, submission, since) SELECT server, ring, submission, since FROM live;

CREATE TABLE new_consents (
    sequence    INTEGER NOT NULL PRIMARY KEY,
    digest      TEXT    NOT NULL, -- of the signed payload
    manifest    TEXT    NOT NULL REFERENCES new_submissions (manifest),
    attestation TEXT    NOT NULL REFERENCES attestations (digest),
    principal   TEXT    NOT NULL REFERENCES principals (name),
    decision    TEXT    NOT NULL CHECK (decision IN ('approve', 'reject')),
    received_at INTEGER NOT NULL,
    UNIQUE (digest, principal) -- two people may say the very same
) STRICT;

INSERT INTO new_consents (sequence, digest, manifest, attestation, principal, decision, received_at)
SELECT sequence, digest, manifest, attestation, principal, decision, received_at FROM consents;

CREATE TABLE new_submission_evidence (
    submission TEXT    NOT NULL REFERENCES new_submissions (id),
    position   INTEGER NOT NULL, -- 0, 1, 2 … as it came
    evidence   TEXT    NOT NULL REFERENCES evidence (digest),
    PRIMARY KEY (submission, position)
) STRICT;

INSERT INTO new_submission_evidence (submission, position, evidence)
SELECT submission, position, evidence FROM submission_evidence;

DROP TABLE submission_evidence;
DROP TABLE consents;
DROP TABLE live;
DROP TABLE submissions;
ALTER TABLE new_submissions RENAME TO submissions;
ALTER TABLE new_live RENAME TO live;
ALTER TABLE new_consents RENAME TO consents;
ALTER TABLE new_submission_evidence RENAME TO submission_evidence;

CREATE INDEX submissions_state ON submissions (state, id);
CREATE INDEX submissions_once_live ON submissions (server, live_since) WHERE live_since IS NOT NULL;
CREATE INDEX consents_manifest ON consents (manifest, sequence);
CREATE INDEX live_submission ON live (submission);

CREATE TRIGGER consents_keep BEFORE UPDATE ON consents BEGIN SELECT RAISE(ABORT, 'consents never change'); END;
CREATE TRIGGER consents_stay BEFORE DELETE ON consents BEGIN SELECT RAISE(ABORT, 'consents never change'); END;
CREATE TRIGGER submissions_stay BEFORE DELETE ON submissions BEGIN SELECT RAISE(ABORT, 'submissions stay'); END;
CREATE TRIGGER submissions_keep BEFORE UPDATE OF id, server, version, manifest, attestation, server_json, publisher, signer, signer_key, submitted_by, submitted_at ON submissions
BEGIN SELECT RAISE(ABORT, 'the content of a submission never changes'); END;
CREATE TRIGGER submissions_keep_instance BEFORE UPDATE OF instance ON submissions
BEGIN SELECT RAISE(ABORT, 'the content of a submission never changes'); END;
CREATE TRIGGER submission_evidence_keep BEFORE UPDATE ON submission_evidence BEGIN SELECT RAISE(ABORT, 'evidence never changes'); END;
CREATE TRIGGER submission_evidence_stay BEFORE DELETE ON submission_evidence BEGIN SELECT RAISE(ABORT, 'evidence never changes'); END;

CREATE TABLE rollouts (
    submission  TEXT    NOT NULL PRIMARY KEY REFERENCES submissions (id),
    server      TEXT    NOT NULL REFERENCES servers (name),
    ring        TEXT, -- the last one that it reached
    since       INTEGER NOT NULL,
    progress    TEXT    NOT NULL CHECK (progress IN ('running', 'paused', 'halted', 'complete', 'ended')),
    halt_cause  TEXT    CHECK ((halt_cause IS NOT NULL) = (progress = 'halted')),
    stopped_at  INTEGER CHECK ((stopped_at IS NOT NULL) = (progress IN ('paused', 'halted'))),
    stopped_by  TEXT    CHECK ((stopped_by IS NOT NULL) = (progress IN ('paused', 'halted'))),
    stop_reason TEXT    CHECK ((stop_reason IS NOT NULL) = (progress IN ('paused', 'halted'))),
    revision    INTEGER NOT NULL
) STRICT;

CREATE INDEX rollouts_server ON rollouts (server, submission);
CREATE INDEX rollouts_open ON rollouts (submission) WHERE progress IN ('running', 'paused', 'halted');

-- What a ring served, and why it serves something else: what a rollback goes back to.
CREATE TABLE ring_moves (
    sequence INTEGER NOT NULL PRIMARY KEY,
    server   TEXT    NOT NULL REFERENCES servers (name),
    ring     TEXT    NOT NULL,
    before   TEXT    REFERENCES submissions (id),
    after    TEXT    REFERENCES submissions (id),
    cause    TEXT    NOT NULL CHECK (cause IN ('approval', 'soak', 'promotion', 'rollback', 'break-glass', 'break-glass-end', 'revocation', 'retirement')),
    actor    TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE INDEX ring_moves_server ON ring_moves (server, sequence);

-- What is live was brought there by consents.
INSERT INTO ring_moves (server, ring, before, after, cause, actor, reason, at)
SELECT server, ring, NULL, submission, 'approval', 'registry', '', since FROM live ORDER BY server, ring;
INSERT INTO rollouts (submission, server, ring, since, progress, revision)
SELECT submission, server, ring, since, 'complete', 0 FROM live;

CREATE TABLE break_glass (
    id         TEXT    NOT NULL PRIMARY KEY,
    submission TEXT    NOT NULL REFERENCES submissions (id),
    server     TEXT    NOT NULL REFERENCES servers (name),
    rings      TEXT    NOT NULL, -- sorted, joined by one space
    principal  TEXT    NOT NULL REFERENCES principals (name),
    reason     TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER,
    ended_how  TEXT    CHECK (ended_how IN ('approved', 'expired', 'replaced', 'revoked')),
    CHECK ((ended_at IS NULL) = (ended_how IS NULL))
) STRICT;

CREATE INDEX break_glass_server ON break_glass (server, id);
CREATE INDEX break_glass_open ON break_glass (id) WHERE ended_at IS NULL;

CREATE TABLE drift_reports (
    id         TEXT    NOT NULL PRIMARY KEY,
    submission TEXT    NOT NULL REFERENCES submissions (id),
    principal  TEXT    NOT NULL REFERENCES principals (name),
    kind       TEXT    NOT NULL CHECK (kind IN ('drift', 'error')),
    seen       TEXT, -- the digest of the surface that the client saw
    detail     TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    UNIQUE (submission, principal, kind) -- a client counts once
) STRICT;

CREATE TRIGGER ring_moves_keep BEFORE UPDATE ON ring_moves BEGIN SELECT RAISE(ABORT, 'what a ring served never changes'); END;
CREATE TRIGGER ring_moves_stay BEFORE DELETE ON ring_moves BEGIN SELECT RAISE(ABORT, 'what a ring served never changes'); END;
CREATE TRIGGER break_glass_stay BEFORE DELETE ON break_glass BEGIN SELECT RAISE(ABORT, 'break-glass records stay'); END;
CREATE TRIGGER break_glass_keep BEFORE UPDATE OF id, submission, server, rings, principal, reason, at, expires_at ON break_glass
BEGIN SELECT RAISE(ABORT, 'a break-glass record only ends'); END;
CREATE TRIGGER break_glass_end BEFORE UPDATE ON break_glass WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a break-glass that ended never changes'); END;
CREATE TRIGGER drift_reports_keep BEFORE UPDATE ON drift_reports BEGIN SELECT RAISE(ABORT, 'reports never change'); END;
CREATE TRIGGER drift_reports_stay BEFORE DELETE ON drift_reports BEGIN SELECT RAISE(ABORT, 'reports never change'); END;
