-- Whom to call, and how: a row each as JSON. What lets someone in lies in it, and nowhere else: neither in the journal nor in a backup.
-- `id` is the number of the entry that told of it first, so that it is never used again.
CREATE TABLE contact (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    body BYTEA NOT NULL
);
CREATE INDEX contact_account ON contact (account);

-- What is to be sent, and what became of it: one row for each entry and contact, so that nobody is called twice. A test has entry 0.
CREATE TABLE outbox (
    entry BIGINT NOT NULL,
    contact BIGINT NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
    made_at BIGINT NOT NULL,
    due BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed', 'dropped')),
    problem TEXT,
    body BYTEA NOT NULL,
    PRIMARY KEY (entry, contact)
);
CREATE INDEX outbox_due ON outbox (due) WHERE state = 'waiting';
CREATE INDEX outbox_contact ON outbox (contact, made_at);
