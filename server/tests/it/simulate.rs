//! Simulated traffic against the real program: at its gate, and through a real nginx.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    sync::atomic::Ordering::SeqCst,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    gate::{Application, Around, Gated, Proxy},
    program::calm_ops,
};

/// Uploads: ten at once, and five more each second. The name stands where `source` says.
fn limits(source: &str) -> String {
    format!(
        "format: 1\n\n# Limits\n\n\
         | organization from | pattern |\n| --- | --- |\n| {source} |\n\n\
         | class | methods | paths | kind | critical | largest body |\n| --- | --- | --- | --- | --- | --- |\n\
         | `uploads` | POST | `/upload*` | batch | no | 1 KiB |\n| `others` | * | `*` | interactive | yes | - |\n\n\
         | plan | class | rate | burst | at a time | state |\n| --- | --- | --- | --- | --- | --- |\n\
         | `default` | `uploads` | 5/s | 10 | - | on |\n"
    )
}

/// A spike of 4 s between two calm parts; three other organizations.
fn simulate(gated: &Gated, folder: &Path, more: &[&str]) -> Output {
    let (home, data, ops) = (gated.home.dir.path(), gated.home.data(), gated.home.ops());
    let (configuration, folder) = (home.join("calm-ops.toml"), folder.to_str().unwrap());
    let mut line = vec![
        "simulate",
        "upload-spike",
        "--organization",
        "acme",
        "--rate",
        "60/s",
        "--ramp",
        "1s",
        "--for",
        "2s",
        "--calm",
        "2s",
        "--after",
        "1s",
        "--others",
        "3",
        "--others-rate",
        "5/s",
        "--path",
        "/uploads",
        "--save",
        folder,
    ];
    line.extend(["--config", configuration.to_str().unwrap()]);
    line.extend(["--ops-dir", ops.to_str().unwrap()]);
    if !more.contains(&"--data-dir") {
        line.extend(["--data-dir", data.to_str().unwrap()]);
    }
    line.extend(more);
    calm_ops(&line.into_iter().map(std::ffi::OsStr::new).collect::<Vec<_>>())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The properties of every run of [`simulate`]; the report for programs.
fn consistent(output: &Output, folder: &Path) -> Value {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let (report, json) = (read("report.txt"), read("report.json"));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert!(out.starts_with(&report) && out.contains("Saved in"), "{out}");
    assert!(err.contains(" of acme refused"), "there is progress: {err}");
    // 20 requests/s in all for 7 s, and a hill of 3 s at 60/s.
    let sent = number(&json["all"]["sent"]);
    assert!((317..=323).contains(&sent), "{report}");
    let rows = json["largest"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().filter_map(|row| row["organization"].as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(names[0], "acme");
    for (index, row) in rows.iter().enumerate() {
        let [sent, admitted, refused, failed] =
            ["sent", "admitted", "refused", "failed"].map(|name| number(&row[name]));
        assert_eq!(sent, admitted + refused + failed);
        assert_eq!((refused > 0, failed), (index == 0, 0), "{report}");
        let line = report.lines().find(|line| line.starts_with(names[index])).unwrap();
        let found: Vec<&str> = line.split_whitespace().skip(1).collect();
        assert_eq!(found, [sent, admitted, refused, failed].map(|n| n.to_string()), "{line}");
    }
    assert_eq!(rows.iter().map(|row| number(&row["sent"])).sum::<u64>(), sent);
    let by_second = json["rates"].as_array().unwrap();
    assert_eq!(by_second.len(), 7);
    let sum = |who: &str, what: &str| -> u64 {
        by_second.iter().map(|point| number(&point[who][what])).sum()
    };
    assert_eq!(sum("organization", "sent") + sum("others", "sent"), sent);
    assert_eq!(sum("organization", "refused"), number(&rows[0]["refused"]));
    // Of 180 uploads 10 pass at once, and 5 each second.
    let refused = number(&rows[0]["refused"]);
    assert!((130..=160).contains(&refused), "{report}");
    let after = json["reactions"]["refused_after_s"].as_f64().unwrap();
    assert!((0.2..2.0).contains(&after), "{after}");
    let picture = read("rates.svg");
    assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
    assert!(picture.contains("limit of 5.0/s") && picture.contains("acme, requests per second"));
    json
}

#[test]
fn a_spike_at_the_gate_is_refused_and_nobody_else() {
    let gated = Gated::start(&limits("header | `X-Organization`"));
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("run");
    let output = simulate(&gated, &folder, &["--report-results"]);
    let json = consistent(&output, &folder);
    // The thresholds see it, and the journal tells.
    let detected = json["reactions"]["detected_after_s"].as_f64().unwrap_or(f64::INFINITY);
    assert!((0.0..5.0).contains(&detected), "{}", text(&output.stdout));
    let entries = json["journal"]["entries"].as_array().unwrap();
    let opened = entries.iter().find(|entry| entry["event"] == "incident_opened").unwrap();
    let report = fs::read_to_string(folder.join("report.txt")).unwrap();
    assert!(report.contains(opened["sentence"].as_str().unwrap()), "{report}");
    // Results were reported: latencies are known.
    assert_eq!(json["simulator"]["results_not_reported"], 0);
    gated.program.until("latencies", |program| {
        program.get("/api/ops/health").body.contains("organization.latency").then_some(())
    });
    // The report of a run is kept.
    let again = simulate(&gated, &folder, &[]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("the report of another run"), "{again:?}");
    // With another token it is not asked at all.
    fs::write(gated.home.dir.path().join("gate-token"), "f".repeat(32)).unwrap();
    let wrong = simulate(&gated, &dir.path().join("wrong"), &[]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong.stderr).contains("answered 401"), "{wrong:?}");
    assert!(!dir.path().join("wrong").exists());
}

#[test]
fn a_spike_through_nginx_reaches_the_application_as_far_as_it_was_admitted() {
    let gated = Gated::start(&limits("host | `*.shop.example`"));
    let application = Application::start();
    let flag = gated.home.dir.path().join("safe-mode");
    let around = Around { gate: gated.port, application: application.port, flag: &flag };
    let Some(proxy) = Proxy::nginx(around) else { return };
    let dir = tempfile::tempdir().unwrap();
    let target = format!("http://127.0.0.1:{}/", proxy.port);
    let none = dir.path().join("none");
    let more =
        ["--target", &target, "--host", "*.shop.example", "--data-dir", none.to_str().unwrap()];
    let output = simulate(&gated, dir.path(), &more);
    let json = consistent(&output, dir.path());
    let reached = application.requests.load(SeqCst) as u64;
    assert_eq!(reached, number(&json["all"]["admitted"]), "{}", text(&output.stdout));
    // Without the journal all else is told.
    let report = text(&output.stdout);
    assert!(report.contains("The journal was not read") && report.contains("--data-dir"));
    assert!(json["reactions"]["detected_after_s"].is_null(), "{json}");
}

/// A storm of 1.5 s of trouble and 4 s after it: ten requests a second are usual, 20 are the most.
fn storm(gated: &Gated, folder: &Path, more: &[&str]) -> Value {
    let configuration = gated.home.dir.path().join("calm-ops.toml");
    let mut line = vec![
        "simulate",
        "retry-storm",
        "--rate",
        "60/s",
        "--for",
        "1500 ms",
        "--calm",
        "1s",
        "--after",
        "4s",
        "--others",
        "4",
        "--others-rate",
        "2/s",
        "--workers",
        "2",
        "--service-time",
        "100ms",
        "--timeout",
        "400ms",
        "--save",
        folder.to_str().unwrap(),
        "--config",
        configuration.to_str().unwrap(),
    ];
    line.extend(more);
    let output = calm_ops(&line.into_iter().map(std::ffi::OsStr::new).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_str(&fs::read_to_string(folder.join("report.json")).unwrap()).unwrap()
}

#[test]
fn a_retry_storm_stays_without_the_gate_and_ends_with_it() {
    let limits = limits("header | `X-Organization`").replace("| 5/s | 10 |", "| 2/s | 4 |");
    let gated = Gated::start(&limits);
    let dir = tempfile::tempdir().unwrap();
    let after = |report: &Value| {
        let counts = &report["others"][2]["counts"];
        number(&counts["admitted"]) as f64 / number(&counts["sent"]) as f64
    };
    // At the same time: the gate hears of one of them only.
    let (without, with) = std::thread::scope(|scope| {
        let without =
            scope.spawn(|| storm(&gated, &dir.path().join("without"), &["--without-gate"]));
        let with = storm(&gated, &dir.path().join("with"), &[]);
        (without.join().unwrap(), with)
    });
    assert!(without["recovered_after_s"].is_null() && after(&without) < 0.2, "{without:#}");
    assert!(number(&without["attempts"]) > 2 * number(&without["all"]["sent"]), "{without:#}");
    assert!(with["recovered_after_s"].as_f64().is_some_and(|after| after <= 2.0), "{with:#}");
    assert!(after(&with) > 0.95, "{with:#}");
}

/// Runs a simulation for 2.5 s and ends it, at once; its report, and that for programs.
fn ended_early(gated: &Gated, arguments: &[&str]) -> (String, Value) {
    let dir = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_calm-ops"))
        .arg("simulate")
        .args(arguments)
        .args(["--ramp", "0 s", "--rate", "20/s"])
        .args([Path::new("--save"), dir.path()])
        .args([Path::new("--config"), &gated.home.dir.path().join("calm-ops.toml")])
        .args([Path::new("--data-dir"), &gated.home.data()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The first signal ends the schedule, the second also what is under way.
    for pause in [2_500, 300] {
        std::thread::sleep(Duration::from_millis(pause));
        let _ = kill_process(Pid::from_child(&child), Signal::INT);
    }
    let output = child.wait_with_output().unwrap();
    let report = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(report.contains("It was ended early, after 2."), "{report}");
    let json = fs::read_to_string(dir.path().join("report.json")).unwrap();
    (report, serde_json::from_str(&json).unwrap())
}

#[test]
fn a_run_that_is_ended_early_reports_what_it_did() {
    let gated = Gated::start(&limits("header | `X-Organization`"));
    let (report, json) = ended_early(&gated, &["everybody", "--calm", "0 s"]);
    // All of them rose, so some of everyone's were refused.
    let refused = |row: &Value| number(&row["refused"]) > 0;
    assert!(json["largest"].as_array().unwrap().iter().all(refused), "{report}");
}

#[test]
fn slow_clients_that_are_refused_keep_nobody_waiting() {
    let limits = limits("host | `*.shop.example`").replace("| 5/s | 10 |", "| 1/min | 1 |");
    let (gated, application) = (Gated::start(&limits), Application::start());
    let flag = gated.home.dir.path().join("safe-mode");
    let around = Around { gate: gated.port, application: application.port, flag: &flag };
    let Some(proxy) = Proxy::nginx(around) else { return };
    let target = format!("http://127.0.0.1:{}/", proxy.port);
    let more = ["--calm", "500 ms", "--target", &target, "--host", "*.shop.example"];
    let arguments: Vec<&str> = ["slow-clients"].into_iter().chain(more).collect();
    let (report, json) = ended_early(&gated, &arguments);
    // The one that passed sends for 20 s. Answers that come before the end of a body are no reason
    // for the next request to wait.
    assert!(number(&json["unfinished"]) <= 2, "{report}");
    assert!(number(&json["largest"][0]["refused"]) > 20, "{report}");
    assert_eq!(json["all"]["failed"], 0, "{report}");
}
