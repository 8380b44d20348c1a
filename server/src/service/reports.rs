//! Stability reports: made when they are due or when a person asks, listed, shown and reviewed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use commands::{
    command::{MakeReport, Record, ReviewReport},
    operation::Operation as _,
    report::{ReportList, ReportPage, StoredReport, UnreviewedReport, make, review},
};
use domain::{
    access::Principal,
    authorization::authorize,
    error::{Entity, Error},
    journal::Event,
    report::{MadeReport, ReportKind},
    time::Timestamp,
};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{failure::refuse, handle::Service, inner::Inner};
use crate::{
    reports::{self, ReportDocuments},
    time_zones::TeamZone,
};

/// The interval of looks whether a report is due.
const EVERY: Duration = Duration::from_secs(60);
/// The interval of looks whether the journal tells of the start.
const START_EVERY: Duration = Duration::from_secs(1);

impl Service {
    /// Makes the reports that are made by themselves when they are due, until `stop`; one that was
    /// missed at the start, once the journal tells of it. `opened_at` is the end of the journal before the start.
    pub async fn report(self: Arc<Self>, opened_at: u64, stop: CancellationToken) {
        if !self.is_start_told(opened_at, &stop).await {
            return;
        }
        let mut ticker = tokio::time::interval(EVERY);
        ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The ends of the last periods that nothing is left to do for.
        let mut settled: BTreeMap<ReportKind, Timestamp> = BTreeMap::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = ticker.tick() => {}
            }
            for kind in self.inner.made_by_itself() {
                let now = self.inner.clock.now().wall;
                let end = reports::period::due(&self.inner.zone(), kind, now).to;
                if settled.get(&kind) == Some(&end) {
                    continue;
                }
                match self.make_due(kind, now).await {
                    Ok(()) => {
                        settled.insert(kind, end);
                    }
                    Err(error) => {
                        let error = wording::error::sentence(&error);
                        tracing::warn!(%error, "the {} stability report that is due could not be made; trying again", kind.as_str());
                    }
                }
            }
        }
    }

    /// Waits until the journal tells of the start, and with it of the time before in which Calm Ops
    /// did not run: a report that was made earlier would not know of that time. False if `stop` came
    /// first.
    async fn is_start_told(&self, opened_at: u64, stop: &CancellationToken) -> bool {
        let mut ticker = tokio::time::interval(START_EVERY);
        ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return false,
                _ = ticker.tick() => {}
            }
            // While the database is away, the monitor can't tell of the start either.
            if let Ok(true) = reports::has_started(&*self.inner.store, opened_at).await {
                return true;
            }
        }
    }

    /// Makes the weekly report that is due at this moment, if there is one that is not made yet.
    pub async fn make_due_report(&self) -> Result<(), Error> {
        self.make_due(ReportKind::Weekly, self.inner.clock.now().wall).await
    }

    async fn make_due(&self, kind: ReportKind, now: Timestamp) -> Result<(), Error> {
        let inner = &self.inner;
        let (documents, zone) = (inner.report_documents(), inner.zone());
        let due = reports::due(&*inner.store, &documents, &zone, kind, now);
        let due = due.await.map_err(refuse)?;
        if let Some(made) = due {
            let events = vec![Event::ReportMade { report: Box::new(made) }];
            self.execute(Principal::System, Record { events, monitor: None }).await?;
        }
        Ok(())
    }
}

impl Inner {
    /// The time zone of the team.
    pub(super) fn zone(&self) -> TeamZone {
        self.set_up.get().map(|set_up| set_up.zone.clone()).unwrap_or_default()
    }

    /// The lengths of the reports that are made by themselves.
    fn made_by_itself(&self) -> Vec<ReportKind> {
        self.set_up.get().map(|set_up| set_up.reports.clone()).unwrap_or_default()
    }

    /// The documents in force that reports are made by.
    fn report_documents(&self) -> ReportDocuments {
        // Before the monitor has told which documents are in force, the built-in ones are as good.
        ReportDocuments::read(|name| {
            self.document(name)
                .map_or_else(|_| reports::built_in(name), |document| document.markdown)
        })
    }

    async fn known_reports(&self) -> Result<Vec<StoredReport>, Error> {
        reports::known(&*self.store).await.map_err(refuse)
    }

    /// A report of the time up to now. It takes a while, so no other change waits for it.
    pub(super) async fn made_report(&self, kind: ReportKind) -> Result<MadeReport, Error> {
        let now = self.clock.now().wall;
        let (documents, known) = (self.report_documents(), self.known_reports().await?);
        let period = reports::period::until(&self.zone(), kind, now);
        reports::make(&*self.store, &known, &documents, &period, now).await.map_err(refuse)
    }

    /// The events that keep a report.
    pub(super) async fn keep_report(&self, made: MadeReport) -> Result<Vec<Event>, Error> {
        Ok(make(&self.known_reports().await?, made, self.clock.now().wall))
    }

    /// The events that mark a report as reviewed.
    pub(super) async fn review_report(&self, report: u64) -> Result<Vec<Event>, Error> {
        let found = reports::one(&*self.store, report).await.map_err(refuse)?;
        review(found.as_slice(), report)
    }

    /// A page of the list of reports.
    pub(super) async fn report_list(
        &self,
        caller: &Principal,
        before: Option<u64>,
    ) -> Result<ReportList, Error> {
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let (reports, older) = reports::page(&*self.store, before).await.map_err(refuse)?;
        Ok(ReportList {
            cursor,
            reports: reports.iter().map(StoredReport::card).collect(),
            older,
            names: self.names().await?,
            may_make: authorize(caller, MakeReport::PERMISSION).is_ok(),
        })
    }

    /// A report, as it was made.
    pub(super) async fn report_page(
        &self,
        caller: &Principal,
        report: u64,
    ) -> Result<ReportPage, Error> {
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let found = reports::one(&*self.store, report).await.map_err(refuse)?;
        let found = found.ok_or(Error::NotFound(Entity::StabilityReport(report)))?;
        let StoredReport { report, made_at, made_by, made, reviewed } = found;
        Ok(ReportPage {
            cursor,
            report,
            made_at,
            made_by,
            made: *made,
            reviewed,
            names: self.names().await?,
            may_review: authorize(caller, ReviewReport::PERMISSION).is_ok(),
        })
    }

    /// The newest report that was made by itself and waits for a review; nothing while the database is
    /// away.
    pub(super) async fn unreviewed_report(&self) -> Option<UnreviewedReport> {
        let waiting = self.ask(reports::awaiting_review(&*self.store)).await.ok()??;
        Some(UnreviewedReport { report: waiting.report, period: waiting.made.figures.period })
    }
}
