-- The last message to a contact that was removed, switched off, or leads elsewhere now: the contact as it was, with what lets someone in,
-- until the message is sent. The row stays for an hour without it, so that they can be counted.
CREATE TABLE last_message (
    entry INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    due INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    contact BLOB,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX last_message_account ON last_message (account, made_at);
