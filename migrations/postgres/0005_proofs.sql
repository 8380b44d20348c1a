-- The track record of commands is read at each start: a few entries of a journal that may be long.
CREATE INDEX journal_run_proved ON journal (number) WHERE kind = 'run_proved';
