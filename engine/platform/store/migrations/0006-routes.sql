-- Ways out for mail: a smart host, or the recipients' own servers (an empty host). `recipients` and `senders` are the
-- domains whose mail goes there, separated by spaces; ".example.org" is example.org and all below it. `token_command`
-- prints a token to sign in with (XOAUTH2), in place of a secret.
CREATE TABLE route (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    recipients TEXT NOT NULL,
    senders TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    tls TEXT NOT NULL,
    mechanism TEXT NOT NULL,
    user_name TEXT NOT NULL,
    secret TEXT NOT NULL,
    token_command TEXT NOT NULL
);

-- The route that somebody chose for this entry; 0: by the routes' domains; -1: to the recipients' own servers.
ALTER TABLE queue ADD COLUMN route INTEGER NOT NULL DEFAULT 0;
