//! Memory and processors, from the small files of the kernel, judged by what a program can still
//! get.
//!
//! Memory that is given back when it is needed is available: the kernel's own caches, and the cache
//! of ZFS down to its minimum, which the kernel counts as used. Huge pages are set aside: they are
//! neither used nor to be had. Time of guests is time of the programs that run them, and counts
//! once; stolen time was never this machine's.

/// Memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Memory {
    /// Memory for programs in all.
    pub total: u64,
    /// Memory that programs can still get.
    pub available: u64,
    /// Swap in all.
    pub swap: u64,
    /// Swap that is not in use.
    pub swap_free: u64,
}

/// Reads `/proc/meminfo`. `arc` is the text of ZFS's `arcstats`, where the memory is the whole
/// machine's; `limit` is the limit of the container and what is used of it.
pub(super) fn memory(text: &str, arc: Option<&str>, limit: Option<(u64, u64)>) -> Option<Memory> {
    let field = |name: &str| -> Option<u64> {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            let value = (key == name).then(|| value.split_ascii_whitespace().next())??;
            Some(value.parse::<u64>().ok()?.saturating_mul(1024))
        })
    };
    let plain = |name: &str| field(name).map(|bytes| bytes / 1024);
    let in_pages = || Some(plain("HugePages_Total")?.saturating_mul(field("Hugepagesize")?));
    let huge = field("Hugetlb").or_else(in_pages).unwrap_or(0);
    let total = field("MemTotal")?.saturating_sub(huge);
    // Kernels before 3.14 do not say what is available.
    let estimate = || {
        let parts = ["MemFree", "Buffers", "Cached", "SReclaimable"];
        parts
            .into_iter()
            .filter_map(field)
            .fold(0_u64, u64::saturating_add)
            .saturating_sub(field("Shmem").unwrap_or(0))
    };
    let available = field("MemAvailable").unwrap_or_else(estimate);
    let available = available.saturating_add(arc.map_or(0, reclaimable)).min(total);
    let (swap, swap_free) = (field("SwapTotal").unwrap_or(0), field("SwapFree").unwrap_or(0));
    let (total, available) = match limit.filter(|(limit, _)| *limit < total) {
        Some((limit, used)) => (limit, available.min(limit.saturating_sub(used))),
        None => (total, available),
    };
    (total > 0).then_some(Memory { total, available, swap, swap_free })
}

/// The bytes that ZFS's cache gives back under pressure.
fn reclaimable(arcstats: &str) -> u64 {
    let field = |name: &str| {
        arcstats.lines().find_map(|line| {
            let mut parts = line.split_ascii_whitespace();
            (parts.next()? == name).then(|| parts.nth(1)?.parse::<u64>().ok()).flatten()
        })
    };
    field("size").unwrap_or(0).saturating_sub(field("c_min").unwrap_or(0))
}

/// Ticks of all processors together since the start, from `/proc/stat`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ticks {
    /// user, nice, system, idle, iowait, irq, softirq, steal. User and nice hold the time of
    /// guests.
    fields: [u64; 8],
    /// Number of processors.
    pub processors: usize,
}

/// The shares of processor time between two looks, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CpuShares {
    /// Of the time that this machine got: what was used.
    pub used: f64,
    /// Of all time: what the machine's host gave to others while programs here wanted it.
    pub steal: f64,
}

/// Reads `/proc/stat`. Old kernels have fewer fields.
pub(super) fn ticks(text: &str) -> Option<Ticks> {
    let first = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let mut fields = [0; 8];
    let mut read = 0;
    for (field, text) in fields.iter_mut().zip(first.split_ascii_whitespace()) {
        *field = text.parse().ok()?;
        read += 1;
    }
    let is_one = |line: &&str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let processors = text.lines().filter(is_one).count().max(1);
    (read >= 4).then_some(Ticks { fields, processors })
}

/// The shares between two looks; `None` if no time went by.
pub(super) fn shares(before: &Ticks, now: &Ticks) -> Option<CpuShares> {
    // Idle and waiting times may step back by a little.
    let mut spent = [0.0; 8];
    for (at, (now, before)) in now.fields.iter().zip(before.fields).enumerate() {
        spent[at] = now.saturating_sub(before) as f64;
    }
    let [_, _, _, idle, waiting, _, _, steal] = spent;
    let all: f64 = spent.iter().sum();
    let got = all - steal;
    (all > 0.0).then(|| CpuShares {
        used: if got > 0.0 { (got - idle - waiting) / got * 100.0 } else { 100.0 },
        steal: steal / all * 100.0,
    })
}

/// Load of the last minute, from `/proc/loadavg`.
pub(super) fn load(text: &str) -> Option<f64> {
    text.split_ascii_whitespace().next()?.parse().ok().filter(|load: &f64| load.is_finite())
}

/// Seconds since the start, from `/proc/uptime`.
pub(super) fn uptime(text: &str) -> Option<f64> {
    load(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;
    const MEMINFO: &str = "\
MemTotal:       33554432 kB
MemFree:         1572864 kB
MemAvailable:    1887436 kB
Buffers:           10000 kB
Cached:           300000 kB
SwapTotal:       2097148 kB
SwapFree:         104857 kB
HugePages_Total:       0
Hugepagesize:       2048 kB
Hugetlb:               0 kB
";
    const ARC: &str = "\
13 1 0x01 147 39984 5000000000 900000000000
name                            type data
hits                            4    99
c                               4    27917287424
c_min                           4    1073741824
c_max                           4    30064771072
size                            4    27917287424
compressed_size                 4    900
";

    fn used(memory: Memory) -> f64 {
        100.0 - memory.available as f64 / memory.total as f64 * 100.0
    }

    #[test]
    fn the_cache_of_zfs_is_given_back_down_to_its_minimum() {
        let plain = memory(MEMINFO, None, None).unwrap();
        assert!((94.0..95.0).contains(&used(plain)));
        let with_cache = memory(MEMINFO, Some(ARC), None).unwrap();
        assert_eq!(with_cache.available - plain.available, 25 * GIB);
        assert!((16.0..17.0).contains(&used(with_cache)));
        assert_eq!(memory(MEMINFO, Some("size 4 x\nc_min"), None), Some(plain));
        assert_eq!((plain.swap, plain.swap_free), (2_097_148 << 10, 104_857 << 10));
    }

    #[test]
    fn huge_pages_are_set_aside() {
        let text = MEMINFO
            .replace("Hugetlb:               0", "Hugetlb:        25165824")
            .replace("MemAvailable:    1887436", "MemAvailable:    6291456");
        let memory = memory(&text, None, None).unwrap();
        assert_eq!((memory.total, memory.available), (8 * GIB, 6 * GIB));
    }

    #[test]
    fn the_limit_of_a_container_is_what_there_is() {
        let limited = memory(MEMINFO, None, Some((GIB, GIB / 4))).unwrap();
        assert_eq!((limited.total, limited.available), (GIB, GIB / 4 * 3));
        // The machine may have less than the container is allowed.
        let tight = memory(MEMINFO, None, Some((16 * GIB, 0))).unwrap();
        assert_eq!((tight.total, tight.available), (16 * GIB, 1_887_436 << 10));
        // Version 1 says "none" by a huge number.
        let open = memory(MEMINFO, None, Some((9_223_372_036_854_771_712, 5)));
        assert_eq!(open, memory(MEMINFO, None, None));
    }

    #[test]
    fn old_kernels_are_estimated_and_rubbish_is_nothing() {
        let old =
            "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 300 kB\nShmem: 50 kB\n";
        assert_eq!(memory(old, None, None).unwrap().available, 400 << 10);
        for broken in ["", "MemTotal:", "MemTotal: x kB", "MemTotal: 0 kB"] {
            assert_eq!(memory(broken, None, None), None, "{broken}");
        }
    }

    fn between(before: &str, now: &str) -> Option<CpuShares> {
        shares(&ticks(before)?, &ticks(now)?)
    }

    #[test]
    fn stolen_time_is_named_and_time_of_guests_counts_once() {
        // user nice system idle iowait irq softirq steal guest guest_nice
        let zero = "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0\ncpu1 0\nintr 5";
        let stolen = between(zero, "cpu  500 0 0 0 0 0 0 500 0 0\ncpu0 0").unwrap();
        assert_eq!(stolen, CpuShares { used: 100.0, steal: 50.0 });
        let guests = between(zero, "cpu  950 0 0 50 0 0 0 0 950 0\ncpu0 0").unwrap();
        assert_eq!(guests, CpuShares { used: 95.0, steal: 0.0 });
        let waiting = between(zero, "cpu  100 0 100 300 500 0 0 0 0 0\ncpu0 0").unwrap();
        assert_eq!(waiting, CpuShares { used: 20.0, steal: 0.0 });
        let mostly_idle = between(zero, "cpu  90 0 0 810 0 0 0 100 0 0\ncpu0 0").unwrap();
        assert_eq!(mostly_idle, CpuShares { used: 10.0, steal: 10.0 });
        assert_eq!(ticks(zero).unwrap().processors, 2);
    }

    #[test]
    fn counters_that_step_back_and_rubbish_are_survived() {
        let back = between("cpu  5 0 0 100 50 0 0 0", "cpu  15 0 0 190 40 0 0 0").unwrap();
        assert_eq!(back.used, 10.0);
        assert_eq!(between("cpu  5 0 0 100", "cpu  5 0 0 100"), None);
        for broken in ["", "cpu", "cpu  1 2 3", "cpu  a 2 3 4", "intr 1"] {
            assert_eq!(ticks(broken), None, "{broken}");
        }
        assert_eq!(load("0.52 0.58 0.59 1/467 12345\n"), Some(0.52));
        assert_eq!(uptime("350735.47 234388.90\n"), Some(350_735.47));
        assert_eq!(load("inf"), None);
    }
}
