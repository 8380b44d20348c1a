use std::collections::BTreeMap;

use domain::{
    breach::BreachKey,
    lifecycle::State,
    recommendation::{Approval, Awaited, Ended, Recommendation, Risk, RunOutcome, Undo},
    time::Span,
};
use fixtures::at;

use super::*;

const INCIDENT: IncidentNumber = IncidentNumber(7);
const ADA: Actor = Actor::Account(AccountId(1));
const BO: Actor = Actor::Account(AccountId(2));

fn sections(went_well: &str) -> ReviewSections {
    ReviewSections { went_well: went_well.into(), ..ReviewSections::default() }
}

fn saved(number: u64, by: Actor, went_well: &str) -> Entry {
    let event = Event::ReviewSaved { incident: INCIDENT, sections: sections(went_well) };
    Entry { number, at: at(0), actor: by, event: Some(event) }
}

#[test]
fn nobody_replaces_words_that_they_have_not_read() {
    let known = ReviewVersions::of(&[saved(3, ADA, "a")]);
    let by = |replaces, text: &str, actor| save(INCIDENT, &known, replaces, &sections(text), actor);
    assert_eq!(by(None, "b", BO), Err(Conflict::ReviewChanged.into()));
    assert_eq!(by(Some(3), "b", BO).unwrap().len(), 1);
    // The same words once more, by a second press: nothing is written, whatever was read.
    assert_eq!(by(None, "a", ADA), Ok(Vec::new()));
    // Lines end as they do here, and nothing is required but the first words.
    let Event::ReviewSaved { sections, .. } = &by(Some(3), " x\r\ny ", BO).unwrap()[0] else {
        panic!()
    };
    assert_eq!((sections.went_well.as_str(), sections.factors.as_str()), ("x\ny", ""));
    let none = ReviewVersions::default();
    assert!(save(INCIDENT, &none, None, &ReviewSections::default(), ADA).is_err());
}

#[test]
fn what_was_redacted_comes_back_by_no_single_save() {
    let gone = Entry { event: None, ..saved(3, ADA, "hunter2") };
    let known = ReviewVersions::of(&[gone]);
    let by = |replaces| save(INCIDENT, &known, replaces, &sections("hunter2 and more"), BO);
    assert_eq!(by(Some(3)), Err(Conflict::ReviewRedacted.into()));
    // The page that says so has read nothing: the writer has looked, and decides.
    assert_eq!(by(None).unwrap().len(), 1);
}

fn step(number: u64) -> Entry {
    let plan = PreventionPlan::Planned { owner: AccountId(1), due: "2026-12-04".parse().unwrap() };
    let event = Event::PreventionStepAdded { incident: INCIDENT, text: "x".into(), plan };
    Entry { number, at: at(0), actor: ADA, event: Some(event) }
}

#[test]
fn a_step_has_an_owner_and_a_day_or_a_reason() {
    let today: DueDate = "2026-11-30".parse().unwrap();
    let add = |text: &str, plan: PreventionPlan| {
        let none = PreventionSteps::default();
        add_step(INCIDENT, &none, text, &plan, &[AccountId(1)], today)
    };
    let planned = |owner, due: &str| PreventionPlan::Planned {
        owner: AccountId(owner),
        due: due.parse().unwrap(),
    };
    assert!(add("Add an alert", planned(1, "2026-11-30")).is_ok());
    for (text, plan, field) in [
        (" ", planned(1, "2026-12-04"), "text"),
        (&*"x".repeat(LONGEST_STEP + 1), planned(1, "2026-12-04"), "text"),
        ("x", planned(1, "2026-11-29"), "due"),
        ("x", planned(1, "2029-11-29"), "due"),
        ("x", PreventionPlan::WillNotBeDone { reason: "  ".into() }, "reason"),
    ] {
        let refused = add(text, plan).unwrap_err();
        assert!(
            matches!(&refused, Error::InvalidField { field: found, .. } if *found == field),
            "{refused:?}"
        );
    }
    let unknown = Error::NotFound(Entity::OpenAccount(AccountId(9)));
    assert_eq!(add("x", planned(9, "2026-12-04")), Err(unknown));
}

#[test]
fn an_incident_has_so_many_steps_and_each_ends_once() {
    let many = PreventionSteps::of(&(1..=50).map(step).collect::<Vec<_>>());
    let plan = PreventionPlan::WillNotBeDone { reason: "x".into() };
    let today = "2026-11-30".parse().unwrap();
    let full = Conflict::LimitReached(Limited::PreventionSteps);
    assert_eq!(add_step(INCIDENT, &many, "x", &plan, &[], today), Err(full.into()));
    let mut entries = vec![step(1)];
    let known = PreventionSteps::of(&entries);
    assert_eq!(finish_step(&known, 9, "x"), Err(Error::NotFound(Entity::PreventionStep(9))));
    assert!(finish_step(&known, 1, " ").is_err(), "done with evidence");
    let done = finish_step(&known, 1, "Alert 12").unwrap().remove(0);
    entries.push(Entry { number: 2, event: Some(done), ..step(1) });
    let known = PreventionSteps::of(&entries);
    let ended = Err(Conflict::PreventionStepEnded(1).into());
    assert_eq!((finish_step(&known, 1, "x"), drop_step(&known, 1, "x")), (ended.clone(), ended));
}

fn ran(outcome: RunOutcome) -> Stage {
    Stage::Ended(Ended {
        started_at: at(10),
        cancelled: None,
        at: at(20),
        outcome,
        duration: Span::from_secs(10),
        worked: Some(true),
        began_before: false,
        proved_at: Some(at(30)),
    })
}

fn recommendation(stage: Stage) -> Recommendation {
    let key = BreachKey {
        subject: "app:api@web-1".parse().unwrap(),
        signal: "app.memory".parse().unwrap(),
    };
    Recommendation {
        place: 1,
        command: "pm2-reload".into(),
        values: BTreeMap::new(),
        title: "Reload api".into(),
        argv: Vec::new(),
        shown: "pm2 reload api".into(),
        check: None,
        user: "deploy".into(),
        host: "web-1".into(),
        subject: key.subject.clone(),
        risk: Risk::Low,
        blast_radius: "Nobody notices.".into(),
        effect: "Each process starts again.".into(),
        undo: Undo::Never("a restart".into()),
        approval: Approval::One,
        time_limit: Span::from_secs(60),
        cool_down: Span::ZERO,
        proof: Awaited { breach: key, within: Span::from_mins(5) },
        reasons: Vec::new(),
        catalogue: "0".into(),
        offered_at: at(0),
        expires_at: at(1_800),
        approvals: Vec::new(),
        stage,
    }
}

#[test]
fn only_what_ran_for_a_real_incident_that_is_over_is_rated() {
    let of = |state, stage| {
        fixtures::incident(7).recommendations(vec![recommendation(stage)]).state(state).build()
    };
    let rated = |incident: &Incident, place| rate(incident, place, Rating::OneStepShort);
    let over = of(State::Resolved, ran(RunOutcome::Exited { code: 0 }));
    let Event::RecommendationRated { command, signal, .. } = &rated(&over, 1).unwrap()[0] else {
        panic!()
    };
    let one = &over.recommendations[0];
    assert_eq!((command, signal), (&one.command, &one.proof.breach.signal));
    let nothing =
        |place| Err(Conflict::NothingToRate(RecommendationId { incident: INCIDENT, place }).into());
    let active = of(State::Recovering, ran(RunOutcome::Exited { code: 0 }));
    assert_eq!(rated(&active, 1), nothing(1));
    let never = of(State::Resolved, ran(RunOutcome::NotStarted { why: "x".into() }));
    assert_eq!(rated(&never, 1), nothing(1));
    assert_eq!(rated(&of(State::Resolved, Stage::Offered), 1), nothing(1));
    let mut practice = over.clone();
    practice.cause = domain::practice::subject();
    assert_eq!(rated(&practice, 1), nothing(1));
    assert!(matches!(rated(&over, 2), Err(Error::NotFound(_))));
}
