//! Organizations: their plans, and the entries about them.

use async_trait::async_trait;
use domain::{
    id::IncidentNumber,
    journal::{Entry, StoredEntry},
    protection::OrganizationPlans,
    subject::Subject,
    time::Timestamp,
};
use sqlx::{AssertSqlSafe, Row as _};

use super::{
    Connection, Database, Row,
    read::{self, STORED, stored},
};
use crate::store::{
    error::StoreError,
    organizations::{Organizations, PlanRow, PlanRows, Told, told},
    rows::{self, bound, number_of_row},
};

/// Writes what an entry changes.
pub(super) async fn carry_out(
    connection: &mut Connection,
    entry: &Entry,
) -> Result<(), StoreError> {
    let Some(event) = &entry.event else { return Ok(()) };
    match told(event) {
        Told::About(names) => {
            for name in names {
                sqlx::query("INSERT INTO organization_entry (name, entry) VALUES ($1, $2)")
                    .bind(name)
                    .bind(bound(entry.number))
                    .execute(&mut *connection)
                    .await?;
            }
        }
        Told::Affected(names) => {
            let incident = event.incident().map(|number| i64::from(number.0));
            for name in names {
                sqlx::query(
                    "INSERT INTO organization_entry (name, entry, affected_by)
                     SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT)
                     WHERE NOT EXISTS (SELECT 1 FROM organization_entry WHERE name = $1 AND affected_by = $3)",
                )
                .bind(name)
                .bind(bound(entry.number))
                .bind(incident)
                .execute(&mut *connection)
                .await?;
            }
        }
    }
    write_plans(connection, entry).await
}

async fn write_plans(connection: &mut Connection, entry: &Entry) -> Result<(), StoreError> {
    if !entry.event.as_ref().is_some_and(|event| PlanRows::take_kind(event.kind())) {
        return Ok(());
    }
    let Some(Told::About(names)) = entry.event.as_ref().map(told) else { return Ok(()) };
    let Some(name) = names.first() else { return Ok(()) };
    let stored = sqlx::query(
        "SELECT name, plan, plan_entry, override_entry FROM organization WHERE name = $1",
    )
    .bind(*name)
    .fetch_optional(&mut *connection)
    .await?;
    let mut rows = PlanRows::default();
    rows.0.extend(stored.as_ref().map(row).transpose()?);
    rows.take(entry);
    let Some(next) = rows.0.remove(*name) else {
        sqlx::query("DELETE FROM organization WHERE name = $1")
            .bind(*name)
            .execute(connection)
            .await?;
        return Ok(());
    };
    let (plan, plan_entry) = next.plan.map(|(plan, number)| (plan, bound(number))).unzip();
    sqlx::query(
        "INSERT INTO organization (name, plan, plan_entry, override_entry) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET plan = excluded.plan, plan_entry = excluded.plan_entry,
             override_entry = excluded.override_entry",
    )
    .bind(*name)
    .bind(plan)
    .bind(plan_entry)
    .bind(next.overridden.map(bound))
    .execute(connection)
    .await?;
    Ok(())
}

fn row(row: &Row) -> Result<(String, PlanRow), StoreError> {
    let name: String = row.try_get(0)?;
    let (plan, plan_entry): (Option<String>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
    let overridden: Option<i64> = row.try_get(3)?;
    let number = |number: Option<i64>| {
        number.map(|number| number_of_row(number, "organization")).transpose()
    };
    let row = PlanRow { plan: plan.zip(number(plan_entry)?), overridden: number(overridden)? };
    Ok((name, row))
}

/// Plans as the entries tell them to which rows lead: each row has one or two.
fn folded(rows: &[Row]) -> Result<Vec<OrganizationPlans>, StoreError> {
    let mut all: Vec<OrganizationPlans> = Vec::new();
    for row in rows {
        let name: String = row.try_get(4)?;
        if all.last().is_none_or(|last| last.organization.name() != name) {
            let organization = format!("organization:{name}")
                .parse()
                .map_err(|error| StoreError::inconsistent("organization", &name, error))?;
            all.push(OrganizationPlans::none(organization));
        }
        if let Some(last) = all.last_mut() {
            last.take(&read::entry(row)?);
        }
    }
    Ok(all)
}

/// No name comes before it.
fn first(after: Option<&str>) -> &str {
    after.unwrap_or_default()
}

#[async_trait]
impl Organizations for Database {
    async fn plans_of(&self, organization: &Subject) -> Result<OrganizationPlans, StoreError> {
        let rows = sqlx::query(
            "SELECT j.number, j.at_micros, j.actor, j.payload, o.name
             FROM organization o JOIN journal j ON j.number = o.plan_entry OR j.number = o.override_entry
             WHERE o.name = $1 ORDER BY j.number",
        )
        .bind(organization.name())
        .fetch_all(&self.readers)
        .await?;
        let found = folded(&rows)?.into_iter().next();
        Ok(found.unwrap_or_else(|| OrganizationPlans::none(organization.clone())))
    }

    async fn organizations(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<OrganizationPlans>, StoreError> {
        let rows = sqlx::query(
            "SELECT j.number, j.at_micros, j.actor, j.payload, o.name
             FROM (SELECT name, plan_entry, override_entry FROM organization
                   WHERE name > $1 ORDER BY name LIMIT $2) o
             JOIN journal j ON j.number = o.plan_entry OR j.number = o.override_entry
             ORDER BY o.name, j.number",
        )
        .bind(first(after))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        folded(&rows)
    }

    async fn assigned_plans(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT name, plan FROM organization WHERE name > $1 AND plan IS NOT NULL ORDER BY name LIMIT $2",
        )
        .bind(first(after))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?)
    }

    async fn organization_entries(
        &self,
        organization: &Subject,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query(
            "SELECT j.number, j.at_micros, j.actor, j.payload
             FROM (SELECT entry FROM organization_entry WHERE name = $1 AND entry < $2
                   ORDER BY entry DESC LIMIT $3) o
             JOIN journal j ON j.number = o.entry ORDER BY j.number DESC",
        )
        .bind(organization.name())
        .bind(before.map_or(i64::MAX, bound))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read::entry).collect()
    }

    async fn incidents_affecting(
        &self,
        organization: Option<&Subject>,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<IncidentNumber>, StoreError> {
        let of_one = "SELECT i.number FROM incident i
             WHERE (i.resolved_at IS NULL OR i.resolved_at >= $1) AND i.number IN
                 (SELECT affected_by FROM organization_entry WHERE name = $3 AND affected_by IS NOT NULL)
             ORDER BY i.number DESC LIMIT $2";
        let of_any = "SELECT i.number FROM incident i
             WHERE (i.resolved_at IS NULL OR i.resolved_at >= $1) AND i.number IN
                 (SELECT affected_by FROM organization_entry WHERE affected_by IS NOT NULL)
             ORDER BY i.number DESC LIMIT $2";
        let statement = if organization.is_some() { of_one } else { of_any };
        let query = sqlx::query_scalar(statement).bind(since.as_micros()).bind(i64::from(limit));
        let query = match organization {
            Some(organization) => query.bind(organization.name()),
            None => query,
        };
        let numbers: Vec<i64> = query.fetch_all(&self.readers).await?;
        numbers.into_iter().map(rows::number).collect()
    }

    async fn impact_entries(
        &self,
        incident: IncidentNumber,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {STORED} FROM journal
             WHERE incident = $1 AND kind IN ('impact_changed', 'resolved', 'reopened')
             ORDER BY number DESC LIMIT $2"
        )))
        .bind(i64::from(incident.0))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(stored).collect()
    }

    async fn plan_rows(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(String, PlanRow)>, StoreError> {
        let rows = sqlx::query(
            "SELECT name, plan, plan_entry, override_entry FROM organization
             WHERE name > $1 ORDER BY name LIMIT $2",
        )
        .bind(first(after))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(row).collect()
    }
}
