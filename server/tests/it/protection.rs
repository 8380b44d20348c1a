//! Measures of the agent, from the traffic at the gate to the journal and back.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    gate::{Gated, configuration, question},
    program::Running,
};

const THRESHOLDS: &str = "format: 1\n\n# Thresholds\n\n\
| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands | measures |\n\
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
| `organization.batch` | `organization:*` | above 20 requests/s | - | 0 s | 10 requests/s | - | An organization uploads far more than usual. | queue | - | limit `uploads` for 10 min |\n";

/// One class, and no limit of its own.
fn limits(largest_share: &str) -> String {
    format!(
        "format: 1\n\n# Limits\n\n\
         | organization from | pattern |\n| --- | --- |\n| header | `X-Organization` |\n\n\
         | class | methods | paths | kind | critical | largest body |\n| --- | --- | --- | --- | --- | --- |\n\
         | `uploads` | POST | `/upload*` | batch | no | - |\n| `reads` | GET | `*` | interactive | yes | - |\n\n\
         | rule | value |\n| --- | --- |\n| largest share refused | {largest_share} |\n"
    )
}

/// The numbers of passed and of refused requests.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    passed: u32,
    refused: u32,
}

impl Counted {
    fn count(&mut self, status: u16) {
        if status == 429 { self.refused += 1 } else { self.passed += 1 }
    }
}

/// Sends uploads for a time: `rate` requests a second of acme, and two of each of four others.
fn send(gated: &Gated, rate: u32, time: Duration) -> (Counted, Counted) {
    let (mut acme, mut others) = (Counted::default(), Counted::default());
    let (began, step) = (Instant::now(), Duration::from_secs(1) / rate);
    let mut next = began;
    let mut sent = 0;
    while began.elapsed() < time {
        let upload =
            |organization: &str| gated.ask(&question("POST", "/uploads", organization)).status;
        acme.count(upload("acme"));
        sent += 1;
        if sent % (rate / 2).max(1) == 0 {
            for other in ["beta", "gamma", "delta", "epsilon"] {
                others.count(upload(other));
            }
        }
        next += step;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    (acme, others)
}

fn measures(program: &Running) -> Vec<Value> {
    program.get("/api/ops/protection").json()["measures"].as_array().cloned().unwrap_or_default()
}

fn kinds(program: &Running) -> Vec<String> {
    let page = program.get("/api/ops/journal?after=0&limit=1000").json();
    let entries = page["entries"].as_array().cloned().unwrap_or_default();
    entries.iter().filter_map(|one| Some(one["event"]["event"].as_str()?.to_owned())).collect()
}

#[test]
fn a_spike_is_limited_for_its_organization_alone_and_a_person_can_end_it() {
    let mut gated = Gated::start_with(&limits("90%"), THRESHOLDS);
    let (calm, _) = send(&gated, 2, Duration::from_secs(4));
    assert_eq!(calm.refused, 0);
    let (spike, others) = send(&gated, 60, Duration::from_secs(5));
    assert!(spike.refused > 60, "{spike:?}");
    assert_eq!(others.refused, 0, "{others:?}");
    let measures_now = measures(&gated.program);
    let [one] = &measures_now[..] else { panic!("{measures_now:?}") };
    assert_eq!(one["organization"], "organization:acme");
    assert!((2.0..6.0).contains(&one["rate"].as_f64().unwrap()), "{one}");
    let number = one["incident"].as_u64().unwrap();
    let incident = gated.program.get(&format!("/api/ops/incidents/{number}")).json();
    assert_eq!(incident["incident"]["state"], "stabilizing");
    let summary = incident["incident"]["summary"]["done"].to_string();
    assert!(summary.contains("\"says\":\"limited\""), "{summary}");

    // Killed at any moment, the limit is in force again with what is left of its time.
    gated.signal(Signal::KILL);
    let _ = gated.program.child.wait();
    let config = configuration(&gated.home, &format!("127.0.0.1:{}", gated.port));
    gated.program = gated.home.start_with(&["--config", &config]).unwrap();
    let until = one["until"].clone();
    let (after, _) = send(&gated, 60, Duration::from_secs(1));
    assert!(after.refused > 30, "{after:?}");
    assert_eq!(measures(&gated.program)[0]["until"], until);

    // A person lifts it, and the same problem does not bring it back.
    let body = json!({ "organization": "organization:acme", "class": "uploads" }).to_string();
    let lifted = gated.program.post("/api/ops/protection/measures/end", &body);
    assert_eq!(lifted.status, 200, "{lifted:?}");
    let again = gated.program.post("/api/ops/protection/measures/end", &body);
    assert_eq!(again.status, 404, "{again:?}");
    let (free, _) = send(&gated, 60, Duration::from_secs(2));
    assert_eq!(free.refused, 0, "{free:?}");
    let kinds = kinds(&gated.program);
    for kind in ["measure_began", "measure_ended", "moved"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind} is not in {kinds:?}");
    }
}

#[test]
fn the_agent_refuses_no_more_than_its_share_and_the_switch_lifts_everything() {
    let gated = Gated::start_with(&limits("20%"), THRESHOLDS);
    send(&gated, 2, Duration::from_secs(3));
    let (spike, others) = send(&gated, 60, Duration::from_secs(5));
    let all = spike.passed + spike.refused + others.passed;
    assert!(spike.refused > 20, "{spike:?}");
    assert!(spike.refused * 5 <= all + 5, "{spike:?} of {all}");
    assert_eq!(others.refused, 0);

    let suspend = "/api/ops/protection/automation/suspend";
    let refused = gated.program.post(suspend, r#"{"reason":" "}"#);
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_eq!(gated.program.post(suspend, r#"{"reason":"Load test"}"#).status, 200);
    let (free, _) = send(&gated, 60, Duration::from_secs(2));
    assert_eq!(free.refused, 0, "{free:?}");
    assert!(measures(&gated.program).is_empty());
    assert_eq!(gated.program.post(suspend, r#"{"reason":"Again"}"#).status, 409);
    let page = gated.program.get("/api/ops/protection").json();
    assert_eq!(page["suspension"]["reason"], "Load test");
    let resume = gated.program.post("/api/ops/protection/automation/resume", "{}");
    assert_eq!(resume.status, 200, "{resume:?}");
}
