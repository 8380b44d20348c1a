//! How values and signals are said to people: the same everywhere.

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

/// A value with its unit: `93 %`, `1.4 GiB`, `4 min 10 s`, `6,200 jobs`, `3`.
pub fn value(value: f64, unit: &Unit) -> String {
    match unit {
        Unit::Count => number(value),
        Unit::YesNo => if value >= 0.5 { "yes" } else { "no" }.to_owned(),
        Unit::Bytes => scaled(value, "B"),
        Unit::BytesPerSecond => scaled(value, "B/s"),
        Unit::Seconds if value >= 1.0 => seconds(value),
        Unit::Percent | Unit::Seconds | Unit::Milliseconds | Unit::Days | Unit::Other(_) => {
            format!("{} {unit}", number(value))
        }
    }
}

/// A number of seconds as a duration: `4 min 10 s`.
pub fn seconds(seconds: f64) -> String {
    Span::from_micros((seconds.clamp(0.0, 3e9) * 1e6) as u64).to_string()
}

/// The longest name inside a sentence, in characters.
const LONGEST_NAME: usize = 60;

/// A subject as people say it: `the disk /var on web-1`, `web-1`, `the endpoint checkout`, `service
/// imports`.
pub fn subject(subject: &Subject) -> String {
    let name = isolated(&clip(subject.name(), LONGEST_NAME));
    let on = subject.host().map(|host| format!(" on {host}")).unwrap_or_default();
    match subject.kind() {
        "host" => name,
        "line" => format!("the network line{on}"),
        "pm2" => format!("PM2{on}"),
        kind @ ("disk" | "app" | "endpoint" | "database" | "collector" | "network") => {
            format!("the {kind} {name}{on}")
        }
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

/// How long something will take, roughly: `less than a minute`, `about 7 minutes`, `about 3 hours`.
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

/// `2026-11-22 10:00 UTC`.
pub fn moment(at: Timestamp) -> String {
    at.to_chrono().format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A signal's short name for people: `Memory used`. Signals that no collector declares are told by
/// their words: `queue.depth` is "Queue depth".
pub fn label(signal: &Signal) -> String {
    if let Some(declared) = signals::declared().get(signal.as_str()) {
        return declared.label.to_string();
    }
    let words = signal.as_str().replace(['.', '_', '-'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well() {
        for (number, unit, text) in [
            (93.0, "%", "93 %"),
            (93.456, "%", "93.5 %"),
            (99.99, "%", "99.99 %"),
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
            ("service:imports", "service imports"),
        ] {
            assert_eq!(subject(&text.parse().unwrap()), said);
        }
        let long = format!("service:{}", "x".repeat(150));
        assert!(subject(&long.parse().unwrap()).chars().count() < 80);
        assert_eq!(capital("the app api"), "The app api");
        assert_eq!(capital("web-1"), "web-1");
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
