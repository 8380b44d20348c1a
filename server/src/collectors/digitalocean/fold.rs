//! Samples become values of signals: counters are differenced, sizes and free space joined, the
//! components of one thing put together. Each series of samples goes on where it ended.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    call::Metric,
    cpu::{self, Counters},
    samples::Series,
};

/// A sample may lie this far in the future, in seconds: clocks differ a little.
const AHEAD: i64 = 60;
/// An older one is not of the window that was asked for, in seconds.
const BEHIND: i64 = 7 * 3_600;
/// File systems that are images or live in memory.
const NO_DISKS: [&str; 8] =
    ["squashfs", "iso9660", "tmpfs", "devtmpfs", "ramfs", "overlay", "autofs", "efivarfs"];
/// The most file systems of a droplet.
const MOST_DISKS: usize = 32;

/// A value of a signal at its own time, in seconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// The signal.
    pub signal: &'static str,
    /// The file system, where it is about one.
    pub part: Option<String>,
    /// The time.
    pub at: i64,
    /// The value.
    pub value: f64,
}

/// The facts about one droplet, load balancer or app from its samples.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folded {
    /// The newest sample of each metric.
    newest: BTreeMap<Metric, i64>,
    cpu: Option<Counters>,
    memory: Option<f64>,
    /// Sizes of file systems by their mount points.
    sizes: BTreeMap<String, f64>,
    /// Restart counters by component and instance.
    restarts: BTreeMap<String, f64>,
    /// The time at which the droplet got another size: samples of memory and disks from before
    /// count no more.
    resized_at: Option<i64>,
}

impl Folded {
    /// The time of the newest sample of a metric.
    pub(crate) fn newest(&self, metric: Metric) -> Option<i64> {
        self.newest.get(&metric).copied()
    }

    /// True if samples of a metric can be used: what they are a share of is known.
    pub(crate) fn can_use(&self, metric: Metric) -> bool {
        metric.size().is_none_or(|size| self.knows_size(size))
    }

    /// True if a size is known.
    pub(crate) fn knows_size(&self, metric: Metric) -> bool {
        match metric {
            Metric::MemoryTotal => self.memory.is_some(),
            Metric::DiskSize => !self.sizes.is_empty(),
            _ => false,
        }
    }

    /// Forgets what shares are of: the droplet has another size from now on.
    pub(crate) fn resized(&mut self, now: i64) {
        self.resized_at = Some(now);
        self.memory = None;
        self.sizes.clear();
    }

    /// Takes an answer that came at `now`. Samples that were known, or lie in the future, are left
    /// out, so that times only ever rise. `processors` are those of a droplet.
    pub(crate) fn take(
        &mut self,
        metric: Metric,
        series: &[Series],
        processors: u32,
        now: i64,
    ) -> Vec<Measured> {
        let mut known = self.newest(metric).unwrap_or(i64::MIN);
        if metric.is_of_size() {
            known = known.max(self.resized_at.unwrap_or(i64::MIN));
        }
        let is_new = |at: &i64| {
            *at > known.max(now.saturating_sub(BEHIND)) && *at <= now.saturating_add(AHEAD)
        };
        let times: BTreeSet<i64> = series
            .iter()
            .flat_map(|one| one.samples.iter().map(|(at, _)| *at))
            .filter(is_new)
            .collect();
        let mut measured = Vec::new();
        for &at in &times {
            let moment: Vec<(&Series, f64)> =
                series.iter().filter_map(|one| Some((one, value_at(one, at)?))).collect();
            self.moment(metric, &moment, processors, at, &mut measured);
        }
        if let Some(&newest) = times.last() {
            self.newest.insert(metric, newest);
            if metric == Metric::DiskSize {
                // What the whole window does not name was unmounted.
                let has = |one: &Series| one.samples.iter().any(|(at, _)| times.contains(at));
                let there: BTreeSet<&str> = series
                    .iter()
                    .filter(|one| has(one))
                    .map(|one| one.label("mountpoint"))
                    .collect();
                self.sizes.retain(|mount, _| there.contains(mount.as_str()));
            }
        }
        measured
    }

    /// Folds what all series have at one time.
    fn moment(
        &mut self,
        metric: Metric,
        moment: &[(&Series, f64)],
        processors: u32,
        at: i64,
        out: &mut Vec<Measured>,
    ) {
        let mut tell = |signal, value: f64| {
            out.push(Measured { signal, part: None, at, value });
        };
        let values = || moment.iter().map(|(_, value)| *value);
        let most = || values().fold(f64::MIN, f64::max);
        match metric {
            Metric::Cpu => {
                let counters: Counters = moment
                    .iter()
                    .map(|(one, value)| (one.label("mode").to_owned(), *value))
                    .collect();
                let before = self.cpu.replace(counters.clone());
                if let Some(shares) = before.and_then(|before| cpu::shares(&before, &counters)) {
                    tell("droplet.cpu.used", shares.used);
                    tell("droplet.cpu.steal", shares.steal);
                }
            }
            Metric::MemoryTotal => self.memory = Some(most()).filter(|total| *total > 0.0),
            Metric::MemoryAvailable => {
                let total = self.memory.unwrap_or(0.0);
                let used = values().next().and_then(|available| used(available, total));
                used.into_iter().for_each(|used| tell("droplet.memory.used", used));
            }
            Metric::DiskSize => {
                for (one, size) in moment.iter().filter(|(one, size)| is_disk(one) && *size > 0.0) {
                    let mount = one.label("mountpoint");
                    if self.sizes.len() < MOST_DISKS || self.sizes.contains_key(mount) {
                        self.sizes.insert(mount.to_owned(), *size);
                    }
                }
            }
            Metric::DiskFree => {
                for (one, free) in moment.iter().filter(|(one, _)| is_disk(one)) {
                    let mount = one.label("mountpoint");
                    let Some(size) = self.sizes.get(mount) else { continue };
                    if let Some(value) = used(*free, *size) {
                        let part = Some(mount.to_owned());
                        out.push(Measured { signal: "droplet.disk.used", part, at, value });
                    }
                }
            }
            Metric::Load if processors > 0 => {
                tell("droplet.load.per_core", most().max(0.0) / f64::from(processors));
            }
            Metric::Load => {}
            Metric::HealthChecks => {
                let healthy = values().filter(|value| *value > 0.0).count();
                tell("load_balancer.healthy", 100.0 * healthy as f64 / moment.len() as f64);
            }
            Metric::Connections => tell("load_balancer.connections", values().sum::<f64>()),
            Metric::BalancerCpu => tell("load_balancer.cpu", most()),
            Metric::Responses => {
                let is_error = |one: &Series| one.label("code").starts_with('5');
                let errors = moment.iter().filter(|(one, _)| is_error(one)).map(|(_, value)| value);
                tell("load_balancer.errors", errors.sum::<f64>());
            }
            Metric::AppCpu => tell("app_platform.cpu", most()),
            Metric::AppMemory => tell("app_platform.memory", most()),
            Metric::AppRestarts => {
                if let Some(most) = self.count_restarts(moment) {
                    tell("app_platform.restarts", most);
                }
            }
        }
    }

    /// The sizes that have to be asked for, as these samples can't be a part of those known.
    pub(crate) fn lacks(&self, metric: Metric, series: &[Series]) -> Option<Metric> {
        match metric {
            Metric::MemoryAvailable => {
                let mut newest = series.iter().filter_map(|one| one.samples.last());
                let is_more = newest.any(|(_, free)| self.memory.is_some_and(|all| *free > all));
                is_more.then_some(Metric::MemoryTotal)
            }
            Metric::DiskFree => self.lacks_size(series).then_some(Metric::DiskSize),
            _ => None,
        }
    }

    /// True if a file system's free space was told whose size is not known, or no longer right.
    fn lacks_size(&self, series: &[Series]) -> bool {
        series.iter().filter(|one| is_disk(one)).any(|one| {
            let size = self.sizes.get(one.label("mountpoint"));
            let free = one.samples.last().map_or(0.0, |(_, free)| *free);
            match size {
                Some(size) => free > *size,
                None => self.sizes.len() < MOST_DISKS,
            }
        })
    }

    /// Restarts since the moment before. A counter that went back began anew with its instance.
    fn count_restarts(&mut self, moment: &[(&Series, f64)]) -> Option<f64> {
        let counters: BTreeMap<String, f64> = moment
            .iter()
            .map(|(one, count)| {
                let (component, instance) =
                    (one.label("app_component"), one.label("app_component_instance"));
                (format!("{component}/{instance}"), *count)
            })
            .collect();
        let since = |(name, count): (&String, &f64)| {
            let before = self.restarts.get(name)?;
            Some(if count >= before { count - before } else { *count })
        };
        let most = counters.iter().filter_map(since).reduce(f64::max);
        self.restarts = counters;
        most
    }
}

fn value_at(series: &Series, at: i64) -> Option<f64> {
    let place = series.samples.binary_search_by_key(&at, |(at, _)| *at).ok()?;
    series.samples.get(place).map(|(_, value)| *value)
}

fn is_disk(series: &Series) -> bool {
    !series.label("mountpoint").is_empty() && !NO_DISKS.contains(&series.label("fstype"))
}

/// The used share of a whole, in percent, where what is free can be a part of it.
fn used(free: f64, whole: f64) -> Option<f64> {
    (whole > 0.0 && (0.0..=whole).contains(&free)).then(|| (1.0 - free / whole) * 100.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> Series {
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        Series { labels: labels.iter().map(own).collect(), samples: samples.to_vec() }
    }

    fn told(all: &[Measured]) -> Vec<(&'static str, i64, f64)> {
        all.iter().map(|one| (one.signal, one.at, (one.value * 100.0).round() / 100.0)).collect()
    }

    #[test]
    fn processors_are_told_from_the_second_sample_on_and_go_on_in_the_next_answer() {
        let mut folded = Folded::default();
        let mode = |mode, samples: &[(i64, f64)]| series(&[("mode", mode)], samples);
        let first =
            [mode("idle", &[(0, 0.0), (120, 90.0)]), mode("user", &[(0, 0.0), (120, 30.0)])];
        let all = folded.take(Metric::Cpu, &first, 1, 200);
        assert_eq!(told(&all), [("droplet.cpu.used", 120, 25.0), ("droplet.cpu.steal", 120, 0.0)]);
        // The restart at 240 tells nothing; from there on it is known again.
        let next = [
            mode("idle", &[(120, 90.0), (240, 10.0), (360, 70.0)]),
            mode("user", &[(120, 30.0), (240, 10.0), (360, 70.0)]),
        ];
        let all = folded.take(Metric::Cpu, &next, 1, 400);
        assert_eq!(told(&all), [("droplet.cpu.used", 360, 50.0), ("droplet.cpu.steal", 360, 0.0)]);
        assert_eq!(folded.newest(Metric::Cpu), Some(360));
    }

    #[test]
    fn size_and_free_space_are_joined_by_mount_point() {
        let mut folded = Folded::default();
        let disk = |mount, kind, samples: &[(i64, f64)]| {
            series(&[("mountpoint", mount), ("fstype", kind)], samples)
        };
        let free = [
            disk("/", "ext4", &[(120, 25.0)]),
            disk("/data", "xfs", &[(120, 900.0)]),
            disk("/snap/x", "squashfs", &[(120, 0.0)]),
        ];
        assert!(!folded.can_use(Metric::DiskFree) && folded.lacks_size(&free));
        let sizes = [disk("/", "ext4", &[(60, 100.0)]), disk("/snap/x", "squashfs", &[(60, 9.0)])];
        assert!(folded.take(Metric::DiskSize, &sizes, 1, 200).is_empty());
        let all = folded.take(Metric::DiskFree, &free, 1, 200);
        assert_eq!(told(&all), [("droplet.disk.used", 120, 75.0)]);
        assert_eq!(all[0].part.as_deref(), Some("/"));
        assert!(folded.lacks_size(&free), "/data has no size yet");
        let sizes = [disk("/", "ext4", &[(180, 100.0)]), disk("/data", "xfs", &[(180, 1_000.0)])];
        folded.take(Metric::DiskSize, &sizes, 1, 200);
        assert!(!folded.lacks_size(&free));
        // It was made larger since.
        assert!(folded.lacks_size(&[disk("/data", "xfs", &[(300, 1_900.0)])]));
    }

    #[test]
    fn a_file_system_that_was_unmounted_has_no_size_any_more() {
        let mut folded = Folded::default();
        let disk = |mount, samples: &[(i64, f64)]| {
            series(&[("mountpoint", mount), ("fstype", "ext4")], samples)
        };
        let both = [disk("/", &[(60, 100.0)]), disk("/data", &[(60, 9.0)])];
        folded.take(Metric::DiskSize, &both, 1, 200);
        assert_eq!(folded.sizes.len(), 2);
        // It came late in this answer, and is there all the same.
        let late = [disk("/", &[(120, 100.0), (180, 100.0)]), disk("/data", &[(120, 9.0)])];
        folded.take(Metric::DiskSize, &late, 1, 200);
        assert_eq!(folded.sizes.len(), 2);
        folded.take(Metric::DiskSize, &[], 1, 300);
        assert_eq!(folded.sizes.len(), 2, "an empty answer says nothing");
        folded.take(Metric::DiskSize, &[disk("/", &[(240, 100.0)])], 1, 300);
        assert_eq!(folded.sizes.keys().collect::<Vec<_>>(), ["/"]);
    }

    #[test]
    fn after_a_resize_nothing_is_a_share_of_what_was_there_before() {
        let mut folded = Folded::default();
        let memory = |metric, at, bytes, folded: &mut Folded| {
            told(&folded.take(metric, &[series(&[], &[(at, bytes)])], 1, 1_000))
        };
        memory(Metric::MemoryTotal, 60, 1_000.0, &mut folded);
        let used = memory(Metric::MemoryAvailable, 60, 500.0, &mut folded);
        assert_eq!(used, [("droplet.memory.used", 60, 50.0)]);
        let more = [series(&[], &[(180, 1_500.0)])];
        assert_eq!(folded.lacks(Metric::MemoryAvailable, &more), Some(Metric::MemoryTotal));
        folded.resized(200);
        assert!(!folded.can_use(Metric::MemoryAvailable));
        // What comes late and is of before says nothing.
        memory(Metric::MemoryTotal, 180, 1_000.0, &mut folded);
        assert!(!folded.can_use(Metric::MemoryAvailable));
        memory(Metric::MemoryTotal, 300, 2_000.0, &mut folded);
        assert!(memory(Metric::MemoryAvailable, 180, 500.0, &mut folded).is_empty());
        let used = memory(Metric::MemoryAvailable, 300, 500.0, &mut folded);
        assert_eq!(used, [("droplet.memory.used", 300, 75.0)]);
    }

    #[test]
    fn memory_is_a_share_of_all_memory() {
        let mut folded = Folded::default();
        assert!(!folded.can_use(Metric::MemoryAvailable));
        folded.take(Metric::MemoryTotal, &[series(&[], &[(60, 1_000.0)])], 1, 200);
        let all = folded.take(
            Metric::MemoryAvailable,
            &[series(&[], &[(60, 250.0), (180, 2_000.0)])],
            1,
            200,
        );
        assert_eq!(told(&all), [("droplet.memory.used", 60, 75.0)], "more than all is none");
    }

    #[test]
    fn the_parts_of_a_load_balancer_and_of_an_app_are_put_together() {
        let mut folded = Folded::default();
        let one = |name, text, value| series(&[(name, text)], &[(60, value)]);
        let checks = [one("host", "1", 1.0), one("host", "2", 0.0)];
        let codes = [one("code", "2xx", 90.0), one("code", "502", 3.0), one("code", "5xx", 2.0)];
        let parts = [one("app_component", "a", 20.0), one("app_component", "b", 70.0)];
        let mut all = folded.take(Metric::HealthChecks, &checks, 0, 100);
        all.extend(folded.take(Metric::Responses, &codes, 0, 100));
        all.extend(folded.take(Metric::AppMemory, &parts, 0, 100));
        assert_eq!(
            told(&all),
            [
                ("load_balancer.healthy", 60, 50.0),
                ("load_balancer.errors", 60, 5.0),
                ("app_platform.memory", 60, 70.0)
            ]
        );
        let restarts = |at, count| {
            [series(&[("app_component", "a"), ("app_component_instance", "a-0")], &[(at, count)])]
        };
        assert!(folded.take(Metric::AppRestarts, &restarts(60, 4.0), 0, 100).is_empty());
        let counts = [(180, 6.0, 2.0), (300, 1.0, 1.0)];
        for (at, count, since) in counts {
            let all = folded.take(Metric::AppRestarts, &restarts(at, count), 0, 400);
            assert_eq!(told(&all), [("app_platform.restarts", at, since)]);
        }
    }

    proptest! {
        #[test]
        fn times_only_rise_whatever_comes(
            answers in prop::collection::vec(
                prop::collection::vec((-1_000_i64..5_000, prop::num::f64::ANY), 0..6),
                1..20,
            ),
        ) {
            let mut folded = Folded::default();
            folded.take(Metric::MemoryTotal, &[series(&[], &[(0, 1e9)])], 1, 2_000);
            let mut before = i64::MIN;
            for mut samples in answers {
                samples.sort_by_key(|(at, _)| *at);
                samples.dedup_by_key(|(at, _)| *at);
                for metric in [Metric::Connections, Metric::MemoryAvailable] {
                    let all = folded.take(metric, &[series(&[], &samples)], 1, 2_000);
                    for one in all.iter().filter(|one| one.signal == "load_balancer.connections") {
                        prop_assert!(one.at > before && one.at <= 2_060);
                        before = one.at;
                    }
                    for one in all.iter().filter(|one| one.signal == "droplet.memory.used") {
                        prop_assert!((0.0..=100.0).contains(&one.value));
                    }
                }
            }
        }
    }
}
