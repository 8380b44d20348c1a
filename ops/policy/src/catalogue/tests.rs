mod attacks;
mod properties;

use domain::time::Span;

use super::*;

const DOCUMENT: &str = include_str!("../../../runbooks/recovery.commands.md");

fn parse(text: &str) -> Result<Catalogue, Vec<Refusal>> {
    Catalogue::parse("runbooks/recovery.commands.md", text, &[], fixtures::signals())
}

fn catalogue() -> Catalogue {
    parse(DOCUMENT).unwrap_or_else(|refusals| panic!("{}", refusals[0]))
}

/// A host that has everything.
fn facts() -> Facts {
    let all = Program::ALL.into_iter().try_fold(Facts::new(), |facts, program| {
        facts.with_program(program, program.candidates()[0])
    });
    all.unwrap()
        .with_apps(["api".to_owned(), "worker_2".to_owned()])
        .with_certificates(["example.com".to_owned()])
        .with_queries(["4711@1790000000000000".to_owned()])
}

/// A document of one command that is right; rows are changed or added by their names, `command`
/// changes the id.
fn one(changes: &[(&str, &str)]) -> String {
    let mut rows = vec![
        ("command", "`pm2-reload`"),
        ("title", "Reload one app"),
        ("helps", "`app.memory`"),
        ("runs", "`pm2 reload {app}`"),
        ("{app}", "an app seen under PM2"),
        ("check", "-"),
        ("effect", "It gives memory back."),
        ("risk", "low"),
        ("blast radius", "Nobody notices."),
        ("undo", "can't be undone, because it is over"),
        ("approval", "one approver"),
        ("runs as", "Calm Ops"),
        ("time limit", "2 min"),
        ("cool-down", "10 min"),
        ("proof", "`app.memory` within 20 min"),
    ];
    for &(name, value) in changes {
        match rows.iter_mut().find(|(known, _)| *known == name) {
            Some(row) => row.1 = value,
            None => rows.push((name, value)),
        }
    }
    let mut text = "format: 1\n\n".to_owned();
    // A row with an empty value is left out.
    for (place, (name, value)) in
        rows.into_iter().filter(|(_, value)| !value.is_empty()).enumerate()
    {
        let _ = writeln!(text, "| {name} | {value} |");
        if place == 0 {
            text.push_str("| --- | --- |\n");
        }
    }
    text
}

/// The command of such a document.
fn command(changes: &[(&str, &str)]) -> Command {
    let text = one(changes);
    parse(&text).unwrap_or_else(|refusals| panic!("{}", refusals[0])).commands()[0].clone()
}

fn argv(id: &str, values: &Values) -> Vec<String> {
    catalogue().get(id).unwrap().fill(values, &facts()).unwrap().argv().to_vec()
}

#[test]
fn the_documents_own_commands_become_exactly_these_vectors() {
    let catalogue = catalogue();
    let ids: Vec<&str> = catalogue.commands().iter().map(Command::id).collect();
    assert_eq!(
        ids,
        [
            "pm2-reload",
            "pm2-restart",
            "pm2-flush",
            "nginx-reload",
            "journal-vacuum",
            "certificate-renew",
            "systemd-restart",
            "query-cancel",
            "practice"
        ]
    );
    assert_eq!(catalogue.version().len(), 64);
    assert_eq!(argv("practice", &Values::new()), ["/usr/bin/true"]);
    let harmless = |command: &&Command| command.changes_nothing();
    let harmless: Vec<&str> =
        catalogue.commands().iter().filter(harmless).map(Command::id).collect();
    assert_eq!(harmless, ["practice"]);
    let app = || Values::new().with("app", "api");
    assert_eq!(argv("pm2-reload", &app()), ["/usr/bin/pm2", "reload", "api"]);
    assert_eq!(argv("pm2-restart", &app()), ["/usr/bin/pm2", "restart", "api"]);
    assert_eq!(argv("pm2-flush", &app()), ["/usr/bin/pm2", "flush", "api"]);
    assert_eq!(argv("nginx-reload", &Values::new()), ["/usr/sbin/nginx", "-s", "reload"]);
    assert_eq!(
        argv("journal-vacuum", &Values::new()),
        ["/usr/bin/journalctl", "--vacuum-size=500M"]
    );
    let certificate = Values::new().with("certificate", "example.com");
    assert_eq!(
        argv("certificate-renew", &certificate),
        ["/usr/bin/certbot", "renew", "--cert-name", "example.com"]
    );
    let unit = Values::new().with("unit", "nginx.service");
    assert_eq!(argv("systemd-restart", &unit), ["/usr/bin/systemctl", "restart", "nginx.service"]);
}

#[test]
fn a_check_is_filled_with_the_command_and_runs_as_the_same_user() {
    let filled = catalogue().get("nginx-reload").unwrap().fill(&Values::new(), &facts()).unwrap();
    assert_eq!(filled.check().unwrap(), ["/usr/sbin/nginx", "-t"]);
    assert_eq!(filled.user(), &RunAs::User("root".parse().unwrap()));
    assert_eq!(filled.time_limit(), Span::from_secs(30));
}

#[test]
fn a_built_in_has_typed_arguments_and_no_vector() {
    let values = Values::new().with("query", "4711@1790000000000000");
    let filled = catalogue().get("query-cancel").unwrap().fill(&values, &facts()).unwrap();
    assert_eq!(filled.action(), &Action::QueryCancel { pid: 4711, started: 1_790_000_000_000_000 });
    assert!(filled.argv().is_empty());
    assert_eq!(filled.to_string(), "built-in:query-cancel 4711@1790000000000000");
}

#[test]
fn what_is_filled_is_written_in_one_stable_way() {
    let filled = catalogue()
        .get("pm2-reload")
        .unwrap()
        .fill(&Values::new().with("app", "api"), &facts())
        .unwrap();
    assert_eq!(
        serde_json::to_string(&filled).unwrap(),
        r#"{"command":"pm2-reload","action":{"kind":"program","program":"pm2","argv":["/usr/bin/pm2","reload","api"]},"check":null,"user":"Calm Ops","time_limit":120000000,"values":{"app":"api"}}"#
    );
    assert_eq!(filled.to_string(), "/usr/bin/pm2 reload api");
}

#[test]
fn quoting_shows_where_each_argument_begins_and_ends() {
    let quoted = |argv: &[&str]| {
        quoted(&argv.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(quoted(&["/bin/x", "--a=b", "c@d:e,f"]), "/bin/x --a=b c@d:e,f");
    assert_eq!(quoted(&["a b", "", "c"]), "\"a b\" \"\" c");
    assert_eq!(
        quoted(&["a\"b\\", "$x", "\u{202e}y\n"]),
        "\"a\\\"b\\\\\" \"$x\" \"\\u{202e}y\\u{a}\""
    );
    assert_ne!(quoted(&["a b"]), quoted(&["a", "b"]));
    assert_ne!(quoted(&["\"a\""]), quoted(&["a"]));
}

#[test]
fn numbers_may_be_placeholders_within_the_range_that_is_safe() {
    let changes = [
        ("runs", "`journalctl --vacuum-size={megabytes}M`"),
        ("{app}", ""),
        ("{megabytes}", "a whole number from 200 to 2,000 in steps of 200, usually 400"),
    ];
    let command = command(&changes);
    let filled = command.fill(&Values::new().with("megabytes", "400"), &facts()).unwrap();
    assert_eq!(filled.argv(), ["/usr/bin/journalctl", "--vacuum-size=400M"]);
    let choices = command.placeholders()[0].choices(&facts());
    assert_eq!((choices.len(), choices[0].as_str(), choices[9].as_str()), (10, "200", "2000"));
    for (value, rule) in [
        ("300", Rule::Range),
        ("2200", Rule::Range),
        ("0400", Rule::ValueCharacters),
        ("4e2", Rule::ValueCharacters),
    ] {
        assert_eq!(
            command.fill(&Values::new().with("megabytes", value), &facts()).unwrap_err().rule,
            rule,
            "{value}"
        );
    }
}

#[test]
fn only_what_keeps_the_machine_reachable_is_protected() {
    for unit in [
        "nginx.service",
        "php-fpm@8.service",
        "users-api.service",
        "network-probe.service",
        "reboots.service",
    ] {
        assert!(kind::unit(unit).is_ok(), "{unit}");
    }
    for unit in [
        "user@0.service",
        "NetworkManager.service",
        "networking.service",
        "ufw.service",
        "cloud-init.service",
        "ssh@1.service",
    ] {
        assert_eq!(kind::unit(unit).unwrap_err().rule, Rule::UnitProtected, "{unit}");
    }
}

#[test]
fn a_script_runs_only_where_the_hosts_configuration_lists_it() {
    let text = one(&[("runs", "`script:clear-cache`"), ("{app}", "")]);
    assert_eq!(parse(&text).unwrap_err()[0].rule(), Rule::Script);
    let hash = "0123456789abcdef".repeat(4);
    let script = OwnScript::new("clear-cache", "/opt/team/clear-cache", &hash).unwrap();
    let catalogue = Catalogue::parse("c", &text, &[script], fixtures::signals()).unwrap();
    let filled = catalogue.commands()[0].fill(&Values::new(), &Facts::new()).unwrap();
    assert_eq!(filled.argv(), ["/opt/team/clear-cache"]);
    assert_eq!(catalogue.commands()[0].shown(), "script:clear-cache");
    assert!(matches!(filled.action(), Action::Script { sha256, .. } if *sha256 == hash));
    for (name, path, sha256) in [
        ("Clear", "/opt/x", hash.as_str()),
        ("x", "opt/x", &hash),
        ("x", "/opt/../x", &hash),
        ("x", "/opt//x", &hash),
        ("x", "/opt/x y", &hash),
        ("x", "/", &hash),
        ("x", "/opt/x\n", &hash),
        ("x", "/opt/x", "abc"),
        ("x", "/opt/x", &hash.to_uppercase()),
    ] {
        assert_eq!(
            OwnScript::new(name, path, sha256).unwrap_err().rule,
            Rule::Script,
            "{name} {path}"
        );
    }
}

#[test]
fn programs_are_only_at_their_known_places() {
    for path in ["/tmp/pm2", "pm2", "/usr/bin/../bin/pm2", "/usr/bin/pm2 ", "/usr/sbin/nginx", ""] {
        assert_eq!(
            Facts::new().with_program(Program::Pm2, path).unwrap_err().rule,
            Rule::Absent,
            "{path}"
        );
    }
    let apps = Facts::new().with_apps(["api".to_owned()]);
    let refused = catalogue()
        .get("pm2-reload")
        .unwrap()
        .fill(&Values::new().with("app", "api"), &apps)
        .unwrap_err();
    assert_eq!(refused.rule, Rule::Absent);
    for program in Program::ALL {
        for path in program.candidates() {
            assert!(
                path.starts_with('/') && path.rsplit('/').next() == Some(program.name()),
                "{path}"
            );
        }
    }
}

#[test]
fn undo_names_another_command_with_the_same_placeholders() {
    let two = |undo: &str, second: &str| {
        let first = one(&[("undo", undo)]);
        let second = one(&[
            ("command", second),
            ("runs", "`nginx -s reload`"),
            ("{app}", ""),
            ("check", "`nginx -t`"),
        ]);
        parse(&format!("{first}\n{}", second.replace("format: 1", "")))
            .map_err(|refusals| refusals[0].to_string())
    };
    assert!(two("`second`", "`second`").is_ok());
    let told = two("`secnd`", "`second`").unwrap_err();
    assert!(
        told.contains("there is no command 'secnd'") && told.contains("did you mean 'second'?"),
        "{told}"
    );
    assert!(two("`pm2-reload`", "`second`").unwrap_err().contains("undoes itself"));
    let reversed = format!(
        "{}\n{}",
        one(&[
            ("command", "`first`"),
            ("undo", "`pm2-reload`"),
            ("runs", "`nginx -s reload`"),
            ("{app}", ""),
            ("check", "`nginx -t`")
        ]),
        one(&[]).replace("format: 1", "")
    );
    assert_eq!(parse(&reversed).unwrap_err()[0].rule(), Rule::Undo);
}

#[test]
fn a_proof_about_the_signal_itself_is_preferred() {
    let command = catalogue().get("pm2-restart").unwrap().clone();
    let within =
        |signal: &str| command.proof_for(&signal.parse().unwrap()).unwrap().signal().to_string();
    assert_eq!(within("app.memory"), "app.memory");
    assert_eq!(within("queue.depth"), "app.up", "else the first");
    let catalogue = catalogue();
    let disk = "disk.used".parse().unwrap();
    let helps: Vec<&str> = catalogue.that_help(&disk).map(Command::id).collect();
    assert_eq!(helps, ["pm2-flush", "journal-vacuum"]);
}

#[test]
fn a_refusal_names_the_rule_and_the_place() {
    let text = one(&[("runs", "`pm2 reload {app} --force`")]);
    let refusal = parse(&text).unwrap_err().remove(0);
    assert_eq!(
        refusal.to_string(),
        "error: '--force'\n --> runbooks/recovery.commands.md:7:28\n  |\n7 | | runs | `pm2 reload {app} --force` |\n  |                            ^^^^^^^\n  = expected nothing more (flag: No flags beyond those of the grammar.)"
    );
    let near = parse(&one(&[("{app}", "an app seen undr PM2")])).unwrap_err().remove(0);
    assert!(near.to_string().contains("did you mean 'an app seen under PM2'?"), "{near}");
    let near = parse(&one(&[("runs", "`pm3 reload {app}`")])).unwrap_err().remove(0);
    assert!(near.to_string().contains("did you mean 'pm2'?"), "{near}");
    let near = parse(&one(&[("blst radius", "x")])).unwrap_err().remove(0);
    assert!(near.to_string().contains("did you mean 'blast radius'?"), "{near}");
}

#[test]
fn one_mistake_anywhere_leaves_no_catalogue() {
    let text = format!(
        "{DOCUMENT}\n{}",
        one(&[("command", "`one-more`"), ("risk", "none")]).replace("format: 1", "")
    );
    let refusals = parse(&text).unwrap_err();
    assert_eq!(refusals.len(), 1);
    assert!(
        parse("format: 1\n").unwrap().commands().is_empty(),
        "an empty catalogue is right: nothing runs"
    );
}

#[test]
fn rules_have_names_and_sentences_of_their_own() {
    use std::collections::BTreeSet;
    let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    let sentences: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.sentence()).collect();
    assert_eq!((names.len(), sentences.len()), (Rule::ALL.len(), Rule::ALL.len()));
    assert!(
        Rule::ALL.iter().all(|rule| rule.sentence().ends_with('.') && rule.sentence().len() < 120)
    );
}
