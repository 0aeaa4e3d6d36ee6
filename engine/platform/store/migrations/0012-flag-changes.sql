-- Changes of the flags of many messages at once that their rows do not have yet (see flag_changes.h): a message between the
-- two UIDs whose mod_seq is less has the flags (flags & keep) | put and, when these are others, this mod_seq.
CREATE TABLE flag_change (
    mailbox_id INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    first_uid INTEGER NOT NULL,
    last_uid INTEGER NOT NULL,
    keep INTEGER NOT NULL,
    put INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, mod_seq)
) WITHOUT ROWID;
