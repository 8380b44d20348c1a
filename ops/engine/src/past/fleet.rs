//! Readings of years: hosts with the same few signals each, and times in which nothing was seen.

use domain::{
    name::BadName,
    subject::Subject,
    time::{Span, Timestamp},
};

use super::{Course, PastSeries};

const MIB: f64 = 1_048_576.0;
const DAY: i64 = 86_400_000_000;
/// Every so many days nothing is seen for a while.
const GAP_EVERY: i64 = 9;
/// The time of day at which that begins, and its length.
const GAP: (Span, Span) = (Span::from_mins(4 * 60 + 10), Span::from_mins(25));

/// So many series: five of each host.
pub fn fleet(count: usize, history: Span) -> Result<Vec<PastSeries>, BadName> {
    (0..count).map(|place| Ok(PastSeries { history, ..one(place)? })).collect()
}

fn one(place: usize) -> Result<PastSeries, BadName> {
    let host = format!("generated-{}", place / 5 + 1);
    // No two hosts are alike.
    let more = (place / 5 % 7) as f64;
    let on = |kind: &str, name: &str| Subject::build(kind, name, Some(&host));
    let rhythm = Course::with_rhythm;
    match place % 5 {
        0 => {
            let course = rhythm(8.0 + more, 40.0 + more, 8.0, 100.0);
            PastSeries::new(Subject::build("host", &host, None), "host.cpu.used", "%", course)
        }
        1 => {
            let course = rhythm(45.0 + 2.0 * more, 8.0, 1.5, 100.0);
            PastSeries::new(Subject::build("host", &host, None), "host.memory.used", "%", course)
        }
        2 => {
            let course = Course { trend: 0.12, ..rhythm(50.0 + more, 0.5, 0.05, 100.0) };
            PastSeries::new(on("disk", "/var"), "disk.used", "%", course)
        }
        3 => {
            let course = rhythm((300.0 + 20.0 * more) * MIB, 60.0 * MIB, 8.0 * MIB, 8e9);
            PastSeries::new(on("app", "api"), "app.memory", "B", course)
        }
        _ => {
            let course = rhythm(60.0 + 10.0 * more, 500.0, 200.0, 4_000.0);
            PastSeries::new(on("service", "imports"), "queue.depth", "jobs", course)
        }
    }
}

/// The times between two moments in which nothing was seen.
pub fn gaps(from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let days = from.as_micros().div_euclid(DAY)..=until.as_micros().div_euclid(DAY);
    let gap = |day: i64| {
        let begins = Timestamp::from_micros(day * DAY).plus(GAP.0);
        (begins, begins.plus(GAP.1))
    };
    let all = days.filter(|day| day.rem_euclid(GAP_EVERY) == 0).map(gap);
    all.filter(|(begins, ends)| *begins >= from && *ends <= until).collect()
}
