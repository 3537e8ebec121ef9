-- Certificate identities beside keys, tokens of workloads, package evidence. See the migration of the same number for
-- SQLite for what the columns hold.
ALTER TABLE grants ADD COLUMN instance TEXT;
ALTER TABLE approvers ADD COLUMN instance TEXT;
ALTER TABLE submissions ADD COLUMN instance TEXT;

CREATE TRIGGER submissions_keep_instance BEFORE UPDATE OF instance ON submissions
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the content of a submission never changes');
ALTER TABLE submissions ENABLE ALWAYS TRIGGER submissions_keep_instance;

ALTER TABLE tokens ADD COLUMN namespaces TEXT;

CREATE TABLE spent_identity_tokens (
    issuer  TEXT COLLATE "C" NOT NULL,
    token   TEXT COLLATE "C" NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, token)
);

CREATE INDEX spent_identity_tokens_ends ON spent_identity_tokens (ends_at);

CREATE TABLE evidence (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    bytes  BYTEA NOT NULL
);

CREATE TABLE submission_evidence (
    submission TEXT COLLATE "C" NOT NULL REFERENCES submissions (id),
    position   BIGINT NOT NULL,
    evidence   TEXT COLLATE "C" NOT NULL REFERENCES evidence (digest),
    PRIMARY KEY (submission, position)
);

SELECT keep_rows('evidence', 'evidence never changes');
SELECT keep_rows('submission_evidence', 'evidence never changes');
