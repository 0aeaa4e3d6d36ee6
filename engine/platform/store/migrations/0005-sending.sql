-- Where an account's mail goes beside its mailbox, or in place of it: addresses with commas between them.
ALTER TABLE account ADD COLUMN forward_to TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN forward_keep INTEGER NOT NULL DEFAULT 1;

-- Recipients elsewhere in a minute and in a day: -1 as the settings say, 0 as many as one likes.
ALTER TABLE account ADD COLUMN minute_limit INTEGER NOT NULL DEFAULT -1;
ALTER TABLE account ADD COLUMN day_limit INTEGER NOT NULL DEFAULT -1;
ALTER TABLE domain ADD COLUMN minute_limit INTEGER NOT NULL DEFAULT -1;
ALTER TABLE domain ADD COLUMN day_limit INTEGER NOT NULL DEFAULT -1;

-- Header fields that go above the message on its way out, and are not part of it here.
ALTER TABLE queue ADD COLUMN prefix BLOB NOT NULL DEFAULT X'';

-- Keys that are made at first need.
CREATE TABLE secret (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- Addresses that failed for good and are not tried again. `reply` is what their server said last.
CREATE TABLE suppression (
    address TEXT NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL,
    reason TEXT NOT NULL,
    reply TEXT NOT NULL
) WITHOUT ROWID;

-- What an account or domain has sent: recipients in one minute (since 1970; a minute to come when this one is full) and
-- on one day (UTC), and the last days on which the administrator was told of either limit.
CREATE TABLE sending (
    subject TEXT NOT NULL PRIMARY KEY,
    minute INTEGER NOT NULL,
    in_minute INTEGER NOT NULL,
    day INTEGER NOT NULL,
    in_day INTEGER NOT NULL,
    told_minute INTEGER NOT NULL,
    told_day INTEGER NOT NULL
) WITHOUT ROWID;
