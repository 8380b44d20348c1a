//! An account in simulated time: a fake of DigitalOcean that fails as the real one does, and the
//! figures that are promised.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::{Arc, LazyLock},
};

use domain::{
    breach::Breach,
    observation::Observation,
    reading::Status,
    reason::FailureReason,
    subject::Subject,
    time::{MonotonicTime, Now, Span, Timestamp},
};
use engine::evaluate::{Engine, SeriesId};
use policy::thresholds::Thresholds;

use super::{
    account::{Account, Answer, Selection},
    budget::RateHeaders,
    inventory::{Droplet, ThingKind},
    nearness::InForce,
};
use crate::collectors::{Absence, Round, signals};

mod figures;
mod lists;

/// The simulated start, at the beginning of a minute.
const START: i64 = 1_800_000_000;
/// Seconds between samples.
const PERIOD: i64 = 120;
/// Seconds between rounds.
const ROUND: f64 = 5.0;
/// Seconds without an answer after which a round is told all the same: it says the same as the one
/// before, and is old only after 30.
const TOLD: f64 = 20.0;

/// Numbers that are the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((self.0 >> 33) as f64) / f64::from(1_u32 << 31)
    }
}

/// The course of a droplet's share of something, by seconds since the start.
type Course = Box<dyn Fn(i64) -> f64>;

/// The ways in which an answer fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    TooMany,
    Error,
    Slow,
    Empty,
    Half,
}

impl Fault {
    const ALL: [Self; 5] = [Self::TooMany, Self::Error, Self::Slow, Self::Empty, Self::Half];
}

/// An action of a droplet of the fake.
struct FakeAction {
    id: u64,
    droplet: u64,
    is_over: bool,
}

impl FakeAction {
    fn json(&self) -> String {
        let status = if self.is_over { "completed" } else { "in-progress" };
        format!(
            r#"{{"id":{},"status":"{status}","type":"resize","started_at":"2027-01-15T08:00:00Z","resource_id":{},"resource_type":"droplet"}}"#,
            self.id, self.droplet
        )
    }
}

/// A droplet of the fake.
struct FakeDroplet {
    id: u64,
    name: String,
    tag: &'static str,
    status: &'static str,
    has_agent: bool,
    /// The list of droplets with GPUs names it, and no other.
    has_gpu: bool,
    /// No list names it, though it exists.
    is_hidden: bool,
    /// Its memory in MB, by the time from which it has so much.
    memory: Vec<(i64, u64)>,
    cpu: Course,
    disk: Course,
    /// The times at which it was started: its counters begin there.
    starts: Vec<i64>,
}

/// The fake: what is in the account, and how it fails.
struct Fake {
    droplets: Vec<FakeDroplet>,
    balancers: usize,
    databases: usize,
    /// Seconds after which a sample can be asked for.
    lag: i64,
    /// The part of the answers that fail.
    faults: f64,
    /// The ways in which they fail; in all ways where none is chosen.
    fault: Option<Fault>,
    /// Actions, the newest first.
    actions: Vec<FakeAction>,
    /// The part of the token that others have used in this hour.
    others: u32,
    /// The rest of the token, whatever was used.
    left: Option<u32>,
    random: RefCell<Random>,
    /// The times of requests, in seconds.
    asked: RefCell<Vec<f64>>,
    failed: RefCell<BTreeMap<Option<Fault>, usize>>,
}

impl Fake {
    fn new(droplets: usize) -> Self {
        let droplet = |number: usize| FakeDroplet {
            id: 1_000 + number as u64,
            name: format!("web-{number}"),
            tag: "production",
            status: "active",
            has_agent: true,
            has_gpu: false,
            is_hidden: false,
            memory: vec![(-10_000, 2_000)],
            cpu: Box::new(move |_| 20.0 + number as f64 / 10.0),
            disk: Box::new(move |_| 30.0 + number as f64 / 4.0),
            starts: vec![-10_000],
        };
        Self {
            droplets: (0..droplets).map(droplet).collect(),
            balancers: 3,
            databases: 2,
            lag: 30,
            faults: 0.0,
            fault: None,
            actions: vec![FakeAction { id: 1, droplet: 1_000, is_over: true }],
            others: 0,
            left: None,
            random: RefCell::new(Random(7)),
            asked: RefCell::default(),
            failed: RefCell::default(),
        }
    }

    /// The failure of the next answer, if it fails.
    fn next_fault(&self) -> Option<Fault> {
        let chance = self.random.borrow_mut().next();
        let fault = (chance < self.faults).then(|| {
            let any = (chance / self.faults * 5.0) as usize;
            self.fault.unwrap_or(Fault::ALL[any.min(4)])
        });
        *self.failed.borrow_mut().entry(fault).or_default() += 1;
        fault
    }

    /// Answers a request at a time in seconds since the start.
    fn answer(&self, path: &str, now: f64) -> Result<Answer, FailureReason> {
        self.asked.borrow_mut().push(now);
        let used = self.asked.borrow().iter().filter(|at| now - **at < 3_600.0).count() as u32;
        let remaining = self.left.unwrap_or(5_000_u32.saturating_sub(self.others + used));
        let headers = RateHeaders {
            limit: Some(5_000),
            remaining: Some(remaining),
            reset: Some(START + now as i64 + 60),
            retry_after: None,
        };
        let answer = |status, body: String| Ok(Answer { status, headers, body: body.into_bytes() });
        let error = r#"{"id":"server_error","message":"Unexpected server-side error"}"#.to_owned();
        let now = now as i64;
        match self.next_fault() {
            _ if remaining == 0 => answer(429, r#"{"id":"too_many_requests"}"#.to_owned()),
            Some(Fault::TooMany) => {
                let headers = RateHeaders { retry_after: Some(5), ..headers };
                Ok(Answer { status: 429, headers, body: Vec::new() })
            }
            Some(Fault::Error) => answer(500, error),
            Some(Fault::Slow) => Err(FailureReason::told("It did not answer within 10 s")),
            Some(Fault::Half) => {
                let (status, mut body) = self.body(path, now, false);
                body.truncate(body.len() * 2 / 3);
                answer(status, body)
            }
            fault => {
                let (status, body) = self.body(path, now, fault == Some(Fault::Empty));
                answer(status, body)
            }
        }
    }

    fn body(&self, path: &str, now: i64, is_empty: bool) -> (u16, String) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query: BTreeMap<&str, &str> =
            query.split('&').filter_map(|part| part.split_once('=')).collect();
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<i64>().ok());
        if let Some(metric) = path.strip_prefix("/v2/monitoring/metrics/") {
            let window = (number("start").unwrap() - START, number("end").unwrap() - START);
            let id = query.get("host_id").and_then(|id| id.parse().ok()).unwrap_or(0);
            let result =
                if is_empty { String::new() } else { self.series(metric, id, window, now) };
            return (
                200,
                format!(
                    r#"{{"status":"success","data":{{"resultType":"matrix","result":[{result}]}}}}"#
                ),
            );
        }
        let things = |kind: &str, count: usize, status: &str| -> Vec<(String, String)> {
            let one = |number: usize| {
                let id = format!("{kind}-{number}");
                let body = format!(r#"{{"id":"{id}","name":"{id}","status":"{status}"}}"#);
                (id, body)
            };
            (0..count).map(one).collect()
        };
        let has_gpu = query.get("type") == Some(&"gpus");
        let of = |one: &FakeDroplet| (one.id.to_string(), one.json(now));
        let parts: Vec<&str> = path.trim_start_matches("/v2/").split('/').collect();
        let (list, id) = (parts[0], parts.get(1));
        let (name, all): (&str, Vec<(String, String)>) = match list {
            "droplets" => {
                let is_named =
                    |one: &&FakeDroplet| id.is_some() || one.has_gpu == has_gpu && !one.is_hidden;
                ("droplet", self.droplets.iter().filter(is_named).map(of).collect())
            }
            "load_balancers" => ("load_balancer", things("lb", self.balancers, "active")),
            "databases" => ("database", things("db", self.databases, "online")),
            "actions" => {
                let of = |one: &FakeAction| (one.id.to_string(), one.json());
                ("action", self.actions.iter().map(of).collect())
            }
            "apps" => ("app", Vec::new()),
            other => panic!("{other}"),
        };
        if let Some(id) = id {
            let found = all.iter().find(|(own, _)| own == id);
            return match found {
                Some((_, body)) => (200, format!(r#"{{"{name}":{body}}}"#)),
                None => (404, r#"{"id":"not_found","message":"not found"}"#.to_owned()),
            };
        }
        // The real one gives pages; a small page tries them.
        let (page, size) = (number("page").unwrap_or(1) as usize, 25);
        let shown: Vec<String> = if is_empty {
            Vec::new()
        } else {
            all.iter().skip((page - 1) * size).take(size).map(|(_, body)| body.clone()).collect()
        };
        let total = if is_empty { 0 } else { all.len() };
        let next = if page * size < total { r#"{"next":"https://x/?page=2"}"# } else { "{}" };
        let body = format!(
            r#"{{"{list}":[{}],"links":{{"pages":{next}}},"meta":{{"total":{total}}}}}"#,
            shown.join(",")
        );
        (200, body)
    }

    /// The series of a metric in a window of seconds since the start.
    fn series(&self, metric: &str, id: u64, (from, to): (i64, i64), now: i64) -> String {
        let last = to.min(now - self.lag);
        let times: Vec<i64> = (from.div_euclid(PERIOD)..=last.div_euclid(PERIOD))
            .map(|step| step * PERIOD)
            .filter(|at| *at >= from && *at <= last)
            .collect();
        let series = |labels: &str, value: &dyn Fn(i64) -> f64| {
            let mut values = String::new();
            for at in &times {
                let _ = write!(values, "[{},\"{}\"],", START + at, value(*at));
            }
            let values = values.trim_end_matches(',');
            format!(r#"{{"metric":{{"host_id":"{id}"{labels}}},"values":[{values}]}}"#)
        };
        if !metric.starts_with("droplet/") {
            return series("", &|_| 1.0);
        }
        let Some(droplet) = self.droplets.iter().find(|one| one.id == id) else {
            return String::new();
        };
        if droplet.status != "active" || times.is_empty() {
            return String::new();
        }
        let disk = r#","device":"/dev/vda1","fstype":"ext4","mountpoint":"/""#;
        match metric {
            "droplet/cpu" => {
                let spent = |at: i64, is_idle: bool| {
                    let began = droplet.starts.iter().rfind(|start| **start <= at).copied();
                    let began = began.unwrap_or(at);
                    // Minute by minute, so that the share between two samples is that of its course.
                    let shares = (began.div_euclid(60)..at.div_euclid(60))
                        .map(|minute| (droplet.cpu)(minute * 60).clamp(0.0, 100.0) / 100.0);
                    let share = |share: f64| if is_idle { 1.0 - share } else { share };
                    shares.map(share).sum::<f64>() * 60.0 * 2.0
                };
                let idle = series(r#","mode":"idle""#, &|at| spent(at, true));
                let user = series(r#","mode":"user""#, &|at| spent(at, false));
                format!("{idle},{user}")
            }
            _ if !droplet.has_agent => String::new(),
            "droplet/memory_total" => series("", &|at| droplet.memory(at) as f64 * 1e6),
            // 0.8 GB are used.
            "droplet/memory_available" => {
                series("", &|at| (droplet.memory(at) as f64 - 800.0) * 1e6)
            }
            "droplet/filesystem_size" => series(disk, &|_| 25e9),
            "droplet/filesystem_free" => {
                series(disk, &|at| 25e9 * (1.0 - (droplet.disk)(at).clamp(0.0, 100.0) / 100.0))
            }
            "droplet/load_5" => series("", &|_| 0.5),
            other => panic!("{other}"),
        }
    }
}

impl FakeDroplet {
    /// Its memory in MB at a time in seconds since the start.
    fn memory(&self, at: i64) -> u64 {
        self.memory.iter().rfind(|(from, _)| *from <= at).map_or(0, |(_, memory)| *memory)
    }

    fn json(&self, now: i64) -> String {
        format!(
            r#"{{"id":{},"name":"{}","status":"{}","vcpus":2,"memory":{},"disk":25,"tags":["{}"],"networks":{{"v4":[],"v6":[]}}}}"#,
            self.id,
            self.name,
            self.status,
            self.memory(now),
            self.tag
        )
    }
}

/// An account that is watched through the fake, and what the engine makes of it.
struct Watch {
    fake: Fake,
    account: Account,
    engine: Engine,
    now: f64,
    /// The time of the last round that was told.
    told_at: f64,
    /// Each value: the subject, the signal, its time and the value, in seconds since the start.
    values: Vec<(Subject, String, i64, f64)>,
    /// Subjects that the monitor expects.
    collected: BTreeSet<Subject>,
    breaches: Vec<Breach>,
    /// Every breach that there ever was.
    seen: BTreeMap<String, Option<FailureReason>>,
    /// Silence that was told without a reason.
    unexplained: BTreeSet<String>,
    /// Subjects that were gone on purpose.
    retired: BTreeSet<Subject>,
    /// The numbers of droplets that the monitor keeps.
    numbers: BTreeMap<Subject, u64>,
    selection: Selection,
    percent: u8,
    /// The number of the droplet that is this host.
    here: Option<u64>,
    in_force: InForce,
}

fn account(
    selection: &Selection,
    percent: u8,
    in_force: &InForce,
    here: Option<u64>,
    now: f64,
) -> Account {
    let is_this_host = Box::new(move |droplet: &Droplet| Some(droplet.id) == here);
    let mono = MonotonicTime::from_micros((now * 1e6) as u64);
    Account::new(selection.clone(), "calm", percent, in_force.clone(), is_this_host, mono)
}

/// The thresholds that are built in.
static BUILT_IN: LazyLock<Arc<Thresholds>> = LazyLock::new(|| {
    let text = crate::embedded::document(crate::documents::THRESHOLDS).unwrap();
    Arc::new(Thresholds::parse("t", &text, signals()).unwrap_or_else(|all| panic!("{}", all[0])))
});

impl Watch {
    fn new(fake: Fake) -> Self {
        Self::of(fake, 40, |_| {})
    }

    fn of(fake: Fake, percent: u8, change: impl FnOnce(&mut Selection)) -> Self {
        let thresholds = Arc::clone(&BUILT_IN);
        let in_force = InForce::default();
        in_force.set(&thresholds);
        let mut selection = Selection {
            droplets: true,
            tags: vec!["production".to_owned()],
            things: ThingKind::ALL.to_vec(),
            ..Selection::default()
        };
        change(&mut selection);
        Self {
            fake,
            account: account(&selection, percent, &in_force, None, 0.0),
            engine: Engine::new(thresholds, 100_000),
            now: 0.0,
            told_at: f64::MIN,
            values: Vec::new(),
            collected: BTreeSet::new(),
            breaches: Vec::new(),
            seen: BTreeMap::new(),
            unexplained: BTreeSet::new(),
            retired: BTreeSet::new(),
            numbers: BTreeMap::new(),
            selection,
            percent,
            here: None,
            in_force,
        }
    }

    /// Starts anew: the monitor knows what it knew, the collector nothing.
    fn restart(&mut self) {
        self.account = account(&self.selection, self.percent, &self.in_force, self.here, self.now);
        self.account.numbers = Arc::new(self.numbers.clone());
    }

    fn now(&self) -> Now {
        let micros = (self.now * 1e6) as u64;
        Now {
            wall: Timestamp::from_micros(START * 1_000_000 + micros as i64),
            mono: MonotonicTime::from_micros(micros),
        }
    }

    /// Goes on for some seconds: a round each five, in which slow answers take their time. Those in
    /// which nothing is asked for are told more seldom, and the last one always.
    fn run(&mut self, seconds: f64) {
        let end = self.now + seconds;
        while self.now < end {
            let began = self.now;
            let requests = self.account.plan(self.now());
            let answers: Vec<_> = requests
                .iter()
                .map(|request| (request.call.clone(), self.fake.answer(&request.path, self.now)))
                .collect();
            if answers.iter().any(|(_, answer)| answer.is_err()) {
                self.now += 10.0;
            } else if !answers.is_empty() {
                self.now += 0.3;
            }
            let is_last = self.now.max(began + ROUND) >= end;
            let is_told = !answers.is_empty() || is_last || self.now - self.told_at >= TOLD;
            for (call, answer) in answers {
                self.account.take(&call, answer, self.now());
            }
            if is_told {
                self.told_at = self.now;
                let round = self.account.report(self.now());
                self.feed(&round);
            }
            self.now = self.now.max(began + ROUND);
        }
    }

    /// The monitor's part in a round.
    fn feed(&mut self, round: &Round) {
        let now = self.now();
        let id = |engine: &mut Engine, one: &Observation| -> SeriesId {
            let (signal, subject) = (one.signal.as_str(), one.subject.as_str());
            engine.measured(signal, subject, one.unit.as_ref()).unwrap()
        };
        for one in &round.observations {
            let series = id(&mut self.engine, one);
            self.engine.set_interval(series, Span::from_secs(5));
            self.engine.observe_with(series, one.value, one.reason.as_ref(), one.at, now);
            let at = one.at.as_micros() / 1_000_000 - START;
            self.values.push((one.subject.clone(), one.signal.to_string(), at, one.value));
            self.collected.insert(one.subject.clone());
        }
        for one in &round.unseen {
            let (signal, subject) = (one.signal.as_str(), one.subject.as_str());
            let series = self.engine.measured(signal, subject, None).unwrap();
            self.engine.unseen(series, &one.reason);
        }
        let mut gone: Vec<Subject> = Vec::new();
        for listing in &round.listings {
            let lacking: Vec<Subject> =
                self.collected.iter().filter(|one| listing.lacks(one)).cloned().collect();
            for subject in lacking {
                let name = subject.as_str();
                let expects = |signal: &str| {
                    self.engine.heard(signal, name).is_some() && self.engine.has_level(signal, name)
                };
                match listing.absence {
                    Absence::Missing(signal) if expects(signal) => {
                        let why = listing.why(&subject);
                        for known in signals().all().iter().filter(|one| one.name != signal) {
                            if let Some(id) = self.engine.heard(&known.name, name) {
                                self.engine.miss(id);
                                if let Some(why) = why {
                                    self.engine.unseen(id, why);
                                }
                            }
                        }
                        let series = self.engine.measured(signal, name, None).unwrap();
                        self.engine.observe_with(series, 0.0, why, now.wall, now);
                    }
                    Absence::Missing(_) | Absence::Gone => gone.push(subject),
                }
            }
        }
        for (subject, signal) in &round.at_rest {
            self.engine.rest(signal.as_str(), subject.as_str());
        }
        self.numbers.extend(round.numbers.iter().cloned());
        gone.extend(round.removed.iter().filter(|one| self.collected.contains(*one)).cloned());
        for subject in gone {
            self.engine.retire(&subject);
            self.collected.remove(&subject);
            self.numbers.remove(&subject);
            self.retired.insert(subject);
        }
        self.breaches = self.engine.tick(now);
        for breach in &self.breaches {
            let key = format!("{} {}", breach.key.subject, breach.key.signal);
            if breach.crossing.is_silent() && breach.reason.is_none() {
                self.unexplained.insert(key.clone());
            }
            self.seen.insert(key, breach.reason.clone());
        }
    }

    /// True if a subject was gone on purpose at some time.
    fn was_retired(&self, subject: &str) -> bool {
        self.retired.iter().any(|one| one.as_str() == subject)
    }

    /// The newest value of a signal and subject.
    fn newest(&self, subject: &str, signal: &str) -> Option<f64> {
        let own = self.values.iter().rev();
        let mut own = own.filter(|(about, name, ..)| about.as_str() == subject && name == signal);
        own.next().map(|(.., value)| *value)
    }

    /// The status of a signal now.
    fn status(&self, subject: &str, signal: &str) -> Option<Status> {
        let id = self.engine.known(signal, subject)?;
        Some(self.engine.reading(id, self.now())?.status)
    }

    /// The most requests in any span of so many seconds.
    fn most(&self, seconds: f64) -> usize {
        let asked = self.fake.asked.borrow();
        let within =
            |end: &f64| asked.iter().filter(|at| **at > end - seconds && **at <= *end).count();
        asked.iter().map(within).max().unwrap_or(0)
    }

    /// The times of the values of a signal and subject.
    fn times(&self, subject: &str, signal: &str) -> Vec<i64> {
        let own = |(about, name, ..): &&(Subject, String, i64, f64)| {
            about.as_str() == subject && name == signal
        };
        self.values.iter().filter(own).map(|(_, _, at, _)| *at).collect()
    }
}
