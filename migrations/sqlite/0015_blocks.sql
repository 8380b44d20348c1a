-- History that is over, packed: one block for each series and day of minutes (step 1) or 30 days of hours (step 2).
-- `first` and `last` are the beginnings of the first and the last roll-up in it. Today's and yesterday's minutes, and
-- what comes late, stay rows of `rollup` until they are packed; both together are the history.
CREATE TABLE rollup_block (
    series INTEGER NOT NULL REFERENCES series (id),
    step INTEGER NOT NULL,
    start INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (series, step, start)
) STRICT;
CREATE INDEX rollup_block_age ON rollup_block (step, last);

-- Everything is found by series, step and start now. As an index by age lies apart from the rows, each period of a
-- series that is packed would touch a page of it for every minute. It holds numbers only: nothing needs to be written over.
PRAGMA secure_delete = FAST;
DROP INDEX rollup_age;
PRAGMA secure_delete = ON;
