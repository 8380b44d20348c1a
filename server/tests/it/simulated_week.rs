//! A simulated bad week, made by the real program: its journal is marked and whole, and a new user finds
//! all that there is to learn.

use std::{collections::BTreeMap, path::Path, time::Instant};

use serde_json::Value;

use crate::program::{Home, calm_ops};

fn run(words: &[&str], data: &Path) -> (Option<i32>, String, String) {
    let data = data.as_os_str();
    let words = words.iter().map(std::ffi::OsStr::new);
    let line: Vec<_> = words.chain(["--data-dir".as_ref(), data]).collect();
    let output = calm_ops(&line);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_bad_week_is_marked_whole_and_worth_learning_from() {
    let mut home = Home::new();
    let began = Instant::now();
    let (code, said, err) = run(&["simulate", "week"], &home.data());
    println!("simulated in {:.1} s\n{said}", began.elapsed().as_secs_f64());
    assert_eq!(code, Some(0), "{said}{err}");
    assert!(said.contains("Nothing of it happened"), "{said}");

    let (code, lines, err) = run(&["journal", "export", "-"], &home.data());
    assert_eq!(code, Some(0), "{err}");
    let entries: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries[0]["kind"], "data_generated", "the first entry is the mark");
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &entries {
        *kinds.entry(entry["kind"].as_str().unwrap()).or_default() += 1;
    }
    let count = |kind: &str| kinds.get(kind).copied().unwrap_or(0);
    assert!((12..=40).contains(&count("incident_opened")), "{kinds:?}");
    assert_eq!(count("incident_opened") + count("reopened"), count("resolved"), "all are over");
    for (kind, least) in [
        ("acknowledged", 7),
        ("approved", 3),
        ("recommendation_declined", 1),
        ("run_ended", 3),
        ("run_proved", 3),
        ("recommendation_rated", 3),
        ("review_saved", 1),
        ("prevention_step_added", 5),
        ("threshold_proposed", 2),
        ("report_made", 1),
    ] {
        assert!(count(kind) >= least, "{kind}: {kinds:?}");
    }
    assert_eq!(count("report_made"), 1);
    assert_eq!(count("account_closed"), 2, "nobody counts the people of the week");
    assert_eq!(count("blind"), 0, "there was no time without data");
    let payload = |kind: &str| -> Vec<Value> {
        let of_kind = entries.iter().filter(|one| one["kind"] == kind);
        of_kind.map(|one| serde_json::from_str(one["payload"].as_str().unwrap()).unwrap()).collect()
    };
    let proposed = payload("threshold_proposed");
    let benefits = |row: &str| {
        let of_row = proposed.iter().filter(|one| one["row"]["signal"] == row);
        of_row.map(|one| one["evidence"]["benefit"]["kind"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(benefits("queue.depth"), ["quieter"], "the noise: {proposed:?}");
    assert_eq!(benefits("app.memory"), ["earlier"], "the leak: {proposed:?}");
    let report = &payload("report_made")[0];
    let text = report["report"]["text"].as_str().unwrap();
    assert!(text.contains("**This Calm Ops began with generated data"), "{text}");
    assert!(text.contains("generated-web-1"), "{text}");

    let (code, out, err) = run(&["journal", "verify"], &home.data());
    assert_eq!(code, Some(0), "{out}{err}");
    let (code, _, err) = run(&["simulate", "week"], &home.data());
    assert_eq!(code, Some(3), "a journal is never added to");
    assert!(err.contains("not empty: it has a simulated past"), "{err}");

    // Its own documents, and a new owner.
    home.ops = Some(home.data().join("ops"));
    let program = home.start();
    let health = program.get("/ops/health").body;
    assert!(health.contains("This is generated data"), "{health}");
    for path in ["/ops/incidents", "/ops/history", "/ops/prevention"] {
        let page = program.get(path).body;
        assert!(page.contains("generated data that did not happen"), "{path}: {page}");
    }
    // What leaves the pages is marked too.
    let number = said.split("/ops/incidents/").nth(1).unwrap().split('/').next().unwrap();
    let mark = "This Calm Ops began with generated data that did not happen.";
    for (path, file) in [
        (format!("/api/ops/incidents/{number}/review.md"), "-review.md"),
        ("/api/ops/journal.jsonl".to_owned(), "calm-ops-journal.jsonl"),
        ("/api/ops/impact.csv".to_owned(), "calm-ops-impact.csv"),
    ] {
        let answer = program.get(&path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(answer.head.contains("filename=\"generated-"), "{path}: {}", answer.head);
        assert!(answer.head.contains(file), "{path}: {}", answer.head);
        let is_marked = answer.body.contains(mark)
            || answer.body.lines().next().is_some_and(|line| line.contains("generated"));
        assert!(is_marked, "{path}: {}", answer.body);
    }
    assert!(program.get("/status").body.contains(mark));
    assert_eq!(program.get("/api/status").json()["generated"], true);
    let readiness = program.get("/api/ops/readiness").json();
    assert!(!readiness.to_string().contains("Generated "), "{readiness}");
    let active = program.get("/api/ops/incidents").json();
    assert_eq!(active["active"].as_array().unwrap().len(), 0, "nothing is expected to report");
    let review = program.get(&format!("/api/ops/incidents/{number}/review")).json();
    assert!(!review["proposals"].as_array().unwrap().is_empty(), "{review}");
    let effects = review["facts"]["effects"].as_array().unwrap();
    assert!(!effects.is_empty(), "what the command did: {review}");
    let step = |name: &str| {
        let steps = review["facts"]["steps"].as_array().unwrap();
        steps.iter().find(|one| one["step"] == name).unwrap()["measured"].clone()
    };
    for name in ["detect", "acknowledge", "decide", "recover", "resolve"] {
        assert_eq!(step(name), "took", "{name}: {review}");
    }
}

#[test]
fn a_history_is_whole_and_found_by_its_words() {
    let home = Home::new();
    let size = ["--incidents", "60", "--entries", "3000", "--days", "20", "--signals", "10"];
    let line = [&["simulate", "history"][..], &size].concat();
    let (code, said, err) = run(&line, &home.data());
    assert_eq!(code, Some(0), "{said}{err}");
    assert!(
        said.contains("Generated 60 incidents") && err.contains("readings of 10"),
        "{said}{err}"
    );
    let (code, out, err) = run(&["journal", "verify"], &home.data());
    assert_eq!(code, Some(0), "{out}{err}");
    let (_, lines, _) = run(&["journal", "export", "-"], &home.data());
    assert_eq!(lines.matches("\"kind\":\"blind\"").count(), 2, "times without data");
    let entries = said.split("incidents, ").nth(1).unwrap().split(' ').next().unwrap();
    assert!((2_700..3_300).contains(&entries.parse::<u32>().unwrap()), "{said}");

    let program = home.start();
    let found = |words: &str| {
        let answer = program.get(&format!("/api/ops/history?text={words}")).json();
        answer["incidents"].as_array().unwrap().len()
    };
    let (all, some, none) = (found(""), found("provider"), found("xyzzy"));
    assert!(all > some && some > 0 && none == 0, "{all} {some} {none}");
    let first = program.get("/api/ops/journal?after=0&limit=1").json();
    assert_eq!(first["entries"][0]["event"]["event"], "data_generated", "{first}");
    // A folder in use is left alone, and so is one that is only full.
    let (code, _, err) = run(&line, &home.data());
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("not empty: it has a simulated past"), "{err}");
    drop(program);
    let (code, _, err) = run(&line, &home.data());
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("not empty: it has a simulated past"), "{err}");
}
