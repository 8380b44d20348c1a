//! Share links: their rows, and how they end.

use commands::sharing::{Audience, Parts, Share};
use domain::{
    actor::Actor,
    error::{Conflict, Error},
    id::{AccountId, ShareId},
    journal::{Entry, Event},
    time::Timestamp,
};
use sqlx::Row as _;

use super::{Connection, Row};
use crate::store::{
    change::Beside,
    error::StoreError,
    rows::{self, number_of_row},
};

/// The columns of a link, as [`share`] takes them.
pub(super) const SHARE: &str = "id, incident, label, audience, shows_summary, shows_timeline, shows_now, shows_hosts, made_by, made_at, until, \
                     revoked_at, last_used_at, views";

pub(super) fn share(row: &Row) -> Result<Share, StoreError> {
    let id: i64 = row.try_get(0)?;
    let bad = |problem: &str| StoreError::inconsistent("share", id, problem);
    let shown = |index: usize| Ok::<_, sqlx::Error>(row.try_get::<i64, _>(index)? != 0);
    let moment = |index: usize| {
        Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(index)?.map(Timestamp::from_micros))
    };
    Ok(Share {
        id: ShareId(u32::try_from(id).map_err(|_| bad("its id is not a valid number"))?),
        incident: rows::number(row.try_get(1)?)?,
        label: row.try_get(2)?,
        audience: Audience::named(row.try_get(3)?).ok_or_else(|| bad("its audience is unknown"))?,
        parts: Parts { summary: shown(4)?, timeline: shown(5)?, now: shown(6)? },
        hosts: shown(7)?,
        made_by: row
            .try_get::<&str, _>(8)?
            .parse()
            .map_err(|_| bad("its creator can't be read"))?,
        made_at: Timestamp::from_micros(row.try_get(9)?),
        until: Timestamp::from_micros(row.try_get(10)?),
        revoked_at: moment(11)?,
        last_used_at: moment(12)?,
        views: number_of_row(row.try_get(13)?, "share")?,
    })
}

/// Writes the row of a new link.
pub(super) async fn write_share(
    connection: &mut Connection,
    id: ShareId,
    entry: &Entry,
    beside: &Beside,
) -> Result<(), StoreError> {
    let Beside::Share { incident, wanted, token_hash } = beside else { return Ok(()) };
    let shown = i64::from;
    sqlx::query(
        "INSERT INTO share (id, incident, label, audience, shows_summary, shows_timeline, shows_now, shows_hosts, token_hash, made_by,
             made_at, until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(i64::from(id.0))
    .bind(i64::from(incident.0))
    .bind(&wanted.label)
    .bind(wanted.audience.as_str())
    .bind(shown(wanted.parts.summary))
    .bind(shown(wanted.parts.timeline))
    .bind(shown(wanted.parts.now))
    .bind(shown(wanted.hosts))
    .bind(&token_hash.0[..])
    .bind(entry.actor.to_string())
    .bind(entry.at.as_micros())
    .bind(wanted.until.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

/// The events that end the links that someone made and that are open still.
pub(super) async fn ends_of_links(
    connection: &mut Connection,
    made_by: AccountId,
    now: Timestamp,
) -> Result<Vec<Event>, StoreError> {
    let rows = sqlx::query("SELECT id, incident FROM share WHERE made_by = $1 AND revoked_at IS NULL AND until > $2 ORDER BY id")
        .bind(Actor::Account(made_by).to_string())
        .bind(now.as_micros())
        .fetch_all(connection)
        .await?;
    let end = |row: &Row| {
        let id: i64 = row.try_get(0)?;
        let share = u32::try_from(id)
            .map_err(|_| StoreError::inconsistent("share", id, "its id is not a valid number"))?;
        Ok(Event::ShareRevoked { incident: rows::number(row.try_get(1)?)?, share: ShareId(share) })
    };
    rows.iter().map(end).collect()
}

/// Ends a link.
pub(super) async fn revoke(
    connection: &mut Connection,
    id: ShareId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let changed =
        sqlx::query("UPDATE share SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(i64::from(id.0))
            .bind(at.as_micros())
            .execute(connection)
            .await?
            .rows_affected();
    if changed == 0 {
        return Err(Error::from(Conflict::ShareEnded).into());
    }
    Ok(())
}
