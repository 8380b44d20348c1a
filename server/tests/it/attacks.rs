//! Texts that want to become a process, in every field of the real program that leads to one: none
//! of them does, and none makes it stumble. What the catalogue itself refuses is tried row by row
//! in `ops/policy/src/catalogue/tests/attacks.rs`.

use std::{collections::BTreeSet, fs};

use serde_json::json;

use crate::program::{
    self, Home, QUICK,
    approved::{folder, own_script},
};

/// Texts that a shell, a path, a program's options, SQL, a terminal, a browser, or a parser would
/// take for something else.
const ATTACKS: [&str; 37] = [
    "; touch {0}",
    "&& touch {0}",
    "| touch {0}",
    "`touch {0}`",
    "$(touch {0})",
    "${{IFS}}touch${{IFS}}{0}",
    "\ntouch {0}\n",
    "\r\ntouch {0}",
    "\0touch {0}",
    "' ; touch {0} ; '",
    "\" ; touch {0} ; \"",
    "> {0}",
    ">> {0}",
    "<(touch {0})",
    "--config={0}",
    "-c {0}",
    "--",
    "-",
    "../../../../{0}",
    "..\\..\\{0}",
    "/bin/sh -c 'touch {0}'",
    "sh",
    "all",
    "*",
    "~root",
    "%00{0}",
    "%0atouch%20{0}",
    "\u{202e}{0}",
    "\u{200b}{0}",
    "\u{1b}]0;{0}\u{7}",
    "<script>{0}</script>",
    "'; DROP TABLE journal; --",
    "{{\"$gt\":\"\"}}",
    "\\u0000{0}",
    "script:own",
    "{{app}}",
    "99999999999999999999-1",
];

/// In an address everything but letters and digits is written with a percent sign.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }
        })
        .collect()
}

#[test]
fn nothing_that_is_typed_or_pushed_reaches_a_process() {
    let (home, place) = (Home::new(), folder());
    let (ran, touched) = (place.path().join("ran"), place.path().join("touched"));
    let (script, section) =
        own_script(&place, &format!("#!/bin/sh\necho ran \"$@\" >> {}\n", ran.display()));
    let configuration = place.path().join("calm-ops.toml");
    fs::write(&configuration, section).unwrap();
    // The commands that come with Calm Ops, and one that is offered for what the test pushes.
    let commands = home.ops().join("runbooks/recovery.commands.md");
    let own = "\n## own\n\n| command | `own` |\n| --- | --- |\n| title | Run the script |\n| helps | `queue.depth` |\n| runs | `script:own` |\n\
        | check | - |\n| effect | A line is written. |\n| risk | low |\n| blast radius | Nobody notices. |\n| undo | can't be undone, because it is over |\n\
        | approval | one approver |\n| runs as | Calm Ops |\n| time limit | 10 s |\n| cool-down | 1 h |\n| proof | `queue.depth` within 1 min |\n";
    fs::write(&commands, fs::read_to_string(&commands).unwrap() + own).unwrap();
    let memory = "| `app.memory` | `app:*` | above 1 MiB | above 2 MiB | 0 s | 0.5 MiB | - | An app grows. | app-memory-growth | `pm2-reload` |\n\n## How";
    fs::write(home.ops().join("alerts/thresholds.md"), QUICK.replacen("\n## How", memory, 1))
        .unwrap();
    let program = home
        .start_with(&["--config", configuration.to_str().unwrap()])
        .unwrap_or_else(|said| panic!("{said}"));
    program.push("service:imports", 9_000.0);
    let number = program.incident_about("service:imports");
    let id = format!("{number}-1");
    let binding = program.until("a recommendation", |program| {
        let answer = program.get(&format!("/api/ops/recommendations/{id}"));
        (answer.status == 200).then(|| answer.json()["binding"].as_str().unwrap().to_owned())
    });

    let mut tried = BTreeSet::new();
    for attack in ATTACKS {
        let attack =
            attack.replace("{0}", touched.to_str().unwrap()).replace("{{", "{").replace("}}", "}");
        for text in [attack.clone(), format!("{id}{attack}"), format!("api{attack}")] {
            let path = encoded(&text);
            let no = |answer: Option<program::Answer>, what: &str| {
                let answer =
                    answer.unwrap_or_else(|| panic!("{what} {text:?}: the connection broke"));
                assert!((400..500).contains(&answer.status), "{what} {text:?}: {answer:?}");
            };
            let quoted = |value: &str| json!({ "binding": value, "reason": value }).to_string();
            no(
                program.try_post(
                    &format!("/api/ops/recommendations/{path}/approve"),
                    &format!(r#"{{"binding":"{binding}"}}"#),
                ),
                "approving",
            );
            no(
                program.try_post(&format!("/api/ops/recommendations/{path}/cancel"), "{}"),
                "cancelling",
            );
            no(
                program.try_post(
                    &format!("/api/ops/recommendations/{id}/approve"),
                    &json!({ "binding": text }).to_string(),
                ),
                "a binding",
            );
            no(
                program
                    .try_post(&format!("/api/ops/recommendations/{id}/approve"), &quoted(&binding)),
                "a field too many",
            );
            let more = json!({ "binding": binding, "argv": [text], "values": { "app": text }, "user": text }).to_string();
            no(
                program.try_post(&format!("/api/ops/recommendations/{id}/approve"), &more),
                "an argument vector",
            );
            no(
                program.request("GET", &format!("/api/ops/recommendations/{path}"), "", ""),
                "reading",
            );
            // A push may be taken: the name of an app that PM2 does not have leads nowhere.
            for subject in [format!("app:{text}@web-1"), format!("service:{text}")] {
                let observation = json!({ "signal": "app.memory", "subject": subject, "value": 9e9, "unit": "bytes" });
                let answer = program.post(
                    "/api/ops/signals",
                    &json!({ "observations": [observation] }).to_string(),
                );
                assert!(answer.status < 500, "{subject:?}: {answer:?}");
            }
            tried.insert(text);
        }
    }
    assert!(tried.len() >= 100, "{}", tried.len());
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(!ran.exists() && !touched.exists(), "something ran");
    let entries =
        program.get("/api/ops/journal?limit=1000").json()["entries"].as_array().unwrap().clone();
    let kinds: BTreeSet<&str> =
        entries.iter().map(|entry| entry["event"]["event"].as_str().unwrap()).collect();
    assert!(kinds.contains("recommended"), "{kinds:?}");
    for kind in ["approved", "run_started", "run_ended"] {
        assert!(!kinds.contains(kind), "{kinds:?}");
    }
    let argv = |event: &serde_json::Value| event["recommendation"]["argv"].clone();
    for event in
        entries.iter().map(|entry| &entry["event"]).filter(|event| event["event"] == "recommended")
    {
        assert_eq!(argv(event), json!([script]), "{event}");
    }

    // It was never anything but the attack that kept it from running.
    let page = program.get(&format!("/api/ops/recommendations/{id}")).json();
    let approved = program.post(
        &format!("/api/ops/recommendations/{id}/approve"),
        &format!(r#"{{"binding":{}}}"#, page["binding"]),
    );
    assert_eq!(approved.status, 200, "{approved:?}");
    program.until("the run", |_| {
        fs::read_to_string(&ran).ok().filter(|text| text == "ran\n").map(drop)
    });
    assert!(!touched.exists());
}
