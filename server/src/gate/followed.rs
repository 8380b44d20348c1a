//! Condition of the access log that is followed, as the health page tells it.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use domain::time::{MonotonicTime, Span};

/// Lines that could not be read are told for this long after the last one.
const TOLD: Span = Span::from_mins(10);

/// The number that was left out, and the last time.
#[derive(Debug)]
struct LeftOut {
    count: u64,
    at: MonotonicTime,
    /// The first example.
    example: String,
}

#[derive(Debug, Default)]
struct Condition {
    obstacle: Option<String>,
    lines: Option<LeftOut>,
    bytes: Option<LeftOut>,
}

/// An access log that is followed.
#[derive(Debug)]
pub(super) struct Followed {
    path: PathBuf,
    condition: Mutex<Condition>,
}

impl Followed {
    pub fn new(path: PathBuf) -> Self {
        Self { path, condition: Mutex::default() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn change(&self, change: impl FnOnce(&mut Condition)) {
        change(&mut self.condition.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Notes why the file can't be read now; `None` if it can.
    pub fn set_obstacle(&self, obstacle: Option<String>) {
        self.change(|condition| condition.obstacle = obstacle);
    }

    /// Notes a line that can't be read, with the reason.
    pub fn leave_out_line(&self, why: impl FnOnce() -> String, now: MonotonicTime) {
        self.change(|condition| add(&mut condition.lines, 1, why, now));
    }

    /// Notes bytes that were skipped.
    pub fn skip(&self, bytes: u64, now: MonotonicTime) {
        self.change(|condition| add(&mut condition.bytes, bytes, String::new, now));
    }

    /// Sentences for the health page. They stay the same while nothing new happens.
    pub fn notes(&self, now: MonotonicTime) -> Vec<String> {
        let condition = &mut *self.condition.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |one: &mut LeftOut| now.since(one.at) > TOLD;
        condition.lines.take_if(is_over);
        condition.bytes.take_if(is_over);
        let path = self.path.display();
        let mut notes = Vec::new();
        if let Some(obstacle) = &condition.obstacle {
            notes.push(format!("gate.access_log: {path} {obstacle}"));
        }
        if let Some(LeftOut { count, example, .. }) = &condition.lines {
            notes.push(format!(
                "gate.access_log: {} of {path} could not be read and count for nothing. The first one {example}. Compare the proxy's log_format with the one in ops/protection/gate/nginx.conf.",
                at_least(*count, "line", "lines")
            ));
        }
        if let Some(LeftOut { count, .. }) = &condition.bytes {
            notes.push(format!(
                "gate.access_log: {} of {path} came faster than they could be read and were skipped, so results of requests are missing. Have the application report them instead (POST /api/gate/report).",
                at_least(*count, "byte", "bytes")
            ));
        }
        notes
    }
}

fn add(
    known: &mut Option<LeftOut>,
    count: u64,
    example: impl FnOnce() -> String,
    now: MonotonicTime,
) {
    let known = known.get_or_insert_with(|| LeftOut { count: 0, at: now, example: example() });
    known.count = known.count.saturating_add(count);
    known.at = now;
}

/// A count that changes once for each power of ten, so that it is told again only then.
fn at_least(count: u64, one: &str, many: &str) -> String {
    let rounded = 10_u64.pow(count.checked_ilog10().unwrap_or_default());
    match (count, rounded) {
        (0 | 1, _) => format!("1 {one}"),
        (2..10, _) => format!("some {many}"),
        (_, rounded) => format!("at least {rounded} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told_once_for_each_power_of_ten_and_for_ten_minutes() {
        let followed = Followed::new(PathBuf::from("/log"));
        let at = |seconds: u64| MonotonicTime::from_micros(seconds * 1_000_000);
        assert!(followed.notes(at(0)).is_empty());
        let mut told = Vec::new();
        for second in 1..=150 {
            followed.leave_out_line(|| format!("at byte {second}"), at(second));
            let notes = followed.notes(at(second));
            if told.last() != notes.first() {
                told.extend(notes);
            }
        }
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[0].contains("1 line of /log") && told[0].contains("at byte 1."), "{told:?}");
        assert!(told[3].contains("at least 100 lines") && told[3].contains("at byte 1."));
        assert_eq!(followed.notes(at(750)).len(), 1);
        assert!(followed.notes(at(751)).is_empty());
        followed.set_obstacle(Some("is not there".to_owned()));
        followed.skip(40_000_000, at(800));
        let notes = followed.notes(at(801));
        assert!(notes[0].contains("/log is not there"), "{notes:?}");
        assert!(notes[1].contains("at least 10000000 bytes"), "{notes:?}");
        followed.set_obstacle(None);
        assert_eq!(followed.notes(at(801)).len(), 1);
    }
}
