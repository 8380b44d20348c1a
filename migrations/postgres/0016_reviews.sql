-- What people write in a review, and about prevention steps, can hold words that must go.
CREATE OR REPLACE FUNCTION journal_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.payload IS NOT NULL OR NEW.salt IS NOT NULL
        OR (NEW.number, NEW.at_micros, NEW.actor, NEW.kind, NEW.incident, NEW.payload_hash, NEW.hash)
            IS DISTINCT FROM (OLD.number, OLD.at_micros, OLD.actor, OLD.kind, OLD.incident, OLD.payload_hash, OLD.hash)
        OR OLD.kind NOT IN ('commented', 'resolved', 'reopened', 'recommendation_declined', 'run_ended', 'document_refused',
            'document_in_force', 'snapshot_saved', 'call_failed', 'maintenance_begun', 'inspected',
            'status_update_published', 'message_draft_saved', 'message_marked_sent',
            'review_saved', 'prevention_step_added', 'prevention_step_done', 'prevention_step_dropped') THEN
        RAISE EXCEPTION 'the journal is append-only: no entry can be changed';
    END IF;
    RETURN NEW;
END $$;
