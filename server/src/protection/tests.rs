//! The flag file follows what is in force, whatever is in the way.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Arc, Mutex},
};

use domain::{
    actor::Actor,
    journal::{Entry, Event},
    protection::{Protection, SafeModeStage},
    time::{Span, Timestamp},
};

use super::*;
use crate::store::SqliteStore;

struct Place {
    dir: tempfile::TempDir,
    told: Arc<Mutex<Vec<String>>>,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), told: Arc::default() }
    }

    fn flag(&self) -> Flag {
        Flag::new(self.dir.path().join("gate/safe-mode"))
    }

    fn is_there(&self) -> bool {
        self.flag().path().exists()
    }

    fn enforcement(&self, protection: Protection) -> Enforcement {
        let told = Arc::clone(&self.told);
        let report = Box::new(move |sentences| {
            *told.lock().unwrap() = sentences;
            true
        });
        Enforcement::new(protection, None, Some(Arc::new(self.flag())), Clock::start(), report)
    }

    fn told(&self) -> String {
        self.told.lock().unwrap().concat()
    }
}

fn entry(number: u64, event: Event) -> Entry {
    Entry { number, at: Clock::start().now().wall, actor: Actor::Local, event: Some(event) }
}

fn began() -> Event {
    Event::SafeModeBegan { incident: None, reason: "writes fail".into() }
}

#[tokio::test]
async fn the_file_is_there_before_safe_mode_begins_and_goes_when_it_has_ended() {
    let place = Place::new();
    let enforcement = place.enforcement(Protection::default());
    enforcement.settle().await;
    assert!(!place.is_there());
    enforcement.expect_safe_mode().await;
    assert!(place.is_there(), "before anything is committed");
    enforcement.take(&[entry(1, began())]).await;
    let text = place.flag().read().unwrap();
    assert_eq!(told_stage(&text), SafeModeStage::ReadOnly);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let flag = place.flag();
    assert_eq!((mode(flag.path()), mode(flag.path().parent().unwrap())), (0o644, 0o755));
    let stage = SafeModeStage::Interactive;
    enforcement.take(&[entry(2, Event::SafeModeStageChanged { stage, incident: None })]).await;
    let text = place.flag().read().unwrap();
    assert_eq!((told_stage(&text), text.lines().count()), (stage, 2), "{text}");
    assert!(text.contains("/ops/protection"), "{text}");
    // Someone removed it.
    fs::remove_file(flag.path()).unwrap();
    enforcement.settle().await;
    assert!(place.is_there());
    enforcement.take(&[entry(3, Event::SafeModeEnded)]).await;
    assert!(!place.is_there());
    assert_eq!(place.told(), "");
}

#[tokio::test]
async fn what_was_refused_leaves_no_file() {
    let place = Place::new();
    let enforcement = place.enforcement(Protection::default());
    enforcement.expect_safe_mode().await;
    enforcement.expects_nothing();
    enforcement.settle().await;
    assert!(!place.is_there());
    // Nor takes it away while safe mode is in force.
    enforcement.take(&[entry(1, began())]).await;
    enforcement.expect_safe_mode().await;
    enforcement.expects_nothing();
    enforcement.settle().await;
    assert!(place.is_there());
}

#[tokio::test]
async fn a_file_that_can_not_be_written_is_told_and_tried_again() {
    let place = Place::new();
    // A file in the way of the folder.
    let folder = place.flag().path().parent().unwrap().to_owned();
    fs::write(&folder, "").unwrap();
    assert!(unusable(&place.flag()).unwrap().contains("can't be written"));
    let enforcement = place.enforcement(Protection::default());
    enforcement.take(&[entry(1, began())]).await;
    assert!(place.told().contains("can't be written"), "{}", place.told());
    fs::remove_file(&folder).unwrap();
    enforcement.settle().await;
    assert!(place.is_there() && place.told().is_empty(), "{}", place.told());
    assert_eq!(unusable(&place.flag()), None);
}

#[tokio::test]
async fn a_file_that_someone_made_is_told_and_left() {
    let place = Place::new();
    let enforcement = place.enforcement(Protection::default());
    fs::create_dir(place.flag().path().parent().unwrap()).unwrap();
    fs::write(place.flag().path(), "").unwrap();
    enforcement.settle().await;
    assert!(place.is_there() && place.told().contains("someone created"), "{}", place.told());
    fs::remove_file(place.flag().path()).unwrap();
    enforcement.settle().await;
    assert_eq!(place.told(), "");
}

#[tokio::test]
async fn a_gate_without_a_flag_file_is_told_of_in_safe_mode() {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&told);
    let clock = Clock::start();
    let text = include_str!("../../../ops/protection/limits.md");
    let limits = policy::limits::Limits::parse("limits.md", text).unwrap();
    let gatekeeper = Arc::new(Gatekeeper::new(Arc::new(limits), clock));
    let report = Box::new(move |sentences| {
        *noted.lock().unwrap() = sentences;
        true
    });
    let none = Protection::default();
    let enforcement = Enforcement::new(none, Some(gatekeeper), None, clock, report);
    enforcement.settle().await;
    assert!(told.lock().unwrap().is_empty());
    enforcement.take(&[entry(1, began())]).await;
    assert!(told.lock().unwrap().concat().contains("gate.safe_mode_flag"));
    enforcement.take(&[entry(2, Event::SafeModeEnded)]).await;
    assert!(told.lock().unwrap().is_empty());
}

async fn written(store: &SqliteStore, event: Event, at: Timestamp) {
    let change = Change {
        at,
        actor: Actor::Local,
        about: About::Nothing,
        decide: Box::new(move |_| Ok(vec![event])),
        people: None,
        monitor: None,
    };
    store.change(change).await.unwrap();
}

#[tokio::test]
async fn the_start_settles_what_a_kill_left_behind() {
    let place = Place::new();
    let store = SqliteStore::open(&place.dir.path().join("calm-ops.db")).await.unwrap();
    let now = || Clock::start().now().wall;
    let flag = place.flag();
    let start = async || at_start(&store, Some(&flag), now()).await.unwrap().safe_mode;
    assert_eq!(start().await, None);

    // Killed before the change was committed: someone pressed, so it is in force.
    flag.lock().write("begun").unwrap();
    let adopted = start().await.unwrap();
    assert_eq!(adopted.by, Actor::System);
    assert!(adopted.reason.contains("gate/safe-mode"), "{adopted:?}");
    assert!(place.is_there());
    // Only once.
    assert_eq!(start().await.unwrap().began_at, adopted.began_at);

    // Killed after the end was committed: the file goes.
    written(&store, Event::SafeModeEnded, now().plus(Span::from_secs(1))).await;
    assert_eq!(start().await, None);
    assert!(!place.is_there());

    // In force by the journal: the first look brings the file back.
    written(&store, began(), now().plus(Span::from_secs(2))).await;
    let protection = at_start(&store, Some(&flag), now()).await.unwrap();
    place.enforcement(protection).settle().await;
    assert!(place.is_there());
}
