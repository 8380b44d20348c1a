//! The closed list of facts that a message may state.

use domain::message::{MessageAudience, MessageStage};

/// A fact of an incident, as a template names it. A cause is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageFact {
    /// The name of the product; "our service" where none is configured.
    Product,
    /// The time at which the problem began.
    Since,
    /// The time that it has lasted, while a problem holds; in the end, the time that it lasted.
    Duration,
    /// The time since which every problem is seen to be over, before the incident is resolved.
    RecoveredSince,
    /// Effects that were counted for organizations, as a clause.
    Effect,
    /// Effects that follow from something that organizations use, as a clause.
    LikelyEffect,
    /// The limits in force, as a clause.
    Measures,
    /// The time since which a person works on it.
    WorkingSince,
    /// The time at which the last message to this audience was marked as sent.
    LastMessage,
    /// The time at which the incident was resolved, every problem being over.
    ResolvedAt,
    /// That every problem is over, as a clause.
    Recovery,
    /// The time at which the incident was closed although a recovery was not seen.
    ClosedAt,
    /// The incident's number.
    Incident,
    /// Its severity.
    Severity,
    /// The names of organizations that are known to be affected.
    Organizations,
    /// The names of organizations that are likely affected.
    LikelyOrganizations,
    /// The problems that hold, with subjects and values.
    Problems,
}

impl MessageFact {
    /// All of them, in the order in which documents list them.
    pub const ALL: [Self; 17] = [
        Self::Product,
        Self::Since,
        Self::Duration,
        Self::RecoveredSince,
        Self::Effect,
        Self::LikelyEffect,
        Self::Measures,
        Self::WorkingSince,
        Self::LastMessage,
        Self::ResolvedAt,
        Self::Recovery,
        Self::ClosedAt,
        Self::Incident,
        Self::Severity,
        Self::Organizations,
        Self::LikelyOrganizations,
        Self::Problems,
    ];

    /// The name between braces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Since => "since",
            Self::Duration => "duration",
            Self::RecoveredSince => "recovered since",
            Self::Effect => "effect",
            Self::LikelyEffect => "likely effect",
            Self::Measures => "measures",
            Self::WorkingSince => "working since",
            Self::LastMessage => "last message",
            Self::ResolvedAt => "resolved at",
            Self::Recovery => "recovery",
            Self::ClosedAt => "closed at",
            Self::Incident => "incident",
            Self::Severity => "severity",
            Self::Organizations => "organizations",
            Self::LikelyOrganizations => "likely organizations",
            Self::Problems => "problems",
        }
    }

    /// The fact of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fact| fact.as_str() == name)
    }

    /// True if only colleagues may read it.
    pub const fn is_internal(self) -> bool {
        matches!(
            self,
            Self::Incident
                | Self::Severity
                | Self::Organizations
                | Self::LikelyOrganizations
                | Self::Problems
        )
    }

    /// True if a message to these readers may state it.
    pub fn is_for(self, audience: MessageAudience) -> bool {
        audience == MessageAudience::Internal || !self.is_internal()
    }

    /// True if it is known of every incident.
    pub const fn is_always_known(self) -> bool {
        matches!(self, Self::Product | Self::Since | Self::Incident | Self::Severity)
    }

    /// True if it can be known at a stage.
    pub const fn is_possible_at(self, stage: MessageStage) -> bool {
        let is_resolved = matches!(stage, MessageStage::Resolved);
        match self {
            Self::ResolvedAt | Self::Recovery | Self::ClosedAt => is_resolved,
            Self::LastMessage => !matches!(stage, MessageStage::First),
            // What holds is over then.
            Self::Measures | Self::Problems | Self::RecoveredSince => !is_resolved,
            Self::Product
            | Self::Since
            | Self::Duration
            | Self::Effect
            | Self::LikelyEffect
            | Self::WorkingSince
            | Self::Incident
            | Self::Severity
            | Self::Organizations
            | Self::LikelyOrganizations => true,
        }
    }
}
