//! The end of the last run of a job, where PM2 itself does not tell: of a run that a signal ended
//! it keeps the exit code 0, and only its log names the signal.

use std::{
    collections::HashMap,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
};

use super::wire::Instance;

/// The end of the log that is looked at, in bytes.
const LOOKED_AT: u64 = 256 * 1024;
/// Signals that no person sends to end a program in good order.
const FATAL: [&str; 10] = [
    "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGKILL", "SIGSEGV", "SIGSYS", "SIGTRAP", "SIGXCPU",
    "SIGXFSZ",
];

/// The signals that ended the last runs of jobs, by the number that PM2 gives each process.
#[derive(Debug, Default)]
pub(super) struct Exits {
    /// With the start of the run.
    known: HashMap<u64, (u64, Option<&'static str>)>,
}

impl Exits {
    /// Looks once at the end of each run that PM2 tells the code 0 of, and notes which were killed.
    pub(super) fn note(&mut self, home: &Path, instances: &mut [Instance]) {
        let mut ended = Vec::new();
        for instance in instances.iter() {
            let (state, Some(id)) = (&instance.pm2_env, instance.pm_id) else { continue };
            let (id, run) = (id as u64, run(instance));
            let is_over = state.is_job() && state.is_over() && state.exit_code == Some(0.0);
            if is_over && self.known.get(&id).is_none_or(|(known, _)| *known != run) {
                ended.push((id, run, instance.name.as_str()));
            }
        }
        if !ended.is_empty() {
            let log = tail(&home.join("pm2.log")).unwrap_or_default();
            for (id, run, name) in ended {
                self.known.insert(id, (run, fatal_signal(&log, name, id)));
            }
        }
        let there = |id: &u64| instances.iter().any(|one| one.pm_id == Some(*id as f64));
        self.known.retain(|id, _| there(id));
        for instance in instances {
            let known = instance.pm_id.and_then(|id| self.known.get(&(id as u64)));
            // It is told until the next run has ended.
            let is_of_last = |of: u64| of == run(instance) || !instance.pm2_env.is_over();
            instance.pm2_env.killed_by =
                known.filter(|(of, _)| is_of_last(*of)).and_then(|(_, signal)| *signal);
        }
    }
}

/// The identity of a run of a process: when it began.
fn run(instance: &Instance) -> u64 {
    instance.pm2_env.pm_uptime.unwrap_or(0.0) as u64
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOOKED_AT)))?;
    let mut text = Vec::new();
    file.take(LOOKED_AT).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The signal that ended the last run of a process, if it is one that tells of a fault. One that
/// PM2 sends itself, to a program that someone stops and that takes too long to end, is none.
pub(super) fn fatal_signal(log: &str, name: &str, id: u64) -> Option<&'static str> {
    let (begun, ended) = (format!("App [{name}:{id}] "), format!("Stopping app:{name} id:{id}"));
    let (mut is_stopped, mut signal) = (false, None);
    for line in log.lines() {
        if line.ends_with(&ended) {
            is_stopped = true;
        } else if let Some((_, event)) = line.split_once(&begun) {
            if event.starts_with("starting in ") {
                (is_stopped, signal) = (false, None);
            } else if let Some((_, by)) = event.split_once(" via signal [") {
                let by = by.trim_end().trim_end_matches(']');
                signal = FATAL.into_iter().find(|fatal| *fatal == by).filter(|_| !is_stopped);
            }
        }
    }
    signal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_of_the_last_run_that_nobody_stopped() {
        let at = "2026-11-29T10:20:26: PM2 log: ";
        let began =
            format!("{at}App [nightly:3] starting in -fork mode-\n{at}App [nightly:3] online\n");
        let ended = |signal: &str| {
            format!("{at}App [nightly:3] exited with code [0] via signal [{signal}]\n")
        };
        let stopping = format!("{at}Stopping app:nightly id:3\n");
        for (log, signal) in [
            (format!("{began}{}", ended("SIGKILL")), Some("SIGKILL")),
            (format!("{began}{}", ended("SIGSEGV")), Some("SIGSEGV")),
            (format!("{began}{}", ended("SIGINT")), None),
            (format!("{began}{}", ended("SIGTERM")), None),
            (format!("{began}{stopping}{}", ended("SIGKILL")), None),
            (
                format!("{began}{stopping}{}{began}{}", ended("SIGKILL"), ended("SIGKILL")),
                Some("SIGKILL"),
            ),
            (format!("{began}{}{began}{}", ended("SIGKILL"), ended("SIGINT")), None),
            (ended("SIGKILL").replace(":3]", ":13]"), None),
            (ended("SIGKILL").replace("nightly", "other"), None),
            (String::new(), None),
        ] {
            assert_eq!(fatal_signal(&log, "nightly", 3), signal, "{log}");
        }
    }
}
