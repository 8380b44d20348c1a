//! The findings about what is watched and the thresholds: what can't work, what was probably not
//! meant, and what follows.

use std::collections::{BTreeMap, BTreeSet};

use domain::{practice, signals::SignalGroup, subject::Subject, time::Span, unit::Unit};
use engine::objective::Pace;
use policy::{
    objectives::{Counted, Objectives},
    pattern::matches,
    thresholds::{Level, Row, Thresholds},
};

use super::{DECLARATIONS, Settings, registry::Context};

/// Silence is told after so many rounds at the earliest; the engine sees to it.
const ROUNDS: u64 = 3;
const MINUTE: Span = Span::from_mins(1);

/// The meaning of the configuration and the thresholds for each other, in sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Rows that can never fire at the interval of their source.
    pub unworkable: Vec<String>,
    /// Rows and settings that are probably not what someone meant.
    pub doubtful: Vec<String>,
    /// Rows whose silence is told later than they say, because their source is asked less often.
    pub later: Vec<String>,
}

/// Compares the intervals of what is watched with the rows of the thresholds and the objectives.
pub fn compare(
    settings: &Settings,
    context: &Context,
    thresholds: &Thresholds,
    objectives: &Objectives,
) -> Findings {
    let (mut findings, mut told) = (Findings::default(), BTreeSet::new());
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
    findings.doubtful = of_objectives(settings, context, objectives);
    findings.doubtful.extend(doubtful(settings, context, thresholds));
    findings
}

/// Objectives for which nothing is counted, or too seldom to alert.
fn of_objectives(settings: &Settings, context: &Context, objectives: &Objectives) -> Vec<String> {
    let interval = |target: &super::Target| {
        let collector = target.build(context).ok()?;
        Some((target.name(), Span::from(collector.interval())))
    };
    let watched: BTreeMap<String, Span> =
        settings.targets(context).iter().filter_map(interval).collect();
    let mut found = Vec::new();
    for objective in &objectives.objectives {
        let Counted::Probes { endpoints, .. } = &objective.counted else { continue };
        let name = &objective.name;
        let missing = endpoints.iter().filter(|one| !watched.contains_key(one.as_str()));
        found.extend(missing.map(|endpoint| {
            format!(
                "alerts/objectives.md: '{endpoint}' of the objective '{name}' is not in the configuration, so nothing is counted for it."
            )
        }));
        let probed: Vec<(&str, Span)> = endpoints
            .iter()
            .filter_map(|one| Some((one.as_str(), *watched.get(one.as_str())?)))
            .collect();
        found.extend(too_seldom(name, &probed, objectives.least_events));
    }
    found
}

/// The sentence about an objective whose endpoints are probed too seldom for its alerts.
fn too_seldom(name: &str, probed: &[(&str, Span)], least: u32) -> Option<String> {
    if probed.is_empty() {
        return None;
    }
    // The last minute of a window is under way when its burn rate is told.
    let whole = |window: Span| window.minus(MINUTE);
    let events = |window: Span| {
        let of_one = |interval: &Span| whole(window).as_micros() / interval.as_micros().max(1);
        probed.iter().map(|(_, interval)| of_one(interval)).sum::<u64>()
    };
    let is_unknown = |pace: &Pace| {
        let (long, short) = pace.windows();
        events(long) < u64::from(least) || events(short) == 0
    };
    let unknown: Vec<Pace> = Pace::ALL.into_iter().filter(is_unknown).collect();
    let (long, short) = unknown.first()?.windows();
    let times: Vec<String> = unknown.iter().map(|pace| pace.windows().0.to_string()).collect();
    let each: Vec<String> =
        probed.iter().map(|(endpoint, interval)| format!("{endpoint} every {interval}")).collect();
    // As often as it takes, if all were probed alike.
    let all = u64::try_from(probed.len()).unwrap_or(1);
    let enough = whole(long).as_micros().saturating_mul(all) / u64::from(least.max(1));
    let enough = Span::from_secs(Span::from_micros(enough).min(whole(short)).as_secs());
    let fewer = events(long);
    let or_fewer = if fewer > 0 && events(short) > 0 {
        format!(", or set 'least events' to {fewer} or less")
    } else {
        String::new()
    };
    Some(format!(
        "alerts/objectives.md: the objective '{name}' counts {fewer} probes in {long} without the present minute ({}), and a burn rate is known from {least} events on ('least events'), one of them in the last {short}. So those over {} may never alert. Probe at least every {enough}{or_fewer}.",
        each.join(", "),
        times.join(" and ")
    ))
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
    // Those of objectives are told by themselves.
    let of_document = needs.iter().filter(|row| !row.subject.starts_with("objective:"));
    let of_needs = of_document.filter_map(|row| {
        let unknown = |pattern: &str| unlisted(settings, context, pattern);
        let why = unknown(&row.subject).or_else(|| unknown(row.needs.as_str()))?;
        Some(format!(
            "alerts/thresholds.md: '{}' needs '{}' has no effect: {why}.",
            row.subject, row.needs
        ))
    });
    of_rows.chain(of_needs).collect()
}

/// True if a level of a share is so small that a part of one was probably meant.
fn is_small_share(row: &Row) -> bool {
    let is_share = row.unit == Some(Unit::Percent)
        && ["host.", "disk."].iter().any(|start| row.signal.as_str().starts_with(start));
    let is_small = |level: Level| match level {
        Level::Above(level) | Level::Below(level) => level > 0.0 && level < 1.0,
        Level::Usual(_) | Level::Rises { .. } | Level::Reaches { .. } => false,
    };
    is_share && [row.warning, row.critical].into_iter().flatten().any(is_small)
}

/// The reason that nothing here reports the subject of a row, where it names something. It may be
/// pushed about another host.
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

/// The reason that a pattern fits nothing, where the configuration knows all subjects of its kind.
fn unlisted(settings: &Settings, context: &Context, pattern: &str) -> Option<String> {
    let (kind, _) = pattern.split_once(':')?;
    // A section that can stand several times lists all that there is, unless others are found
    // elsewhere.
    let mut entries = DECLARATIONS.iter().filter_map(|one| one.entries);
    entries.find(|one| one.kind == Some(kind))?;
    let listing = settings.listings(context).into_iter().find(|one| one.kind == kind)?;
    let all = listing.subjects;
    if all.iter().any(|subject| matches(pattern, subject.as_str())) {
        return None;
    }
    let names: Vec<&str> = all.iter().take(5).map(Subject::as_str).collect();
    let known = if names.is_empty() {
        "there is none".to_owned()
    } else {
        format!("known: {}", names.join(", "))
    };
    let kind = kind.replace('-', " ");
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
        let context = Context::new("web-1", Duration::from_secs(5));
        compare(&settings, &context, &thresholds, &Objectives::default())
    }

    /// The sentences about objectives for endpoints that are probed in these intervals.
    fn of_probes(rows: &str, rules: &str, probed: &[(&str, Span)]) -> Vec<String> {
        let text = format!(
            "format: 1\n| objective | of | good | target | period |\n|---|---|---|---|---|\n{rows}\n\n| rule | value |\n|---|---|\n{rules}"
        );
        let objectives = Objectives::parse("o", &text).unwrap();
        let thresholds = Thresholds::parse("t", HEAD, signals()).unwrap();
        let thresholds = thresholds.with_objectives(&objectives);
        let mut settings = Settings::default();
        settings.pm2.enabled = false;
        settings.http.endpoints = probed
            .iter()
            .map(|(name, interval)| Endpoint {
                interval: *interval,
                ..Endpoint::new(name, "https://shop.example/".parse().unwrap())
            })
            .collect();
        let context = Context::new("web-1", Duration::from_secs(5));
        compare(&settings, &context, &thresholds, &objectives).doubtful
    }

    #[test]
    fn an_objective_whose_probes_are_too_seldom_for_its_alerts_is_told() {
        let one = "| `pay` | `endpoint:pay` | answers | 99.9% | 30 d |";
        let each = |rules: &str, interval| of_probes(one, rules, &[("pay", interval)]);
        let told = |rules: &str, minutes| each(rules, Span::from_mins(minutes));
        assert_eq!(told("", 1), [""; 0]);
        assert_eq!(each("", Span::from_secs(118)), [""; 0], "30 in 59 minutes are enough");
        let almost = told("", 2);
        assert!(almost[0].contains("29 probes in 1 h"), "the last minute is not over: {almost:?}");
        assert_eq!(
            told("", 5),
            [
                "alerts/objectives.md: the objective 'pay' counts 11 probes in 1 h without the present minute (endpoint:pay every 5 min), and a burn rate is known from 30 events on ('least events'), one of them in the last 5 min. So those over 1 h may never alert. Probe at least every 1 min 58 s."
            ]
        );
        // The short window is empty for a minute of five.
        let fewer = told("| least events | 11 |\n", 5);
        assert!(fewer[0].ends_with("Probe at least every 4 min."), "{fewer:?}");
        let four = told("", 4);
        assert!(four[0].ends_with("or set 'least events' to 14 or less."), "{four:?}");
        assert_eq!(told("| least events | 14 |\n", 4), [""; 0]);
        let hourly = told("", 60);
        assert!(
            hourly[0].contains("So those over 1 h and 6 h may never alert. Probe"),
            "{hourly:?}"
        );
        // A smaller number does not help where the short window stays empty.
        assert!(hourly[0].ends_with("Probe at least every 1 min 58 s."), "{hourly:?}");
        // Several endpoints count together.
        let two = "| `pay` | `endpoint:a`, `endpoint:b` | answers | 99.9% | 30 d |";
        let (three, four, five) = (Span::from_mins(3), Span::from_mins(4), Span::from_mins(5));
        assert_eq!(of_probes(two, "", &[("a", five), ("b", three)]), [""; 0]);
        let told = of_probes(two, "", &[("a", five), ("b", four)]);
        assert!(
            told[0].contains("counts 25 probes in 1 h without the present minute (endpoint:a every 5 min, endpoint:b every 4 min)")
        );
        assert!(told[0].contains("every 3 min 56 s, or"), "{told:?}");
    }

    #[test]
    fn an_objective_of_an_endpoint_that_is_not_watched_is_told_once() {
        let told = of_probes("| `pay` | `endpoint:pay` | answers | 99.9% | 30 d |", "", &[]);
        assert_eq!(
            told,
            [
                "alerts/objectives.md: 'endpoint:pay' of the objective 'pay' is not in the configuration, so nothing is counted for it."
            ]
        );
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
