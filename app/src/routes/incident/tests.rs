//! The page of an incident as the server renders it.

use domain::{
    actor::Actor,
    breach::{Crossing, Ending},
    error::ErrorKind,
    id::IncidentNumber,
    incident::{Acknowledgement, Incident, Resolution},
    lifecycle::State,
    usual::{Bounds, RelativeLevel, Side},
};
use wording::summary::incident_card;

use super::*;
use crate::{
    actions::{Sent, Step},
    sample,
};

/// The page as HTML, with what came of a form.
pub(super) fn html(page: &View, outcome: Outcome) -> String {
    let owner = Owner::new();
    let html = owner.with(|| {
        let state = IncidentState::new(page.clone());
        view! { <Page state shares=None outcome/> }.to_html()
    });
    // What Leptos writes between texts.
    html.replace("<!>", "").replace("<!---->", "")
}

/// Every button in order: whether it is the primary one, and its words.
pub(super) fn buttons(html: &str) -> Vec<(bool, String)> {
    let found = html.match_indices("class=\"button").filter_map(|(at, _)| {
        let rest = &html[at..];
        let (open, close) = (rest.find('>')?, rest.find("</")?);
        Some((rest.starts_with("class=\"button primary"), rest[open + 1..close].to_owned()))
    });
    found.collect()
}

fn resolved(mut incident: Incident) -> Incident {
    incident.state = State::Resolved;
    incident.resolution = Some(Resolution { by: Actor::Local, at: sample::at(240), note: None });
    incident
}

#[test]
fn a_value_that_is_no_longer_heard_is_not_told_as_now() {
    let mut page = sample::page(sample::incident());
    let now = html(&page, Outcome::None);
    assert!(
        now.contains(
            "<dt>Now</dt><dd><span data-reading=\"queue.depth service:mail\">7,300 jobs</span>"
        ),
        "{now}"
    );
    assert!(!now.contains("(peak)"), "nothing was worse: {now}");
    page.readings[0].value = page.incident.breaches[0].breach.peak - 1.0;
    let below = html(&page, Outcome::None);
    assert!(below.contains(" (peak), now <span"), "{below}");
    page.readings[0].stale_since = Some(sample::at(20));
    let old = html(&page, Outcome::None);
    assert!(
        old.contains("<dt>Last reading</dt>")
            && old.contains("; last reading <time datetime=\"2026-11-22T10:00:20Z\""),
        "{old}"
    );
    assert!(!old.contains("<dt>Now</dt>") && !old.contains(", now "), "{old}");
    page.readings.clear();
    let unknown = html(&page, Outcome::None);
    assert!(
        !unknown.contains("data-reading") && !unknown.contains(", now "),
        "what is not known is not told: {unknown}"
    );
}

#[test]
fn while_a_breach_holds_the_runbook_is_the_next_step_and_resolve_says_what_still_holds() {
    let mut page = sample::page(sample::incident());
    let step = |is_primary, word: &str| (is_primary, word.to_owned());
    let primaries = |html: &str| buttons(html).iter().filter(|(primary, _)| *primary).count();
    let shown = html(&page, Outcome::None);
    assert_eq!(buttons(&shown)[..2], [step(true, "Acknowledge"), step(false, "Resolve")]);
    assert_eq!(primaries(&shown), 1, "{shown}");
    page.incident.acknowledged = Some(Acknowledgement { by: Actor::Local, at: sample::at(20) });
    let shown = html(&page, Outcome::None);
    assert_eq!(
        buttons(&shown)[..2],
        [step(true, "Open the runbook: Queue is long"), step(false, "Resolve")]
    );
    assert_eq!(primaries(&shown), 1, "{shown}");
    assert!(
        shown.contains("href=\"/ops/runbook#queue-is-long\"")
            && shown.contains("1 signal is still past its threshold."),
        "{shown}"
    );
    assert!(!shown.contains("here to stay"), "{shown}");
    let mut unusual = page.clone();
    let relative = RelativeLevel { side: Side::Above, times: 3.0, floor: None };
    unusual.incident.breaches[0].breach.crossing =
        Crossing::Usual { relative, bounds: Bounds::default() };
    let shown = html(&unusual, Outcome::None);
    assert!(
        shown.contains(">1 signal is still past its threshold. If a new level is here to stay, resolve its incident"),
        "{shown}"
    );
    // A sentence begins with a capital letter, whatever it says.
    let mut silent = page.clone();
    silent.incident.breaches[0].breach.unheard =
        Some(domain::breach::Unheard { since: sample::at(30), for_seconds: 60.0 });
    let shown = html(&silent, Outcome::None);
    assert!(shown.contains(">There is no data from 1 signal.<"), "{shown}");
    // When nothing holds, to resolve it is the next step.
    page.incident.breaches[0].cleared_at = Some(sample::at(100));
    page.incident.state = State::Recovering;
    let shown = html(&page, Outcome::None);
    assert_eq!(buttons(&shown)[0], step(true, "Resolve"));
    assert_eq!(primaries(&shown), 1, "{shown}");
    assert!(!shown.contains("still past"), "{shown}");
}

#[test]
fn who_may_not_respond_gets_no_button_and_reads_who_can() {
    let mut page = sample::page(sample::incident());
    page.reader = Some(commands::view::Viewer {
        account: domain::id::AccountId(3),
        name: "Viewer".into(),
        role: domain::access::Role::Viewer,
        recently_authenticated: true,
    });
    let shown = html(&page, Outcome::None);
    assert_eq!(buttons(&shown), []);
    assert!(
        !shown.contains("<form") && shown.contains("Responders can acknowledge and resolve it."),
        "{shown}"
    );
}

#[test]
fn an_incident_that_was_resolved_while_it_held_does_not_say_that_all_is_well() {
    let mut page = sample::page(resolved(sample::incident()));
    page.related =
        vec![incident_card(&Incident { number: IncidentNumber(12), ..sample::incident() })];
    let shown = html(&page, Outcome::None);
    assert!(
        shown.contains(
            "Someone on this machine resolved it while 1 signal was still past its threshold."
        ),
        "{shown}"
    );
    for wrong in [
        "It is over",
        "nothing for you to do",
        "Nobody yet",
        "<dt>Now</dt>",
        "data-reading",
        " since <time",
        "Work is piling up.",
    ] {
        assert!(!shown.contains(wrong), "{wrong} in {shown}");
    }
    assert!(shown.contains("<a href=\"/ops/incidents/12\">"), "{shown}");
    assert!(shown.contains(", when it was resolved"), "{shown}");
}

#[test]
fn what_nobody_saw_recover_is_not_said_to_be_over() {
    let mut incident = resolved(sample::incident());
    incident.breaches[0].cleared_at = Some(sample::at(100));
    incident.breaches[0].ending = Some(Ending::NoLongerWatched);
    let lost = html(&sample::page(incident.clone()), Outcome::None);
    assert!(
        lost.contains(
            "It is closed. One signal is no longer monitored; check it yourself if it matters."
        ) && lost.contains("no longer watched</span> since <time")
            && !lost.contains("recovered"),
        "{lost}"
    );
    incident.breaches[0].ending = Some(Ending::Recovered { since: sample::at(90) });
    let over = html(&sample::page(incident), Outcome::None);
    assert!(over.contains("It is over. There is nothing for you to do."), "{over}");
}

#[test]
fn what_was_refused_still_stands_in_its_field_and_nothing_in_it_is_markup() {
    let page = sample::page(sample::incident());
    let problem = Problem { kind: ErrorKind::Invalid, sentence: "The text is too long.".into() };
    let refused = |step| Refused {
        sent: Sent {
            step: Some(step),
            text: "a & b\n</textarea><script>x</script>".into(),
            ..Sent::default()
        },
        problem: problem.clone(),
    };
    let is_told = |html: &str, place: &str, class: &str, sentence: &str| {
        let told = html
            .split(&format!("id=\"{place}\""))
            .nth(1)
            .and_then(|rest| rest.split("</p>").next())
            .unwrap_or_default()
            .to_owned();
        told.contains(&format!("class=\"{class}\"")) && told.contains(sentence)
    };
    let outcome = |step| Outcome::Refused(Box::new(refused(step)));
    let shown = html(&page, outcome(Step::Comment));
    assert!(
        shown.contains(">a &amp; b\n&lt;/textarea&gt;&lt;script&gt;x&lt;/script&gt;</textarea>"),
        "{shown}"
    );
    assert!(is_told(&shown, "said-comment", "said refused", "The text is too long."), "{shown}");
    assert!(is_told(&shown, "said-steps", "away", ""), "{shown}");
    let shown = html(&page, outcome(Step::Resolve));
    let fold = shown.split("<details").find(|fold| fold.contains("Add a note")).unwrap();
    let (tag, inner) = fold.split_once('>').unwrap();
    assert!(tag.contains(" open") && inner.contains("a &amp; b"), "{fold}");
    assert!(is_told(&shown, "said-steps", "said refused", "The text is too long."), "{shown}");
    let away = Problem { kind: ErrorKind::Unavailable, sentence: "The database is away.".into() };
    let owner = Owner::new();
    let kept = owner.with(|| kept("7", &away, refused(Step::Comment)).to_html());
    assert!(
        kept.contains("The database is away.")
            && kept.contains("The text is too long.")
            && kept.contains("&lt;/textarea&gt;")
            && !kept.contains("<script>"),
        "{kept}"
    );
}

#[test]
fn what_was_done_is_said_beside_its_button() {
    let page = sample::page(sample::incident());
    for (step, place) in [
        (Step::Comment, "said-comment"),
        (Step::Acknowledge, "said-steps"),
        (Step::Cancel, "said-decision"),
    ] {
        let shown = html(&page, Outcome::Done(step));
        let told: Vec<&str> = shown
            .split("<p id=\"")
            .skip(1)
            .filter(|told| told.contains("said done"))
            .filter_map(|told| told.split("</p>").next())
            .collect();
        assert_eq!(told.len(), 1, "{shown}");
        assert!(told[0].starts_with(place) && told[0].ends_with(step.sentence()), "{told:?}");
    }
}

#[test]
fn a_responder_looks_at_the_host_and_everyone_reads_what_was_seen() {
    use domain::{
        inspection::{Inspection, InspectionOutcome},
        journal::{Entry, Event},
    };

    let mut page = sample::page(sample::incident());
    let number = page.incident.number;
    let nothing = html(&page, Outcome::None);
    assert!(nothing.contains("aria-labelledby=\"inspections\" hidden"), "{nothing}");
    let disk = "disk:/var@web-1".parse().unwrap();
    page.inspections = vec![Inspection::LargestFolders { disk }, Inspection::TopProcesses];
    let seen = |entry, line: &str| Entry {
        number: entry,
        at: sample::at(90),
        actor: Actor::Local,
        event: Some(Event::Inspected {
            incident: number,
            inspection: Inspection::TopProcesses,
            outcome: InspectionOutcome::table([line.to_owned()], vec!["A note.".to_owned()]),
        }),
    };
    page.timeline.push(seen(101, "older"));
    page.timeline.push(seen(102, "<b>newer"));
    let shown = html(&page, Outcome::None);
    assert!(!shown.contains("aria-labelledby=\"inspections\" hidden"), "{shown}");
    let words = "Look at the largest folders of the disk /var on web-1";
    assert!(buttons(&shown).contains(&(false, words.to_owned())), "{:?}", buttons(&shown));
    assert!(shown.contains("name=\"inspection\" value=\"largest_folders disk:/var@web-1\""));
    assert!(shown.contains("&lt;b&gt;newer") && shown.contains("A note."), "{shown}");
    let look = |id: &str| {
        let at = shown.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("{id} is missing"));
        shown[at..].split('>').next().unwrap().contains("open")
    };
    assert!(look("look-102") && !look("look-101"), "the newest is open");
    assert!(shown.find("look-102") < shown.find("look-101"), "the newest comes first");

    let refused = html(
        &page,
        Outcome::Refused(Box::new(Refused {
            sent: Sent { step: Some(Step::Inspect), ..Sent::default() },
            problem: Problem { kind: ErrorKind::Conflict, sentence: "It runs.".into() },
        })),
    );
    let said = refused.find("id=\"said-inspections\"").unwrap();
    assert!(refused[said..].split("</p>").next().unwrap().contains("It runs."), "{refused}");

    page.reader = Some(commands::view::Viewer {
        account: domain::id::AccountId(3),
        name: "Viewer".into(),
        role: domain::access::Role::Viewer,
        recently_authenticated: true,
    });
    let read = html(&page, Outcome::None);
    assert!(!read.contains(words) && read.contains("&lt;b&gt;newer"), "{read}");
    page.reader = None;
    page.incident = resolved(page.incident);
    let over = html(&page, Outcome::None);
    assert!(!over.contains(words) && over.contains("&lt;b&gt;newer"), "{over}");
}
