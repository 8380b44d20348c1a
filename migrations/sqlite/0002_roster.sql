-- Who is here: accounts, passkeys, sign-ins, invitations and tokens, a row each as JSON. Secrets lie in it as hashes only. `seen` is when a
-- sign-in or a token was used last: it changes without a journal entry.
CREATE TABLE roster (
    kind TEXT NOT NULL,
    id INTEGER NOT NULL,
    body BLOB NOT NULL,
    seen INTEGER,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
