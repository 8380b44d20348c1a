//! Events in the words of a replay.

use domain::{breach::Ending, journal::Event};

use crate::summary::headline;

/// Describes one event in a line.
pub fn describe(event: &Event) -> String {
    match event {
        Event::IncidentOpened { incident } => {
            format!(
                "Incident {} opens, {}: {}",
                incident.number,
                incident.severity,
                headline(&incident.summary)
            )
        }
        Event::BreachJoined { incident, breach } => {
            format!(
                "Incident {incident}: {} of {} joins, {}.",
                breach.key.signal, breach.key.subject, breach.severity
            )
        }
        Event::BreachChanged { incident, breach } => {
            let steady = if breach.unsteady { ", unsteady" } else { "" };
            format!(
                "Incident {incident}: {} of {} is {}{steady}.",
                breach.key.signal, breach.key.subject, breach.severity
            )
        }
        Event::BreachCleared { incident, key, ending } => {
            let how = match ending {
                Ending::Recovered { .. } => "has recovered",
                Ending::NoLongerWatched => "is no longer watched",
            };
            format!("Incident {incident}: {} of {} {how}.", key.signal, key.subject)
        }
        Event::Moved { incident, step, to, .. } => format!("Incident {incident} is {to} ({step})."),
        Event::SummaryWritten { incident, summary } => {
            format!("Incident {incident} is told anew: {}", headline(summary))
        }
        Event::SnapshotSaved { incident, .. } => format!("Incident {incident}: evidence is saved."),
        Event::Acknowledged { incident } => format!("Incident {incident} is acknowledged."),
        Event::Commented { incident, .. } => format!("Incident {incident} gets a comment."),
        Event::ResolutionOffered { incident } => {
            format!("Incident {incident} is quiet, and its end is offered.")
        }
        Event::Resolved { incident, step, .. } => {
            format!("Incident {incident} is resolved ({step}).")
        }
        Event::Reopened { incident, .. } => format!("Incident {incident} is reopened."),
        Event::Recommended { incident, recommendation } => {
            format!("Incident {incident}: {} is recommended.", recommendation.shown)
        }
        Event::RecommendationWithdrawn { incident, place, .. } => {
            format!("Incident {incident}: recommendation {place} is withdrawn.")
        }
        Event::RecommendationDeclined { incident, place, .. } => {
            format!("Incident {incident}: recommendation {place} is declined.")
        }
        Event::Approved { incident, place, .. } => {
            format!("Incident {incident}: recommendation {place} is approved.")
        }
        Event::RunStarted { incident, place } => {
            format!("Incident {incident}: recommendation {place} runs.")
        }
        Event::RunCancelled { incident, place } => {
            format!("Incident {incident}: the run of recommendation {place} is to end.")
        }
        Event::RunEnded { incident, place, .. } => {
            format!("Incident {incident}: the run of recommendation {place} is over.")
        }
        Event::RunProved { incident, place, worked, .. } => {
            format!(
                "Incident {incident}: recommendation {place} {}.",
                if *worked { "worked" } else { "did not work" }
            )
        }
        Event::Started { .. }
        | Event::Stopped
        | Event::ClockJumped { .. }
        | Event::Blind { .. }
        | Event::DocumentInForce { .. }
        | Event::DocumentRefused { .. }
        | Event::SubjectRetired { .. }
        | Event::Restored { .. }
        | Event::Called { .. }
        | Event::CallFailed { .. }
        | Event::ShareCreated { .. }
        | Event::ShareRevoked { .. }
        | Event::Redacted { .. }
        | Event::OwnerLinkMade
        | Event::AccountCreated { .. }
        | Event::RoleChanged { .. }
        | Event::AccountClosed { .. }
        | Event::SignedIn { .. }
        | Event::SignedOut { .. }
        | Event::PasswordSet { .. }
        | Event::PasskeyAdded { .. }
        | Event::PasskeyRemoved { .. }
        | Event::Invited { .. }
        | Event::InvitationWithdrawn { .. }
        | Event::TokenCreated { .. }
        | Event::TokenRevoked { .. }
        | Event::ContactSet { .. }
        | Event::ContactRemoved { .. } => event.kind().replace('_', " "),
    }
}
