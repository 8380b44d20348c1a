//! Stability reports: their periods in the team's time zone, what they are made of, and their text by
//! the template. Made for the service and for the command line alike, from the store alone.

pub mod period;
mod source;

use std::borrow::Cow;

use commands::{
    audit::AuditFilter,
    report::{StoredReport, is_made, stored},
};
use domain::{
    report::{MadeReport, ReportPeriod},
    time::Timestamp,
};
use policy::{
    diagnostic::Diagnostic,
    report_template::{REPORT_TEMPLATE, ReportTemplate},
};

use crate::{
    embedded, learned,
    store::{Store, StoreError},
    time_zones::TeamZone,
};

/// The most reports that are read: the newest, a year of weeks and some that people asked for.
const MOST_REPORTS: u32 = 60;

/// The template that is built in.
pub fn built_in() -> Result<ReportTemplate, Vec<Diagnostic>> {
    let text = embedded::document(REPORT_TEMPLATE).map(Cow::into_owned).unwrap_or_default();
    ReportTemplate::parse(REPORT_TEMPLATE, &text)
}

/// The newest reports, newest first.
pub async fn known(store: &dyn Store) -> Result<Vec<StoredReport>, StoreError> {
    let kinds = ["report_made", "report_reviewed"];
    let found = learned::entries(store, &AuditFilter::default(), &kinds, MOST_REPORTS).await?;
    Ok(stored(&found))
}

/// The newest report, with its review.
pub async fn newest(store: &dyn Store) -> Result<Option<StoredReport>, StoreError> {
    let of = |kind: &str| AuditFilter { kind: Some(kind.to_owned()), ..AuditFilter::default() };
    let mut found = learned::entries(store, &of("report_made"), &["report_made"], 1).await?;
    let reviewed = ["report_reviewed"];
    found.extend(learned::entries(store, &of("report_reviewed"), &reviewed, MOST_REPORTS).await?);
    Ok(stored(&found).into_iter().next())
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
    let known = known(store).await?;
    if is_made(&known, &period) {
        return Ok(None);
    }
    make(store, &known, template, &period, now).await.map(Some)
}
