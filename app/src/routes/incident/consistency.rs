//! No page of an incident contradicts itself, whatever happens to the incident: breaches come and
//! go, the agent and the recommender decide by their own rules, and people take every step that
//! they may.
#![expect(clippy::unwrap_used, reason = "what a test builds is right, or the test fails")]

use std::collections::BTreeMap;

use commands::{
    command::{
        Acknowledge, Approve, CancelRun, Command, Decline, EndRun, Reopen, Resolve, StartRun,
    },
    decide::decide,
    situation::Situation,
};
use domain::{
    actor::{Actor, Names},
    announcements::Announcements,
    breach::{Breach, BreachKey, Easing, Ending, Unheard},
    id::{AccountId, IncidentNumber, RecommendationId},
    incident::{Incident, apply_all},
    journal::Event,
    recommendation::{Recommendation, RunOutcome, Stage},
    severity::Severity,
    time::{Span, Timestamp},
};
use engine::{
    agent::{self, World, looks_at},
    recommender::{self, Hints, Scene, Tracks},
};
use fixtures::at;
use policy::{
    catalogue::{Catalogue, Facts, Program},
    incident_policy::IncidentPolicy,
};
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use wording::{
    standing::Standing,
    summary::{Reader, incident_card, render},
};

use super::{
    brief,
    tests::{buttons, html},
};
use crate::{actions::Outcome, components::incident_card::state_label, sample};

/// Signals that commands are recommended for, and some that none is.
const SIGNALS: [(&str, &str); 5] = [
    ("app:api@web-1", "app.memory"),
    ("app:jobs@web-1", "app.up"),
    ("host:web-1", "host.memory.used"),
    ("disk:/var@web-1", "disk.used"),
    ("service:mail", "queue.depth"),
];

/// The document of the approved commands.
const CATALOGUE: &str = include_str!("../../../../ops/runbooks/recovery.commands.md");

/// The state of a breach at a moment.
#[derive(Clone, Copy, Debug)]
enum Now {
    Holds(Severity),
    Eases,
    Silent,
}

#[derive(Clone, Debug)]
enum Turn {
    /// From now on these breaches hold, and the others are over; whether that was seen.
    Breaches(Vec<(usize, Now)>, bool),
    /// Someone does something to one of the incidents.
    Person(usize, Act),
    /// The first offer is approved by all who are needed, and runs to its end.
    Run(usize, RunOutcome),
    Wait(i64),
}

#[derive(Clone, Debug)]
enum Act {
    Acknowledge,
    Resolve,
    Reopen,
    /// Approve what is offered first, as one of two people.
    Approve(u32),
    Decline,
    /// Start what was approved.
    Start,
    Cancel,
    End(RunOutcome),
}

fn turn() -> impl Strategy<Value = Turn> {
    let now = prop_oneof![
        2 => Just(Now::Holds(Severity::Warning)),
        2 => Just(Now::Holds(Severity::Critical)),
        1 => Just(Now::Eases),
        1 => Just(Now::Silent),
    ];
    let outcome = prop_oneof![
        3 => Just(RunOutcome::Exited { code: 0 }),
        1 => Just(RunOutcome::Exited { code: 1 }),
        1 => Just(RunOutcome::TimedOut),
        1 => Just(RunOutcome::Cancelled),
        1 => Just(RunOutcome::Unknown),
        1 => Just(RunOutcome::NotStarted { why: "its program is gone".into() }),
    ];
    let run = (0..2usize, outcome.clone()).prop_map(|(which, outcome)| Turn::Run(which, outcome));
    let act = prop_oneof![
        2 => Just(Act::Acknowledge),
        1 => Just(Act::Resolve),
        1 => Just(Act::Reopen),
        4 => (1..3u32).prop_map(Act::Approve),
        1 => Just(Act::Decline),
        3 => Just(Act::Start),
        1 => Just(Act::Cancel),
        3 => outcome.prop_map(Act::End),
    ];
    let breaches = prop::collection::vec((0..SIGNALS.len(), now), 0..4);
    prop_oneof![
        3 => (breaches, any::<bool>()).prop_map(|(all, seen)| Turn::Breaches(all, seen)),
        5 => (0..2usize, act).prop_map(|(which, act)| Turn::Person(which, act)),
        2 => run,
        3 => prop_oneof![1..60i64, 60..2_000i64].prop_map(Turn::Wait),
    ]
}

/// Stored incidents, and the breaches that hold.
struct Service {
    policy: IncidentPolicy,
    catalogue: Catalogue,
    facts: Facts,
    tracks: Tracks,
    incidents: BTreeMap<IncidentNumber, Incident>,
    breaches: BTreeMap<BreachKey, Breach>,
    /// True if it was seen how the breaches ended that do not hold any more.
    seen: bool,
    now: i64,
}

impl Service {
    fn new() -> Self {
        let mut facts = Facts::new();
        for program in Program::ALL {
            facts = facts.with_program(program, program.candidates()[0]).unwrap();
        }
        // What is offered first for an app's memory needs two people.
        let text =
            CATALOGUE.replacen("| approval | one approver |", "| approval | two approvers |", 1);
        Self {
            policy: IncidentPolicy::default(),
            catalogue: Catalogue::parse("commands", &text, &[], fixtures::signals()).unwrap(),
            facts: facts.with_apps(["api", "jobs"].map(str::to_owned)),
            tracks: Tracks::new(),
            incidents: BTreeMap::new(),
            breaches: BTreeMap::new(),
            seen: true,
            now: 100,
        }
    }

    fn now(&self) -> Timestamp {
        at(self.now)
    }

    /// Sets what holds from now on.
    fn set(&mut self, all: &[(usize, Now)]) {
        let mut holding = BTreeMap::new();
        for (which, is) in all {
            let (subject, signal) = SIGNALS[*which];
            let (severity, easing, unheard) = match is {
                Now::Holds(severity) => (*severity, None, None),
                Now::Eases => {
                    let since = self.now();
                    let easing =
                        Easing { since, stays_for_seconds: 300.0, recovers_at: Some(80.0) };
                    (Severity::Warning, Some(easing), None)
                }
                Now::Silent => (
                    Severity::Critical,
                    None,
                    Some(Unheard { since: self.now(), for_seconds: 60.0 }),
                ),
            };
            let breach = fixtures::breach().on(subject).signal(signal).severity(severity);
            let breach = breach.since(at(self.now - 60)).fired(self.now());
            let breach = breach.guidance("Programs may be stopped.", "memory", &[]).build();
            let mut breach = Breach { easing, unheard, ..breach };
            if let Some(known) = self.breaches.get(&breach.key) {
                (breach.since, breach.fired_at) = (known.since, known.fired_at);
            }
            holding.insert(breach.key.clone(), breach);
        }
        self.breaches = holding;
    }

    fn apply(&mut self, events: &[Event], actor: Actor) {
        let now = self.now();
        for event in events {
            self.tracks.take(event, now);
        }
        apply_all(&mut self.incidents, events, actor, now).unwrap();
    }

    /// Agent and recommender, until nothing more is decided; `each` sees what the agent decided
    /// before the recommender does.
    fn tick(&mut self, each: &mut impl FnMut(&Incident, bool)) {
        loop {
            let mut events = self.agent();
            self.apply(&events, Actor::Agent);
            self.incidents.values().for_each(|one| each(one, true));
            let incidents: Vec<Incident> = self.incidents.values().cloned().collect();
            let more = recommender::decide(Scene {
                incidents: &incidents,
                policy: &self.policy,
                catalogue: Some(&self.catalogue),
                facts: &self.facts,
                hints: &Hints::default(),
                tracks: &self.tracks,
                host: "web-1",
                now: self.now(),
            });
            self.apply(&more, Actor::Agent);
            events.extend(more);
            if events.is_empty() {
                return;
            }
        }
    }

    fn agent(&self) -> Vec<Event> {
        let breaches: Vec<Breach> = self.breaches.values().cloned().collect();
        let seen = |one: &&Incident| looks_at(&self.policy, one, &breaches, self.now());
        let incidents: Vec<Incident> = self.incidents.values().filter(seen).cloned().collect();
        let keys = incidents.iter().flat_map(|one| &one.breaches).map(|one| &one.breach.key);
        let endings = keys
            .filter(|_| self.seen)
            .map(|key| (key.clone(), Ending::Recovered { since: self.now() }))
            .collect();
        let last = self.incidents.keys().next_back();
        agent::decide(
            &self.policy,
            World {
                breaches: &breaches,
                endings: &endings,
                incidents: &incidents,
                next_number: IncidentNumber(last.map_or(1, |number| number.0 + 1)),
                now: self.now(),
                steady_since: at(0),
                announcements: &Announcements::default(),
            },
        )
    }

    /// Someone does something to an incident, as far as the rules allow it.
    fn act(&mut self, which: usize, act: &Act) {
        let Some(incident) = self.incidents.values().rev().nth(which).cloned() else { return };
        let number = incident.number;
        let find = |is: fn(&Recommendation) -> bool| {
            let one = incident.recommendations.iter().find(|one| is(one));
            one.map(|one| RecommendationId { incident: number, place: one.place })
        };
        let approved = find(|one| matches!(one.stage, Stage::Approved { .. }));
        let running = find(|one| matches!(one.stage, Stage::Running { .. }));
        let offered = incident.offered().next();
        let id = |one: &Recommendation| RecommendationId { incident: number, place: one.place };
        let command = match act {
            Act::Acknowledge => Some(Command::Acknowledge(Acknowledge { incident: number })),
            Act::Resolve => {
                Some(Command::Resolve(Resolve { incident: number, note: String::new() }))
            }
            Act::Reopen => Some(Command::Reopen(Reopen { incident: number, note: String::new() })),
            Act::Approve(_) => offered.map(|one| {
                let binding = one.binding(&incident);
                Command::Approve(Approve { recommendation: id(one), binding })
            }),
            Act::Decline => offered.map(|one| {
                Command::Decline(Decline { recommendation: id(one), reason: "not now".into() })
            }),
            Act::Start => {
                approved.map(|recommendation| Command::StartRun(StartRun { recommendation }))
            }
            Act::Cancel => {
                running.map(|recommendation| Command::CancelRun(CancelRun { recommendation }))
            }
            Act::End(outcome) => running.map(|recommendation| {
                Command::EndRun(EndRun {
                    recommendation,
                    outcome: outcome.clone(),
                    duration: Span::from_secs(2),
                    output: String::new(),
                })
            }),
        };
        let actor = match act {
            Act::Approve(who) => Actor::Account(AccountId(*who)),
            Act::Start | Act::End(_) => Actor::System,
            Act::Acknowledge | Act::Resolve | Act::Reopen | Act::Decline | Act::Cancel => {
                Actor::Local
            }
        };
        let others: Vec<Incident> = self.incidents.values().cloned().collect();
        let situation = Situation {
            actor,
            now: self.now(),
            others: &others,
            catalogue: Some(self.catalogue.version()),
            role_since: Some(at(0)),
        };
        if let Some(events) =
            command.and_then(|command| decide(&incident, &command, situation).ok())
        {
            self.apply(&events, actor);
        }
    }
}

/// A sentence of the page, and whether it is true of an incident.
type Claim = (&'static str, fn(&Incident, Standing) -> bool);

fn nothing_holds(incident: &Incident, _: Standing) -> bool {
    incident.holding().next().is_none()
}

fn awaits(incident: &Incident, _: Standing) -> bool {
    let is_busy = |one: &Recommendation| one.is_under_way() || one.awaits_proof();
    incident.is_active()
        && incident.offered().next().is_some()
        && !incident.recommendations.iter().any(is_busy)
}

fn runs(incident: &Incident, _: Standing) -> bool {
    incident.recommendations.iter().any(Recommendation::is_under_way)
}

fn watched(incident: &Incident, _: Standing) -> bool {
    incident.recommendations.iter().any(Recommendation::awaits_proof)
}

/// True if someone approved what needs two people; it may stand among other recommendations.
fn is_half_approved(incident: &Incident, _: Standing) -> bool {
    incident.is_active() && incident.offered().any(|one| !one.approvals.is_empty())
}

/// Sentences that stand there only where they are true. Each is told somewhere: see the last test.
const ONLY: [Claim; 17] = [
    ("is nothing for you to do", nothing_holds),
    ("there is nothing to do", nothing_holds),
    ("Everything is back to normal", |_, is| is == Standing::Recovered),
    ("It is over.", |_, is| is == Standing::Resolved),
    ("It is closed.", |_, is| is == Standing::Closed),
    ("Back to normal since", |_, is| is == Standing::Recovered),
    ("awaiting decision", awaits),
    ("Your decision is needed", awaits),
    ("A second approval is needed", is_half_approved),
    ("Recommended: ", awaits),
    ("An approved command is running", runs),
    ("Calm Ops is checking whether it helped", watched),
    ("needs attention", |one, is| one.is_active() && is != Standing::Recovered),
    ("No approved command covers this", |one, _| one.recommendations.is_empty()),
    (">Acknowledge</button>", |one, _| one.is_active() && one.acknowledged.is_none()),
    (">Resolve</button>", |one, _| one.is_active()),
    (">Reopen</button>", |one, _| !one.is_active()),
];

/// Claims that have to hold, each with its condition.
const ALWAYS: [Claim; 6] = [
    (">Acknowledge</button>", |one, _| one.is_active() && one.acknowledged.is_none()),
    (">Resolve</button>", |one, _| one.is_active()),
    (">Reopen</button>", |one, _| !one.is_active()),
    ("awaiting decision", awaits),
    ("Recommended: ", awaits),
    ("<span class=\"state\">resolved</span>", |one, _| !one.is_active()),
];

/// The same in the summary, once the agent has written it.
const SUMMARY: [Claim; 3] = [
    ("Everything is back to normal", |_, is| is == Standing::Recovered),
    ("There is nothing to do", |_, is| matches!(is, Standing::Recovered | Standing::Improving)),
    ("Back to normal since", |_, is| is == Standing::Recovered),
];

fn shown(incident: &Incident) -> String {
    html(&sample::page(incident.clone()), Outcome::None)
}

/// The page without the summary, which is as old as the agent's last look.
fn without_summary(page: &str) -> String {
    let (before, rest) = page.split_once("<div id=\"briefing\"").unwrap();
    let (_, after) = rest.split_once("<section aria-labelledby=\"evidence\"").unwrap();
    format!("{before}{after}")
}

/// Checks everything that can be said of an incident at any moment; `is_settled` is whether the
/// agent has looked at it.
fn check(incident: &Incident, is_settled: bool) {
    let (page, is) = (shown(incident), Standing::of(incident));
    let page = if is_settled { page } else { without_summary(&page) };
    for (sentence, is_true) in ONLY {
        assert!(!page.contains(sentence) || is_true(incident, is), "{sentence} ({is:?}): {page}");
    }
    for (sentence, is_so) in ALWAYS {
        assert!(page.contains(sentence) || !is_so(incident, is), "no {sentence} ({is:?}): {page}");
    }
    let primaries = buttons(&page).iter().filter(|(primary, _)| *primary).count();
    assert!(primaries <= 1, "{primaries} primary buttons in {page}");
    // State, sentence and steps come from one derivation.
    let (card, names) = (incident_card(incident), Names::default());
    let (label, standing) = (state_label(&card), brief::standing(incident, &names));
    let decision = ["Your decision is needed", "A second approval is needed"];
    assert_eq!(
        label == "awaiting decision",
        decision.iter().any(|told| standing.contains(told)),
        "{label}: {standing}"
    );
    assert!(brief::decides(incident, card.awaits_decision) || !awaits(incident, is));
    assert_eq!(brief::still(incident).is_none(), nothing_holds(incident, is), "{standing}");
}

fn summary(incident: &Incident) -> String {
    let sections = render(&incident.summary, Reader::Team);
    let told: Vec<String> = sections.into_iter().flat_map(|section| section.sentences).collect();
    told.join(" ")
}

/// Checks the summary that the agent wrote.
fn check_summary(incident: &Incident) {
    let is = Standing::of(incident);
    let told = summary(incident);
    for (sentence, is_true) in SUMMARY {
        assert!(!told.contains(sentence) || is_true(incident, is), "{sentence} ({is:?}): {told}");
    }
}

/// Plays turns; `each` sees the incidents after each of them, before and after the agent looks at
/// them.
fn play(turns: &[Turn], mut each: impl FnMut(&Incident, bool)) {
    let mut service = Service::new();
    for turn in turns {
        match turn {
            Turn::Breaches(all, seen) => {
                service.seen = *seen;
                service.set(all);
            }
            Turn::Person(which, act) => service.act(*which, act),
            Turn::Run(which, outcome) => {
                let end = Act::End(outcome.clone());
                for act in [Act::Approve(1), Act::Approve(2), Act::Start, end] {
                    service.act(*which, &act);
                }
            }
            Turn::Wait(seconds) => service.now += seconds,
        }
        service.incidents.values().for_each(|one| each(one, false));
        service.tick(&mut each);
        service.incidents.values().for_each(|one| each(one, true));
    }
}

fn config(few: u32) -> ProptestConfig {
    let cases = fixtures::cases(few);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn no_page_of_an_incident_contradicts_itself(turns in prop::collection::vec(turn(), 1..30)) {
        play(&turns, |incident, is_settled| {
            check(incident, is_settled);
            if is_settled {
                check_summary(incident);
            }
        });
    }
}

#[test]
fn a_command_that_helped_one_problem_does_not_hide_another_one() {
    let holds = Now::Holds(Severity::Warning);
    let turns = [
        Turn::Breaches(vec![(3, holds), (2, holds)], false),
        Turn::Run(0, RunOutcome::Exited { code: 0 }),
        Turn::Breaches(vec![(2, holds)], true),
    ];
    play(&turns, check);
}

#[test]
fn each_sentence_that_is_checked_is_told_somewhere() {
    let (mut runner, all) = (TestRunner::deterministic(), prop::collection::vec(turn(), 1..30));
    let claims = ONLY.into_iter().chain(ALWAYS).chain(SUMMARY);
    let mut missing: Vec<&str> = claims.map(|(sentence, _)| sentence).collect();
    for _ in 0..60 {
        if missing.is_empty() {
            return;
        }
        play(&all.new_tree(&mut runner).unwrap().current(), |incident, _| {
            let told = shown(incident) + &summary(incident);
            missing.retain(|sentence| !told.contains(sentence));
        });
    }
    assert_eq!(missing, [""; 0]);
}
