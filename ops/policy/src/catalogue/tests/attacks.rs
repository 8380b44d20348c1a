//! Attacks, each with the rule that has to refuse it.

use std::collections::BTreeSet;

use super::*;

/// Placeholders with a value, and the rule that refuses it. The host is said to have seen every one
/// of them.
const VALUES: &[(&str, &str, Rule)] = &[
    ("app", "", Rule::ValueEmpty),
    ("app", " ", Rule::ValueCharacters),
    ("app", "all", Rule::AppAll),
    ("app", "ALL", Rule::AppAll),
    ("app", "All", Rule::AppAll),
    ("app", "0", Rule::AppNumber),
    ("app", "7", Rule::AppNumber),
    ("app", "007", Rule::AppNumber),
    ("app", "1e3", Rule::AppNumber),
    ("app", "0x1f", Rule::AppNumber),
    ("app", "0b101", Rule::AppNumber),
    ("app", "0o17", Rule::AppNumber),
    ("app", "1.5", Rule::AppNumber),
    ("app", "1_000", Rule::AppNumber),
    ("app", "1e-3", Rule::AppNumber),
    ("app", "Infinity", Rule::AppNumber),
    ("app", "NaN", Rule::AppNumber),
    ("app", ".5", Rule::ValueCharacters),
    ("app", "+1", Rule::ValueCharacters),
    ("app", "/.*/", Rule::ValuePath),
    ("app", "/api/", Rule::ValuePath),
    ("app", "-", Rule::ValueDash),
    ("app", "--", Rule::ValueDash),
    ("app", "--force", Rule::ValueDash),
    ("app", "-f", Rule::ValueDash),
    ("app", "--update-env", Rule::ValueDash),
    ("app", "\u{2212}f", Rule::ValueCharacters),
    ("app", "\u{2013}-force", Rule::ValueCharacters),
    ("app", "ecosystem.json", Rule::AppFile),
    ("app", "ecosystem.config.js", Rule::AppFile),
    ("app", "a.JSON", Rule::AppFile),
    ("app", "x.yml", Rule::AppFile),
    ("app", "x.yaml.old", Rule::AppFile),
    ("app", "x.config.mjs", Rule::AppFile),
    ("app", "log", Rule::AppReserved),
    ("app", "default", Rule::AppReserved),
    ("app", "startup", Rule::AppReserved),
    ("app", "unstartup", Rule::AppReserved),
    ("app", "constructor", Rule::AppReserved),
    ("app", "__proto__", Rule::ValueCharacters),
    ("app", "api;reboot", Rule::ValueCharacters),
    ("app", "api && reboot", Rule::ValueCharacters),
    ("app", "api|sh", Rule::ValueCharacters),
    ("app", "$(reboot)", Rule::ValueCharacters),
    ("app", "`reboot`", Rule::ValueCharacters),
    ("app", "${IFS}", Rule::ValueCharacters),
    ("app", "api\nreboot", Rule::ValueCharacters),
    ("app", "api\0", Rule::ValueCharacters),
    ("app", "api\u{1b}[2J", Rule::ValueCharacters),
    ("app", "api\r", Rule::ValueCharacters),
    ("app", "api\t", Rule::ValueCharacters),
    ("app", "api worker", Rule::ValueCharacters),
    ("app", "api\u{a0}worker", Rule::ValueCharacters),
    ("app", "\u{202e}ipa", Rule::ValueCharacters),
    ("app", "api\u{200b}", Rule::ValueCharacters),
    ("app", "api\u{feff}", Rule::ValueCharacters),
    ("app", "\u{430}pi", Rule::ValueCharacters),
    ("app", "\u{ff41}pi", Rule::ValueCharacters),
    ("app", "\u{e0061}pi", Rule::ValueCharacters),
    ("app", "a\u{308}pi", Rule::ValueCharacters),
    ("app", "*", Rule::ValueCharacters),
    ("app", "ap?", Rule::ValueCharacters),
    ("app", "[a]pi", Rule::ValueCharacters),
    ("app", "{api,worker}", Rule::ValueCharacters),
    ("app", "{app}", Rule::ValueCharacters),
    ("app", "~root", Rule::ValueCharacters),
    ("app", "@team", Rule::ValueCharacters),
    ("app", "a=b", Rule::ValueCharacters),
    ("app", "a%00", Rule::ValueCharacters),
    ("app", "'api'", Rule::ValueCharacters),
    ("app", "\"api\"", Rule::ValueCharacters),
    ("app", "../api", Rule::ValuePath),
    ("app", "a..b", Rule::ValuePath),
    ("app", "a\\b", Rule::ValuePath),
    ("app", "/etc/passwd", Rule::ValuePath),
    ("app", "\\\\server\\share", Rule::ValuePath),
    ("app", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Rule::ValueLong),
    ("unit", "nginx", Rule::UnitService),
    ("unit", "multi-user.target", Rule::UnitService),
    ("unit", "reboot.target", Rule::UnitService),
    ("unit", "var.mount", Rule::UnitService),
    ("unit", "*.service", Rule::ValueCharacters),
    ("unit", "nginx.service cron.service", Rule::ValueCharacters),
    ("unit", "--all", Rule::ValueDash),
    ("unit", "-H root@other", Rule::ValueDash),
    ("unit", "/etc/systemd/system/x.service", Rule::ValuePath),
    ("unit", "cron.service", Rule::NotListed),
    ("unit", "Nginx.service", Rule::NotListed),
    ("unit", "ssh.service", Rule::UnitProtected),
    ("unit", "sshd.service", Rule::UnitProtected),
    ("unit", "systemd-journald.service", Rule::UnitProtected),
    ("unit", "dbus.service", Rule::UnitProtected),
    ("unit", "dbus-org.freedesktop.login1.service", Rule::UnitProtected),
    ("unit", "user@1000.service", Rule::UnitProtected),
    ("unit", "getty@tty1.service", Rule::UnitProtected),
    ("unit", "calm-ops.service", Rule::UnitProtected),
    ("unit", "@x.service", Rule::ValueCharacters),
    ("unit", "x@.service", Rule::UnitService),
    ("certificate", "", Rule::ValueEmpty),
    ("certificate", "--force-renewal", Rule::ValueDash),
    ("certificate", "../../etc", Rule::ValuePath),
    ("certificate", "*.example.com", Rule::ValueCharacters),
    ("certificate", "a,b", Rule::ValueCharacters),
    ("certificate", "example.com --deploy-hook sh", Rule::ValueCharacters),
    ("certificate", "ex\u{e4}mple.com", Rule::ValueCharacters),
    ("query", "", Rule::ValueEmpty),
    ("query", "4711", Rule::ValueCharacters),
    ("query", "-1@1", Rule::ValueDash),
    ("query", "0@1790000000000000", Rule::Range),
    ("query", "1@1790000000000000", Rule::Range),
    ("query", "99999999@1790000000000000", Rule::Range),
    ("query", "4711@0", Rule::Range),
    ("query", "4711@1; drop table x", Rule::ValueCharacters),
    ("query", "4711@1@2", Rule::ValueCharacters),
    ("query", "4711 @1", Rule::ValueCharacters),
    ("query", "\u{664}\u{667}@1", Rule::ValueCharacters),
];

#[test]
fn every_attack_on_a_value_is_refused_by_its_rule() {
    let catalogue = catalogue();
    for &(name, value, rule) in VALUES {
        let seen = || [value.to_owned()];
        let facts = facts().with_apps(seen()).with_certificates(seen()).with_queries(seen());
        for command in catalogue
            .commands()
            .iter()
            .filter(|command| command.placeholders().iter().any(|known| known.name() == name))
        {
            let refused = command.fill(&Values::new().with(name, value), &facts).unwrap_err();
            assert_eq!(refused.rule, rule, "{name} {value:?} for {}: {refused}", command.id());
            assert!(
                refused.to_string().chars().all(|c| (' '..='~').contains(&c) || c == '\u{2026}'),
                "{refused}"
            );
            assert!(
                !command.placeholders()[0].choices(&facts).contains(&value.to_owned()),
                "{value:?} is offered"
            );
        }
    }
    assert!(VALUES.len() >= 100, "{}", VALUES.len());
}

#[test]
fn values_are_complete_and_seen() {
    let reload = catalogue().get("pm2-reload").unwrap().clone();
    let rule = |values: Values| reload.fill(&values, &facts()).unwrap_err().rule;
    assert_eq!(rule(Values::new()), Rule::ValueMissing);
    assert_eq!(rule(Values::new().with("app", "api").with("unit", "x")), Rule::ValueUnknown);
    assert_eq!(rule(Values::new().with("App", "api")), Rule::ValueUnknown);
    assert_eq!(rule(Values::new().with("app", "gone")), Rule::NotSeen);
    assert_eq!(rule(Values::new().with("app", "API")), Rule::NotSeen, "names are compared exactly");
    let nginx = catalogue().get("nginx-reload").unwrap().clone();
    assert_eq!(
        nginx.fill(&Values::new().with("app", "api"), &facts()).unwrap_err().rule,
        Rule::ValueUnknown
    );
}

/// Changed rows, and the rule that refuses them.
const ROWS: &[(&[(&str, &str)], Rule)] = &[
    (&[("runs", "`sh -c reboot`")], Rule::Interpreter),
    (&[("runs", "`/bin/sh -c reboot`")], Rule::Interpreter),
    (&[("runs", "`bash`")], Rule::Interpreter),
    (&[("runs", "`python3 -c x`")], Rule::Interpreter),
    (&[("runs", "`python3.11 x`")], Rule::Interpreter),
    (&[("runs", "`perl -e x`")], Rule::Interpreter),
    (&[("runs", "`node x.js`")], Rule::Interpreter),
    (&[("runs", "`npx pm2 reload {app}`")], Rule::Interpreter),
    (&[("runs", "`busybox sh`")], Rule::Interpreter),
    (&[("runs", "`env pm2 reload {app}`")], Rule::Interpreter),
    (&[("runs", "`/usr/bin/env pm2`")], Rule::Interpreter),
    (&[("runs", "`timeout 5 pm2 reload {app}`")], Rule::Interpreter),
    (&[("runs", "`nohup pm2 reload {app}`")], Rule::Interpreter),
    (&[("runs", "`xargs pm2`")], Rule::Interpreter),
    (&[("runs", "`psql -c x`")], Rule::Interpreter),
    (&[("runs", "`ssh other reboot`")], Rule::Interpreter),
    (&[("runs", "`docker run x`")], Rule::Interpreter),
    (&[("runs", "`rm -rf /`")], Rule::Destructive),
    (&[("runs", "`/bin/rm x`")], Rule::Destructive),
    (&[("runs", "`dd if=/dev/zero of=/dev/sda`")], Rule::Destructive),
    (&[("runs", "`mkfs.ext4 /dev/sda`")], Rule::Destructive),
    (&[("runs", "`truncate -s 0 x`")], Rule::Destructive),
    (&[("runs", "`find / -delete`")], Rule::Destructive),
    (&[("runs", "`killall node`")], Rule::Destructive),
    (&[("runs", "`shutdown now`")], Rule::Destructive),
    (&[("runs", "`curl example.com`")], Rule::Destructive),
    (&[("runs", "`sudo pm2 reload {app}`")], Rule::Privilege),
    (&[("runs", "`su root`")], Rule::Privilege),
    (&[("runs", "`pkexec nginx`")], Rule::Privilege),
    (&[("runs", "`LD_PRELOAD=x pm2 reload {app}`")], Rule::Environment),
    (&[("runs", "`PATH=/tmp pm2 reload {app}`")], Rule::Environment),
    (&[("runs", "`/usr/bin/pm2 reload {app}`")], Rule::ByName),
    (&[("runs", "`./pm2 reload {app}`")], Rule::ByName),
    (&[("runs", "`../pm2 reload {app}`")], Rule::ByName),
    (&[("runs", "`PM2 reload {app}`")], Rule::ClosedList),
    (&[("runs", "`pm2.js reload {app}`")], Rule::ClosedList),
    (&[("runs", "`redis-cli FLUSHALL`")], Rule::ClosedList),
    (&[("runs", "`{app} reload`")], Rule::Placeholder),
    (&[("runs", "`pm2 reload {app}; reboot`")], Rule::NoShell),
    (&[("runs", "`pm2 reload {app} && reboot`")], Rule::NoShell),
    (&[("runs", "`pm2 reload {app} \\| sh`")], Rule::NoShell),
    (&[("runs", "`pm2 reload {app} > /etc/x`")], Rule::NoShell),
    (&[("runs", "`pm2 reload $(cat x)`")], Rule::NoShell),
    (&[("runs", "`pm2 reload $APP`")], Rule::NoShell),
    (&[("runs", "`pm2 reload 'api'`")], Rule::NoShell),
    (&[("runs", "`pm2 reload \"api\"`")], Rule::NoShell),
    (&[("runs", "`pm2 reload *`")], Rule::NoShell),
    (&[("runs", "`pm2 reload ~`")], Rule::NoShell),
    (&[("runs", "`pm2  reload {app}`")], Rule::NoShell),
    (&[("runs", "` pm2 reload {app}`")], Rule::NoShell),
    (&[("runs", "`pm2 reload {app} `")], Rule::NoShell),
    (&[("runs", "`pm2 reload` `{app}`")], Rule::NoShell),
    (&[("runs", "pm2 reload {app}")], Rule::Form),
    (&[("runs", "``")], Rule::Form),
    (&[("runs", "-")], Rule::Form),
    (&[("runs", "`pm2 reload \u{430}pi`")], Rule::PlainCharacters),
    (&[("runs", "`\u{ff50}m2 reload {app}`")], Rule::PlainCharacters),
    (&[("runs", "`pm2 \u{2014}force {app}`")], Rule::PlainCharacters),
    (&[("runs", "`pm2 reload\u{200b} {app}`")], Rule::Hidden),
    (&[("runs", "`pm2 reload\u{a0}{app}`")], Rule::Hidden),
    (&[("runs", "`pm2 \u{202e}daoler {app}`")], Rule::Hidden),
    (&[("runs", "`pm2 reload {app}\0`")], Rule::Hidden),
    (&[("runs", "`pm2 reload\t{app}`")], Rule::Hidden),
    (&[("runs", "`pm2`")], Rule::Arguments),
    (&[("runs", "`pm2 reload`")], Rule::Arguments),
    (&[("runs", "`pm2 flush`")], Rule::Arguments),
    (&[("runs", "`pm2 reload {app} {app}`")], Rule::Arguments),
    (&[("runs", "`pm2 reload {app} worker`")], Rule::Arguments),
    (&[("runs", "`pm2 reload all`")], Rule::NeedsPlaceholder),
    (&[("runs", "`pm2 reload api`")], Rule::NeedsPlaceholder),
    (&[("runs", "`pm2 delete {app}`")], Rule::Subcommand),
    (&[("runs", "`pm2 stop {app}`")], Rule::Subcommand),
    (&[("runs", "`pm2 kill`")], Rule::Subcommand),
    (&[("runs", "`pm2 start x.js`")], Rule::Subcommand),
    (&[("runs", "`pm2 Reload {app}`")], Rule::Subcommand),
    (&[("runs", "`pm2 install x`")], Rule::Subcommand),
    (&[("runs", "`pm2 --interpreter=sh restart {app}`")], Rule::Flag),
    (&[("runs", "`pm2 reload --update-env`")], Rule::Flag),
    (&[("runs", "`pm2 reload -f {app}`")], Rule::Flag),
    (&[("runs", "`pm2 reload {app} -- x`")], Rule::Flag),
    (&[("runs", "`pm2 reload x{app}`")], Rule::Placeholder),
    (&[("runs", "`pm2 reload {app}.json`")], Rule::Placeholder),
    (&[("runs", "`pm2 reload {app}{app}`")], Rule::Placeholder),
    (&[("runs", "`pm2 reload {{app}}`")], Rule::Placeholder),
    (&[("runs", "`pm2 reload {app`")], Rule::Placeholder),
    (&[("runs", "`pm2 reload app}`")], Rule::Placeholder),
    (&[("runs", "`pm2 reload {}`")], Rule::Placeholder),
    (&[("runs", "`pm2 reload {App}`")], Rule::Placeholder),
    (&[("runs", "`pm2 reload {other}`")], Rule::Placeholder),
    (&[("runs", "`pm2 {app} {app}`")], Rule::Subcommand),
    (&[("{unit}", "one of the units `nginx.service`")], Rule::Placeholder),
    (&[("{app}", "anything")], Rule::Placeholder),
    (&[("{app}", "a certificate that certbot has")], Rule::PlaceholderKind),
    (&[("{app}", "a whole number from 0 to 9 in steps of 1, usually 1")], Rule::PlaceholderKind),
    (&[("{app}", "one of the units `api`")], Rule::UnitService),
    (&[("runs", "`nginx -t`"), ("{app}", "")], Rule::CommandActs),
    (&[("runs", "`nginx -s reload`"), ("{app}", "")], Rule::NeedsCheck),
    (&[("runs", "`nginx -s stop`"), ("{app}", "")], Rule::Subcommand),
    (&[("runs", "`nginx -s quit`"), ("{app}", "")], Rule::Subcommand),
    (&[("runs", "`nginx -c x`"), ("{app}", "")], Rule::Flag),
    (&[("runs", "`nginx -t -c x`"), ("{app}", "")], Rule::Flag),
    (&[("runs", "`nginx -s reload -g x`"), ("{app}", "")], Rule::Flag),
    (
        &[
            ("runs", "`systemctl stop {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `a.service`"),
        ],
        Rule::Subcommand,
    ),
    (&[("runs", "`systemctl poweroff`"), ("{app}", "")], Rule::Subcommand),
    (
        &[
            ("runs", "`systemctl edit {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `a.service`"),
        ],
        Rule::Subcommand,
    ),
    (
        &[
            ("runs", "`systemctl --user restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `a.service`"),
        ],
        Rule::Flag,
    ),
    (&[("runs", "`systemctl restart a.service`"), ("{app}", "")], Rule::NeedsPlaceholder),
    (
        &[
            ("runs", "`systemctl restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `nginx.service`"),
        ],
        Rule::NeedsCheck,
    ),
    (
        &[
            ("runs", "`systemctl restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `ssh.service`"),
        ],
        Rule::UnitProtected,
    ),
    (
        &[
            ("runs", "`systemctl restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `SSH.service`"),
        ],
        Rule::UnitProtected,
    ),
    (
        &[
            ("runs", "`systemctl restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `systemd-logind.service`"),
        ],
        Rule::UnitProtected,
    ),
    (
        &[
            ("runs", "`systemctl restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `debug-shell.service`"),
        ],
        Rule::UnitProtected,
    ),
    (
        &[
            ("runs", "`systemctl restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `calm-ops.service`"),
        ],
        Rule::UnitProtected,
    ),
    (
        &[
            ("runs", "`systemctl restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `*.service`"),
        ],
        Rule::ValueCharacters,
    ),
    (
        &[
            ("runs", "`systemctl restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `--now.service`"),
        ],
        Rule::ValueDash,
    ),
    (
        &[
            ("runs", "`systemctl restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `reboot.target`"),
        ],
        Rule::UnitService,
    ),
    (
        &[
            ("runs", "`systemctl restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `a.service b.service`"),
        ],
        Rule::ValueCharacters,
    ),
    (
        &[
            ("runs", "`systemctl restart {unit}`"),
            ("{app}", ""),
            ("{unit}", "one of the units `../a.service`"),
        ],
        Rule::ValuePath,
    ),
    (
        &[("runs", "`systemctl restart {unit}`"), ("{app}", ""), ("{unit}", "one of the units -")],
        Rule::UnitService,
    ),
    (&[("runs", "`journalctl --vacuum-size=0M`"), ("{app}", "")], Rule::Range),
    (&[("runs", "`journalctl --vacuum-size=1M`"), ("{app}", "")], Rule::Range),
    (&[("runs", "`journalctl --vacuum-size=99M`"), ("{app}", "")], Rule::Range),
    (&[("runs", "`journalctl --vacuum-size=0500M`"), ("{app}", "")], Rule::Range),
    (&[("runs", "`journalctl --vacuum-size=500`"), ("{app}", "")], Rule::Range),
    (&[("runs", "`journalctl --vacuum-size=500K`"), ("{app}", "")], Rule::Range),
    (&[("runs", "`journalctl --vacuum-time=1d`"), ("{app}", "")], Rule::Range),
    (&[("runs", "`journalctl --vacuum-time=1s`"), ("{app}", "")], Rule::Range),
    (&[("runs", "`journalctl --vacuum-files=1`"), ("{app}", "")], Rule::Flag),
    (&[("runs", "`journalctl --rotate --vacuum-size=500M`"), ("{app}", "")], Rule::Flag),
    (&[("runs", "`journalctl --vacuum-size=500M --directory=/var`"), ("{app}", "")], Rule::Flag),
    (
        &[
            ("runs", "`journalctl --vacuum-size={n}M`"),
            ("{app}", ""),
            ("{n}", "a whole number from 1 to 50 in steps of 1, usually 1"),
        ],
        Rule::Range,
    ),
    (
        &[
            ("runs", "`journalctl --vacuum-size={n}0M`"),
            ("{app}", ""),
            ("{n}", "a whole number from 200 to 300 in steps of 50, usually 200"),
        ],
        Rule::Placeholder,
    ),
    (
        &[
            ("runs", "`journalctl --vacuum-size={n}M`"),
            ("{app}", ""),
            ("{n}", "a whole number from 200 to 99999 in steps of 1, usually 1"),
        ],
        Rule::Range,
    ),
    (
        &[
            ("runs", "`journalctl --vacuum-size={n}M`"),
            ("{app}", ""),
            ("{n}", "a whole number from 300 to 200 in steps of 1, usually 1"),
        ],
        Rule::Range,
    ),
    (
        &[
            ("runs", "`journalctl --vacuum-size={n}M`"),
            ("{app}", ""),
            ("{n}", "a whole number from 200 to 300 in steps of 0, usually 200"),
        ],
        Rule::Range,
    ),
    (&[("runs", "`certbot renew --force-renewal`"), ("{app}", "")], Rule::Flag),
    (&[("runs", "`certbot renew --deploy-hook reboot`"), ("{app}", "")], Rule::Flag),
    (
        &[
            ("runs", "`certbot delete --cert-name {c}`"),
            ("{app}", ""),
            ("{c}", "a certificate that certbot has"),
        ],
        Rule::Subcommand,
    ),
    (&[("runs", "`certbot renew --cert-name example.com`"), ("{app}", "")], Rule::NeedsPlaceholder),
    (&[("runs", "`certbot renew --cert-name`"), ("{app}", "")], Rule::Arguments),
    (&[("runs", "`script:unknown`"), ("{app}", "")], Rule::Script),
    (&[("runs", "`script:../x`"), ("{app}", "")], Rule::Script),
    (&[("runs", "`script:x --all`"), ("{app}", "")], Rule::Script),
    (&[("runs", "`built-in:drop-database`"), ("{app}", "")], Rule::BuiltIn),
    (&[("runs", "`built-in:query-cancel`"), ("{app}", "")], Rule::Arguments),
    (&[("runs", "`built-in:query-cancel 4711`"), ("{app}", "")], Rule::NeedsPlaceholder),
    (&[("runs", "`built-in:query-cancel {app}`")], Rule::PlaceholderKind),
    (
        &[
            ("runs", "`built-in:query-cancel {q}`"),
            ("{app}", ""),
            ("{q}", "a query that runs now"),
            ("runs as", "`postgres`"),
        ],
        Rule::BuiltIn,
    ),
    (
        &[
            ("runs", "`built-in:query-cancel {q}`"),
            ("{app}", ""),
            ("{q}", "a query that runs now"),
            ("check", "`nginx -t`"),
        ],
        Rule::BuiltIn,
    ),
    (&[("check", "`nginx -s reload`")], Rule::CheckLooks),
    (&[("check", "`pm2 reload {app}`")], Rule::Placeholder),
    (&[("check", "`sh -c true`")], Rule::Interpreter),
    (&[("check", "`test -f x`")], Rule::ClosedList),
    (&[("check", "`script:x`")], Rule::CheckLooks),
    (&[("risk", "high")], Rule::TwoApprovers),
    (&[("risk", "none")], Rule::Form),
    (&[("approval", "nobody")], Rule::Form),
    (&[("approval", "zero approvers")], Rule::Form),
    (&[("runs as", "root")], Rule::User),
    (&[("runs as", "`ALL`")], Rule::User),
    (&[("runs as", "`#0`")], Rule::User),
    (&[("runs as", "`root,deploy`")], Rule::User),
    (&[("runs as", "`%wheel`")], Rule::User),
    (&[("runs as", "`-u`")], Rule::User),
    (&[("undo", "-")], Rule::Undo),
    (&[("undo", "no")], Rule::Undo),
    (&[("undo", "can't be undone, because x")], Rule::Undo),
    (&[("undo", "`nothing`")], Rule::Undo),
    (&[("undo", "`pm2-reload`")], Rule::Undo),
    (&[("time limit", "-")], Rule::Duration),
    (&[("time limit", "0 s")], Rule::Duration),
    (&[("time limit", "2 h")], Rule::Duration),
    (&[("time limit", "99999999999999999999 s")], Rule::Duration),
    (&[("cool-down", "0 s")], Rule::Duration),
    (&[("proof", "-")], Rule::SignalName),
    (&[("proof", "`app.memory` within 0 s")], Rule::Duration),
    (&[("proof", "`app.memroy` within 5 min")], Rule::SignalName),
    (&[("helps", "`disk.bogus`")], Rule::SignalName),
    (&[("helps", "-")], Rule::SignalName),
    (&[("helps", "`app.*`")], Rule::SignalName),
    (&[("helps", "`app.memory`, `app.memory`")], Rule::SignalName),
    (&[("title", "-")], Rule::Words),
    (&[("title", "a\u{202e}b")], Rule::Hidden),
    (&[("title", "<b>x</b>")], Rule::Hidden),
    (&[("effect", "")], Rule::Form),
    (&[("environment", "PATH=/tmp")], Rule::Form),
    (&[("command", "pm2-reload")], Rule::Identity),
    (&[("command", "`Pm2`")], Rule::Identity),
    (&[("command", "`../x`")], Rule::Identity),
];

#[test]
fn every_attack_on_a_row_is_refused_by_its_rule() {
    assert!(parse(&one(&[])).is_ok());
    for (changes, rule) in ROWS {
        let refusals = parse(&one(changes)).map(|_| ()).unwrap_err();
        let rules: Vec<Rule> = refusals.iter().map(Refusal::rule).collect();
        assert!(rules.contains(rule), "{changes:?}: {rules:?} {}", refusals[0]);
        for refusal in &refusals {
            assert!(refusal.problem().expected.contains(refusal.rule().sentence()), "{refusal}");
        }
    }
    assert!(ROWS.len() >= 100, "{}", ROWS.len());
}

/// Whole documents, and who refuses them.
#[test]
fn every_attack_on_the_page_is_refused_by_its_rule() {
    let fine = one(&[]);
    let table = fine.strip_prefix("format: 1\n").unwrap();
    let many = (0..101)
        .map(|id| one(&[("command", &format!("`c{id}`"))]).replace("format: 1", ""))
        .collect::<String>();
    let indented = table.lines().map(|line| format!("    {line}\n")).collect::<String>();
    for (text, rule) in [
        (table.to_owned(), Rule::Form),
        (fine.replace("format: 1", "format: 2"), Rule::Form),
        (format!("\u{feff}{fine}"), Rule::Form),
        (format!("{fine}{table}"), Rule::Identity),
        (format!("format: 1\n{many}"), Rule::Bounds),
        (format!("{fine}{}", "x".repeat(300_000)), Rule::Bounds),
        (fine.replace("| title | ", &format!("| title | {}", "x".repeat(100))), Rule::Words),
        (fine.replace("| title | ", &format!("| title | {}", "x".repeat(3_000))), Rule::Form),
        (format!("format: 1\n<!--\n{table}-->\n"), Rule::Hidden),
        (format!("format: 1\n<details>\n{table}</details>\n"), Rule::Hidden),
        (format!("format: 1\n<div hidden>\n{table}"), Rule::Hidden),
        (format!("format: 1\n\n{indented}"), Rule::Hidden),
        (fine.replace("Nobody notices.", "Nobody\u{200b} notices."), Rule::Hidden),
        (fine.replace("Nobody notices.", "Nobody notices.\u{e0041}"), Rule::Hidden),
        (fine.replace("Nobody notices.", "Nobody \u{1b}[8mnotices."), Rule::Hidden),
        (fine.replace("Nobody notices.", "Nobody\u{2067} notices."), Rule::Hidden),
        (fine.replace("\n| risk", "\r| risk"), Rule::Hidden),
        (fine.replace("\n| risk", "\u{2028}| risk"), Rule::Hidden),
        (format!("{fine}| runs | `pm2 restart {{app}}` |\n"), Rule::Form),
        (format!("{fine}| signal | x |\n"), Rule::Form),
        (format!("{fine}\n| signal | x |\n| --- | --- |\n"), Rule::Form),
        (format!("{fine}\n| command |\n| --- |\n"), Rule::Form),
        (format!("{fine}\n```\n"), Rule::Form),
        (fine.replace("| --- | --- |\n", ""), Rule::Form),
        (fine.replace("| risk | low |", "| risk | low"), Rule::Form),
        (fine.replace("| risk | low |", "| risk | low | high |"), Rule::Form),
    ] {
        let rules: Vec<Rule> =
            parse(&text).map(|_| ()).unwrap_err().iter().map(Refusal::rule).collect();
        assert!(
            rules.contains(&rule),
            "{rule}: {rules:?}\n{}",
            text.chars().take(900).collect::<String>()
        );
    }
    let fenced = format!("{fine}\n```\n{}```\n", table.replace("pm2-reload", "hidden"));
    assert_eq!(
        parse(&fenced).unwrap().commands().len(),
        1,
        "what stands in a fence is not in force"
    );
}

#[test]
fn every_rule_refuses_something() {
    let mut used: BTreeSet<Rule> =
        VALUES.iter().map(|attack| attack.2).chain(ROWS.iter().map(|attack| attack.1)).collect();
    used.extend([
        Rule::Bounds,
        Rule::Absent,
        Rule::ValueMissing,
        Rule::ValueUnknown,
        Rule::NotSeen,
    ]);
    let unused: Vec<&Rule> = Rule::ALL.iter().filter(|rule| !used.contains(rule)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}
