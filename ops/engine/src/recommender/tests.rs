//! Recommendations, told by short stories.

use commands::command::Approve;
use domain::{
    breach::{BreachKey, Ending},
    error::{Conflict, Error},
    id::{IncidentNumber, RecommendationId},
    lifecycle::State,
    long_query::LongQuery,
    recommendation::{Ended, Reason},
    severity::Severity,
};
use fixtures;
use policy::{
    catalogue::{Catalogue, Facts, Program},
    incident_policy::{Dependency, IncidentPolicy},
};

use super::*;
use crate::agent::tests::{at, breach};

pub(super) const TEXT: &str = include_str!("../../../runbooks/recovery.commands.md");

/// An incident with its host.
pub(crate) struct Story {
    pub incidents: Vec<Incident>,
    pub policy: IncidentPolicy,
    pub catalogue: Option<Catalogue>,
    pub facts: Facts,
    pub hints: Hints,
    pub tracks: Tracks,
}

pub(super) fn facts(apps: &[&str]) -> Facts {
    let mut facts = Facts::new();
    for program in Program::ALL {
        facts = facts.with_program(program, program.candidates()[0]).unwrap();
    }
    facts
        .with_apps(apps.iter().map(|name| (*name).to_owned()))
        .with_certificates(["shop.example".to_owned()])
        .with_queries(["41@7000000".to_owned(), "42@6000000".to_owned()])
}

pub(super) fn incident(number: u32, breaches: &[domain::breach::Breach]) -> Incident {
    fixtures::incident(number).of(breaches.iter().cloned()).began(at(0)).build()
}

impl Story {
    pub fn new(breaches: &[domain::breach::Breach]) -> Self {
        Self {
            incidents: vec![incident(1, breaches)],
            policy: IncidentPolicy::default(),
            catalogue: Some(Catalogue::parse("commands", TEXT, &[], fixtures::signals()).unwrap()),
            facts: facts(&["api", "jobs"]),
            hints: Hints::default(),
            tracks: Tracks::new(),
        }
    }

    pub fn decide(&self, seconds: i64) -> Vec<Event> {
        decide(Scene {
            incidents: &self.incidents,
            policy: &self.policy,
            catalogue: self.catalogue.as_ref(),
            facts: &self.facts,
            hints: &self.hints,
            tracks: &self.tracks,
            host: "web-1",
            now: at(seconds),
        })
    }

    /// Carries an event out on the incident that it is about.
    pub fn apply(&mut self, event: &Event, actor: Actor, seconds: i64) -> bool {
        let number = event.incident().unwrap();
        let place = self.incidents.iter().position(|one| one.number == number).unwrap();
        let mut one = Some(self.incidents[place].clone());
        let fits = incident::apply(&mut one, event, actor, at(seconds)).is_ok();
        if fits {
            self.incidents[place] = one.unwrap();
            self.tracks.take(event, at(seconds));
        }
        fits
    }

    /// Decides, applies, and checks that nothing more is decided at the same moment.
    pub fn tick(&mut self, seconds: i64) -> Vec<Event> {
        let tracks = self.tracks.clone();
        let events = self.decide(seconds);
        for event in &events {
            assert!(self.apply(event, Actor::Agent, seconds), "{event:?} fits");
        }
        let after = std::mem::replace(&mut self.tracks, tracks);
        assert_eq!(self.decide(seconds), [], "a second look decides nothing");
        self.tracks = after;
        assert_eq!(self.decide(seconds), [], "nor does one with the record of what was proved");
        events
    }

    pub fn offered(&self) -> Vec<String> {
        self.incidents[0].offered().map(|one| one.shown.clone()).collect()
    }

    /// Approves, starts and ends one.
    fn run(&mut self, place: u32, seconds: i64, code: i32) {
        self.end(place, seconds, RunOutcome::Exited { code });
    }

    fn end(&mut self, place: u32, seconds: i64, outcome: RunOutcome) {
        let incident = IncidentNumber(1);
        let binding = self.incidents[0].recommendation(place).unwrap().binding(&self.incidents[0]);
        assert!(self.apply(&Event::Approved { incident, place, binding }, Actor::Local, seconds));
        assert!(self.apply(&Event::RunStarted { incident, place }, Actor::System, seconds));
        let (outcome, duration) = (outcome, Span::from_secs(1));
        assert!(self.apply(
            &Event::RunEnded { incident, place, outcome, duration, output: String::new() },
            Actor::System,
            seconds
        ));
        let (from, to) = (self.incidents[0].state, State::Recovering);
        assert!(self.apply(
            &Event::Moved { incident, from, step: Step::CommandRan, to },
            Actor::System,
            seconds
        ));
    }

    fn clear(&mut self, key: &BreachKey, seconds: i64) {
        let ending = Ending::Recovered { since: at(seconds) };
        let event = Event::BreachCleared { incident: IncidentNumber(1), key: key.clone(), ending };
        assert!(self.apply(&event, Actor::Agent, seconds));
    }
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

fn app_memory() -> domain::breach::Breach {
    breach("app:api@web-1", "app.memory", Severity::Warning, 0)
}

#[test]
fn a_practice_gets_its_own_command_only_and_leaves_no_track() {
    let mut practised = breach("practice:practice", "practice.pressure", Severity::Critical, 0);
    practised.guidance.commands = vec!["pm2-restart".to_owned(), "practice".to_owned()];
    let mut story = Story::new(std::slice::from_ref(&practised));
    assert_eq!(kinds(&story.tick(0)), ["recommended"]);
    assert_eq!(story.offered(), ["/usr/bin/true"]);
    assert_eq!(story.incidents[0].recommendations[0].subject, practised.key.subject);
    story.run(1, 10, 0);
    story.clear(&practised.key, 12);
    assert_eq!(kinds(&story.tick(13)), ["run_proved"]);
    assert_eq!(story.tracks, Tracks::new());
    // Its command is no answer to anything real, even where a row names it.
    let mut real = breach("host:web-1", "host.files.open", Severity::Critical, 0);
    real.guidance.commands = vec!["practice".to_owned()];
    assert_eq!(Story::new(&[real]).tick(0), []);
}

#[test]
fn the_app_that_grows_is_reloaded_before_it_is_restarted() {
    let mut story = Story::new(&[app_memory()]);
    assert_eq!(kinds(&story.tick(0)), ["recommended", "recommended"]);
    assert_eq!(story.offered(), ["/usr/bin/pm2 reload api", "/usr/bin/pm2 restart api"]);
    let first = &story.incidents[0].recommendations[0];
    assert!(matches!(&first.reasons[..], [Reason::Helps { .. }]), "{:?}", first.reasons);
    assert_eq!(
        (first.subject.as_str(), first.proof.within),
        ("app:api@web-1", Span::from_mins(20))
    );
    assert_eq!(story.tick(10), []);
}

#[test]
fn what_the_thresholds_name_comes_first() {
    let mut named = app_memory();
    named.guidance.commands.push("pm2-restart".into());
    let mut story = Story::new(&[named]);
    story.tick(0);
    assert_eq!(story.offered(), ["/usr/bin/pm2 restart api", "/usr/bin/pm2 reload api"]);
    assert!(matches!(&story.incidents[0].recommendations[0].reasons[..], [Reason::Named { .. }]));
}

#[test]
fn what_worked_before_comes_before_what_did_not() {
    let mut story = Story::new(&[app_memory()]);
    for (command, worked) in [("pm2-reload", false), ("pm2-restart", true), ("pm2-restart", true)] {
        let (command, subject) = (command.to_owned(), "app:api@web-1".parse().unwrap());
        story.tracks.take(
            &Event::RunProved {
                incident: IncidentNumber(9),
                place: 1,
                command,
                subject,
                worked,
                counts: true,
            },
            at(-9_000),
        );
    }
    story.tick(0);
    assert_eq!(story.offered(), ["/usr/bin/pm2 restart api", "/usr/bin/pm2 reload api"]);
    let reasons = &story.incidents[0].recommendations[0].reasons;
    assert!(
        matches!(reasons[..], [Reason::Worked { times: 2, of: 2, days: 90 }, Reason::Helps { .. }]),
        "{reasons:?}"
    );
}

#[test]
fn a_host_short_of_memory_is_helped_by_its_largest_app() {
    let mut story = Story::new(&[breach("host:web-1", "host.memory.used", Severity::Warning, 0)]);
    assert_eq!(story.tick(0), [], "nothing is guessed while no app's memory is known");
    story.hints.app_memory =
        [("api".to_owned(), 700), ("jobs".to_owned(), 900), ("gone".to_owned(), 9_999)].into();
    story.tick(1);
    assert_eq!(story.offered(), ["/usr/bin/pm2 reload jobs", "/usr/bin/pm2 restart jobs"]);
    assert!(matches!(
        &story.incidents[0].recommendations[0].reasons[..],
        [Reason::Largest { bytes: 900, .. }, Reason::Helps { .. }]
    ));
    story.hints.app_memory.insert("api".to_owned(), 5_000);
    assert_eq!(story.tick(2), [], "what is offered stays");
}

#[test]
fn another_host_is_not_helped_from_here() {
    let mut story = Story::new(&[breach("app:api@web-2", "app.memory", Severity::Critical, 0)]);
    assert_eq!(story.tick(0), []);
}

#[test]
fn an_endpoint_is_helped_by_the_app_that_it_depends_on() {
    let mut story =
        Story::new(&[breach("endpoint:checkout", "endpoint.up", Severity::Critical, 0)]);
    story.tick(0);
    assert_eq!(
        story.offered(),
        ["/usr/sbin/nginx -s reload", "/usr/bin/systemctl restart nginx.service"]
    );
    story.policy.dependencies =
        vec![Dependency { subject: "endpoint:*".into(), needs: "app:api@web-1".parse().unwrap() }];
    story.tick(1);
    assert!(
        story.offered().contains(&"/usr/bin/pm2 restart api".to_owned()),
        "{:?}",
        story.offered()
    );
    let [nginx, unit] = ["nginx-reload", "systemd-restart"]
        .map(|id| story.incidents[0].offered().find(|one| one.command == id).unwrap());
    assert_eq!(nginx.subject, unit.subject, "they never run at a time");
}

#[test]
fn of_two_apps_behind_an_endpoint_the_one_in_trouble_is_meant() {
    let both = || {
        ["app:api@web-1", "app:jobs@web-1"]
            .map(|needs| Dependency { subject: "endpoint:*".into(), needs: needs.parse().unwrap() })
    };
    let endpoint = breach("endpoint:checkout", "endpoint.first_byte", Severity::Warning, 0);
    let mut story = Story::new(std::slice::from_ref(&endpoint));
    story.policy.dependencies = both().to_vec();
    story.tick(0);
    assert_eq!(
        story.offered(),
        Vec::<String>::new(),
        "which of them is not known, and the age of no query"
    );
    let mut story =
        Story::new(&[endpoint, breach("app:jobs@web-1", "app.cpu", Severity::Warning, 0)]);
    story.policy.dependencies = both().to_vec();
    story.tick(0);
    assert_eq!(story.offered(), ["/usr/bin/pm2 reload jobs"]);
}

#[test]
fn a_certificate_is_found_by_the_endpoints_host_name_and_a_query_by_its_age() {
    let mut story = Story::new(&[breach(
        "endpoint:checkout",
        "endpoint.certificate.days_left",
        Severity::Warning,
        0,
    )]);
    story
        .hints
        .endpoint_hosts
        .insert("endpoint:checkout".parse().unwrap(), "shop.example".to_owned());
    story.tick(0);
    assert!(
        story.offered().contains(&"/usr/bin/certbot renew --cert-name shop.example".to_owned()),
        "{:?}",
        story.offered()
    );
    let mut story = Story::new(&[breach(
        "service:calm-ops@web-1",
        "monitor.database_write",
        Severity::Warning,
        0,
    )]);
    let query = |seconds: u64| {
        LongQuery::new(Span::from_secs(seconds), "app", "backup", "COPY orders TO STDOUT")
    };
    story.hints.queries =
        [("41@7000000".to_owned(), query(70)), ("42@6000000".to_owned(), query(90))].into();
    story.tick(0);
    assert_eq!(story.offered(), ["built-in:query-cancel 42@6000000"]);
    let reasons = &story.incidents[0].recommendations[0].reasons;
    assert_eq!(
        reasons[0],
        Reason::LongQuery { query: query(90) },
        "what would be cancelled is told"
    );
}

/// The catalogue with another row in the place of one.
fn with_row(command: &str, row: &str, instead: &str) -> Catalogue {
    let at = TEXT.find(&format!("| command | `{command}` |")).unwrap();
    let (before, after) = TEXT.split_at(at);
    assert!(after.contains(row), "{row}");
    Catalogue::parse(
        "commands",
        &format!("{before}{}", after.replacen(row, instead, 1)),
        &[],
        fixtures::signals(),
    )
    .unwrap_or_else(|refusals| panic!("{}", refusals[0]))
}

#[test]
fn each_unit_of_a_list_is_offered_and_a_no_to_one_is_none_to_the_others() {
    let mut story =
        Story::new(&[breach("endpoint:checkout", "endpoint.up", Severity::Critical, 0)]);
    let listed = "| {unit} | one of the units `nginx.service` |";
    let units = "| {unit} | one of the units `api.service`, `nginx.service`, `worker.service` |";
    story.catalogue = Some(with_row("systemd-restart", listed, units));
    story.tick(0);
    let restart = |unit: &str| format!("/usr/bin/systemctl restart {unit}.service");
    assert_eq!(
        story.offered(),
        ["/usr/sbin/nginx -s reload".to_owned(), restart("api"), restart("nginx")],
        "at most three"
    );
    let decline = Event::RecommendationDeclined {
        incident: IncidentNumber(1),
        place: 2,
        reason: "not this one".into(),
    };
    assert!(story.apply(&decline, Actor::Local, 1));
    story.tick(2);
    assert_eq!(
        story.offered(),
        ["/usr/sbin/nginx -s reload".to_owned(), restart("nginx"), restart("worker")]
    );
    let subjects: Vec<&str> =
        story.incidents[0].offered().map(|one| one.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "service:nginx.service@web-1",
            "service:nginx.service@web-1",
            "service:worker.service@web-1"
        ]
    );
}

#[test]
fn of_a_range_the_usual_number_is_offered() {
    let mut story = Story::new(&[breach("disk:/@web-1", "disk.used", Severity::Critical, 0)]);
    let row = "| runs | `journalctl --vacuum-size=500M` |";
    let range = "| runs | `journalctl --vacuum-size={size}M` |\n| {size} | a whole number from 200 to 1,000 in steps of 100, usually 300 |";
    story.catalogue = Some(with_row("journal-vacuum", row, range));
    story.tick(0);
    assert_eq!(story.offered(), ["/usr/bin/journalctl --vacuum-size=300M"]);
}

#[test]
fn only_large_logs_on_the_disk_itself_are_emptied() {
    let mut story = Story::new(&[breach("disk:/var@web-1", "disk.used", Severity::Warning, 0)]);
    let logs = |disk: &str, bytes| std::collections::BTreeMap::from([(disk.to_owned(), bytes)]);
    story.hints.app_logs = [
        ("api".to_owned(), logs("/", LARGE_LOGS * 9)),
        ("jobs".to_owned(), logs("/var", LARGE_LOGS - 1)),
    ]
    .into();
    story.tick(0);
    assert_eq!(story.offered(), ["/usr/bin/journalctl --vacuum-size=500M"]);
    story.hints.app_logs.insert("jobs".to_owned(), logs("/var", LARGE_LOGS));
    story.tick(1);
    assert_eq!(story.offered()[1..], ["/usr/bin/pm2 flush jobs"]);
}

#[test]
fn an_offer_ends_when_its_breach_has_cleared() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.clear(&app_memory().key, 5);
    let events = story.tick(6);
    assert_eq!(kinds(&events), ["recommendation_withdrawn"; 2]);
    assert!(matches!(events[0], Event::RecommendationWithdrawn { why: Withdrawn::NotNeeded, .. }));
}

#[test]
fn an_offer_expires_and_is_made_anew_with_what_is_so_now() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    assert_eq!(story.tick(1_799), []);
    assert_eq!(
        kinds(&story.tick(1_800)),
        ["recommendation_withdrawn", "recommendation_withdrawn", "recommended", "recommended"]
    );
    assert_eq!(story.incidents[0].offered().map(|one| one.place).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn another_catalogue_a_lost_app_and_no_catalogue_end_offers() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.catalogue = Some(
        Catalogue::parse("commands", &format!("{TEXT}\nMore words.\n"), &[], fixtures::signals())
            .unwrap(),
    );
    let events = story.tick(1);
    assert!(matches!(events[0], Event::RecommendationWithdrawn { why: Withdrawn::Changed, .. }));
    assert_eq!(kinds(&events)[2..], ["recommended", "recommended"]);
    story.facts = facts(&["jobs"]);
    assert_eq!(kinds(&story.tick(2)), ["recommendation_withdrawn"; 2]);
    story.facts = facts(&["api"]);
    assert_eq!(kinds(&story.tick(3)), ["recommended"; 2]);
    story.catalogue = None;
    assert_eq!(kinds(&story.tick(4)), ["recommendation_withdrawn"; 2]);
}

#[test]
fn what_was_approved_and_not_started_is_withdrawn() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    let binding = story.incidents[0].recommendations[0].binding(&story.incidents[0]);
    assert!(story.apply(
        &Event::Approved { incident: IncidentNumber(1), place: 1, binding },
        Actor::Local,
        10
    ));
    assert_eq!(story.tick(70), []);
    let events = story.tick(71);
    assert!(
        matches!(
            events[0],
            Event::RecommendationWithdrawn { place: 1, why: Withdrawn::TooLate, .. }
        ),
        "{events:?}"
    );
}

#[test]
fn a_no_stands_until_it_gets_worse() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    let declined = Event::RecommendationDeclined {
        incident: IncidentNumber(1),
        place: 1,
        reason: "not now".into(),
    };
    assert!(story.apply(&declined, Actor::Local, 10));
    assert_eq!(story.tick(11), []);
    let mut worse = app_memory();
    (worse.severity, worse.severity_since) = (Severity::Critical, at(20));
    assert!(story.apply(
        &Event::BreachChanged { incident: IncidentNumber(1), breach: Box::new(worse) },
        Actor::Agent,
        25
    ));
    assert_eq!(kinds(&story.tick(26)), ["recommended"]);
    let declined = Event::RecommendationDeclined {
        incident: IncidentNumber(1),
        place: 3,
        reason: "still not".into(),
    };
    assert!(story.apply(&declined, Actor::Local, 30));
    assert_eq!(story.tick(31), []);
}

#[test]
fn a_run_is_proved_by_its_signal() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.run(1, 10, 0);
    assert_eq!(story.tick(11), [], "nothing else is offered while it is watched");
    story.clear(&app_memory().key, 60);
    let events = story.tick(61);
    assert!(matches!(events[0], Event::RunProved { place: 1, worked: true, .. }), "{events:?}");
    assert_eq!(story.tracks.of("pm2-reload", &"app:api@web-1".parse().unwrap()).worked, 1);
}

#[test]
fn what_helped_one_breach_does_not_hide_another_one() {
    let queue = breach("service:mail", "queue.depth", Severity::Critical, 0);
    for (code, clears) in [(0, true), (0, false), (1, false)] {
        let mut story = Story::new(&[app_memory(), queue.clone()]);
        story.tick(0);
        story.run(1, 10, code);
        if clears {
            story.clear(&app_memory().key, 60);
        }
        story.tick(2_000);
        let stage = &story.incidents[0].recommendations[0].stage;
        assert!(matches!(stage, Stage::Ended(ended) if ended.worked == Some(clears)), "{stage:?}");
        assert_eq!(story.incidents[0].state, State::Detected, "exit {code}, cleared: {clears}");
    }
}

#[test]
fn a_restart_is_proved_by_an_app_that_is_up_for_a_while_and_does_not_restart() {
    let down = breach("app:api@web-1", "app.up", Severity::Critical, 0);
    let crashes = breach("app:api@web-1", "app.restarts", Severity::Critical, 0);
    let mut story = Story::new(&[down.clone(), crashes.clone()]);
    story.tick(0);
    assert_eq!(story.offered(), ["/usr/bin/pm2 restart api"]);
    story.run(1, 10, 0);
    story.clear(&down.key, 20);
    assert_eq!(story.tick(115), [], "it is up, and it is not known that it stays so");
    story.clear(&crashes.key, 130);
    let events = story.tick(131);
    assert!(matches!(events[0], Event::RunProved { worked: true, .. }), "{events:?}");

    let mut story = Story::new(std::slice::from_ref(&down));
    story.tick(0);
    story.run(1, 10, 0);
    story.clear(&down.key, 20);
    assert_eq!(story.tick(109), []);
    let events = story.tick(110);
    assert!(matches!(events[0], Event::RunProved { worked: true, .. }), "{events:?}");

    let mut story = Story::new(&[down.clone(), crashes]);
    story.tick(0);
    story.run(1, 10, 0);
    story.clear(&down.key, 20);
    assert_eq!(story.tick(10 + 299), []);
    let events = story.tick(10 + 301);
    assert!(
        matches!(events[0], Event::RunProved { worked: false, .. }),
        "it restarts all the time: {events:?}"
    );
}

#[test]
fn what_is_offered_names_all_that_it_touches_or_is_not_offered() {
    let down = breach("app:api@web-1", "app.up", Severity::Critical, 0);
    let mut story = Story::new(std::slice::from_ref(&down));
    story.hints.app_processes.insert("api".to_owned(), 8);
    story.tick(0);
    let reasons = &story.incidents[0].recommendations[0].reasons;
    assert!(reasons.contains(&Reason::AllProcesses { count: 8 }), "{reasons:?}");
    // Someone stops it, or another app gets its name: the offer is taken back.
    for (at, hint) in [(10, true), (20, false)] {
        let named = std::collections::BTreeSet::from(["api".to_owned()]);
        let of = |set: bool| if set { named.clone() } else { Default::default() };
        (story.hints.apps_at_rest, story.hints.shared_apps) = (of(hint), of(!hint));
        assert_eq!(kinds(&story.tick(at)), ["recommendation_withdrawn"]);
        (story.hints.apps_at_rest, story.hints.shared_apps) = Default::default();
        assert_eq!(kinds(&story.tick(at + 1)), ["recommended"]);
    }
    // What rests can have its logs emptied all the same.
    let mut story = Story::new(&[breach("disk:/@web-1", "disk.used", Severity::Warning, 0)]);
    story.hints.app_logs = [("jobs".to_owned(), [("/".to_owned(), LARGE_LOGS)].into())].into();
    story.hints.apps_at_rest.insert("jobs".to_owned());
    story.tick(0);
    assert!(
        story.offered().contains(&"/usr/bin/pm2 flush jobs".to_owned()),
        "{:?}",
        story.offered()
    );
    story.hints.shared_apps.insert("jobs".to_owned());
    assert_eq!(kinds(&story.tick(1)), ["recommendation_withdrawn"]);
}

#[test]
fn a_run_that_did_not_help_leads_back_and_is_not_offered_again() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.run(1, 10, 0);
    assert_eq!(story.tick(10 + 1_200), []);
    let events = story.tick(10 + 1_801);
    assert_eq!(kinds(&events), ["run_proved", "recommendation_withdrawn", "moved", "recommended"]);
    assert_eq!(
        (story.incidents[0].state, story.offered()),
        (State::Detected, vec!["/usr/bin/pm2 restart api".to_owned()])
    );
}

#[test]
fn a_run_that_failed_is_known_at_once() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.run(1, 10, 1);
    assert_eq!(kinds(&story.tick(11)), ["run_proved", "moved"]);
    assert_eq!(story.offered(), ["/usr/bin/pm2 restart api"]);
}

#[test]
fn what_was_not_seen_to_its_end_is_watched_and_says_nothing_about_the_command() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.end(1, 10, RunOutcome::Unknown);
    let one = story.incidents[0].recommendation(1).unwrap();
    let limit = one.time_limit.as_secs_f64() as i64 + 3;
    assert!(
        one.may_run(at(10 + limit - 1)) && !one.may_run(at(10 + limit)),
        "its subject is held as long as it may run"
    );
    assert_eq!(
        story.tick(11),
        [],
        "it may have done its work, and nothing else is offered before that is known"
    );
    assert_eq!(story.tick(10 + 1_200), []);
    let events = story.tick(10 + 1_801);
    assert!(
        matches!(events[0], Event::RunProved { worked: false, counts: false, .. }),
        "{events:?}"
    );
    assert_eq!(story.tracks.of("pm2-reload", &"app:api@web-1".parse().unwrap()).total, 0);
    assert_eq!(story.offered(), ["/usr/bin/pm2 restart api"]);

    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.end(1, 10, RunOutcome::Unknown);
    story.clear(&app_memory().key, 60);
    let events = story.tick(61);
    assert!(
        matches!(events[0], Event::RunProved { worked: true, counts: false, .. }),
        "{events:?}"
    );
    assert_eq!(story.tracks.of("pm2-reload", &"app:api@web-1".parse().unwrap()).total, 0);
}

#[test]
fn a_run_that_a_person_ended_early_says_nothing_about_the_command() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.end(1, 10, RunOutcome::Cancelled);
    let events = story.tick(11);
    assert!(
        matches!(events[0], Event::RunProved { worked: false, counts: false, .. }),
        "{events:?}"
    );
    assert_eq!(story.tracks.of("pm2-reload", &"app:api@web-1".parse().unwrap()).total, 0);
    assert_eq!(story.offered(), ["/usr/bin/pm2 restart api"]);
}

#[test]
fn a_command_cools_down_on_its_subject_over_all_incidents() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.run(1, 10, 0);
    story.clear(&app_memory().key, 60);
    story.tick(61);
    story
        .incidents
        .push(incident(2, &[breach("app:api@web-1", "app.memory", Severity::Critical, 100)]));
    story.tick(120);
    let offered = |story: &Story| {
        story.incidents[1].offered().map(|one| one.command.clone()).collect::<Vec<_>>()
    };
    assert_eq!(offered(&story), ["pm2-restart"]);
    // It counts from the run, not from its proof.
    story.tick(10 + 599);
    assert_eq!(offered(&story), ["pm2-restart"]);
    story.tick(10 + 600);
    assert_eq!(offered(&story), ["pm2-restart", "pm2-reload"]);
    // Where the other incident is not at hand any more, the record of proofs tells, and that is
    // later: never too short.
    story.incidents.remove(0);
    story.incidents[0].recommendations.clear();
    story.tick(61 + 599);
    assert_eq!(story.offered(), ["/usr/bin/pm2 restart api"]);
}

#[test]
fn a_proof_does_not_begin_the_cool_down_anew() {
    // The proof comes long after the run, in the same tick in which there is something to offer
    // again.
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.run(1, 10, 0);
    let other = breach("app:jobs@web-1", "app.memory", Severity::Warning, 20);
    assert!(story.apply(
        &Event::BreachJoined { incident: IncidentNumber(1), breach: Box::new(other) },
        Actor::Agent,
        20
    ));
    story.tick(10 + 700);
    story.tick(10 + 701);
}

#[test]
fn what_recovered_before_the_run_speaks_neither_for_it_nor_against_it() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.clear(&app_memory().key, 5);
    story.run(1, 10, 0);
    let events = story.tick(20);
    assert!(
        matches!(events[0], Event::RunProved { worked: true, counts: false, .. }),
        "{events:?}"
    );
    assert_eq!(story.tracks.of("pm2-reload", &"app:api@web-1".parse().unwrap()).total, 0);
    let Stage::Ended(ended) = &story.incidents[0].recommendation(1).unwrap().stage else {
        panic!("it has ended")
    };
    assert!(ended.worked == Some(true) && ended.began_before);
}

#[test]
fn what_recovers_at_the_end_of_its_time_is_waited_for() {
    let easing = |story: &mut Story, since: Option<i64>, seconds: i64| {
        let easing = since.map(|since| domain::breach::Easing {
            since: at(since),
            stays_for_seconds: 300.0,
            recovers_at: None,
        });
        let breach = Box::new(domain::breach::Breach { easing, ..app_memory() });
        assert!(story.apply(
            &Event::BreachChanged { incident: IncidentNumber(1), breach },
            Actor::Agent,
            seconds
        ));
    };
    let ran = || {
        let mut story = Story::new(&[app_memory()]);
        story.tick(0);
        story.run(1, 10, 0);
        story
    };
    let deadline = 10 + 1_200;
    let mut story = ran();
    easing(&mut story, Some(deadline - 60), deadline - 60);
    assert_eq!(story.tick(deadline + 1), [], "it recovers since before the end of its time");
    story.clear(&app_memory().key, deadline - 60);
    let events = story.tick(deadline + 240);
    assert!(matches!(events[0], Event::RunProved { worked: true, counts: true, .. }), "{events:?}");

    let mut story = ran();
    easing(&mut story, Some(deadline - 60), deadline - 60);
    easing(&mut story, None, deadline + 100);
    let events = story.tick(deadline + 101);
    assert!(
        matches!(events[0], Event::RunProved { worked: false, counts: true, .. }),
        "it did not stay so: {events:?}"
    );

    let mut story = ran();
    easing(&mut story, Some(deadline - 60), deadline - 60);
    assert_eq!(story.tick(deadline + 240), []);
    let events = story.tick(deadline + 301);
    assert!(
        matches!(events[0], Event::RunProved { worked: false, .. }),
        "it stays between its levels: {events:?}"
    );

    let mut story = ran();
    easing(&mut story, Some(deadline - 60), deadline - 60);
    let ending = Ending::NoLongerWatched;
    let gone = Event::BreachCleared { incident: IncidentNumber(1), key: app_memory().key, ending };
    assert!(story.apply(&gone, Actor::Agent, deadline - 30));
    let events = story.tick(deadline + 1);
    assert!(
        matches!(events[0], Event::RunProved { worked: false, .. }),
        "it is waited for in vain no longer: {events:?}"
    );

    let mut story = ran();
    easing(&mut story, Some(deadline + 5), deadline + 5);
    let events = story.tick(deadline + 6);
    assert!(
        matches!(events[0], Event::RunProved { worked: false, .. }),
        "it began too late: {events:?}"
    );
}

#[test]
fn what_was_not_started_does_not_begin_the_cool_down() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story.end(1, 10, RunOutcome::NotStarted { why: "its check failed".into() });
    story.tick(11);
    assert!(
        story.offered().contains(&"/usr/bin/pm2 reload api".to_owned()),
        "{:?}",
        story.offered()
    );
}

#[test]
fn nothing_is_taken_back_while_it_recovers() {
    let from = TEXT.find("| undo | can't be undone, because the old processes are gone; the new ones run the same program |").unwrap();
    let text = TEXT.replacen(TEXT[from..].lines().next().unwrap(), "| undo | `pm2-restart` |", 1);
    let mut story = Story::new(&[app_memory()]);
    story.catalogue = Some(Catalogue::parse("commands", &text, &[], fixtures::signals()).unwrap());
    story.tick(0);
    for place in [1, 2] {
        let declined = Event::RecommendationDeclined {
            incident: IncidentNumber(1),
            place,
            reason: "later".into(),
        };
        assert!(place == 1 || story.apply(&declined, Actor::Local, 5));
    }
    story.run(1, 10, 1);
    let easing =
        Some(domain::breach::Easing { since: at(11), stays_for_seconds: 300.0, recovers_at: None });
    let breach = Box::new(domain::breach::Breach { easing, ..app_memory() });
    assert!(story.apply(
        &Event::BreachChanged { incident: IncidentNumber(1), breach },
        Actor::Agent,
        11
    ));
    story.tick(12);
    assert_eq!(story.offered(), Vec::<String>::new());
}

#[test]
fn what_ran_a_short_while_ago_is_not_approved_again() {
    let mut story = Story::new(&[app_memory()]);
    story.tick(0);
    story
        .incidents
        .push(incident(2, &[breach("app:api@web-1", "app.memory", Severity::Critical, 100)]));
    // Both are offered before one of them runs; nothing has looked since.
    story.tick(5);
    story.run(1, 10, 0);
    let approve = |story: &Story, seconds: i64| {
        let one = story.incidents[1].offered().find(|one| one.command == "pm2-reload").unwrap();
        let recommendation = RecommendationId { incident: IncidentNumber(2), place: one.place };
        let command = commands::command::Command::Approve(Approve {
            recommendation,
            binding: one.binding(&story.incidents[1]),
        });
        let situation = commands::situation::Situation {
            actor: Actor::Local,
            now: at(seconds),
            others: &story.incidents[..1],
            catalogue: story.catalogue.as_ref().map(Catalogue::version),
            role_since: None,
        };
        commands::decide::decide(&story.incidents[1], &command, situation)
    };
    let Err(Error::Conflict(Conflict::CoolingDown { subject, until, .. })) = approve(&story, 12)
    else {
        panic!("it is approved during its cool-down");
    };
    assert_eq!((subject.as_str(), until), ("app:api@web-1", at(610)));
    assert!(approve(&story, 10 + 600).is_ok());
}

#[test]
fn what_did_not_help_is_offered_to_be_undone() {
    let from = TEXT.find("| undo | can't be undone, because the old processes are gone; the new ones run the same program |").unwrap();
    let line = TEXT[from..].lines().next().unwrap();
    let text = TEXT.replacen(line, "| undo | `pm2-restart` |", 1);
    let mut story = Story::new(&[app_memory()]);
    story.catalogue = Some(Catalogue::parse("commands", &text, &[], fixtures::signals()).unwrap());
    story.tick(0);
    story.run(1, 10, 1);
    let restart = Event::RecommendationDeclined {
        incident: IncidentNumber(1),
        place: 2,
        reason: "later".into(),
    };
    assert!(!matches!(
        story.incidents[0].recommendations[0].undo,
        domain::recommendation::Undo::Never(_)
    ));
    story.tick(11);
    assert_eq!(story.offered(), ["/usr/bin/pm2 restart api"], "it is offered already");
    assert!(story.apply(&restart, Actor::Local, 12));
    assert_eq!(story.tick(13), [], "and a no stands for the undo as well");
    let mut story = Story::new(&[app_memory()]);
    story.catalogue = Some(Catalogue::parse("commands", &text, &[], fixtures::signals()).unwrap());
    story.tick(0);
    story.run(1, 10, 0);
    let ended = story.incidents[0].recommendations[0].stage.clone();
    assert!(matches!(ended, Stage::Ended(Ended { worked: None, .. })));
    story.tick(10 + 1_801);
    let undo = story.incidents[0].offered().next().unwrap();
    assert!(matches!(&undo.reasons[..], [Reason::Undoes { .. }]), "{:?}", undo.reasons);
}
