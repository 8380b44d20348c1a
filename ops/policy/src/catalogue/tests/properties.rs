//! Whatever the text, nothing panics, and whatever is accepted is one of the vectors below: written
//! out a second time, without the code that is tested.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

fn is_one_app(text: &str) -> bool {
    let mut letters = text.bytes();
    (1..=64).contains(&text.len())
        && letters.next().is_some_and(|b| b.is_ascii_alphanumeric())
        && letters.all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && !["all", "log", "default", "infinity", "nan", "startup", "unstartup"]
            .contains(&text.to_lowercase().as_str())
        && !is_number_in_javascript(text)
        && [".json", ".yml", ".yaml", ".config.js", ".config.cjs", ".config.mjs"]
            .iter()
            .all(|end| !text.contains(end))
}

fn is_number_in_javascript(text: &str) -> bool {
    let lower = text.to_lowercase();
    let based = [("0x", 16), ("0o", 8), ("0b", 2)];
    text.parse::<f64>().is_ok()
        || based.iter().any(|(prefix, base)| {
            lower.strip_prefix(prefix).is_some_and(|digits| {
                !digits.is_empty() && digits.chars().all(|c| c.is_digit(*base))
            })
        })
}

fn is_service(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"._-@".contains(&b);
    text.ends_with(".service")
        && !text.starts_with(['-', '.', '@'])
        && text.bytes().all(fine)
        && ["ssh", "systemd", "dbus", "calm-ops", "user@", "getty"]
            .iter()
            .all(|never| !text.to_lowercase().starts_with(never))
}

fn is_between(text: &str, before: &str, after: &str, least: u64) -> bool {
    let number = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    number.is_some_and(|number| {
        number.bytes().all(|b| b.is_ascii_digit())
            && number.parse::<u64>().is_ok_and(|number| number >= least)
    })
}

/// The closed list once more.
fn is_allowed(argv: &[&str]) -> bool {
    match argv {
        ["/usr/bin/pm2", "reload" | "restart" | "flush", app] => is_one_app(app),
        ["/usr/sbin/nginx", "-s", "reload"] | ["/usr/bin/certbot", "renew"] | ["/usr/bin/true"] => {
            true
        }
        ["/usr/bin/systemctl", "restart" | "reload", unit] => is_service(unit),
        ["/usr/bin/journalctl", flag] => {
            is_between(flag, "--vacuum-size=", "M", 100)
                || is_between(flag, "--vacuum-size=", "G", 1)
                || is_between(flag, "--vacuum-time=", "d", 2)
        }
        ["/usr/bin/certbot", "renew", "--cert-name", name] => {
            !name.starts_with(['-', '.'])
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
        }
        _ => false,
    }
}

fn check(filled: &BoundCommand) {
    match filled.action() {
        Action::Program { argv, .. } => {
            let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
            assert!(is_allowed(&argv), "{argv:?}");
        }
        Action::QueryCancel { pid, started } => assert!(*pid > 1 && *started > 0),
        Action::Script { .. } => panic!("no host lists a script here"),
    }
    if let Some(check) = filled.check() {
        assert_eq!(check, ["/usr/sbin/nginx", "-t"]);
    }
}

/// Fills everything that can be filled, from what a hostile host tells, and checks it.
fn check_all(catalogue: &Catalogue, names: &[String]) -> usize {
    let seen = || names.iter().cloned();
    let facts = facts().with_apps(seen()).with_certificates(seen()).with_queries(seen());
    let mut count = 0;
    for command in catalogue.commands() {
        let placeholders = command.placeholders();
        assert!(placeholders.len() <= 1, "no form has two");
        let offered: Vec<String> =
            placeholders.iter().flat_map(|placeholder| placeholder.choices(&facts)).collect();
        let every = names.iter().chain(&offered).map(|value| {
            placeholders.iter().fold(Values::new(), |all, one| all.with(one.name(), value))
        });
        for values in every.chain([Values::new()]) {
            if let Ok(filled) = command.fill(&values, &facts) {
                check(&filled);
                count += 1;
            }
        }
        for value in offered {
            let name = placeholders[0].name();
            assert!(
                command.fill(&Values::new().with(name, &value), &facts).is_ok(),
                "{value} is offered and refused"
            );
        }
    }
    count
}

fn check_places(text: &str) {
    match parse(text) {
        Ok(catalogue) => {
            check_all(&catalogue, &["api".into(), "all".into(), "4711@5".into()]);
        }
        Err(refusals) => {
            assert!(!refusals.is_empty());
            for refusal in refusals {
                let problem = refusal.problem();
                let length = text
                    .lines()
                    .nth(problem.line as usize - 1)
                    .map_or(0, |line| line.chars().take(2_000).count())
                    as u32;
                assert!(problem.column >= 1 && problem.column <= length.max(1), "{problem}");
                assert!(
                    problem.width >= 1 && problem.column + problem.width <= length.max(1) + 1,
                    "{problem}"
                );
            }
        }
    }
}

const PIECES: &[&str] = &[
    "pm2",
    "nginx",
    "systemctl",
    "journalctl",
    "certbot",
    "sh",
    "script:x",
    "built-in:query-cancel",
    "reload",
    "restart",
    "flush",
    "delete",
    "-s",
    "-t",
    "-c",
    "renew",
    "--cert-name",
    "--force",
    "{x}",
    "{y}",
    "all",
    "api",
    "--vacuum-size=500M",
    "--vacuum-size=1M",
    "--vacuum-size={x}M",
    "--vacuum-time={x}d",
    "--vacuum-time={x}s",
    "nginx.service",
    ";",
    "&&",
    "$(x)",
    "..",
    "/bin/sh",
];

const KINDS: &[&str] = &[
    "an app seen under PM2",
    "a certificate that certbot has",
    "a query that runs now",
    "one of the units `nginx.service`, `php-fpm@8.service`",
    "one of the units `ssh.service`",
    "a whole number from 200 to 400 in steps of 100, usually 300",
    "a whole number from 0 to 3 in steps of 1, usually 0",
    "anything",
    "",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(96), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in ".{0,400}", rows in vec("\\|[^\\n]{0,60}\\|?", 0..6)) {
        check_places(&text);
        check_places(&format!("format: 1\n| command | `x` |\n| --- | --- |\n{}", rows.join("\n")));
    }

    #[test]
    fn no_row_panics(name in "[a-z{} -]{0,12}", value in ".{0,80}") {
        check_places(&one(&[(&name, &value)]));
        check_places(&one(&[("runs", &format!("`{value}`"))]));
        check_places(&one(&[("undo", &value), ("proof", &value), ("{app}", &value)]));
    }

    #[test]
    fn no_change_of_the_document_panics(edits in vec((any::<u32>(), 0..40_usize, "[ -~\\n|`\u{e4}\u{202e}]{0,12}"), 1..5)) {
        let mut letters: Vec<char> = DOCUMENT.chars().collect();
        for (place, cut, with) in edits {
            let from = place as usize % letters.len().max(1);
            let to = (from + cut).min(letters.len());
            letters.splice(from..to, with.chars());
        }
        check_places(&letters.into_iter().collect::<String>());
    }

    #[test]
    fn any_value_is_refused_or_harmless(names in vec(prop_oneof!["\\PC{0,20}", ".{0,12}", "[a-zA-Z0-9._/@-]{1,12}", "[0-9a-fx]{1,8}", "[0-9]{1,9}@[0-9]{1,17}"], 1..12)) {
        check_all(&catalogue(), &names);
    }
}

/// Commands that are right, to be changed.
const RIGHT: &[(&str, &str)] = &[
    ("pm2 reload {x}", "an app seen under PM2"),
    ("pm2 flush {x}", "an app seen under PM2"),
    ("nginx -s reload", ""),
    ("systemctl restart {x}", "one of the units `nginx.service`, `php-fpm@8.service`"),
    (
        "journalctl --vacuum-size={x}M",
        "a whole number from 200 to 400 in steps of 100, usually 300",
    ),
    ("journalctl --vacuum-time=14d", ""),
    ("certbot renew --cert-name {x}", "a certificate that certbot has"),
    ("built-in:query-cancel {x}", "a query that runs now"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(512), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_accepted_change_of_a_command_is_on_the_closed_list(right in select(RIGHT), edits in vec((any::<u8>(), 0..3_u8, prop_oneof![select(PIECES).prop_map(str::to_owned), "[!-~]{1,8}"]), 0..3), kind in select(KINDS), keep in any::<bool>()) {
        let mut words: Vec<String> = right.0.split(' ').map(str::to_owned).collect();
        for (place, how, with) in edits {
            let place = usize::from(place) % words.len().max(1);
            match how {
                0 => words.insert(place, with),
                1 if !words.is_empty() => words[place] = with,
                _ if !words.is_empty() => drop(words.remove(place)),
                _ => {}
            }
        }
        let runs = format!("`{}`", words.join(" "));
        let kind = if keep { right.1 } else { kind };
        let check = if runs.contains("nginx") || kind.contains("nginx") { "`nginx -t`" } else { "-" };
        if let Ok(catalogue) = parse(&one(&[("runs", &runs), ("{app}", ""), ("{x}", kind), ("check", check)])) {
            check_all(&catalogue, &["api".into(), "all".into(), "example.com".into(), "200".into(), "ssh.service".into(), "12@34".into()]);
        }
    }
}

/// Every sequence of one to four pieces, with a placeholder of each kind: the grammar lets through
/// exactly what it says.
#[test]
fn of_all_sequences_of_pieces_only_those_of_the_closed_list_are_accepted() {
    let known = [
        ("app", "an app seen under PM2"),
        ("certificate", "a certificate that certbot has"),
        ("unit", "one of the units `php-fpm@8.service`"),
        ("number", "a whole number from 200 to 400 in steps of 100, usually 300"),
    ];
    let kinds = known
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), read::cells::kind(kind).unwrap()))
        .collect();
    let placeholders = [
        "{app}",
        "{certificate}",
        "{unit}",
        "{number}",
        "--vacuum-size={number}M",
        "--vacuum-time={number}d",
        "--vacuum-time={unit}d",
    ];
    let pieces: Vec<&str> =
        PIECES.iter().copied().filter(|piece| !piece.contains('{')).chain(placeholders).collect();
    let mut accepted = Vec::new();
    let mut sequences: Vec<String> =
        Program::ALL.iter().map(|program| program.name().to_owned()).collect();
    for _ in 0..4 {
        let mut next = Vec::new();
        for text in sequences {
            let Ok(words) = programs::words(&text) else { continue };
            if programs::command(&words, &kinds).is_ok() {
                accepted.push(text.clone());
            }
            next.extend(pieces.iter().map(|piece| format!("{text} {piece}")));
        }
        sequences = next;
    }
    accepted.sort_unstable();
    assert_eq!(
        accepted,
        [
            "certbot renew",
            "certbot renew --cert-name {certificate}",
            "journalctl --vacuum-size=500M",
            "journalctl --vacuum-size={number}M",
            "journalctl --vacuum-time={number}d",
            "nginx -s reload",
            "pm2 flush {app}",
            "pm2 reload {app}",
            "pm2 restart {app}",
            "systemctl reload {unit}",
            "systemctl restart {unit}",
            "true",
        ]
    );
    for text in accepted {
        let mut rows =
            vec![("{app}", ""), ("check", if text.contains("nginx") { "`nginx -t`" } else { "-" })];
        let runs = format!("`{text}`");
        let names = known.map(|(name, kind)| (format!("{{{name}}}"), kind));
        rows.extend(
            names
                .iter()
                .filter(|(name, _)| text.contains(name.as_str()))
                .map(|(name, kind)| (name.as_str(), *kind)),
        );
        rows.push(("runs", &runs));
        let catalogue = parse(&one(&rows)).unwrap_or_else(|refusals| panic!("{}", refusals[0]));
        assert!(check_all(&catalogue, &["api".into(), "example.com".into()]) > 0, "{text}");
    }
}

#[test]
fn the_second_list_knows_what_the_catalogue_may_run() {
    let catalogue = catalogue();
    let count = check_all(
        &catalogue,
        &["api".into(), "example.com".into(), "4711@1790000000000000".into()],
    );
    // Three for PM2 with two names each (a certificate's name may be an app's), and so on: none is
    // empty.
    assert!(count >= catalogue.commands().len(), "{count}");
    assert!(
        !is_allowed(&["/usr/bin/pm2", "reload", "all"])
            && !is_allowed(&["/bin/sh"])
            && !is_allowed(&[])
    );
}
