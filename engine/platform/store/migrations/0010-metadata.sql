-- Annotations (RFC 5464). Mailbox 0 is the server; account 0: all share the entry, else it is that account's own.
CREATE TABLE metadata (
    mailbox_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    entry BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (mailbox_id, account_id, entry)
) WITHOUT ROWID;
