//! Any bytes are either a catalogue or refusals with places inside the text; and whatever a
//! catalogue lets through, with any values, is a vector of the closed list, which is written out
//! here a second time. Run it with `scripts/fuzz 60 catalogue`.
//!
//! The text's part before the first NUL is the document, what follows are values, each behind a NUL
//! of its own. A document that begins with `>` is only the cells `runs`, `{x}` and `check` of a
//! command that is right otherwise, each on a line of its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::catalogue::{Action, BoundCommand, Catalogue, Facts, Program, Values};

fn is_name(text: &str, more: &[u8]) -> bool {
    !text.starts_with(['-', '.', '_', '@']) && !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
}

fn is_at_least(text: &str, least: u64) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u64>().is_ok_and(|number| number >= least)
}

fn is_allowed(argv: &[&str]) -> bool {
    match argv {
        ["/usr/bin/pm2", "reload" | "restart" | "flush", app] => {
            is_name(app, b"._-") && !app.eq_ignore_ascii_case("all") && app.parse::<f64>().is_err() && !app.contains(".json")
        }
        ["/usr/sbin/nginx", "-s", "reload"] | ["/usr/bin/certbot", "renew"] => true,
        ["/usr/bin/systemctl", "restart" | "reload", unit] => {
            is_name(unit, b"._-@") && unit.ends_with(".service") && !unit.starts_with("ssh")
        }
        ["/usr/bin/journalctl", flag] => match flag.split_once('=') {
            Some(("--vacuum-size", size)) => {
                size.strip_suffix('M').is_some_and(|size| is_at_least(size, 100))
                    || size.strip_suffix('G').is_some_and(|size| is_at_least(size, 1))
            }
            Some(("--vacuum-time", time)) => time.strip_suffix('d').is_some_and(|time| is_at_least(time, 2)),
            _ => false,
        },
        ["/usr/bin/certbot", "renew", "--cert-name", name] => is_name(name, b".-"),
        _ => false,
    }
}

fn check(filled: &BoundCommand) {
    let argv: Vec<&str> = filled.argv().iter().map(String::as_str).collect();
    match filled.action() {
        Action::Program { .. } => assert!(is_allowed(&argv), "{argv:?}"),
        Action::QueryCancel { pid, started } => assert!(*pid > 1 && *started > 0),
        Action::Script { .. } => panic!("no script is listed"),
    }
    assert!(filled.check().is_none_or(|check| check == ["/usr/sbin/nginx", "-t"]));
    let _ = filled.to_string();
}

fn facts(values: &[&str]) -> Option<Facts> {
    let seen = || values.iter().map(|value| (*value).to_owned()).chain(["api".to_owned()]);
    let mut facts = Facts::new().with_apps(seen()).with_certificates(seen()).with_queries(seen());
    for program in Program::ALL {
        facts = facts.with_program(program, program.candidates()[0]).ok()?;
    }
    Some(facts)
}

fuzz_target!(|text: &str| {
    let mut parts = text.split('\0');
    let text = parts.next().unwrap_or_default();
    let values: Vec<&str> = parts.take(8).collect();
    let document = match text.strip_prefix('>') {
        Some(cells) => {
            let mut cells = cells.split('\n');
            let mut cell = || cells.next().unwrap_or_default();
            let (runs, x, check) = (cell(), cell(), cell());
            let placeholder = if x.is_empty() { String::new() } else { format!("| {{x}} | {x} |\n") };
            format!(
                "format: 1\n| command | `x` |\n| --- | --- |\n| title | x |\n| helps | `app.up` |\n| runs | {runs} |\n{placeholder}| check | {check} |\n\
                 | effect | x |\n| risk | low |\n| blast radius | x |\n| undo | can't be undone, because it is over |\n| approval | one approver |\n\
                 | runs as | Calm Ops |\n| time limit | 1 min |\n| cool-down | 1 min |\n| proof | `app.up` within 1 min |\n"
            )
        }
        None => text.to_owned(),
    };
    match Catalogue::parse("c", &document, &[], fixtures::signals()) {
        Ok(catalogue) => {
            let Some(facts) = facts(&values) else { return };
            for command in catalogue.commands() {
                for value in values.iter().copied().chain(["api", ""]) {
                    let given = command.placeholders().iter().fold(Values::new(), |all, one| all.with(one.name(), value));
                    if let Ok(filled) = command.fill(&given, &facts) {
                        check(&filled);
                    }
                }
            }
        }
        Err(refusals) => {
            assert!(!refusals.is_empty());
            for refusal in refusals {
                let problem = refusal.problem();
                assert!(problem.line >= 1 && problem.column >= 1 && problem.width >= 1);
                let _ = refusal.to_string();
            }
        }
    }
});
