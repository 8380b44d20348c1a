//! Customer impact, from results that are reported to the gate to the incident and its pages.

use std::net::TcpStream;

use serde_json::{Value, json};

use crate::gate::{Gated, TOKEN, question, talk};

const THRESHOLDS: &str = "format: 1\n\n# Thresholds\n\n\
| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n\
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
| `queue.depth` | `service:*` | above 1,000 jobs | - | 0 s | 500 jobs | - | Work piles up. | queue | - |\n";

const LIMITS: &str = "format: 1\n\n# Limits\n\n\
| organization from | pattern |\n| --- | --- |\n| header | `X-Organization` |\n\n\
| class | methods | paths | kind | critical | largest body |\n| --- | --- | --- | --- | --- | --- |\n\
| `writes` | POST | `*` | interactive | no | - |\n";

/// Sends ten requests of an organization and reports their results.
fn send(gated: &Gated, organization: &str, statuses: [u16; 10]) {
    let results: Vec<Value> = statuses
        .iter()
        .map(|status| {
            assert_eq!(gated.ask(&question("POST", "/orders", organization)).status, 204);
            json!({
                "method": "POST", "uri": "/orders", "headers": { "X-Organization": organization },
                "status": status, "duration_ms": 20.0,
            })
        })
        .collect();
    let body = json!({ "results": results });
    let stream = TcpStream::connect(("127.0.0.1", gated.port)).unwrap();
    let head = format!("POST /api/gate/report HTTP/1.1\r\nHost: gate\r\nX-Gate-Token: {TOKEN}");
    assert_eq!(talk(stream, &format!("{head}\r\n\r\n{body}")).status, 204);
}

#[test]
fn the_organization_whose_requests_fail_is_told_and_no_other() {
    let gated = Gated::start_with(LIMITS, THRESHOLDS);
    let program = &gated.program;
    let failing = [500, 500, 500, 500, 200, 200, 200, 200, 200, 200];
    // From the second window on they are counted one by one.
    for _ in 0..3 {
        send(&gated, "acme", failing);
        send(&gated, "beta", [200; 10]);
        std::thread::sleep(std::time::Duration::from_millis(600));
    }
    let before = program.get("/api/ops/journal?after=0&limit=1000").body;
    assert!(!before.contains("impact_changed"), "without an incident nothing is affected");

    program.push("service:imports", 9_000.0);
    let number = program.incident_about("service:imports");
    let incident =
        || program.get(&format!("/api/ops/incidents/{number}")).json()["incident"].clone();
    let impact = program.until("the impact", |_| {
        send(&gated, "acme", failing);
        send(&gated, "beta", [200; 10]);
        let impact = incident()["impact"].clone();
        (!impact.is_null()).then_some(impact)
    });
    let named = impact["organizations"].as_array().unwrap();
    let [one] = &named[..] else { panic!("{impact}") };
    assert_eq!(one["organization"], "organization:acme", "{impact}");
    assert_eq!(one["effects"].as_array().unwrap().len(), 1, "{impact}");

    // The summary follows, and the pages tell the same.
    program.until("the summary", |_| {
        let affected = incident()["summary"]["affected"].to_string();
        affected.contains(r#""says":"organizations_affected""#).then_some(())
    });
    let page = program.get(&format!("/ops/incidents/{number}")).body;
    for part in
        ["1 organization is affected: acme (40% of requests fail).", "Affected organizations"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("No monitored endpoint is affected"), "{page}");
    assert!(!page.contains("organization:beta"), "{page}");

    // When it is over, so are the effects; what was seen stays.
    let note = r#"{"note":"The queue is short again."}"#;
    let resolved = program.post(&format!("/api/ops/incidents/{number}/resolve"), note);
    assert_eq!(resolved.status, 200, "{resolved:?}");
    let after = incident()["impact"].clone();
    assert!(!after["organizations"][0]["effects"][0]["until"].is_null(), "{after}");

    // The customer view adds it up, for this organization alone.
    let path = "/api/ops/organizations/acme";
    let impact = program.get(&format!("{path}/impact?days=7")).json();
    assert!(impact["known"].as_u64().unwrap() > 0, "{impact}");
    assert_eq!(
        (&impact["likely"], &impact["incidents"][0]["incident"], &impact["complete"]),
        (&json!(0), &json!(number), &json!(true)),
        "{impact}"
    );
    let quiet = program.get("/api/ops/organizations/beta/impact").json();
    assert_eq!((&quiet["known"], &quiet["incidents"]), (&json!(0), &json!([])), "{quiet}");
    let unknown = program.get("/api/ops/organizations/initech/report.md");
    assert_eq!(unknown.status, 404, "{unknown:?}");
    for days in ["0", "367"] {
        let refused = program.get(&format!("{path}/report.md?days={days}"));
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.body.contains("a whole number from 1 to 366"), "{refused:?}");
    }
    let report = program.get(&format!("{path}/report.md?days=7"));
    assert!(report.head.to_lowercase().contains("content-type: text/markdown"), "{report:?}");
    for part in ["# Service report for acme", "Some requests failed", &format!("| {number} | ")] {
        assert!(report.body.contains(part), "{part}: {}", report.body);
    }
    for other in ["beta", "imports", "queue", "short again"] {
        assert!(!report.body.contains(other), "{other}: {}", report.body);
    }
    let table = program.get("/api/ops/impact.csv").body;
    assert!(table.contains("\r\n\"acme\",") && !table.contains("beta"), "{table}");
    assert!(table.ends_with(",true\r\n") && table.contains("\r\n\"\",2"), "{table}");
    let page = program.get("/ops/organizations/acme").body.replace("<!>", "");
    for part in
        ["In the last 30 days: ", " known, by 1 incident.", "/organizations/acme/report.md?days=90"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
}
