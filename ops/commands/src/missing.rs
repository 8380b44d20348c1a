//! Subjects that are not seen any more.

use std::collections::BTreeMap;

use domain::{maintenance::SubjectPattern, reading::Reading, subject::Subject};

/// Signals that are told of what is missing itself: no.
pub const OF_PRESENCE: [&str; 7] = [
    "app.listed",
    "disk.mounted",
    "pm2.up",
    "droplet.listed",
    "load_balancer.listed",
    "app_platform.listed",
    "managed_database.listed",
];

/// The subjects of which nothing is heard any more, or only that they are missing, in order.
pub fn missing<'a>(readings: impl IntoIterator<Item = &'a Reading>) -> Vec<&'a Subject> {
    let is_heard = |one: &Reading| {
        let is_absence = one.value == 0.0 && OF_PRESENCE.contains(&one.signal.as_str());
        one.stale_since.is_none() && !is_absence
    };
    let mut heard: BTreeMap<&Subject, bool> = BTreeMap::new();
    for reading in readings {
        *heard.entry(&reading.subject).or_default() |= is_heard(reading);
    }
    heard.into_iter().filter(|(_, heard)| !heard).map(|(subject, _)| subject).collect()
}

/// Those of them that one of the patterns covers.
pub fn covered<'a>(
    subjects: impl IntoIterator<Item = &'a Subject>,
    patterns: &[SubjectPattern],
) -> Vec<&'a Subject> {
    let fits = |subject: &&Subject| patterns.iter().any(|pattern| pattern.covers(subject));
    subjects.into_iter().filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(subject: &str, signal: &str, value: f64, old: bool) -> Reading {
        let stale_since = old.then_some(fixtures::at(0));
        Reading { stale_since, ..fixtures::reading(subject, signal, value) }
    }

    #[test]
    fn missing_is_what_nothing_is_heard_of_but_that_it_is_missing() {
        let readings = [
            reading("app:gone@a", "app.listed", 0.0, false),
            reading("app:gone@a", "app.cpu", 3.0, true),
            reading("app:api@a", "app.listed", 1.0, false),
            reading("app:api@a", "app.memory", 3.0, true),
            reading("disk:/data@a", "disk.mounted", 0.0, false),
            reading("droplet:web-1", "droplet.listed", 0.0, false),
            reading("droplet:web-1", "droplet.up", 1.0, true),
            reading("droplet:web-2", "droplet.listed", 1.0, false),
            reading("droplet:web-2", "droplet.up", 1.0, true),
            reading("host:former", "host.cpu.used", 3.0, true),
            reading("app:down@a", "app.up", 0.0, false),
        ];
        let found: Vec<&str> = missing(&readings).into_iter().map(Subject::as_str).collect();
        assert_eq!(found, ["app:gone@a", "disk:/data@a", "droplet:web-1", "host:former"]);
        let patterns = ["app:*@a".parse().unwrap(), "host:former".parse().unwrap()];
        let fitting = covered(missing(&readings), &patterns);
        let fitting: Vec<&str> = fitting.into_iter().map(Subject::as_str).collect();
        assert_eq!(fitting, ["app:gone@a", "host:former"]);
    }
}
