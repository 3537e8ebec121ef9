-- The whole life of a version: `approved` and `expired` beside the other states, and its way through the rings. See the
-- migration of the same number for SQLite for what the columns hold.
ALTER TABLE submissions ADD COLUMN approved_at BIGINT;

ALTER TABLE submissions
    DROP CONSTRAINT submissions_state_known,
    DROP CONSTRAINT submissions_live_since_fits,
    DROP CONSTRAINT submissions_ended_at_fits,
    ADD CONSTRAINT submissions_state_known
        CHECK (state IN ('pending', 'approved', 'live', 'superseded', 'rejected', 'revoked', 'expired')),
    ADD CONSTRAINT submissions_approved_at_fits CHECK ((approved_at IS NOT NULL) = (state = 'approved')),
    ADD CONSTRAINT submissions_live_since_fits
        CHECK ((live_since IS NOT NULL) >= (state IN ('live', 'superseded'))
           AND (live_since IS NULL) >= (state IN ('pending', 'approved', 'rejected'))),
    ADD CONSTRAINT submissions_ended_at_fits
        CHECK ((ended_at IS NOT NULL) = (state IN ('superseded', 'rejected', 'revoked', 'expired')));

CREATE INDEX live_submission ON live (submission);

CREATE TABLE rollouts (
    submission  TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES submissions (id),
    server      TEXT COLLATE "C" NOT NULL REFERENCES servers (name),
    ring        TEXT COLLATE "C",
    since       BIGINT NOT NULL,
    progress    TEXT NOT NULL CHECK (progress IN ('running', 'paused', 'halted', 'complete', 'ended')),
    halt_cause  TEXT CHECK ((halt_cause IS NOT NULL) = (progress = 'halted')),
    stopped_at  BIGINT CHECK ((stopped_at IS NOT NULL) = (progress IN ('paused', 'halted'))),
    stopped_by  TEXT CHECK ((stopped_by IS NOT NULL) = (progress IN ('paused', 'halted'))),
    stop_reason TEXT CHECK ((stop_reason IS NOT NULL) = (progress IN ('paused', 'halted'))),
    revision    BIGINT NOT NULL
);

CREATE INDEX rollouts_server ON rollouts (server, submission);
CREATE INDEX rollouts_open ON rollouts (submission) WHERE progress IN ('running', 'paused', 'halted');

CREATE TABLE ring_moves (
    -- As with consents: deciding transactions follow one another.
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server   TEXT COLLATE "C" NOT NULL REFERENCES servers (name),
    ring     TEXT COLLATE "C" NOT NULL,
    before   TEXT COLLATE "C" REFERENCES submissions (id),
    after    TEXT COLLATE "C" REFERENCES submissions (id),
    cause    TEXT NOT NULL CHECK (cause IN ('approval', 'soak', 'promotion', 'rollback', 'break-glass', 'break-glass-end', 'revocation', 'retirement')),
    actor    TEXT NOT NULL,
    reason   TEXT NOT NULL,
    at       BIGINT NOT NULL
);

CREATE INDEX ring_moves_server ON ring_moves (server, sequence);

INSERT INTO ring_moves (server, ring, before, after, cause, actor, reason, at)
SELECT server, ring, NULL, submission, 'approval', 'registry', '', since FROM live ORDER BY server, ring;
INSERT INTO rollouts (submission, server, ring, since, progress, revision)
SELECT submission, server, ring, since, 'complete', 0 FROM live;

CREATE TABLE break_glass (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    submission TEXT COLLATE "C" NOT NULL REFERENCES submissions (id),
    server     TEXT COLLATE "C" NOT NULL REFERENCES servers (name),
    rings      TEXT NOT NULL,
    principal  TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    reason     TEXT NOT NULL,
    at         BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at   BIGINT,
    ended_how  TEXT CHECK (ended_how IN ('approved', 'expired', 'replaced', 'revoked')),
    CHECK ((ended_at IS NULL) = (ended_how IS NULL))
);

CREATE INDEX break_glass_server ON break_glass (server, id);
CREATE INDEX break_glass_open ON break_glass (id) WHERE ended_at IS NULL;

CREATE TABLE drift_reports (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    submission TEXT COLLATE "C" NOT NULL REFERENCES submissions (id),
    principal  TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN ('drift', 'error')),
    seen       TEXT,
    detail     TEXT NOT NULL,
    at         BIGINT NOT NULL,
    UNIQUE (submission, principal, kind)
);

SELECT keep_rows('ring_moves', 'what a ring served never changes');
SELECT keep_rows('drift_reports', 'reports never change');

CREATE TRIGGER break_glass_stay BEFORE DELETE ON break_glass FOR EACH ROW EXECUTE FUNCTION refuse_change('break-glass records stay');
CREATE TRIGGER break_glass_whole BEFORE TRUNCATE ON break_glass FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('break-glass records stay');
CREATE TRIGGER break_glass_keep BEFORE UPDATE OF id, submission, server, rings, principal, reason, at, expires_at
    ON break_glass FOR EACH ROW EXECUTE FUNCTION refuse_change('a break-glass record only ends');
CREATE TRIGGER break_glass_end BEFORE UPDATE ON break_glass FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change('a break-glass that ended never changes');
ALTER TABLE break_glass
    ENABLE ALWAYS TRIGGER break_glass_stay,
    ENABLE ALWAYS TRIGGER break_glass_whole,
    ENABLE ALWAYS TRIGGER break_glass_keep,
    ENABLE ALWAYS TRIGGER break_glass_end;
