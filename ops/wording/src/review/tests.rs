use commands::review::{PreventionList, ReviewPage};
use domain::{
    actor::{Actor, Names},
    breach::BreachKey,
    id::{AccountId, IncidentNumber},
    journal::{Cursor, Entry, Event},
    review::{
        EffectOf, EffectVerdict, Measured, MeasuredEffect, MeasuredStep, NotMeasured,
        PreventionCounts, PreventionPlan, PreventionStep, PreventionSteps, ReviewFacts,
        ReviewSections, ReviewStep, ReviewVersion, SeenLate, Slow, SlowReason, Spread, UsualTime,
    },
    time::Span,
    unit::Unit,
};
use fixtures::at;

use super::*;

fn key() -> BreachKey {
    fixtures::breach().build().key
}

fn measured(step: ReviewStep, seconds: u64, longest: u64) -> MeasuredStep {
    MeasuredStep {
        step,
        measured: Measured::Took { span: Span::from_secs(seconds), at_least: false },
        entries: vec![3, 4],
        usual: Some(UsualTime {
            median: Span::from_secs(180),
            shortest: Span::from_secs(60),
            longest: Span::from_secs(longest),
            incidents: 12,
        }),
    }
}

fn values(values: u32, median: f64) -> Option<Spread> {
    Some(Spread { values, low: median - 2.0, median, high: median + 2.0 })
}

fn reload(verdict: EffectVerdict) -> MeasuredEffect {
    MeasuredEffect {
        of: EffectOf::Command { place: 1, title: "Reload api".into() },
        at: at(0),
        key: key(),
        unit: Unit::Percent,
        before: values(120, 93.0),
        after: values(118, 61.0),
        verdict,
    }
}

fn steps() -> PreventionSteps {
    let added = |number, text: &str, plan| Entry {
        number,
        at: at(0),
        actor: Actor::Account(AccountId(1)),
        event: Some(Event::PreventionStepAdded {
            incident: IncidentNumber(7),
            text: text.into(),
            plan,
        }),
    };
    let due = "2026-12-04".parse().unwrap();
    PreventionSteps::of(&[
        added(9, "Alert at 80% | *now*", PreventionPlan::Planned { owner: AccountId(1), due }),
        added(10, "A second disk", PreventionPlan::WillNotBeDone { reason: "too dear".into() }),
    ])
}

fn names() -> Names {
    let mut names = Names::default();
    names.0.insert(Actor::Account(AccountId(1)), "Ada".to_owned());
    names
}

#[test]
fn a_step_is_told_against_what_is_usual() {
    let one = measured(ReviewStep::Detect, 250, 480);
    assert_eq!(took(&one), "4 min 10 s");
    assert_eq!(usual(&one), "usually 3 min (1 min to 8 min, 12 incidents)");
    let unknown = MeasuredStep {
        measured: Measured::Unknown { why: NotMeasured::NoHistory },
        usual: None,
        ..one
    };
    assert_eq!(took(&unknown), "not known: there is too little history before it");
    assert_eq!(usual(&unknown), "fewer than 5 incidents to compare");
}

#[test]
fn an_effect_names_its_values_and_what_is_not_clear() {
    fixtures::signals();
    assert_eq!(
        effect(&reload(EffectVerdict::Better)),
        "Reload api: memory used on web-1 was 93% (91% to 95%, 120 values) in the 10 min before, 61% (59% to 63%, 118 values) after. It was better after it."
    );
    let unclear = effect(&reload(EffectVerdict::NotClear));
    assert!(unclear.ends_with("Whether it helped is not clear from the values."), "{unclear}");
}

#[test]
fn what_was_slow_names_roles_and_nobody() {
    let told = slow(&Slow {
        step: ReviewStep::Decide,
        span: Span::from_secs(2_400),
        longest: Span::from_secs(600),
        reasons: vec![SlowReason::OffersExpired { count: 1 }, SlowReason::TwoApprovals],
    });
    assert_eq!(
        told,
        "The decision took 40 min, longer than in any incident it is compared with (at most 10 min). One recommendation expired before an approver decided. Two approvers had to agree."
    );
}

#[test]
fn open_steps_are_told_once_and_kindly() {
    let told = |open, overdue| open_steps(PreventionCounts { open, overdue });
    assert_eq!(told(0, 0), None);
    assert_eq!(told(1, 0).unwrap(), "1 prevention step is open.");
    assert_eq!(told(3, 1).unwrap(), "3 prevention steps are open, 1 of them past its day.");
    let steps = steps().0;
    assert_eq!(overdue(&steps, "2026-12-04".parse().unwrap()), None);
    let late = overdue(&steps, "2026-12-05".parse().unwrap()).unwrap();
    assert_eq!(late, "The day of 1 step has passed. Do it, or drop it with the reason.");
}

fn page() -> ReviewPage {
    let sections = ReviewSections {
        factors: "The *cache* grew.".into(),
        went_well: String::new(),
        to_change: "- Alert earlier".into(),
    };
    let (number, by) = (8, Actor::Account(AccountId(1)));
    ReviewPage {
        proposals: Vec::new(),
        cursor: Cursor::default(),
        checked_at: at(2_000),
        incident: IncidentNumber(7),
        headline: "Memory of a|b is <high>".into(),
        opened_at: at(0),
        resolved_at: Some(at(1_200)),
        facts: ReviewFacts {
            steps: vec![measured(ReviewStep::Detect, 250, 480)],
            effects: vec![reload(EffectVerdict::Better)],
            slow: None,
            seen_late: vec![SeenLate {
                key: key(),
                deviated_at: at(-600),
                at_least: true,
                told_at: at(0),
                entry: Some(3),
            }],
        },
        compared: 12,
        timeline: vec![Entry {
            number: 5,
            at: at(60),
            actor: by,
            event: Some(Event::Commented {
                incident: IncidentNumber(7),
                text: "look\n# here".into(),
            }),
        }],
        newest_only: None,
        series: Vec::new(),
        saved: Some(ReviewVersion { number, at: at(1_500), by, sections }),
        earlier: Vec::new(),
        similar: Vec::new(),
        ratings: Vec::new(),
        steps: steps().0,
        owners: Vec::new(),
        issue_url: None,
        is_generated: false,
        names: names(),
        may_write: true,
        may_rate: true,
    }
}

#[test]
fn the_review_is_a_document_and_only_what_people_wrote_formats() {
    fixtures::signals();
    let text = markdown(&page());
    for part in [
        "# Review of incident 7\n\nMemory of a\\|b is \\<high\\>\n",
        "| Detected | 4 min 10 s | usually 3 min (1 min to 8 min, 12 incidents) | 3, 4 |\n",
        "- Memory used on web-1 deviated at least 10 min before it was told as a problem.\n",
        "\n## Contributing factors\n\nThe *cache* grew.\n",
        "\n## What to change\n\n- Alert earlier\n",
        "- [ ] Alert at 80% \\| \\*now\\* (incident 7). Ada, due 2026-12-04.\n",
        "- ~~A second disk~~ (incident 7). Will not be done, says Ada: too dear.\n",
        " look \\# here\n",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("What went well") && !text.contains("What was slow"), "{text}");
    assert!(!text.contains("newest"), "{text}");
    let cut = markdown(&ReviewPage { newest_only: Some(500), ..page() });
    let told = "\n## Timeline\n\nThe newest 500 entries, and the first ones of each step.\n\n- ";
    assert!(cut.contains(told), "{cut}");
}

#[test]
fn the_steps_of_all_incidents_are_a_list_of_tasks() {
    let list = |open: Vec<PreventionStep>| PreventionList {
        cursor: Cursor::default(),
        today: "2026-12-01".parse().unwrap(),
        open,
        ended: Vec::new(),
        issue_url: None,
        is_generated: false,
        names: names(),
        may_write: true,
    };
    assert_eq!(
        prevention(&list(Vec::new())),
        "# Prevention steps, 2026-12-01\n\nThere are none.\n"
    );
    let text = prevention(&list(steps().0));
    assert!(text.contains("\n## Open\n\n- [ ] Alert at 80%"), "{text}");
    let body = issue_body(&steps().0[0], &names());
    assert_eq!(
        body,
        "Alert at 80% | *now*\n\nPrevention step 9 of incident 7. Ada, due 2026-12-04.\n"
    );
}
