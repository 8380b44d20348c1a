//! What limits leave out, and who fills them up.

use domain::{signal::Signal, time::Timestamp};

use crate::humanize;

/// Pushed values that found no room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// At most how many series are taken.
    pub limit: usize,
    /// How many batches were refused because of it.
    pub batches: u64,
    /// Since when.
    pub since: Timestamp,
    /// The pushed signals that have the most series, with how many, most first.
    pub by: Vec<(usize, Signal)>,
}

/// What is said of it on the health page.
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
        by => format!(" Most of the room is used by {by}."),
    };
    let batches =
        if crowd.batches == 1 { "1 batch was" } else { &format!("{} batches were", crowd.batches) };
    format!(
        "The limit of {} series is reached: {batches} refused since {}, because new pushed series find no room.{room} Retire subjects that are gone, or raise limits.series. What this host measures itself is taken all the same.",
        crowd.limit,
        humanize::moment(crowd.since),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_much_is_left_out_and_who_fills_the_room() {
        let by = vec![(88, "queue.depth".parse().unwrap()), (1, "jobs.age".parse().unwrap())];
        let crowd = Crowd { limit: 120, batches: 4, since: Timestamp::from_secs(0), by };
        let told = crowded(&crowd);
        assert!(
            told.starts_with("The limit of 120 series is reached: 4 batches were refused since ")
                && told.contains("by queue.depth (88 series) and jobs.age (1 series)."),
            "{told}"
        );
        let one = crowded(&Crowd { batches: 1, by: Vec::new(), ..crowd });
        assert!(one.contains("1 batch was refused") && !one.contains("Most of"), "{one}");
    }
}
