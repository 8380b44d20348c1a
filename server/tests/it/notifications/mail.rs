//! E-mail, by a real server.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command as Process, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use commands::{command::TestContact, notifications::DeliveryStatus};
use domain::severity::Severity;
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use server::{
    config::{Mail, MailTls, Secret},
    notifications::Mailer,
};

use crate::{
    notifications::support::{Place, URL, World, ada, mail},
    program::tools,
};

/// A mail server that takes every letter.
pub struct Server {
    child: Child,
    port: u16,
    letters: Arc<Mutex<Vec<Value>>>,
}

/// Writes a certificate for `localhost`, and gives its place.
fn certificate(folder: &Path) -> PathBuf {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(folder.join("mail.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("mail.key"), key.serialize_pem()).unwrap();
    folder.join("mail.pem")
}

impl Server {
    fn start(folder: &Path, put_off: u32, slow: u32) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let library = tools().join("smtp");
        assert!(
            library.join("aiosmtpd").is_dir(),
            "aiosmtpd is missing; 'make test' installs it, by need_smtp in scripts/lib.sh"
        );
        let mut child = Process::new("python3")
            .env("PYTHONPATH", library)
            .arg(here.join("tests/it/notifications/smtp.py"))
            .args([folder.join("mail.pem"), folder.join("mail.key")])
            .args([put_off.to_string(), slow.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines: BufReader<ChildStdout> = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        lines.read_line(&mut port).unwrap();
        let letters: Arc<Mutex<Vec<Value>>> = Arc::default();
        let into = Arc::clone(&letters);
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                into.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, port: port.trim().parse().unwrap(), letters }
    }

    /// One that puts nothing off, with the settings to send by it.
    pub fn ready(folder: &Path) -> (Self, Mail) {
        Self::with(folder, 0)
    }

    /// One that puts so many off at first, with the settings to send by it.
    pub fn with(folder: &Path, put_off: u32) -> (Self, Mail) {
        Self::of_kind(folder, put_off, 0)
    }

    /// One that needs so many seconds before it has taken a report, with the settings to send by it.
    pub fn slow(folder: &Path, seconds: u32) -> (Self, Mail) {
        Self::of_kind(folder, 0, seconds)
    }

    fn of_kind(folder: &Path, put_off: u32, slow: u32) -> (Self, Mail) {
        let authority = certificate(folder);
        let server = Self::start(folder, put_off, slow);
        let mail = server.mail(PASSWORD, Some(authority));
        (server, mail)
    }

    fn of(&self, taken: bool) -> Vec<Value> {
        let letters = self.letters.lock().unwrap();
        letters.iter().filter(|letter| letter["taken"] == taken).cloned().collect()
    }

    /// The letters that it took.
    pub fn taken(&self) -> Vec<Value> {
        self.of(true)
    }

    /// The letters that it put off.
    pub fn put_off(&self) -> Vec<Value> {
        self.of(false)
    }

    /// The letters that came, as text.
    pub fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().iter().map(Value::to_string).collect()
    }

    fn mail(&self, password: &str, ca_file: Option<PathBuf>) -> Mail {
        Mail {
            server: "localhost".to_owned(),
            port: self.port,
            tls: MailTls::Start,
            login: Some(("calm-ops".to_owned(), Secret::new(password))),
            from: "calm-ops@example.com".to_owned(),
            ca_file,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const PASSWORD: &str = "hunter2-of-the-mail";

pub fn header<'a>(letter: &'a Value, name: &str) -> &'a str {
    let head = letter["message"].as_str().unwrap().split("\r\n\r\n").next().unwrap();
    head.lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_else(|| panic!("no {name} in {head}"))
}

pub async fn a_letter_comes_over_tls_with_the_same_id_each_time(place: &Place) {
    let folder = place.directory.path();
    let authority = certificate(folder);
    let server = Server::start(folder, 1, 0);
    let mailer = Mailer::new(&server.mail(PASSWORD, Some(authority.clone()))).unwrap();
    let world = World::with(place, Some(mailer)).await;
    let contact = world.contact(&ada(), mail("ada@example.com")).await;
    world.open(1, Severity::Critical).await;
    let calls = world.until_called(1).await;
    assert_eq!(
        calls.iter().map(|(sent, by, _)| (*sent, *by)).collect::<Vec<_>>(),
        [(true, contact)]
    );
    let letters = server.letters.lock().unwrap().clone();
    assert_eq!(
        letters.iter().map(|letter| letter["taken"].as_bool().unwrap()).collect::<Vec<_>>(),
        [false, true],
        "put off once"
    );
    for letter in &letters {
        assert!(letter["tls"].as_bool().unwrap() && letter["user"] == "calm-ops", "{letter}");
        assert_eq!(
            (letter["from"].as_str(), &letter["to"]),
            (Some("calm-ops@example.com"), &serde_json::json!(["ada@example.com"]))
        );
        assert!(header(letter, "Subject: ").starts_with("Critical: "), "{letter}");
        assert_eq!(header(letter, "Auto-Submitted: "), "auto-generated");
        assert!(
            letter["message"].as_str().unwrap().contains(&format!("{URL}/ops/incidents/1")),
            "{letter}"
        );
    }
    let id = header(&letters[0], "Message-ID: ");
    assert!(id == header(&letters[1], "Message-ID: ") && id.ends_with("@example.com>"), "{id}");
    world.stop().await;

    // What is in the way is told in a sentence, without the password and what the server said.
    for (mail, expected) in [
        (server.mail("hunter2-wrong", Some(authority)), "rejected"),
        (server.mail(PASSWORD, None), "TLS with the mail server failed"),
    ] {
        let world = World::with(place, Some(Mailer::new(&mail).unwrap())).await;
        // Each contact can be tested only now and then.
        world.contact(&ada(), self::mail("ada@example.com")).await;
        let last = tested(&world).await;
        assert!(last.contains(expected) && !last.contains("hunter2"), "{last}");
        world.stop().await;
    }
    let world = World::start(place).await;
    world.contact(&ada(), mail("ada@example.com")).await;
    assert!(tested(&world).await.contains("E-mail is not set up"));
    assert_eq!(server.letters.lock().unwrap().len(), 2);
    world.stop().await;
}

/// The words of a test of the newest contact that fails.
async fn tested(world: &World) -> String {
    let contact = world.cards(&ada()).await.last().unwrap().id;
    world.execute(&ada(), TestContact { contact }).await.unwrap();
    let began = Instant::now();
    loop {
        let last = world.cards(&ada()).await.pop().unwrap().last.unwrap();
        if last.fate == DeliveryStatus::Failed {
            return last.problem.unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{last:?}");
        world.settle().await;
    }
}
