//! Data of the pages' tests.
#![expect(clippy::unwrap_used, reason = "what the tests say is a name is one")]

pub(crate) use fixtures::at;

use commands::view::IncidentPage;
use domain::{
    breach::{Breach, BreachKey},
    incident::Incident,
    journal::Cursor,
    reading::{Reading, Status},
};

/// A queue that is too long since the beginning.
pub(crate) fn breach() -> Breach {
    let breach = fixtures::breach()
        .on("service:mail")
        .signal("queue.depth")
        .critical()
        .above(5_000.0)
        .fired(at(10));
    breach
        .value(7_000.0)
        .unit("jobs")
        .usual(300.0)
        .guidance("Work is piling up.", "queue-is-long", &[])
        .build()
}

/// Incident 7, just opened.
pub(crate) fn incident() -> Incident {
    fixtures::incident(7).of([breach()]).opened(at(10)).build()
}

/// The signal of its breach, as it is now.
pub(crate) fn reading() -> Reading {
    let BreachKey { subject, signal } = breach().key;
    Reading {
        unit: "jobs".parse().unwrap(),
        at: at(60),
        status: Status::Critical,
        usual: Some(300.0),
        warning: Some(1_000.0),
        critical: Some(5_000.0),
        ..fixtures::reading(subject.as_str(), signal.as_str(), 7_300.0)
    }
}

/// Its page.
pub(crate) fn page(incident: Incident) -> IncidentPage {
    IncidentPage {
        cursor: Cursor { epoch: 1, number: 9 },
        incident,
        timeline: Vec::new(),
        snapshots: Vec::new(),
        series: Vec::new(),
        checked_at: at(60),
        readings: vec![reading()],
        related: Vec::new(),
        inspections: Vec::new(),
        outputs: Vec::new(),
        notified: Vec::new(),
        unreached: Vec::new(),
        similar: Vec::new(),
        commands: commands::view::CommandsState::Ready,
        names: domain::actor::Names::default(),
        reader: None,
        trouble: None,
    }
}
