-- What tells this installation from others: cookies know no ports, so their name carries it.
INSERT INTO meta (name, value) VALUES ('instance', CAST(lower(hex(randomblob(4))) AS BLOB));
