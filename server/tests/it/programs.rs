//! The other programs of the closed list, each for real: approved, started as it would be on a
//! host, and seen to have worked. Each of them works in a view of its own of the machine's files,
//! so that nothing of the machine is changed.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;

use crate::program::{
    Home, QUICK, Running,
    approved::{self, approved, catalogue, configuration, home, offered},
};

/// True if all of them are here; what is not is told.
fn has(programs: &[&str]) -> bool {
    let missing: Vec<&&str> = programs.iter().filter(|path| !Path::new(path).exists()).collect();
    if !missing.is_empty() {
        eprintln!("SKIPPED: there is no {missing:?} here, so no approved command was tried on it");
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!(
            "SKIPPED: only root can have a view of its own of the machine's files, so {programs:?} was not tried"
        );
        return false;
    }
    missing.is_empty()
}

/// Folders of a test that stand in the place of the machine's, for one program and what it starts.
#[derive(Default)]
struct View(Vec<(PathBuf, &'static str)>);

impl View {
    /// This folder stands there, if there is anything to hide.
    fn with(mut self, folder: PathBuf, place: &'static str) -> Self {
        fs::create_dir_all(&folder).unwrap();
        if Path::new(place).exists() {
            self.0.push((folder, place));
        }
        self
    }

    /// A program that sees it so.
    fn command(&self, program: &str) -> Command {
        let script = "set -e; while [ \"$1\" != -- ]; do mount --bind \"$1\" \"$2\"; shift 2; done; shift; exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "--", "sh", "-c", script, "sh"]);
        for (folder, place) in &self.0 {
            command.arg(folder).arg(place);
        }
        command.args(["--", program]);
        command
    }
}

fn start(home: &Home, command: Command) -> Running {
    home.start_from(command, &["--config", configuration(home).to_str().unwrap()])
        .unwrap_or_else(|said| panic!("{said}"))
}

fn outcome(page: &Value) -> &Value {
    &page["recommendation"]["stage"]["outcome"]
}

/// An nginx of its own, stopped at the end.
struct Nginx {
    port: u16,
    places: PathBuf,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let pid = fs::read_to_string(self.places.join("nginx.pid"))
            .ok()
            .and_then(|text| text.trim().parse().ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }
}

impl Nginx {
    /// Starts it; it answers with these words.
    fn start(folder: &Path, words: &str) -> (Self, View) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let places = folder.join("nginx");
        let view = View::default()
            .with(places.join("etc"), "/etc/nginx")
            .with(places.join("log"), "/var/log/nginx");
        let nginx = Self { port, places };
        nginx.write(&format!("return 200 \"{words}\";"));
        let said = view.command("/usr/sbin/nginx").output().unwrap();
        assert!(said.status.success(), "{said:?}");
        (nginx, view)
    }

    fn write(&self, answer: &str) {
        let (port, places) = (self.port, self.places.display());
        let text = format!(
            "pid {places}/nginx.pid;\nerror_log {places}/error.log;\nworker_processes 1;\nevents {{ worker_connections 64; }}\n\
             http {{ access_log off; server {{ listen 127.0.0.1:{port}; location / {{ {answer} }} }} }}\n"
        );
        fs::write(self.places.join("etc/nginx.conf"), text).unwrap();
    }

    fn answer(&self) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split("\r\n\r\n").nth(1).unwrap().to_owned()
    }
}

/// A PM2 of its own with one app, ended with the test.
struct Pm2 {
    program: &'static str,
    home: tempfile::TempDir,
}

impl Pm2 {
    /// Starts PM2 where it is one of the programs that may be started; `None`, loudly, where it is
    /// not.
    fn start(script: &str) -> Option<Self> {
        let program = ["/usr/bin/pm2", "/usr/local/bin/pm2"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        if program.is_none() {
            eprintln!(
                "SKIPPED: there is no PM2 in /usr/bin or /usr/local/bin, so no approved command was tried on it"
            );
        }
        // The path of its socket is limited.
        let pm2 = Self {
            program: program?,
            home: tempfile::Builder::new().prefix("pm2").tempdir_in("/tmp").unwrap(),
        };
        let path = pm2.home.path().join("demo.js");
        fs::write(&path, script).unwrap();
        pm2.run(&["start", path.to_str().unwrap(), "--name", "demo"]);
        Some(pm2)
    }

    fn run(&self, arguments: &[&str]) -> String {
        let said = Command::new(self.program)
            .args(arguments)
            .env("PM2_HOME", self.home.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(said.status.success(), "{arguments:?}: {said:?}");
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Pm2 {
    fn drop(&mut self) {
        let _ = Command::new(self.program).arg("kill").env("PM2_HOME", self.home.path()).output();
    }
}

/// `pm2 reload` is approved in the browser tests.
#[test]
fn an_app_under_pm2_is_restarted_and_its_logs_are_emptied() {
    for action in ["restart", "flush"] {
        let Some(pm2) = Pm2::start(
            "console.log('a line that is kept until it is flushed'); setInterval(() => {}, 1000);",
        ) else {
            return;
        };
        let home = home("", "");
        let page = catalogue(&format!("pm2 {action} {{app}}"), "-", "Calm Ops")
            .replace("| check |", "| {app} | an app seen under PM2 |\n| check |")
            .replace("`queue.depth`", "`app.memory`");
        approved::write_catalogue(&home, &page);
        let row = "| `app.memory` | `app:*` | above 2 MiB | - | 0 s | 1 MiB | - | It takes memory. | queue | - |\n";
        fs::write(
            home.ops().join("alerts/thresholds.md"),
            QUICK.replace("\n\n## How", &format!("\n{row}\n## How")),
        )
        .unwrap();
        fs::write(
            configuration(&home),
            format!("[pm2]\nhome = \"{}\"\n", pm2.home.path().display()),
        )
        .unwrap();
        let log = pm2.home.path().join("logs/demo-out.log");
        let (before, written) = (pm2.run(&["pid", "demo"]), fs::metadata(&log).unwrap().len());
        let program = home
            .start_with(&["--config", configuration(&home).to_str().unwrap()])
            .unwrap_or_else(|said| panic!("{said}"));
        program.until("the recommendation", |program| {
            (program.get("/api/ops/recommendations/1-1").status == 200).then_some(())
        });
        let page = approved(&program);
        assert_eq!(
            (outcome(&page)["outcome"].as_str(), outcome(&page)["code"].as_i64()),
            (Some("exited"), Some(0)),
            "{page}"
        );
        let after = pm2.run(&["pid", "demo"]);
        if action == "restart" {
            assert!(before != after && !after.is_empty(), "{before}, then {after}");
        } else {
            assert_eq!(
                (after, fs::metadata(&log).unwrap().len()),
                (before, 0),
                "{written} bytes were written before"
            );
            assert!(written > 0);
        }
    }
}

#[test]
fn nginx_takes_a_configuration_that_passed_its_check_and_no_other() {
    if !has(&["/usr/sbin/nginx"]) {
        return;
    }
    let reload = catalogue("nginx -s reload", "`nginx -t`", "`root`");
    for good in [true, false] {
        let home = home(&reload, "");
        let (nginx, view) = Nginx::start(home.dir.path(), "first");
        assert_eq!(nginx.answer(), "first");
        let program = start(&home, view.command(env!("CARGO_BIN_EXE_calm-ops")));
        offered(&program);
        nginx.write(if good { "return 200 \"second\";" } else { "return 200 \"second\"" });
        let page = approved(&program);
        if good {
            assert_eq!(
                (outcome(&page)["outcome"].as_str(), outcome(&page)["code"].as_i64()),
                (Some("exited"), Some(0)),
                "{page}"
            );
            // The signal was sent; the new workers come when they come.
            program.until("the new configuration", |_| (nginx.answer() == "second").then_some(()));
        } else {
            let why = outcome(&page)["why"].as_str().unwrap_or_else(|| panic!("{page}"));
            assert!(why.contains("check"), "{why}");
            assert!(
                page["output"]["text"].as_str().unwrap().contains("nginx.conf test failed"),
                "{page}"
            );
            assert_eq!(nginx.answer(), "first", "it goes on as it was");
        }
    }
}

#[test]
fn the_log_of_systemd_is_made_smaller_and_what_is_kept_stays() {
    if !has(&["/usr/bin/journalctl", "/etc/machine-id"]) {
        return;
    }
    let home = home(&catalogue("journalctl --vacuum-size=100M", "-", "`root`"), "");
    let logs = home.dir.path().join("logs");
    let machine = logs.join(fs::read_to_string("/etc/machine-id").unwrap().trim());
    fs::create_dir_all(&machine).unwrap();
    // Files as journald leaves them behind when it begins a new one, 64 MiB each; the name tells
    // the order. The first bytes are those of a file with entries.
    let file = |number: u64| {
        machine.join(format!("system@{}-{number:016x}-{number:016x}.journal", "0".repeat(32)))
    };
    for number in 1..=3 {
        let mut bytes = vec![1_u8; 64 * 1024 * 1024];
        bytes[..8].copy_from_slice(b"LPKSHHRH");
        fs::write(file(number), bytes).unwrap();
    }
    let hidden = home.dir.path().join("hidden");
    let view = View::default().with(logs, "/var/log/journal").with(hidden, "/run/log/journal");
    if !view.0.iter().any(|(_, place)| *place == "/var/log/journal") {
        eprintln!(
            "SKIPPED: there is no /var/log/journal here, so journalctl has nothing to make smaller"
        );
        return;
    }
    let program = start(&home, view.command(env!("CARGO_BIN_EXE_calm-ops")));
    offered(&program);
    let page = approved(&program);
    assert_eq!(outcome(&page)["code"].as_i64(), Some(0), "{page}");
    assert_eq!(
        [1, 2, 3].map(|number| file(number).exists()),
        [false, false, true],
        "the oldest go first: {page}"
    );
}

#[test]
fn a_certificate_that_is_not_due_stays_as_it_is() {
    if !has(&["/usr/bin/certbot", "/etc/letsencrypt"]) {
        return;
    }
    let renew = catalogue("certbot renew --cert-name {certificate}", "-", "`root`")
        .replace("| check |", "| {certificate} | a certificate that certbot has |\n| check |");
    let home = home(&renew, "[[endpoint]]\nname = \"site\"\nurl = \"https://localhost:1/\"\n");
    fs::write(
        home.ops().join("alerts/thresholds.md"),
        QUICK.replace("`service:*`", "`endpoint:*`"),
    )
    .unwrap();
    let (etc, places) = (home.dir.path().join("letsencrypt"), home.dir.path().join("certbot"));
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    for folder in ["archive/localhost", "live/localhost", "renewal"] {
        fs::create_dir_all(etc.join(folder)).unwrap();
    }
    let mut renewal =
        "version = 2.0.0\narchive_dir = /etc/letsencrypt/archive/localhost\n".to_owned();
    for (name, text) in [
        ("cert", certificate.pem()),
        ("privkey", key.serialize_pem()),
        ("chain", certificate.pem()),
        ("fullchain", certificate.pem()),
    ] {
        fs::write(etc.join(format!("archive/localhost/{name}1.pem")), text).unwrap();
        symlink(
            format!("../../archive/localhost/{name}1.pem"),
            etc.join(format!("live/localhost/{name}.pem")),
        )
        .unwrap();
        renewal += &format!("{name} = /etc/letsencrypt/live/localhost/{name}.pem\n");
    }
    renewal += "[renewalparams]\naccount = none\nauthenticator = standalone\nserver = https://localhost:1/directory\n";
    fs::write(etc.join("renewal/localhost.conf"), renewal).unwrap();
    fs::write(
        etc.join("cli.ini"),
        format!("logs-dir = {0}/logs\nwork-dir = {0}/work\n", places.display()),
    )
    .unwrap();
    let view = View::default().with(etc, "/etc/letsencrypt");
    let program = start(&home, view.command(env!("CARGO_BIN_EXE_calm-ops")));
    program.push("endpoint:site", 9_000.0);
    program.until("the recommendation", |program| {
        (program.get("/api/ops/recommendations/1-1").status == 200).then_some(())
    });
    let page = approved(&program);
    assert_eq!(outcome(&page)["code"].as_i64(), Some(0), "{page}");
    assert!(page["output"]["text"].as_str().unwrap().contains("not yet due for renewal"), "{page}");
    assert_eq!(page["recommendation"]["argv"][3], "localhost");
}

/// A systemd of its own, with one unit.
struct Systemd(Child);

impl Drop for Systemd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Systemd {
    /// Starts it; `None`, loudly, where it can't work.
    fn start(folder: &Path) -> Option<Self> {
        let units = folder.join("units");
        fs::create_dir(&units).unwrap();
        fs::write(units.join("tried.target"), "[Unit]\nWants=tried.service\n").unwrap();
        fs::write(
            units.join("tried.service"),
            "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/sleep 1000\n",
        )
        .unwrap();
        let script = "set -e; mount --make-rprivate /; mount -t proc proc /proc; mount -t tmpfs tmpfs /run
            mount --bind \"$0\" /etc/systemd/system; mount -t cgroup2 cgroup2 /sys/fs/cgroup
            exec /lib/systemd/systemd --system --unit=tried.target --log-target=console --show-status=0";
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--pid",
                "--fork",
                "--cgroup",
                "--ipc",
                "--uts",
                "--kill-child",
                "--",
                "sh",
                "-c",
                script,
            ])
            .arg(units);
        command
            .env("container", "tests")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let systemd = Self(command.spawn().unwrap());
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(15) {
            if systemd.first().is_some() && systemd.main_pid().is_some() {
                return Some(systemd);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        eprintln!("SKIPPED: a systemd of one's own does not start here, so no unit was restarted");
        None
    }

    /// Its first process, as others see it.
    fn first(&self) -> Option<u32> {
        let id = self.0.id();
        fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?.trim().parse().ok()
    }

    /// A program in its view of the machine, as systemd knows only those that are processes there.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args([
            "--mount",
            "--pid",
            "--target",
            &self.first().unwrap().to_string(),
            "--",
            program,
        ]);
        command
    }

    /// The process of the unit, as systemd counts; `None` while there is none.
    fn main_pid(&self) -> Option<u32> {
        let said = self
            .command("/usr/bin/systemctl")
            .args(["show", "--value", "-p", "MainPID", "tried.service"])
            .output()
            .ok()?;
        String::from_utf8(said.stdout).ok()?.trim().parse().ok().filter(|pid| *pid != 0)
    }
}

#[test]
fn a_unit_of_systemd_is_restarted() {
    if !has(&["/usr/bin/systemctl", "/lib/systemd/systemd", "/etc/systemd/system"]) {
        return;
    }
    let restart = catalogue("systemctl restart {unit}", "-", "`root`")
        .replace("| check |", "| {unit} | one of the units `tried.service` |\n| check |");
    let home = home(&restart, "");
    let Some(systemd) = Systemd::start(home.dir.path()) else { return };
    let before = systemd.main_pid();
    let program = start(&home, systemd.command(env!("CARGO_BIN_EXE_calm-ops")));
    offered(&program);
    assert_eq!(systemd.main_pid(), before, "nothing happens before the approval");
    let page = approved(&program);
    assert_eq!(outcome(&page)["code"].as_i64(), Some(0), "{page}");
    let after = systemd.main_pid();
    assert!(after.is_some() && after != before, "{before:?} {after:?} {page}");
}
