-- The trail: looking through the journal by its columns.
CREATE INDEX journal_kind ON journal (kind, number);
CREATE INDEX journal_actor ON journal (actor, number);
CREATE INDEX journal_at ON journal (at_micros);

-- The one change that is allowed takes salt and payload away: a redaction, of what carries words of people or outputs. What was decided,
-- and who is who, stays.
CREATE OR REPLACE FUNCTION journal_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.payload IS NOT NULL OR NEW.salt IS NOT NULL
        OR (NEW.number, NEW.at_micros, NEW.actor, NEW.kind, NEW.incident, NEW.payload_hash, NEW.hash)
            IS DISTINCT FROM (OLD.number, OLD.at_micros, OLD.actor, OLD.kind, OLD.incident, OLD.payload_hash, OLD.hash)
        OR OLD.kind NOT IN ('commented', 'resolved', 'reopened', 'recommendation_declined', 'run_ended', 'document_refused',
            'document_in_force', 'snapshot_saved', 'call_failed') THEN
        RAISE EXCEPTION 'the journal is append-only: no entry can be changed';
    END IF;
    RETURN NEW;
END $$;

-- Share links. `id` is the number of the entry that tells of it, so that it is never used again. Of a token only the SHA-256 is kept.
CREATE TABLE share (
    id BIGINT PRIMARY KEY,
    incident BIGINT NOT NULL,
    label TEXT NOT NULL,
    audience TEXT NOT NULL,
    shows_summary BIGINT NOT NULL,
    shows_timeline BIGINT NOT NULL,
    shows_now BIGINT NOT NULL,
    shows_hosts BIGINT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    revoked_at BIGINT,
    last_used_at BIGINT,
    views BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX share_incident ON share (incident, id);
