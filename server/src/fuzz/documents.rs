//! The documents that people write and the machine obeys: any text is either one of them or
//! refusals with places inside it; and whatever a catalogue lets through, with any values, is a
//! vector of the closed list, which is written out here a second time.

use fixtures::fuzz::Target;
use policy::{
    catalogue::{Action, BoundCommand, Catalogue, Facts, Program, Values},
    diagnostic::Diagnostic,
    thresholds::Thresholds,
};

use super::texts;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "catalogue",
        seeds: catalogues,
        words: &[
            "|",
            "\n",
            "`",
            "| --- | --- |\n",
            "{x}",
            "| {x} |",
            "one of",
            "an app",
            "a service",
            "| check |",
            "/usr/bin/pm2",
            "/usr/sbin/nginx -s reload",
            "/usr/bin/systemctl restart",
            "--vacuum-size=",
            "sudo",
            "; rm -rf /",
            "$(id)",
            "&&",
            "all",
            "-",
            "*.service",
            "sshd.service",
            "format: 1\n",
            ">",
            "\0",
        ],
        check: check_catalogue,
    },
    Target {
        name: "thresholds",
        seeds: thresholds,
        words: &[
            "|",
            "\n",
            "`",
            "| --- |",
            "above",
            "below",
            "for",
            "min",
            "%",
            "critical",
            "warning",
            "silent",
            "full",
            "host.",
            "disk.used",
            "app:",
            "*",
            "1e999",
            "-",
            "\\|",
            "format: 1\n",
        ],
        check: check_thresholds,
    },
];

/// The begin of a document, and each of its sections by itself: a large one is slow to read.
fn sections(document: &str) -> Vec<Vec<u8>> {
    let (head, _) = document.split_once('\n').unwrap_or_default();
    let parts = document.split("\n## ").skip(1).take(6);
    let mut all: Vec<Vec<u8>> =
        parts.map(|part| format!("{head}\n## {part}\n").into_bytes()).collect();
    all.push(document.bytes().take(4_000).collect());
    all
}

fn catalogues() -> Vec<Vec<u8>> {
    let mut all = sections(include_str!("../../../ops/runbooks/recovery.commands.md"));
    // A text that begins with `>` is only the cells `runs`, `{x}` and `check` of a command that is
    // right otherwise. Values stand behind a NUL each.
    all.extend(texts(&[
        ">`/usr/bin/pm2 restart {x}`\nan app\n\0api\0all\0-1\0api.json",
        ">`/usr/bin/systemctl restart {x}`\none of `web.service`, `ssh.service`\n\0web.service",
        ">`/usr/bin/journalctl --vacuum-size={x}`\none of `500M`, `1G`\n\u{0}500M\u{0}1M",
        ">`/usr/sbin/nginx -s reload`\n\n`/usr/sbin/nginx -t`",
        ">cancel the query {x}\na query\n\x001",
    ]));
    all
}

fn thresholds() -> Vec<Vec<u8>> {
    sections(include_str!("../../../ops/alerts/thresholds.md"))
}

fn check_catalogue(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\0');
    let document = document(parts.next().unwrap_or_default());
    let values: Vec<&str> = parts.take(8).collect();
    match Catalogue::parse("c", &document, &[], fixtures::signals()) {
        Ok(catalogue) => {
            let Some(facts) = facts(&values) else { return };
            for command in catalogue.commands() {
                for value in values.iter().copied().chain(["api", ""]) {
                    let placeholders = command.placeholders().iter();
                    let given =
                        placeholders.fold(Values::new(), |all, one| all.with(one.name(), value));
                    if let Ok(filled) = command.fill(&given, &facts) {
                        check_bound(&filled);
                    }
                }
            }
        }
        Err(refusals) => {
            assert!(!refusals.is_empty());
            refusals.iter().for_each(|refusal| check_place(refusal.problem(), &document));
        }
    }
}

fn check_thresholds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Thresholds::parse("thresholds.md", &text, fixtures::signals()) {
        Ok(thresholds) => {
            for row in thresholds.rows() {
                let _ = thresholds.rows_for(row.signal.as_str(), "service:x");
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            problems.iter().for_each(|problem| check_place(problem, &text));
        }
    }
}

fn check_place(problem: &Diagnostic, text: &str) {
    assert!(problem.line >= 1 && problem.column >= 1 && problem.width >= 1, "{problem}");
    assert!(problem.line as usize <= text.lines().count() + 1, "{problem}");
}

fn document(text: &str) -> String {
    let Some(cells) = text.strip_prefix('>') else { return text.to_owned() };
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

fn facts(values: &[&str]) -> Option<Facts> {
    let seen = || values.iter().map(|value| (*value).to_owned()).chain(["api".to_owned()]);
    let facts = Facts::new().with_apps(seen()).with_certificates(seen()).with_queries(seen());
    Program::ALL
        .into_iter()
        .try_fold(facts, |facts, program| facts.with_program(program, program.candidates()[0]).ok())
}

fn check_bound(bound: &BoundCommand) {
    let argv: Vec<&str> = bound.argv().iter().map(String::as_str).collect();
    match bound.action() {
        Action::Program { .. } => assert!(is_allowed(&argv), "{argv:?}"),
        Action::QueryCancel { pid, started } => assert!(*pid > 1 && *started > 0),
        Action::Script { .. } => panic!("no script is listed"),
    }
    assert!(bound.check().is_none_or(|check| check == ["/usr/sbin/nginx", "-t"]));
    let _ = bound.to_string();
}

fn is_allowed(argv: &[&str]) -> bool {
    match argv {
        ["/usr/bin/pm2", "reload" | "restart" | "flush", app] => {
            let means_more = app.eq_ignore_ascii_case("all") || app.contains(".json");
            is_name(app, b"._-") && !means_more && app.parse::<f64>().is_err()
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
            Some(("--vacuum-time", time)) => {
                time.strip_suffix('d').is_some_and(|time| is_at_least(time, 2))
            }
            _ => false,
        },
        ["/usr/bin/certbot", "renew", "--cert-name", name] => is_name(name, b".-"),
        _ => false,
    }
}

fn is_name(text: &str, more: &[u8]) -> bool {
    let is_fine = |b: u8| b.is_ascii_alphanumeric() || more.contains(&b);
    !text.is_empty() && !text.starts_with(['-', '.', '_', '@']) && text.bytes().all(is_fine)
}

fn is_at_least(text: &str, least: u64) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u64>().is_ok_and(|n| n >= least)
}
