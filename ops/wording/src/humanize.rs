//! The words for values and signals: the same everywhere.

use std::ops::Range;

use domain::{
    signal::Signal,
    signals,
    subject::Subject,
    text::{clip, isolated},
    time::{RoughDuration, Span, Timestamp},
    unit::Unit,
};

/// A number with at most three telling digits, without needless zeros. What is too long to be read
/// is told as a power of ten.
fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 1e15 {
        return format!("{value:.2e}");
    }
    let digits = if size >= 100.0 || (value - value.round()).abs() < 0.005 {
        0
    } else if (10.0..99.95).contains(&size) {
        1
    } else {
        2
    };
    let mut text = format!("{value:.digits$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if text == "-0" {
        return "0".to_owned();
    }
    // Thousands are set apart where nothing stands behind the point; digits are ASCII, so each is
    // one byte.
    if size >= 1_000.0 {
        let first = usize::from(value < 0.0);
        let mut at = text.len();
        while at > first + 3 {
            at -= 3;
            text.insert(at, ',');
        }
    }
    text
}

fn scaled(value: f64, base: &str) -> String {
    let (mut value, mut prefix) = (value, "");
    for next in ["Ki", "Mi", "Gi", "Ti", "Pi"] {
        if value.abs() < 1024.0 {
            break;
        }
        (value, prefix) = (value / 1024.0, next);
    }
    format!("{} {prefix}{base}", number(value))
}

/// A value with its unit: `93%`, `1.4 GiB`, `4 min 10 s`, `6,200 jobs`, `3`.
pub fn value(value: f64, unit: &Unit) -> String {
    match unit {
        Unit::Count => number(value),
        Unit::YesNo => if value >= 0.5 { "yes" } else { "no" }.to_owned(),
        Unit::Bytes => scaled(value, "B"),
        Unit::BytesPerSecond => scaled(value, "B/s"),
        Unit::Seconds if value >= 1.0 => seconds(value),
        Unit::Percent => format!("{}%", number(value)),
        Unit::Seconds | Unit::Milliseconds | Unit::Days | Unit::Other(_) => {
            format!("{} {unit}", number(value))
        }
    }
}

/// The same where the unit was just said: `5,000` after `6,100 jobs`.
pub(crate) fn bare_value(value: f64, unit: &Unit) -> String {
    match unit {
        Unit::Other(_) => number(value),
        unit => self::value(value, unit),
    }
}

/// A number of seconds as a duration: `4 min 10 s`.
pub fn seconds(seconds: f64) -> String {
    Span::from_micros((seconds.clamp(0.0, 3e9) * 1e6) as u64).to_string()
}

/// A section of the runbook by its anchor: `disk-is-filling` is "Disk is filling".
pub fn section(anchor: &str) -> String {
    if anchor == "digitalocean" {
        return "DigitalOcean".to_owned();
    }
    let words = anchor.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The longest name inside a sentence, in characters.
const LONGEST_NAME: usize = 60;

/// A subject's own name: `checkout`.
pub fn name(subject: &Subject) -> String {
    isolated(&clip(subject.name(), LONGEST_NAME))
}

/// A subject as people say it: `the disk /var on web-1`, `web-1`, `the endpoint checkout`,
/// `imports`.
pub fn subject(subject: &Subject) -> String {
    let name = name(subject);
    let on = subject.host().map(|host| format!(" on {host}")).unwrap_or_default();
    match subject.kind() {
        "host" => name,
        "service" => format!("{name}{on}"),
        "line" => format!("the network line{on}"),
        "pm2" => format!("PM2{on}"),
        "gate" => format!("the gate{on}"),
        "digitalocean" => "DigitalOcean".to_owned(),
        "droplet-disk" => format!("the disk {name}{on}"),
        "load-balancer" => format!("the load balancer {name}"),
        "managed-database" => format!("the managed database {name}"),
        "redis" => format!("Redis {name}"),
        "platform-app" => format!("the app {name}"),
        _ if subject.is_practice() => "the practice".to_owned(),
        kind @ ("disk" | "app" | "endpoint" | "database" | "collector" | "network"
        | "organization" | "droplet") => format!("the {kind} {name}{on}"),
        kind => format!("{kind} {name}{on}"),
    }
}

/// A text with its first letter large, to begin a sentence. Names of hosts stay as they are
/// written.
pub fn capital(text: &str) -> String {
    if !text.starts_with("the ") {
        return text.to_owned();
    }
    format!("T{}", &text[1..])
}

/// The time that something will take, roughly: `less than a minute`, `about 7 minutes`, `about 3
/// hours`.
pub fn about(seconds: f64) -> String {
    let (count, unit) = match RoughDuration::from_secs_f64(seconds) {
        RoughDuration::UnderAMinute => return "less than a minute".to_owned(),
        RoughDuration::Minutes(count) => (count, "minute"),
        RoughDuration::Hours(count) => (count, "hour"),
        RoughDuration::Days(count) => (count, "day"),
        RoughDuration::Over1000Days => return "more than 1000 days".to_owned(),
    };
    format!("about {count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `22 Nov 2026, 10:00:05 UTC`.
pub fn moment(at: Timestamp) -> String {
    at.to_chrono().format("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// The time of day, for what was a moment ago: `10:00 UTC`.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    at.to_chrono().format("%H:%M UTC").to_string()
}

/// Finds the first time in a sentence that [`moment`] wrote, so that a page can show it in the
/// reader's time zone.
pub fn find_moment(sentence: &str) -> Option<(Range<usize>, Timestamp)> {
    const ZONE: &str = " UTC";
    const LONGEST: usize = "22 Nov 2026, 10:00:05".len();
    let found = sentence.match_indices(ZONE).find_map(|(end, _)| {
        let long = end.checked_sub(LONGEST);
        let short = end.checked_sub(LONGEST - 1);
        [long, short].into_iter().flatten().find_map(|start| {
            let at = read_moment(sentence.get(start..end)?)?;
            Some((start..end + ZONE.len(), at))
        })
    });
    found
        .filter(|(range, _)| !sentence[..range.start].ends_with(|last: char| last.is_ascii_digit()))
}

fn read_moment(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(", ")?;
    let mut parts = date.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    format!("{year}-{month:02}-{day:0>2}T{time}Z").parse().ok().filter(|_| parts.next().is_none())
}

/// A length of time in words, rounded: `2 minutes`, `less than a minute`.
pub(crate) fn rough(span: Span) -> String {
    let about = about(span.as_secs_f64());
    about.strip_prefix("about ").map(str::to_owned).unwrap_or(about)
}

/// The time for which it has to stay quiet: `after 5 quiet minutes`, `after 90 s without problems`.
pub(crate) fn after_quiet(span: Span) -> String {
    match span.as_secs() {
        60 => "after a quiet minute".to_owned(),
        seconds if seconds > 0 && seconds < 5_400 && seconds % 60 == 0 => {
            format!("after {} quiet minutes", seconds / 60)
        }
        _ => format!("after {span} without problems"),
    }
}

/// Whole minutes, and seconds below one.
pub(crate) fn whole_minutes(span: Span) -> Span {
    let second = 1_000_000;
    let step = if span >= Span::from_mins(1) { 60 * second } else { second };
    Span::from_micros(span.as_micros() / step * step)
}

/// A signal's short name for people: `Memory used`. Signals that no collector declares are told by
/// their words: `queue.depth` is "Queue depth".
pub fn label(signal: &Signal) -> String {
    if let Some(declared) = signals::declared().get(signal.as_str()) {
        return declared.label.to_string();
    }
    let words: Vec<String> = signal.as_str().split(['.', '_', '-']).map(spelled).collect();
    // A percentile is written small, also where a sentence begins.
    if is_percentile(&words[0]) {
        return words.join(" ");
    }
    let words = words.join(" ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Words in names of signals that are written in capital letters.
const ABBREVIATIONS: [&str; 18] = [
    "api", "cdn", "cpu", "db", "dns", "gc", "gpu", "http", "https", "io", "ip", "json", "ram",
    "sql", "ssl", "tcp", "tls", "udp",
];

/// A word of a signal's name as people write it.
fn spelled(word: &str) -> String {
    if ABBREVIATIONS.contains(&word) { word.to_uppercase() } else { word.to_owned() }
}

/// True if a word is a percentile: `p95`.
fn is_percentile(word: &str) -> bool {
    let digits = word.strip_prefix('p');
    digits
        .is_some_and(|digits| !digits.is_empty() && digits.chars().all(|one| one.is_ascii_digit()))
}

/// [`label`] inside a sentence: `memory used`; abbreviations such as CPU keep their letters.
pub fn lower_label(signal: &Signal) -> String {
    let label = label(signal);
    let mut letters = label.chars();
    let first = letters.next();
    if letters.clone().next().is_some_and(char::is_uppercase) {
        return label;
    }
    first.map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A signal of a subject: `Memory used on web-1`, `Time in all of the endpoint checkout`.
pub fn signal_of(signal: &Signal, subject: &Subject) -> String {
    joined(&label(signal), subject)
}

/// [`signal_of`] inside a sentence: `memory used on web-1`.
pub fn lower_signal_of(signal: &Signal, subject: &Subject) -> String {
    joined(&lower_label(signal), subject)
}

fn joined(label: &str, subject: &Subject) -> String {
    let on = if subject.kind() == "host" { "on" } else { "of" };
    format!("{label} {on} {}", self::subject(subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_told_in_words() {
        let told = ["disk-is-filling", "digitalocean", "pm2", ""].map(section);
        assert_eq!(told, ["Disk is filling", "DigitalOcean", "Pm2", ""]);
    }

    #[test]
    fn names_of_pushed_signals_read_well() {
        for (signal, alone, inside) in [
            ("http.p95", "HTTP p95", "HTTP p95"),
            ("p99.latency", "p99 latency", "p99 latency"),
            ("db.pool_used", "DB pool used", "DB pool used"),
            ("queue.depth_in_api", "Queue depth in API", "queue depth in API"),
            ("pages", "Pages", "pages"),
        ] {
            let signal = signal.parse().unwrap();
            assert_eq!((label(&signal).as_str(), lower_label(&signal).as_str()), (alone, inside));
        }
    }

    #[test]
    fn values_read_well() {
        for (number, unit, text) in [
            (93.0, "%", "93%"),
            (93.456, "%", "93.5%"),
            (99.99, "%", "99.99%"),
            (0.0, "", "0"),
            (-0.001, "", "0"),
            (1.5e9, "B", "1.4 GiB"),
            (512.0, "B/s", "512 B/s"),
            (250.0, "s", "4 min 10 s"),
            (412.0, "jobs", "412 jobs"),
            (1.0, "yes/no", "yes"),
            (0.0, "yes/no", "no"),
            (1234.5, "ms", "1,234 ms"),
            (999.0, "jobs", "999 jobs"),
            (-6_200.0, "jobs", "-6,200 jobs"),
            (1_234_567.8, "", "1,234,568"),
            (1e308, "jobs", "1.00e308 jobs"),
        ] {
            assert_eq!(value(number, &unit.parse().unwrap()), text);
        }
    }

    #[test]
    fn subjects_are_said_as_people_say_them() {
        for (text, said) in [
            ("disk:/var@web-1", "the disk /var on web-1"),
            ("host:web-1", "web-1"),
            ("app:api@web-1", "the app api on web-1"),
            ("endpoint:checkout", "the endpoint checkout"),
            ("service:imports", "imports"),
            ("queue:imports", "queue imports"),
            ("organization:acme", "the organization acme"),
            ("gate:gate@web-1", "the gate on web-1"),
            ("redis:main", "Redis main"),
            ("practice:practice", "the practice"),
            ("practice:smith", "practice smith"),
        ] {
            assert_eq!(subject(&text.parse().unwrap()), said);
        }
        let long = format!("service:{}", "x".repeat(150));
        assert!(subject(&long.parse().unwrap()).chars().count() < 80);
        assert_eq!(capital("the app api"), "The app api");
        assert_eq!(capital("web-1"), "web-1");
    }

    #[test]
    fn a_moment_in_a_sentence_is_found_whatever_stands_around_it() {
        for seconds in [1_795_341_605, 1_793_527_205, 0, 951_782_400] {
            let at = Timestamp::from_secs(seconds);
            let text = format!("é UTC It began at {} and lasted.", moment(at));
            let (range, found) = find_moment(&text).unwrap();
            assert_eq!((&text[range], found), (moment(at).as_str(), at));
        }
        assert_eq!(moment(Timestamp::from_secs(1_795_341_605)), "22 Nov 2026, 10:00:05 UTC");
        for plain in [
            "",
            " UTC",
            "é UTC UTC",
            "The zone is UTC here",
            "at 32 Nov 2026, 10:00:05 UTC",
            "at 2 Foo 2026, 10:00:05 UTC",
            "122 Nov 2026, 10:00:05 UTC",
            "ééééééééééééééééééééé, 11:10:00 UTC",
        ] {
            assert_eq!(find_moment(plain), None, "{plain}");
        }
    }

    #[test]
    fn times_ahead_are_rough() {
        let said: Vec<String> =
            [5.0, 60.0, 420.0, 5_399.0, 12_000.0, 400_000.0, f64::INFINITY].map(about).to_vec();
        let expected = [
            "less than a minute",
            "about 1 minute",
            "about 7 minutes",
            "about 90 minutes",
            "about 3 hours",
            "about 5 days",
            "more than 1000 days",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn declared_signals_have_their_label_and_others_their_words() {
        signals::declare(fixtures::signals());
        assert_eq!(label(&"host.memory.used".parse().unwrap()), "Memory used");
        assert_eq!(lower_label(&"host.cpu.used".parse().unwrap()), "CPU");
        assert_eq!(label(&"queue.depth".parse().unwrap()), "Queue depth");
    }
}
