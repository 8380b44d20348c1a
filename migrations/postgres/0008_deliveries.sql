-- Why the last try by a contact failed; empty where it did not.
ALTER TABLE contact ADD COLUMN problem TEXT;

-- The incident that a message is about; 0 for a test.
ALTER TABLE outbox ADD COLUMN incident BIGINT NOT NULL DEFAULT 0;
UPDATE outbox SET incident = COALESCE((convert_from(body, 'UTF8')::json ->> 'incident')::bigint, 0);
CREATE INDEX outbox_incident ON outbox (incident) WHERE incident > 0;

-- What was given up is tried again while its incident is open.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (due) WHERE state IN ('waiting', 'failed');
