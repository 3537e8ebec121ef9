-- Unsigned documents in quarantine, what publishers say about versions, and answers to requests that are done once. See
-- the migration of the same number for SQLite for what the columns hold.
CREATE TABLE drafts (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    namespace    TEXT COLLATE "C" NOT NULL,
    server       TEXT COLLATE "C" NOT NULL,
    version      TEXT COLLATE "C" NOT NULL,
    server_json  TEXT NOT NULL,
    submitted_by TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    submitted_at BIGINT NOT NULL,
    ended_at     BIGINT,
    outcome      TEXT CHECK (outcome IN ('submitted', 'replaced', 'withdrawn')),
    ended_by     TEXT,
    CHECK ((ended_at IS NULL) = (outcome IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL))
);

CREATE UNIQUE INDEX drafts_open ON drafts (server, version) WHERE ended_at IS NULL;
CREATE INDEX drafts_open_namespace ON drafts (namespace) WHERE ended_at IS NULL;

CREATE TRIGGER drafts_stay BEFORE DELETE ON drafts FOR EACH ROW EXECUTE FUNCTION refuse_change('drafts stay');
CREATE TRIGGER drafts_whole BEFORE TRUNCATE ON drafts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('drafts stay');
CREATE TRIGGER drafts_keep BEFORE UPDATE OF id, namespace, server, version, server_json, submitted_by, submitted_at
    ON drafts FOR EACH ROW EXECUTE FUNCTION refuse_change('the content of a draft never changes');
ALTER TABLE drafts
    ENABLE ALWAYS TRIGGER drafts_stay,
    ENABLE ALWAYS TRIGGER drafts_whole,
    ENABLE ALWAYS TRIGGER drafts_keep;

CREATE TABLE version_status (
    submission TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES submissions (id),
    status     TEXT NOT NULL CHECK (status IN ('active', 'deprecated')),
    message    TEXT,
    changed_at BIGINT NOT NULL,
    changed_by TEXT COLLATE "C" NOT NULL REFERENCES principals (name)
);

CREATE TABLE answers (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    request TEXT NOT NULL,
    sealed  BYTEA NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX answers_end ON answers (ends_at);
