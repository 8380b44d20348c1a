//! The bar of the last 24 hours of a subject: what is wrong stands out by its height, what is not
//! known is a thin line, and all of it is told in a sentence.

use commands::day::{DayRun, DayState, SLOT, SLOTS};
use domain::{
    subject::Subject,
    time::{Span, Timestamp},
};
use leptos::prelude::*;

use crate::{
    clock::{self, Clock},
    state::{OpsStore, OpsStoreFields},
};

/// The most times that are told one by one.
const MOST_TOLD: usize = 3;

/// A shape for each state that is drawn: its class, how high it begins, and how high it is.
const SHAPES: [(DayState, &str, u8, u8); 4] = [
    (DayState::Healthy, "healthy", 4, 4),
    (DayState::NoData, "unknown", 5, 2),
    (DayState::Warning, "warning", 2, 8),
    (DayState::Critical, "critical", 0, 12),
];

/// One path for each state that there is, in a box of 48 by 12.
fn paths(runs: &[DayRun]) -> Vec<(&'static str, String)> {
    let path = |(state, class, top, height): (DayState, &'static str, u8, u8)| {
        let (mut path, mut at) = (String::new(), 0u8);
        for run in runs {
            let width = run.slots;
            if run.state == state {
                path.push_str(&format!("M{at} {top}h{width}v{height}h-{width}z"));
            }
            at = at.saturating_add(width);
        }
        (!path.is_empty()).then_some((class, path))
    };
    SHAPES.into_iter().filter_map(path).collect()
}

/// A time in which nothing was as it should be, in slots.
struct Spell {
    word: &'static str,
    from: u8,
    to: u8,
}

fn spells(runs: &[DayRun]) -> Vec<Spell> {
    let mut at = 0u8;
    let mut spells = Vec::new();
    for run in runs {
        let (from, to) = (at, at.saturating_add(run.slots));
        let word = match run.state {
            DayState::Absent | DayState::Healthy => None,
            DayState::NoData => Some("no data"),
            DayState::Warning => Some("warning"),
            DayState::Critical => Some("critical"),
        };
        spells.extend(word.map(|word| Spell { word, from, to }));
        at = to;
    }
    spells
}

/// `Last 24 hours: critical from 14:00 to 14:30, otherwise healthy`. `hour` writes the time of day.
pub(super) fn sentence(
    runs: &[DayRun],
    begin: Timestamp,
    is_judged: bool,
    hour: impl Fn(Timestamp) -> String,
) -> String {
    let time = |slot: u8| {
        hour(begin.plus(Span::from_micros(SLOT.as_micros().saturating_mul(slot.into()))))
    };
    let well = if is_judged { "healthy" } else { "data received" };
    let has_well = runs.iter().any(|run| run.state == DayState::Healthy);
    let head = match runs {
        [] => return "Last 24 hours: not known yet".to_owned(),
        [DayRun { state: DayState::Absent, slots }] if *slots >= SLOTS => {
            return "Last 24 hours: not known yet".to_owned();
        }
        [DayRun { state: DayState::Absent, slots }, ..] => format!("From {} on", time(*slots)),
        _ => "Last 24 hours".to_owned(),
    };
    let spells = spells(runs);
    let earlier = spells.len().saturating_sub(MOST_TOLD);
    let told = spells.iter().skip(earlier).map(|Spell { word, from, to }| match (*from, *to) {
        (0, SLOTS) => format!("{word} all the time"),
        (from, SLOTS) => format!("{word} from {} until now", time(from)),
        (from, to) => format!("{word} from {} to {}", time(from), time(to)),
    });
    let earlier = (earlier > 0).then(|| format!("{earlier} times before"));
    let rest = match (has_well, spells.is_empty()) {
        (true, true) => Some(well.to_owned()),
        (true, false) => Some(format!("otherwise {well}")),
        (false, _) => None,
    };
    let parts: Vec<String> = earlier.into_iter().chain(told).chain(rest).collect();
    format!("{head}: {}", parts.join(", "))
}

/// The bar.
#[component]
pub(super) fn DayBar(
    subject: Subject,
    /// True if any of its signals has a threshold.
    is_judged: Memo<bool>,
) -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let clock = use_context::<Clock>().unwrap_or_else(Clock::provide);
    let day = Memo::new(move |_| {
        ops.overview().with(|overview| {
            let day = overview.days.of(&subject);
            (overview.days.from, day.map(|day| day.runs.clone()).unwrap_or_default())
        })
    });
    let told = move || {
        let hour = |at| match clock.is_alive() {
            true => clock::local_hour(at),
            false => format!("{} UTC", clock::hour(at)),
        };
        day.with(|(begin, runs)| sentence(runs, *begin, is_judged.get(), hour))
    };
    let class = move || match (is_judged.get(), day.with(|(_, runs)| runs.is_empty())) {
        (_, true) => "day none-yet",
        (true, false) => "day",
        (false, false) => "day plain",
    };
    let paths = move || {
        let paths = day.with(|(_, runs)| paths(runs));
        paths.into_iter().map(|(class, d)| view! { <path class=class d=d></path> }).collect_view()
    };
    view! {
        <span class=class role="img" title=told>
            <svg viewBox="0 0 48 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">{paths}</svg>
        </span>
    }
}

#[cfg(test)]
mod tests {
    use fixtures::at;
    use proptest::prelude::*;

    use super::*;

    fn runs(runs: &[(DayState, u8)]) -> Vec<DayRun> {
        runs.iter().map(|&(state, slots)| DayRun { state, slots }).collect()
    }

    fn told(known: &[(DayState, u8)]) -> String {
        sentence(&runs(known), at(-10 * 3_600), true, clock::hour)
    }

    #[test]
    fn a_day_is_told_in_a_sentence() {
        use DayState::{Absent, Critical, Healthy, NoData, Warning};
        for (known, sentence) in [
            (&[(Healthy, 48)][..], "Last 24 hours: healthy"),
            (
                &[(Healthy, 28), (Critical, 1), (Healthy, 19)],
                "Last 24 hours: critical from 14:00 to 14:30, otherwise healthy",
            ),
            (
                &[(Absent, 24), (Healthy, 20), (NoData, 4)],
                "From 12:00 on: no data from 22:00 until now, otherwise healthy",
            ),
            (&[(NoData, 48)], "Last 24 hours: no data all the time"),
            (
                &[(Warning, 2), (Critical, 46)],
                "Last 24 hours: warning from 00:00 to 01:00, critical from 01:00 until now",
            ),
            (&[(Absent, 48)], "Last 24 hours: not known yet"),
            (&[], "Last 24 hours: not known yet"),
        ] {
            assert_eq!(told(known), sentence);
        }
        let many: Vec<(DayState, u8)> =
            (0..24).flat_map(|_| [(Healthy, 1), (Warning, 1)]).collect();
        assert_eq!(
            told(&many),
            "Last 24 hours: 21 times before, warning from 21:30 to 22:00, warning from 22:30 to 23:00, warning from 23:30 until now, otherwise healthy"
        );
        let plain = sentence(&runs(&[(Healthy, 48)]), at(0), false, clock::hour);
        assert_eq!(plain, "Last 24 hours: data received");
    }

    #[test]
    fn each_state_has_a_shape_of_its_own_and_what_is_absent_has_none() {
        let heights: std::collections::BTreeSet<u8> =
            SHAPES.iter().map(|(_, _, _, height)| *height).collect();
        assert_eq!(heights.len(), SHAPES.len());
        let drawn = paths(&runs(&[
            (DayState::Absent, 8),
            (DayState::Healthy, 20),
            (DayState::Critical, 1),
            (DayState::Healthy, 19),
        ]));
        assert_eq!(
            drawn,
            [
                ("healthy", "M8 4h20v4h-20zM29 4h19v4h-19z".to_owned()),
                ("critical", "M28 0h1v12h-1z".to_owned())
            ]
        );
        assert_eq!(paths(&[]), []);
    }

    proptest! {
        #[test]
        fn a_bar_has_few_elements_and_a_sentence_that_does_not_contradict_it(
            states in prop::collection::vec(prop::sample::select(vec![
                DayState::Healthy, DayState::NoData, DayState::Warning, DayState::Critical,
            ]), 48),
        ) {
            let known: Vec<DayRun> = states
                .chunk_by(|one, next| one == next)
                .map(|alike| DayRun { state: alike[0], slots: alike.len() as u8 })
                .collect();
            let drawn = paths(&known);
            prop_assert!(drawn.len() <= 4);
            // What is drawn covers the whole day once.
            let width: u32 = drawn
                .iter()
                .flat_map(|(_, path)| path.split('h').skip(1).step_by(2))
                .map(|part| part.split('v').next().unwrap().parse::<u32>().unwrap())
                .sum();
            prop_assert_eq!(width, 48);
            let told = sentence(&known, at(0), true, clock::hour);
            prop_assert_eq!(told.ends_with("healthy"), states.contains(&DayState::Healthy));
            let is_well = states.iter().all(|state| *state == DayState::Healthy);
            prop_assert_eq!(told == "Last 24 hours: healthy", is_well);
        }
    }
}
