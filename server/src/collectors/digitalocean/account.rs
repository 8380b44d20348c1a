//! An account: what is in it, what is asked for next, and what the answers come to. Without clock and
//! network: a shell carries out the requests of [`Account::plan`] and brings the answers.
//!
//! Nothing is taken for gone because an answer is empty: what a list does not name any more is asked
//! for by itself, and only the answer that it does not exist says that it is gone.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    reason::FailureReason,
    subject::Subject,
    time::{MonotonicTime, Now, Span, Timestamp},
};

use super::{
    budget::{Budget, RateHeaders},
    call::{Call, Item, Metric},
    fold::Measured,
    inventory::{
        self, Action, Droplet, DropletStatus, Reading, Thing, ThingKind, Unreadable, actions,
        droplets, things,
    },
    nearness::InForce,
    planner::{Outcome, Planner, Wanted},
    samples,
    watched::{Names, Standing, Watched, label},
};

/// How often lists are read.
const LISTS: Span = Span::from_secs(60);
/// How often lists of what changes seldom are read.
const THINGS: Span = Span::from_secs(120);
/// How often samples are asked for that are not near a threshold.
const CALM: Span = Span::from_mins(5);
/// How often samples are asked for that nothing is compared with.
const SELDOM: Span = Span::from_mins(10);
/// How often sizes are asked for.
const SIZES: Span = Span::from_mins(60);
/// The first window of samples, in seconds.
const FIRST_WINDOW: i64 = 900;
/// The longest window, in seconds.
const LONGEST_WINDOW: i64 = 6 * 3_600;
/// Requests that are under way at a time.
const PARALLEL: usize = 6;
/// The most things of an account that are watched.
const MOST: usize = 1_000;
/// How long a scope that the token lacks is not asked for.
const WITHOUT_SCOPE: Span = Span::from_mins(10);
/// So many empty lists in a row say that there is nothing.
const EMPTY_LISTS: u32 = 3;

/// What is watched of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Whether droplets are.
    pub droplets: bool,
    /// Droplets with one of these tags; all where neither tags nor numbers are given.
    pub tags: Vec<String>,
    /// Droplets with these numbers.
    pub ids: Vec<u64>,
    /// The other kinds.
    pub things: Vec<ThingKind>,
}

impl Selection {
    fn wants(&self, droplet: &Droplet) -> bool {
        (self.tags.is_empty() && self.ids.is_empty())
            || self.ids.contains(&droplet.id)
            || droplet.tags.iter().any(|tag| self.tags.contains(tag))
    }
}

/// An answer of the API.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// Its status.
    pub status: u16,
    /// What it says of the limits.
    pub headers: RateHeaders,
    /// Its body, with a bound.
    pub body: Vec<u8>,
}

/// A request that is to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Which.
    pub call: Call,
    /// Its path and query.
    pub path: String,
}

/// A value of a signal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    /// Of which subject.
    pub subject: Subject,
    /// Of which signal.
    pub signal: &'static str,
    /// When, by its own time.
    pub at: Timestamp,
    /// The value.
    pub value: f64,
    /// Why, of a failure.
    pub reason: Option<FailureReason>,
}

/// Tells whether a droplet is the host that Calm Ops runs on.
pub(crate) type IsThisHost = Box<dyn Fn(&Droplet) -> bool + Send + Sync>;

/// What is in the account of one kind, as whole lists told it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    /// The subjects that are there; `None` before the first list.
    pub subjects: Option<BTreeSet<Subject>>,
    /// Empty lists in a row.
    empties: u32,
    /// When it was read last.
    pub read_at: Option<MonotonicTime>,
    /// Why it could not be read when it was asked for last.
    pub problem: Option<FailureReason>,
    /// Things on the list, watched or not.
    pub count: usize,
}

/// See the module.
pub(crate) struct Account {
    pub(super) selection: Selection,
    host: String,
    is_this_host: IsThisHost,
    pub(super) budget: Budget,
    pub(super) planner: Planner,
    thresholds: InForce,
    pub(super) watched: BTreeMap<Item, Watched>,
    /// Items that a list did not name, and which are not known to be gone.
    doubted: BTreeSet<Item>,
    pub(super) catalogs: BTreeMap<Option<ThingKind>, Catalog>,
    reading_droplets: Reading<Droplet>,
    reading_things: BTreeMap<ThingKind, Reading<Thing>>,
    in_progress: Vec<Action>,
    /// Scopes that the token lacks, and until when they are not asked for.
    pub(super) lacking: BTreeMap<&'static str, MonotonicTime>,
    /// When an answer came that could be used.
    pub(super) answered_at: Option<MonotonicTime>,
    pub(super) began_at: MonotonicTime,
    pub(super) failure: Option<FailureReason>,
    /// What came since the last report.
    pub(super) values: Vec<Value>,
    pub(super) removed: BTreeSet<Subject>,
}

impl Account {
    /// Begins without knowing anything.
    pub(crate) fn new(
        selection: Selection,
        host: &str,
        percent: u8,
        thresholds: InForce,
        is_this_host: IsThisHost,
        now: MonotonicTime,
    ) -> Self {
        Self {
            selection,
            host: host.to_owned(),
            is_this_host,
            budget: Budget::new(percent, now),
            planner: Planner::default(),
            thresholds,
            watched: BTreeMap::new(),
            doubted: BTreeSet::new(),
            catalogs: BTreeMap::new(),
            reading_droplets: Reading::default(),
            reading_things: BTreeMap::new(),
            in_progress: Vec::new(),
            lacking: BTreeMap::new(),
            answered_at: None,
            began_at: now,
            failure: None,
            values: Vec::new(),
            removed: BTreeSet::new(),
        }
    }

    /// The requests that are made now, within the budget.
    pub(crate) fn plan(&mut self, now: Now) -> Vec<Request> {
        let wanted = self.wanted();
        self.planner.want(&wanted, now.mono);
        self.lacking.retain(|_, until| *until > now.mono);
        let mut requests = Vec::new();
        while requests.len() < PARALLEL && self.budget.has_one(now.mono) {
            let is_allowed = |call: &Call| !self.lacking.contains_key(call.scope());
            let Some(call) = self.planner.next(is_allowed, now.mono) else { break };
            self.budget.take(now.mono);
            let path = self.path(&call, now.wall);
            requests.push(Request { call, path });
        }
        requests
    }

    fn wanted(&self) -> BTreeMap<Call, Wanted> {
        let urgent = |every| Wanted { every, is_urgent: true };
        let mut wanted = BTreeMap::new();
        if self.selection.droplets {
            wanted.insert(Call::Droplets, urgent(LISTS));
            wanted.insert(Call::Actions, urgent(LISTS));
        }
        for &kind in &self.selection.things {
            wanted.insert(Call::Things(kind), urgent(THINGS));
        }
        for item in &self.doubted {
            wanted.insert(Call::Confirm(item.clone()), urgent(LISTS));
        }
        for (item, watched) in &self.watched {
            for &metric in watched.metrics(item) {
                if !watched.folded.can_use(metric) {
                    continue;
                }
                let is_known = watched.folded.newest(metric).is_some();
                let every = match metric {
                    Metric::MemoryTotal | Metric::DiskSize if is_known => SIZES,
                    Metric::Load | Metric::Connections | Metric::BalancerCpu => SELDOM,
                    // Without the agent there is nothing to come.
                    _ if metric.needs_agent()
                        && !is_known
                        && watched.problems.contains_key(&metric) =>
                    {
                        SELDOM
                    }
                    _ => CALM,
                };
                let is_urgent = watched.near.contains(&metric);
                let call = Call::Metric(item.clone(), metric);
                wanted.insert(call, Wanted { every, is_urgent });
            }
        }
        wanted
    }

    /// The path of a request; its window begins after the last sample that was seen.
    fn path(&self, call: &Call, wall: Timestamp) -> String {
        let end = seconds(wall);
        let page = match call {
            Call::Droplets => self.reading_droplets.page(),
            Call::Things(kind) => self.reading_things.get(kind).map_or(1, Reading::page),
            Call::Actions | Call::Confirm(_) | Call::Metric(..) => 1,
        };
        let newest = match call {
            Call::Metric(item, metric) => {
                self.watched.get(item).and_then(|watched| watched.folded.newest(*metric))
            }
            _ => None,
        };
        let start = newest.map_or(end - FIRST_WINDOW, |newest| newest + 1);
        call.path(page, (start.clamp(end - LONGEST_WINDOW, end), end))
    }

    /// Takes the answer to a request, or why there is none.
    pub(crate) fn take(&mut self, call: &Call, asked: Result<Answer, FailureReason>, now: Now) {
        let answer = match asked {
            Ok(answer) => answer,
            Err(reason) => return self.fail(call, reason, now),
        };
        self.budget.hear(Some(answer.status), answer.headers, seconds(now.wall), now.mono);
        match (answer.status, call) {
            (200..=299, _) => match self.apply(call, &answer.body, now) {
                Ok(outcome) => {
                    self.answered_at = Some(now.mono);
                    self.failure = None;
                    self.planner.ended(call, outcome, now.mono);
                }
                Err(Unreadable(problem)) => {
                    let told = format!("DigitalOcean's answer can't be used: {problem}");
                    self.fail(call, FailureReason::told(&told), now);
                }
            },
            (404, Call::Confirm(item)) => {
                self.answered_at = Some(now.mono);
                self.planner.ended(call, Outcome::Done, now.mono);
                self.forget(item);
            }
            (429, _) => {
                self.failure = Some(FailureReason::told(
                    "DigitalOcean received too many requests with this token (status 429), also from others that use it",
                ));
                self.planner.ended(call, Outcome::Postponed, now.mono);
            }
            (403, _) => {
                self.lacking.insert(call.scope(), now.mono.plus(WITHOUT_SCOPE));
                let told = format!(
                    "DigitalOcean refused it (status 403): the token may lack the scope {}",
                    call.scope()
                );
                self.fail(call, FailureReason::told(&told), now);
            }
            (401, _) => {
                let told = "DigitalOcean rejected the token (status 401). Write a valid one into the file of digitalocean.token_file";
                self.fail(call, FailureReason::told(told), now);
            }
            (status, _) => {
                let told = format!("DigitalOcean answered with status {status}");
                self.fail(call, FailureReason::told(&told), now);
            }
        }
    }

    fn fail(&mut self, call: &Call, reason: FailureReason, now: Now) {
        self.planner.ended(call, Outcome::Failed, now.mono);
        self.failure = Some(reason.clone());
        let list = match call {
            Call::Droplets => None,
            Call::Things(kind) => Some(*kind),
            Call::Metric(item, metric) => {
                if let Some(watched) = self.watched.get_mut(item) {
                    watched.problems.insert(*metric, reason);
                }
                return;
            }
            Call::Actions | Call::Confirm(_) => return,
        };
        self.catalogs.entry(list).or_default().problem = Some(reason);
    }

    /// Takes the body of an answer with a good status.
    fn apply(&mut self, call: &Call, body: &[u8], now: Now) -> Result<Outcome, Unreadable> {
        match call {
            Call::Droplets => {
                let page = droplets(body)?;
                match self.reading_droplets.take(page)? {
                    Some(all) => self.list_droplets(&all, now),
                    None => return Ok(Outcome::More),
                }
            }
            Call::Things(kind) => {
                let page = things(*kind, body)?;
                match self.reading_things.entry(*kind).or_default().take(page)? {
                    Some(all) => self.list_things(*kind, &all, now),
                    None => return Ok(Outcome::More),
                }
            }
            Call::Actions => self.take_actions(actions(body)?, now),
            Call::Confirm(item) => {
                inventory::is_one(body)?;
                self.doubted.remove(item);
            }
            Call::Metric(item, metric) => return self.take_samples(item, *metric, body, now),
        }
        Ok(Outcome::Done)
    }

    fn list_droplets(&mut self, all: &[Droplet], now: Now) {
        if !self.trusts(None, all.len(), now.mono) {
            return;
        }
        let mut named = BTreeSet::new();
        let mut subjects = BTreeSet::new();
        for droplet in all {
            let item = Item::Droplet(droplet.id);
            if !self.selection.wants(droplet) {
                self.deselect(&item, &droplet.name);
                named.insert(item);
                continue;
            }
            if self.watched.len() >= MOST && !self.watched.contains_key(&item) {
                continue;
            }
            let here = (self.is_this_host)(droplet).then(|| self.host.clone());
            let watched = self.watch(&item, &droplet.name, here.as_deref());
            watched.processors = droplet.processors;
            watched.standing = match droplet.status {
                DropletStatus::Active => Standing::Up,
                DropletStatus::Off => Standing::Down,
                DropletStatus::New | DropletStatus::Unknown => Standing::Unclear,
            };
            subjects.insert(watched.subject.clone());
            named.insert(item);
        }
        self.conclude(None, &named, subjects, all.len(), now);
    }

    fn list_things(&mut self, kind: ThingKind, all: &[Thing], now: Now) {
        if !self.trusts(Some(kind), all.len(), now.mono) {
            return;
        }
        let mut named = BTreeSet::new();
        let mut subjects = BTreeSet::new();
        for thing in all {
            let item = Item::Thing(kind, thing.id.clone());
            if self.watched.len() >= MOST && !self.watched.contains_key(&item) {
                continue;
            }
            let watched = self.watch(&item, &thing.name, None);
            watched.standing = match thing.serves {
                Some(true) => Standing::Up,
                Some(false) => Standing::Down,
                None => Standing::Unclear,
            };
            subjects.insert(watched.subject.clone());
            named.insert(item);
        }
        self.conclude(Some(kind), &named, subjects, all.len(), now);
    }

    /// Whether a list is believed: one that is empty only when it stays so.
    fn trusts(&mut self, kind: Option<ThingKind>, count: usize, now: MonotonicTime) -> bool {
        let catalog = self.catalogs.entry(kind).or_default();
        catalog.problem = None;
        catalog.read_at = Some(now);
        catalog.count = count;
        catalog.empties = if count == 0 { catalog.empties.saturating_add(1) } else { 0 };
        count > 0 || catalog.empties >= EMPTY_LISTS
    }

    /// Finds an item, or begins to watch it.
    fn watch(&mut self, item: &Item, name: &str, this_host: Option<&str>) -> &mut Watched {
        let kind = Names::of(item).kind;
        if !self.watched.contains_key(item) {
            let is_taken = |own: &str| {
                let of_kind = |known: &Item| Names::of(known).kind == kind;
                self.watched.iter().any(|(known, one)| of_kind(known) && one.label == own)
            };
            let id = match item {
                Item::Droplet(id) => id.to_string(),
                Item::Thing(_, id) => id.clone(),
            };
            let watched = Watched::new(kind, &label(name, &id, is_taken), this_host);
            self.watched.insert(item.clone(), watched);
        }
        self.watched.entry(item.clone()).or_insert_with(|| Watched::new(kind, name, this_host))
    }

    /// A droplet that is in the account and not selected, or no longer: nothing is expected of it.
    fn deselect(&mut self, item: &Item, name: &str) {
        self.doubted.remove(item);
        match self.watched.remove(item) {
            Some(watched) => {
                self.removed.extend(watched.parts());
                if !watched.is_this_host {
                    self.removed.insert(watched.subject);
                }
            }
            None => {
                // It may have been selected before the last start.
                let kind = Names::of(item).kind;
                let subject = Subject::build(kind, &label(name, "", |_| false), None);
                if !self.watched.values().any(|one| one.subject == subject) {
                    self.removed.insert(subject);
                }
            }
        }
    }

    /// Ends a whole list: what it does not name is in doubt, what it names is told.
    fn conclude(
        &mut self,
        kind: Option<ThingKind>,
        named: &BTreeSet<Item>,
        mut subjects: BTreeSet<Subject>,
        count: usize,
        now: Now,
    ) {
        let is_of = |item: &Item| match item {
            Item::Droplet(_) => kind.is_none(),
            Item::Thing(own, _) => Some(*own) == kind,
        };
        self.doubted.retain(|item| !named.contains(item));
        for (item, watched) in self.watched.iter().filter(|(item, _)| is_of(item)) {
            subjects.insert(watched.subject.clone());
            if !named.contains(item) {
                self.doubted.insert(item.clone());
                continue;
            }
            self.values.extend(standing(item, watched, &self.in_progress, now.wall));
        }
        let catalog = self.catalogs.entry(kind).or_default();
        catalog.subjects = Some(subjects);
        catalog.count = count;
    }

    /// An item that is gone from the account: the list of its kind tells it from now on.
    fn forget(&mut self, item: &Item) {
        self.doubted.remove(item);
        let Some(watched) = self.watched.remove(item) else { return };
        self.removed.extend(watched.parts());
        let kind = match item {
            Item::Droplet(_) => None,
            Item::Thing(kind, _) => Some(*kind),
        };
        if let Some(subjects) = &mut self.catalogs.entry(kind).or_default().subjects {
            subjects.remove(&watched.subject);
        }
    }

    fn take_actions(&mut self, all: Vec<Action>, now: Now) {
        self.in_progress = all;
        for (item, watched) in &self.watched {
            let Item::Droplet(id) = item else { continue };
            let own = self.in_progress.iter().filter(|action| action.droplet == *id);
            let longest = own.map(|action| now.wall.since(action.began).as_secs_f64() / 60.0);
            self.values.push(Value {
                subject: watched.subject.clone(),
                signal: "droplet.action",
                at: now.wall,
                value: longest.fold(0.0, f64::max),
                reason: None,
            });
        }
    }

    fn take_samples(
        &mut self,
        item: &Item,
        metric: Metric,
        body: &[u8],
        now: Now,
    ) -> Result<Outcome, Unreadable> {
        let series = samples::read(body)?;
        let thresholds = self.thresholds.get();
        let Some(watched) = self.watched.get_mut(item) else { return Ok(Outcome::Done) };
        let before = watched.folded.newest(metric);
        let wall = seconds(now.wall);
        let measured = watched.take(metric, &series, wall, thresholds.as_deref());
        if metric == Metric::DiskFree && watched.folded.lacks_size(&series) {
            let sizes = Call::Metric(item.clone(), Metric::DiskSize);
            self.planner.hurry(&sizes, now.mono);
        }
        let newest = watched.folded.newest(metric).filter(|newest| Some(*newest) > before);
        let value = |one: Measured| Value {
            subject: watched.subject_of(one.part.as_deref()),
            signal: one.signal,
            at: Timestamp::from_secs(one.at),
            value: one.value,
            reason: None,
        };
        self.values.extend(measured.into_iter().map(value));
        match newest {
            Some(newest) => {
                watched.problems.remove(&metric);
                let age = u64::try_from(wall.saturating_sub(newest)).unwrap_or(0);
                Ok(Outcome::News(Span::from_secs(age)))
            }
            None => {
                watched.problems.entry(metric).or_insert_with(|| nothing(metric));
                Ok(Outcome::NoNews)
            }
        }
    }
}

/// How something is, as a value.
fn standing(item: &Item, watched: &Watched, in_progress: &[Action], at: Timestamp) -> Vec<Value> {
    let names = Names::of(item);
    let value = |signal, value, reason| Value {
        subject: watched.subject.clone(),
        signal,
        at,
        value,
        reason,
    };
    let mut values = Vec::new();
    if !watched.is_this_host {
        values.push(value(names.listed, 1.0, None));
    }
    match watched.standing {
        Standing::Up => values.push(value(names.up, 1.0, None)),
        Standing::Down => {
            let own = |action: &&Action| *item == Item::Droplet(action.droplet);
            let told = match in_progress.iter().find(own) {
                Some(action) => {
                    format!(
                        "DigitalOcean says that it is off; an action is in progress: {}",
                        action.kind
                    )
                }
                None if matches!(item, Item::Droplet(_)) => {
                    "DigitalOcean says that it is off".to_owned()
                }
                None => "DigitalOcean says that it failed".to_owned(),
            };
            values.push(value(names.up, 0.0, Some(FailureReason::told(&told))));
        }
        Standing::Unclear => {}
    }
    values
}

/// Why a metric has no newer samples.
fn nothing(metric: Metric) -> FailureReason {
    FailureReason::told(if metric.needs_agent() {
        "DigitalOcean has no newer values of it. Check its metrics agent (do-agent) on the droplet"
    } else {
        "DigitalOcean has no newer values of it"
    })
}

/// A time in seconds since 1970.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}
