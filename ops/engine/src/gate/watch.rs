//! The organizations that are followed one by one: those that are named, and a bounded choice of
//! those that send most.
//!
//! Names of organizations come from requests, and anybody can invent some. A place is therefore not
//! for who comes first: where all are taken, the organization that sends least gives its place to
//! one that sends clearly more ([`FACTOR`], [`LEAD`]), in the last minute or in the last moment: a
//! spike has its place within two seconds. What was sent is counted with exponential decay, each
//! request for a [`MINUTE`] and for a [`MOMENT`] in the mean. One that sends steadily is not
//! replaced by one that sends as much, so that the choice settles. Each change of a place is
//! journalled for good, so that their number is bounded too ([`MOST_REPLACED`], [`REPLACED_EVERY`]).

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use domain::time::{MonotonicTime, Span};

/// The time constant of the decay; an organization also has its place for as long at least.
const MINUTE: Span = Span::from_mins(1);
/// The time constant of the decay by which a spike is seen.
const MOMENT: Span = Span::from_secs(2);
/// An organization without a request is followed for this long.
const SILENT: Span = Span::from_mins(15);
/// A newcomer has to send more than this many times what the one sends whose place it takes.
const FACTOR: f64 = 2.0;
/// Requests that it has to send beyond that.
const LEAD: f64 = 10.0;
/// Places that others may take in a row.
const MOST_REPLACED: f64 = 50.0;
/// Of these, so many are for spikes ([`SPIKE`], [`SPIKE_LEAD`]): moments of much traffic, of which
/// there are always some among many organizations, must not use them up.
const RESERVED: f64 = 10.0;
/// A spike is more than this many times what those with a place send in the mean.
const SPIKE: f64 = 10.0;
/// Requests of a moment that a spike has at least: more than those of a page.
const SPIKE_LEAD: f64 = 4.0 * LEAD;
/// The time after which one more may be taken: at most 720 a day.
const REPLACED_EVERY: Span = Span::from_mins(2);
/// One that sent less than this is forgotten if it has no place.
const FORGOTTEN: f64 = 0.5;

/// Requests of an organization.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sent {
    /// Those of the last minute.
    minute: f64,
    /// Those of the last moment.
    moment: f64,
}

impl Sent {
    fn add(&mut self, requests: u64) {
        self.minute += requests as f64;
        self.moment += requests as f64;
    }

    fn decay(&mut self, passed: Span) {
        let left = |constant: Span| (-passed.as_secs_f64() / constant.as_secs_f64()).exp();
        self.minute *= left(MINUTE);
        self.moment *= left(MOMENT);
    }

    /// Requests a minute: those of the last minute, or as many as there would be in one if the last
    /// moment went on. Its first [`LEAD`] requests do not count for that, as one page can send them.
    fn rate(self) -> f64 {
        let moments = MINUTE.as_secs_f64() / MOMENT.as_secs_f64();
        self.minute.max((self.moment - LEAD) * moments)
    }

    /// True if it is clearly more than what another one sent.
    fn exceeds(self, other: Self) -> bool {
        self.rate() > other.rate() * FACTOR + LEAD
    }
}

/// An organization with a place.
#[derive(Clone, Debug)]
struct Watched {
    since: MonotonicTime,
    active_at: MonotonicTime,
    sent: Sent,
    is_named: bool,
}

/// Changes of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Organizations that are followed from now on.
    pub added: Vec<Box<str>>,
    /// Organizations that are not followed any more.
    pub dropped: Vec<Box<str>>,
}

/// The organizations that are followed.
#[derive(Clone, Debug)]
pub struct Watchlist {
    /// Places for organizations that are not named.
    most: usize,
    watched: BTreeMap<Box<str>, Watched>,
    /// Organizations without a place, as many as there are places.
    waiting: BTreeMap<Box<str>, Sent>,
    looked_at: Option<MonotonicTime>,
    /// Places that others may take now.
    replaceable: f64,
}

impl Watchlist {
    /// A list with so many places for organizations that are not named.
    pub const fn new(most: usize) -> Self {
        Self {
            most,
            watched: BTreeMap::new(),
            waiting: BTreeMap::new(),
            looked_at: None,
            replaceable: MOST_REPLACED,
        }
    }

    /// Takes the requests of each organization since the last look. Those that are named always
    /// have a place. One of those that are kept loses its place neither to another nor by silence, up
    /// to half of the places.
    pub fn look(
        &mut self,
        seen: &[(&str, u64)],
        is_named: impl Fn(&str) -> bool,
        is_kept: impl Fn(&str) -> bool,
        now: MonotonicTime,
    ) -> Changes {
        let mut changes = Changes::default();
        self.decay(now);
        for (name, one) in &mut self.watched {
            one.is_named = is_named(name);
        }
        for &(name, requests) in seen {
            self.take(name, requests, is_named(name), now, &mut changes);
        }
        let kept = self.kept(is_kept);
        let is_over =
            |name: &str, one: &Watched| now.since(one.active_at) > SILENT && !kept.contains(name);
        let over = self.watched.extract_if(.., |name, one| is_over(name, one));
        changes.dropped.extend(over.map(|(name, _)| name));
        self.fill(&kept, now, &mut changes);
        self.forget();
        changes
    }

    fn decay(&mut self, now: MonotonicTime) {
        let passed = self.looked_at.replace(now).map_or(Span::ZERO, |at| now.since(at));
        let earned = passed.as_secs_f64() / REPLACED_EVERY.as_secs_f64();
        self.replaceable = (self.replaceable + earned).min(MOST_REPLACED);
        self.watched.values_mut().for_each(|one| one.sent.decay(passed));
        self.waiting.values_mut().for_each(|sent| sent.decay(passed));
    }

    fn take(
        &mut self,
        name: &str,
        requests: u64,
        is_named: bool,
        now: MonotonicTime,
        changes: &mut Changes,
    ) {
        if requests == 0 && !is_named {
            return;
        }
        if let Some(known) = self.watched.get_mut(name) {
            known.active_at = now;
            known.sent.add(requests);
            return;
        }
        let mut sent = self.waiting.remove(name).unwrap_or_default();
        sent.add(requests);
        if is_named {
            self.watched
                .insert(name.into(), Watched { since: now, active_at: now, sent, is_named });
            changes.added.push(name.into());
        } else {
            self.waiting.insert(name.into(), sent);
        }
    }

    /// Gives free places, and those of the ones that send least, to those that send most.
    fn fill(&mut self, kept: &BTreeSet<Box<str>>, now: MonotonicTime, changes: &mut Changes) {
        let mut places = self.places(kept, now);
        let mut taken = self.watched.values().filter(|one| !one.is_named).count();
        // Some are not named any more.
        while taken > self.most
            && let Some((sent, loser)) = places.pop()
        {
            self.drop_one(loser, sent, changes);
            taken -= 1;
        }
        let mut newcomers: Vec<(Sent, Box<str>)> =
            self.waiting.iter().map(|(name, sent)| (*sent, name.clone())).collect();
        newcomers.sort_by(by_most);
        let spike = SPIKE * self.mean_rate();
        for (sent, name) in newcomers {
            if taken >= self.most {
                let Some((least, loser)) = places.pop() else { break };
                let is_spike = sent.rate() > spike && sent.moment > SPIKE_LEAD;
                let needed = if is_spike { 1.0 } else { 1.0 + RESERVED };
                if !sent.exceeds(least) || self.replaceable < needed {
                    break;
                }
                self.replaceable -= 1.0;
                self.drop_one(loser, least, changes);
                taken -= 1;
            }
            self.waiting.remove(&name);
            let one = Watched { since: now, active_at: now, sent, is_named: false };
            self.watched.insert(name.clone(), one);
            changes.added.push(name);
            taken += 1;
        }
    }

    /// The mean rate of one with a place, in requests a minute.
    fn mean_rate(&self) -> f64 {
        let rates = self.watched.values().map(|one| one.sent.rate().max(0.0));
        rates.sum::<f64>() / self.watched.len().max(1) as f64
    }

    /// Those that lose their place to nobody.
    fn kept(&self, is_kept: impl Fn(&str) -> bool) -> BTreeSet<Box<str>> {
        let others = self.watched.iter().filter(|(_, one)| !one.is_named);
        let mut kept: Vec<(MonotonicTime, &Box<str>)> =
            others.filter(|(name, _)| is_kept(name)).map(|(name, one)| (one.since, name)).collect();
        // Whoever can cause problems under many names must not fill the list with them.
        kept.sort_unstable();
        kept.truncate(self.most / 2);
        kept.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// Those that can lose their place, by what they sent, the least last.
    fn places(&self, kept: &BTreeSet<Box<str>>, now: MonotonicTime) -> Vec<(Sent, Box<str>)> {
        let others = self.watched.iter().filter(|(_, one)| !one.is_named);
        let mut places: Vec<(Sent, Box<str>)> = others
            .filter(|(name, one)| now.since(one.since) >= MINUTE && !kept.contains(*name))
            .map(|(name, one)| (one.sent, name.clone()))
            .collect();
        places.sort_by(by_most);
        places
    }

    fn drop_one(&mut self, name: Box<str>, sent: Sent, changes: &mut Changes) {
        self.watched.remove(&name);
        self.waiting.insert(name.clone(), sent);
        changes.dropped.push(name);
    }

    /// Bounds what is remembered of those without a place.
    fn forget(&mut self) {
        self.waiting.retain(|_, sent| sent.minute >= FORGOTTEN);
        if self.waiting.len() > self.most {
            let mut all: Vec<(Sent, Box<str>)> = std::mem::take(&mut self.waiting)
                .into_iter()
                .map(|(name, sent)| (sent, name))
                .collect();
            all.sort_by(by_most);
            all.truncate(self.most);
            self.waiting = all.into_iter().map(|(sent, name)| (name, sent)).collect();
        }
    }
}

/// The order by what was sent, the most first, and by name.
fn by_most(one: &(Sent, Box<str>), other: &(Sent, Box<str>)) -> Ordering {
    other.0.rate().total_cmp(&one.0.rate()).then_with(|| one.1.cmp(&other.1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 4;
    const ANY: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "k1", "n1", "n2"];
    const SILENT_SECONDS: u64 = SILENT.as_micros() / 1_000_000;

    fn now(seconds: u64) -> MonotonicTime {
        MonotonicTime::from_micros(1_000_000_000).plus(Span::from_secs(seconds))
    }

    /// A list with the names that have a place in it, as its changes tell.
    struct World {
        list: Watchlist,
        names: BTreeSet<Box<str>>,
    }

    impl World {
        fn new() -> Self {
            Self { list: Watchlist::new(MOST), names: BTreeSet::new() }
        }

        fn look(&mut self, seconds: u64, seen: &[(&str, u64)]) -> Changes {
            // `limits.md` names those that begin with n, and k have problems.
            let (is_named, is_kept) =
                (|name: &str| name.starts_with('n'), |name: &str| name.starts_with('k'));
            let changes = self.list.look(seen, is_named, is_kept, now(seconds));
            for name in &changes.dropped {
                assert!(self.names.remove(name), "{name} had no place");
            }
            for name in &changes.added {
                assert!(self.names.insert(name.clone()), "{name} had a place");
            }
            changes
        }

        fn has(&self, name: &str) -> bool {
            self.names.contains(name)
        }
    }

    #[test]
    fn invented_names_keep_nobody_out() {
        let mut world = World::new();
        let invented: Vec<String> = (0..40).map(|index| format!("x{index:02}")).collect();
        let one_each: Vec<(&str, u64)> = invented.iter().map(|name| (&**name, 1)).collect();
        world.look(0, &one_each);
        assert_eq!(world.names.len(), MOST);
        world.look(1, &[("named", 0)]);
        assert!(world.has("named"), "what the document names is always watched");
        for seconds in 2..120 {
            // Each invented name again and again, so that none is silent for long.
            let mut seen = vec![("acme", 1), ("named", 0)];
            let turn = usize::try_from(seconds).unwrap() % invented.len();
            seen.push(one_each[turn]);
            world.look(seconds, &seen);
        }
        assert!(world.has("acme"), "{:?}", world.names);
        for seconds in 120..4_000 {
            let turn = usize::try_from(seconds).unwrap() % invented.len();
            world.look(seconds, &[("acme", 1), ("named", 0), one_each[turn]]);
            assert!(world.has("acme"), "{seconds}: {:?}", world.names);
        }
    }

    #[test]
    fn those_that_send_alike_do_not_take_places_from_each_other() {
        let mut world = World::new();
        let seen = [("a", 9), ("b", 10), ("c", 11), ("d", 10), ("e", 10), ("f", 12), ("g", 18)];
        world.look(0, &seen);
        assert_eq!(world.names.iter().map(|name| &**name).collect::<String>(), "bcfg");
        for seconds in 1..1_000 {
            assert_eq!(world.look(seconds, &seen), Changes::default(), "{seconds}");
        }
    }

    #[test]
    fn a_spike_has_its_place_within_two_seconds_and_a_moment_of_much_traffic_none() {
        // It begins anywhere in a window, so that the first one has only a part of it.
        for part in 0..12 {
            let mut world = World::new();
            let steady = [("a", 1), ("b", 1), ("c", 1), ("d", 1)];
            for seconds in 0..90 {
                world.look(seconds, &[&steady[..], &[("spike", 1)]].concat());
            }
            assert!(!world.has("spike"));
            for (seconds, requests) in [(90, 1 + part), (91, 13), (92, 13)] {
                world.look(seconds, &[&steady[..], &[("spike", requests)]].concat());
            }
            assert!(world.has("spike"), "{part} of 12");
        }
        let mut world = World::new();
        let steady = [("a", 1), ("b", 1), ("c", 1), ("d", 1)];
        (0..90).for_each(|seconds| drop(world.look(seconds, &steady)));
        world.look(90, &[&steady[..], &[("page", 10)]].concat());
        assert!(!world.has("page"));
    }

    #[test]
    fn moments_of_much_traffic_leave_places_for_a_spike() {
        let mut world = World::new();
        let names: Vec<String> = (0..40).map(|index| format!("x{index:02}")).collect();
        let mut random = 7_u64;
        for seconds in 0..3_600 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let name = &*names[usize::try_from(random >> 33).unwrap() % names.len()];
            // A page with 20 requests, now and then by each.
            world.look(seconds, &[(name, 20)]);
        }
        let spike = (3_600..3_603).find(|seconds| {
            world.look(*seconds, &[("spike", 100)]);
            world.has("spike")
        });
        assert!(spike.is_some(), "{:?} {}", world.names, world.list.replaceable);
    }

    #[test]
    fn one_with_a_problem_keeps_its_place_up_to_half_of_them() {
        let mut world = World::new();
        world.look(0, &[("k1", 1), ("k2", 1), ("k3", 1), ("k4", 1)]);
        for seconds in 1..100 {
            world.look(seconds, &[("a", 50), ("b", 50), ("c", 50)]);
        }
        assert_eq!(world.names.iter().map(|name| &**name).collect::<String>(), "abk1k2");
    }

    #[test]
    fn one_with_a_problem_that_falls_silent_keeps_its_place() {
        let mut world = World::new();
        world.look(0, &[("k1", 5), ("a", 5)]);
        world.look(2 * SILENT_SECONDS, &[("b", 1)]);
        assert!(world.has("k1") && !world.has("a"));
    }

    #[test]
    fn many_that_send_in_turns_take_few_places_from_each_other() {
        let mut world = World::new();
        let names: Vec<String> = (0..20).map(|index| format!("x{index:02}")).collect();
        let mut taken = 0;
        for minutes in 0..600 {
            let name = &names[minutes % names.len()];
            let seconds = 60 * u64::try_from(minutes).unwrap();
            taken += world.look(seconds, &[(name, 60)]).dropped.len();
        }
        assert!((100..=50 + 300).contains(&taken), "{taken}");
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: fixtures::cases(128), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn places_are_bounded_and_lost_by_silence_or_to_who_sends_more(
            looks in prop::collection::vec(
                prop::collection::vec(
                    (prop::sample::select(ANY.to_vec()),
                     prop_oneof![Just(0_u64), 1..5_u64, 1..200_u64]),
                    0..8,
                ),
                1..80,
            ),
            step in prop_oneof![3 => 1..20_u64, 1 => 300..1_000_u64],
        ) {
            let mut world = World::new();
            let mut active = BTreeMap::<Box<str>, u64>::new();
            for (index, seen) in looks.iter().enumerate() {
                let seconds = step * index as u64;
                let mut seen = seen.clone();
                seen.sort_unstable();
                seen.dedup_by_key(|one| one.0);
                for (name, requests) in &seen {
                    if *requests > 0 || name.starts_with('n') {
                        active.insert((*name).into(), seconds);
                    }
                }
                let before = world.names.clone();
                let changes = world.look(seconds, &seen);
                for (name, _) in &seen {
                    prop_assert!(!name.starts_with('n') || world.has(name), "{name} is named");
                }
                let others = world.names.iter().filter(|name| !name.starts_with('n'));
                prop_assert!(others.count() <= MOST);
                let replaced = changes.dropped.iter().filter(|name| {
                    active.get(*name).is_some_and(|at| seconds - at <= SILENT_SECONDS)
                });
                let replaced: Vec<&Box<str>> = replaced.collect();
                for name in &replaced {
                    prop_assert!(!name.starts_with(['n', 'k']), "{name}");
                    prop_assert!(before.contains(*name));
                }
                let others = changes.added.iter().filter(|name| !name.starts_with('n'));
                prop_assert!(others.count() >= replaced.len(), "a place is lost only to another");
                // Whoever sends has a place, or one that sends about as much has it.
                prop_assert!(world.list.waiting.len() <= MOST);
                let kept = world.list.kept(|name| name.starts_with('k'));
                let places = world.list.places(&kept, now(seconds));
                let is_bounded = world.list.replaceable < 1.0 + RESERVED;
                if let Some((least, name)) = places.last().filter(|_| !is_bounded) {
                    let mut waiting = world.list.waiting.iter();
                    let more = waiting.find(|(_, sent)| sent.exceeds(*least));
                    prop_assert_eq!(more, None, "{} has a place with {:?}", name, least);
                }
            }
        }
    }
}
