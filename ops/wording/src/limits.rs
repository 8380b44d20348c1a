//! Limits: parts that can't be seen, or are left out by a limit, told on the health page.

use std::collections::BTreeMap;

use domain::{signal::Signal, text::isolated, time::Timestamp};

use crate::humanize;

/// Disks beyond the limit, by the type of their file system.
pub fn disks_left_out(kinds: &BTreeMap<String, usize>) -> String {
    let count: usize = kinds.values().sum();
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let (disks, are) = if count == 1 { ("1 disk", "is") } else { ("disks", "are") };
    let disks = if count == 1 { disks.to_owned() } else { format!("{count} {disks}") };
    format!(
        "{disks} {are} not monitored ({}), because there are more than Calm Ops monitors on one host. Real disks come before memory disks.",
        humanize::list(&kinds)
    )
}

/// Network interfaces beyond the limit.
pub fn interfaces_left_out(count: usize) -> String {
    let (interfaces, are) = if count == 1 { ("interface", "is") } else { ("interfaces", "are") };
    format!(
        "{count} network {interfaces} {are} not monitored, because there are more than Calm Ops monitors on one host."
    )
}

/// Disks that may not be looked at.
pub fn disks_denied(mounts: &[String]) -> String {
    let (disks, their) = if mounts.len() == 1 { ("disk", "it is") } else { ("disks", "they are") };
    format!(
        "Calm Ops has no access to the {disks} {}, so it is not known how full {their}. Give its user search permission on the folders that lead there.",
        humanize::list(&mounts.iter().map(|mount| isolated(mount)).collect::<Vec<_>>())
    )
}

/// Disks behind which someone else gives no answer.
pub fn disks_silent(mounts: &[String]) -> String {
    let (disks, their) = if mounts.len() == 1 { ("disk", "it is") } else { ("disks", "they are") };
    format!(
        "The {disks} {} did not answer, so it is not known how full {their}. Check the server or program behind.",
        humanize::list(mounts)
    )
}

/// Processes of others are hidden.
pub fn processes_hidden() -> String {
    "The system hides processes of other users from Calm Ops (hidepid, or ProtectProc= of its service), so their number and the largest ones are not known. Add its user to the group that /proc is mounted with (gid=).".to_owned()
}

/// Files of the kernel that can't be read.
pub fn kernel_files_unreadable(files: &[&str]) -> String {
    let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
    format!(
        "Calm Ops can't read {}, so some readings of this host are missing. ProcSubset= of its service may be the reason.",
        humanize::list(&files)
    )
}

/// The kernel does not tell how long programs wait.
pub fn pressure_unknown() -> String {
    "This kernel does not report pressure (how long programs wait), so there are no alerts for waiting on memory, processors or disks. Boot it with psi=1.".to_owned()
}

/// Pushed values that found no room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// At most how many series are taken.
    pub limit: usize,
    /// Number of batches that were refused because of it.
    pub batches: u64,
    /// Since when.
    pub since: Timestamp,
    /// The pushed signals that have the most series, with how many, most first.
    pub by: Vec<(usize, Signal)>,
}

/// The sentence about it on the health page.
pub fn crowded(crowd: &Crowd) -> String {
    let by: Vec<String> = crowd
        .by
        .iter()
        .map(|(count, signal)| match count {
            1 => format!("{signal} (1 series)"),
            count => format!("{signal} ({count} series)"),
        })
        .collect();
    let room = match humanize::list(&by) {
        by if by.is_empty() => String::new(),
        by => format!(" Most are used by {by}."),
    };
    let batches =
        if crowd.batches == 1 { "1 batch was" } else { &format!("{} batches were", crowd.batches) };
    format!(
        "The limit of {} series is reached: {batches} rejected since {}, because there is no room for new pushed series.{room} Retire subjects that no longer exist, or raise limits.series. Readings of this host itself are not affected.",
        crowd.limit,
        humanize::moment(crowd.since),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted_by_kind() {
        let kinds = BTreeMap::from([("ext4".to_owned(), 1), ("tmpfs".to_owned(), 11)]);
        assert!(
            disks_left_out(&kinds)
                .starts_with("12 disks are not monitored (1 ext4 and 11 tmpfs), ")
        );
        let one = BTreeMap::from([("tmpfs".to_owned(), 1)]);
        assert!(disks_left_out(&one).starts_with("1 disk is not monitored (1 tmpfs), "));
        assert!(interfaces_left_out(1).starts_with("1 network interface is not monitored, "));
        assert!(
            disks_denied(&["/a".to_owned(), "/b".to_owned()]).contains("the disks /a and /b, so")
        );
        assert!(
            disks_silent(&["/a".to_owned()])
                .contains("The disk /a did not answer, so it is not known how full it is.")
        );
    }

    #[test]
    fn it_says_how_much_is_left_out_and_who_fills_the_room() {
        let by = vec![(88, "queue.depth".parse().unwrap()), (1, "jobs.age".parse().unwrap())];
        let crowd = Crowd { limit: 120, batches: 4, since: Timestamp::from_secs(0), by };
        let told = crowded(&crowd);
        assert!(
            told.starts_with("The limit of 120 series is reached: 4 batches were rejected since ")
                && told.contains("by queue.depth (88 series) and jobs.age (1 series)."),
            "{told}"
        );
        let one = crowded(&Crowd { batches: 1, by: Vec::new(), ..crowd });
        assert!(one.contains("1 batch was rejected") && !one.contains("Most are"), "{one}");
    }
}
