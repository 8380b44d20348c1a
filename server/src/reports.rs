//! Stability reports: their periods in the team's time zone, what they are made of, and their text by
//! the template. Made for the service and for the command line alike, from the store alone.

pub mod period;
mod source;

use std::borrow::Cow;

use commands::{
    audit::{AuditAuthor, AuditFilter},
    report::{StoredReport, is_made, stored},
};
use domain::{
    journal::Entry,
    report::{MadeReport, ReportPeriod},
    time::Timestamp,
};
use policy::{
    diagnostic::Diagnostic,
    report_template::{REPORT_TEMPLATE, ReportTemplate},
};

use crate::{
    embedded, learned,
    store::{Store, StoreError, readable},
    time_zones::TeamZone,
};

/// The most reports that are listed: the newest, a year of weeks and some that people asked for.
const LISTED: u32 = 60;
/// The most marks of reviews that are read: the newest.
const REVIEWS: u32 = 2_000;

/// The template that is built in.
pub fn built_in() -> Result<ReportTemplate, Vec<Diagnostic>> {
    let text = embedded::document(REPORT_TEMPLATE).map(Cow::into_owned).unwrap_or_default();
    ReportTemplate::parse(REPORT_TEMPLATE, &text)
}

/// The newest reports, newest first.
pub async fn known(store: &dyn Store) -> Result<Vec<StoredReport>, StoreError> {
    newest_of(store, &AuditFilter::default(), LISTED).await
}

/// The newest report that was made by itself.
pub async fn newest_due(store: &dyn Store) -> Result<Option<StoredReport>, StoreError> {
    Ok(newest_of(store, &by_itself(), 1).await?.into_iter().next())
}

/// True if the journal tells of a start after an entry, and with it of the time before that start.
pub async fn has_started(store: &dyn Store, after: u64) -> Result<bool, StoreError> {
    let starts = learned::entries(store, &AuditFilter::default(), &["started"], 1).await?;
    Ok(starts.iter().any(|entry| entry.number > after))
}

/// The report of a number, however old it is.
pub async fn one(store: &dyn Store, report: u64) -> Result<Option<StoredReport>, StoreError> {
    let Some(found) = store.as_trail().stored_entry(report).await? else { return Ok(None) };
    let mut entries = vec![readable(&found)?];
    entries.extend(reviews(store).await?);
    Ok(stored(&entries).into_iter().next())
}

/// The filter of what no person asked for.
fn by_itself() -> AuditFilter {
    AuditFilter { actor: Some(AuditAuthor::CalmOps), ..AuditFilter::default() }
}

/// The newest reports that fit a filter, newest first.
async fn newest_of(
    store: &dyn Store,
    filter: &AuditFilter,
    most: u32,
) -> Result<Vec<StoredReport>, StoreError> {
    let mut entries = learned::entries(store, filter, &["report_made"], most).await?;
    entries.extend(reviews(store).await?);
    Ok(stored(&entries))
}

async fn reviews(store: &dyn Store) -> Result<Vec<Entry>, StoreError> {
    learned::entries(store, &AuditFilter::default(), &["report_reviewed"], REVIEWS).await
}

/// The report of a period, from what the store holds.
pub async fn make(
    store: &dyn Store,
    known: &[StoredReport],
    template: &ReportTemplate,
    period: &ReportPeriod,
    now: Timestamp,
) -> Result<MadeReport, StoreError> {
    let figures = source::figures(store, known, period, now).await?;
    let text = wording::report::markdown(&figures, template);
    Ok(MadeReport { figures, text })
}

/// The weekly report that is due by itself and not made yet: of the last week that is over, unless
/// Calm Ops did not exist in it.
pub async fn due(
    store: &dyn Store,
    template: &ReportTemplate,
    zone: &TeamZone,
    now: Timestamp,
) -> Result<Option<MadeReport>, StoreError> {
    let period = period::due(zone, now);
    let began = source::journal_began(store).await?;
    if began.is_none_or(|began| began >= period.to) {
        return Ok(None);
    }
    // Week by week: what people ask for is about any seven days.
    let known = newest_of(store, &by_itself(), LISTED).await?;
    if is_made(&known, &period) {
        return Ok(None);
    }
    make(store, &known, template, &period, now).await.map(Some)
}
