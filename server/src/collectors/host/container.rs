//! The limits and use of a container, from the files of its control group (cgroup v1 and v2).
//!
//! In a container `/proc/meminfo` and `/proc/stat` show the whole machine unless lxcfs replaces
//! them: what ends programs there is the container's own limit. A limit of a service on the
//! machine itself (such as `MemoryMax=` of systemd) is none of the machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The settings and counters of the container's control group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Container {
    /// Its limit of memory and what is used of it without what can be reclaimed, in bytes.
    pub memory: Option<(u64, u64)>,
    /// The processor time that it may use, in processors, and the seconds that it used since its
    /// start.
    pub cpu: Option<(f64, f64)>,
    /// On how many processors it may run, and the seconds that it used since its start.
    pub processors: Option<(usize, f64)>,
    /// The folder in which its own pressure is told.
    pub pressure: Option<PathBuf>,
}

impl Container {
    /// The number of processors whose time it may use, where that is less than all of those that
    /// are seen, and the seconds that it used.
    pub(super) fn limit(&self, seen: usize) -> Option<(f64, f64)> {
        let set = self.processors.map(|(count, spent)| (count as f64, spent));
        let limits = self.cpu.into_iter().chain(set).filter(|(count, _)| *count < seen as f64);
        limits.min_by(|one, other| one.0.total_cmp(&other.0)).or(self.cpu)
    }
}

/// The ids of the first namespaces of a machine.
const FIRST_PID_NAMESPACE: &str = "pid:[4026531836]";
const FIRST_CGROUP_NAMESPACE: &str = "cgroup:[4026531835]";

/// The surroundings of this program, as it can see them.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    /// The folder in which control groups are mounted.
    pub root: PathBuf,
    /// True if it sees the processes of the machine.
    pub first_processes: bool,
    /// True if it sees the control groups of the machine.
    pub first_groups: bool,
    /// Its own group of version 2, from `/proc/self/cgroup`.
    pub group: Option<String>,
}

impl Surroundings {
    pub(super) fn here() -> Self {
        let is = |link: &str, name: &str| {
            fs::read_link(link).is_ok_and(|target| target.as_os_str() == name)
        };
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self {
            root: "/sys/fs/cgroup".into(),
            first_processes: is("/proc/self/ns/pid", FIRST_PID_NAMESPACE),
            first_groups: is("/proc/self/ns/cgroup", FIRST_CGROUP_NAMESPACE),
            group: groups.lines().find_map(|line| line.strip_prefix("0::/")).map(str::to_owned),
        }
    }

    /// The folder of the container's group of version 2. The group of a whole machine has no
    /// limits: where the topmost visible one has them, it is a container's.
    fn folder(&self) -> Option<PathBuf> {
        let limited = |folder: &Path| folder.join("memory.max").exists();
        if limited(&self.root) {
            return Some(self.root.clone());
        }
        let own = self.group.as_ref().filter(|_| !self.first_processes && self.first_groups)?;
        let is_below = own.split('/').all(|part| part != "..");
        Some(self.root.join(own)).filter(|folder| is_below && limited(folder))
    }

    /// Reads the limits that are in force here.
    pub(super) fn container(&self) -> Container {
        // A container that was given the processes of its host watches the host.
        if self.first_processes && !self.first_groups {
            return Container::default();
        }
        if let Some(folder) = self.folder() {
            let pressure = Some(folder.clone()).filter(|it| it.join("cpu.pressure").exists());
            let processors = spent(&folder)
                .and_then(|spent| Some((set(&text(&folder, "cpuset.cpus.effective")?)?, spent)));
            return Container { memory: memory(&folder), cpu: cpu(&folder), processors, pressure };
        }
        Container {
            memory: memory_of_version_1(&self.root.join("memory")),
            cpu: cpu_of_version_1(&self.root),
            processors: processors_of_version_1(&self.root),
            pressure: None,
        }
    }
}

fn text(folder: &Path, name: &str) -> Option<String> {
    fs::read_to_string(folder.join(name)).ok()
}

fn number(folder: &Path, name: &str) -> Option<u64> {
    text(folder, name)?.trim().parse().ok()
}

/// A number of a file with a name and a number on each line.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(' ')?;
        (key == name).then(|| value.trim().parse().ok()).flatten()
    })
}

fn memory(folder: &Path) -> Option<(u64, u64)> {
    let (limit, used) = (number(folder, "memory.max")?, number(folder, "memory.current")?);
    let stat = text(folder, "memory.stat").unwrap_or_default();
    let reclaimable = ["active_file", "inactive_file", "slab_reclaimable"]
        .into_iter()
        .filter_map(|name| field(&stat, name))
        .fold(0_u64, u64::saturating_add);
    Some((limit, used.saturating_sub(reclaimable)))
}

fn cpu(folder: &Path) -> Option<(f64, f64)> {
    let limit = text(folder, "cpu.max")?;
    let mut parts = limit.split_ascii_whitespace();
    let quota: f64 = parts.next()?.parse().ok()?;
    let period: f64 = parts.next().map_or(Some(100_000.0), |period| period.parse().ok())?;
    (quota > 0.0 && period > 0.0).then_some((quota / period, spent(folder)?))
}

/// The seconds of processors that a group used.
fn spent(folder: &Path) -> Option<f64> {
    Some(field(&text(folder, "cpu.stat")?, "usage_usec")? as f64 / 1e6)
}

/// Number of processors in a list such as `0-3,8`.
fn set(list: &str) -> Option<usize> {
    let mut count = 0_usize;
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        count = count.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
    }
    (count > 0).then_some(count)
}

fn memory_of_version_1(folder: &Path) -> Option<(u64, u64)> {
    let stat = text(folder, "memory.stat")?;
    let own = number(folder, "memory.limit_in_bytes")?;
    let limit = field(&stat, "hierarchical_memory_limit").map_or(own, |above| own.min(above));
    let used = number(folder, "memory.usage_in_bytes")?;
    let reclaimable = field(&stat, "total_active_file")
        .unwrap_or(0)
        .saturating_add(field(&stat, "total_inactive_file").unwrap_or(0));
    Some((limit, used.saturating_sub(reclaimable)))
}

fn cpu_of_version_1(root: &Path) -> Option<(f64, f64)> {
    let folders = [root.join("cpu"), root.join("cpu,cpuacct")];
    let limits = folders.into_iter().find(|folder| folder.exists())?;
    // Without a limit it is -1.
    let quota = number(&limits, "cpu.cfs_quota_us")? as f64;
    let period = number(&limits, "cpu.cfs_period_us")? as f64;
    (quota > 0.0 && period > 0.0).then_some((quota / period, spent_of_version_1(root)?))
}

fn spent_of_version_1(root: &Path) -> Option<f64> {
    let folders = [root.join("cpuacct"), root.join("cpu,cpuacct")];
    let folder = folders.into_iter().find(|folder| folder.exists())?;
    Some(number(&folder, "cpuacct.usage")? as f64 / 1e9)
}

fn processors_of_version_1(root: &Path) -> Option<(usize, f64)> {
    let folder = root.join("cpuset");
    let list = text(&folder, "cpuset.effective_cpus").or_else(|| text(&folder, "cpuset.cpus"))?;
    Some((set(&list)?, spent_of_version_1(root)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(files: &[(&str, &str)]) -> (tempfile::TempDir, Surroundings) {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let around = Surroundings {
            root: root.path().to_owned(),
            first_processes: false,
            first_groups: false,
            group: Some(String::new()),
        };
        (root, around)
    }

    const V2: [(&str, &str); 6] = [
        ("memory.max", "536870912\n"),
        ("memory.current", "500000000\n"),
        (
            "memory.stat",
            "anon 90000000\nfile 400000000\nactive_file 300000000\ninactive_file 95000000\nslab_reclaimable 5000000\n",
        ),
        ("cpu.max", "50000 100000\n"),
        ("cpu.stat", "usage_usec 7500000\nuser_usec 5000000\nsystem_usec 2500000\n"),
        ("cpu.pressure", "some avg10=1.00 avg60=0.50 avg300=0.10 total=1\n"),
    ];

    #[test]
    fn docker_podman_and_kubernetes_set_limits_on_the_topmost_group_that_is_seen() {
        let (root, around) = surroundings(&V2);
        let container = around.container();
        assert_eq!(container.memory, Some((536_870_912, 100_000_000)));
        assert_eq!((container.cpu, container.processors), (Some((0.5, 7.5)), None));
        assert_eq!(container.pressure.as_deref(), Some(root.path()));
        let (_root, around) = surroundings(&[
            ("memory.max", "max\n"),
            ("memory.current", "1\n"),
            ("cpu.max", "max 100000\n"),
            ("cpu.stat", "usage_usec 1\n"),
        ]);
        assert_eq!(around.container(), Container::default());
    }

    #[test]
    fn a_container_that_may_run_on_some_processors_only_is_measured_by_these() {
        let stat = ("cpu.stat", "usage_usec 7500000\n");
        let (_root, around) =
            surroundings(&[V2[0], V2[1], stat, ("cpuset.cpus.effective", "0-1,6\n")]);
        assert_eq!(around.container().processors, Some((3, 7.5)));
        let (_root, around) = surroundings(&[
            ("cpuset/cpuset.effective_cpus", "4-7\n"),
            ("cpu,cpuacct/cpuacct.usage", "3000000000\n"),
        ]);
        assert_eq!(around.container().processors, Some((4, 3.0)));
        for wrong in ["", "\n", "3-1", "x", "0-", "0-99999999999999999999"] {
            assert_eq!(set(wrong), None, "{wrong:?}");
        }
        // Both limits hold; what lists all processors of the machine is none.
        let both =
            Container { cpu: Some((0.5, 7.5)), processors: Some((3, 7.5)), ..Container::default() };
        assert_eq!(both.limit(8), Some((0.5, 7.5)));
        let set = |of: usize| Container { processors: Some((of, 7.5)), ..Container::default() };
        assert_eq!((set(3).limit(8), set(8).limit(8)), (Some((3.0, 7.5)), None));
    }

    #[test]
    fn a_container_with_the_groups_of_its_host_has_its_own() {
        let group = "system.slice/docker-0a.scope";
        let files: Vec<(String, &str)> =
            V2.iter().map(|(name, text)| (format!("{group}/{name}"), *text)).collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        let (_root, mut around) = surroundings(&files);
        around.first_groups = true;
        around.group = Some(group.to_owned());
        assert_eq!(around.container().memory, Some((536_870_912, 100_000_000)));
        around.group = Some("../../elsewhere".to_owned());
        assert_eq!(around.container(), Container::default());
    }

    #[test]
    fn limits_of_a_service_or_of_a_watching_container_are_not_the_machines() {
        let (_root, mut around) = surroundings(&[("system.slice/calm.service/memory.max", "9")]);
        (around.first_processes, around.first_groups) = (true, true);
        around.group = Some("system.slice/calm.service".to_owned());
        assert_eq!(around.container(), Container::default());
        let (_root, mut around) = surroundings(&V2);
        around.first_processes = true;
        assert_eq!(around.container(), Container::default(), "--pid=host");
    }

    #[test]
    fn version_1_is_read_where_a_container_sees_itself() {
        let (_root, around) = surroundings(&[
            ("memory/memory.limit_in_bytes", "268435456\n"),
            ("memory/memory.usage_in_bytes", "200000000\n"),
            (
                "memory/memory.stat",
                "cache 1\nhierarchical_memory_limit 134217728\ntotal_active_file 50000000\ntotal_inactive_file 50000000\n",
            ),
            ("cpu/cpu.cfs_quota_us", "200000\n"),
            ("cpu/cpu.cfs_period_us", "100000\n"),
            ("cpuacct/cpuacct.usage", "3000000000\n"),
        ]);
        let container = around.container();
        assert_eq!(container.memory, Some((134_217_728, 100_000_000)));
        assert_eq!(container.cpu, Some((2.0, 3.0)));
        // A machine's own group: no limit at all.
        let (_root, around) = surroundings(&[
            ("cpu/cpu.cfs_quota_us", "-1\n"),
            ("cpu/cpu.cfs_period_us", "100000\n"),
            ("cpuacct/cpuacct.usage", "3000000000\n"),
            ("memory/memory.limit_in_bytes", "rubbish"),
        ]);
        assert_eq!(around.container(), Container::default());
    }
}
