-- Certificate identities beside keys, tokens of workloads, package evidence.
--
-- A migration only adds, so columns keep the names they got when keys were all there was. Of an identity, `key_id` is
-- the issuer and the subject's pattern (in `submissions.signer`: the subject itself), joined by one space, and
-- `public_key` (`submissions.signer_key`) is the policy as canonical JSON. `instance` says whose root vouches for it, and
-- is null for a key.
ALTER TABLE grants ADD COLUMN instance TEXT;
ALTER TABLE approvers ADD COLUMN instance TEXT;
ALTER TABLE submissions ADD COLUMN instance TEXT;

CREATE TRIGGER submissions_keep_instance BEFORE UPDATE OF instance ON submissions
BEGIN SELECT RAISE(ABORT, 'the content of a submission never changes'); END;

-- Sorted, joined by one space; null for a token that is not restricted.
ALTER TABLE tokens ADD COLUMN namespaces TEXT;

-- Identity tokens that were exchanged and have not ended by themselves yet: each is good for once.
CREATE TABLE spent_identity_tokens (
    issuer  TEXT    NOT NULL,
    token   TEXT    NOT NULL, -- a digest
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, token)
) STRICT;

CREATE INDEX spent_identity_tokens_ends ON spent_identity_tokens (ends_at);

CREATE TABLE evidence (
    digest TEXT NOT NULL PRIMARY KEY, -- of the bytes
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE submission_evidence (
    submission TEXT    NOT NULL REFERENCES submissions (id),
    position   INTEGER NOT NULL, -- 0, 1, 2 … as it came
    evidence   TEXT    NOT NULL REFERENCES evidence (digest),
    PRIMARY KEY (submission, position)
) STRICT;

CREATE TRIGGER evidence_keep BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence never changes'); END;
CREATE TRIGGER evidence_stay BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence never changes'); END;
CREATE TRIGGER submission_evidence_keep BEFORE UPDATE ON submission_evidence BEGIN SELECT RAISE(ABORT, 'evidence never changes'); END;
CREATE TRIGGER submission_evidence_stay BEFORE DELETE ON submission_evidence BEGIN SELECT RAISE(ABORT, 'evidence never changes'); END;
