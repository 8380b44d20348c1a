-- The history asks for the incidents of a period and for their first acknowledgements, however many there are of others.
CREATE INDEX incident_opened ON incident (opened_at, severity, cause, resolved_at, recovered_at);
CREATE INDEX journal_acknowledged ON journal (incident, at_micros) WHERE kind = 'acknowledged';
