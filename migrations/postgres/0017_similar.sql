-- Similar incidents are found by their kinds of problems, and by the words of `search` and `remarks`. The columns `search` and
-- `problems` of incidents from before, and the rows of `incident_problem`, are made at the next start, which compares them.
ALTER TABLE incident ADD COLUMN problems TEXT NOT NULL DEFAULT '';
CREATE TABLE incident_problem (
    problem TEXT NOT NULL,
    incident BIGINT NOT NULL,
    PRIMARY KEY (problem, incident)
);
-- A redaction changes `search` and `remarks`, and with them this column. An index takes a text of 1 MB at most.
ALTER TABLE incident ADD COLUMN words TSVECTOR NOT NULL GENERATED ALWAYS AS
    (to_tsvector('simple', regexp_replace(left(search || ' ' || remarks, 60000), '[^[:alnum:]]+', ' ', 'g'))) STORED;
CREATE INDEX incident_words ON incident USING gin (words);
