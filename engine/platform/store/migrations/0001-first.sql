-- Text columns hold what the program keeps as text, BLOB columns what it keeps as octets. Times are milliseconds since
-- 1970 UTC. Ids come from `counter`, so that none is ever given twice.

CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE domain (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    alias_of TEXT NOT NULL,
    catch_all TEXT NOT NULL,
    certificate_file TEXT NOT NULL,
    key_file TEXT NOT NULL
);

CREATE TABLE account (
    id INTEGER NOT NULL PRIMARY KEY,
    domain_id INTEGER NOT NULL,
    address TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    credential BLOB NOT NULL,
    quota_octets INTEGER NOT NULL,
    used_octets INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    administrator INTEGER NOT NULL,
    pop3_keep_days INTEGER NOT NULL
);

CREATE TABLE alias (id INTEGER NOT NULL PRIMARY KEY, address TEXT NOT NULL UNIQUE);

CREATE TABLE alias_target (
    alias_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (alias_id, position)
) WITHOUT ROWID;

-- The totals are kept by each transaction that changes the mailbox.
CREATE TABLE mailbox (
    id INTEGER NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    special_use BLOB NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid_next INTEGER NOT NULL,
    highest_mod_seq INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    unseen INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    octets INTEGER NOT NULL,
    first_recent INTEGER NOT NULL,
    UNIQUE (account_id, name)
);

-- The names of the bits from flag::firstKeywordBit on.
CREATE TABLE keyword (
    mailbox_id INTEGER NOT NULL,
    bit INTEGER NOT NULL,
    name BLOB NOT NULL,
    PRIMARY KEY (mailbox_id, bit)
) WITHOUT ROWID;

-- By name: a subscription outlives its mailbox (RFC 9051 section 6.3.7).
CREATE TABLE subscription (
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (account_id, name)
) WITHOUT ROWID;

-- A mailbox that is gone, and who removed it.
CREATE TABLE mailbox_removed (
    id INTEGER NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid_next INTEGER NOT NULL,
    at INTEGER NOT NULL,
    removed_by TEXT NOT NULL
);

-- What a message is. Large columns last, so that the others are read without them.
CREATE TABLE message (
    id INTEGER NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    sent_date INTEGER NOT NULL,
    header_size INTEGER NOT NULL,
    parts BLOB NOT NULL,
    envelope BLOB NOT NULL,
    body_structure BLOB NOT NULL,
    header BLOB NOT NULL
);

-- A piece of a body: id is the message's id times 65536 plus the piece's number; start is the piece's place in the body.
CREATE TABLE content (id INTEGER NOT NULL PRIMARY KEY, start INTEGER NOT NULL, octets BLOB NOT NULL);

-- Contents still being written.
CREATE TABLE staged (message_id INTEGER NOT NULL PRIMARY KEY);

-- Contents that may be held by nobody; looked at and removed in the background.
CREATE TABLE orphan (message_id INTEGER NOT NULL PRIMARY KEY);

CREATE TABLE mailbox_message (
    mailbox_id INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    size INTEGER NOT NULL,
    internal_date INTEGER NOT NULL,
    internal_date_offset INTEGER NOT NULL,
    save_date INTEGER NOT NULL,
    sent_date INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, uid)
) WITHOUT ROWID;

CREATE INDEX mailbox_message_held ON mailbox_message (message_id);

-- Tombstones: UIDs that were removed, when and by whom.
CREATE TABLE expunged (
    mailbox_id INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    first_uid INTEGER NOT NULL,
    last_uid INTEGER NOT NULL,
    at INTEGER NOT NULL,
    removed_by TEXT NOT NULL,
    PRIMARY KEY (mailbox_id, mod_seq, first_uid)
) WITHOUT ROWID;

CREATE TABLE queue (
    id INTEGER NOT NULL PRIMARY KEY,
    message_id INTEGER NOT NULL,
    state INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    domain BLOB NOT NULL,
    journey BLOB NOT NULL,
    reverse_path BLOB NOT NULL,
    recipient BLOB NOT NULL,
    original_recipient BLOB NOT NULL,
    notify INTEGER NOT NULL,
    ret BLOB NOT NULL,
    envid BLOB NOT NULL,
    smtp_utf8 INTEGER NOT NULL,
    body INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    last_dialogue BLOB NOT NULL
);

CREATE INDEX queue_held ON queue (message_id);

CREATE INDEX queue_due ON queue (state, next_attempt);

-- `words`: client, tls, user, sender, recipient, Message-ID, subject and text, each ended by a line feed, so that a row
-- is written with few values and a search looks at one.
CREATE TABLE trace (
    id INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    step INTEGER NOT NULL,
    journey BLOB NOT NULL,
    size INTEGER NOT NULL,
    mailbox_id INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    words BLOB NOT NULL
);

CREATE INDEX trace_journey ON trace (journey);
