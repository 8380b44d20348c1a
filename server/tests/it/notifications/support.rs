//! A service with its worker over one database, and incidents for it.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use commands::{
    account_change::{AccountChange, Join, MakeOwnerLink},
    accounts::{PasswordHash, SecretHash},
    command::{Change, Command, Record, SetContact},
    notifications::{ChannelSettings, ContactCard, ContactRequest, Quiet},
    reading::ListContacts,
};
use domain::{
    access::{Principal, Role},
    error::Error,
    id::{AccountId, ContactId, SessionId},
    journal::{Entry, Event},
    severity::Severity,
    time::Span,
};
use serde_json::json;
use server::{
    clock::Clock,
    collectors::http::Poster,
    current_status::CurrentStatus,
    notifications::{Mailer, Notifier, Outbound, Pace},
    service::Service,
    store::{Archive, Where},
    stream::Live,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Waits for no answer for longer than this.
pub fn impatient(pace: &mut Pace) {
    pace.time_limit = Duration::from_secs(3);
}

/// The address of links.
pub const URL: &str = "https://ops.example.com";
/// Must be seen nowhere but where it is sent to.
pub const TOPIC: &str = "hunter2-topic";
pub const TOKEN: &str = "tk_hunter2token";
pub const SECRET: &str = "hunter2-0123456789abcdef";
pub const PATH: &str = "/hooks/hunter2-path";

/// One empty database.
pub struct Place {
    pub at: Where,
    pub directory: tempfile::TempDir,
}

impl Place {
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { at: Where::Sqlite { path: directory.path().join("calm-ops.db") }, directory }
    }
}

pub struct World {
    pub store: Arc<dyn Archive>,
    pub service: Arc<Service>,
    pub clock: Clock,
    /// The words to people about who can't be called.
    pub told: Arc<Mutex<Vec<String>>>,
    stop: CancellationToken,
    worker: JoinHandle<()>,
}

fn retry(failures: u32) -> Option<Span> {
    (failures < 4).then_some(Span::from_millis(150))
}

impl World {
    /// Starts over what is in the database. Two people come in the first time: Ada (1) and Bo (2).
    pub async fn start(place: &Place) -> Self {
        Self::with(place, None).await
    }

    pub async fn with(place: &Place, mailer: Option<Mailer>) -> Self {
        Self::paced(place, mailer, |_| {}).await
    }

    /// The same in another rhythm.
    pub async fn paced(
        place: &Place,
        mailer: Option<Mailer>,
        change: impl FnOnce(&mut Pace),
    ) -> Self {
        let store = server::store::open_archive(&place.at).await.unwrap();
        let opening = store.opening().await.unwrap();
        let (clock, stop) = (Clock::start(), CancellationToken::new());
        let live = Live::new(opening.cursor, 10, domain::time::Timestamp::default());
        let service = Service::new(
            store.clone(),
            Arc::new(CurrentStatus::default()),
            live,
            Arc::default(),
            clock,
        );
        if opening.cursor.number == 0 {
            for (name, hash) in [("Ada", SecretHash([1; 32])), ("Bo", SecretHash([2; 32]))] {
                let password = PasswordHash("none".to_owned());
                for change in [
                    AccountChange::MakeOwnerLink(MakeOwnerLink { hash }),
                    AccountChange::Join(Join { hash, name: name.to_owned(), password }),
                ] {
                    service.change(Principal::System, Command::Account(change)).await.unwrap();
                }
            }
        }
        let mut pace = Pace {
            look: Duration::from_millis(50),
            // A busy machine answers late, and what is sent again would be counted twice.
            time_limit: Duration::from_secs(30),
            retry,
            calm: Span::from_mins(10),
            reports: Span::from_mins(10),
            escalate_after: Span::from_mins(10),
            remind_again: Span::from_millis(200),
            quiet: Span::from_millis(200),
            prove: Duration::from_mins(10),
        };
        change(&mut pace);
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let into = Arc::clone(&told);
        let report = Box::new(move |sentences| {
            *into.lock().unwrap() = sentences;
            true
        });
        let outbound = Outbound {
            public_url: Some(URL.to_owned()),
            is_generated: false,
            // Where receivers listen is not known yet, and their answers are to be seen.
            poster: Poster::new(None, &["127.0.0.1".to_owned(), "localhost".to_owned()])
                .unwrap()
                .configured(),
            mailer,
        };
        let (for_notifier, until) = (Arc::clone(&service), stop.clone());
        let notifier =
            Notifier::new(for_notifier, store.clone(), clock, outbound, pace, report, until);
        let worker = tokio::spawn(notifier.run(opening.cursor.number));
        Self { store, service, clock, told, stop, worker }
    }

    /// Ends it in good order.
    pub async fn stop(self) {
        self.stop.cancel();
        self.worker.await.unwrap();
    }

    pub async fn act(&self, caller: &Principal, command: Command) -> Result<u64, Error> {
        Ok(self.service.change(caller.clone(), command).await?.cursor.number)
    }

    pub async fn execute<C: Change>(&self, caller: &Principal, change: C) -> Result<u64, Error> {
        Ok(self.service.execute(caller.clone(), change).await?.cursor.number)
    }

    pub async fn record(&self, events: Vec<Event>) {
        self.execute(&Principal::Agent, Record { events, monitor: None }).await.unwrap();
    }

    /// Opens an incident.
    pub async fn open(&self, number: u32, severity: Severity) {
        self.record(vec![self.opened(number, severity)]).await;
    }

    pub fn opened(&self, number: u32, severity: Severity) -> Event {
        let since = domain::time::Timestamp::from_secs(1_790_000_000);
        let breach = fixtures::breach().severity(severity).peak(94.0).since(since).build();
        fixtures::incident(number)
            .of([breach])
            .began(self.clock.now().wall)
            .summarized(Span::from_mins(5))
            .opening()
    }

    /// Sets a contact of a person; its number.
    pub async fn contact(&self, who: &Principal, channel: ChannelSettings) -> ContactId {
        self.set(who, None, wanted(Some(channel))).await.unwrap()
    }

    pub async fn set(
        &self,
        who: &Principal,
        contact: Option<ContactId>,
        wanted: ContactRequest,
    ) -> Result<ContactId, Error> {
        let number = self.execute(who, SetContact { contact, wanted }).await?;
        Ok(contact.unwrap_or(ContactId(u32::try_from(number).unwrap())))
    }

    pub async fn cards(&self, who: &Principal) -> Vec<ContactCard> {
        {
            let found = self.service.execute(who.clone(), ListContacts {}).await.unwrap();
            found.contacts
        }
    }

    pub async fn journal(&self) -> Vec<Entry> {
        let mut all = Vec::new();
        loop {
            let more = self
                .store
                .entries(all.last().map_or(0, |entry: &Entry| entry.number), 1_000)
                .await
                .unwrap();
            if more.is_empty() {
                return all;
            }
            all.extend(more);
        }
    }

    /// Every entry that says that someone was called, or could not be: whether it went out, by
    /// which contact, because of which entry.
    pub async fn calls(&self) -> Vec<(bool, ContactId, u64)> {
        let told = |entry: &Entry| match &entry.event {
            Some(Event::Called { contact, entry, .. }) => Some((true, *contact, *entry)),
            Some(Event::CallFailed { contact, entry, .. }) => Some((false, *contact, *entry)),
            _ => None,
        };
        self.journal().await.iter().filter_map(told).collect()
    }

    /// Waits until so many calls have ended.
    pub async fn until_called(&self, count: usize) -> Vec<(bool, ContactId, u64)> {
        let began = Instant::now();
        loop {
            let calls = self.calls().await;
            if calls.len() >= count {
                return calls;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "only {calls:?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until people are told something about who can't be called.
    pub async fn until_told(&self, words: &str) -> Vec<String> {
        let began = Instant::now();
        loop {
            let told = self.told.lock().unwrap().clone();
            if told.iter().any(|sentence| sentence.contains(words)) {
                return told;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "only {told:?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits long enough that whatever is going to be sent wrongly is sent.
    pub async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

pub fn account(id: u32) -> Principal {
    Principal::Account {
        id: AccountId(id),
        role: Role::Viewer,
        session: SessionId(1),
        recently_authenticated: true,
    }
}

pub fn ada() -> Principal {
    account(1)
}

pub fn bo() -> Principal {
    account(2)
}

pub fn wanted(channel: Option<ChannelSettings>) -> ContactRequest {
    ContactRequest {
        label: "Phone".to_owned(),
        channel,
        least: Severity::Warning,
        quiet: None,
        enabled: true,
        reports: Default::default(),
    }
}

/// Quiet from an hour ago until in an hour.
pub fn quiet(now: domain::time::Timestamp) -> Quiet {
    let hour = now.as_micros().div_euclid(3_600_000_000).rem_euclid(24);
    let time = |hour: i64| format!("{:02}:59", hour.rem_euclid(24)).parse().unwrap();
    Quiet { from: time(hour - 2), to: time(hour + 1), zone: "UTC".parse().unwrap() }
}

/// Settings as a program sends them.
pub fn settings(json: serde_json::Value) -> ChannelSettings {
    serde_json::from_value(json).unwrap()
}

pub fn ntfy(url: &str) -> ChannelSettings {
    settings(json!({ "kind": "ntfy", "server": url, "topic": TOPIC, "token": TOKEN }))
}

pub fn webhook(url: &str, form: &str) -> ChannelSettings {
    let url = format!("{url}{PATH}");
    settings(json!({ "kind": "webhook", "url": url, "form": form, "secret": SECRET }))
}

pub fn mail(address: &str) -> ChannelSettings {
    settings(json!({ "kind": "mail", "address": address }))
}
