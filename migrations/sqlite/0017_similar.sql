-- Similar incidents are found by their kinds of problems, and by the words of `search` and `remarks`. The columns `search` and
-- `problems` of incidents from before, and the rows of `incident_problem`, are made at the next start, which compares them.
ALTER TABLE incident ADD COLUMN problems TEXT NOT NULL DEFAULT '';
CREATE TABLE incident_problem (
    problem TEXT NOT NULL,
    incident INTEGER NOT NULL,
    PRIMARY KEY (problem, incident)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE incident_text USING fts5 (search, remarks, content = 'incident', content_rowid = 'number', tokenize = 'unicode61');
-- What a redaction takes away leaves the index at once.
INSERT INTO incident_text (incident_text, rank) VALUES ('secure-delete', 1);
INSERT INTO incident_text (incident_text) VALUES ('rebuild');
CREATE TRIGGER incident_text_insert AFTER INSERT ON incident
BEGIN
    INSERT INTO incident_text (rowid, search, remarks) VALUES (NEW.number, NEW.search, NEW.remarks);
END;
CREATE TRIGGER incident_text_update AFTER UPDATE OF search, remarks ON incident
WHEN OLD.search IS NOT NEW.search OR OLD.remarks IS NOT NEW.remarks
BEGIN
    INSERT INTO incident_text (incident_text, rowid, search, remarks) VALUES ('delete', OLD.number, OLD.search, OLD.remarks);
    INSERT INTO incident_text (rowid, search, remarks) VALUES (NEW.number, NEW.search, NEW.remarks);
END;
CREATE TRIGGER incident_text_delete AFTER DELETE ON incident
BEGIN
    INSERT INTO incident_text (incident_text, rowid, search, remarks) VALUES ('delete', OLD.number, OLD.search, OLD.remarks);
END;
