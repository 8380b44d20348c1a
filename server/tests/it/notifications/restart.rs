//! The real program: killed in the middle, and with everything logged.

use std::{
    io::{Read as _, Write as _},
    sync::{Arc, Mutex},
};

use commands::command::TestContact;
use domain::severity::Severity;

use crate::{
    notifications::{
        receiver::{Answer, Receiver},
        support::{PATH, Place, SECRET, TOKEN, TOPIC, World, ada, impatient, ntfy, webhook},
    },
    program::Home,
};

/// Takes log lines.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_logged_or_journalled_whatever_happens() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let place = Place::sqlite();
    let world = World::paced(&place, None, impatient).await;
    let phone = Receiver::start().await;
    phone.answer_next(&[
        Answer::Status(500),
        Answer::Silence,
        Answer::Status(403),
        Answer::Status(301),
    ]);
    world.contact(&ada(), ntfy(&phone.url)).await;
    let hook = world.contact(&ada(), webhook(&phone.url, "calm_ops")).await;
    // Nobody listens there, and this speaks no TLS.
    world.contact(&ada(), webhook("http://127.0.0.1:1", "chat")).await;
    world.contact(&ada(), webhook(&phone.url.replace("http:", "https:"), "chat")).await;
    world.open(1, Severity::Critical).await;
    world.until_called(4).await;
    world.execute(&ada(), TestContact { contact: hook }).await.unwrap();
    world.settle().await;
    let journal = serde_json::to_string(&world.journal().await).unwrap();
    let cards = serde_json::to_string(&world.cards(&ada()).await).unwrap();
    let stored = world.store.stored_entries(0, 1_000).await.unwrap();
    world.stop().await;
    let log = String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
    assert!(log.contains("a notification could not be sent"), "the log is heard");
    for secret in [TOPIC, TOKEN, SECRET, PATH, "hunter2"] {
        assert!(
            !log.contains(secret),
            "{secret} is in the log: {}",
            log.lines().find(|line| line.contains(secret)).unwrap()
        );
        assert!(!journal.contains(secret) && !cards.contains(secret), "{secret}");
        let has = |entry: &domain::journal::StoredEntry| {
            entry
                .payload
                .as_ref()
                .is_some_and(|(_, payload)| String::from_utf8_lossy(payload).contains(secret))
        };
        assert!(!stored.iter().any(has), "{secret}");
    }
}

/// A receiver in threads of its own, as the program is another process: answers 503 until it is
/// told to take.
struct Listening {
    url: String,
    taken: Arc<Mutex<Vec<(bool, serde_json::Value)>>>,
    takes: Arc<Mutex<bool>>,
}

impl Listening {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (taken, takes): (Arc<Mutex<Vec<_>>>, Arc<Mutex<bool>>) =
            (Arc::default(), Arc::default());
        let (into, now) = (Arc::clone(&taken), Arc::clone(&takes));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (into, now) = (Arc::clone(&into), Arc::clone(&now));
                std::thread::spawn(move || {
                    let mut stream = stream;
                    let (mut bytes, mut part) = (Vec::new(), [0; 4_096]);
                    let body = loop {
                        let Ok(length) = stream.read(&mut part) else { return };
                        bytes.extend_from_slice(&part[..length]);
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
                        if let Some(body) = body.and_then(|body| serde_json::from_str(body).ok()) {
                            break body;
                        }
                        if length == 0 {
                            return;
                        }
                    };
                    let fine = *now.lock().unwrap();
                    into.lock().unwrap().push((fine, body));
                    let status = if fine { "200 OK" } else { "503 Later" };
                    let _ = stream.write_all(
                        format!(
                            "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        )
                        .as_bytes(),
                    );
                });
            }
        });
        Self { url, taken, takes }
    }
}

#[test]
fn a_kill_in_the_middle_loses_no_call_and_repeats_none() {
    let home = Home::new();
    let listening = Listening::start();
    let mut program = home.start_with(&["--public-url", "https://ops.example.com"]).unwrap();
    let wanted = format!(
        r#"{{"label":"Phone","way":{{"kind":"ntfy","server":"{}","topic":"{TOPIC}"}},"least":"warning","enabled":true}}"#,
        listening.url
    );
    let set = program.post("/api/people/contacts", &wanted);
    assert_eq!(set.status, 200, "{set:?}");
    program.push("service:imports", 9_000.0);
    program.incident_about("service:imports");
    program.until("a try", |_| (!listening.taken.lock().unwrap().is_empty()).then_some(()));
    program.kill();
    *listening.takes.lock().unwrap() = true;
    let program = home.start_with(&["--public-url", "https://ops.example.com"]).unwrap();
    let called = |program: &crate::program::Running| {
        let entries = program.get("/api/ops/journal?limit=1000").json()["entries"]
            .as_array()
            .unwrap()
            .clone();
        entries.iter().filter(|entry| entry["event"]["event"] == "called").count()
    };
    program.until("the call", |program| (called(program) > 0).then_some(()));
    std::thread::sleep(std::time::Duration::from_secs(3));
    let taken = listening.taken.lock().unwrap().clone();
    let accepted: Vec<_> = taken
        .iter()
        .filter(|(fine, _)| *fine)
        .map(|(_, body)| body["sequence_id"].clone())
        .collect();
    let mut once = accepted.clone();
    once.dedup();
    assert_eq!(accepted, once, "{taken:?}");
    assert_eq!((called(&program), accepted.len()), (1, 1), "{taken:?}");
    let card = program.get("/api/people/contacts").json()["contacts"][0].clone();
    assert_eq!(
        (card["last"]["fate"].as_str(), card["place"].as_str()),
        (Some("sent"), listening.url.strip_prefix("http://"))
    );
    let id = card["id"].as_u64().unwrap();
    assert_eq!(program.post(&format!("/api/people/contacts/{id}/remove"), "{}").status, 200);
    assert_eq!(program.get("/api/people/contacts").json()["contacts"].as_array().unwrap().len(), 0);
}
