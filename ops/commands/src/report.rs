//! Stability reports: what people may do with them, and the pages that show them.

use std::collections::BTreeSet;

use domain::{
    actor::{Actor, Names},
    error::{Entity, Error},
    journal::{Cursor, Entry, Event},
    report::{MadeReport, Promises, ReportBefore, ReportKind, ReportPeriod},
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

/// A report of a length that was made so short a time ago is not made again: a second press.
const JUST_MADE: Span = Span::from_secs(10);

/// A person who marked a report as reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportReview {
    /// The person.
    pub by: Actor,
    /// The time.
    pub at: Timestamp,
}

/// A report in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportCard {
    /// Its number.
    pub report: u64,
    /// The time at which it was made.
    pub made_at: Timestamp,
    /// The one who made it: Calm Ops, or the person who asked for it.
    pub made_by: Actor,
    /// Its period.
    pub period: ReportPeriod,
    /// Its promises.
    pub promises: Promises,
    /// The first one who marked it as reviewed; `None` before.
    pub reviewed: Option<ReportReview>,
}

/// The list of reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportList {
    /// The journal position at which it was read.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub cursor: Cursor,
    /// The reports, newest first; at most 60.
    pub reports: Vec<ReportCard>,
    /// The number before which the next page begins, if there is one.
    pub older: Option<u64>,
    /// Names of those who made or reviewed one.
    pub names: Names,
    /// True if the reader may make one.
    pub may_make: bool,
}

impl ReportList {
    /// The number of reports on this page of which somebody has to review one: nobody has to review
    /// each day.
    pub fn waiting(&self) -> usize {
        let waits =
            |one: &&ReportCard| one.reviewed.is_none() && one.period.kind != ReportKind::Daily;
        self.reports.iter().filter(waits).count()
    }
}

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportPage {
    /// The journal position at which it was read.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub cursor: Cursor,
    /// Its number.
    pub report: u64,
    /// The time at which it was made.
    pub made_at: Timestamp,
    /// The one who made it: Calm Ops, or the person who asked for it.
    pub made_by: Actor,
    /// The report, as it was made.
    pub made: MadeReport,
    /// The first one who marked it as reviewed; `None` before.
    pub reviewed: Option<ReportReview>,
    /// Names of those who made or reviewed it.
    pub names: Names,
    /// True if the reader may mark it as reviewed.
    pub may_review: bool,
}

/// A report that nobody reviewed yet, for a quiet line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnreviewedReport {
    /// Its number.
    pub report: u64,
    /// Its period.
    pub period: ReportPeriod,
}

/// A report and what became of it, after the entries of its kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReport {
    /// Its number.
    pub report: u64,
    /// The time at which it was made.
    pub made_at: Timestamp,
    /// The one who made it.
    pub made_by: Actor,
    /// The report.
    pub made: Box<MadeReport>,
    /// The first one who marked it as reviewed.
    pub reviewed: Option<ReportReview>,
}

impl StoredReport {
    /// The card of the list.
    pub fn card(&self) -> ReportCard {
        ReportCard {
            report: self.report,
            made_at: self.made_at,
            made_by: self.made_by,
            period: self.made.figures.period.clone(),
            promises: self.made.figures.promises,
            reviewed: self.reviewed,
        }
    }

    /// The report as a later one is compared with it.
    pub fn before(&self) -> ReportBefore {
        let ReportPeriod { from, to, .. } = self.made.figures.period;
        let (report, promises) = (self.report, self.made.figures.promises);
        ReportBefore { report, from, to, promises }
    }
}

/// The reports after entries of the kinds `report_made` and `report_reviewed`, newest first.
pub fn stored(entries: &[Entry]) -> Vec<StoredReport> {
    let made = |entry: &Entry| match &entry.event {
        Some(Event::ReportMade { report }) => Some(StoredReport {
            report: entry.number,
            made_at: entry.at,
            made_by: entry.actor,
            made: report.clone(),
            reviewed: first_review(entries, entry.number),
        }),
        _ => None,
    };
    let mut all: Vec<StoredReport> = entries.iter().filter_map(made).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.report));
    all
}

fn first_review(entries: &[Entry], number: u64) -> Option<ReportReview> {
    let of_it = entries.iter().filter(
        |entry| matches!(entry.event, Some(Event::ReportReviewed { report }) if report == number),
    );
    let first = of_it.min_by_key(|entry| entry.number)?;
    Some(ReportReview { by: first.actor, at: first.at })
}

/// Keeps a report that a person asked for; nothing where one of the same length was just made.
pub fn make(known: &[StoredReport], made: MadeReport, now: Timestamp) -> Vec<Event> {
    let kind = made.figures.period.kind;
    // One that was made while the clock was ahead was not made just now.
    let is_again = known.iter().any(|one| {
        one.made.figures.period.kind == kind
            && one.made_at <= now
            && now.since(one.made_at) < JUST_MADE
    });
    if is_again { Vec::new() } else { vec![Event::ReportMade { report: Box::new(made) }] }
}

/// Marks a report as reviewed; one that is reviewed stays as it is.
pub fn review(known: &[StoredReport], report: u64) -> Result<Vec<Event>, Error> {
    let found = known.iter().find(|one| one.report == report);
    let found = found.ok_or(Error::NotFound(Entity::StabilityReport(report)))?;
    if found.reviewed.is_some() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::ReportReviewed { report }])
}

/// The newest of some reports that waits for a review, among the newest weekly and the newest monthly
/// one; nobody has to review each day.
pub fn awaiting_review(newest_first: Vec<StoredReport>) -> Option<StoredReport> {
    let mut seen = BTreeSet::new();
    newest_first.into_iter().find(|one| {
        let kind = one.made.figures.period.kind;
        kind != ReportKind::Daily && seen.insert(kind) && one.reviewed.is_none()
    })
}

/// True if a report that Calm Ops made by itself is about this period: one that ends less than half
/// a period before or after its end, as another time zone moves it by hours. One that was made while
/// the clock was ahead is about a later period.
pub fn is_made(known: &[StoredReport], period: &ReportPeriod) -> bool {
    let half = Span::from_micros(period.length().as_micros() / 2);
    known.iter().any(|one| {
        let other = &one.made.figures.period;
        !one.made_by.is_person()
            && other.kind == period.kind
            && other.to > period.to.minus(half)
            && other.to < period.to.plus(half)
    })
}

#[cfg(test)]
mod tests;
