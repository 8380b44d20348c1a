//! The report of an account for the monitor: values by their own time, what can't be seen and why,
//! what there is, and what people have to know. Nothing that is unknown is told as well.

use domain::{
    reason::FailureReason,
    subject::Subject,
    text::shown,
    time::{Now, Span},
};

use super::{
    account::{Account, OLD, seconds},
    call::{Item, Metric},
    inventory::{Standing, ThingKind},
    signals::{API_KIND, DROPLET_DISK, SIGNALS},
    watched::{Names, Watched, signals},
};
use crate::collectors::collector::{Absence, Listing, Round};

/// Without an answer for so long the API counts as not answering.
const QUIET: Span = Span::from_mins(3);
/// A list that is older than its pace by more than this tells nothing about now.
const OLD_LIST: Span = Span::from_mins(4);
/// The reason that a value is old whose metric has newer samples.
const LEFT: &str = "The newest samples of DigitalOcean have no value of it. Retire it if it was removed on purpose, such as a file system";
/// Names that a note tells.
const NAMED: usize = 5;
/// The multiple of the budget that all requests together take when a person is told.
const STRETCHED: f64 = 4.0;

impl Account {
    /// The subject of the API itself.
    pub(crate) fn api() -> Subject {
        Subject::build(API_KIND, "api", None)
    }

    /// Reports the values since the last report, and what is not known.
    pub(crate) fn report(&mut self, now: Now) -> Round {
        let mut round = Round::new(SIGNALS);
        for one in std::mem::take(&mut self.values) {
            round.observe_with(one.at, &one.subject, one.signal, one.value, one.reason);
        }
        round.removed = std::mem::take(&mut self.removed).into_iter().collect();
        round.numbers = self.numbered();
        for (subject, signal) in std::mem::take(&mut self.at_rest) {
            round.rest(&subject, signal);
        }
        let is_down = self.tell_of_api(&mut round, now);
        let behind = match &self.failure {
            Some(reason @ FailureReason::Behind { .. }) => reason.clone(),
            _ => FailureReason::Behind { cause: Self::api() },
        };
        self.miss(&mut round, Some(&behind).filter(|_| is_down), now);
        self.list(&mut round);
        round.notes = self.notes();
        round
    }

    /// The droplets that are watched, with their numbers: others may have their names too.
    fn numbered(&self) -> Vec<(Subject, u64)> {
        let own = |(item, watched): (&Item, &Watched)| match item {
            Item::Droplet(id) if !watched.is_this_host => Some((watched.subject.clone(), *id)),
            Item::Droplet(_) | Item::Thing(..) => None,
        };
        self.watched.iter().filter_map(own).collect()
    }

    /// A round in which nothing could be asked for, because of this program's own limits.
    pub(crate) fn unmeasured(&self, why: &FailureReason, now: Now) -> Round {
        let mut round = Round::new(SIGNALS);
        round.miss(&Self::api(), "digitalocean.up", why.clone());
        self.miss(&mut round, Some(why), now);
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

    /// Misses what could not be seen: everything for one reason, where there is one.
    fn miss(&self, round: &mut Round, of_all: Option<&FailureReason>, now: Now) {
        let stalled = self.stalled();
        for (item, watched) in &self.watched {
            let catalog = self.catalogs.get(&item.kind());
            let old = self.pace(item.kind()).plus(OLD_LIST);
            let list_is_old = catalog
                .and_then(|catalog| catalog.read_at)
                .is_none_or(|read| now.mono.since(read) >= old);
            let up = Names::of(item).up;
            if list_is_old {
                let own = catalog.and_then(|catalog| catalog.problem.as_ref());
                let reason = of_all.or(own).unwrap_or(&stalled);
                round.miss(&watched.subject, up, reason.clone());
            } else if let Standing::Unclear(word) = &watched.standing {
                round.miss(&watched.subject, up, unclear(word));
            }
            // Nothing is asked for: what was wrong before has not recovered.
            let why = match &watched.standing {
                Standing::Up => None,
                Standing::Down => Some(FailureReason::Behind { cause: watched.subject.clone() }),
                Standing::Unclear(word) => Some(unclear(word)),
            };
            if let Some(why) = why {
                for (subject, signal) in watched.heard(None) {
                    round.miss(&subject, signal, why.clone());
                }
            }
            for &metric in watched.metrics(item) {
                let (missed, reason) = if is_old(watched, metric, seconds(now.wall)) {
                    let own = watched.problems.get(&metric);
                    let reason = of_all.or(own).unwrap_or(&stalled);
                    (watched.heard(Some(metric)), reason.clone())
                } else {
                    (watched.left(metric, OLD), FailureReason::told(LEFT))
                };
                for (subject, signal) in missed {
                    round.miss(&subject, signal, reason.clone());
                }
            }
        }
    }

    /// The reason something has not been asked for in time that did not fail itself.
    fn stalled(&self) -> FailureReason {
        if let Some(reason) = &self.failure {
            return reason.clone();
        }
        FailureReason::told(if self.lacking.contains_key("monitoring:read") {
            "The token lacks the scope monitoring:read"
        } else if self.budget.is_scarce() {
            "The token of DigitalOcean has few requests left, as other programs use it. Give Calm Ops a token of its own"
        } else {
            "The budget for DigitalOcean is too small to ask for it in time. Raise 'budget_percent' under [digitalocean], or watch less"
        })
    }

    /// The listings, kind by kind, as far as whole lists told it.
    fn list(&self, round: &mut Round) {
        for (kind, catalog) in &self.catalogs {
            let Some(subjects) = &catalog.subjects else { continue };
            let names = kind.map_or(Names::of(&Item::Droplet(0)), Names::of_kind);
            let mut subjects = subjects.clone();
            if *kind == Some(ThingKind::Database) {
                // The account may not be the one that they are in.
                subjects.extend(self.selection.databases.difference(&self.gone).cloned());
            }
            let subjects = subjects.into_iter().collect();
            let mut listing = Listing::new(names.kind, subjects, Absence::Missing(names.listed));
            listing.why = Some(FailureReason::told("DigitalOcean's list does not name it"));
            let confirmed = FailureReason::told("DigitalOcean says that it does not exist");
            let gone = self.gone.iter().filter(|one| one.kind() == names.kind);
            listing.whys = gone.map(|one| (one.clone(), confirmed.clone())).collect();
            round.listings.push(listing);
            if kind.is_none() {
                // Which disks a droplet has is told by itself only; they are gone with it.
                let mut disks = Listing::new(DROPLET_DISK, Vec::new(), Absence::Gone);
                let droplets = self.watched.iter().filter(|(item, _)| item.kind().is_none());
                disks.hosts = droplets.map(|(_, watched)| watched.label.clone()).collect();
                round.listings.push(disks);
            }
        }
    }

    /// Words for a status that say neither that something works nor that it does not. What was
    /// never seen before has no reading that could tell it.
    fn not_clear(&self) -> Option<String> {
        let told = self.watched.values().filter_map(|watched| match &watched.standing {
            Standing::Unclear(word) if word.is_empty() => Some(format!("{} (none)", watched.label)),
            Standing::Unclear(word) => Some(format!("{} ('{}')", watched.label, shown(word))),
            Standing::Up | Standing::Down => None,
        });
        let told: Vec<String> = told.collect();
        let names: Vec<&str> = told.iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| {
            format!(
                "DigitalOcean gives a status that says neither that it works nor that it does not, of {}: it is unknown until that changes. If it stays so, look at it in DigitalOcean's control panel.",
                named(&names)
            )
        })
    }

    /// The notes for people, in sentences.
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
            notes.push(format!(
                "DigitalOcean has no memory, disk and load of {}. Install its metrics agent there (do-agent), then they come by themselves.",
                named(&without_agent)
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
        if droplets.is_some() && !self.unnamed.is_empty() {
            let ids: Vec<String> =
                self.unnamed.iter().take(NAMED).map(|id| format!("'{id}'")).collect();
            notes.push(format!(
                "DigitalOcean lists no droplet with the number {}. Correct 'droplets' under [digitalocean].",
                ids.join(", ")
            ));
        }
        notes.extend(self.not_clear());
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

/// The beginning of some names, as a sentence has them.
fn named(all: &[&str]) -> String {
    let more = all.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", all.iter().take(NAMED).copied().collect::<Vec<_>>().join(", "))
}

/// True if the newest sample is too old to tell about now.
fn is_old(watched: &Watched, metric: Metric, now: i64) -> bool {
    !signals(metric).is_empty()
        && watched.folded.newest(metric).is_none_or(|newest| now - newest > OLD)
}

/// The reason that nobody can say how something is.
fn unclear(word: &str) -> FailureReason {
    FailureReason::NotClear { by: Account::api(), word: word.into() }
}
