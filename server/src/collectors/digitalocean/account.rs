//! An account: what is in it, what is asked for next, and what the answers come to. Without clock and
//! network: a shell carries out the requests of [`Account::plan`] and brings the answers.
//!
//! Nothing is taken for gone because an answer is empty: what a list does not name any more is asked
//! for by itself, and only the answer that it does not exist says that it is gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    reason::FailureReason,
    subject::Subject,
    time::{MonotonicTime, Now, Span, Timestamp},
};

use super::{
    budget::{Budget, RateHeaders},
    call::{Call, Item, Metric},
    catalog::{Catalog, Gpus, SELDOM},
    fold::Measured,
    inventory::{
        Action, Actions, Droplet, Reading, Thing, ThingKind, Unreadable, actions, droplets,
        one_action, one_droplet, one_thing, things,
    },
    nearness::InForce,
    planner::{Outcome, Planner, Wanted},
    samples,
    signals::OF_THIS_HOST,
    watched::Watched,
};

/// Values that are older than this, in seconds, can't be taken for those of now where the last
/// request brought nothing.
pub(super) const OLD: i64 = 600;
/// The interval of reading the list of droplets, and that of actions.
const LISTS: Span = Span::from_secs(60);
/// The interval of reading lists of parts that change seldom.
const THINGS: Span = Span::from_secs(120);
/// The same of droplets where the budget is small.
const SLOW_LISTS: Span = Span::from_mins(5);
/// The same of everything else.
const SLOW_THINGS: Span = Span::from_mins(10);
/// A list of several pages that takes longer is begun anew.
const LONGEST_READING: Span = Span::from_mins(5);
/// The interval of asking for samples that are not near a threshold.
const CALM: Span = Span::from_mins(5);
/// The interval of asking for sizes.
const SIZES: Span = Span::from_mins(60);
/// The first window of samples, in seconds.
const FIRST_WINDOW: i64 = 900;
/// The longest window, in seconds.
const LONGEST_WINDOW: i64 = 6 * 3_600;
/// Requests that are under way at a time.
const PARALLEL: usize = 6;
/// Time for which a scope that the token lacks is not asked for.
const WITHOUT_SCOPE: Span = Span::from_mins(10);

/// The watched parts of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// True if droplets are.
    pub droplets: bool,
    /// Droplets with one of these tags; all where neither tags nor numbers are given.
    pub tags: Vec<String>,
    /// Droplets with these numbers.
    pub ids: Vec<u64>,
    /// The other kinds.
    pub things: Vec<ThingKind>,
    /// Databases whose own pages are read, whether the account lists them or not.
    pub databases: BTreeSet<Subject>,
}

impl Selection {
    pub(super) fn wants(&self, droplet: &Droplet) -> bool {
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
    /// Its statements about the limits.
    pub headers: RateHeaders,
    /// Its body, with a bound.
    pub body: Vec<u8>,
}

/// A request that is to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The request.
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
    /// The time, by its own time.
    pub at: Timestamp,
    /// The value.
    pub value: f64,
    /// The reason, of a failure.
    pub reason: Option<FailureReason>,
}

/// Tells whether a droplet is the host that Calm Ops runs on.
pub(crate) type IsThisHost = Box<dyn Fn(&Droplet) -> bool + Send + Sync>;

/// See the module.
pub(crate) struct Account {
    pub(super) selection: Selection,
    pub(super) host: String,
    pub(super) is_this_host: IsThisHost,
    pub(super) budget: Budget,
    pub(super) planner: Planner,
    thresholds: InForce,
    pub(super) watched: BTreeMap<Item, Watched>,
    /// Items that a list did not name, and which are not known to be gone.
    pub(super) doubted: BTreeSet<Item>,
    pub(super) catalogs: BTreeMap<Option<ThingKind>, Catalog>,
    reading_droplets: Reading<Droplet>,
    /// Time at which the list of droplets that is read now was begun.
    reading_since: MonotonicTime,
    pub(super) gpus: Gpus,
    reading_things: BTreeMap<ThingKind, Reading<Thing>>,
    /// Numbers of the selection that no whole list named.
    pub(super) unnamed: BTreeSet<u64>,
    /// The numbers of droplets in the run before.
    pub(super) numbers: Arc<BTreeMap<Subject, u64>>,
    /// Subjects that do not exist any more, as DigitalOcean said of each.
    pub(super) gone: BTreeSet<Subject>,
    /// Actions that are in progress, by their numbers.
    pub(super) in_progress: BTreeMap<u64, Action>,
    /// Those of them that the newest list does not name.
    lost_actions: BTreeSet<u64>,
    /// Scopes that the token lacks, and until when they are not asked for.
    pub(super) lacking: BTreeMap<&'static str, MonotonicTime>,
    /// Time at which an answer came that could be used.
    pub(super) answered_at: Option<MonotonicTime>,
    pub(super) began_at: MonotonicTime,
    pub(super) failure: Option<FailureReason>,
    /// The values since the last report.
    pub(super) values: Vec<Value>,
    pub(super) removed: BTreeSet<Subject>,
    /// Signals that are not expected of a subject any more.
    pub(super) at_rest: BTreeSet<(Subject, &'static str)>,
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
            unnamed: selection.ids.iter().copied().collect(),
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
            reading_since: now,
            gpus: Gpus::default(),
            reading_things: BTreeMap::new(),
            numbers: Arc::default(),
            gone: BTreeSet::new(),
            in_progress: BTreeMap::new(),
            lost_actions: BTreeSet::new(),
            lacking: BTreeMap::new(),
            answered_at: None,
            began_at: now,
            failure: None,
            values: Vec::new(),
            removed: BTreeSet::new(),
            at_rest: BTreeSet::new(),
        }
    }

    /// Notes why nothing can be asked for.
    pub(crate) fn cannot_ask(&mut self, reason: FailureReason) {
        self.failure = Some(reason);
    }

    /// The interval of reading a list; `None` stands for droplets.
    pub(super) fn pace(&self, kind: Option<ThingKind>) -> Span {
        match (kind, self.budget.is_small()) {
            (None, false) => LISTS,
            (Some(_), false) => THINGS,
            (None, true) => SLOW_LISTS,
            (Some(_), true) => SLOW_THINGS,
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
            wanted.insert(Call::Droplets, urgent(self.pace(None)));
            let actions = if self.budget.is_small() { SLOW_THINGS } else { LISTS };
            wanted.insert(Call::Actions, urgent(actions));
        }
        for &id in &self.lost_actions {
            wanted.insert(Call::Action(id), Wanted { every: CALM, is_urgent: false });
        }
        for &kind in &self.selection.things {
            wanted.insert(Call::Things(kind), urgent(self.pace(Some(kind))));
        }
        for item in &self.doubted {
            wanted.insert(Call::Confirm(item.clone()), urgent(self.pace(item.kind())));
        }
        for (item, watched) in &self.watched {
            for &metric in watched.metrics(item) {
                if !watched.folded.can_use(metric) {
                    continue;
                }
                let is_known = watched.folded.newest(metric).is_some();
                let every = match metric {
                    _ if watched.folded.knows_size(metric) => SIZES,
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
                let is_awaited = |near: &Metric| {
                    near.size() == Some(metric) && !watched.folded.knows_size(metric)
                };
                let is_urgent =
                    watched.near.contains(&metric) || watched.near.iter().any(is_awaited);
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
            Call::Actions | Call::Action(_) | Call::Confirm(_) | Call::Metric(..) => 1,
        };
        let newest = match call {
            Call::Metric(item, metric) => {
                self.watched.get(item).and_then(|watched| watched.folded.newest(*metric))
            }
            _ => None,
        };
        let start = newest.map_or(end - FIRST_WINDOW, |newest| newest + 1);
        let mut path = call.path(page, (start.clamp(end - LONGEST_WINDOW, end), end));
        if *call == Call::Droplets && self.gpus.are_read() {
            path.push_str("&type=gpus");
        }
        path
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
            (404, Call::Action(id)) => {
                self.answered_at = Some(now.mono);
                self.planner.ended(call, Outcome::Done, now.mono);
                self.end_action(*id);
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
            Call::Droplets => {
                if now.mono.since(self.reading_since) >= LONGEST_READING {
                    self.reading_droplets = Reading::default();
                    self.gpus.begin_anew();
                }
                None
            }
            Call::Things(kind) => Some(*kind),
            Call::Metric(item, metric) => {
                if let Some(watched) = self.watched.get_mut(item) {
                    watched.problems.insert(*metric, reason);
                }
                return;
            }
            Call::Actions | Call::Action(_) | Call::Confirm(_) => return,
        };
        self.catalogs.entry(list).or_default().problem = Some(reason);
    }

    /// Takes the body of an answer with a good status.
    fn apply(&mut self, call: &Call, body: &[u8], now: Now) -> Result<Outcome, Unreadable> {
        match call {
            Call::Droplets => {
                let page = droplets(body)?;
                if self.reading_droplets.page() == 1 && !self.gpus.are_read() {
                    self.reading_since = now.mono;
                }
                let all = self.reading_droplets.take(page)?;
                match all.and_then(|all| self.gpus.join(all, now.mono)) {
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
            Call::Action(id) => match one_action(body)? {
                Some(action) if action.id == *id => self.take_action(action),
                _ => return Err(Unreadable::new("it is about another action")),
            },
            Call::Confirm(item) => self.confirm(item, body, now)?,
            Call::Metric(item, metric) => return self.take_samples(item, *metric, body, now),
        }
        Ok(Outcome::Done)
    }

    /// Takes a list of actions. What it does not name any more may be in progress all the same.
    fn take_actions(&mut self, all: Actions, now: Now) {
        if all.is_empty {
            return;
        }
        let named: BTreeSet<u64> = all.of_droplets.iter().map(|action| action.id).collect();
        all.of_droplets.into_iter().for_each(|action| self.take_action(action));
        let is_lost = |id: &u64| !named.contains(id);
        self.lost_actions = self.in_progress.keys().copied().filter(is_lost).collect();
        for (item, watched) in &self.watched {
            let Item::Droplet(id) = item else { continue };
            let own = self.in_progress.values().filter(|action| action.droplet == *id);
            let minutes = |began| now.wall.since(began).as_secs_f64() / 60.0;
            let longest = own.filter_map(|action| action.began).map(minutes);
            self.values.push(Value {
                subject: watched.subject.clone(),
                signal: OF_THIS_HOST[1],
                at: now.wall,
                value: longest.fold(0.0, f64::max),
                reason: None,
            });
        }
    }

    /// Takes what an action's own entry says.
    fn take_action(&mut self, action: Action) {
        if action.began.is_some() {
            self.in_progress.insert(action.id, action);
        } else {
            self.end_action(action.id);
        }
    }

    fn end_action(&mut self, id: u64) {
        self.in_progress.remove(&id);
        self.lost_actions.remove(&id);
    }

    /// Takes an answer about one item that its list did not name.
    fn confirm(&mut self, item: &Item, body: &[u8], now: Now) -> Result<(), Unreadable> {
        let other = || Unreadable::new("it is about something else");
        match item {
            Item::Droplet(id) => {
                let droplet = one_droplet(body)?;
                if droplet.id != *id {
                    return Err(other());
                }
                self.see_one(&droplet, now);
            }
            Item::Thing(kind, id) => {
                let thing = one_thing(*kind, body)?;
                if thing.id != *id {
                    return Err(other());
                }
                self.doubted.remove(item);
                if let Some(watched) = self.watched.get_mut(item) {
                    watched.standing = thing.standing;
                }
                self.tell(item, now);
            }
        }
        Ok(())
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
        if let Some(sizes) = watched.folded.lacks(metric, &series) {
            self.planner.hurry(&Call::Metric(item.clone(), sizes), now.mono);
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
                let age = wall.saturating_sub(newest);
                if age > OLD {
                    watched.problems.insert(metric, nothing(metric));
                } else {
                    watched.problems.remove(&metric);
                }
                Ok(Outcome::News(Span::from_secs(u64::try_from(age).unwrap_or(0))))
            }
            None => {
                watched.problems.entry(metric).or_insert_with(|| nothing(metric));
                Ok(Outcome::NoNews)
            }
        }
    }
}

/// The reason a metric has no newer samples.
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
