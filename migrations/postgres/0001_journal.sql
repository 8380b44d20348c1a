-- The journal: append-only, numbered without gaps. What is hashed lies as bytes or integers.
CREATE TABLE journal (
    number BIGINT PRIMARY KEY,
    at_micros BIGINT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    incident BIGINT,
    payload_hash BYTEA NOT NULL CHECK (length(payload_hash) = 32),
    hash BYTEA NOT NULL CHECK (length(hash) = 32),
    salt BYTEA,
    payload BYTEA,
    CHECK ((salt IS NULL) = (payload IS NULL))
);
CREATE INDEX journal_incident ON journal (incident, number) WHERE incident IS NOT NULL;
CREATE INDEX journal_blind ON journal (number) WHERE kind = 'blind';

-- Where the journal ends: one row, locked first by every change, moved on by the journal itself.
CREATE TABLE journal_head (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL CHECK (length(hash) = 32)
);
INSERT INTO journal_head (one, number, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION journal_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number IS DISTINCT FROM (SELECT number + 1 FROM journal_head FOR UPDATE)
        OR EXISTS (SELECT 1 FROM journal WHERE number = NEW.number) THEN
        RAISE EXCEPTION 'the journal is append-only: only the next number can be written';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION journal_insert_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE journal_head SET number = NEW.number, hash = NEW.hash;
    RETURN NULL;
END $$;
-- The one change that is allowed takes salt and payload away: a redaction.
CREATE FUNCTION journal_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.payload IS NOT NULL OR NEW.salt IS NOT NULL
        OR (NEW.number, NEW.at_micros, NEW.actor, NEW.kind, NEW.incident, NEW.payload_hash, NEW.hash)
            IS DISTINCT FROM (OLD.number, OLD.at_micros, OLD.actor, OLD.kind, OLD.incident, OLD.payload_hash, OLD.hash) THEN
        RAISE EXCEPTION 'the journal is append-only: no entry can be changed';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION journal_remove() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: no entry can be removed';
END $$;
CREATE FUNCTION journal_head_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal has one head';
END $$;
CREATE FUNCTION journal_head_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.one <> OLD.one OR NEW.number IS DISTINCT FROM OLD.number + 1
        OR NOT EXISTS (SELECT 1 FROM journal WHERE number = NEW.number AND hash = NEW.hash) THEN
        RAISE EXCEPTION 'the head of the journal only moves on by one entry';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_insert BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION journal_insert();
CREATE TRIGGER journal_insert_head AFTER INSERT ON journal FOR EACH ROW EXECUTE FUNCTION journal_insert_head();
CREATE TRIGGER journal_update BEFORE UPDATE ON journal FOR EACH ROW EXECUTE FUNCTION journal_update();
CREATE TRIGGER journal_delete BEFORE DELETE ON journal FOR EACH ROW EXECUTE FUNCTION journal_remove();
CREATE TRIGGER journal_truncate BEFORE TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION journal_remove();
CREATE TRIGGER journal_head_insert BEFORE INSERT ON journal_head FOR EACH ROW EXECUTE FUNCTION journal_head_guard();
CREATE TRIGGER journal_head_update BEFORE UPDATE ON journal_head FOR EACH ROW EXECUTE FUNCTION journal_head_update();
CREATE TRIGGER journal_head_delete BEFORE DELETE ON journal_head FOR EACH ROW EXECUTE FUNCTION journal_head_guard();
CREATE TRIGGER journal_head_truncate BEFORE TRUNCATE ON journal_head FOR EACH STATEMENT EXECUTE FUNCTION journal_head_guard();

-- Single values: the epoch, when Calm Ops was last alive, the monitor's state.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);
INSERT INTO meta (name, value) VALUES ('epoch', convert_to('1', 'UTF8'));

-- The incidents as they stand: a projection of the journal. `subjects`, `search` and `remarks` are lower-case, for looking up.
CREATE TABLE incident (
    number BIGINT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    severity TEXT NOT NULL,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    headline TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    resolved_at BIGINT,
    subjects TEXT NOT NULL,
    search TEXT NOT NULL,
    remarks TEXT NOT NULL DEFAULT '',
    body BYTEA NOT NULL
);
CREATE INDEX incident_resolved ON incident (resolved_at);

-- The course of signals: minutes (step 1) and hours (step 2).
CREATE TABLE series (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject TEXT NOT NULL,
    signal TEXT NOT NULL,
    unit TEXT NOT NULL,
    UNIQUE (subject, signal)
);
CREATE TABLE rollup (
    series BIGINT NOT NULL REFERENCES series (id),
    step BIGINT NOT NULL,
    start BIGINT NOT NULL,
    min DOUBLE PRECISION NOT NULL,
    max DOUBLE PRECISION NOT NULL,
    mean DOUBLE PRECISION NOT NULL,
    last DOUBLE PRECISION NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (series, step, start)
);
CREATE INDEX rollup_age ON rollup (step, start);

-- What is needed to replay an incident's decisions.
CREATE TABLE bundle (
    incident BIGINT PRIMARY KEY,
    body BYTEA NOT NULL
);
