//! Processes: how many there are, how many are zombies, and which use most. Only `/proc/PID/stat`
//! is read: neither command lines nor environments are ever in this program's memory.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::PathBuf,
    time::{Duration, Instant},
};

use domain::snapshot::ProcessFact;
use foldhash::HashMap;

use super::files;

/// Number of processes in the list.
const TOP: usize = 10;
/// Beyond this many processes they are only looked at every [`SELDOM`]: reading them would cost too
/// much.
const MANY: usize = 400;
const SELDOM: Duration = Duration::from_secs(15);
/// More processes than this are counted, but not looked at.
const MOST: usize = 50_000;

/// The state of a process at the last look.
#[derive(Debug)]
struct Seen {
    started: u64,
    ticks: u64,
    pass: u32,
}

/// The latest figures, and what the next ones are compared with.
#[derive(Debug)]
pub(super) struct Processes {
    root: PathBuf,
    seen: HashMap<u32, Seen>,
    pass: u32,
    read_at: Option<Instant>,
    page_size: u64,
    ticks_per_second: f64,
    found: Vec<ProcessFact>,
    text: Vec<u8>,
    /// True if processes of others are hidden from this program (`hidepid`): then how many there
    /// are is not known, nor which use most.
    pub hidden: bool,
    /// Number of processes.
    pub count: usize,
    /// Number of those that have ended and are not waited for.
    pub zombies: usize,
    /// The largest by memory.
    pub by_memory: Vec<ProcessFact>,
    /// The busiest since the last look.
    pub by_cpu: Vec<ProcessFact>,
}

impl Processes {
    pub(super) fn new() -> Self {
        Self::of("/proc".into())
    }

    fn of(root: PathBuf) -> Self {
        Self {
            root,
            seen: HashMap::default(),
            pass: 0,
            read_at: None,
            page_size: rustix::param::page_size() as u64,
            ticks_per_second: rustix::param::clock_ticks_per_second() as f64,
            found: Vec::new(),
            text: Vec::new(),
            hidden: false,
            count: 0,
            zombies: 0,
            by_memory: Vec::new(),
            by_cpu: Vec::new(),
        }
    }

    /// Looks again, unless there are many and they were looked at a moment ago. Whether it did.
    pub(super) fn refresh(&mut self) -> std::io::Result<bool> {
        let now = Instant::now();
        let elapsed = self.read_at.map(|before| now.saturating_duration_since(before));
        if self.count > MANY && elapsed.is_some_and(|elapsed| elapsed < SELDOM) {
            return Ok(false);
        }
        let seconds = elapsed.map_or(0.0, |elapsed| elapsed.as_secs_f64());
        self.pass = self.pass.wrapping_add(1);
        self.found.clear();
        let (mut count, mut zombies) = (0, 0);
        // The first process is always there, and everybody may look at it unless others are hidden.
        let mut hidden = File::open(self.root.join("1/stat")).is_err();
        for entry in fs::read_dir(&self.root)? {
            let Ok(entry) = entry else { continue };
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
            else {
                continue;
            };
            count += 1;
            if count > MOST {
                continue;
            }
            self.text.clear();
            // A process may end at any moment; then it is not one any more.
            let path = entry.path().join("stat");
            if let Err(error) =
                File::open(path).and_then(|file| file.take(4096).read_to_end(&mut self.text))
            {
                hidden |= error.kind() == ErrorKind::PermissionDenied;
                count -= 1;
                continue;
            }
            let text = String::from_utf8_lossy(&self.text);
            let Some(stat) = files::stat(&text) else { continue };
            zombies += usize::from(stat.state == 'Z');
            let before = self
                .seen
                .insert(pid, Seen { started: stat.started, ticks: stat.ticks, pass: self.pass });
            let ticks = before
                .filter(|before| before.started == stat.started)
                .map_or(0, |before| stat.ticks.saturating_sub(before.ticks));
            let cpu = if seconds > 0.0 {
                ticks as f64 / self.ticks_per_second / seconds * 100.0
            } else {
                0.0
            };
            // Kernel threads use no memory; those that idle are of no interest.
            if stat.pages > 0 || ticks > 0 {
                let memory = stat.pages.saturating_mul(self.page_size);
                self.found.push(ProcessFact {
                    name: files::shown_name(stat.name),
                    pid,
                    memory,
                    cpu: cpu as f32,
                });
            }
        }
        self.seen.retain(|_, seen| seen.pass == self.pass);
        (self.count, self.zombies, self.read_at) = (count, zombies, Some(now));
        self.hidden = hidden;
        if hidden {
            (self.by_memory, self.by_cpu) = (Vec::new(), Vec::new());
            return Ok(true);
        }
        self.found.sort_unstable_by(|a, b| b.memory.cmp(&a.memory).then(a.pid.cmp(&b.pid)));
        self.by_memory =
            self.found.iter().filter(|process| process.memory > 0).take(TOP).cloned().collect();
        self.found.sort_unstable_by(|a, b| b.cpu.total_cmp(&a.cpu).then(a.pid.cmp(&b.pid)));
        self.by_cpu =
            self.found.iter().filter(|process| process.cpu > 0.0).take(TOP).cloned().collect();
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_others_are_hidden_nothing_is_counted_as_all() {
        let root = tempfile::tempdir().unwrap();
        let add = |pid: &str| {
            let folder = root.path().join(pid);
            fs::create_dir(&folder).unwrap();
            let rest = "1 1 1 0 -1 4194560 9 0 0 0 7 5 0 0 20 0 1 0 900 1000000 321 18 1 1 0";
            fs::write(folder.join("stat"), format!("{pid} (x) S {rest}")).unwrap();
        };
        add("42");
        let mut processes = Processes::of(root.path().to_owned());
        processes.refresh().unwrap();
        assert!(processes.hidden && processes.by_memory.is_empty());
        add("1");
        processes.refresh().unwrap();
        assert!(!processes.hidden && processes.by_memory.len() == 2);
        assert_eq!(processes.count, 2);
    }
}
