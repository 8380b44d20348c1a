use std::collections::BTreeSet;

use domain::{signal::Signal, unit::Unit};
use policy::{catalogue::Catalogue, thresholds::Thresholds};

use super::*;

#[test]
fn every_declared_signal_is_well_formed_and_lies_in_a_namespace_of_its_collector() {
    let mut names = BTreeSet::new();
    for declared in DECLARATIONS {
        let group = declared.signals;
        for info in group.signals {
            let name = info.name.as_ref();
            assert!(Signal::check(name).is_ok() && names.insert(name), "{name}");
            assert!(info.unit.parse::<Unit>().is_ok() && !info.label.is_empty(), "{name}");
            assert!(info.meaning.ends_with('.') && info.meaning.len() > 10, "{name}");
            let namespace = name.split_once('.').unwrap().0;
            assert!(group.namespaces.contains(&namespace), "{name}");
        }
        for namespace in group.namespaces {
            let inside = |name: &str| name.starts_with(&format!("{namespace}."));
            assert!(group.signals.iter().any(|info| inside(&info.name)), "{namespace}");
            let owners =
                DECLARATIONS.iter().filter(|one| one.signals.namespaces.contains(namespace));
            assert_eq!(owners.count(), 1, "{namespace}");
        }
    }
}

#[test]
fn the_samples_of_the_fixtures_are_declared_the_same_and_in_the_same_order() {
    let mut before = None;
    for sample in fixtures::signals().all() {
        let real = signals().get(&sample.name).unwrap_or_else(|| panic!("{}", sample.name));
        assert_eq!((&real.label, &real.unit), (&sample.label, &sample.unit), "{}", sample.name);
        let place = Some(signals().position(&sample.name));
        assert!(place > before, "{} stands elsewhere", sample.name);
        before = place;
    }
}

#[test]
fn keys_and_sections_are_declared_once() {
    let mut names = BTreeSet::new();
    for declared in DECLARATIONS {
        for key in declared.keys {
            assert!(key.name.contains('.') && names.insert(key.name), "{}", key.name);
        }
        assert!(declared.entries.is_none_or(|entries| names.insert(entries.name)));
    }
}

#[test]
fn the_built_in_documents_name_signals_that_something_reports() {
    let read = |name| crate::embedded::document(name).unwrap().into_owned();
    let text = read(crate::documents::THRESHOLDS);
    if let Err(problems) = Thresholds::parse("t", &text, signals()) {
        panic!("{}", problems[0]);
    }
    let text = read(crate::documents::COMMANDS);
    let catalogue = Catalogue::parse("c", &text, &[], signals()).unwrap();
    for command in catalogue.commands() {
        let proofs = command.proofs().iter().map(policy::catalogue::Proof::signal);
        for signal in command.helps().iter().chain(proofs) {
            assert!(signals().get(signal.as_str()).is_some(), "{signal} of '{}'", command.id());
        }
    }
}
