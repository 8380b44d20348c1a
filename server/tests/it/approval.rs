//! Presses at the same instant, and what is left when a connection is lost: one run.

use std::{fs, io::Write as _, net::TcpStream, sync::Barrier, time::Duration};

use crate::program::{
    self, Running,
    approved::{catalogue, configuration, folder, home, offered, own_script},
};

const PATH: &str = "/api/ops/recommendations/1-1/approve";

/// A program with a recommendation to run a script that writes a line; what counts the lines, and
/// what an approval is for.
fn waiting(
    place: &tempfile::TempDir,
) -> (program::Home, Running, impl Fn() -> usize + use<>, String) {
    let log = place.path().join("log");
    let (_, section) = own_script(place, &format!("#!/bin/sh\necho ran >> {}\n", log.display()));
    let home = home(&catalogue("script:own", "-", "Calm Ops"), &section);
    let program = home.start_with(&["--config", configuration(&home).to_str().unwrap()]).unwrap();
    let binding = offered(&program)["binding"].as_str().unwrap().to_owned();
    let ran = move || fs::read_to_string(&log).unwrap_or_default().lines().count();
    (home, program, ran, format!(r#"{{"binding":"{binding}"}}"#))
}

fn ended(program: &Running) {
    program.until("the end of the run", |program| {
        let page = program.get("/api/ops/recommendations/1-1").json();
        (page["recommendation"]["stage"]["stage"] == "ended").then_some(())
    });
    // A second one would have been seen by then.
    std::thread::sleep(Duration::from_millis(300));
}

#[test]
fn two_hundred_requests_at_the_same_instant_are_one_run() {
    let place = folder();
    let (_home, program, ran, body) = waiting(&place);
    let everyone = Barrier::new(200);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let pressed = |_| {
            scope.spawn(|| {
                everyone.wait();
                program.post(PATH, &body).status
            })
        };
        let pressed: Vec<_> = (0..200).map(pressed).collect();
        pressed.into_iter().map(|one| one.join().unwrap()).collect()
    });
    ended(&program);
    assert_eq!(ran(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
    let journal = program.get("/api/ops/journal?limit=1000").json()["entries"].to_string();
    assert_eq!(
        (
            journal.matches(r#""event":"approved""#).count(),
            journal.matches(r#""event":"run_started""#).count()
        ),
        (1, 1)
    );
}

#[test]
fn connections_that_are_lost_after_the_press_and_one_that_is_not_are_one_run() {
    let place = folder();
    let (_home, program, ran, body) = waiting(&place);
    for wait in [0, 1, 3, 10] {
        let mut stream = TcpStream::connect(&program.address).unwrap();
        let request = format!(
            "POST {PATH} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            program.address,
            program.cookie,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        // Nobody reads the answer; the program notices before it decides, in the middle, or never.
        std::thread::sleep(Duration::from_millis(wait));
        drop(stream);
    }
    // Whoever does not know whether it arrived presses once more, and is told how it stands.
    let again = program.post(PATH, &body);
    assert!(
        again.status == 200 || (again.status == 409 && again.json()["detail"].is_string()),
        "{again:?}"
    );
    ended(&program);
    assert_eq!(ran(), 1);
}

/// A run that was not seen to its end may still run, and keeps others from its subject, also when
/// its incident is resolved meanwhile.
#[test]
fn what_may_still_run_for_an_incident_that_is_over_is_in_the_way_of_others() {
    let place = folder();
    let log = place.path().join("log");
    let (_, section) =
        own_script(&place, &format!("#!/bin/sh\necho ran >> {}\nsleep 60\n", log.display()));
    let commands = catalogue("script:own", "-", "Calm Ops")
        .replace("| cool-down | 10 min |", "| cool-down | 30 s |")
        .replace("| time limit | 30 s |", "| time limit | 5 min |");
    let home = home(&commands, &section);
    let start = || home.start_with(&["--config", configuration(&home).to_str().unwrap()]).unwrap();
    let yes = |program: &Running, id: &str| {
        let binding =
            program.get(&format!("/api/ops/recommendations/{id}")).json()["binding"].clone();
        program.post(
            &format!("/api/ops/recommendations/{id}/approve"),
            &format!(r#"{{"binding":{binding}}}"#),
        )
    };
    let mut program = start();
    offered(&program);
    assert_eq!(yes(&program, "1-1").status, 200);
    program.until("the start", |_| fs::read_to_string(&log).is_ok().then_some(()));
    program.kill();
    let program = start();
    ended(&program);
    assert_eq!(program.post("/api/ops/incidents/1/resolve", "{}").status, 200);

    // Nothing is offered on a subject that cools down.
    std::thread::sleep(Duration::from_secs(30));
    program.push("service:exports", 9_000.0);
    let page = program.until("the other recommendation", |program| {
        let page = program.get("/api/ops/recommendations/2-1");
        (page.status == 200).then(|| page.json())
    });
    assert!(
        page["blocked_by"]["id"] == "1-1" && page["blocked_by"]["until"].is_string(),
        "{}",
        page["blocked_by"]
    );
    let refused = yes(&program, "2-1");
    assert!(refused.status == 409 && refused.body.contains("may still be running"), "{refused:?}");
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 1);
}
