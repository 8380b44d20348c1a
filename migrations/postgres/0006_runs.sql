-- Until when an incident has a command that runs or may still run, so that an approval finds what is in its way without reading every
-- incident. What was stored before gets the latest moment that is possible: one that is not seen to its end has at most an hour.
ALTER TABLE incident ADD COLUMN may_run_until BIGINT;
UPDATE incident SET may_run_until = 9223372036854775807
WHERE position('"stage":"approved"'::bytea IN body) > 0 OR position('"stage":"running"'::bytea IN body) > 0;
UPDATE incident SET may_run_until = updated_at + 3600000000
WHERE may_run_until IS NULL AND position('"outcome":"unknown"'::bytea IN body) > 0;
CREATE INDEX incident_may_run ON incident (may_run_until) WHERE may_run_until IS NOT NULL;
