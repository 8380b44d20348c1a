//! What the tests of the pages look at.
#![expect(clippy::unwrap_used, reason = "what the tests say is a name is one")]

use rules::{
    breach::{Breach, BreachKey, Crossing, Guidance},
    incident::{Incident, IncidentBreach, IncidentNumber},
    journal::Cursor,
    lifecycle::State,
    summary::Summary,
    time::Timestamp,
    view::{IncidentPage, Reading, Status},
    words::Severity,
};

/// Seconds after the beginning.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_795_341_600 + second)
}

/// A queue that is too long since the beginning.
pub(crate) fn breach() -> Breach {
    Breach {
        key: BreachKey { subject: "service:mail".parse().unwrap(), signal: "queue.depth".parse().unwrap() },
        severity: Severity::Critical,
        crossing: Crossing::Above { level: 5_000.0 },
        since: at(0),
        severity_since: at(0),
        fired_at: at(10),
        unsteady: false,
        easing: None,
        unheard: None,
        value: 7_000.0,
        value_at: at(10),
        peak: 7_000.0,
        unit: "jobs".parse().unwrap(),
        usual: Some(300.0),
        per_minute: None,
        limit_in_seconds: None,
        guidance: Guidance { meaning: "Work is piling up.".into(), runbook: "queue-is-long".into(), commands: Vec::new() },
    }
}

/// Incident 7, just opened.
pub(crate) fn incident() -> Incident {
    Incident {
        id: uuid::Uuid::from_u128(7),
        number: IncidentNumber(7),
        cause: "service:mail".parse().unwrap(),
        severity: Severity::Critical,
        state: State::Detected,
        breaches: vec![IncidentBreach::holding(breach())],
        began_at: at(0),
        opened_at: at(10),
        updated_at: at(10),
        quiet_since: None,
        reopened: 0,
        acknowledged: None,
        touched_by_person: false,
        resolution_offered: false,
        resolution: None,
        flood: false,
        summary: Summary::default(),
        snapshots: 0,
        recommendations: Vec::new(),
    }
}

/// The signal of its breach, as it is now.
pub(crate) fn reading() -> Reading {
    let BreachKey { subject, signal } = breach().key;
    Reading {
        subject,
        signal,
        value: 7_300.0,
        unit: "jobs".parse().unwrap(),
        at: at(60),
        status: Status::Critical,
        unheard_since: None,
        usual: Some(300.0),
        warning: Some(1_000.0),
        critical: Some(5_000.0),
        limit_in_seconds: None,
    }
}

/// Its page.
pub(crate) fn page(incident: Incident) -> IncidentPage {
    IncidentPage {
        cursor: Cursor { epoch: 1, number: 9 },
        incident,
        timeline: Vec::new(),
        snapshots: Vec::new(),
        courses: Vec::new(),
        checked_at: at(60),
        readings: vec![reading()],
        beside: Vec::new(),
        outputs: Vec::new(),
        commands: rules::view::Commands::Ready,
        names: rules::people::Names::default(),
        reader: None,
    }
}
