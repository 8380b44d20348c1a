//! The apps of lists as PM2 gives them.

use super::*;

fn collector() -> Pm2Collector {
    Pm2Collector::new("web-1", Path::new("/nowhere"), Duration::from_secs(5))
}

fn process(id: u32, name: &str, status: &str) -> String {
    with(id, name, status, "")
}

fn with(id: u32, name: &str, status: &str, more: &str) -> String {
    format!(
        r#"{{"pm_id":{id},"name":"{name}","pm2_env":{{"status":"{status}","restart_time":0,"pm_uptime":1000{more}}},"monit":{{"cpu":2,"memory":10}}}}"#
    )
}

fn instances(processes: &[String]) -> Vec<wire::Instance> {
    serde_json::from_str(&format!("[{}]", processes.join(","))).unwrap()
}

fn round(collector: &mut Pm2Collector, processes: &[String]) -> Round {
    let mut round = Round::new(SIGNALS);
    let answer = wire::Answer { instances: instances(processes), daemon: Some(7) };
    collector.apps(Timestamp::from_secs(11), Instant::now(), &answer, &mut round);
    round
}

fn value(round: &Round, signal: &str) -> Option<f64> {
    round.observations.iter().find(|seen| seen.signal.as_str() == signal).map(|seen| seen.value)
}

/// The readings about an app: running, stopped, a failed job, and listed; and what rests.
type Told = ([Option<f64>; 4], bool);

fn told(round: &Round) -> Told {
    let values = ["app.up", "app.stopped", "app.job_failed", "app.listed"];
    let rests = |signal: &str| round.at_rest.iter().any(|(_, known)| known.as_str() == signal);
    (values.map(|signal| value(round, signal)), rests("app.up"))
}

const JOB: &str = r#","autorestart":false"#;

#[test]
fn restarts_that_could_not_be_seen_are_not_told_as_none() {
    let told = |collector: &mut Pm2Collector, restarts: u32, started: u64| {
        let process = format!(
            r#"[{{"pm_id":0,"name":"api","pm2_env":{{"status":"online","restart_time":{restarts},"pm_uptime":{started}}},"monit":{{}}}}]"#
        );
        let instances: Vec<wire::Instance> = serde_json::from_str(&process).unwrap();
        let mut round = Round::new(SIGNALS);
        let answer = wire::Answer { instances, daemon: None };
        collector.apps(Timestamp::from_secs(10_000), Instant::now(), &answer, &mut round);
        value(&round, "app.restarts")
    };
    // Calm Ops has just started, and the process a moment ago: it may have restarted often.
    let mut known = collector();
    for (restarts, started) in [(40, 9_990_000), (41, 9_995_000), (42, 9_999_000)] {
        assert_eq!(told(&mut known, restarts, started), None, "{restarts}");
    }
    assert_eq!(
        told(&mut known, 43, 9_999_500),
        Some(3.0),
        "what was seen is told as soon as it is telling"
    );
    assert_eq!(told(&mut collector(), 0, 9_990_000), Some(0.0), "it never restarted");
    assert_eq!(told(&mut collector(), 40, 9_400_000), Some(0.0), "it has run on for all of it");
    assert_eq!(told(&mut collector(), 40, 9_400_001), None);
}

#[test]
fn the_processes_of_a_cluster_are_one_app() {
    let mut collector = collector();
    let two = [process(0, "api", "online"), process(1, "api", "online")];
    let seen = round(&mut collector, &two);
    assert_eq!(seen.observations.len(), 7);
    assert!(seen.observations.iter().all(|seen| seen.subject.as_str() == "app:api@web-1"));
    assert_eq!(
        (value(&seen, "app.up"), value(&seen, "app.memory"), value(&seen, "app.cpu")),
        (Some(1.0), Some(20.0), Some(4.0))
    );
    assert_eq!(value(&seen, "app.uptime"), Some(10.0));
    let one_failed = [process(0, "api", "online"), process(1, "api", "errored")];
    assert_eq!(value(&round(&mut collector, &one_failed), "app.up"), Some(0.0));
    let one_stopped = [process(0, "api", "online"), process(1, "api", "stopped")];
    assert_eq!(value(&round(&mut collector, &one_stopped), "app.up"), Some(1.0));
}

#[test]
fn an_app_that_someone_stopped_rests_and_one_that_failed_is_down() {
    let mut collector = collector();
    let mut see = |status: &str| told(&round(&mut collector, &[process(0, "api", status)]));
    assert_eq!(see("online"), ([Some(1.0), Some(0.0), None, Some(1.0)], false));
    assert_eq!(see("stopping"), ([None, Some(0.0), None, None], false));
    assert_eq!(see("stopped"), ([None, Some(1.0), None, None], true));
    assert_eq!(see("online"), ([Some(1.0), Some(0.0), None, Some(1.0)], false));
    // Between two runs it looks stopped for a moment.
    assert_eq!(see("stopped"), ([None, Some(1.0), None, None], false));
    // An app may take a while to be ready (wait_ready); silence tells of one that never is.
    assert_eq!(see("launching"), ([None, Some(0.0), None, None], false));
    for down in ["errored", "waiting restart", "something new"] {
        assert_eq!(see(down), ([Some(0.0), Some(0.0), None, Some(1.0)], false), "{down}");
    }
}

#[test]
fn a_job_that_ended_rests_and_tells_whether_its_last_run_failed() {
    let mut collector = collector();
    let mut see = |status: &str, more: &str| {
        told(&round(&mut collector, &[with(0, "nightly", status, &format!("{JOB}{more}"))]))
    };
    assert_eq!(see("online", ""), ([Some(1.0), Some(0.0), Some(0.0), Some(1.0)], false));
    see("stopped", r#","exit_code":0"#);
    let ended = [None, Some(0.0), Some(0.0), Some(1.0)];
    assert_eq!(see("stopped", r#","exit_code":0"#), (ended, true));
    for code in ["130", "143", "null"] {
        assert_eq!(see("stopped", &format!(r#","exit_code":{code}"#)), (ended, true), "{code}");
    }
    let failed = [None, Some(0.0), Some(1.0), Some(1.0)];
    assert_eq!(see("stopped", r#","exit_code":1"#), (failed, true));
    // It is told until the next run has ended.
    let again = [Some(1.0), Some(0.0), Some(1.0), Some(1.0)];
    assert_eq!(see("online", r#","exit_code":1"#), (again, false));
    let restarts = round(&mut collector, &[with(0, "nightly", "online", JOB)]);
    assert_eq!(value(&restarts, "app.restarts"), None, "its schedule is no crash loop");
    let text = round(&mut collector, &[with(0, "nightly", "online", r#","autorestart":"false""#)]);
    assert_eq!(value(&text, "app.job_failed"), Some(0.0));
}

#[test]
fn with_a_delay_pm2_waits_also_where_no_start_comes() {
    let mut collector = collector();
    let mut see = |more: &str| {
        let process = [with(0, "x", "waiting restart", more)];
        round(&mut collector, &process);
        told(&round(&mut collector, &process))
    };
    let ended = ([None, Some(0.0), Some(0.0), Some(1.0)], true);
    assert_eq!(see(&format!(r#"{JOB},"restart_delay":5000,"exit_code":0"#)), ended);
    // The configuration says that it is not to be started again after this code.
    let stopped = ([None, Some(1.0), None, None], true);
    for codes in ["[0,3]", "3", r#"["3"]"#] {
        let more = format!(r#","restart_delay":5000,"exit_code":3,"stop_exit_codes":{codes}"#);
        assert_eq!(see(&more), stopped, "{codes}");
    }
    // What does its work and rests for five minutes is a job; what fails, or only rests for a
    // moment, is not up.
    assert_eq!(see(r#","restart_delay":300000,"exit_code":0"#), ended);
    let down = ([Some(0.0), Some(0.0), None, Some(1.0)], false);
    assert_eq!(see(r#","restart_delay":"300000","exit_code":1"#), down);
    assert_eq!(see(r#","restart_delay":5000,"exit_code":0"#), down);
}

#[tokio::test]
async fn a_job_that_was_killed_has_failed_though_pm2_tells_code_0() {
    let home = tempfile::tempdir().unwrap();
    let log = "PM2 log: App [nightly:0] starting in -fork mode-\nPM2 log: App [nightly:0] exited with code [0] via signal [SIGKILL]\n";
    std::fs::write(home.path().join("pm2.log"), log).unwrap();
    let mut exits = Exits::default();
    let mut see = |status: &str, started: u32| {
        let more = format!(r#"{JOB},"exit_code":0,"pm_uptime":{started}"#);
        let mut seen =
            instances(&[with(0, "nightly", status, &more).replacen(r#","pm_uptime":1000"#, "", 1)]);
        exits.note(home.path(), &mut seen);
        seen[0].pm2_env.killed_by
    };
    assert_eq!(see("online", 1), None);
    assert_eq!(see("stopped", 1), Some("SIGKILL"));
    assert_eq!(see("online", 2), Some("SIGKILL"), "until the next run has ended");
    std::fs::write(home.path().join("pm2.log"), "").unwrap();
    assert_eq!(see("stopped", 2), None);
    let mut seen = instances(&[with(0, "nightly", "stopped", &format!(r#"{JOB},"exit_code":0"#))]);
    seen[0].pm2_env.killed_by = Some("SIGKILL");
    let mut told = Round::new(SIGNALS);
    let answer = wire::Answer { instances: seen, daemon: None };
    collector().apps(Timestamp::from_secs(11), Instant::now(), &answer, &mut told);
    let failed = told.observations.iter().find(|one| one.signal.as_str() == "app.job_failed");
    let reason = failed.and_then(|one| one.reason.clone());
    assert_eq!(reason, Some(FailureReason::told("its last run was killed by signal SIGKILL")));
}

#[test]
fn what_is_down_tells_how_pm2_calls_it_and_how_its_last_run_ended() {
    let process = with(0, "api", "errored", r#","exit_code":78"#);
    let seen = round(&mut collector(), &[process]);
    let up = seen.observations.iter().find(|one| one.signal.as_str() == "app.up").unwrap();
    let told = "PM2 lists it as 'errored'; its last run failed with exit code 78";
    assert_eq!(up.reason, Some(FailureReason::told(told)));
}

#[tokio::test]
async fn a_socket_that_was_left_behind_is_told_and_is_no_fault() {
    let home = tempfile::Builder::new().prefix("pm2").tempdir_in("/tmp").unwrap();
    let socket = home.path().join("rpc.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let at = |expected: bool, answered: bool| Pm2Collector {
        expected,
        answered,
        ..Pm2Collector::new("web-1", home.path(), Duration::from_secs(5))
    };
    let now = Timestamp::from_secs(1);
    let left = at(false, false).collect(now).await.unwrap();
    assert!(left.observations.is_empty() && left.listings[0].subjects.is_empty());
    assert!(left.notes[0].contains("nothing is listening on its socket"), "{:?}", left.notes);
    for (expected, answered) in [(true, false), (false, true)] {
        let gone = at(expected, answered).collect(now).await.unwrap();
        assert_eq!(value(&gone, "pm2.up"), Some(0.0));
        assert_eq!(gone.untold[0].0, "app");
    }
}

#[test]
fn what_is_not_watched_for_its_number_is_told_and_is_listed_all_the_same() {
    let many: Vec<String> =
        (0..502).map(|id| process(id, &format!("app-{id}"), "online")).collect();
    let seen = round(&mut collector(), &many);
    assert_eq!(seen.listings[0].subjects.len(), 502);
    assert_eq!(
        seen.notes,
        ["PM2 lists 502 processes; 2 of them are not monitored, because the limit is 500."]
    );
}

#[test]
fn names_that_can_not_stand_in_a_subject_are_told_apart() {
    let named = |name: &str| app_subject(name, "web-1").to_string();
    assert_eq!(named("api"), "app:api@web-1");
    let (one, other) = (named("a@b"), named("a_b"));
    assert!(one.starts_with("app:a_b~") && other == "app:a_b@web-1", "{one} {other}");
    let long = "x".repeat(150);
    assert_ne!(named(&long), named(&format!("{long}y")));
}

#[tokio::test]
async fn a_home_that_can_not_be_read_or_is_not_there_is_a_failure_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let (file, gone) = (dir.path().join("file"), dir.path().join("gone"));
    std::fs::write(&file, "").unwrap();
    let at = |home: &Path, expected: bool| Pm2Collector {
        expected,
        ..Pm2Collector::new("web-1", home, Duration::from_secs(5))
    };
    let now = Timestamp::from_secs(1);
    let why = at(&gone, true).collect(now).await.unwrap_err().to_string();
    assert!(why.contains("does not exist") && why.contains("gone"), "{why}");
    let why = at(&file, false).collect(now).await.unwrap_err().to_string();
    assert!(why.contains("PM2 can't be reached"), "{why}");
    // Nobody promised that there is one: nothing is said unless there was one.
    let silent = at(&gone, false).collect(now).await.unwrap();
    assert!(silent.observations.is_empty() && silent.notes.is_empty());
    assert_eq!(silent.listings[0].absence, Absence::Missing("pm2.up"));
    let expected = at(dir.path(), true).collect(now).await.unwrap();
    assert_eq!(value(&expected, "pm2.up"), Some(0.0));
    assert!(expected.notes[0].contains("there is no socket"), "{:?}", expected.notes);
    let settings = |home: &Path| Settings { home: Some(home.to_owned()), ..Settings::default() };
    assert_eq!(Pm2::check(&settings(&gone)).len(), 1);
    assert!(Pm2::check(&settings(dir.path())).is_empty());
}

#[test]
fn the_home_is_where_pm2_looks() {
    let some = |text: &str| Some(OsString::from(text));
    assert_eq!(Pm2Collector::home(some("/p"), some("/h")), Some("/p".into()));
    assert_eq!(Pm2Collector::home(some(""), some("/h")), Some("/h/.pm2".into()));
    assert_eq!(Pm2Collector::home(None, None), None);
}

fn shared(text: &str) -> BTreeMap<String, SeenApp> {
    let seen = Seen::default();
    seen.set(Instant::now(), &serde_json::from_str::<Vec<wire::Instance>>(text).unwrap());
    seen.apps()
}

#[test]
fn apps_are_shared_by_their_own_names_with_memory_and_logs() {
    let text = r#"[{"name":"a@b","pm2_env":{"status":"online","pm_out_log_path":"/l/out.log","pm_err_log_path":"relative"},"monit":{"memory":10}},
        {"name":"a@b","pm2_env":{"pm_out_log_path":"/l/out-1.log","pm_err_log_path":"/l/err-1.log"},"monit":{"memory":5.5}}]"#;
    let seen = Seen::default();
    assert!(!seen.is_told());
    seen.unanswered();
    assert!(seen.is_told() && seen.apps().is_empty());
    seen.set(Instant::now(), &serde_json::from_str::<Vec<wire::Instance>>(text).unwrap());
    let logs = ["/l/out.log", "/l/out-1.log", "/l/err-1.log"].map(PathBuf::from).into();
    let error_logs: BTreeSet<PathBuf> = ["/l/err-1.log".into()].into();
    let subjects = seen.subjects("web-1");
    assert_eq!(seen.error_logs(&subjects[0], "web-1"), Some(error_logs.clone()));
    assert_eq!(seen.error_logs(&subjects[0], "web-2"), None);
    let app = SeenApp { memory: 15, processes: 2, logs, error_logs, ..SeenApp::default() };
    let expected = BTreeMap::from([("a@b".to_owned(), app)]);
    assert_eq!(seen.apps(), expected);
    seen.unanswered();
    assert_eq!(seen.apps(), expected, "one missed answer changes nothing");
    if let Some(long_ago) = Instant::now().checked_sub(seen::GOOD_FOR) {
        seen.set(long_ago, &[]);
        assert!(seen.apps().is_empty());
    }
}

#[test]
fn it_is_known_which_names_mean_more_than_one_app_and_what_is_not_to_be_started() {
    let of = |name: &str, status: &str, namespace: &str, path: &str, job: bool| {
        format!(
            r#"{{"name":"{name}","pm2_env":{{"status":"{status}","namespace":"{namespace}","pm_exec_path":"{path}","autorestart":{}}},"monit":{{}}}}"#,
            !job
        )
    };
    let list = [
        of("api", "online", "default", "/a.js", false),
        of("api", "online", "default", "/a.js", false),
        of("web", "online", "prod", "/w.js", false),
        of("web", "online", "staging", "/w.js", false),
        of("two", "online", "default", "/1.js", false),
        of("two", "online", "default", "/2.js", false),
        of("prod", "online", "default", "/p.js", false),
        of("parked", "stopped", "default", "/p.js", false),
        of("nightly", "online", "default", "/n.js", true),
    ];
    let apps = shared(&format!("[{}]", list.join(",")));
    let names = |fits: fn(&SeenApp) -> bool| {
        apps.iter().filter(|(_, app)| fits(app)).map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(names(|app| app.is_shared), ["prod", "two", "web"]);
    assert_eq!(names(|app| app.is_at_rest), ["nightly", "parked"]);
    assert_eq!(apps["api"].processes, 2);
}
