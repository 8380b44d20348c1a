//! Recorded incidents, decided again: whoever changes the rules sees here what they decide
//! otherwise.

use std::{collections::BTreeSet, fs, path::PathBuf};

use domain::journal::Event;
use engine::replay::{Bundle, Input, replay};

/// As large as a bundle in the repository may be.
const LARGEST: usize = 120_000;

fn bundles() -> Vec<(PathBuf, Bundle)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bundles");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |file: PathBuf| {
        let text = fs::read(&file).unwrap();
        assert!(text.len() < LARGEST, "{} has {} bytes", file.display(), text.len());
        let bundle = serde_json::from_slice(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        (file, bundle)
    };
    files.into_iter().map(read).collect()
}

fn decided(bundle: &Bundle) -> impl Iterator<Item = &Event> {
    let events = bundle.inputs.iter().filter_map(|input| {
        if let Input::Decided { events, .. } = input { Some(events) } else { None }
    });
    events.flatten()
}

#[test]
fn every_recorded_incident_is_decided_the_same_byte_for_byte() {
    let bundles = bundles();
    assert!(bundles.len() >= 3);
    let mut wrong = String::new();
    for (file, bundle) in &bundles {
        match replay(bundle, wording::replay::describe, fixtures::signals()) {
            Ok(replayed) if replayed.is_same() => {
                assert!(replayed.events > 0, "{} decides nothing", file.display());
            }
            Ok(replayed) => {
                wrong += &format!(
                    "{}, recorded by version {}:\n{replayed}\n",
                    file.display(),
                    bundle.rules_version
                );
            }
            Err(error) => wrong += &format!("{}: {error}\n", file.display()),
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_recorded_incidents_show_what_the_agent_can_do() {
    let bundles = bundles();
    let kinds: BTreeSet<&str> =
        bundles.iter().flat_map(|(_, bundle)| decided(bundle)).map(Event::kind).collect();
    for kind in [
        "incident_opened",
        "breach_joined",
        "breach_changed",
        "breach_cleared",
        "moved",
        "resolution_offered",
        "resolved",
        "summary_written",
    ] {
        assert!(kinds.contains(kind), "{kind} is in no bundle: {kinds:?}");
    }
    let opened = |wanted: fn(&domain::incident::Incident) -> bool| {
        let mut events = bundles.iter().flat_map(|(_, bundle)| decided(bundle));
        events.any(|event| matches!(event, Event::IncidentOpened { incident } if wanted(incident)))
    };
    assert!(opened(|incident| incident.flood));
    let mut events = bundles.iter().flat_map(|(_, bundle)| decided(bundle));
    assert!(
        events.any(|event| matches!(event, Event::BreachJoined { breach, .. } if breach.unsteady))
    );
    assert!(bundles.iter().any(|(_, bundle)| {
        bundle.inputs.iter().any(|input| matches!(input, Input::Retire { .. }))
    }));
}

#[test]
fn a_bundle_that_was_decided_otherwise_is_told_in_words() {
    let (_, mut bundle) = bundles().swap_remove(0);
    let place = bundle
        .inputs
        .iter()
        .position(|input| matches!(input, Input::Decided { events, .. } if !events.is_empty()))
        .unwrap();
    if let Input::Decided { events, .. } = &mut bundle.inputs[place] {
        events.clear();
    }
    let replayed = replay(&bundle, wording::replay::describe, fixtures::signals()).unwrap();
    let difference = replayed.difference.as_ref().unwrap();
    assert_eq!(difference.index, place);
    assert!(
        difference.what.contains("then: nothing\n  now:  Incident 1 opens"),
        "{}",
        difference.what
    );
}
