//! A run that did not help is taken back: by the real program, with two commands of a team's own.

use std::fs;

use serde_json::Value;

use crate::program::{
    Running,
    approved::{configuration, folder, home, offered, sha256},
};

fn command(id: &str, helps: &str, undo: &str) -> String {
    format!(
        "| command | `{id}` |\n| --- | --- |\n| title | Set {id} |\n| helps | `{helps}` |\n| runs | `script:{id}` |\n| check | - |\n\
         | effect | It is seen. |\n| risk | low |\n| blast radius | Nobody notices. |\n| undo | {undo} |\n| approval | one approver |\n\
         | runs as | Calm Ops |\n| time limit | 30 s |\n| cool-down | 10 min |\n| proof | `queue.depth` within 10 s |\n\n"
    )
}

fn page(program: &Running, place: u32) -> Option<Value> {
    let page = program.get(&format!("/api/ops/recommendations/1-{place}"));
    (page.status == 200).then(|| page.json())
}

fn approve(program: &Running, place: u32) {
    let binding = &page(program, place).unwrap()["binding"];
    let yes = program.post(
        &format!("/api/ops/recommendations/1-{place}/approve"),
        &format!(r#"{{"binding":{binding}}}"#),
    );
    assert_eq!(yes.status, 200, "{yes:?}");
}

fn stage(program: &Running, place: u32) -> Value {
    page(program, place).unwrap()["recommendation"]["stage"].clone()
}

#[test]
fn what_did_not_help_is_offered_to_be_undone_and_undone() {
    let place = folder();
    let state = place.path().join("state");
    fs::write(&state, "before\n").unwrap();
    let mut sections = String::new();
    for (name, word) in [("gentle", "gentle"), ("normal", "before")] {
        let path = place.path().join(name);
        fs::write(&path, format!("#!/bin/sh\necho {word} > {}\n", state.display())).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        sections += &format!(
            "[[script]]\nname = \"{name}\"\npath = \"{}\"\nsha256 = \"{}\"\n",
            path.display(),
            sha256(&path)
        );
    }
    let never = "can't be undone, because it is how things were";
    let catalogue = format!(
        "format: 1\n\n{}{}",
        command("gentle", "queue.depth", "`normal`"),
        command("normal", "queue.age", never)
    );
    let home = home(&catalogue, &sections);
    let program = home.start_with(&["--config", configuration(&home).to_str().unwrap()]).unwrap();

    let first = offered(&program);
    assert_eq!(first["recommendation"]["command"], "gentle");
    approve(&program, 1);
    program.until("the end of the run", |program| {
        (stage(program, 1)["stage"] == "ended").then_some(())
    });
    assert_eq!(fs::read_to_string(&state).unwrap(), "gentle\n");
    assert!(
        page(&program, 2).is_none(),
        "nothing is taken back before it is known that it did not help"
    );

    // The signal stays where it was, so that the time for the proof passes.
    program.until("the offer to undo it", |program| {
        program.push("service:imports", 9_000.0);
        page(program, 2).is_some().then_some(())
    });
    assert_eq!(stage(&program, 1)["worked"], false);
    let undo = page(&program, 2).unwrap()["recommendation"].clone();
    assert_eq!(
        (&undo["command"], &undo["reasons"][0]["reason"]),
        (&"normal".into(), &"undoes".into()),
        "{undo}"
    );
    approve(&program, 2);
    program.until("the end of the undo", |program| {
        (stage(program, 2)["stage"] == "ended").then_some(())
    });
    assert_eq!(fs::read_to_string(&state).unwrap(), "before\n");
}
