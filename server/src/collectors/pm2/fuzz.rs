//! PM2's answers and logs, for any bytes: only the listed fields are taken, and what can't be read
//! is told without a word of it.

use fixtures::fuzz::{Target, assert_shown};

use super::*;
use crate::fuzz::{texts, wait};

pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "pm2",
        seeds: answers,
        words: &[
            "{",
            "}",
            "[",
            "]",
            "[[",
            "]]",
            ",",
            "null",
            "\"args\":",
            "\"error\":",
            "\"name\":",
            "\"pm_id\":",
            "\"pm2_env\":",
            "\"status\":",
            "\"online\"",
            "\"waiting restart\"",
            "\"exit_code\":",
            "\"stop_exit_codes\":",
            "\"monit\":",
            "\"memory\":",
            "1e308",
            "-1",
            "\"all\"",
            "\"-1\"",
            "j:",
            "s:",
            "\x12\0\0\0",
            "\\u202e",
        ],
        check: check_answer,
    },
    Target {
        name: "pm2-log",
        seeds: logs,
        words: &[
            "\n",
            "App [",
            "nightly:3",
            "] ",
            "exited with code [0] via signal [",
            "]",
            "SIGKILL",
            "starting in ",
            "Stopping app:",
            " id:3",
        ],
        check: check_log,
    },
];

fn answers() -> Vec<Vec<u8>> {
    let mut all = texts(&[
        r#"{"args":[[{"pid":1,"name":"api","pm_id":0,"pm2_env":{"status":"online","restart_time":3,"pm_uptime":1795341600000,"created_at":1795341600000,"namespace":"default","pm_exec_path":"/srv/api.js","pm_out_log_path":"/var/log/api.log","env":{"SECRET":"hunter2"},"args":["--password=hunter2"]},"monit":{"cpu":1.5,"memory":1024}}]]}"#,
        r#"{"args":[[{"name":"nightly","pm_id":3,"pm2_env":{"status":"stopped","exit_code":1,"autorestart":false,"stop_exit_codes":[0,"3"],"restart_delay":60000,"cron_restart":"0 3 * * *"}},{"name":7,"pm_id":"x","pm2_env":{"status":null,"restart_time":{},"pm_uptime":-1}}]]}"#,
        r#"{"args":[[{"name":"a b/c","pm2_env":{"status":"errored","autorestart":"false","max_memory_restart":1e308}},{"name":"a b/c","pm2_env":{"status":"launching"},"monit":{"memory":1e308,"cpu":1e308}}],[]]}"#,
        r#"{"error":"hunter2"}"#,
        r#"{"args":[]}"#,
    ]);
    all.push(b"\x12\0\0\0\x0dj:{\"args\":[]}\0\0\0\x0es:calm-ops:0".to_vec());
    all
}

/// A whole answer; one that begins as an answer is taken as it is.
fn framed(bytes: &[u8]) -> Vec<u8> {
    if bytes.first() == Some(&0x12) {
        return bytes.to_vec();
    }
    let length = u32::try_from(bytes.len() + 2).unwrap_or(u32::MAX).to_be_bytes();
    [&[0x12], &length[..], b"j:", bytes].concat()
}

fn check_answer(bytes: &[u8]) {
    let mut instances = match wait(wire::read(&framed(bytes)[..])) {
        Ok(instances) => instances,
        Err(error) => {
            let told = error.to_string();
            assert!(!told.contains("hunter2") && told.len() < 100, "{told}");
            return;
        }
    };
    assert!(!format!("{instances:?}").contains("SECRET"));
    let mut collector = Pm2Collector::new("web-1", Path::new("/nowhere"), Duration::from_secs(5));
    let now = Timestamp::from_secs(1_795_341_700);
    collector.exits.note(Path::new("/nowhere"), &mut instances);
    collector.seen.set(Instant::now(), &instances);
    let answer = wire::Answer { instances, daemon: Some(1) };
    for _ in 0..2 {
        let mut round = Round::new(SIGNALS);
        collector.apps(now, Instant::now(), &answer, &mut round);
        assert!(round.observations.len() <= MOST * SIGNALS.signals.len());
        for one in &round.observations {
            assert!(one.subject.host() == Some("web-1"), "{one:?}");
            if let Some(reason) = &one.reason {
                assert_shown(&wording::reason::sentence(reason), 1_000);
            }
        }
        round.notes.iter().for_each(|note| assert_shown(note, 200));
    }
}

fn logs() -> Vec<Vec<u8>> {
    let at = "2026-11-29T10:20:26: PM2 log: ";
    let began =
        format!("{at}App [nightly:3] starting in -fork mode-\n{at}App [nightly:3] online\n");
    let killed = format!("{at}App [nightly:3] exited with code [0] via signal [SIGKILL]\n");
    let stopped = format!("{at}Stopping app:nightly id:3\n");
    vec![
        format!("{began}{killed}").into_bytes(),
        format!("{began}{stopped}{killed}{began}{killed}").into_bytes(),
    ]
}

fn check_log(bytes: &[u8]) {
    let log = String::from_utf8_lossy(bytes);
    let signal = exits::fatal_signal(&log, "nightly", 3);
    assert!(signal.is_none_or(|signal| log.contains(signal) && log.contains("App [nightly:3] ")));
}
