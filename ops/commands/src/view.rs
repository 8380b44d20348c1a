//! Views: what pages and REST show. Plain data, the same for server, Wasm and other programs.

use domain::{
    access::{Role, Scope},
    actor::Names,
    hash::{Hash, Head},
    id::{
        AccountId, IncidentNumber, InvitationId, PasskeyId, RecommendationId, SessionId, TokenId,
    },
    incident::Incident,
    inspection::Inspection,
    journal::{BlindReason, Cursor, Entry},
    lifecycle::State,
    reading::Reading,
    recommendation::Recommendation,
    review::PreventionCounts,
    severity::Severity,
    signal::Signal,
    similar::SimilarIncident,
    snapshot::Snapshot,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    charts::HistoryCharts, day::Days, figures::HistorySummary, maintenance::MaintenanceCard,
    notifications::NotifiedContact, protection::Restriction, report::UnreviewedReport,
};

/// The latest of everything. The stream carries it whole once, and then what changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Readings {
    /// Counts the versions: the stream tells the difference to the one before. 0 if none was
    /// published.
    #[serde(default)]
    pub version: u64,
    /// Time of the last tick.
    pub checked_at: Timestamp,
    /// Every reading, ordered by subject and signal.
    pub readings: Vec<Reading>,
    /// Everything that can't be seen, or works in a lesser way, right now: one sentence each.
    pub troubles: Vec<String>,
    /// Number of readings that are not shown.
    #[serde(default)]
    pub left_out: u32,
    /// Changes whenever something else would alert, or would no longer, without the open maintenance
    /// windows.
    #[serde(default)]
    pub withheld: u32,
}

/// The recent course of one reading, for its sparkline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Sparkline {
    /// About whom.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// Seconds before `checked_at`, and the value; oldest first; at most 60 points.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Vec<f64>>))]
    pub points: Vec<(f32, f64)>,
}

/// A time of which nothing is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BlindSpan {
    /// From when.
    pub from: Timestamp,
    /// To when.
    pub to: Timestamp,
    /// The reason.
    pub why: BlindReason,
}

/// A document that is policy, and whether its last edit is in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DocumentState {
    /// Its path inside the documents' directory.
    pub name: String,
    /// SHA-256 of the version in force, in hexadecimal.
    pub sha256: String,
    /// Since when that version is in force.
    pub since: Timestamp,
    /// The first error of a newer version that was refused.
    pub error: Option<String>,
}

/// Contents of the health page beside readings and incidents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Overview {
    /// Times of the last day without data, newest first.
    pub blind: Vec<BlindSpan>,
    /// The documents in force.
    pub documents: Vec<DocumentState>,
    /// The open maintenance windows.
    #[serde(default)]
    pub maintenance: Vec<MaintenanceCard>,
    /// The last 24 hours of each subject that is shown.
    #[serde(default)]
    pub days: Days,
    /// The restriction by protection and safe mode; `None` while that is not known.
    #[serde(default)]
    pub restriction: Option<Restriction>,
}

/// The health page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Health {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// The journal's head.
    pub head: Head,
    /// The latest of everything.
    pub now: Readings,
    /// Sparklines of the readings that have a threshold.
    pub sparklines: Vec<Sparkline>,
    /// Active incidents, most severe first.
    pub active: Vec<IncidentCard>,
    /// Other contents.
    #[serde(flatten)]
    pub overview: Overview,
    /// The program's version.
    pub version: String,
    /// True if whoever reads may ask for a check now.
    #[serde(default)]
    pub may_check: bool,
    /// True if whoever reads may begin and end maintenance windows, and retire subjects.
    #[serde(default)]
    pub may_maintain: bool,
    /// The last check that was asked for, if that was a moment ago.
    #[serde(default)]
    pub check: Option<CheckResult>,
    /// Numbers of open prevention steps; `None` where they can't be read.
    #[serde(default)]
    pub prevention: Option<PreventionCounts>,
    /// The newest stability report, if nobody reviewed it yet.
    #[serde(default)]
    pub report: Option<UnreviewedReport>,
}

/// A check that a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CheckResult {
    /// Time at which it was asked for.
    pub at: Timestamp,
    /// Number of collectors.
    pub collectors: u32,
    /// Number of those that could not read what they watch.
    pub failed: u32,
    /// Number of those that had not ended their round when the answer was due.
    pub unfinished: u32,
}

/// An incident in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct IncidentCard {
    /// For programs.
    pub id: Uuid,
    /// For people.
    pub number: IncidentNumber,
    /// The first sentence of the summary.
    pub headline: String,
    /// The severity.
    pub severity: Severity,
    /// Its state.
    pub state: State,
    /// Its origin.
    pub cause: Subject,
    /// All that it is about, at most 20.
    #[serde(default)]
    pub subjects: Vec<Subject>,
    /// Time at which it was opened.
    pub opened_at: Timestamp,
    /// Time at which it last changed.
    pub updated_at: Timestamp,
    /// Time at which it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// True if a person took note.
    pub acknowledged: bool,
    /// True if the agent offers to resolve it.
    pub resolution_offered: bool,
    /// True if it is a recommended command that waits for a decision, and nothing runs or is still
    /// watched whether it worked.
    #[serde(default)]
    pub awaits_decision: bool,
    /// True if it is a practice.
    #[serde(default)]
    pub practice: bool,
}

/// The most subjects that a card names.
const MOST_SUBJECTS: usize = 20;

impl IncidentCard {
    /// Its duration from the opening; `None` while it is active.
    pub fn lasted(&self) -> Option<Span> {
        self.resolved_at.map(|end| end.since(self.opened_at))
    }

    /// Builds the card of an incident with its headline.
    pub fn new(incident: &Incident, headline: String) -> Self {
        Self {
            id: incident.id,
            number: incident.number,
            headline,
            severity: incident.severity,
            state: incident.state,
            cause: incident.cause.clone(),
            subjects: incident.subjects().into_iter().take(MOST_SUBJECTS).cloned().collect(),
            opened_at: incident.opened_at,
            updated_at: incident.updated_at,
            resolved_at: incident.resolution.as_ref().map(|end| end.at),
            acknowledged: incident.acknowledged.is_some(),
            resolution_offered: incident.resolution_offered,
            practice: incident.is_practice(),
            awaits_decision: incident.is_active()
                && incident.offered().next().is_some()
                && !incident
                    .recommendations
                    .iter()
                    .any(|one| one.is_under_way() || one.awaits_proof()),
        }
    }
}

/// The incidents page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Incidents {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// Active ones, most severe and newest first.
    pub active: Vec<IncidentCard>,
    /// The last resolved ones, newest first; at most 10.
    pub resolved: Vec<IncidentCard>,
}

/// The page of one incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct IncidentPage {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// The incident.
    pub incident: Incident,
    /// The entries about it, oldest first, without the bodies of snapshots; at most the newest 500.
    pub timeline: Vec<Entry>,
    /// Its snapshots, oldest first.
    pub snapshots: Vec<Snapshot>,
    /// The course of its breached signals, for the charts.
    pub series: Vec<Series>,
    /// The time of the last tick: how things stand is told as of then.
    #[serde(default)]
    pub checked_at: Timestamp,
    /// Its breached signals, as they are now.
    #[serde(default)]
    pub readings: Vec<Reading>,
    /// Other active incidents about the same subjects.
    #[serde(default)]
    pub related: Vec<IncidentCard>,
    /// Earlier incidents that are like it, at most three, the most similar first.
    #[serde(default)]
    pub similar: Vec<SimilarIncident>,
    /// The looks at the host that it offers while it is active.
    #[serde(default)]
    pub inspections: Vec<Inspection>,
    /// The output of its runs.
    #[serde(default)]
    pub outputs: Vec<RunOutput>,
    /// The people who were called about it, with the outcomes.
    #[serde(default)]
    pub notified: Vec<NotifiedContact>,
    /// The people who could not be called about it, with the reasons, while it is active: one
    /// sentence each.
    #[serde(default)]
    pub unreached: Vec<String>,
    /// The state of approved commands: whether they can be recommended at all.
    #[serde(default)]
    pub commands: CommandsState,
    /// Names of the actors.
    #[serde(default)]
    pub names: Names,
    /// The reader, if it is a person who signed in.
    #[serde(default)]
    pub reader: Option<Viewer>,
    /// The reason that this is from memory and not all there is of it, where it is: a sentence.
    #[serde(default)]
    pub trouble: Option<String>,
}

/// The reader of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Viewer {
    /// Their account.
    pub account: AccountId,
    /// Their name.
    pub name: String,
    /// Their rights.
    pub role: Role,
    /// True if they proved it not long ago, as an approval asks.
    pub recently_authenticated: bool,
}

/// The output of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunOutput {
    /// The recommendation's place.
    pub place: u32,
    /// Its lines, without secrets; the beginning and the end.
    pub text: String,
    /// True if more may come.
    pub open: bool,
}

/// One recommendation, with all that a person needs to decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RecommendationPage {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// Its number.
    pub id: RecommendationId,
    /// The recommendation.
    pub recommendation: Recommendation,
    /// The hash that an approval must name.
    pub binding: Hash,
    /// The incident that it is for.
    pub incident: Incident,
    /// The time of the last tick: how things stand is told as of then.
    pub checked_at: Timestamp,
    /// The signals that led to it and that will prove it, as they are now.
    pub readings: Vec<Reading>,
    /// The command that would be executed, in lines for people; or why it could not be.
    pub plan: Plan,
    /// The output, if it ran: the last 8 KiB. The incident has all of it.
    pub output: Option<RunOutput>,
    /// The run that has to end before it can be approved.
    pub blocked_by: Option<Blocker>,
    /// Names of the actors.
    pub names: Names,
    /// The reader, if it is a person who signed in.
    pub reader: Option<Viewer>,
}

/// The state of approved commands: whether they can be recommended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CommandsState {
    /// They can.
    #[default]
    Ready,
    /// Their page has a mistake, so none is.
    Mistaken,
    /// PM2 runs apps here, and its program was not found: none of its commands is.
    NoPm2,
}

/// Another command that runs on the same subject, or may still run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Blocker {
    /// Number of the recommendation.
    pub id: RecommendationId,
    /// Its title.
    pub title: String,
    /// Until when it may still run, where its end was not seen; `None` while it runs.
    pub until: Option<Timestamp>,
}

/// The command that would be executed right now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "plan", rename_all = "snake_case")]
pub enum Plan {
    /// This.
    Ready {
        /// In lines for people.
        text: String,
    },
    /// Nothing, because of this.
    Refused {
        /// As a sentence.
        why: String,
    },
}

/// The course of one signal over a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Series {
    /// About whom.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// Its unit.
    pub unit: Unit,
    /// The warning level that applies.
    pub warning: Option<f64>,
    /// The critical level that applies.
    pub critical: Option<f64>,
    /// Time, smallest, mean and largest value of each step, oldest first; at most 400 points.
    pub points: Vec<SeriesPoint>,
}

/// One step of a course.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SeriesPoint {
    /// Time at which the step begins.
    pub at: Timestamp,
    /// Until when the next point had to come: where it comes later, nothing was heard in between.
    #[serde(default)]
    pub until: Timestamp,
    /// The smallest value in it.
    pub min: f64,
    /// The mean value.
    pub mean: f64,
    /// The largest value.
    pub max: f64,
}

/// Incidents of all times, a page of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct History {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// The incidents, newest first; at most 25.
    pub incidents: Vec<IncidentCard>,
    /// The start of the next page, if there is one.
    pub next: Option<IncidentNumber>,
    /// Figures about what was found as a whole, on every page of it.
    #[serde(default)]
    pub summary: HistorySummary,
    /// Charts of what was found, on the first page of it; `None` where only practices are looked
    /// for, or a time that has not begun.
    #[serde(default)]
    pub charts: Option<HistoryCharts>,
}

/// A document for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Document {
    /// Its path inside the documents' directory.
    pub name: String,
    /// Its text, in Markdown.
    pub markdown: String,
}

/// Journal entries after a position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JournalPage {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// The head's number and hash.
    pub head: Head,
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// Names of the actors.
    #[serde(default)]
    pub names: Names,
}

/// The incident that has an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct IncidentRef {
    /// Its number.
    pub number: IncidentNumber,
}

/// Oneself and, for an owner, everyone who is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Settings {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// The reader.
    pub reader: Viewer,
    /// One's own open sign-ins, the one that was used last first.
    pub sessions: Vec<SessionCard>,
    /// One's own passkeys.
    pub passkeys: Vec<PasskeyCard>,
    /// Names of the owners: whoever is none can ask them.
    pub owners: Vec<String>,
    /// Everyone who is here; only for an owner.
    pub people: Vec<PersonCard>,
    /// Invitations that wait; only for an owner.
    pub invitations: Vec<InvitationCard>,
    /// Tokens that are valid; only for an owner.
    pub tokens: Vec<TokenCard>,
}

/// A sign-in on one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SessionCard {
    /// Number of the session.
    pub id: SessionId,
    /// True if it is the one that asks.
    pub this: bool,
    /// The browser.
    pub agent: String,
    /// From which address.
    pub address: String,
    /// Since when.
    pub created_at: Timestamp,
    /// The time of its last use, to a few minutes.
    pub seen_at: Timestamp,
}

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PasskeyCard {
    /// Number of the passkey.
    pub id: PasskeyId,
    /// The name that the person chose.
    pub label: String,
    /// Since when.
    pub created_at: Timestamp,
    /// The time of its last use.
    pub used_at: Option<Timestamp>,
}

/// Someone who is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PersonCard {
    /// Their account.
    pub account: AccountId,
    /// Their name.
    pub name: String,
    /// Their rights.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
    /// Time at which they were seen last, to a few minutes.
    pub seen_at: Option<Timestamp>,
    /// True if the account is closed.
    pub closed: bool,
}

/// An invitation that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct InvitationCard {
    /// Number of the invitation.
    pub id: InvitationId,
    /// The rights of whoever uses it.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
    /// Time at which it ends.
    pub until: Timestamp,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TokenCard {
    /// Number of the token.
    pub id: TokenId,
    /// Its purpose.
    pub label: String,
    /// Its rights.
    pub scopes: Vec<Scope>,
    /// Since when.
    pub created_at: Timestamp,
    /// Time at which it ends by itself.
    pub until: Option<Timestamp>,
    /// The time of its last use, to a few minutes.
    pub used_at: Option<Timestamp>,
}

/// A part of the rendered summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// Its sentences, in order.
    pub sentences: Vec<String>,
}
