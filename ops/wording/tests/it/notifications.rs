//! Notifications: which entries call for one, when it is sent, and what it says.

use std::collections::BTreeMap;

use commands::notifications::*;
use domain::{
    actor::Actor,
    breach::Breach,
    error::Error,
    id::{AccountId, ContactId, IncidentNumber},
    incident::{Incident, apply},
    journal::{Entry, Event},
    lifecycle::{State, Step},
    recommendation::{Approval, Awaited, Recommendation, Risk, RunOutcome, Stage, Undo, Withdrawn},
    severity::Severity,
    time::{Span, Timestamp},
};
use fixtures::{self, at};
use proptest::prelude::*;
use wording::notification::{message, reach, unreached};

fn breach(subject: &str, severity: Severity) -> Breach {
    fixtures::breach().on(subject).severity(severity).peak(94.0).build()
}

fn opened(number: u32, severity: Severity) -> Event {
    fixtures::incident(number)
        .of([breach("host:web-1", severity)])
        .summarized(Span::from_mins(5))
        .opening()
}

fn recommended(number: u32, place: u32) -> Event {
    offered(number, place, &format!("way-{place}"))
}

fn offered(number: u32, place: u32, command: &str) -> Event {
    let recommendation = Box::new(Recommendation {
        place,
        command: command.to_owned(),
        values: BTreeMap::new(),
        title: format!("Reload the app, way {place}"),
        argv: Vec::new(),
        shown: String::new(),
        check: None,
        user: "Calm Ops".into(),
        host: "web-1".into(),
        subject: "app:api@web-1".parse().unwrap(),
        risk: Risk::Low,
        blast_radius: String::new(),
        effect: String::new(),
        undo: Undo::Never(String::new()),
        approval: Approval::One,
        time_limit: Span::from_secs(1),
        cool_down: Span::ZERO,
        proof: Awaited {
            breach: breach("host:web-1", Severity::Warning).key,
            within: Span::from_mins(10),
        },
        reasons: Vec::new(),
        catalogue: String::new(),
        offered_at: at(0),
        expires_at: at(600),
        approvals: Vec::new(),
        stage: Stage::Offered,
    });
    Event::Recommended { incident: IncidentNumber(number), recommendation }
}

fn critical(number: u32) -> Event {
    Event::BreachJoined {
        incident: IncidentNumber(number),
        breach: Box::new(breach("disk:/@web-1", Severity::Critical)),
    }
}

fn resolved(number: u32) -> Event {
    Event::Resolved { incident: IncidentNumber(number), step: Step::PersonResolved, note: None }
}

fn reopened(number: u32) -> Event {
    Event::Reopened { incident: IncidentNumber(number), note: None }
}

/// A journal with its incidents, and who was called so far.
#[derive(Default)]
struct World {
    entries: Vec<Entry>,
    incidents: BTreeMap<IncidentNumber, Incident>,
    progress: Progress,
}

impl World {
    /// False where the event does not fit.
    fn write(&mut self, event: Event) -> bool {
        let Some(number) = event.incident() else { return false };
        let mut incident = self.incidents.get(&number).cloned();
        let now = at(0);
        if apply(&mut incident, &event, Actor::Agent, now).is_err() {
            return false;
        }
        self.incidents.extend(incident.map(|incident| (number, incident)));
        self.entries.push(Entry {
            number: self.entries.len() as u64 + 1,
            at: now,
            actor: Actor::Agent,
            event: Some(event),
        });
        true
    }

    fn read(&mut self, seconds: i64) -> Vec<Notification> {
        // As the database is read: everything after the position, and the incidents as they are.
        let after = self.progress.after;
        let new: Vec<Entry> =
            self.entries.iter().filter(|entry| entry.number > after).cloned().collect();
        // What is remembered survives a restart.
        self.progress =
            serde_json::from_slice(&serde_json::to_vec(&self.progress).unwrap()).unwrap();
        self.progress.take(&new, &self.incidents, at(seconds))
    }

    fn told(&mut self, events: Vec<Event>) -> Vec<(u64, Reason)> {
        for event in events {
            assert!(self.write(event));
        }
        self.read(0).into_iter().map(|call| (call.entry, call.why)).collect()
    }
}

fn mail(address: &str) -> ChannelSettings {
    ChannelSettings::new("mail").unwrap().with("address", address.into()).unwrap()
}

fn contact() -> Contact {
    let wanted = ContactRequest {
        label: "Phone".into(),
        channel: Some(mail("ada@example.com")),
        least: Severity::Warning,
        quiet: None,
        enabled: true,
        reports: Default::default(),
    };
    wanted.checked(ContactId(0), AccountId(7), None, at(0)).unwrap()
}

fn quiet(from: &str, to: &str, zone: &str) -> Quiet {
    Quiet { from: from.parse().unwrap(), to: to.parse().unwrap(), zone: zone.parse().unwrap() }
}

#[test]
fn an_incident_calls_when_it_opens_rises_waits_and_comes_back_each_once() {
    let mut world = World::default();
    assert_eq!(world.told(vec![opened(1, Severity::Warning)]), [(1, Reason::Opened)]);
    assert_eq!(world.told(vec![]), []);
    assert_eq!(world.told(vec![Event::Acknowledged { incident: IncidentNumber(1) }]), []);
    assert_eq!(
        world.told(vec![recommended(1, 1), recommended(1, 2)]),
        [(3, Reason::Offered { place: 1 })],
        "the best one"
    );
    assert_eq!(world.told(vec![critical(1)]), [(5, Reason::Escalated)]);
    assert_eq!(world.told(vec![critical(1)]), [], "it was critical before");
    let withdrawn = |place| Event::RecommendationWithdrawn {
        incident: IncidentNumber(1),
        place,
        why: Withdrawn::Expired,
    };
    assert_eq!(
        world.told(vec![withdrawn(1), withdrawn(2), recommended(1, 3)]),
        [(9, Reason::Offered { place: 3 })],
        "a new offer"
    );
    assert_eq!(
        world.told(vec![withdrawn(3), offered(1, 4, "way-3")]),
        [],
        "it expired without a decision, and it is offered anew"
    );
    assert_eq!(world.told(vec![resolved(1)]), []);
    assert_eq!(
        world.told(vec![reopened(1), critical(1)]),
        [(13, Reason::Reopened)],
        "one call says both"
    );
}

#[test]
fn who_said_yes_is_called_again_if_it_did_not_help() {
    let ran = |outcome: RunOutcome, worked: bool| {
        let mut world = World::default();
        world.told(vec![opened(1, Severity::Warning)]);
        assert_eq!(world.told(vec![recommended(1, 1), recommended(1, 2)]).len(), 1);
        let (incident, place) = (IncidentNumber(1), 1);
        let binding = world.incidents[&incident]
            .recommendation(1)
            .unwrap()
            .binding(&world.incidents[&incident]);
        let ended = Event::RunEnded {
            incident,
            place,
            outcome,
            duration: Span::from_secs(1),
            output: String::new(),
        };
        assert_eq!(
            world.told(vec![
                Event::Approved { incident, place, binding },
                Event::RunStarted { incident, place },
                ended
            ]),
            []
        );
        let (command, subject) = ("way-1".to_owned(), "app:api@web-1".parse().unwrap());
        let told = world.told(vec![Event::RunProved {
            incident,
            place,
            command,
            subject,
            worked,
            counts: true,
        }]);
        (world, told)
    };
    let (world, told) = ran(RunOutcome::Exited { code: 0 }, false);
    assert_eq!(told, [(7, Reason::DidNotHelp { place: 1 })]);
    let call = Notification {
        entry: 7,
        incident: IncidentNumber(1),
        why: told[0].1,
        severity: Severity::Warning,
        at: at(0),
    };
    let incident = world.incidents.get(&IncidentNumber(1));
    assert_eq!(due(&call, &contact(), incident, at(1), 0), Delivery::Send);
    let said = message(&call, incident, Some("https://ops.example.com"));
    assert!(said.title.starts_with("It did not help: "), "{said:?}");
    assert!(
        said.body.contains("Reload the app, way 1\u{201d} was approved and has run.")
            && said.body.contains("Recommended: Reload the app, way 2."),
        "{said:?}"
    );
    assert_eq!(said.link.as_deref(), Some("https://ops.example.com/ops/approve/1-2"));
    // It has recovered before the call went out.
    let mut recovered = world.incidents[&IncidentNumber(1)].clone();
    recovered.breaches[0].cleared_at = Some(at(1));
    assert_eq!(due(&call, &contact(), Some(&recovered), at(1), 0), Delivery::Over);
    // Nor does it call, or stay queued, because of another breach that holds.
    let mut world = world;
    assert!(world.write(critical(1)));
    let mut recovered = world.incidents[&IncidentNumber(1)].clone();
    recovered.breaches[0].cleared_at = Some(at(1));
    assert!(recovered.holding().next().is_some());
    assert_eq!(due(&call, &contact(), Some(&recovered), at(1), 0), Delivery::Over);
    assert_eq!(ran(RunOutcome::Exited { code: 0 }, true).1, [], "it helped");
    assert_eq!(ran(RunOutcome::Cancelled, false).1, [], "who ended it early knows");
    assert_eq!(ran(RunOutcome::TimedOut, false).1.len(), 1);
}

#[test]
fn what_happens_at_once_is_one_call_and_what_is_over_is_none() {
    let mut world = World::default();
    let told = world.told(vec![
        opened(1, Severity::Warning),
        critical(1),
        recommended(1, 1),
        opened(2, Severity::Critical),
        resolved(2),
    ]);
    assert_eq!(told, [(1, Reason::Opened)]);
    let call = Notification {
        entry: 1,
        incident: IncidentNumber(1),
        why: Reason::Opened,
        severity: Severity::Critical,
        at: at(0),
    };
    let said =
        message(&call, world.incidents.get(&IncidentNumber(1)), Some("https://ops.example.com"));
    assert_eq!(
        said.link.as_deref(),
        Some("https://ops.example.com/ops/approve/1-1"),
        "it leads to what waits"
    );
    assert!(
        said.title.starts_with("Critical: ") && said.body.contains("Reload the app, way 1"),
        "{said:?}"
    );
    assert_eq!(world.told(vec![recommended(1, 2)]), [], "the best one was told of");
}

#[test]
fn a_flood_calls_a_few_times_and_puts_the_rest_together() {
    let mut world = World::default();
    for number in 1..=1_000 {
        let severity = if number == 700 { Severity::Critical } else { Severity::Warning };
        assert!(world.write(opened(number, severity)));
    }
    let calls = world.read(0);
    assert_eq!(calls.len(), 11);
    assert_eq!(
        (calls[0].incident, calls[0].severity),
        (IncidentNumber(700), Severity::Critical),
        "most severe first"
    );
    assert_eq!(calls[10].why, Reason::Many { incidents: 990 });
    let said = message(&calls[10], None, Some("https://ops.example.com"));
    assert_eq!(said.title, "Warning: 990 more incidents");
    assert_eq!(said.link.as_deref(), Some("https://ops.example.com/ops/incidents"));

    // One by one it is no different, and what was put together goes out once a minute.
    let mut world = World::default();
    let mut calls = Vec::new();
    for number in 1..=1_000 {
        assert!(world.write(opened(number, Severity::Warning)));
        calls.extend(world.read(i64::from(number) / 10));
    }
    assert!(calls.len() <= 13, "{}", calls.len());
    assert!(!world.progress.is_waiting(at(100)) && world.progress.is_waiting(at(200)));
    calls.extend(world.read(200));
    let told: u32 = calls
        .iter()
        .map(|call| if let Reason::Many { incidents } = call.why { incidents } else { 1 })
        .sum();
    assert_eq!(told, 1_000, "each is told of, alone or together");
    // Later it is as it was.
    assert!(world.write(opened(1_001, Severity::Warning)));
    assert_eq!(world.read(2_000).len(), 1);
}

#[test]
fn a_warning_waits_while_it_is_quiet_and_what_is_critical_does_not() {
    let mut world = World::default();
    world.told(vec![opened(1, Severity::Warning)]);
    let incident = world.incidents[&IncidentNumber(1)].clone();
    let mut asleep = contact();
    asleep.quiet = Some(quiet("22:00", "07:00", "+00:00"));
    let call = Notification {
        entry: 1,
        incident: IncidentNumber(1),
        why: Reason::Opened,
        severity: Severity::Warning,
        at: at(0),
    };
    // It is 10:00; 14 h later it is midnight, 20 h 55 min later 06:55.
    let look = |call: &Notification, contact: &Contact, hours: i64, minutes: i64| {
        due(call, contact, Some(&incident), at(hours * 3_600 + minutes * 60), 0)
    };
    assert_eq!(look(&call, &asleep, 0, 0), Delivery::Send);
    assert_eq!(
        look(&call, &asleep, 14, 0),
        Delivery::Wait(at(14 * 3_600 + 900)),
        "looked at again, as the hours may be changed"
    );
    assert_eq!(look(&call, &asleep, 20, 55), Delivery::Wait(at(21 * 3_600)));
    assert_eq!(look(&call, &asleep, 21, 0), Delivery::Send);
    let grave = Notification { severity: Severity::Critical, ..call };
    assert_eq!(look(&grave, &asleep, 14, 0), Delivery::Send);
    assert_eq!(look(&Notification::test(at(0)), &asleep, 14, 0), Delivery::Send);

    // Over by the end of the quiet hours, or told of otherwise.
    let over = Incident { state: State::Resolved, ..incident.clone() };
    assert_eq!(due(&call, &asleep, Some(&over), at(21 * 3_600), 0), Delivery::Over);
    assert_eq!(due(&call, &asleep, None, at(21 * 3_600), 0), Delivery::Over);
    let risen = Incident { severity: Severity::Critical, ..incident.clone() };
    assert_eq!(due(&call, &asleep, Some(&risen), at(21 * 3_600), 0), Delivery::Over);
    let offer = Notification { why: Reason::Offered { place: 1 }, ..call };
    assert_eq!(
        due(&offer, &contact(), Some(&incident), at(0), 0),
        Delivery::Over,
        "there is no such offer any more"
    );
    for event in [
        recommended(1, 1),
        Event::RecommendationWithdrawn {
            incident: IncidentNumber(1),
            place: 1,
            why: Withdrawn::Expired,
        },
    ] {
        world.told(vec![event]);
    }
    let see = |world: &World, minutes: i64| {
        due(&offer, &contact(), world.incidents.get(&IncidentNumber(1)), at(minutes * 60), 0)
    };
    assert_eq!(see(&world, 5), Delivery::Over, "it expired without a decision");
    world.told(vec![offered(1, 2, "way-1")]);
    assert_eq!(see(&world, 5), Delivery::Send, "it is offered anew");
    let off = Contact { enabled: false, ..contact() };
    assert_eq!(due(&call, &off, Some(&incident), at(0), 0), Delivery::Over);
    assert!(
        !call.is_for(&off)
            && call.is_for(&contact())
            && !call.is_for(&Contact { id: ContactId(1), ..contact() })
    );
    assert!(
        !call.is_for(&Contact { least: Severity::Critical, ..contact() })
            && grave.is_for(&Contact { least: Severity::Critical, ..contact() })
    );
}

#[test]
fn a_message_is_short_holds_no_secret_and_leads_to_the_page() {
    let mut world = World::default();
    world.told(vec![opened(1, Severity::Warning)]);
    let mut incident = world.incidents[&IncidentNumber(1)].clone();
    let call = Notification {
        entry: 1,
        incident: IncidentNumber(1),
        why: Reason::Opened,
        severity: Severity::Warning,
        at: at(0),
    };
    let said = message(&call, Some(&incident), None);
    assert!(
        said.title.starts_with("Warning: ") && said.title.contains("web-1") && said.link.is_none(),
        "{said:?}"
    );
    assert_eq!(
        said.body,
        "Incident 1, since 10:00 UTC.\nNo decision needed yet. Open the incident for the evidence."
    );
    let Event::Recommended { recommendation, .. } = recommended(1, 1) else {
        panic!("another event")
    };
    let secret = "Reload with password=hunter2-hunter2 and sk_live_abcdefgh12345678\u{202e}\u{7}\r\nBcc: x@example.com".to_owned();
    incident.recommendations = vec![Recommendation { title: secret, ..*recommendation }];
    let said = message(&call, Some(&incident), Some("https://ops.example.com"));
    for bad in ["hunter2", "sk_live", "\u{202e}", "\u{7}", "\r"] {
        assert!(!said.body.contains(bad), "{bad:?}: {said:?}");
    }
    incident.cause = "service:x".parse().unwrap();
    let test = message(&Notification::test(at(0)), None, Some("https://ops.example.com"));
    assert!(
        test.title.contains("Test")
            && test.link.as_deref() == Some("https://ops.example.com/ops/settings")
    );
}

#[test]
fn what_lets_someone_in_is_not_printed_and_the_row_holds_it() {
    let channel = r#"{"kind":"ntfy","server":"https://n.example","token":null,"topic":"hunter2"}"#;
    let contact = Contact { channel: serde_json::from_str(channel).unwrap(), ..contact() };
    assert!(!format!("{contact:?}").contains("hunter2"), "{contact:?}");
    let row = serde_json::to_vec(&contact).unwrap();
    assert_eq!(serde_json::from_slice::<Contact>(&row).unwrap(), contact);
}

#[test]
fn what_is_wrong_with_a_contact_is_told_by_its_field() {
    let wanted = |channel: Option<ChannelSettings>| ContactRequest {
        label: "Phone".into(),
        channel,
        least: Severity::Warning,
        quiet: None,
        enabled: true,
        reports: Default::default(),
    };
    let field =
        |wanted: ContactRequest| match wanted.checked(ContactId(1), AccountId(7), None, at(0)) {
            Err(Error::InvalidField { field, .. }) => field,
            Ok(_) => "".into(),
            other => panic!("{other:?}"),
        };
    assert_eq!(field(wanted(Some(mail("a@b.c")))), "");
    assert_eq!(field(wanted(None)), "way");
    assert_eq!(field(ContactRequest { label: " ".into(), ..wanted(Some(mail("a@b.c"))) }), "label");
    let same = ContactRequest {
        quiet: Some(quiet("22:00", "22:00", "+00:00")),
        ..wanted(Some(mail("a@b.c")))
    };
    assert_eq!(field(same), "quiet");
    // A change without a channel keeps it, with its secrets.
    let secret = mail("hunter2@example.com").with("token", "hunter2".into()).unwrap();
    let before = Contact { channel: secret, ..contact() };
    let after = wanted(None).checked(before.id, before.account, Some(&before), at(9)).unwrap();
    assert_eq!((after.channel, after.set_at), (before.channel, at(9)));
}

#[test]
fn times_of_day_and_zones_are_read_and_written() {
    for text in ["00:00", "07:05", "23:59"] {
        assert_eq!(text.parse::<DayTime>().unwrap().to_string(), text);
    }
    for text in ["24:00", "7:00", "07:60", "+7:00", "07:00:00", "", "0a:00"] {
        assert!(text.parse::<DayTime>().is_err(), "{text}");
    }
    for text in ["+02:00", "-03:30", "+00:00", "Europe/Berlin", "UTC"] {
        assert_eq!(text.parse::<Zone>().unwrap().to_string(), text);
    }
    for text in ["+15:00", "+2", "", "Europe/Berlin\n", "../../etc/passwd"] {
        assert!(text.parse::<Zone>().is_err(), "{text}");
    }
}

#[test]
fn tries_end_after_about_two_hours() {
    let mut sum = Span::ZERO;
    let mut failures = 0;
    while let Some(wait) = retry_after(failures + 1) {
        failures += 1;
        sum = sum.plus(wait);
    }
    assert_eq!((failures, retry_after(0), retry_after(4)), (26, None, Some(Span::from_mins(5))));
    assert!(sum >= Span::from_mins(100) && sum <= Span::from_mins(120), "{sum}");
}

fn step() -> impl Strategy<Value = (u32, u8, bool)> {
    (1..4_u32, 0..6_u8, any::<bool>())
}

proptest! {
    #[test]
    fn quiet_ends_at_its_time_of_day_and_within_a_day(
        micros in 0..4_000_000_000_000_000_i64, from in 0..1_440_u16, to in 0..1_440_u16, offset in -840..=840_i32,
    ) {
        let time = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let hours = quiet(&time(from), &time(to), "+00:00");
        let now = Timestamp::from_micros(micros);
        if let Some(end) = hours.ends(now, offset) {
            prop_assert!(end > now && end.since(now) <= Span::from_mins(1_440));
            let local = (end.as_micros() / 60_000_000 + i64::from(offset)).rem_euclid(1_440);
            prop_assert_eq!(local, i64::from(to));
            prop_assert_eq!(hours.ends(end, offset), None, "it is over then");
        }
    }

    /// However the entries come, in one piece or one by one, with restarts in between: no entry
    /// calls twice, and no more is told than happened.
    #[test]
    fn nobody_is_called_twice_for_one_thing(steps in proptest::collection::vec(step(), 1..60)) {
        let mut world = World::default();
        let mut calls: Vec<Notification> = Vec::new();
        let mut places: BTreeMap<u32, u32> = BTreeMap::new();
        for (turn, (number, what, read)) in steps.iter().enumerate() {
            let place = places.entry(*number).or_insert(1);
            let fits = match what {
                0 => world.write(opened(*number, Severity::Warning)),
                1 => world.write(critical(*number)),
                2 => {
                    let fits = world.write(recommended(*number, *place));
                    *place += u32::from(fits);
                    fits
                }
                3 => world.write(resolved(*number)),
                4 => world.write(reopened(*number)),
                _ => world.write(Event::RecommendationDeclined { incident: IncidentNumber(*number), place: (*place).saturating_sub(1).max(1), reason: "x".into() }),
            };
            if fits && *read {
                // Far apart, so that it is no flood.
                calls.extend(world.read(turn as i64 * 3_600));
            }
        }
        calls.extend(world.read(1_000_000));
        prop_assert_eq!(world.read(2_000_000), vec![]);
        let mut entries: Vec<u64> = calls.iter().map(|call| call.entry).collect();
        entries.sort_unstable();
        let all = entries.len();
        entries.dedup();
        prop_assert_eq!(entries.len(), all, "each entry calls once");
        let mut offers: Vec<(IncidentNumber, u32)> = Vec::new();
        for call in &calls {
            let event = world.entries[call.entry as usize - 1].event.as_ref().unwrap();
            prop_assert_eq!(event.incident(), Some(call.incident));
            if let Reason::Offered { place } = call.why {
                prop_assert!(!offers.contains(&(call.incident, place)), "each offer calls once");
                offers.push((call.incident, place));
            }
        }
        for (number, incident) in &world.incidents {
            let of = |wanted: fn(&Reason) -> bool| calls.iter().filter(|call| call.incident == *number && wanted(&call.why)).count();
            prop_assert!(of(|why| *why == Reason::Opened) <= 1);
            prop_assert!(of(|why| *why == Reason::Reopened) <= incident.reopened as usize);
            prop_assert!(of(|why| *why == Reason::Escalated) <= 1 + incident.reopened as usize);
        }
    }
}

fn not_acknowledged(number: u32, round: u32) -> Event {
    Event::NotAcknowledged { incident: IncidentNumber(number), round }
}

#[test]
fn a_critical_incident_is_told_again_until_someone_acknowledges_it() {
    let mut world = World::default();
    let waits = |world: &World| {
        world.progress.unacknowledged().map(|one| (one.incident.0, one.rounds)).collect::<Vec<_>>()
    };
    world.told(vec![opened(1, Severity::Warning), opened(2, Severity::Critical)]);
    assert_eq!(waits(&world), [(2, 0)], "only what is critical is told again");
    assert_eq!(world.told(vec![critical(1)]), [(3, Reason::Escalated)]);
    assert_eq!(waits(&world), [(1, 0), (2, 0)]);
    let told = world.told(vec![not_acknowledged(2, 1)]);
    assert_eq!(told, [(4, Reason::NotAcknowledged { round: 1 })]);
    assert_eq!(waits(&world), [(1, 0), (2, 1)]);

    let call = Notification {
        entry: 4,
        incident: IncidentNumber(2),
        why: Reason::NotAcknowledged { round: 1 },
        severity: Severity::Critical,
        at: at(0),
    };
    let mut asleep = contact();
    asleep.quiet = Some(quiet("00:00", "23:59", "+00:00"));
    let incident = world.incidents[&IncidentNumber(2)].clone();
    assert_eq!(due(&call, &asleep, Some(&incident), at(0), 0), Delivery::Send);
    let said = message(&call, Some(&incident), None);
    assert!(said.title.starts_with("Not acknowledged yet: "), "{said:?}");

    // Together with what else happened it still counts as told.
    world.told(vec![offered(2, 1, "reload"), not_acknowledged(2, 2)]);
    assert_eq!(waits(&world), [(1, 0), (2, 2)]);
    world.told(vec![Event::Acknowledged { incident: IncidentNumber(2) }, resolved(1)]);
    assert_eq!(waits(&world), []);
    let incident = world.incidents[&IncidentNumber(2)].clone();
    assert_eq!(due(&call, &contact(), Some(&incident), at(0), 0), Delivery::Over);
    // Come back, it is new trouble.
    world.told(vec![resolved(2), reopened(2)]);
    assert_eq!(waits(&world), [(2, 0)]);
}

#[test]
fn reminders_come_more_and_more_seldom() {
    let minutes = |rounds| reminder_after(Span::from_mins(5), rounds).as_secs() / 60;
    assert_eq!([0, 1, 2, 3, 4, 5, 90].map(minutes), [5, 5, 10, 20, 40, 60, 60]);
    assert_eq!(reminder_after(Span::from_mins(90), 7), Span::from_mins(90));
}

#[test]
fn who_can_not_be_called_is_told_with_the_reason() {
    let state = |person: &str, problem: Option<&str>| ContactState {
        person: person.into(),
        contact: "Phone".into(),
        problem: problem.map(str::to_owned),
    };
    assert!(reach(&[])[0].starts_with("Nobody is notified when an incident opens"));
    assert_eq!(reach(&[state("Ada", None)]), Vec::<String>::new());
    let one = reach(&[state("Ada", None), state("Bo", Some("It did not answer in time."))]);
    assert_eq!(
        one,
        ["Could not notify Bo through \u{201c}Phone\u{201d}. It did not answer in time."]
    );
    let label = ContactState { contact: "هاتف 2".into(), ..state("Bo", Some("It is off.")) };
    assert_eq!(
        reach(&[state("Ada", None), label]),
        ["Could not notify Bo through \u{201c}\u{2068}هاتف 2\u{2069}\u{201d}. It is off."]
    );
    let all = reach(&[state("Bo", Some("It did not answer in time."))]);
    assert!(all.len() == 2 && all[0].starts_with("Nobody can be notified right now"), "{all:?}");

    let notified = |status| NotifiedContact {
        person: "Bo".into(),
        contact: "Phone".into(),
        kind: "ntfy".to_owned().try_into().unwrap(),
        status,
        problem: Some("It did not answer in time.".into()),
        at: at(0),
    };
    assert_eq!(unreached(&[notified(DeliveryStatus::Waiting)], true), one);
    assert_eq!(unreached(&[notified(DeliveryStatus::Failed)], true), one);
    assert!(unreached(&[], true).is_empty());
    assert!(unreached(&[], false)[0].starts_with("Nobody is notified about this incident"));
}

#[test]
fn a_message_from_a_server_with_generated_data_says_so_once() {
    let call = Notification {
        entry: 0,
        incident: IncidentNumber(0),
        why: Reason::Test,
        severity: Severity::Warning,
        at: Timestamp::from_secs(0),
    };
    let plain = message(&call, None, None);
    assert!(!plain.body.contains("generated"), "{plain:?}");
    let marked = plain.marked();
    let begins = "This Calm Ops began with generated data that did not happen.\n\nNotifications";
    assert!(marked.body.starts_with(begins), "{marked:?}");
    assert_eq!(marked.clone().marked(), marked);
}
