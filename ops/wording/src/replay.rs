//! Events in the words of a replay.

use domain::{
    breach::Ending,
    journal::{Event, EventGroup, IncidentEvent, RecommendationEvent},
};

use crate::{impact, summary::headline};

/// Describes one event in a line.
pub fn describe(event: &Event) -> String {
    match event.group() {
        EventGroup::Incident(event) => incident(event),
        EventGroup::Recommendation(event) => recommendation(event),
        EventGroup::Notification(_)
        | EventGroup::Share(_)
        | EventGroup::Journal(_)
        | EventGroup::Document(_)
        | EventGroup::Threshold(_)
        | EventGroup::System(_)
        | EventGroup::Change(_)
        | EventGroup::Maintenance(_)
        | EventGroup::Practice(_)
        | EventGroup::Protection(_)
        | EventGroup::StatusPage(_)
        | EventGroup::Message(_)
        | EventGroup::Review(_)
        | EventGroup::Report(_)
        | EventGroup::Account(_) => event.kind().replace('_', " "),
    }
}

fn incident(event: IncidentEvent<'_>) -> String {
    match event {
        IncidentEvent::IncidentOpened { incident } => {
            format!(
                "Incident {} opens, {}: {}",
                incident.number,
                incident.severity,
                headline(&incident.summary)
            )
        }
        IncidentEvent::BreachJoined { incident, breach } => {
            format!(
                "Incident {incident}: {} of {} joins, {}.",
                breach.key.signal, breach.key.subject, breach.severity
            )
        }
        IncidentEvent::BreachChanged { incident, breach } => {
            let steady = if breach.unsteady { ", unsteady" } else { "" };
            format!(
                "Incident {incident}: {} of {} is {}{steady}.",
                breach.key.signal, breach.key.subject, breach.severity
            )
        }
        IncidentEvent::BreachCleared { incident, key, ending } => {
            let how = match ending {
                Ending::Recovered { .. } => "has recovered",
                Ending::NoLongerWatched => "is no longer monitored",
                Ending::Stopped => "was stopped on purpose",
            };
            format!("Incident {incident}: {} of {} {how}.", key.signal, key.subject)
        }
        IncidentEvent::Moved { incident, step, to, .. } => {
            format!("Incident {incident} is {to} ({step}).")
        }
        IncidentEvent::SummaryWritten { incident, summary } => {
            format!("Incident {incident}: the summary is updated: {}", headline(summary))
        }
        IncidentEvent::SnapshotSaved { incident, .. } => {
            format!("Incident {incident}: evidence is saved.")
        }
        IncidentEvent::Acknowledged { incident } => format!("Incident {incident} is acknowledged."),
        IncidentEvent::Commented { incident, .. } => format!("Incident {incident} gets a comment."),
        IncidentEvent::Inspected { incident, .. } => {
            format!("Incident {incident}: the host is looked at.")
        }
        IncidentEvent::ImpactChanged { incident, impact } => {
            format!("Incident {incident}: {}", impact::sentence(impact))
        }
        IncidentEvent::ResolutionOffered { incident } => {
            format!("Incident {incident} is back to normal and waits for someone to resolve it.")
        }
        IncidentEvent::Resolved { incident, step, .. } => {
            format!("Incident {incident} is resolved ({step}).")
        }
        IncidentEvent::Reopened { incident, .. } => format!("Incident {incident} is reopened."),
    }
}

fn recommendation(event: RecommendationEvent<'_>) -> String {
    match event {
        RecommendationEvent::Recommended { incident, recommendation } => {
            format!("Incident {incident}: {} is recommended.", recommendation.shown)
        }
        RecommendationEvent::RecommendationWithdrawn { incident, place, .. } => {
            format!("Incident {incident}: recommendation {place} is withdrawn.")
        }
        RecommendationEvent::RecommendationDeclined { incident, place, .. } => {
            format!("Incident {incident}: recommendation {place} is declined.")
        }
        RecommendationEvent::Approved { incident, place, .. } => {
            format!("Incident {incident}: recommendation {place} is approved.")
        }
        RecommendationEvent::RunStarted { incident, place } => {
            format!("Incident {incident}: recommendation {place} is started.")
        }
        RecommendationEvent::RunCancelled { incident, place } => {
            format!("Incident {incident}: the run of recommendation {place} is to be stopped.")
        }
        RecommendationEvent::RunEnded { incident, place, .. } => {
            format!("Incident {incident}: the run of recommendation {place} is over.")
        }
        RecommendationEvent::RunProved { incident, place, worked, .. } => {
            format!(
                "Incident {incident}: recommendation {place} {}.",
                if *worked { "worked" } else { "did not help" }
            )
        }
    }
}
