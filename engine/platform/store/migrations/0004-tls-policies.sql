-- What a domain asks for by MTA-STS (RFC 8461), as it was fetched, until it expires. `id` is that of its TXT record.
CREATE TABLE tls_policy (
    domain TEXT NOT NULL PRIMARY KEY,
    id BLOB NOT NULL,
    policy BLOB NOT NULL,
    fetched_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Connections of a day (since 1970) to a domain's servers, by what became of TLS, for reports (RFC 8460). `policy` is one
-- of its words, with the policy's text beside it; `result` is empty for success.
CREATE TABLE tls_result (
    day INTEGER NOT NULL,
    domain TEXT NOT NULL,
    policy TEXT NOT NULL,
    result TEXT NOT NULL,
    mx TEXT NOT NULL,
    address TEXT NOT NULL,
    policy_text BLOB NOT NULL,
    sessions INTEGER NOT NULL,
    PRIMARY KEY (day, domain, policy, result, mx, address)
) WITHOUT ROWID;

-- 0: as usual; 1: only where TLS is proven all the way (RFC 8689); 2: its sender prefers that it arrives to that.
ALTER TABLE queue ADD COLUMN transport INTEGER NOT NULL DEFAULT 0;
