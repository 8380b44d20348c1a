//! Objectives with the real program: probes of an endpoint that fails are counted, alert, and are
//! gone on with after a restart.

use std::time::{Duration, Instant};

use crate::program::{Home, Running};

const OBJECTIVES: &str = "format: 1\n\n# Objectives\n\n\
| objective | of | good | target | period |\n| --- | --- | --- | --- | --- |\n\
| `shop` | `endpoint:shop` | answers within 1 s | 99.9% | 30 d |\n\n\
| rule | value |\n| --- | --- |\n| least events | 5 |\n| least failures | 3 |\n";
const THRESHOLDS: &str = "format: 1\n\n# Thresholds\n\n## Thresholds\n\n\
| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n\
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
| `endpoint.up` | - | - | below 1 | 0 s | 1 | - | An endpoint does not answer. | endpoint-down | - |\n\
| `objective.burn_rate_1h` | - | - | above 14.4 | 0 s | 7 | - | The error budget is used up fast. | error-budget | - |\n";

fn value(program: &Running, signal: &str) -> Option<f64> {
    let health = program.get("/api/ops/health").json();
    let readings = health["now"]["readings"].as_array()?.clone();
    let is_it =
        |one: &&serde_json::Value| one["subject"] == "objective:shop" && one["signal"] == signal;
    readings.iter().find(is_it)?["value"].as_f64()
}

/// Waits for a value; objectives tell each minute.
fn told(program: &Running, signal: &str) -> f64 {
    let began = Instant::now();
    loop {
        if let Some(value) = value(program, signal) {
            return value;
        }
        assert!(began.elapsed() < Duration::from_secs(80), "waited in vain for {signal}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn an_endpoint_that_fails_uses_up_its_error_budget_and_a_restart_goes_on() {
    let home = Home::new();
    std::fs::write(home.ops().join("alerts/thresholds.md"), THRESHOLDS).unwrap();
    std::fs::write(home.ops().join("alerts/objectives.md"), OBJECTIVES).unwrap();
    let file = home.dir.path().join("calm-ops.toml");
    let endpoint =
        "[[endpoint]]\nname = \"shop\"\nurl = \"http://127.0.0.1:1/\"\ninterval = \"1 s\"\n";
    std::fs::write(&file, endpoint).unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let mut program = home.start_with(&config).unwrap();
    let number = program.incident_about("endpoint:shop");
    assert!(told(&program, "objective.burn_rate_1h") > 900.0, "all of them fail");
    let left = told(&program, "objective.error_budget_left");
    assert!(left < -90_000.0, "a thousand times what may fail: {left}");
    // The endpoint's incident tells of it already: one incident, one night, and it ends when the
    // endpoint answers.
    std::thread::sleep(Duration::from_secs(3));
    let page = program.get(&format!("/api/ops/incidents/{number}")).json();
    assert!(!page["incident"]["breaches"].to_string().contains("objective:shop"));
    let active = program.get("/api/ops/incidents").json()["active"].as_array().unwrap().len();
    assert_eq!(active, 1);
    // What was counted is history: the next run knows it before it counted enough of its own.
    let events = told(&program, "objective.events");
    program.terminate();
    let shop = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", shop.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for mut stream in shop.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    std::fs::write(&file, endpoint.replace("http://127.0.0.1:1/", &url)).unwrap();
    let program = home.start_with(&config).unwrap();
    let began = Instant::now();
    assert!(told(&program, "objective.error_budget_left") < 0.0, "failures of the run before");
    assert!(events >= 1.0);
    assert!(began.elapsed() < Duration::from_secs(70));
}

#[test]
fn a_mistake_in_the_objectives_stops_the_start_and_names_its_line() {
    let home = Home::new();
    let wrong = OBJECTIVES.replace("99.9%", "100%");
    std::fs::write(home.ops().join("alerts/objectives.md"), wrong).unwrap();
    let Err(said) = home.start_with(&[]) else { panic!("it started") };
    assert!(said.contains("objectives.md:7") && said.contains("'100%' is not a target"), "{said}");
    // Documents from before there were objectives still start.
    std::fs::remove_file(home.ops().join("alerts/objectives.md")).unwrap();
    drop(home.start());
}
