//! Stability reports: their periods in the team's time zone, what they are made of, and their text by
//! the template. Made for the service and for the command line alike, from the store alone.

mod documents;
mod measured;
pub mod period;
mod source;

pub use documents::ReportDocuments;
pub(crate) use documents::built_in;

use crate::{
    learned,
    store::{Store, StoreError, readable},
    time_zones::TeamZone,
};
use commands::{
    accounts::Account,
    audit::{AuditAuthor, AuditFilter},
    operation::Operation as _,
    reading::GetReport,
    report::{StoredReport, is_made, stored},
};
use domain::{
    access::Principal,
    authorization::authorize,
    id::SessionId,
    journal::{Entry, Event},
    report::{MadeReport, ReportKind, ReportPeriod},
    time::Timestamp,
};

/// The most reports of a page of the list: a year of weeks and some that people asked for.
pub const LISTED: u32 = 60;
/// The newest reports among which one waits for a review: a month of daily ones with the weekly
/// and monthly ones among them.
const RECENT: u32 = 40;
/// The most marks of reviews that are read: the newest.
const REVIEWS: u32 = 2_000;

/// The newest reports, newest first.
pub async fn known(store: &dyn Store) -> Result<Vec<StoredReport>, StoreError> {
    newest_of(store, &AuditFilter::default(), LISTED).await
}

/// A page of the list: the newest reports with a smaller number than `before`, newest first, and the
/// number before which the next page begins.
pub async fn page(
    store: &dyn Store,
    before: Option<u64>,
) -> Result<(Vec<StoredReport>, Option<u64>), StoreError> {
    let filter = AuditFilter { before, ..AuditFilter::default() };
    let mut found = newest_of(store, &filter, LISTED + 1).await?;
    let has_more = found.len() > LISTED as usize;
    found.truncate(LISTED as usize);
    let older = found.last().map(|last| last.report).filter(|_| has_more);
    Ok((found, older))
}

/// The newest report that was made by itself and waits for a review.
pub async fn awaiting_review(store: &dyn Store) -> Result<Option<StoredReport>, StoreError> {
    Ok(commands::report::awaiting_review(newest_of(store, &by_itself(), RECENT).await?))
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

/// The report of a number as it was made, without what became of it.
pub async fn made(store: &dyn Store, report: u64) -> Result<Option<Box<MadeReport>>, StoreError> {
    let Some(found) = store.as_trail().stored_entry(report).await? else { return Ok(None) };
    Ok(match readable(&found)?.event {
        Some(Event::ReportMade { report }) => Some(report),
        _ => None,
    })
}

/// True if an account may read reports, and so get them by e-mail.
pub fn may_read(account: &Account) -> bool {
    let reader = Principal::Account {
        id: account.id,
        role: account.role,
        session: SessionId(0),
        recently_authenticated: false,
    };
    authorize(&reader, GetReport::PERMISSION).is_ok()
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
    documents: &ReportDocuments,
    period: &ReportPeriod,
    now: Timestamp,
) -> Result<MadeReport, StoreError> {
    let figures = source::figures(store, known, documents, period, now).await?;
    let text = wording::report::markdown(&figures, &documents.template);
    Ok(MadeReport { figures, text })
}

/// The report of a length that is due by itself and not made yet: of the last day, week or month that
/// is over, unless Calm Ops did not exist in it.
pub async fn due(
    store: &dyn Store,
    documents: &ReportDocuments,
    zone: &TeamZone,
    kind: ReportKind,
    now: Timestamp,
) -> Result<Option<MadeReport>, StoreError> {
    let period = period::due(zone, kind, now);
    let began = source::journal_began(store).await?;
    if began.is_none_or(|began| began >= period.to) {
        return Ok(None);
    }
    // One after the other: what people ask for is about any days.
    let known = newest_of(store, &by_itself(), LISTED).await?;
    if is_made(&known, &period) {
        return Ok(None);
    }
    make(store, &known, documents, &period, now).await.map(Some)
}
