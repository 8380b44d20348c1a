//! Evidence that is gone soon: when an incident about an app opens, the last lines of its error log
//! are saved, as a person would look at them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use commands::command::Record;
use domain::{
    access::Principal,
    error::Error,
    id::IncidentNumber,
    inspection::Inspection,
    journal::{Entry, Event},
    subject::Subject,
};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, service::Service};

/// More apps of one incident are not looked at.
const MOST_APPS: usize = 4;
/// Number of tries, where someone looks at the same moment.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(500);

/// Saves until `stop`, for every incident that opens from now on.
pub fn save(
    service: Arc<Service>,
    clock: Clock,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send {
    let entries = service.subscribe();
    follow(service, entries, clock, stop)
}

async fn follow(
    service: Arc<Service>,
    mut entries: Receiver<Arc<Vec<Entry>>>,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut known = BTreeSet::new();
    loop {
        let entries = tokio::select! {
            () = stop.cancelled() => return,
            entries = entries.recv() => entries,
        };
        let entries = match entries {
            Ok(entries) => entries,
            // It is behind: what it missed is old evidence by now.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let Some(here) = service.inspections().here(Vec::new()) else { continue };
        for (incident, app) in wanted(&entries, &here.host, &mut known) {
            tokio::select! {
                () = stop.cancelled() => return,
                () = look(&service, clock, incident, app) => {}
            }
        }
    }
}

/// The apps of this host with which incidents open, or that join one; each once, until the incident
/// is over.
fn wanted(
    entries: &[Entry],
    host: &str,
    known: &mut BTreeSet<(IncidentNumber, Subject)>,
) -> Vec<(IncidentNumber, Subject)> {
    let mut wanted = Vec::new();
    for event in entries.iter().filter_map(|entry| entry.event.as_ref()) {
        let (number, subjects) = match event {
            Event::IncidentOpened { incident } => {
                (incident.number, incident.subjects().into_iter().cloned().collect())
            }
            Event::BreachJoined { incident, breach } => {
                (*incident, vec![breach.key.subject.clone()])
            }
            Event::Resolved { incident, .. } => {
                known.retain(|(number, _)| number != incident);
                continue;
            }
            _ => continue,
        };
        for subject in subjects {
            let is_here = subject.kind() == "app" && subject.host() == Some(host);
            let has = known.iter().filter(|(other, _)| *other == number).count();
            if is_here && has < MOST_APPS && known.insert((number, subject.clone())) {
                wanted.push((number, subject));
            }
        }
    }
    wanted
}

async fn look(service: &Service, clock: Clock, incident: IncidentNumber, app: Subject) {
    let inspection = Inspection::AppErrors { app };
    for _ in 0..TRIES {
        let outcome = match service.inspections().run_own(&inspection, clock.now()).await {
            Ok(outcome) => outcome,
            Err(Error::Conflict(_)) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => {
                tracing::warn!(?error, "the error lines of an app could not be saved");
                return;
            }
        };
        let events = vec![Event::Inspected { incident, inspection, outcome }];
        let record = Record { events, monitor: None };
        if let Err(error) = service.execute(Principal::System, record).await {
            tracing::warn!(?error, "the error lines of an app could not be saved");
        }
        return;
    }
}

#[cfg(test)]
mod tests {
    use domain::{actor::Actor, lifecycle::Step};

    use super::*;

    fn entry(event: Event) -> Entry {
        Entry { number: 1, at: fixtures::at(0), actor: Actor::Agent, event: Some(event) }
    }

    #[test]
    fn each_app_of_this_host_is_looked_at_once_for_each_incident() {
        let app = |name: &str| fixtures::breach().on(name).signal("app.up").build();
        let mut known = BTreeSet::new();
        let mut asked = |event: Event| {
            let wanted = wanted(&[entry(event)], "web-1", &mut known).into_iter();
            wanted.map(|(number, app)| format!("{number} {app}")).collect::<Vec<_>>()
        };
        let opened = |number, subjects: &[&str]| {
            let breaches = subjects.iter().map(|name| app(name));
            fixtures::incident(number).of(breaches).cause(subjects[0]).opening()
        };
        let subjects = ["app:api@web-1", "app:api@web-2", "host:web-1"];
        assert_eq!(asked(opened(7, &subjects)), ["7 app:api@web-1"]);
        let joined = |name: &str| Event::BreachJoined {
            incident: IncidentNumber(7),
            breach: Box::new(app(name)),
        };
        assert_eq!(asked(joined("app:api@web-1")), Vec::<String>::new());
        assert_eq!(asked(joined("app:b@web-1")), ["7 app:b@web-1"]);
        asked(joined("app:c@web-1"));
        asked(joined("app:d@web-1"));
        assert_eq!(asked(joined("app:e@web-1")), Vec::<String>::new(), "there are enough");
        let over =
            Event::Resolved { incident: IncidentNumber(7), step: Step::StayedQuiet, note: None };
        asked(over);
        assert_eq!(asked(opened(7, &subjects)), ["7 app:api@web-1"]);
    }
}
