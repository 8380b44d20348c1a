//! Readings that the service answers.

use domain::{
    id::{IncidentNumber, RecommendationId},
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    audit::{self, AuditFilter},
    notifications::Contacts,
    sharing, view,
};

/// A reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "query", rename_all = "snake_case")]
pub enum Query {
    /// What is watched, as it is now.
    Health,
    /// Active incidents, and the last resolved ones.
    Incidents,
    /// One incident with its timeline.
    Incident {
        /// Which.
        incident: IncidentNumber,
    },
    /// Which incident has this UUID.
    IncidentById {
        /// The id.
        id: uuid::Uuid,
    },
    /// Incidents of all times.
    History {
        /// Which of them.
        filter: HistoryFilter,
    },
    /// The course of one signal.
    Course {
        /// About whom.
        subject: Subject,
        /// Which signal.
        signal: Signal,
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
    /// A document for people, such as `runbooks/when-things-break.md`.
    Document {
        /// Its path inside the documents' directory.
        name: String,
    },
    /// Journal entries after a position.
    Journal {
        /// After which number.
        after: u64,
        /// At most how many.
        limit: u32,
    },
    /// One recommendation, with all that a person needs to decide.
    Recommendation {
        /// Which.
        recommendation: RecommendationId,
    },
    /// What the rules saw and decided around an incident, as a file.
    Bundle {
        /// Which.
        incident: IncidentNumber,
    },
    /// Oneself and, for an owner, everyone who is here.
    Settings,
    /// The journal as people look through it, newest first.
    Trail {
        /// Which entries.
        filter: AuditFilter,
    },
    /// Prove the chain of the journal now.
    Verify,
    /// The links that share an incident.
    Shares {
        /// Which incident.
        incident: IncidentNumber,
    },
    /// What a share link shows.
    Shared {
        /// Of which incident.
        incident: IncidentNumber,
    },
    /// The ways by which oneself is called.
    Contacts,
}

/// Which incidents of the past are wanted. Every field narrows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryFilter {
    /// Words that the headline, a subject, a comment or a note must contain.
    pub text: Option<String>,
    /// This severity.
    pub severity: Option<Severity>,
    /// A subject, or the beginning of one.
    pub subject: Option<String>,
    /// Opened at or after.
    pub from: Option<Timestamp>,
    /// Opened before.
    pub to: Option<Timestamp>,
    /// Incidents with a smaller number than this: the next page.
    pub before: Option<IncidentNumber>,
}

/// The answer to a [`Query`], one kind for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Query::Health`].
    Health(Box<view::Health>),
    /// To [`Query::Incidents`].
    Incidents(Box<view::Incidents>),
    /// To [`Query::Incident`].
    Incident(Box<view::IncidentPage>),
    /// To [`Query::IncidentById`].
    Number(view::IncidentRef),
    /// To [`Query::History`].
    History(Box<view::History>),
    /// To [`Query::Course`].
    Course(Box<view::Series>),
    /// To [`Query::Document`].
    Document(Box<view::Document>),
    /// To [`Query::Journal`].
    Journal(Box<view::JournalPage>),
    /// To [`Query::Recommendation`].
    Recommendation(Box<view::RecommendationPage>),
    /// To [`Query::Bundle`].
    Bundle(Vec<u8>),
    /// To [`Query::Settings`].
    Settings(Box<view::Settings>),
    /// To [`Query::Trail`].
    Trail(Box<audit::AuditPage>),
    /// To [`Query::Verify`].
    Verified(Box<audit::Verified>),
    /// To [`Query::Shares`].
    Shares(Box<sharing::Shares>),
    /// To [`Query::Shared`].
    Shared(Box<sharing::SharedPage>),
    /// To [`Query::Contacts`].
    Contacts(Box<Contacts>),
}
