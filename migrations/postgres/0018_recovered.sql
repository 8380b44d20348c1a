-- When all signals of an incident were back, for figures about many incidents. The next start fills it in for those from before.
ALTER TABLE incident ADD COLUMN recovered_at BIGINT;
