//! `ops/runbooks/recovery.commands.md` beside the other documents, and the lines for sudo against
//! the real `visudo`.

use std::{
    io::Write as _,
    process::{Command as Process, Stdio},
};

use domain::recommendation::{Risk, Undo};
use policy::{
    catalogue::{Catalogue, Command, Facts, OwnScript, Program, RunAs, UserName, Values, sudoers},
    thresholds::{Thresholds, Way},
};

const CATALOGUE: &str = include_str!("../../../runbooks/recovery.commands.md");
const THRESHOLDS: &str = include_str!("../../../alerts/thresholds.md");
const GUIDE: &str = include_str!("../../../runbooks/when-things-break.md");

fn catalogue() -> Catalogue {
    Catalogue::parse("runbooks/recovery.commands.md", CATALOGUE, &[], fixtures::signals()).unwrap()
}

fn thresholds() -> Thresholds {
    Thresholds::parse("alerts/thresholds.md", THRESHOLDS, fixtures::signals()).unwrap()
}

#[test]
fn every_command_that_the_thresholds_name_is_in_the_catalogue_and_helps_that_signal() {
    let catalogue = catalogue();
    for row in thresholds().rows() {
        for id in &row.guidance.commands {
            let command =
                catalogue.get(id).unwrap_or_else(|| panic!("{} names '{id}'", row.signal));
            assert!(
                command.helps().contains(&row.signal),
                "'{id}' doesn't say that it helps {}",
                row.signal
            );
        }
    }
}

#[test]
fn every_command_that_the_guide_names_is_in_the_catalogue() {
    let catalogue = catalogue();
    let mut named = 0;
    for line in GUIDE.lines().filter(|line| line.starts_with("Approved commands:")) {
        for id in line.split('`').skip(1).step_by(2) {
            assert!(catalogue.get(id).is_some(), "{id}");
            named += 1;
        }
    }
    assert!(named >= 8, "{named}");
    let first =
        GUIDE.split("named by their id, such as `").nth(1).and_then(|rest| rest.split('`').next());
    assert!(catalogue.get(first.unwrap()).is_some());
}

#[test]
fn every_signal_of_the_catalogue_is_reported_by_something() {
    for command in catalogue().commands() {
        for signal in
            command.helps().iter().chain(command.proofs().iter().map(|proof| proof.signal()))
        {
            assert!(
                fixtures::signals().get(signal.as_str()).is_some(),
                "{} of '{}'",
                signal,
                command.id()
            );
        }
        for signal in command.helps() {
            assert_eq!(
                command.proof_for(signal).unwrap().signal(),
                signal,
                "'{}' proves what it helps",
                command.id()
            );
        }
    }
}

#[test]
fn a_proof_leaves_time_for_the_signal_to_recover() {
    let thresholds = thresholds();
    for command in catalogue().commands() {
        for proof in command.proofs() {
            // A forecast recovers when the disk is far from full again; the level tells whether a
            // command helped.
            let rows = thresholds
                .rows()
                .iter()
                .filter(|row| row.signal == *proof.signal() && row.way() != Way::Forecast);
            for row in rows {
                assert!(
                    proof.within() > row.warning_for,
                    "{} of '{}' needs {} to recover",
                    row.signal,
                    command.id(),
                    row.warning_for
                );
            }
        }
    }
}

#[test]
fn every_command_has_a_section_of_its_own_and_the_page_is_calm() {
    let sections: Vec<&str> =
        CATALOGUE.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let ids: Vec<String> =
        catalogue().commands().iter().map(|command| command.id().to_owned()).collect();
    assert_eq!(sections, ids);
    assert_eq!(CATALOGUE.lines().next(), Some("format: 1"));
    assert!(!CATALOGUE.contains('!'), "no exclamation marks");
    for command in catalogue().commands() {
        for text in [command.effect(), command.blast_radius()] {
            assert!(text.ends_with('.') && text.len() <= 200, "'{}': {text}", command.id());
        }
        assert!(
            matches!(command.undo(), Undo::Never(_)),
            "'{}': nothing of this page can be taken back",
            command.id()
        );
        assert_eq!(
            command.approval().people(),
            if command.risk() == Risk::High { 2 } else { 1 },
            "{}",
            command.id()
        );
    }
}

/// A host that has everything, with names that are as odd as they may be.
fn facts() -> Facts {
    let all = Program::ALL.into_iter().try_fold(Facts::new(), |facts, program| {
        facts.with_program(program, program.candidates()[0])
    });
    all.unwrap()
        .with_apps(
            ["api", "worker_2.eu-1", "all", "--force", "a b", "x,y", "ALL=(ALL)"]
                .map(str::to_owned),
        )
        .with_certificates([
            "example.com".to_owned(),
            "shop.example.com-0001".to_owned(),
            "*.example.com".to_owned(),
        ])
}

fn user(name: &str) -> UserName {
    name.parse().unwrap()
}

/// The page with PM2 under a user of its own, a number to choose, a unit with an instance, and a
/// script.
fn wide() -> Catalogue {
    let text = CATALOGUE
        .replace("| runs as | Calm Ops |\n| time limit | 2 min |", "| runs as | `deploy` |\n| time limit | 2 min |")
        .replace(
            "| runs | `journalctl --vacuum-size=500M` |",
            "| runs | `journalctl --vacuum-size={megabytes}M` |\n| {megabytes} | a whole number from 200 to 1,000 in steps of 400, usually 600 |",
        )
        .replace("one of the units `nginx.service` |", "one of the units `nginx.service`, `worker@1.service` |");
    let first = catalogue().get("nginx-reload").map(Command::line).unwrap() as usize;
    let script: Vec<&str> = CATALOGUE.lines().skip(first - 1).take(15).collect();
    let script = script
        .join("\n")
        .replace("`nginx-reload`", "`clear-cache`")
        .replace("`nginx -s reload`", "`script:clear-cache`");
    let script = script.replace("| check | `nginx -t` |", "| check | - |");
    let listed =
        OwnScript::new("clear-cache", "/opt/team/clear-cache", &"0123456789abcdef".repeat(4))
            .unwrap();
    Catalogue::parse("c", &format!("{text}\n{script}\n"), &[listed], fixtures::signals())
        .unwrap_or_else(|refusals| panic!("{}", refusals[0]))
}

#[test]
fn sudo_gets_exactly_one_line_for_each_vector_that_can_be_run() {
    let text = sudoers(&wide(), &facts(), &user("calm-ops"));
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "calm-ops ALL=(deploy) NOPASSWD: /usr/bin/pm2 reload api",
            "calm-ops ALL=(deploy) NOPASSWD: /usr/bin/pm2 reload worker_2.eu-1",
            "calm-ops ALL=(deploy) NOPASSWD: /usr/bin/pm2 restart api",
            "calm-ops ALL=(deploy) NOPASSWD: /usr/bin/pm2 restart worker_2.eu-1",
            "calm-ops ALL=(root) NOPASSWD: /usr/sbin/nginx -t",
            "calm-ops ALL=(root) NOPASSWD: /usr/sbin/nginx -s reload",
            r"calm-ops ALL=(root) NOPASSWD: /usr/bin/journalctl --vacuum-size\=200M",
            r"calm-ops ALL=(root) NOPASSWD: /usr/bin/journalctl --vacuum-size\=600M",
            r"calm-ops ALL=(root) NOPASSWD: /usr/bin/journalctl --vacuum-size\=1000M",
            "calm-ops ALL=(root) NOPASSWD: /usr/bin/certbot renew --cert-name example.com",
            "calm-ops ALL=(root) NOPASSWD: /usr/bin/certbot renew --cert-name shop.example.com-0001",
            "calm-ops ALL=(root) NOPASSWD: /usr/bin/systemctl restart nginx.service",
            "calm-ops ALL=(root) NOPASSWD: /usr/bin/systemctl restart worker@1.service",
            "calm-ops ALL=(root) NOPASSWD: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef /opt/team/clear-cache \"\"",
        ]
    );
    assert!(!lines.iter().any(|line| line.contains('*')), "no wildcards");
}

#[test]
fn commands_of_the_service_user_need_no_line() {
    let deploy = sudoers(&wide(), &facts(), &user("deploy"));
    assert!(
        !deploy.contains("(deploy)")
            && deploy.contains("deploy ALL=(root) NOPASSWD: /usr/sbin/nginx -t"),
        "{deploy}"
    );
    let root = sudoers(&catalogue(), &facts(), &user("root"));
    assert!(root.lines().all(|line| line.is_empty() || line.starts_with('#')), "{root}");
    let nothing = sudoers(&catalogue(), &Facts::new(), &user("calm-ops"));
    assert!(nothing.lines().all(|line| line.is_empty() || line.starts_with('#')), "{nothing}");
    assert!("calm-ops ALL=(ALL) NOPASSWD: ALL\n".parse::<UserName>().is_err());
}

/// The verdict of the real `visudo` about a text, if it is here.
fn visudo(text: &str) -> Option<(bool, String)> {
    let place = ["/usr/sbin/visudo", "/usr/bin/visudo"]
        .into_iter()
        .find(|place| std::path::Path::new(place).exists())?;
    let mut child = Process::new(place)
        .args(["-c", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr),
    ))
}

#[test]
fn visudo_takes_the_lines() {
    let text = sudoers(&wide(), &facts(), &user("calm-ops"));
    let Some((fine, told)) = visudo(&text) else {
        eprintln!(
            "SKIPPED: there is no visudo here (Debian: apt-get install sudo); the lines for sudo were not tried"
        );
        return;
    };
    assert!(fine, "{told}\n{text}");
    let (broken, told) = visudo("calm-ops ALL=(root NOPASSWD: x\n").unwrap_or_default();
    assert!(!broken, "it can say no: {told}");
}

#[test]
fn what_runs_as_nobody_else_is_said_so() {
    let users: Vec<String> =
        catalogue().commands().iter().map(|command| command.user().to_string()).collect();
    assert_eq!(
        users,
        [
            "Calm Ops", "Calm Ops", "Calm Ops", "root", "root", "root", "root", "Calm Ops",
            "Calm Ops"
        ]
    );
    let filled = catalogue()
        .get("pm2-reload")
        .unwrap()
        .fill(&Values::new().with("app", "api"), &facts())
        .unwrap();
    assert_eq!(filled.user(), &RunAs::CalmOps);
}
