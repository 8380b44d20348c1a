//! The real program, started for a test with data of its own, and stopped or killed at its end.

#![expect(
    clippy::zombie_processes,
    reason = "a program that runs is killed and waited for when it is dropped"
)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

pub mod approved;

/// The owner of the program of a test.
pub const OWNER: &str = "The owner of this test";
pub const PASSWORD: &str = "three words in a row";

/// Thresholds that fire at once: warning above 1,000 and critical above 5,000 `queue.depth`; quiet
/// for a second is quiet.
pub const QUICK: &str = "format: 1\n\n# Quick thresholds\n\n## Thresholds\n\n\
| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n\
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
| `queue.depth` | `service:*` | above 1000 jobs | above 5000 jobs | 0 s | 500 jobs | - | More work waits than is done. | queue | - |\n\n\
## How incidents behave\n\n| rule | value |\n| --- | --- |\n| quiet for | 1 s |\n| reopen within | 10 s |\n| flood of | 5 incidents in 5 min |\n";

/// Tools that `scripts/lib.sh` installs for the tests.
pub fn tools() -> PathBuf {
    let below = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools");
    std::env::var_os("BUILD_TOOLS").map_or_else(below, PathBuf::from)
}

/// A folder with documents and data.
pub struct Home {
    pub dir: tempfile::TempDir,
    /// The hosts inside that may be asked.
    pub inside: String,
    /// The documents in use, where they are not those in the folder.
    pub ops: Option<PathBuf>,
}

impl Home {
    pub fn new() -> Self {
        let inside = "127.0.0.1,localhost".to_owned();
        let home = Self { dir: tempfile::tempdir().unwrap(), inside, ops: None };
        let init = calm_ops(&["init".as_ref(), home.ops().as_os_str()]);
        assert!(init.status.success(), "{init:?}");
        std::fs::write(home.ops().join("alerts/thresholds.md"), QUICK).unwrap();
        home
    }

    pub fn ops(&self) -> PathBuf {
        self.ops.clone().unwrap_or_else(|| self.dir.path().join("ops"))
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn start(&self) -> Running {
        self.start_with(&[]).unwrap_or_else(|output| panic!("it did not start: {output}"))
    }

    /// Starts the program; what it said if it ended before it was ready.
    pub fn start_with(&self, more: &[&str]) -> Result<Running, String> {
        self.start_from(Command::new(env!("CARGO_BIN_EXE_calm-ops")), more)
    }

    /// The secret of the link for the first owner: what a pipe leads to does not get it.
    pub fn owner_link(&self) -> String {
        let link = std::fs::read_to_string(self.data().join("owner-link")).unwrap();
        link.trim().rsplit('/').next().unwrap().to_owned()
    }

    /// The same by a command that becomes the program.
    pub fn start_from(&self, mut program: Command, more: &[&str]) -> Result<Running, String> {
        let began = Instant::now();
        let mut child = program
            .arg("serve")
            .args(if more.contains(&"--listen") {
                &[][..]
            } else {
                &["--listen", "127.0.0.1:0"][..]
            })
            .arg("--data-dir")
            .arg(self.data())
            .arg("--ops-dir")
            .arg(self.ops())
            .args(more)
            .env_remove("DATABASE_URL")
            // Where the tests receive calls.
            .env("CALM_OPS_NOTIFICATIONS_ALLOWED_INTERNAL_HOSTS", &self.inside)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut errors = child.stderr.take().unwrap();
        let collected = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap() == 0 {
                let _ = child.wait();
                return Err(collected.join().unwrap());
            }
            if let Some((scheme, port)) = line.split_once("://localhost:") {
                let started_in = began.elapsed();
                let port: String = port.chars().take_while(char::is_ascii_digit).collect();
                let mut running = Running {
                    child,
                    address: format!("127.0.0.1:{port}"),
                    cookie: String::new(),
                    started_in,
                };
                // As its owner: by the link as long as there is none, else by name and password.
                if scheme.ends_with("http") {
                    let page = running.get("/sign-in").body;
                    let is_owned = !page.contains("has no owner");
                    let body = if !is_owned {
                        let secret = self.owner_link();
                        (
                            "/api/people/join",
                            format!(
                                r#"{{"secret":"{secret}","name":"{OWNER}","password":"{PASSWORD}"}}"#
                            ),
                        )
                    } else {
                        (
                            "/api/people/sign-in",
                            format!(r#"{{"name":"{OWNER}","password":"{PASSWORD}"}}"#),
                        )
                    };
                    running.cookie = running.post(body.0, &body.1).cookie();
                }
                std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
                return Ok(running);
            }
        }
    }
}

/// Runs the program to its end.
pub fn calm_ops(arguments: &[&std::ffi::OsStr]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_calm-ops"))
        .args(arguments)
        .env_remove("DATABASE_URL")
        .output()
        .unwrap()
}

/// `calm-ops journal verify` on a data directory.
pub fn verify(data: &Path) -> Output {
    calm_ops(&["journal".as_ref(), "verify".as_ref(), "--data-dir".as_ref(), data.as_os_str()])
}

/// The program, running.
pub struct Running {
    pub child: Child,
    pub address: String,
    /// The owner's sign-in, as a header's value.
    pub cookie: String,
    pub started_in: Duration,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The cookie that it sets, as a request sends it.
    pub fn cookie(&self) -> String {
        let line = self.head.lines().find_map(|line| {
            line.strip_prefix("set-cookie: ").or_else(|| line.strip_prefix("Set-Cookie: "))
        });
        line.unwrap_or_else(|| panic!("no cookie: {self:?}")).split(';').next().unwrap().to_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Running {
    /// Signs in as the owner, with a fresh sign-in.
    pub fn sign_in(&mut self) {
        self.cookie.clear();
        self.cookie = self
            .post(
                "/api/people/sign-in",
                &format!(r#"{{"name":"{OWNER}","password":"{PASSWORD}"}}"#),
            )
            .cookie();
    }

    /// Invites someone, who comes in; their sign-in.
    pub fn invite(&self, role: &str, name: &str) -> String {
        let link = self.post("/api/people/invitations", &format!(r#"{{"role":"{role}"}}"#)).json();
        let body =
            format!(r#"{{"secret":{},"name":"{name}","password":"{PASSWORD}"}}"#, link["secret"]);
        // From a browser of their own.
        self.request(
            "POST",
            "/api/people/join",
            "Cookie: none=1\r\nContent-Type: application/json\r\n",
            &body,
        )
        .unwrap()
        .cookie()
    }

    /// Sends the signal that a service manager sends, and waits for the end.
    pub fn terminate(&mut self) -> (Duration, bool) {
        let began = Instant::now();
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        (began.elapsed(), status.success())
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// One request on a connection of its own, exactly as given. `None` if the connection broke.
    pub fn raw(&self, request: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        stream.write_all(request).ok()?;
        let mut bytes = Vec::new();
        // A reset after the answer was sent (a body that was too large to be read) does not matter.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.get(9..12)?.parse().ok()?;
        let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            unchunked(body)
        } else {
            body.to_owned()
        };
        Some(Answer { status, head: head.to_owned(), body })
    }

    pub fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Option<Answer> {
        let host = if headers.to_ascii_lowercase().contains("host:") {
            String::new()
        } else {
            format!("Host: {}\r\n", self.address)
        };
        let lower = headers.to_ascii_lowercase();
        let own =
            lower.contains("cookie:") || lower.contains("authorization:") || self.cookie.is_empty();
        let cookie = if own { String::new() } else { format!("Cookie: {}\r\n", self.cookie) };
        let length = body.len();
        self.raw(
            format!("{method} {path} HTTP/1.1\r\n{host}Connection: close\r\n{cookie}{headers}Content-Length: {length}\r\n\r\n{body}")
                .as_bytes(),
        )
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "", "").unwrap()
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.try_post(path, body).unwrap()
    }

    pub fn put(&self, path: &str, body: &str) -> Answer {
        self.request("PUT", path, "Content-Type: application/json\r\n", body).unwrap()
    }

    pub fn try_post(&self, path: &str, body: &str) -> Option<Answer> {
        self.request("POST", path, "Content-Type: application/json\r\n", body)
    }

    pub fn push(&self, subject: &str, value: f64) -> Answer {
        self.post("/api/ops/signals", &observation(subject, value))
    }

    /// Waits until `found` gives something.
    pub fn until<T>(&self, what: &str, mut found: impl FnMut(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = found(self) {
                return found;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// The number of the active incident about a subject.
    pub fn incident_about(&self, subject: &str) -> u64 {
        self.until(&format!("an incident about {subject}"), |program| {
            let incidents = program.get("/api/ops/incidents").json();
            let active = incidents["active"].as_array()?.clone();
            active.iter().find(|incident| incident["cause"] == subject)?["number"].as_u64()
        })
    }
}

pub fn observation(subject: &str, value: f64) -> String {
    format!(
        r#"{{"observations":[{{"signal":"queue.depth","subject":"{subject}","value":{value},"unit":"jobs"}}]}}"#
    )
}

fn unchunked(text: &str) -> String {
    let (mut rest, mut whole) = (text, String::new());
    while let Some((size, more)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 || more.len() < size {
            break;
        }
        whole.push_str(&more[..size]);
        rest = more[size..].trim_start_matches("\r\n");
    }
    whole
}
