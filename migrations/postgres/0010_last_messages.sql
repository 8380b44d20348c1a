-- The last message to a contact that was removed, switched off, or leads elsewhere now: the contact as it was, with what lets someone in,
-- until the message is sent. The row stays for an hour without it, so that they can be counted.
CREATE TABLE last_message (
    entry BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    due BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    contact BYTEA,
    body BYTEA NOT NULL
);
CREATE INDEX last_message_account ON last_message (account, made_at);
