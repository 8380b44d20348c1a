//! Pushes that are refused: who sends them is named, and the silence that they leave is explained.

use crate::program::{Home, Running, observation};

/// Silence of a second is trouble.
fn start() -> (Home, Running) {
    let home = Home::new();
    let text = crate::program::QUICK.replace("| 500 jobs | - |", "| 500 jobs | 1 s |");
    std::fs::write(home.ops().join("alerts/thresholds.md"), text).unwrap();
    let program = home.start();
    (home, program)
}

fn troubles(program: &Running) -> String {
    program.get("/api/ops/health").json()["now"]["troubles"].to_string()
}

#[test]
fn silence_of_what_is_pushed_names_pushes_that_are_refused() {
    let (_home, program) = start();
    for subject in ["service:named", "service:unnamed"] {
        assert_eq!(program.push(subject, 7.0).status, 202);
    }
    // A body that names what it is about explains just that; one that can't be read, all that came
    // from there before. It is one sender, and one incident.
    let named = observation("service:named", 7.0).replace(":7,", r#":"7","#);
    assert!(program.post("/api/ops/signals", &named).status >= 400);
    assert!(program.post("/api/ops/signals", "{").status >= 400);
    let told = program.until("both reasons", |program| {
        let active = program.get("/api/ops/incidents").json()["active"].clone();
        let [one] = &active.as_array()?[..] else { return None };
        let told = program.get(&format!("/api/ops/incidents/{}", one["number"])).json();
        let holding = told["incident"]["breaches"].as_array()?;
        let explained = |one: &&serde_json::Value| one.to_string().contains("pushes_refused");
        (holding.iter().filter(explained).count() == 2).then(|| told["incident"].to_string())
    });
    assert!(told.contains(r#""by":"account:1""#), "{told}");
    assert!(told.contains("expected a number, found a text"), "{told}");
    // A good value ends it.
    program.until("its end", |program| {
        program.push("service:named", 7.0);
        let readings = program.get("/api/ops/health").json()["now"]["readings"].clone();
        let reading = readings.as_array()?.iter().find(|one| one["subject"] == "service:named")?;
        reading["reason"].is_null().then_some(())
    });
}

#[test]
fn what_never_reaches_the_reading_of_a_push_is_told_as_well() {
    let (_home, program) = start();
    let large = format!(r#"{{"observations":[],"x":"{}"}}"#, "x".repeat(2_000_000));
    for (path, body, told) in [
        ("/api/ops/signals", large.as_str(), "The body is larger than 1048576 bytes"),
        ("/api/ops/signals?keep=some", "{}", "expected 'all' or 'good'"),
    ] {
        assert_eq!(program.push("service:imports", 7.0).status, 202);
        assert!(!troubles(&program).contains("pushes that are refused"));
        assert!(program.post(path, body).status >= 400);
        program.until(told, |program| troubles(program).contains(told).then_some(()));
        program.push("service:imports", 7.0);
        program.until("its end", |program| {
            (!troubles(program).contains("pushes that are refused")).then_some(())
        });
    }
}

#[test]
fn what_is_refused_is_counted_and_never_calm() {
    let home = Home::new();
    let program = home.start();
    assert_eq!(program.push("service:imports", 7.0).status, 202);
    let status = |program: &Running| program.get("/api/health").json()["status"].clone();
    program.until("calm", |program| (status(program) == "calm").then_some(()));
    let wrong = r#"{"observations":[{"signal":"queue.depth","subject":"service:imports","value":"x"},{"signal":"queue.depth","subject":"service:imports","value":7}]}"#;
    assert!(program.post("/api/ops/signals", wrong).status >= 400);
    let good = program.post("/api/ops/signals?keep=good", wrong).json();
    assert_eq!((&good["accepted"], &good["refused"]), (&1.into(), &1.into()), "{good}");
    // Two values with the first batch, one with the second.
    program.until("the count", |program| {
        let readings = program.get("/api/ops/health").json()["now"]["readings"].clone();
        let is_it = |one: &&serde_json::Value| one["signal"] == "monitor.pushes_refused";
        (readings.as_array()?.iter().find(is_it)?["value"] == 3.0).then_some(())
    });
    assert_eq!(status(&program), "warning");
    assert!(program.get("/ops/health").body.contains("were refused in the last 10 minutes"));
    let port = program.address.rsplit(':').next().unwrap();
    let listen = format!("127.0.0.1:{port}");
    let asked = crate::program::calm_ops(&[
        "health".as_ref(),
        "--listen".as_ref(),
        listen.as_ref(),
        "--data-dir".as_ref(),
        home.data().as_os_str(),
    ]);
    let said = String::from_utf8(asked.stdout).unwrap();
    assert!(asked.status.success() && said.contains("warning, no active incident"), "{said}");
}
