-- The search index. `search` knows for each word the messages (rowid) that have it. `search_word` has every word once;
-- search_block has them again in a few large pieces, each word between line feeds, for a scan that looks for parts of
-- words. All of it can be made anew from the messages.
CREATE VIRTUAL TABLE search USING fts5(words, content='', contentless_delete=1, detail='none', tokenize='ascii');

CREATE TABLE search_word (word BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE search_block (id INTEGER NOT NULL PRIMARY KEY, words BLOB NOT NULL);

-- One row: messages up to this id are in the index.
CREATE TABLE search_state (id INTEGER NOT NULL PRIMARY KEY, last_message INTEGER NOT NULL);

INSERT INTO search_state (id, last_message) VALUES (1, 0);
