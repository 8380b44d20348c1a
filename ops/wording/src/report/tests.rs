use domain::{
    hash::{Hash, Head},
    id::IncidentNumber,
    journal::BlindReason,
    report::{
        AgentFigures, ApprovalFigures, Availability, CauseCount, NearMiss, NoisySignal,
        ObjectiveFigures, PreventionFigures, Promises, ProposalFigures, ReportBefore, ReportGap,
        ReportGaps, ReportIncident, ReportKind, ReportPeriod, RequestFigures, StabilityReport,
    },
    review::Rating,
    severity::Severity,
    time::{Span, Timestamp},
};
use policy::report_template::{REPORT_TEMPLATE, ReportTemplate};

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn of(kind: ReportKind, from: &str, to: &str, offsets: (i32, i32)) -> ReportPeriod {
    let (from_offset, to_offset) = offsets;
    let zone = if offsets == (0, 0) { "UTC" } else { "Europe/Berlin" };
    ReportPeriod { kind, from: at(from), to: at(to), zone: zone.into(), from_offset, to_offset }
}

fn week() -> ReportPeriod {
    of(ReportKind::Weekly, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z", (0, 0))
}

fn calm() -> StabilityReport {
    StabilityReport {
        period: week(),
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
    }
}

fn bad() -> StabilityReport {
    let promises = Promises {
        incidents: 5,
        critical: 2,
        active: 1,
        from_before: 0,
        recovered: 4,
        recovered_in_time: 3,
        recovery_median: Some(Span::from_secs(190)),
        recovery_p90: Some(Span::from_mins(11)),
        detected_first: 4,
        repeats: 2,
        rated: 3,
        rated_wrong: 1,
    };
    let before = Promises {
        incidents: 7,
        recovered: 7,
        recovered_in_time: 7,
        detected_first: 7,
        ..Promises::default()
    };
    let gap = ReportGap {
        from: at("2026-11-25T02:00:00Z"),
        to: at("2026-11-25T02:20:00Z"),
        why: BlindReason::NotRunning,
    };
    let api = "app:api_v1@web-1";
    StabilityReport {
        promises,
        before: Some(ReportBefore {
            report: 40,
            from: at("2026-11-16T00:00:00Z"),
            to: at("2026-11-23T00:00:00Z"),
            promises: before,
        }),
        trend: [&[None; 8][..], &[Some(3), Some(0), Some(7), Some(5)]].concat(),
        incidents: vec![ReportIncident {
            incident: IncidentNumber(7),
            cause: api.parse().unwrap(),
            severity: Severity::Critical,
            opened_at: at("2026-11-24T10:00:00Z"),
            recovered_after: Some(Span::from_secs(190)),
            is_active: false,
        }],
        causes: vec![CauseCount { cause: api.parse().unwrap(), incidents: 3 }],
        noisy: vec![NoisySignal {
            signal: "host.cpu.used".parse().unwrap(),
            problems: 6,
            unattended: 4,
        }],
        agent: AgentFigures {
            limits: 1,
            recommended: 4,
            approved: 3,
            declined: 1,
            expired: 0,
            ran: 3,
            worked: 2,
            ratings: vec![(Rating::Fixed, 2), (Rating::Wrong, 1)],
        },
        approvals: ApprovalFigures {
            approved: 3,
            median: Some(Span::from_secs(40)),
            p90: Some(Span::from_secs(95)),
        },
        prevention: PreventionFigures { added: 2, done: 1, open: 3, overdue: 1 },
        availability: vec![Availability {
            endpoint: "endpoint:checkout".parse().unwrap(),
            asked: 60_480,
            answered: 60_479,
            unseen: Span::from_mins(20),
            maintenance: None,
        }],
        requests: vec![RequestFigures {
            subject: "organization:acme".parse().unwrap(),
            succeeded: None,
            unseen: Span::from_mins(90),
            results: 12_000,
            failed: 6,
            uncounted: Span::ZERO,
        }],
        objectives: vec![
            ObjectiveFigures {
                objective: "checkout".into(),
                of: vec!["endpoint:checkout".parse().unwrap()],
                target: 99_900,
                days: 30,
                events: 60_480,
                failed: 1,
                budget_left: Some(97),
            },
            ObjectiveFigures {
                objective: "requests".into(),
                of: Vec::new(),
                target: 99_000,
                days: 1,
                events: 200,
                failed: 3,
                budget_left: Some(-50),
            },
        ],
        near_misses: vec![NearMiss {
            signal: "host.cpu.used".parse().unwrap(),
            subject: "host:web-1".parse().unwrap(),
            times: 3,
            longest: Span::from_mins(14),
            alerts_after: Span::from_mins(15),
        }],
        proposals: ProposalFigures { made: 2, accepted: 1, declined: 0 },
        withheld: 2,
        gaps: ReportGaps {
            gaps: 1,
            total: Span::from_mins(20),
            longest: vec![gap],
            journal_began: None,
        },
        head: Head { number: 1_234, hash: Hash::GENESIS },
        ..calm()
    }
}

fn built_in() -> ReportTemplate {
    let text = include_str!("../../../reports/weekly.stability.md");
    ReportTemplate::parse(REPORT_TEMPLATE, text).unwrap()
}

/// A report by a template that asks for one list.
fn list(report: &StabilityReport, fact: &str) -> String {
    let text = format!("format: 1\n## Template\n{fact}\n");
    markdown(report, &ReportTemplate::parse(REPORT_TEMPLATE, &text).unwrap())
}

#[test]
fn a_report_of_generated_data_says_so_below_its_title() {
    let marked = StabilityReport { generated: true, ..calm() };
    let text = markdown(&marked, &built_in());
    let (title, rest) = text.split_once('\n').unwrap();
    assert!(title.starts_with("# Weekly stability summary"), "{title}");
    let mark = "\n**This Calm Ops began with generated data that did not happen.**\n\nA calm week";
    assert!(rest.starts_with(mark), "{rest}");
    // A template without a title has it above all.
    let text = list(&StabilityReport { requests: bad().requests, ..marked }, "{requests}");
    assert!(text.starts_with("**This Calm Ops began") && text.contains("**\n\n- acme"), "{text}");
}

#[test]
fn results_that_were_not_counted_are_not_guessed() {
    let of = |subject: &str, results, uncounted| RequestFigures {
        subject: subject.parse().unwrap(),
        succeeded: None,
        unseen: Span::ZERO,
        results,
        failed: 0,
        uncounted: Span::from_mins(uncounted),
    };
    let requests =
        vec![of("gate:gate@web-1", 40, 2 * 24 * 60), of("organization:acme", 0, 7 * 24 * 60)];
    let expected = "\
- All requests: 100% succeeded (0 of 40 failed); for 2 d results were not counted (by an earlier version of Calm Ops, or their readings are missing)
- acme: not known, as results were not counted (by an earlier version of Calm Ops, or their readings are missing)
";
    assert_eq!(list(&StabilityReport { requests, ..calm() }, "{requests}"), expected);
}

#[test]
fn near_misses_and_objectives_that_are_not_known_are_told() {
    let left_out = |near_misses_left_out| {
        list(&StabilityReport { near_misses_left_out, ..calm() }, "{near misses}")
    };
    assert_eq!(left_out(0), "");
    let line =
        "- Not known of 1 signal: too many were past their thresholds to look at all of them\n";
    assert_eq!(left_out(1), line);
    assert!(left_out(12).starts_with("- Not known of 12 signals: "), "{}", left_out(12));
    let unread = |names: &[&str], fact| {
        let unread = names.iter().map(|name| (*name).to_owned()).collect();
        list(&StabilityReport { unread, ..calm() }, fact)
    };
    let (thresholds, objectives) = ("alerts/thresholds.md", "alerts/objectives.md");
    let line = "- Not known: alerts/thresholds.md could not be read when this report was made; 'calm-ops check' says what is wrong\n";
    assert_eq!(unread(&[thresholds], "{near misses}"), line);
    assert_eq!(unread(&[thresholds], "{objectives}"), "");
    let told = unread(&[objectives], "{objectives}");
    assert!(told.starts_with("- Not known: alerts/objectives.md could"), "{told}");
}

#[test]
fn a_bad_week_in_markdown() {
    let expected = "\
# Weekly stability summary: 23 to 29 Nov 2026 (UTC)

5 incidents were opened, 2 of them critical; 1 is still active. Recovery took 3 min 10 s at the median, and 11 min at 90%, where what is still active counts with the time so far. Most often it began with the app api\\_v1 on web-1 (3 times). 2 were repeats: the same cause had one in the seven days before. The report before had 7. For 20 min Calm Ops saw nothing: these figures do not know of that time.

## Promises

- Recovery: median 3 min 10 s, 90% 11 min; 3 of 5 (60%) back within 5 min; 1 still active, counted with the time so far.
- Opened before a person acted in public: 4 of 5 (80%).
- Repeats: 2 of 5 (40%).
- Recommendations that were wrong: 1 of 3 rated.
- Before: 7 incidents; recovery 7 of 7 (100%) back within 5 min; opened before a person acted in public 7 of 7 (100%); repeats 0.

## Availability

- checkout: 99.99% (1 of 60480 checks failed); not seen for 20 min

### Requests

- acme: 99.95% succeeded (6 of 12000 failed); no results for 1 h 30 min

### Objectives

- checkout (checkout): 99.99% good of 60480, met (target 99.9%); 97% of its error budget of 30 days was left
- requests (all requests): 98.50% good of 200, missed (target 99%); its error budget of 1 day was used up, 50% beyond it

## Incidents

- Incident 7, critical, the app api\\_v1 on web-1, 24 Nov 2026, 10:00:00 UTC: signals were back after 3 min 10 s
- and 4 more

The last 12 weeks, oldest first: -, -, -, -, -, -, -, -, 3, 0, 7, 5.

## Most frequent causes

- The app api\\_v1 on web-1: 3 incidents

## Near misses

- Host CPU used on web-1: 3 times, at most 14 min; it alerts after 15 min

## Noisiest thresholds

- Host CPU used: 6 problems, 4 of them ended without anybody acting

Kept back by maintenance windows: 2 problems.

## The agent

- It began 1 limit and recommended 4 commands: 3 approved and 1 declined. 3 commands ran, 2 were proved to work.
- Ratings: 2 fixed it and 1 wrong.
- Approvals: 3, after 40 s (median) and 1 min 35 s (90%).

## Prevention steps

- 2 added, 1 done, 3 open, 1 of them past its day.
- Proposals of thresholds: 2 made, 1 accepted, 0 declined.

## What was not seen

- From 25 Nov 2026, 02:00:00 UTC for 20 min: Calm Ops was not running.

## Journal

- Entry 1234, hash 0000000000000000000000000000000000000000000000000000000000000000.
";
    assert_eq!(markdown(&bad(), &built_in()), expected);
}

#[test]
fn in_a_calm_week_what_is_not_known_is_left_out_with_its_headings() {
    let text = markdown(&calm(), &built_in());
    assert!(text.contains("A calm week: no incident was opened.\n"), "{text}");
    for heading in
        ["Promises", "Availability", "Objectives", "causes", "Near", "Noisiest", "not seen"]
    {
        assert!(!text.contains(heading), "{heading}\n{text}");
    }
    assert!(!text.contains("\n\n\n") && !text.contains('{'), "{text}");
    assert!(text.contains("## Incidents\n\nThe last 12 weeks"), "{text}");
}

#[test]
fn a_heading_whose_fact_is_not_known_takes_what_is_below_it_along() {
    let text = "format: 1\n## Template\n## Was {before}\nx\n### y\nz\n## Now\n{summary}\n";
    let template = ReportTemplate::parse("w.md", text).unwrap();
    assert_eq!(markdown(&calm(), &template), "## Now\nA calm week: no incident was opened.\n");
}

#[test]
fn only_the_heading_that_stands_above_already_is_left_out() {
    let mut week = week();
    week.zone = "America/New_York".into();
    let heading = heading(&week);
    let text = markdown(&StabilityReport { period: week, ..calm() }, &built_in());
    assert!(text.starts_with("# Weekly stability summary: 23 to 29 Nov 2026"), "{text}");
    assert!(without_heading(&text, &heading).starts_with("\nA calm week"), "{text}");
    // A team's own title stays.
    assert_eq!(without_heading("# Mine\nx\n", &heading), "# Mine\nx\n");
    assert_eq!(without_heading("# A", "A"), "");
}

#[test]
fn a_period_is_told_by_its_days_in_its_zone() {
    let berlin = |from, to| period(&of(ReportKind::Weekly, from, to, (60, 60)));
    assert_eq!(
        berlin("2026-11-29T23:00:00Z", "2026-12-06T23:00:00Z"),
        "30 Nov to 6 Dec 2026 (Europe/Berlin)"
    );
    assert_eq!(
        berlin("2026-12-27T23:00:00Z", "2027-01-03T23:00:00Z"),
        "28 Dec 2026 to 3 Jan 2027 (Europe/Berlin)"
    );
    assert_eq!(
        berlin("2026-11-23T09:30:00Z", "2026-11-30T09:30:00Z"),
        "23 Nov 2026, 10:30 to 30 Nov 2026, 10:30 (Europe/Berlin)"
    );
    // A week in which summer time ends: its beginning is 22:00 in UTC, its end 23:00.
    let autumn = of(ReportKind::Weekly, "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z", (120, 60));
    assert_eq!(period(&autumn), "19 to 25 Oct 2026 (Europe/Berlin)");
    let day = of(ReportKind::Daily, "2026-11-29T00:00:00Z", "2026-11-30T00:00:00Z", (0, 0));
    assert_eq!(period(&day), "29 Nov 2026 (UTC)");
    assert_eq!(period(&week()), "23 to 29 Nov 2026 (UTC)");
}

#[test]
fn each_figure_stands_beside_the_one_before() {
    let rows = compared(&bad());
    let row = |label: &str| {
        let found = rows.iter().find(|row| row.label == label).unwrap();
        (found.now.clone(), found.before.clone())
    };
    assert_eq!(row("Incidents"), ("5".to_owned(), Some("7".to_owned())));
    assert_eq!(row("Recovery, median"), ("3 min 10 s".to_owned(), Some("-".to_owned())));
    assert_eq!(
        row("Opened before a person acted in public"),
        ("4 of 5".to_owned(), Some("7 of 7".to_owned()))
    );
    assert_eq!(row("Recovered within 5 min"), ("3 of 5".to_owned(), Some("7 of 7".to_owned())));
    assert_eq!(row("Still active"), ("1".to_owned(), Some("0".to_owned())));
    assert!(compared(&calm()).iter().all(|row| row.before.is_none()));
}

/// A report of a week with these promises and gaps.
fn told(promises: Promises, gaps: ReportGaps) -> String {
    summary(&StabilityReport { promises, gaps, ..calm() })
}

#[test]
fn a_week_in_which_an_outage_from_before_went_on_is_not_calm() {
    let of =
        |from_before| told(Promises { from_before, ..Promises::default() }, ReportGaps::default());
    assert_eq!(of(0), "A calm week: no incident was opened.");
    assert_eq!(of(1), "No new incident; 1 from before was active in it.");
    assert_eq!(of(2), "No new incident; 2 from before were active in it.");
    let with_one = Promises { incidents: 1, from_before: 1, ..Promises::default() };
    let found = told(with_one, ReportGaps::default());
    assert_eq!(found, "One incident was opened, a warning. 1 from before was active in it too.");
}

#[test]
fn a_week_that_was_not_watched_is_not_calm() {
    let of = |total, began: Option<&str>, from_before| {
        let gaps = ReportGaps {
            gaps: u32::from(total > Span::ZERO),
            total,
            longest: Vec::new(),
            journal_began: began.map(at),
        };
        told(Promises { from_before, ..Promises::default() }, gaps)
    };
    let week = week().length();
    assert_eq!(of(week, None, 0), "Calm Ops saw nothing in this week.");
    let some = of(Span::from_mins(20), None, 0);
    assert!(some.starts_with("No incident was seen. For 20 min Calm Ops saw nothing"), "{some}");
    let new = of(Span::ZERO, Some("2026-11-29T00:00:00Z"), 0);
    assert!(new.starts_with("No incident was seen. The journal began at 29 Nov 2026"), "{new}");
    // What the gaps leave is before the journal began.
    let nothing = of(Span::from_mins(24 * 60), Some("2026-11-29T00:00:00Z"), 0);
    assert_eq!(nothing, "Calm Ops saw nothing in this week.");
    let outage = of(week, None, 1);
    assert!(
        outage.starts_with("No new incident was seen; 1 from before was active in it. For 7 d"),
        "{outage}"
    );
}

#[test]
fn what_did_not_recover_is_told_against_the_promise() {
    let of = |promises: Promises| markdown(&StabilityReport { promises, ..calm() }, &built_in());
    let time = Some(Span::from_mins(3 * 60));
    let active = Promises {
        incidents: 1,
        active: 1,
        recovery_median: time,
        recovery_p90: time,
        ..Promises::default()
    };
    let text = of(active);
    let line = "- Recovery: median 3 h, 90% 3 h; none of 1 back within 5 min; 1 still active, counted with the time so far.\n";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("a warning; 1 is still active. It has lasted 3 h so far."), "{text}");
    let some = Promises { incidents: 3, recovered: 2, active: 0, ..active };
    let text = of(some);
    assert!(text.contains("Where that was seen, signals were back after 3 h at the"), "{text}");
    let text = of(Promises { recovered: 3, ..some });
    assert!(text.contains("critical. Signals were back after 3 h at the median"), "{text}");
    let text = of(Promises { incidents: 1, ..Promises::default() });
    let line =
        "- Recovery: none of 1 back within 5 min; 1 closed without a recovery that was seen.\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn one_command_was_and_two_were_proved_to_work() {
    let of = |worked| {
        let agent = AgentFigures { ran: 3, worked, ..AgentFigures::default() };
        markdown(&StabilityReport { agent, ..calm() }, &built_in())
    };
    assert!(of(1).contains("3 commands ran, 1 was proved to work."), "{}", of(1));
    assert!(of(2).contains("3 commands ran, 2 were proved to work."), "{}", of(2));
}

#[test]
fn a_page_of_the_list_says_how_many_reports_wait_for_a_review() {
    use commands::report::{ReportCard, ReportList, ReportReview};
    use domain::{
        actor::{Actor, Names},
        journal::Cursor,
    };
    let card = |kind, is_reviewed: bool| ReportCard {
        report: 7,
        made_at: at("2026-11-30T07:00:00Z"),
        made_by: Actor::System,
        period: ReportPeriod { kind, ..week() },
        promises: Promises::default(),
        reviewed: is_reviewed
            .then(|| ReportReview { by: Actor::Local, at: at("2026-11-30T08:00:00Z") }),
    };
    let (daily, weekly) = (ReportKind::Daily, ReportKind::Weekly);
    let told = |reports: &[(ReportKind, bool)], older, is_newest| {
        let list = ReportList {
            cursor: Cursor::default(),
            reports: reports.iter().map(|(kind, is_reviewed)| card(*kind, *is_reviewed)).collect(),
            older,
            names: Names::default(),
            may_make: false,
        };
        lead(&list, is_newest)
    };
    assert!(told(&[], None, true).starts_with("There is no report yet."));
    assert_eq!(told(&[], None, false), "There is no report before.");
    assert_eq!(told(&[(weekly, true)], None, true), "1 report, and it is reviewed.");
    assert_eq!(told(&[(daily, false)], None, true), "1 report; nobody has to review it.");
    let two = [(weekly, false), (daily, false)];
    assert_eq!(told(&two, None, true), "2 reports, 1 of them not reviewed yet.");
    assert_eq!(told(&two, Some(7), true), "2 reports on this page, 1 of them not reviewed yet.");
    let two = [(weekly, true), (daily, false)];
    assert_eq!(told(&two, None, false), "2 reports on this page; none of them waits for a review.");
}
