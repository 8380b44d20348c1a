-- Who is here: accounts, passkeys, sign-ins, invitations and tokens, a row each as JSON. Secrets lie in it as hashes only. `seen` is when a
-- sign-in or a token was used last: it changes without a journal entry.
CREATE TABLE roster (
    kind TEXT NOT NULL,
    id BIGINT NOT NULL,
    body BYTEA NOT NULL,
    seen BIGINT,
    PRIMARY KEY (kind, id)
);
