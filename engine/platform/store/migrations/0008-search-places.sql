-- The search index tells header and body apart, and of common words knows which follow one another; it is made anew.
DROP TABLE search;

CREATE VIRTUAL TABLE search USING fts5(head, body, content='', contentless_delete=1, detail='column', tokenize='ascii');

DROP TABLE search_word;

-- How many messages had the word until it was common; the message after which pairs with it are kept, or 0.
CREATE TABLE search_word (
    word BLOB NOT NULL PRIMARY KEY,
    messages INTEGER NOT NULL,
    common_since INTEGER NOT NULL
) WITHOUT ROWID;

DELETE FROM search_block;

UPDATE search_state SET last_message = 0;
