-- Keys that sign outgoing mail (RFC 6376). state: 0 pending (its record may not be published yet), 1 active, 2 retired.
CREATE TABLE dkim_key (
    id INTEGER NOT NULL PRIMARY KEY,
    domain TEXT NOT NULL,
    selector TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    private_key BLOB NOT NULL,
    state INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    UNIQUE (domain, selector)
);

-- The message is from somebody who signed in, or from this server: it may be signed in a domain's name.
ALTER TABLE queue ADD COLUMN sign INTEGER NOT NULL DEFAULT 0;
