-- The journal: append-only, numbered without gaps. What is hashed lies as bytes or integers.
CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    at_micros INTEGER NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    incident INTEGER,
    payload_hash BLOB NOT NULL CHECK (length(payload_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    salt BLOB,
    payload BLOB,
    CHECK ((salt IS NULL) = (payload IS NULL))
) STRICT;
CREATE INDEX journal_incident ON journal (incident, number) WHERE incident IS NOT NULL;
CREATE INDEX journal_blind ON journal (number) WHERE kind = 'blind';

-- Where the journal ends: one row, locked first by every change, moved on by the journal itself.
CREATE TABLE journal_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO journal_head (one, number, hash) VALUES (1, 0, zeroblob(32));

-- INSERT OR REPLACE passes by the triggers for UPDATE and DELETE, so the insertion itself is guarded.
CREATE TRIGGER journal_insert BEFORE INSERT ON journal
WHEN NEW.number IS NOT (SELECT number + 1 FROM journal_head) OR EXISTS (SELECT 1 FROM journal WHERE number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: only the next number can be written');
END;
CREATE TRIGGER journal_insert_head AFTER INSERT ON journal
BEGIN
    UPDATE journal_head SET number = NEW.number, hash = NEW.hash;
END;
-- The one change that is allowed takes salt and payload away: a redaction.
CREATE TRIGGER journal_update BEFORE UPDATE ON journal
WHEN NEW.payload IS NOT NULL OR NEW.salt IS NOT NULL
    OR NEW.number IS NOT OLD.number OR NEW.at_micros IS NOT OLD.at_micros OR NEW.actor IS NOT OLD.actor
    OR NEW.kind IS NOT OLD.kind OR NEW.incident IS NOT OLD.incident
    OR NEW.payload_hash IS NOT OLD.payload_hash OR NEW.hash IS NOT OLD.hash
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: no entry can be changed');
END;
CREATE TRIGGER journal_delete BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: no entry can be removed');
END;
CREATE TRIGGER journal_head_insert BEFORE INSERT ON journal_head
BEGIN
    SELECT RAISE(ABORT, 'the journal has one head');
END;
CREATE TRIGGER journal_head_update BEFORE UPDATE ON journal_head
WHEN NEW.one IS NOT OLD.one OR NEW.number IS NOT OLD.number + 1
    OR NOT EXISTS (SELECT 1 FROM journal WHERE number = NEW.number AND hash = NEW.hash)
BEGIN
    SELECT RAISE(ABORT, 'the head of the journal only moves on by one entry');
END;
CREATE TRIGGER journal_head_delete BEFORE DELETE ON journal_head
BEGIN
    SELECT RAISE(ABORT, 'the journal has one head');
END;

-- Single values: the epoch, when Calm Ops was last alive, the monitor's state.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('epoch', CAST('1' AS BLOB));

-- The incidents as they stand: a projection of the journal. `subjects`, `search` and `remarks` are lower-case, for looking up.
CREATE TABLE incident (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    severity TEXT NOT NULL,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    headline TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    resolved_at INTEGER,
    subjects TEXT NOT NULL,
    search TEXT NOT NULL,
    remarks TEXT NOT NULL DEFAULT '',
    body BLOB NOT NULL
) STRICT;
CREATE INDEX incident_resolved ON incident (resolved_at);

-- The course of signals: minutes (step 1) and hours (step 2).
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    signal TEXT NOT NULL,
    unit TEXT NOT NULL,
    UNIQUE (subject, signal)
) STRICT;
CREATE TABLE rollup (
    series INTEGER NOT NULL REFERENCES series (id),
    step INTEGER NOT NULL,
    start INTEGER NOT NULL,
    min REAL NOT NULL,
    max REAL NOT NULL,
    mean REAL NOT NULL,
    last REAL NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (series, step, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX rollup_age ON rollup (step, start);

-- What is needed to replay an incident's decisions.
CREATE TABLE bundle (
    incident INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
