-- How somebody proved who they are, what a token is limited to, people of identity providers, policies.
--
-- `token`, `robot`, `workload`, `session`, `login`, `certificate` or `operator`.
ALTER TABLE tokens ADD COLUMN method TEXT NOT NULL DEFAULT 'token';
-- When its owner logged in; null where that is when it was issued.
ALTER TABLE tokens ADD COLUMN authenticated_at INTEGER;
-- A JSON array, sorted: what an identity provider said its owner belongs to.
ALTER TABLE tokens ADD COLUMN member_of TEXT NOT NULL DEFAULT '[]';
-- Sorted, joined by one space; null for a token that is not limited to actions.
ALTER TABLE tokens ADD COLUMN actions TEXT;
-- After how many seconds without use it ends; null for never.
ALTER TABLE tokens ADD COLUMN idle_seconds INTEGER;

CREATE INDEX tokens_principal ON tokens (principal, id);

-- Since when nothing may be given to a principal any more.
ALTER TABLE principals ADD COLUMN offboarded_at INTEGER;

-- Who somebody of an identity provider is here: the issuer and the subject together, and nothing else.
CREATE TABLE identities (
    issuer    TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    principal TEXT    NOT NULL REFERENCES principals (name),
    linked_by TEXT    NOT NULL,
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT;

CREATE INDEX identities_principal ON identities (principal);

-- Logins on their way to the identity provider and back. Each comes back once.
CREATE TABLE logins (
    state   TEXT    NOT NULL PRIMARY KEY, -- the digest of what the provider sends back
    details TEXT    NOT NULL,             -- JSON
    ends_at INTEGER NOT NULL
) STRICT;

CREATE INDEX logins_ends ON logins (ends_at);

-- The sets of policies that were put in force.
CREATE TABLE policy_changes (
    sequence INTEGER NOT NULL PRIMARY KEY,
    digest   TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
