-- What tells this installation from others: cookies know no ports, so their name carries it.
INSERT INTO meta (name, value) VALUES ('instance', convert_to(substr(md5(random()::text || clock_timestamp()::text), 1, 8), 'UTF8'));

-- Which program serves: the one that took it last. `epoch` grows with each taking, and every change checks it in its own transaction.
-- Another program may take it once `until` is over by the database's clock.
CREATE TABLE lease (
    single BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (single),
    epoch BIGINT NOT NULL,
    until TIMESTAMPTZ NOT NULL
);
INSERT INTO lease (epoch, until) VALUES (0, clock_timestamp());
