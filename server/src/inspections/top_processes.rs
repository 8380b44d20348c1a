//! The processes that use most CPU and most memory, by two readings of `/proc` a second apart.
//! Arguments can hold secrets in any form: of them only the script of an interpreter is shown.

use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

use domain::{inspection::InspectionOutcome, unit::Unit};
use wording::humanize;

use super::{
    look::{Look, Looked, ours, user},
    processes,
};
use crate::collectors::host::{shown_name, stat};

/// Time between the two readings.
const APART: Duration = Duration::from_secs(1);
/// Number of processes in each list.
const TOP: usize = 20;
/// Programs whose first argument is the program that really runs.
const INTERPRETERS: [&str; 12] = [
    "node", "nodejs", "bun", "deno", "python", "python3", "ruby", "php", "perl", "bash", "sh",
    "java",
];
/// The longest path of a script that is shown, in characters.
const LONGEST_SCRIPT: usize = 80;

#[derive(Clone, Debug)]
struct Process {
    pid: u32,
    name: String,
    started: u64,
    ticks: u64,
    memory: u64,
    cpu: f64,
}

/// Looks.
pub(super) fn look(look: &Look) -> Looked {
    let page = rustix::param::page_size() as u64;
    let before = read(look, page)?;
    let began = Instant::now();
    std::thread::sleep(APART);
    let per_second = rustix::param::clock_ticks_per_second() as f64;
    let ticks = per_second * began.elapsed().as_secs_f64();
    let known: HashMap<u32, (u64, u64)> =
        before.into_iter().map(|one| (one.pid, (one.started, one.ticks))).collect();
    let mut all = read(look, page)?;
    for one in &mut all {
        let earlier = known.get(&one.pid).filter(|(started, _)| *started == one.started);
        // One that began meanwhile used all that it used in this time.
        let earlier = earlier.map_or(0, |(_, ticks)| *ticks);
        one.cpu = one.ticks.saturating_sub(earlier) as f64 / ticks * 100.0;
    }
    let mut notes = Vec::new();
    if processes::small(Path::new("/proc/1/stat")).is_err() {
        notes.push(format!(
            "This host hides processes of others (hidepid): only those of {}, as which Calm Ops runs, are shown.",
            ours()
        ));
    }
    if look.is_over() {
        notes.push("There was no time to look at all processes.".to_owned());
    }
    let mut lines = vec!["Most CPU, over one second".to_owned(), heading()];
    all.sort_by(|a, b| b.cpu.total_cmp(&a.cpu).then(b.memory.cmp(&a.memory)));
    lines.extend(all.iter().filter(|one| one.cpu > 0.0).take(TOP).map(row));
    lines.extend([String::new(), "Most memory".to_owned(), heading()]);
    all.sort_by(|a, b| b.memory.cmp(&a.memory).then(a.pid.cmp(&b.pid)));
    lines.extend(all.iter().take(TOP).map(row));
    Ok(InspectionOutcome::table(lines, notes))
}

fn read(look: &Look, page: u64) -> Result<Vec<Process>, String> {
    let mut found = Vec::new();
    for (pid, path) in processes::all()? {
        if look.is_over() {
            break;
        }
        let Ok(bytes) = processes::small(&path.join("stat")) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let Some(stat) = stat(&text) else { continue };
        found.push(Process {
            pid,
            name: shown_name(stat.name),
            started: stat.started,
            ticks: stat.ticks,
            memory: stat.pages.saturating_mul(page),
            cpu: 0.0,
        });
    }
    Ok(found)
}

fn heading() -> String {
    format!("{:>7} {:>10} {:>8}  {:<12} program", "CPU", "memory", "id", "user")
}

fn row(one: &Process) -> String {
    let user = processes::user_of(one.pid).map_or_else(|| "?".to_owned(), user);
    let arguments = processes::small(Path::new(&format!("/proc/{}/cmdline", one.pid)));
    let script = arguments.ok().and_then(|bytes| script(&bytes)).unwrap_or_default();
    let cpu = format!("{:.0}%", one.cpu);
    let memory = humanize::value(one.memory as f64, &Unit::Bytes);
    format!("{cpu:>7} {memory:>10} {:>8}  {user:<12} {} {script}", one.pid, one.name)
}

/// The script that an interpreter runs, where its first argument is the path of one. A program that
/// names itself has all of it in one text.
fn script(cmdline: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(cmdline);
    let text = text.trim_end_matches('\0');
    let mut words: Vec<&str> = text.split('\0').collect();
    if let [only] = words[..] {
        words = only.split(' ').collect();
    }
    let program = words.first()?.rsplit('/').next()?;
    if !INTERPRETERS.contains(&program) {
        return None;
    }
    let first = match words.get(1..)? {
        ["-jar", jar, ..] => jar,
        [first, ..] => first,
        [] => return None,
    };
    let is_path = first.contains('.') || first.starts_with('/');
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+');
    let fits = is_path
        && !first.starts_with('-')
        && first.chars().all(is_plain)
        && first.chars().count() <= LONGEST_SCRIPT;
    fits.then(|| (*first).to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    /// A process of a test, ended with it.
    struct Busy(Child);

    impl Drop for Busy {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_busy_process_is_found_with_its_script_and_without_its_other_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("busy.sh");
        std::fs::write(&path, "while :; do :; done\n").unwrap();
        let child = Command::new("/bin/sh").arg(&path).arg("hunter2").spawn().unwrap();
        let busy = Busy(child);
        let outcome = look(&Look::new(super::super::ENOUGH)).unwrap();
        let InspectionOutcome::Seen { lines, .. } = outcome else { panic!("it was seen") };
        let memory = lines.iter().position(|line| line == "Most memory").unwrap();
        let pid = format!(" {} ", busy.0.id());
        let row = lines[..memory].iter().find(|line| line.contains(&pid));
        let row = row.unwrap_or_else(|| panic!("it is not among the busy: {lines:#?}"));
        assert!(row.contains("busy.sh") && !row.contains("hunter2"), "{row}");
        assert!(lines.len() > memory + 3, "{lines:#?}");
    }

    #[test]
    fn of_arguments_only_the_path_of_a_script_is_shown() {
        for (cmdline, shown) in [
            ("node\0/srv/app/index.js\0--token\0hunter2\0", Some("/srv/app/index.js")),
            ("node /srv/app/index.js\0\0\0", Some("/srv/app/index.js")),
            ("/usr/bin/python3\0manage.py\0runserver\0", Some("manage.py")),
            ("java\0-jar\0/opt/app.jar\0-Dpassword=hunter2\0", Some("/opt/app.jar")),
            ("java\0-Dpassword=hunter2\0-jar\0/opt/app.jar\0", None),
            ("node\0-e\0fetch('https://x?key=hunter2')\0", None),
            ("sh\0-c\0mysql -phunter2\0", None),
            ("sh\0hunter2\0", None),
            ("mysql\0-phunter2\0", None),
            ("mysql\0/hunter2.sql\0", None),
            ("node\0https://a:hunter2@b.example\0", None),
            ("postgres: app shop 10.0.0.1(5432) SELECT\0", None),
            ("\0", None),
            ("", None),
            ("node\0", None),
        ] {
            assert_eq!(script(cmdline.as_bytes()).as_deref(), shown, "{cmdline:?}");
        }
        let long = format!("node\0/{}.js\0", "x".repeat(100));
        assert_eq!(script(long.as_bytes()), None);
    }
}
