-- The tables of `crates/storage-sqlite/migrations`, column for column: what they mean is said there.
-- Texts that are keys or are sorted by have the collation "C": byte by byte, as in Rust, whatever the database's locale.

CREATE TABLE principals (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    principal    TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    roles        TEXT NOT NULL,
    label        TEXT NOT NULL,
    hash         BYTEA NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT
);

CREATE TABLE keys (
    key_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    principal TEXT COLLATE "C" NOT NULL REFERENCES principals (name)
);

CREATE TABLE grants (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    namespace    TEXT COLLATE "C" NOT NULL,
    principal    TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    key_id       TEXT COLLATE "C" NOT NULL REFERENCES keys (key_id),
    public_key   TEXT NOT NULL,
    granted_by   TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    granted_at   BIGINT NOT NULL,
    withdrawn_at BIGINT
);

CREATE UNIQUE INDEX grants_namespace_key ON grants (namespace, key_id) WHERE withdrawn_at IS NULL;

CREATE TABLE approvers (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    principal     TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    key_id        TEXT COLLATE "C" NOT NULL REFERENCES keys (key_id),
    public_key    TEXT NOT NULL,
    scope         TEXT COLLATE "C" NOT NULL,
    registered_by TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    registered_at BIGINT NOT NULL,
    withdrawn_at  BIGINT
);

CREATE UNIQUE INDEX approvers_scope_key ON approvers (scope, key_id) WHERE withdrawn_at IS NULL;

CREATE TABLE attestations (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    bytes  BYTEA NOT NULL
);

CREATE TABLE change_reports (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    bytes  BYTEA NOT NULL
);

CREATE TABLE servers (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY
);

CREATE TABLE skeletons (
    skeleton TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    server   TEXT COLLATE "C" NOT NULL REFERENCES servers (name)
);

CREATE TABLE submissions (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    server       TEXT COLLATE "C" NOT NULL REFERENCES servers (name),
    version      TEXT COLLATE "C" NOT NULL,
    manifest     TEXT COLLATE "C" NOT NULL UNIQUE,
    attestation  TEXT COLLATE "C" NOT NULL REFERENCES attestations (digest),
    server_json  TEXT NOT NULL,
    publisher    TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    signer       TEXT NOT NULL,
    signer_key   TEXT NOT NULL,
    submitted_by TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    submitted_at BIGINT NOT NULL,
    replaces     TEXT COLLATE "C",
    changes      TEXT COLLATE "C" NOT NULL REFERENCES change_reports (digest),
    grade        TEXT NOT NULL CHECK (grade IN ('none', 'notice', 'review', 'block', 'refuse')),
    change_count BIGINT NOT NULL,
    state        TEXT COLLATE "C" NOT NULL CONSTRAINT submissions_state_known
                 CHECK (state IN ('pending', 'live', 'superseded', 'rejected', 'revoked')),
    live_since   BIGINT CONSTRAINT submissions_live_since_fits
                 CHECK ((live_since IS NOT NULL) >= (state IN ('live', 'superseded'))
                        AND (live_since IS NULL) >= (state IN ('pending', 'rejected'))),
    ended_at     BIGINT CONSTRAINT submissions_ended_at_fits
                 CHECK ((ended_at IS NOT NULL) = (state IN ('superseded', 'rejected', 'revoked'))),
    ended_by     TEXT   CHECK ((ended_by IS NOT NULL) = (state IN ('superseded', 'rejected', 'revoked'))),
    reason       TEXT   CHECK ((reason IS NOT NULL) = (state = 'rejected')),
    revision     BIGINT NOT NULL,
    UNIQUE (server, version)
);

CREATE INDEX submissions_state ON submissions (state, id);
CREATE INDEX submissions_once_live ON submissions (server, live_since) WHERE live_since IS NOT NULL;

CREATE TABLE live (
    server     TEXT COLLATE "C" NOT NULL REFERENCES servers (name),
    ring       TEXT COLLATE "C" NOT NULL,
    submission TEXT COLLATE "C" NOT NULL REFERENCES submissions (id),
    since      BIGINT NOT NULL,
    PRIMARY KEY (server, ring)
);

CREATE TABLE consents (
    -- Deciding transactions follow one another, so these numbers rise in the order in which consents came.
    sequence    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest      TEXT COLLATE "C" NOT NULL,
    manifest    TEXT COLLATE "C" NOT NULL REFERENCES submissions (manifest),
    attestation TEXT COLLATE "C" NOT NULL REFERENCES attestations (digest),
    principal   TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    decision    TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),
    received_at BIGINT NOT NULL,
    UNIQUE (digest, principal)
);

CREATE INDEX consents_manifest ON consents (manifest, sequence);

CREATE TABLE revocations (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    scope       TEXT COLLATE "C" NOT NULL CHECK (scope IN ('manifest', 'version', 'server', 'signer', 'approver')),
    target      TEXT COLLATE "C" NOT NULL,
    reason      TEXT NOT NULL,
    effective   BIGINT NOT NULL,
    attestation TEXT COLLATE "C" REFERENCES attestations (digest),
    principal   TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    received_at BIGINT NOT NULL,
    UNIQUE (scope, target)
);

-- No sequence of the database: those have gaps. The advisory lock of deciding transactions keeps the numbers whole, and
-- the primary key would refuse a second one of the same number if the lock ever failed.
CREATE TABLE events (
    sequence BIGINT NOT NULL PRIMARY KEY CHECK (sequence > 0),
    leaf     BYTEA  NOT NULL
);

-- What is immutable is so for every program that connects, not for ours alone.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END
$$;

-- Makes a table append-only. The triggers also run in sessions that replay what another server did.
CREATE FUNCTION keep_rows(kept TEXT, message TEXT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change(%L)', kept || '_keep', kept, message);
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(%L)', kept || '_stay', kept, message);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I, ENABLE ALWAYS TRIGGER %I', kept, kept || '_keep', kept || '_stay');
END
$$;

SELECT keep_rows('attestations', 'attestations never change');
SELECT keep_rows('change_reports', 'change reports never change');
SELECT keep_rows('consents', 'consents never change');
SELECT keep_rows('revocations', 'revocations never change');
SELECT keep_rows('events', 'events never change');

CREATE TRIGGER submissions_stay BEFORE DELETE ON submissions FOR EACH ROW EXECUTE FUNCTION refuse_change('submissions stay');
CREATE TRIGGER submissions_whole BEFORE TRUNCATE ON submissions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('submissions stay');
CREATE TRIGGER submissions_keep
    BEFORE UPDATE OF id, server, version, manifest, attestation, server_json, publisher, signer, signer_key, submitted_by, submitted_at
    ON submissions FOR EACH ROW EXECUTE FUNCTION refuse_change('the content of a submission never changes');
ALTER TABLE submissions
    ENABLE ALWAYS TRIGGER submissions_stay,
    ENABLE ALWAYS TRIGGER submissions_whole,
    ENABLE ALWAYS TRIGGER submissions_keep;

-- Wakes the other nodes when a decision is committed. What they then do rests on what they read, never on this message.
CREATE FUNCTION tell_nodes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('mcp_pin_events', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER events_told AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION tell_nodes();
