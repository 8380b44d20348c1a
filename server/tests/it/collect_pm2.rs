//! The PM2 collector against a real PM2 from npm, in `pm2` of [`tools`]; installed there if it is
//! missing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use domain::time::Timestamp;
use server::collectors::{Collector, Round, pm2::Pm2Collector};

use crate::program::tools;

/// PM2's program. Whoever comes first installs it, the others wait.
fn pm2_program() -> PathBuf {
    let folder = tools().join("pm2");
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("node_modules/pm2/bin/pm2");
    let lock = fs::File::create(folder.join("install.lock")).unwrap();
    lock.lock().unwrap();
    if !folder.join("installed").exists() {
        let status = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
            .args([folder.as_os_str(), "pm2@latest".as_ref()])
            .stdout(Stdio::null())
            .status()
            .expect("npm is needed for this test");
        assert!(
            status.success() && program.exists(),
            "npm could not install PM2 into {}",
            folder.display()
        );
        fs::write(folder.join("installed"), "").unwrap();
    }
    program
}

/// A daemon of one's own, in a folder with a short name: the path of a socket is limited. Ended
/// with the test.
pub struct Daemon {
    program: PathBuf,
    home: tempfile::TempDir,
}

impl Daemon {
    pub fn start() -> Self {
        Self {
            program: pm2_program(),
            home: tempfile::Builder::new().prefix("pm2").tempdir_in("/tmp").unwrap(),
        }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn pm2(&self, arguments: &[&str]) {
        let output = Command::new("node")
            .arg(&self.program)
            .args(arguments)
            .env("PM2_HOME", self.home())
            .env("HOME", self.home())
            .env("PLANTED_TOKEN", "env-hunter2")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "pm2 {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    pub fn script(&self, name: &str, text: &str) -> String {
        let path = self.home().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn pid(&self) -> rustix::process::Pid {
        let pid = fs::read_to_string(self.home().join("pm2.pid")).unwrap().trim().parse().unwrap();
        rustix::process::Pid::from_raw(pid).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.home().join("pm2.pid").exists() {
            let _ = rustix::process::kill_process(self.pid(), rustix::process::Signal::CONT);
        }
        let _ = Command::new("node")
            .arg(&self.program)
            .arg("kill")
            .env("PM2_HOME", self.home())
            .env("HOME", self.home())
            .output();
    }
}

fn value(round: &Round, signal: &str, subject: &str) -> Option<f64> {
    round
        .observations
        .iter()
        .find(|seen| seen.signal.as_str() == signal && seen.subject.as_str() == subject)
        .map(|seen| seen.value)
}

fn wall() -> Timestamp {
    server::clock::Clock::start().now().wall
}

/// Asks until the round is as it should be.
async fn until(collector: &mut Pm2Collector, what: &str, fits: impl Fn(&Round) -> bool) -> Round {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let round = collector.collect(wall()).await.unwrap();
        let text = serde_json::to_string(&round.observations).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("PLANTED"), "{text}");
        if fits(&round) {
            return round;
        }
        assert!(Instant::now() < deadline, "{what} did not come: {text}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The apps that a round reports; `None` if there are none.
fn apps(round: &Round) -> Option<Vec<&str>> {
    let told = round.observations.iter().filter(|seen| seen.signal.as_str() == "app.stopped");
    Some(told.map(|seen| seen.subject.as_str()).collect::<Vec<_>>()).filter(|apps| !apps.is_empty())
}

#[tokio::test]
async fn a_real_pm2_is_found_watched_and_missed() {
    let daemon = Daemon::start();
    let mut collector = Pm2Collector::new("web-1", daemon.home(), Duration::from_secs(5));
    let before = collector.collect(wall()).await.unwrap();
    assert!(before.observations.is_empty() && apps(&before).is_none());
    assert!(
        fs::read_dir(daemon.home()).unwrap().next().is_none(),
        "asking starts no daemon and leaves nothing behind"
    );

    let steady = daemon.script("steady.js", "setInterval(() => {}, 1000)");
    let leak = daemon.script(
        "leak.js",
        "const kept = []; setInterval(() => kept.push(Buffer.alloc(4e6, 1)), 100)",
    );
    let crash = daemon.script("crash.js", "setTimeout(() => process.exit(1), 100)");
    daemon.pm2(&["start", &steady, "--name", "steady", "--", "--password=argv-hunter2"]);
    daemon.pm2(&["start", &leak, "--name", "leak"]);
    let first = until(&mut collector, "both apps", |round| {
        value(round, "app.up", "app:steady@web-1") == Some(1.0)
            && value(round, "app.memory", "app:leak@web-1").is_some_and(|bytes| bytes > 0.0)
    })
    .await;
    assert_eq!(value(&first, "pm2.up", "pm2:pm2@web-1"), Some(1.0));
    assert_eq!(value(&first, "app.restarts", "app:steady@web-1"), Some(0.0));
    assert!(value(&first, "app.uptime", "app:steady@web-1").is_some_and(|seconds| seconds < 60.0));
    assert!(value(&first, "app.cpu", "app:steady@web-1").is_some());
    let leaked = value(&first, "app.memory", "app:leak@web-1").unwrap() + 30e6;
    until(&mut collector, "the leak", |round| {
        value(round, "app.memory", "app:leak@web-1").is_some_and(|bytes| bytes > leaked)
    })
    .await;

    daemon.pm2(&["start", &crash, "--name", "crash", "--max-restarts", "12"]);
    until(&mut collector, "the crash loop", |round| {
        value(round, "app.restarts", "app:crash@web-1").is_some_and(|count| count >= 3.0)
    })
    .await;
    let failed = until(&mut collector, "PM2's giving up", |round| {
        value(round, "app.up", "app:crash@web-1") == Some(0.0)
    })
    .await;
    assert_eq!(value(&failed, "app.up", "app:steady@web-1"), Some(1.0));

    // What people mean is no crash.
    let restarts = value(&failed, "app.restarts", "app:crash@web-1").unwrap();
    for _ in 0..3 {
        daemon.pm2(&["reload", "steady"]);
    }
    daemon.pm2(&["restart", "crash"]);
    let reloaded = until(&mut collector, "the reload", |round| {
        value(round, "app.up", "app:steady@web-1") == Some(1.0)
    })
    .await;
    assert_eq!(value(&reloaded, "app.restarts", "app:steady@web-1"), Some(0.0));
    assert!(value(&reloaded, "app.restarts", "app:crash@web-1").unwrap() >= restarts);

    daemon.pm2(&["stop", "steady"]);
    let rests = |round: &Round, app: &str| {
        round
            .at_rest
            .iter()
            .any(|(subject, signal)| subject.as_str() == app && signal.as_str() == "app.up")
    };
    let stopped = until(&mut collector, "the stop", |round| rests(round, "app:steady@web-1")).await;
    assert_eq!(value(&stopped, "app.stopped", "app:steady@web-1"), Some(1.0));
    assert_eq!(value(&stopped, "app.up", "app:steady@web-1"), None);
    daemon.pm2(&["start", "steady"]);

    let (fine, fails) =
        (daemon.script("fine.js", "process.exit(0)"), daemon.script("fails.js", "process.exit(3)"));
    daemon.pm2(&["start", &fine, "--name", "fine", "--no-autorestart"]);
    daemon.pm2(&["start", &fails, "--name", "fails", "--no-autorestart"]);
    let ended = until(&mut collector, "the end of both jobs", |round| {
        rests(round, "app:fine@web-1") && rests(round, "app:fails@web-1")
    })
    .await;
    assert_eq!(value(&ended, "app.job_failed", "app:fine@web-1"), Some(0.0));
    assert_eq!(value(&ended, "app.job_failed", "app:fails@web-1"), Some(1.0));
    assert_eq!(value(&ended, "app.listed", "app:fails@web-1"), Some(1.0));
    daemon.pm2(&["delete", "fine", "fails"]);

    daemon.pm2(&["delete", "leak"]);
    let deleted = until(&mut collector, "the deletion", |round| {
        apps(round).is_some_and(|apps| apps.len() == 2)
    })
    .await;
    assert_eq!(apps(&deleted).unwrap(), ["app:crash@web-1", "app:steady@web-1"]);

    rustix::process::kill_process(daemon.pid(), rustix::process::Signal::STOP).unwrap();
    let asked = Instant::now();
    let silent = collector.collect(wall()).await.unwrap();
    assert!(asked.elapsed() < collector.time_limit(), "it took {:?}", asked.elapsed());
    assert_eq!(value(&silent, "pm2.up", "pm2:pm2@web-1"), Some(0.0));
    assert!(
        apps(&silent).is_none() && silent.observations.len() == 1,
        "nothing is known of the apps: they are not gone"
    );
    rustix::process::kill_process(daemon.pid(), rustix::process::Signal::CONT).unwrap();
    until(&mut collector, "the daemon's return", |round| {
        value(round, "pm2.up", "pm2:pm2@web-1") == Some(1.0)
    })
    .await;

    daemon.pm2(&["kill"]);
    // Whoever knows that there was one takes that for an absence.
    let ended = until(&mut collector, "the daemon's end", |round| {
        round.listings.iter().any(|one| one.kind == "pm2" && one.subjects.is_empty())
    })
    .await;
    assert!(ended.listings.iter().all(|one| one.kind == "pm2"), "{:?}", ended.listings);
    assert!(!daemon.home().join("pm2.pid").exists(), "asking starts no daemon");
}

#[tokio::test]
async fn a_socket_that_talks_nonsense_or_has_no_end_is_down() {
    let folder = tempfile::Builder::new().prefix("pm2").tempdir_in("/tmp").unwrap();
    let listener = tokio::net::UnixListener::bind(folder.path().join("rpc.sock")).unwrap();
    let answers: [&[u8]; 4] = [
        b"HTTP/1.1 200 OK\r\n\r\n",
        &[0x12, 0xff, 0xff, 0xff, 0xff, b'j'],
        &[0x12, 0, 0, 0, 9, b'j', b':'],
        b"",
    ];
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.unwrap();
        }
    });
    let mut collector = Pm2Collector::new("web-1", folder.path(), Duration::from_secs(5));
    for answer in answers {
        let round = collector.collect(Timestamp::from_secs(1)).await.unwrap();
        assert_eq!(value(&round, "pm2.up", "pm2:pm2@web-1"), Some(0.0), "{answer:?}");
    }
}
