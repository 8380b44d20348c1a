-- What people write in a review, and about prevention steps, can hold words that must go.
DROP TRIGGER journal_update;
CREATE TRIGGER journal_update BEFORE UPDATE ON journal
WHEN NEW.payload IS NOT NULL OR NEW.salt IS NOT NULL
    OR NEW.number IS NOT OLD.number OR NEW.at_micros IS NOT OLD.at_micros OR NEW.actor IS NOT OLD.actor
    OR NEW.kind IS NOT OLD.kind OR NEW.incident IS NOT OLD.incident
    OR NEW.payload_hash IS NOT OLD.payload_hash OR NEW.hash IS NOT OLD.hash
    OR OLD.kind NOT IN ('commented', 'resolved', 'reopened', 'recommendation_declined', 'run_ended', 'document_refused',
        'document_in_force', 'snapshot_saved', 'call_failed', 'maintenance_begun', 'inspected',
        'status_update_published', 'message_draft_saved', 'message_marked_sent',
        'review_saved', 'prevention_step_added', 'prevention_step_done', 'prevention_step_dropped')
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: no entry can be changed');
END;
