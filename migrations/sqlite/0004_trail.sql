-- The trail: looking through the journal by its columns.
CREATE INDEX journal_kind ON journal (kind, number);
CREATE INDEX journal_actor ON journal (actor, number);
CREATE INDEX journal_at ON journal (at_micros);

-- The one change that is allowed takes salt and payload away: a redaction, of what carries words of people or outputs. What was decided,
-- and who is who, stays.
DROP TRIGGER journal_update;
CREATE TRIGGER journal_update BEFORE UPDATE ON journal
WHEN NEW.payload IS NOT NULL OR NEW.salt IS NOT NULL
    OR NEW.number IS NOT OLD.number OR NEW.at_micros IS NOT OLD.at_micros OR NEW.actor IS NOT OLD.actor
    OR NEW.kind IS NOT OLD.kind OR NEW.incident IS NOT OLD.incident
    OR NEW.payload_hash IS NOT OLD.payload_hash OR NEW.hash IS NOT OLD.hash
    OR OLD.kind NOT IN ('commented', 'resolved', 'reopened', 'recommendation_declined', 'run_ended', 'document_refused',
        'document_in_force', 'snapshot_saved', 'call_failed')
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: no entry can be changed');
END;

-- Share links. `id` is the number of the entry that tells of it, so that it is never used again. Of a token only the SHA-256 is kept.
CREATE TABLE share (
    id INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL,
    label TEXT NOT NULL,
    audience TEXT NOT NULL,
    shows_summary INTEGER NOT NULL,
    shows_timeline INTEGER NOT NULL,
    shows_now INTEGER NOT NULL,
    shows_hosts INTEGER NOT NULL,
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    revoked_at INTEGER,
    last_used_at INTEGER,
    views INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX share_incident ON share (incident, id);
