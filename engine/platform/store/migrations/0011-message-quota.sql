-- How many messages an account may have (0: any number), and has.
ALTER TABLE account ADD COLUMN quota_messages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN used_messages INTEGER NOT NULL DEFAULT 0;

UPDATE account SET used_messages = (SELECT ifnull(sum(messages), 0) FROM mailbox WHERE account_id = account.id);
