-- What URLs are signed with that others may use (RFC 4467).
CREATE TABLE url_key (
    mailbox_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (mailbox_id, account_id)
) WITHOUT ROWID;
