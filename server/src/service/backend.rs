//! The part that carries operations out, behind the one check of who may.

use std::{future::Future, sync::Arc};

use commands::{
    audit::{AuditPage, Verified},
    command::Command,
    impact::{ImpactList, OrganizationImpact},
    messages::MessagesPage,
    notifications::Contacts,
    operation::Committed,
    organizations::{OrganizationList, OrganizationPage},
    protection::ProtectionPage,
    readiness::Readiness,
    reading::{
        CheckNow, FindIncident, GetBundle, GetDocument, GetHealth, GetIncident, GetMessages,
        GetOrganization, GetOrganizationImpact, GetProtection, GetReadiness, GetRecommendation,
        GetReport, GetReview, GetSeries, GetSettings, GetSharedPage, GetSignal, GetSources,
        GetStatusPage, GetThreshold, GetThresholdPatch, GetUptime, ListContacts, ListImpact,
        ListIncidents, ListOrganizations, ListPrevention, ListReports, ListShares, ListSimilar,
        ReadJournal, SearchAudit, SearchHistory, TryThreshold, VerifyJournal,
    },
    report::{ReportList, ReportPage},
    review::{PreventionList, ReviewPage},
    service::{Authorized, Backend, Pending},
    sharing::{SharedPage, Shares},
    signal_page::SignalPage,
    sources::SourcesPage,
    status_page::StatusPageView,
    threshold::{ThresholdPage, ThresholdTrial},
    uptime::UptimePage,
    view,
};
use domain::{error::Error, similar::SimilarIncidents};

use super::{failure::too_slow, inner::Inner};

/// Carries operations out.
pub(super) struct Handlers(pub Arc<Inner>);

impl Handlers {
    fn answer<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Pending<T>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        Box::pin(work(Arc::clone(&self.0)))
    }
}

impl Backend for Handlers {
    /// A change runs to its end even if whoever asked for it went away in the middle, so that nothing
    /// that was committed is missing from the live stream.
    fn change(&self, who: Authorized, command: Command) -> Pending<Committed> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let task = tokio::spawn(async move {
                let changed = inner.change(who.principal(), command).await;
                if changed.is_ok() {
                    // Who is here now is read while the database answers: it may be away for the
                    // next request.
                    let _ = inner.known().await;
                }
                changed
            });
            task.await.unwrap_or_else(|error| {
                tracing::error!(%error, "a change did not complete");
                Err(too_slow())
            })
        })
    }

    fn get_health(&self, who: Authorized, _: GetHealth) -> Pending<view::Health> {
        self.answer(|inner| async move { Ok(inner.health(who.principal()).await) })
    }

    fn list_incidents(&self, _: Authorized, _: ListIncidents) -> Pending<view::Incidents> {
        self.answer(|inner| async move { inner.incidents().await })
    }

    fn get_incident(&self, who: Authorized, asked: GetIncident) -> Pending<view::IncidentPage> {
        self.answer(|inner| async move { inner.incident(who.principal(), asked.incident).await })
    }

    fn find_incident(&self, _: Authorized, asked: FindIncident) -> Pending<view::IncidentRef> {
        self.answer(|inner| async move { inner.number_of(asked.id).await })
    }

    fn get_protection(&self, who: Authorized, _: GetProtection) -> Pending<ProtectionPage> {
        self.answer(|inner| async move { inner.protection_page(who.principal()).await })
    }

    fn get_organization(
        &self,
        who: Authorized,
        asked: GetOrganization,
    ) -> Pending<OrganizationPage> {
        self.answer(|inner| async move { inner.organization_page(who.principal(), asked).await })
    }

    fn get_organization_impact(
        &self,
        _: Authorized,
        asked: GetOrganizationImpact,
    ) -> Pending<Vec<OrganizationImpact>> {
        self.answer(|inner| async move {
            inner.organization_impact(&asked.organization, asked.days).await
        })
    }

    fn list_impact(&self, _: Authorized, asked: ListImpact) -> Pending<ImpactList> {
        self.answer(|inner| async move { inner.impact_list(asked.days).await })
    }

    fn list_organizations(
        &self,
        _: Authorized,
        asked: ListOrganizations,
    ) -> Pending<OrganizationList> {
        self.answer(|inner| async move { inner.organization_list(asked).await })
    }

    fn get_status_page(&self, who: Authorized, _: GetStatusPage) -> Pending<StatusPageView> {
        self.answer(|inner| async move { inner.status_page(who.principal()).await })
    }

    fn get_messages(&self, who: Authorized, asked: GetMessages) -> Pending<MessagesPage> {
        self.answer(|inner| async move { inner.messages(who.principal(), asked.incident).await })
    }

    fn get_review(&self, who: Authorized, asked: GetReview) -> Pending<ReviewPage> {
        self.answer(|inner| async move { inner.review(who.principal(), asked.incident).await })
    }

    fn list_similar(&self, _: Authorized, asked: ListSimilar) -> Pending<SimilarIncidents> {
        self.answer(|inner| async move { inner.list_similar(asked.incident).await })
    }

    fn list_prevention(&self, who: Authorized, _: ListPrevention) -> Pending<PreventionList> {
        self.answer(|inner| async move { inner.prevention(who.principal()).await })
    }

    fn get_threshold(&self, who: Authorized, asked: GetThreshold) -> Pending<ThresholdPage> {
        self.answer(|inner| async move { inner.threshold_page(who.principal(), asked).await })
    }

    fn get_threshold_patch(&self, _: Authorized, asked: GetThresholdPatch) -> Pending<String> {
        self.answer(|inner| async move { inner.threshold_patch(asked).await })
    }

    fn try_threshold(&self, _: Authorized, asked: TryThreshold) -> Pending<ThresholdTrial> {
        self.answer(|inner| async move { inner.try_threshold(asked).await })
    }

    fn list_reports(&self, who: Authorized, page: ListReports) -> Pending<ReportList> {
        self.answer(|inner| async move { inner.report_list(who.principal(), page.before).await })
    }

    fn get_report(&self, who: Authorized, asked: GetReport) -> Pending<ReportPage> {
        self.answer(|inner| async move { inner.report_page(who.principal(), asked.report).await })
    }

    fn get_uptime(&self, _: Authorized, _: GetUptime) -> Pending<UptimePage> {
        self.answer(|inner| async move { inner.uptime().await })
    }

    fn search_history(&self, _: Authorized, asked: SearchHistory) -> Pending<view::History> {
        self.answer(|inner| async move { inner.history(&asked.filter).await })
    }

    fn get_series(&self, _: Authorized, asked: GetSeries) -> Pending<view::Series> {
        let GetSeries { subject, signal, from, to } = asked;
        self.answer(|inner| async move { inner.course(subject, signal, from, to).await })
    }

    fn get_signal(&self, _: Authorized, asked: GetSignal) -> Pending<SignalPage> {
        self.answer(|inner| async move { inner.signal(asked).await })
    }

    fn get_document(&self, _: Authorized, asked: GetDocument) -> Pending<view::Document> {
        self.answer(|inner| async move { inner.document(&asked.name) })
    }

    fn read_journal(&self, _: Authorized, asked: ReadJournal) -> Pending<view::JournalPage> {
        self.answer(|inner| async move { inner.journal(asked.after, asked.limit).await })
    }

    fn get_recommendation(
        &self,
        who: Authorized,
        asked: GetRecommendation,
    ) -> Pending<view::RecommendationPage> {
        self.answer(|inner| async move {
            inner.recommendation(who.principal(), asked.recommendation).await
        })
    }

    fn get_bundle(&self, _: Authorized, asked: GetBundle) -> Pending<Vec<u8>> {
        self.answer(|inner| async move { inner.bundle(asked.incident).await })
    }

    fn get_settings(&self, who: Authorized, _: GetSettings) -> Pending<view::Settings> {
        self.answer(|inner| async move { inner.settings(who.principal()).await })
    }

    fn get_readiness(&self, who: Authorized, _: GetReadiness) -> Pending<Readiness> {
        self.answer(|inner| async move { inner.readiness(who.principal()).await })
    }

    fn get_sources(&self, _: Authorized, _: GetSources) -> Pending<SourcesPage> {
        self.answer(|inner| async move { Ok(inner.sources_page()) })
    }

    fn search_audit(&self, who: Authorized, asked: SearchAudit) -> Pending<AuditPage> {
        self.answer(|inner| async move { inner.trail(who.principal(), &asked.filter).await })
    }

    fn verify_journal(&self, _: Authorized, _: VerifyJournal) -> Pending<Verified> {
        self.answer(|inner| async move { inner.verify_chain().await })
    }

    fn list_shares(&self, _: Authorized, asked: ListShares) -> Pending<Shares> {
        self.answer(|inner| async move { inner.shares(asked.incident).await })
    }

    fn get_shared_page(&self, who: Authorized, _: GetSharedPage) -> Pending<SharedPage> {
        self.answer(|inner| async move { inner.shared(who.principal()).await })
    }

    fn check_now(&self, _: Authorized, _: CheckNow) -> Pending<view::CheckResult> {
        self.answer(|inner| async move { Ok(inner.checks.run(inner.clock).await) })
    }

    fn list_contacts(&self, who: Authorized, _: ListContacts) -> Pending<Contacts> {
        self.answer(|inner| async move { inner.contacts(who.principal()).await })
    }
}
