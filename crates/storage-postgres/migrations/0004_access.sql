-- How somebody proved who they are, what a token is limited to, people of identity providers, policies. See the migration
-- of the same number for SQLite for what the columns hold.
ALTER TABLE tokens
    ADD COLUMN method           TEXT NOT NULL DEFAULT 'token',
    ADD COLUMN authenticated_at BIGINT,
    ADD COLUMN member_of        TEXT NOT NULL DEFAULT '[]',
    ADD COLUMN actions          TEXT,
    ADD COLUMN idle_seconds     BIGINT;

CREATE INDEX tokens_principal ON tokens (principal, id);

ALTER TABLE principals ADD COLUMN offboarded_at BIGINT;

CREATE TABLE identities (
    issuer    TEXT COLLATE "C" NOT NULL,
    subject   TEXT COLLATE "C" NOT NULL,
    principal TEXT COLLATE "C" NOT NULL REFERENCES principals (name),
    linked_by TEXT NOT NULL,
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);

CREATE INDEX identities_principal ON identities (principal);

CREATE TABLE logins (
    state   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    details TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX logins_ends ON logins (ends_at);

CREATE TABLE policy_changes (
    sequence BIGINT NOT NULL PRIMARY KEY,
    digest   TEXT NOT NULL,
    at       BIGINT NOT NULL
);
