//! Similar incidents: what an earlier one shares with another, and how it ended.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    breach::Breach,
    id::IncidentNumber,
    incident::Incident,
    review::Rating,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
};

/// A run of a command in an incident that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PastRun {
    /// The place of its recommendation.
    pub place: u32,
    /// The name of the command.
    pub title: String,
    /// The subject that it acted upon.
    pub subject: Subject,
    /// True if it was proved to work, false if not; `None` if that is not known.
    pub worked: Option<bool>,
    /// The time from its start to the recovery, if it was proved to work; in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered_after: Option<Span>,
    /// The rating that people gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
}

/// The end of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PastResolution {
    /// The time from its opening to its end, in microseconds.
    pub lasted: Span,
    /// The run that helped; if none did, the last one that ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<PastRun>,
    /// True if the agent limited something meanwhile.
    #[serde(default)]
    pub limited: bool,
    /// True if every signal was seen to recover.
    pub recovered: bool,
    /// True if a person resolved it.
    pub by_person: bool,
    /// The note of that person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An earlier incident that is like another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SimilarIncident {
    /// Its number.
    pub incident: IncidentNumber,
    /// Its headline.
    pub headline: String,
    /// Time at which it was opened.
    pub opened_at: Timestamp,
    /// The signals with a problem in both, of subjects of the same kind.
    pub signals: Vec<Signal>,
    /// The subjects with a problem in both.
    pub subjects: Vec<Subject>,
    /// The end.
    pub resolution: PastResolution,
}

/// Earlier incidents that are like another one, the most similar first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SimilarIncidents {
    /// The incidents, at most three.
    pub incidents: Vec<SimilarIncident>,
}

/// The kind of a problem, as a text for looking up: `app app.memory`, or `app app.memory silent`
/// where nothing is heard.
pub fn problem(breach: &Breach) -> String {
    let silent = if breach.crossing.is_silent() { " silent" } else { "" };
    format!("{} {}{silent}", breach.key.subject.kind(), breach.key.signal)
}

/// The kinds of problems of an incident.
pub fn problems(incident: &Incident) -> BTreeSet<String> {
    incident.breaches.iter().map(|known| problem(&known.breach)).collect()
}
