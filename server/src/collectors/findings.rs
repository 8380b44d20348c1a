//! What is watched, held against the thresholds: what can't work, what was probably not meant, and
//! what follows.

use std::collections::BTreeSet;

use domain::{practice, signals::SignalGroup, subject::Subject, time::Span, unit::Unit};
use policy::{
    pattern::matches,
    thresholds::{Level, Row, Thresholds},
};

use super::{DECLARATIONS, Settings, registry::Context};

/// Silence is told after so many rounds at the earliest; the engine sees to it.
const ROUNDS: u64 = 3;

/// What the configuration and the thresholds mean for each other, in sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Rows that can never fire at the interval of their source.
    pub unworkable: Vec<String>,
    /// Rows and settings that are probably not what someone meant.
    pub doubtful: Vec<String>,
    /// Rows whose silence is told later than they say, because their source is asked less often.
    pub later: Vec<String>,
}

/// Compares the intervals of what is watched with the rows of the thresholds.
pub fn compare(settings: &Settings, context: &Context, thresholds: &Thresholds) -> Findings {
    let (mut findings, mut told) = (Findings::default(), BTreeSet::new());
    let watched: BTreeSet<String> =
        settings.targets(context).iter().map(|target| target.name()).collect();
    for row in &thresholds.policy().dependencies {
        let objective =
            row.subject.strip_prefix("objective:").filter(|_| row.needs.kind() == "endpoint");
        if let Some(name) = objective.filter(|_| !watched.contains(row.needs.as_str())) {
            findings.doubtful.push(format!(
                "alerts/objectives.md: '{}' of the objective '{name}' is not in the configuration, so nothing is counted for it.",
                row.needs
            ));
        }
    }
    for target in settings.targets(context) {
        let Ok(collector) = target.build(context) else { continue };
        let (name, interval) = (target.name(), Span::from(collector.interval()));
        // Its own allowance for what is more than an answer is not counted.
        let patience = target.patience().map(Span::from).filter(|patience| *patience > interval);
        if let Some(patience) = patience {
            findings.later.push(format!(
                "{name} is requested every {interval} but may take {patience} to answer: while it does not answer, it is requested only every {patience}."
            ));
        }
        let signals = target.signals();
        let concerned = |row: &&Row| signals.get(row.signal.as_str()).is_some();
        for row in thresholds.rows().iter().filter(concerned) {
            // An endpoint is its own subject; what else there is to watch is not known yet.
            if name.contains(':') {
                let rows = thresholds.rows_for(row.signal.as_str(), &name);
                let in_force = [rows.level, rows.rate, rows.forecast, rows.silence];
                if !in_force.iter().flatten().any(|one| one.line == row.line) {
                    continue;
                }
            }
            let (signal, line) = (&row.signal, row.line);
            let silence = Span::from_micros(interval.as_micros().saturating_mul(ROUNDS));
            if let Some(no_data) = row.no_data_after.filter(|no_data| *no_data < silence)
                && told.insert((line, interval, About::Silence))
            {
                findings.later.push(format!(
                    "alerts/thresholds.md, line {line}: 'no data after {no_data}' of '{signal}' is shorter than three rounds of {name}, which is checked every {interval}. Missing data is reported after {silence} there."
                ));
            }
            let shortest =
                [row.warning.map(|_| row.warning_for), row.critical.map(|_| row.critical_for)];
            if let Some(hold) =
                shortest.into_iter().flatten().min().filter(|hold| *hold > Span::ZERO)
                && hold < interval
                && name.contains(':')
                && told.insert((line, interval, About::Hold))
            {
                findings.later.push(format!(
                    "alerts/thresholds.md, line {line}: 'for {hold}' of '{signal}' is shorter than a round of {name}, which is checked every {interval}. It alerts at the second bad round there."
                ));
            }
            if let Some(Level::Rises { within, .. }) = row.base()
                && within.as_micros() < interval.as_micros().saturating_mul(2)
                && told.insert((line, interval, About::Rise))
            {
                findings.unworkable.push(format!(
                    "alerts/thresholds.md, line {line}: a rise of '{signal}' within {within} is never detected, because {name} is checked every {interval}. Check more often, or use a longer time."
                ));
            }
        }
    }
    findings.doubtful = doubtful(settings, context, thresholds);
    findings
}

/// A sentence about a row and an interval is told once.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Silence,
    Hold,
    Rise,
}

fn doubtful(settings: &Settings, context: &Context, thresholds: &Thresholds) -> Vec<String> {
    let targets = settings.targets(context);
    let measured: Vec<SignalGroup> = targets.iter().map(super::Target::signals).collect();
    let of_rows = thresholds.rows().iter().flat_map(|row| {
        let place = format!("alerts/thresholds.md, line {}", row.line);
        let small = is_small_share(row).then(|| {
            format!(
                "{place}: a threshold of '{}' is below 1%. If you mean a share, write 0.9 as '90%'.",
                row.signal
            )
        });
        let idle = idle(settings, context, &measured, row);
        [small, idle.map(|why| format!("{place}: {why}"))].into_iter().flatten()
    });
    let needs = &thresholds.policy().dependencies;
    let of_needs = needs.iter().filter_map(|row| {
        let unknown = |pattern: &str| unlisted(settings, context, pattern);
        let why = unknown(&row.subject).or_else(|| unknown(row.needs.as_str()))?;
        Some(format!(
            "alerts/thresholds.md: '{}' needs '{}' has no effect: {why}.",
            row.subject, row.needs
        ))
    });
    of_rows.chain(of_needs).collect()
}

/// Whether a level of a share is so small that a part of one was probably meant.
fn is_small_share(row: &Row) -> bool {
    let is_share = row.unit == Some(Unit::Percent)
        && ["host.", "disk."].iter().any(|start| row.signal.as_str().starts_with(start));
    let is_small = |level: Level| match level {
        Level::Above(level) | Level::Below(level) => level > 0.0 && level < 1.0,
        Level::Usual(_) | Level::Rises { .. } | Level::Reaches { .. } => false,
    };
    is_share && [row.warning, row.critical].into_iter().flatten().any(is_small)
}

/// Why nothing here reports what a row is about, where it names something. It may be pushed about
/// another host.
fn idle(
    settings: &Settings,
    context: &Context,
    measured: &[SignalGroup],
    row: &Row,
) -> Option<String> {
    let (kind, name) = row.pattern.split_once(':')?;
    // It is reported by the monitor, while someone practises.
    if row.signal.as_str() == practice::SIGNAL {
        return None;
    }
    let watches = row.base().is_some() || row.no_data_after.is_some();
    if !watches || name == "*" || kind.contains('*') {
        return None;
    }
    let why = unlisted(settings, context, &row.pattern).or_else(|| {
        let here = name.rsplit_once('@').is_none_or(|(_, host)| matches(host, &context.host));
        let declared = super::signals().get(row.signal.as_str()).is_some();
        let is_measured = measured.iter().any(|group| group.get(row.signal.as_str()).is_some());
        (here && declared && !is_measured)
            .then(|| format!("nothing that is monitored here measures '{}'", row.signal))
    })?;
    Some(format!("the row of '{}' for '{}' never alerts: {why}.", row.signal, row.pattern))
}

/// Why a pattern fits nothing, where the configuration knows all subjects of its kind.
fn unlisted(settings: &Settings, context: &Context, pattern: &str) -> Option<String> {
    let (kind, _) = pattern.split_once(':')?;
    // A section that can stand several times lists all that there is.
    let is_known = DECLARATIONS.iter().filter_map(|one| one.entries).any(|one| one.name == kind);
    let listings = settings.listings(context).into_iter().filter(|one| one.kind == kind);
    let all: Vec<Subject> = listings.flat_map(|listing| listing.subjects).collect();
    if !is_known || all.iter().any(|subject| matches(pattern, subject.as_str())) {
        return None;
    }
    let names: Vec<&str> = all.iter().take(5).map(Subject::as_str).collect();
    let known = if names.is_empty() {
        "there is none".to_owned()
    } else {
        format!("known: {}", names.join(", "))
    };
    Some(format!("the configuration has no {kind} with this name ({known})"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::collectors::{http::Endpoint, signals};

    const HEAD: &str = "format: 1\n| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|---|\n";

    fn findings(rows: &str, change: impl Fn(&mut Settings)) -> Findings {
        let text = format!("{HEAD}{rows}");
        let thresholds = Thresholds::parse("t", &text, signals()).unwrap();
        let mut settings = Settings::default();
        let mut shop = Endpoint::new("shop", "https://shop.example/".parse().unwrap());
        shop.interval = Span::from_secs(15);
        settings.http.endpoints = vec![shop];
        settings.pm2.enabled = false;
        change(&mut settings);
        compare(&settings, &Context::new("web-1", Duration::from_secs(5)), &thresholds)
    }

    #[test]
    fn rows_that_nothing_feeds_are_doubtful() {
        for (row, told) in [
            ("| endpoint.up | endpoint:shop | - | below 1 | 30 s | 1 | 5 min | m | - | - |", None),
            ("| endpoint.up | endpoint:* | - | below 1 | 30 s | 1 | 5 min | m | - | - |", None),
            ("| endpoint.up | - | - | below 1 | 30 s | 1 | 5 min | m | - | - |", None),
            (
                "| endpoint.up | endpoint:shpo | - | below 1 | 30 s | 1 | - | m | - | - |",
                Some(
                    "line 4: the row of 'endpoint.up' for 'endpoint:shpo' never alerts: the configuration has no endpoint with this name (known: endpoint:shop).",
                ),
            ),
            ("| endpoint.up | endpoint:old | - | - | - | - | - | m | - | - |", None),
            (
                "| app.up | app:api@web-1 | - | below 1 | 30 s | 1 | 2 min | m | - | - |",
                Some("nothing that is monitored here measures 'app.up'"),
            ),
            ("| app.up | app:api@web-2 | - | below 1 | 30 s | 1 | 2 min | m | - | - |", None),
            ("| app.up | - | - | below 1 | 30 s | 1 | 2 min | m | - | - |", None),
            (
                "| host.memory.used | - | above 0.9 % | - | 5 min | 0.8 % | - | m | - | - |",
                Some("write 0.9 as '90%'"),
            ),
            ("| host.memory.used | - | above 1 % | - | 5 min | 0.8 % | - | m | - | - |", None),
            ("| queue.depth | service:x | above 0.9 % | - | 5 min | - | - | m | - | - |", None),
        ] {
            let found = findings(row, |_| {}).doubtful;
            match told {
                None => assert!(found.is_empty(), "{row}: {found:?}"),
                Some(told) => {
                    assert!(found.len() == 1 && found[0].contains(told), "{row}: {found:?}");
                }
            }
        }
        let needs = "\n\n| subject | needs |\n|---|---|\n| endpoint:shop | app:api@web-1 |\n| endpoint:shpo | app:api@web-1 |\n";
        let found = findings(needs, |_| {}).doubtful;
        assert!(found.len() == 1 && found[0].contains("'endpoint:shpo' needs"), "{found:?}");
    }

    #[test]
    fn what_the_intervals_mean_is_told() {
        let row = "| endpoint.up | - | - | below 1 | 30 s | 1 | 30 s | m | - | - |";
        let slow =
            |settings: &mut Settings| settings.http.endpoints[0].interval = Span::from_mins(10);
        let found = findings(row, slow).later;
        assert!(found[0].contains("Missing data is reported after 30 min"), "{found:?}");
        assert!(found[1].contains("alerts at the second bad round"), "{found:?}");
        let patient =
            |settings: &mut Settings| settings.http.endpoints[0].time_limit = Span::from_secs(40);
        let found = findings("", patient).later;
        assert!(found.len() == 1 && found[0].contains("requested only every 40 s"), "{found:?}");
        assert_eq!(
            findings("| endpoint.up | - | - | below 1 | 30 s | 1 | 5 min | m | - | - |", |_| {}),
            Findings::default()
        );
    }
}
