-- Shared mailboxes. A shared account is one that nobody signs in to. `own_seen`: who reads a mailbox of somebody else has
-- \Seen of his own there.
ALTER TABLE account ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN own_seen INTEGER NOT NULL DEFAULT 0;

CREATE TABLE account_group (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE);

CREATE TABLE group_member (
    group_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    PRIMARY KEY (group_id, account_id)
) WITHOUT ROWID;

CREATE INDEX group_member_account ON group_member (account_id);

-- Access control lists (RFC 4314). `identifier` is an account's address, "group:" and a group's name, or "anyone", perhaps
-- with "-" before it. `rights` are letters. A mailbox without rows is its owner's alone.
CREATE TABLE acl (
    mailbox_id INTEGER NOT NULL,
    identifier TEXT NOT NULL,
    rights TEXT NOT NULL,
    PRIMARY KEY (mailbox_id, identifier)
) WITHOUT ROWID;

CREATE INDEX acl_identifier ON acl (identifier);

-- The messages that somebody else than the owner has seen, in mailboxes with `own_seen`.
CREATE TABLE seen (
    mailbox_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, account_id, uid)
) WITHOUT ROWID;
