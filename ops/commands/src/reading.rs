//! Readings that the service answers: one type for each.

use domain::{
    access::{Permission, Role},
    id::{IncidentNumber, RecommendationId},
    severity::Severity,
    signal::Signal,
    similar::SimilarIncidents,
    subject::Subject,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    audit::{AuditFilter, AuditPage, Verified},
    impact::{ImpactList, OrganizationImpact},
    messages::MessagesPage,
    notifications::Contacts,
    operation::{Listed, Operation},
    organizations::{OrganizationList, OrganizationPage},
    protection::ProtectionPage,
    readiness::Readiness,
    report::{ReportList, ReportPage},
    review::{PreventionList, ReviewPage},
    sharing::{SharedPage, Shares},
    signal_page::{Period, SignalPage},
    sources::SourcesPage,
    status_page::StatusPageView,
    threshold::{ThresholdEdit, ThresholdPage, ThresholdTrial},
    uptime::UptimePage,
    view,
};

/// The incidents of the past that are wanted. Every field narrows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryFilter {
    /// Words that the headline, a subject, a signal, a command that ran, a comment or a note must
    /// contain.
    pub text: Option<String>,
    /// This severity.
    pub severity: Option<Severity>,
    /// A subject, or the beginning of one.
    pub subject: Option<String>,
    /// Opened at or after.
    pub from: Option<Timestamp>,
    /// Opened before.
    pub to: Option<Timestamp>,
    /// Only practices, or none of them.
    pub practice: Option<bool>,
    /// Incidents with a smaller number than this: the next page.
    pub before: Option<IncidentNumber>,
}

impl HistoryFilter {
    /// True if it narrows what figures are made of; the place where a page begins does not, nor
    /// that practices are left out, as they are in no figure.
    pub fn is_narrow(&self) -> bool {
        let practice = self.practice.filter(|only| !only);
        *self != Self { before: self.before, practice, ..Self::default() }
    }
}

const RESPONDER: Permission =
    Permission::Person { role: Role::Responder, recently_authenticated: false };
const OWN: Permission = Permission::Person { role: Role::Viewer, recently_authenticated: false };

/// Declares readings: a type for each, with its output and its permission.
macro_rules! readings {
    ($(
        $(#[$meta:meta])+
        $name:ident -> $output:ty, needs $permission:expr => {
            $( $(#[$field_meta:meta])+ $field:ident: $type:ty, )*
        }
    )*) => {
        $(
            $(#[$meta])+
            #[derive(Clone, Debug, PartialEq)]
            pub struct $name {
                $( $(#[$field_meta])+ pub $field: $type, )*
            }

            impl Operation for $name {
                type Output = $output;
                const NAME: &'static str = stringify!($name);
                const PERMISSION: Permission = $permission;
            }
        )*

        /// Every reading, with its permission.
        pub const ALL: &[Listed] = &[$( (stringify!($name), <$name as Operation>::PERMISSION), )*];
    };
}

readings! {
    /// Reads what is watched, as it is now.
    GetHealth -> view::Health, needs Permission::Read => {}
    /// Reads the active incidents, and the last resolved ones.
    ListIncidents -> view::Incidents, needs Permission::Read => {}
    /// Reads one incident with its timeline.
    GetIncident -> view::IncidentPage, needs Permission::Read => {
        /// The incident.
        incident: IncidentNumber,
    }
    /// Finds the number of an incident.
    FindIncident -> view::IncidentRef, needs Permission::Read => {
        /// The id for programs.
        id: Uuid,
    }
    /// Reads what protects the product: measures, whether the agent may take them, and safe mode.
    GetProtection -> ProtectionPage, needs Permission::Read => {}
    /// Reads an organization: its plan, what limits and affects it, and what happened to it.
    GetOrganization -> OrganizationPage, needs Permission::Read => {
        /// The organization.
        organization: Subject,
        /// The entry before which the timeline begins; the newest without.
        before: Option<u64>,
    }
    /// Reads how long an organization was affected in the last days, and by which incidents: each
    /// period from one reading of the journal.
    GetOrganizationImpact -> Vec<OrganizationImpact>, needs Permission::Read => {
        /// The organization.
        organization: Subject,
        /// The lengths of the periods in days.
        days: Vec<u32>,
    }
    /// Reads how long each organization was affected in the last days.
    ListImpact -> ImpactList, needs Permission::Read => {
        /// The length of the period in days.
        days: u32,
    }
    /// Reads the organizations that have a plan of their own, or are watched now.
    ListOrganizations -> OrganizationList, needs Permission::Read => {
        /// The name after which the list begins.
        after: Option<String>,
        /// The largest number of organizations.
        limit: u32,
    }
    /// Reads what is published on the status page, as the team sees it.
    GetStatusPage -> StatusPageView, needs Permission::Read => {}
    /// Reads the messages about an incident: drafts made of facts, and what people saved.
    GetMessages -> MessagesPage, needs Permission::Read => {
        /// The incident.
        incident: IncidentNumber,
    }
    /// Reads the review of an incident: facts, and what people wrote beside them.
    GetReview -> ReviewPage, needs Permission::Read => {
        /// The incident.
        incident: IncidentNumber,
    }
    /// Reads the earlier incidents that are like one, and what resolved them.
    ListSimilar -> SimilarIncidents, needs Permission::Read => {
        /// The incident.
        incident: IncidentNumber,
    }
    /// Reads the prevention steps of all incidents.
    ListPrevention -> PreventionList, needs Permission::Read => {}
    /// Reads the rows of the thresholds that are in force for a signal, as the document has them now.
    GetThreshold -> ThresholdPage, needs Permission::Read => {
        /// The subject that it is about.
        subject: Subject,
        /// The signal.
        signal: Signal,
    }
    /// Makes the patch of a change of a row. Nothing is changed.
    GetThresholdPatch -> String, needs Permission::Read => {
        /// The subject for which the row is in force.
        subject: Subject,
        /// The signal.
        signal: Signal,
        /// The row, its new texts, and the document that was shown.
        edit: ThresholdEdit,
    }
    // It keeps a processor busy for a while.
    /// Tries a change of a row on stored history. Nothing is changed.
    TryThreshold -> ThresholdTrial, needs RESPONDER => {
        /// The subject for which the row is in force.
        subject: Subject,
        /// The signal.
        signal: Signal,
        /// The row, its new texts, and the document that was shown.
        edit: ThresholdEdit,
        /// The period, in days.
        days: u32,
    }
    /// Reads the list of stability reports.
    ListReports -> ReportList, needs Permission::Read => {
        /// Only reports with a smaller number: `older` of the previous page.
        before: Option<u64>,
    }
    /// Reads a stability report, as it was made.
    GetReport -> ReportPage, needs Permission::Read => {
        /// Its number.
        report: u64,
    }
    /// Reads how often each endpoint answered over the last day, week, month and quarter.
    GetUptime -> UptimePage, needs Permission::Read => {}
    /// Searches incidents of all times.
    SearchHistory -> view::History, needs Permission::Read => {
        /// The incidents that are wanted.
        filter: HistoryFilter,
    }
    /// Reads the values of one signal over a time.
    GetSeries -> view::Series, needs Permission::Read => {
        /// The subject that it is about.
        subject: Subject,
        /// The signal.
        signal: Signal,
        /// The beginning.
        from: Timestamp,
        /// The end.
        to: Timestamp,
    }
    /// Reads the history of one signal over a period, with everything that explains it.
    GetSignal -> SignalPage, needs Permission::Read => {
        /// The subject that it is about.
        subject: Subject,
        /// The signal.
        signal: Signal,
        /// The period.
        period: Period,
    }
    /// Reads a document for people, such as `runbooks/when-things-break.md`.
    GetDocument -> view::Document, needs Permission::Read => {
        /// Its path inside the documents' directory.
        name: String,
    }
    /// Reads journal entries after a position.
    ReadJournal -> view::JournalPage, needs Permission::Read => {
        /// The number before the first one.
        after: u64,
        /// The largest number of entries.
        limit: u32,
    }
    /// Reads one recommendation, with all that a person needs to decide.
    GetRecommendation -> view::RecommendationPage, needs Permission::Read => {
        /// The recommendation.
        recommendation: RecommendationId,
    }
    /// Reads the replay bundle of an incident: what the engine saw and decided around it.
    GetBundle -> Vec<u8>, needs Permission::Read => {
        /// The incident.
        incident: IncidentNumber,
    }
    /// Reads the settings: oneself and, for an owner, everyone who is here.
    GetSettings -> view::Settings, needs OWN => {}
    /// Reads whether what a crisis needs is set up, and was tried.
    GetReadiness -> Readiness, needs Permission::Read => {}
    /// Reads what each collector sees, and how its rounds go.
    GetSources -> SourcesPage, needs Permission::Read => {}
    /// Searches the journal as people look through it, newest first.
    SearchAudit -> AuditPage, needs Permission::Read => {
        /// The entries that are wanted.
        filter: AuditFilter,
    }
    /// Proves the chain of the journal now.
    VerifyJournal -> Verified, needs Permission::Read => {}
    /// Reads the links that share an incident.
    ListShares -> Shares, needs Permission::Read => {
        /// The incident.
        incident: IncidentNumber,
    }
    /// Reads what the share link shows by which it is asked: the link names the incident.
    GetSharedPage -> SharedPage, needs Permission::ShareLink => {}
    /// Reads one's own contacts.
    ListContacts -> Contacts, needs OWN => {}
    /// Runs every collector at once. Nothing is journalled.
    CheckNow -> view::CheckResult, needs Permission::Respond => {}
}

/// Reads the live stream. What a reader may see is checked again as long as they read.
#[derive(Clone, Copy, Debug)]
pub struct StreamEvents;

impl Operation for StreamEvents {
    type Output = ();
    const NAME: &'static str = "StreamEvents";
    const PERMISSION: Permission = Permission::Read;
}

/// Pushes observations: nothing of it is journalled.
#[derive(Clone, Copy, Debug)]
pub struct PushObservations;

impl Operation for PushObservations {
    type Output = ();
    const NAME: &'static str = "PushObservations";
    const PERMISSION: Permission = Permission::Ingest;
}

/// Exports the journal as lines.
#[derive(Clone, Copy, Debug)]
pub struct ExportJournal;

impl Operation for ExportJournal {
    type Output = ();
    const NAME: &'static str = "ExportJournal";
    const PERMISSION: Permission = Permission::Read;
}

/// Reads the present values in the form of Prometheus.
#[derive(Clone, Copy, Debug)]
pub struct ScrapeMetrics;

impl Operation for ScrapeMetrics {
    type Output = ();
    const NAME: &'static str = "ScrapeMetrics";
    const PERMISSION: Permission = Permission::Read;
}
