//! Maintenance windows in words.

use domain::{
    announcements::OpenWindow,
    maintenance::{MaintenanceWindow, Withheld},
    text::isolated,
};

use crate::humanize;
use commands::maintenance::{Covered, WithheldList};

/// The most breaches and patterns that a sentence names.
const MOST: usize = 5;

/// `*@web-1 and host:web-1`.
pub fn subjects(window: &MaintenanceWindow) -> String {
    let mut names: Vec<String> =
        window.subjects.iter().take(MOST).map(|one| isolated(one.as_str())).collect();
    let more = window.subjects.len().saturating_sub(MOST);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    humanize::list(&names)
}

/// `until 22 Nov 2026, 10:00:00 UTC for *@web-1: New disks`.
pub fn until(window: &MaintenanceWindow) -> String {
    let reason = isolated(&window.reason);
    format!("until {} for {}: {reason}", humanize::moment(window.until), subjects(window))
}

/// The sentence about the subjects of a window: `It covers 2 subjects: the app api on web-1 and
/// web-1.`
pub fn covers(covered: &Covered) -> String {
    let mut names: Vec<String> =
        covered.subjects.iter().take(MOST).map(humanize::subject).collect();
    let more = usize::try_from(covered.count).unwrap_or(usize::MAX).saturating_sub(names.len());
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let names = humanize::list(&names);
    let covers = match covered.count {
        0 => "It does not cover anything known now.".to_owned(),
        1 => format!("It covers 1 subject: {names}."),
        count => format!("It covers {count} subjects: {names}."),
    };
    let unmatched: Vec<String> =
        covered.unmatched.iter().take(MOST).map(|one| format!("'{one}'")).collect();
    if unmatched.is_empty() || covered.count == 0 {
        return covers;
    }
    format!("{covers} Nothing known now matches {}.", humanize::list(&unmatched))
}

/// `memory used on web-1 (critical, since 22 Nov 2026, 10:00:00 UTC)`, with its end where it is
/// over.
pub fn breach(one: &Withheld) -> String {
    let time = match one.ended_at {
        None => format!("since {}", humanize::moment(one.since)),
        Some(end) => {
            format!("from {} to {}", humanize::moment(one.since), humanize::moment(end))
        }
    };
    format!("{} ({}, {time})", humanize::lower_signal_of(&one.signal, &one.subject), one.severity)
}

/// The withheld alerts, as a sentence.
pub fn would_have_alerted(breaches: &[Withheld], more: u32) -> String {
    let left_out = breaches.len().saturating_sub(MOST);
    let more = more.saturating_add(u32::try_from(left_out).unwrap_or(u32::MAX));
    let mut names: Vec<String> = breaches.iter().take(MOST).map(breach).collect();
    if names.is_empty() {
        return "Nothing would have alerted.".to_owned();
    }
    if more > 0 {
        names.push(format!("{more} more"));
    }
    format!("Would have alerted: {}.", humanize::list(&names))
}

/// That a window was ended, and what would have alerted during it.
pub fn ended(number: u64, breaches: &[Withheld], more: u32) -> String {
    format!("Maintenance window {number} ended. {}", would_have_alerted(breaches, more))
}

/// A window in a list.
pub fn listed(open: &OpenWindow, withheld: &WithheldList) -> String {
    let told = would_have_alerted(&withheld.breaches, withheld.more);
    format!("{}  {}\n    {told}", open.number, until(&open.window))
}
