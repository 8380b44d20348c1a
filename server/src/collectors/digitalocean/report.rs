//! What an account tells the monitor: values by their own time, what can't be seen and why, what
//! there is, and what people have to know. Nothing that is unknown is told as well.

use domain::{
    reason::FailureReason,
    subject::Subject,
    time::{Now, Span},
};

use super::{
    account::{Account, seconds},
    call::{Item, Metric},
    inventory::ThingKind,
    signals::SIGNALS,
    watched::{Names, Standing, Watched, signals},
};
use crate::collectors::collector::{Absence, Listing, Round};

/// Without an answer for so long the API counts as not answering.
const QUIET: Span = Span::from_mins(3);
/// Values that are older than this, in seconds, can't be taken for those of now where the last
/// request brought nothing.
const OLD: i64 = 600;
/// A list that is older than this tells nothing about now.
const OLD_LIST: Span = Span::from_mins(5);
/// Names that a note tells.
const NAMED: usize = 5;
/// Where all requests together take so many times the budget, a person is told.
const STRETCHED: f64 = 4.0;

impl Account {
    /// The subject of the API itself.
    pub(crate) fn api() -> Subject {
        Subject::build("digitalocean", "api", None)
    }

    /// What came since the last report, and what is not known.
    pub(crate) fn report(&mut self, now: Now) -> Round {
        let mut round = Round::new(SIGNALS);
        for one in std::mem::take(&mut self.values) {
            round.observe_with(one.at, &one.subject, one.signal, one.value, one.reason);
        }
        round.removed = std::mem::take(&mut self.removed).into_iter().collect();
        let is_down = self.tell_of_api(&mut round, now);
        self.miss(&mut round, is_down, now);
        self.list(&mut round);
        round.notes = self.notes();
        round
    }

    /// Tells of the API itself; whether it gives no answers.
    fn tell_of_api(&self, round: &mut Round, now: Now) -> bool {
        let api = Self::api();
        if let Some(percent) = self.budget.remaining_percent() {
            round.observe(now.wall, &api, "digitalocean.requests_left", percent);
        }
        let quiet = now.mono.since(self.answered_at.unwrap_or(self.began_at));
        let is_first = self.answered_at.is_none();
        match &self.failure {
            // What fails is this host's own line: nothing is known of the API.
            Some(reason @ FailureReason::Behind { .. }) if quiet >= QUIET || is_first => {
                round.miss(&api, "digitalocean.up", reason.clone());
                true
            }
            Some(reason) if quiet >= QUIET || is_first => {
                let reason = Some(reason.clone());
                round.observe_with(now.wall, &api, "digitalocean.up", 0.0, reason);
                true
            }
            _ if self.answered_at.is_some() && quiet < QUIET => {
                round.observe(now.wall, &api, "digitalocean.up", 1.0);
                false
            }
            _ => false,
        }
    }

    /// Misses what could not be seen.
    fn miss(&self, round: &mut Round, is_down: bool, now: Now) {
        let behind = match &self.failure {
            Some(reason @ FailureReason::Behind { .. }) => reason.clone(),
            _ => FailureReason::Behind { cause: Self::api() },
        };
        for (item, watched) in &self.watched {
            let kind = kind_of(item);
            let catalog = self.catalogs.get(&kind);
            let list_is_old = catalog
                .and_then(|catalog| catalog.read_at)
                .is_none_or(|read| now.mono.since(read) >= OLD_LIST);
            let why_list = catalog.and_then(|catalog| catalog.problem.as_ref());
            if is_down && list_is_old {
                round.miss(&watched.subject, Names::of(item).up, behind.clone());
            } else if let Some(reason) = why_list.filter(|_| list_is_old) {
                round.miss(&watched.subject, Names::of(item).up, reason.clone());
            }
            if watched.standing == Standing::Down {
                // What was wrong before has not recovered: it is behind what is off now.
                let behind = FailureReason::Behind { cause: watched.subject.clone() };
                for (subject, signal) in watched.heard(None) {
                    round.miss(&subject, signal, behind.clone());
                }
            }
            for &metric in watched.metrics(item) {
                if is_old(watched, metric, seconds(now.wall)) {
                    let own = watched.problems.get(&metric);
                    let reason = if is_down { Some(&behind) } else { own };
                    let Some(reason) = reason else { continue };
                    for (subject, signal) in watched.heard(Some(metric)) {
                        round.miss(&subject, signal, reason.clone());
                    }
                }
            }
        }
    }

    /// What there is, kind by kind, as far as whole lists told it.
    fn list(&self, round: &mut Round) {
        for (kind, catalog) in &self.catalogs {
            let Some(subjects) = &catalog.subjects else { continue };
            let names = kind.map_or(Names::of(&Item::Droplet(0)), Names::of_kind);
            let subjects = subjects.iter().cloned().collect();
            let mut listing = Listing::new(names.kind, subjects, Absence::Missing(names.listed));
            listing.why = Some(FailureReason::told("DigitalOcean says that it does not exist"));
            round.listings.push(listing);
        }
    }

    /// What people have to know, in sentences.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for scope in self.lacking.keys() {
            notes.push(format!(
                "DigitalOcean: the token lacks the scope {scope}. Create one that has it, or leave what needs it out of 'watch' under [digitalocean]."
            ));
        }
        let without_agent: Vec<&str> = self
            .watched
            .values()
            .filter(|watched| {
                let is_known = |metric: &Metric| watched.folded.newest(*metric).is_some();
                let agent = [Metric::MemoryTotal, Metric::DiskSize];
                agent.iter().all(|one| !is_known(one) && watched.problems.contains_key(one))
                    && !self.lacking.contains_key("monitoring:read")
            })
            .map(|watched| watched.label.as_str())
            .collect();
        if !without_agent.is_empty() {
            let more = without_agent.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let named = without_agent.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            notes.push(format!(
                "DigitalOcean has no memory, disk and load of {named}{more}. Install its metrics agent there (do-agent), then they come by themselves."
            ));
        }
        let droplets = self.catalogs.get(&None).filter(|catalog| catalog.subjects.is_some());
        let has_droplet = self.watched.keys().any(|item| matches!(item, Item::Droplet(_)));
        if let Some(catalog) = droplets.filter(|_| !has_droplet) {
            let count = catalog.count;
            notes.push(if count == 0 {
                "DigitalOcean lists no droplet in this account.".to_owned()
            } else {
                format!(
                    "None of the {count} droplets of the DigitalOcean account has a tag or number that is set under [digitalocean]."
                )
            });
        }
        let stretch = self.planner.demand() / self.budget.hourly().max(1.0);
        if stretch > STRETCHED {
            let minutes = (5.0 * stretch).round();
            notes.push(format!(
                "The budget for DigitalOcean is small: what is not near a threshold is asked for about every {minutes} min. Raise 'budget_percent' under [digitalocean], or watch fewer droplets."
            ));
        }
        notes
    }
}

/// Whether the newest sample is too old to tell about now.
fn is_old(watched: &Watched, metric: Metric, now: i64) -> bool {
    !signals(metric).is_empty()
        && watched.folded.newest(metric).is_none_or(|newest| now - newest > OLD)
}

const fn kind_of(item: &Item) -> Option<ThingKind> {
    match item {
        Item::Droplet(_) => None,
        Item::Thing(kind, _) => Some(*kind),
    }
}
