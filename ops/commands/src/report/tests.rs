use domain::{
    hash::Head,
    id::AccountId,
    report::{
        AgentFigures, ApprovalFigures, PreventionFigures, ProposalFigures, ReportGaps, ReportKind,
        StabilityReport,
    },
};

use super::*;

const DAY: i64 = 86_400;
const ADA: Actor = Actor::Account(AccountId(1));
const BO: Actor = Actor::Account(AccountId(2));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_795_910_400 + seconds)
}

/// A report about the seven days before a moment.
fn report(kind: ReportKind, to: i64) -> MadeReport {
    let figures = StabilityReport {
        period: ReportPeriod {
            kind,
            from: at(to - 7 * DAY),
            to: at(to),
            zone: "UTC".into(),
            from_offset: 0,
            to_offset: 0,
        },
        generated: false,
        promises: Promises::default(),
        before: None,
        trend: vec![Some(0); 12],
        incidents: Vec::new(),
        causes: Vec::new(),
        noisy: Vec::new(),
        agent: AgentFigures::default(),
        approvals: ApprovalFigures::default(),
        prevention: PreventionFigures::default(),
        availability: Vec::new(),
        requests: Vec::new(),
        objectives: Vec::new(),
        near_misses: Vec::new(),
        near_misses_left_out: 0,
        unread: Vec::new(),
        proposals: ProposalFigures::default(),
        withheld: 0,
        gaps: ReportGaps::default(),
        head: Head::EMPTY,
    };
    MadeReport { figures, text: "# Calm\n".into() }
}

fn entry(number: u64, seconds: i64, actor: Actor, event: Event) -> Entry {
    Entry { number, at: at(seconds), actor, event: Some(event) }
}

fn made(number: u64, seconds: i64, actor: Actor) -> Entry {
    let report = Box::new(report(ReportKind::Weekly, seconds));
    entry(number, seconds, actor, Event::ReportMade { report })
}

#[test]
fn the_first_review_counts_and_a_second_one_changes_nothing() {
    let reviewed = |number, by| entry(number, 100, by, Event::ReportReviewed { report: 3 });
    let known = stored(&[made(3, 0, Actor::System), made(5, 50, ADA)]);
    assert_eq!(known.iter().map(|one| one.report).collect::<Vec<_>>(), [5, 3]);
    assert_eq!(review(&known, 3), Ok(vec![Event::ReportReviewed { report: 3 }]));
    assert_eq!(review(&known, 4), Err(Error::NotFound(Entity::StabilityReport(4))));
    let known = stored(&[made(3, 0, Actor::System), reviewed(7, ADA), reviewed(9, BO)]);
    assert_eq!(known[0].reviewed.map(|one| one.by), Some(ADA));
    assert_eq!(review(&known, 3), Ok(Vec::new()));
}

#[test]
fn a_second_press_makes_no_second_report_of_the_same_length() {
    let known = stored(&[made(3, 0, ADA)]);
    let again = |kind, seconds| make(&known, report(kind, seconds), at(seconds)).len();
    assert_eq!((again(ReportKind::Weekly, 9), again(ReportKind::Weekly, 10)), (0, 1));
    assert_eq!(again(ReportKind::Daily, 9), 1);
    // The clock was ahead when it was made.
    assert_eq!((again(ReportKind::Weekly, 0), again(ReportKind::Weekly, -1)), (0, 1));
}

#[test]
fn a_report_is_made_once_for_a_period_by_itself() {
    let period = |to| report(ReportKind::Weekly, to).figures.period;
    let known = stored(&[made(3, 0, Actor::System)]);
    assert!(is_made(&known, &period(0)));
    // Another time zone moves the end by some hours.
    assert!(is_made(&known, &period(5 * 3_600)) && is_made(&known, &period(-5 * 3_600)));
    assert!(!is_made(&known, &period(7 * DAY)));
    // One of the future, made while the clock was ahead, is not about this week.
    assert!(!is_made(&known, &period(-7 * DAY)) && !is_made(&known, &period(-70 * DAY)));
    // What a person asked for stands beside it.
    assert!(!is_made(&stored(&[made(3, 0, ADA)]), &period(0)));
}

#[test]
fn the_newest_report_of_its_length_waits_for_a_review_and_no_daily_one_does() {
    let made = |number: u64, kind| {
        let report = Box::new(report(kind, 0));
        entry(number, number as i64, Actor::System, Event::ReportMade { report })
    };
    let reviewed = |report| entry(100 + report, 100, ADA, Event::ReportReviewed { report });
    let (daily, weekly, monthly) = (ReportKind::Daily, ReportKind::Weekly, ReportKind::Monthly);
    let entries = [made(1, weekly), made(2, monthly), made(3, weekly), made(4, daily)];
    let waits = |more: &[Entry]| {
        awaiting_review(stored(&[&entries[..], more].concat())).map(|one| one.report)
    };
    assert_eq!(waits(&[]), Some(3));
    assert_eq!(waits(&[reviewed(3)]), Some(2), "an older week does not come back");
    assert_eq!(waits(&[reviewed(2)]), Some(3));
    assert_eq!(waits(&[reviewed(2), reviewed(3)]), None);
}
