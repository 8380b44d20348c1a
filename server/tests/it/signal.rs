//! The history of a signal, as the page and programs get it.

use crate::program::{Answer, Home, Running};

const SIGNAL: &str = "signal=queue.depth&subject=service:imports";

/// Pushes two values, of which the second one is past its threshold, and waits until both are there.
fn lived(program: &Running) -> u64 {
    program.push("service:imports", 10.0);
    program.push("service:imports", 7_000.0);
    let number = program.incident_about("service:imports");
    program.until("the values", |program| {
        let page = program.get(&format!("/api/ops/signal?{SIGNAL}&range=1h")).json();
        (page["reading"]["value"] == 7_000.0).then_some(())
    });
    number
}

#[test]
fn a_period_is_answered_with_everything_that_explains_it() {
    let home = Home::new();
    let program = home.start();
    let number = lived(&program);
    let change = r#"{"kind":"deployment","what":"imports","version":"3f2a"}"#;
    assert_eq!(program.post("/api/ops/changes", change).status, 200);
    let page = program.get(&format!("/api/ops/signal?{SIGNAL}&range=1h")).json();
    let points = page["series"]["points"].as_array().unwrap();
    assert!((1..=2).contains(&points.len()), "{page}");
    assert_eq!(
        (&points[0]["min"], &points[points.len() - 1]["max"]),
        (&10.0.into(), &7_000.0.into())
    );
    assert_eq!(page["series"]["warning"], 1_000.0);
    assert_eq!(page["step_seconds"], 10.0);
    assert_eq!(page["is_current"], true);
    assert_eq!(page["thresholds"][0]["critical"]["level"], 5_000.0);
    assert_eq!(page["thresholds"][0]["recovers_at"], 500.0);
    assert_eq!(page["incidents"][0]["card"]["number"], number);
    assert_eq!(page["events"][0]["change"]["version"], "3f2a");
    // A period before all of that has nothing of it.
    let past = program.get(&format!(
        "/api/ops/signal?{SIGNAL}&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
    ));
    let past = past.json();
    for list in ["incidents", "events", "week_before", "blind"] {
        assert_eq!(past[list].as_array().unwrap().len(), 0, "{list}: {past}");
    }
    assert_eq!(
        (past["series"]["points"].as_array().unwrap().len(), &past["is_current"]),
        (0, &false.into())
    );
}

#[test]
fn uptime_is_counted_from_probes_and_is_the_same_everywhere() {
    let home = Home::new();
    let file = home.dir.path().join("calm-ops.toml");
    let endpoint =
        "[[endpoint]]\nname = \"shop\"\nurl = \"http://127.0.0.1:1/\"\ninterval = \"1 s\"\n";
    std::fs::write(&file, endpoint).unwrap();
    let program = home.start_with(&["--config", file.to_str().unwrap()]).unwrap();
    let page = "/api/ops/signal?signal=endpoint.up&subject=endpoint:shop&range=1h";
    let asked = |period: &serde_json::Value| period["asked"].as_u64().unwrap_or(0);
    // Uptime is counted once a minute, so nobody asks for it before the first probe.
    program.until("a probe", |program| {
        let answer = program.get("/api/ops/series?subject=endpoint:shop&signal=endpoint.up");
        let is_probed =
            |answer: &Answer| answer.json()["points"].as_array().is_some_and(|all| !all.is_empty());
        (answer.status == 200 && is_probed(&answer)).then_some(())
    });
    let uptime = program.get(page).json()["uptime"].clone();
    assert!(asked(&uptime["periods"][0]) > 0, "{uptime}");
    let periods = uptime["periods"].as_array().unwrap();
    let days: Vec<u64> = periods.iter().map(|one| one["days"].as_u64().unwrap()).collect();
    assert_eq!(days, [1, 7, 30, 90]);
    for period in periods {
        assert_eq!(period["answered"], 0, "{uptime}");
        // Only the last minutes were watched.
        let (unseen, days) = (period["unseen"].as_u64().unwrap(), period["days"].as_u64().unwrap());
        assert!(unseen > days * 86_400_000_000 - 3_600_000_000, "{uptime}");
        assert!(period["maintenance"].is_null());
    }
    let all = program.get("/api/ops/uptime").json();
    assert_eq!(all["endpoints"][0]["endpoint"], "endpoint:shop", "{all}");
    assert_eq!(
        (&all["left_out"], asked(&all["endpoints"][0]["periods"][3]) > 0),
        (&0.into(), true)
    );
    // It is the same answer for a minute, for each reader and on each page.
    assert_eq!(program.get("/api/ops/uptime").json(), all);
    assert_eq!(program.get(page).json()["uptime"], all["endpoints"][0]);
    let html = program.get("/ops/uptime").body;
    assert!(html.contains("<strong>0%") && html.contains("endpoint.up?subject="), "{html}");
    let other = program.get("/api/ops/signal?signal=endpoint.total&subject=endpoint:shop").json();
    assert!(other["uptime"].is_null());
}

#[test]
fn the_values_are_a_file_for_spreadsheets() {
    let home = Home::new();
    let program = home.start();
    lived(&program);
    let answer = program.get(&format!("/api/ops/series.csv?{SIGNAL}&range=1h"));
    assert_eq!(answer.status, 200);
    let head = answer.head.to_lowercase();
    assert!(head.contains("content-type: text/csv"), "{head}");
    assert!(
        head.contains("attachment; filename=\"calm-ops-queue.depth-service-imports.csv\""),
        "{head}"
    );
    let mut lines = answer.body.split("\r\n");
    assert_eq!(lines.next(), Some("time,min,mean,max"));
    let first: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert!(first[0].ends_with('Z') && first[0].contains('T'), "{first:?}");
    assert!(first[1..].iter().all(|number| number.parse::<f64>().is_ok()), "{first:?}");
    assert_eq!(answer.body.split("\r\n").last(), Some(""), "each line is ended");
}

#[test]
fn what_is_wrong_with_a_question_is_said() {
    let home = Home::new();
    let program = home.start();
    lived(&program);
    for (query, status, part) in [
        ("signal=queue.depth", 422, "subject"),
        ("signal=Queue&subject=service:imports", 422, "signal"),
        ("signal=queue.depth&subject=imports", 422, "subject"),
        (&*format!("{SIGNAL}&range=soon"), 422, "range"),
        (&*format!("{SIGNAL}&range=9999d"), 422, "732"),
        (&*format!("{SIGNAL}&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"), 422, "before"),
        (&*format!("{SIGNAL}&from=2020-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"), 422, "732"),
        (&*format!("{SIGNAL}&range=1h&from=2026-01-02T00:00:00Z"), 422, "combined"),
        ("signal=queue.depth&subject=service:never", 404, "no record of queue.depth"),
    ] {
        for path in ["/api/ops/signal", "/api/ops/series.csv"] {
            let answer = program.get(&format!("{path}?{query}"));
            assert_eq!(answer.status, status, "{path}?{query}: {answer:?}");
            assert!(
                answer.json()["detail"].as_str().unwrap().contains(part),
                "{query}: {answer:?}"
            );
        }
    }
}

#[test]
fn nobody_sees_a_signal_and_a_viewer_does() {
    let home = Home::new();
    let program = home.start();
    lived(&program);
    let viewer = format!("Cookie: {}\r\n", program.invite("viewer", "A viewer"));
    let page = "/ops/signals/queue.depth?subject=service:imports";
    let csv = format!("/api/ops/series.csv?{SIGNAL}");
    let api = format!("/api/ops/signal?{SIGNAL}");
    let function = "/api/pages/signal?signal=queue.depth&query=subject%3Dservice%3Aimports";
    for path in [page, &csv, &api, function] {
        let ask = |header: &str| program.request("GET", path, header, "").unwrap();
        let nobody = ask("Cookie: none=1\r\n");
        assert!(matches!(nobody.status, 303 | 401), "{path}: {nobody:?}");
        assert!(!nobody.body.contains("7000"), "{path}");
        assert_eq!(ask(&viewer).status, 200, "{path}");
    }
    // What is wrong with an address is told only to those who may read.
    for path in
        ["/ops/signals/Queue", "/api/pages/signal", "/api/ops/signal", "/api/ops/series.csv"]
    {
        let ask = |header: &str| program.request("GET", path, header, "").unwrap().status;
        assert!(matches!(ask("Cookie: none=1\r\n"), 303 | 401), "{path}");
        assert_eq!(ask(&viewer), 422, "{path}");
    }
}

#[test]
fn after_a_restart_the_values_and_levels_of_a_silent_signal_are_still_there() {
    let home = Home::new();
    let mut program = home.start();
    lived(&program);
    program.terminate();
    let program = home.start();
    let course = program.get(&format!("/api/ops/series?{SIGNAL}")).json();
    assert_eq!((&course["warning"], &course["critical"]), (&1_000.0.into(), &5_000.0.into()));
    let page = program.get(&format!("/api/ops/signal?{SIGNAL}&range=24h")).json();
    assert_eq!(page["series"]["critical"], 5_000.0);
    let points = page["series"]["points"].as_array().unwrap();
    assert_eq!(points.last().unwrap()["max"], 7_000.0, "{page}");
}
