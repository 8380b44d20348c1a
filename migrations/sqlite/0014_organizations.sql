-- Plans of organizations as the journal tells them: the plan that is set, for the gate to read at its start, and the entries
-- that set it and that began the override of which no end is journalled. Names are those of the subjects, without 'organization:'.
CREATE TABLE organization (
    name TEXT PRIMARY KEY,
    plan TEXT,
    plan_entry INTEGER,
    override_entry INTEGER,
    CHECK ((plan IS NULL) = (plan_entry IS NULL)),
    CHECK (plan_entry IS NOT NULL OR override_entry IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX organization_override ON organization (override_entry) WHERE override_entry IS NOT NULL;

-- The entries that are about an organization: its page shows the newest ones. The journal can't find them: a measure and an
-- impact name their organization inside of the payload only.
CREATE TABLE organization_entry (
    name TEXT NOT NULL,
    entry INTEGER NOT NULL,
    -- The incident that it tells to affect the organization: the first entry of each incident stands here.
    affected_by INTEGER,
    PRIMARY KEY (name, entry)
) STRICT, WITHOUT ROWID;

INSERT INTO organization_entry (name, entry)
SELECT DISTINCT SUBSTR(organization, 14), number FROM (
    SELECT number, CAST(payload AS TEXT) ->> '$.measure.organization' AS organization
    FROM journal WHERE kind = 'measure_began' AND payload IS NOT NULL
    UNION ALL
    SELECT number, CAST(payload AS TEXT) ->> '$.requests.organization'
    FROM journal WHERE kind = 'measure_ended' AND payload IS NOT NULL
    UNION ALL
    SELECT number, CAST(payload AS TEXT) ->> '$.breach.subject'
    FROM journal WHERE kind = 'breach_joined' AND payload IS NOT NULL
    UNION ALL
    SELECT number, breach.value ->> '$.subject'
    FROM journal, json_each(CAST(payload AS TEXT), '$.incident.breaches') AS breach
    WHERE kind = 'incident_opened' AND payload IS NOT NULL
) AS about WHERE organization LIKE 'organization:%';

INSERT INTO organization_entry (name, entry, affected_by)
SELECT SUBSTR(affected.value ->> '$.organization', 14), MIN(number), incident
FROM journal, json_each(CAST(payload AS TEXT), '$.impact.organizations') AS affected
WHERE kind = 'impact_changed' AND payload IS NOT NULL
GROUP BY 1, incident;
