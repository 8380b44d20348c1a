//! Words that no template may hold: promises, causes, and names of the inside.

use std::net::IpAddr;

use domain::signals::Signals;

/// Words that promise something that nobody knows.
const PROMISES: &[&str] = &[
    "soon",
    "shortly",
    "asap",
    "momentarily",
    "as soon as possible",
    "in a moment",
    "in a few minutes",
    "any minute",
    "guarantee",
    "guaranteed",
    "guarantees",
    "promise",
    "promised",
    "promises",
    "rest assured",
    "will be fixed",
    "will be resolved",
    "will be restored",
    "will be solved",
    "will be back",
    "will be over",
    "will fix",
    "will resolve",
    "will restore",
    "will solve",
    "will not happen again",
    "won't happen again",
    "never again",
    "we ensure",
    "we expect",
];

/// Words that name a cause, which no incident knows.
const CAUSES: &[&str] = &[
    "because",
    "due to",
    "owing to",
    "caused by",
    "as a result of",
    "root cause",
    "the cause is",
    "the cause was",
];

/// Kinds of subjects that are of the inside.
const KINDS: &[&str] = &[
    "app",
    "collector",
    "database",
    "disk",
    "droplet",
    "endpoint",
    "gate",
    "host",
    "network",
    "organization",
    "queue",
    "service",
];

/// A place in a line: its first character from 0, and how many it has.
pub(super) type Place = (usize, usize);

/// Words that are refused, with their place, and what is expected instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub place: Place,
    pub found: String,
    pub expected: &'static str,
}

/// The words of a line in small letters, each with its place.
fn words(line: &str) -> Vec<(Place, String)> {
    let mut words: Vec<(Place, String)> = Vec::new();
    let mut is_open = false;
    for (at, c) in line.chars().enumerate() {
        let c = if c == '\u{2019}' { '\'' } else { c };
        if !c.is_alphanumeric() && c != '\'' {
            is_open = false;
            continue;
        }
        match words.last_mut().filter(|_| is_open) {
            Some(((_, length), word)) => {
                *length += 1;
                word.extend(c.to_lowercase());
            }
            None => words.push(((at, 1), c.to_lowercase().collect())),
        }
        is_open = true;
    }
    words
}

/// The place at which the words of a phrase stand in a row, if they do.
fn find(words: &[(Place, String)], phrase: &str) -> Option<Place> {
    let wanted: Vec<&str> = phrase.split(' ').collect();
    let found = words
        .windows(wanted.len())
        .find(|found| found.iter().map(|(_, word)| word.as_str()).eq(wanted.iter().copied()))?;
    let ((first, _), ((last, length), _)) = (found.first()?.0, found.last()?);
    Some((first, last + length - first))
}

/// Promises and causes in a line.
pub(super) fn phrases(line: &str) -> Vec<Refused> {
    let words = words(line);
    let of = |phrases: &[&str], what: &str, expected: &'static str| -> Vec<Refused> {
        let found = phrases.iter().filter_map(|phrase| Some((phrase, find(&words, phrase)?)));
        found
            .map(|(phrase, place)| Refused { place, found: format!("{what} '{phrase}'"), expected })
            .collect()
    };
    let mut all = of(PROMISES, "the promise", "only what is known now, such as '{since}'");
    all.extend(of(
        CAUSES,
        "the cause",
        "no cause: an incident does not know one; a person may add it to the message",
    ));
    all
}

/// Names of the inside in a line: subjects, declared signals and addresses.
pub(super) fn inside(line: &str, signals: &Signals) -> Vec<Refused> {
    let is_edge = |c: char| !c.is_alphanumeric() && c != '/';
    let mut all = Vec::new();
    let mut at = 0;
    for word in line.split(' ') {
        let bare = word.trim_matches(is_edge);
        let is_subject = bare.split_once(':').is_some_and(|(kind, name)| {
            KINDS.contains(&kind) && !name.is_empty() && !name.starts_with("//")
        });
        let is_signal = signals.get(bare).is_some();
        let is_address = bare.parse::<IpAddr>().is_ok();
        if is_subject || is_signal || is_address {
            let before = word.chars().take_while(|c| is_edge(*c)).count();
            all.push(Refused {
                place: (at + before, bare.chars().count()),
                found: format!("'{bare}', a name of the inside, in a message to customers"),
                expected: "words that customers know; only internal.md may name subjects and signals",
            });
        }
        at += word.chars().count() + 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_found_whatever_stands_around_its_words() {
        let found = |line: &str| -> Vec<(Place, String)> {
            phrases(line).into_iter().map(|one| (one.place, one.found)).collect()
        };
        assert_eq!(found("It is back SOON."), [((11, 4), "the promise 'soon'".to_owned())]);
        assert_eq!(found("It won\u{2019}t  happen, again")[0].0, (3, 20));
        assert_eq!(found("Late due  to rain")[0], ((5, 7), "the cause 'due to'".to_owned()));
        for fine in ["We know sooner or later.", "It is a monsoon.", "You are due a refund", ""] {
            assert_eq!(found(fine), [], "{fine}");
        }
    }

    #[test]
    fn names_of_the_inside_are_found_and_addresses_of_pages_are_not() {
        let signals = fixtures::signals();
        let found = |line: &str| -> Vec<Place> {
            inside(line, signals).into_iter().map(|one| one.place).collect()
        };
        assert_eq!(found("See `host:web-1`, and organization:acme."), [(5, 10), (22, 17)]);
        assert_eq!(found("host.memory.used is high"), [(0, 16)]);
        assert_eq!(found("at 10.0.0.7."), [(3, 8)]);
        for fine in ["https://status.example.com", "the service: slow", "app.example.com", "10.5"] {
            assert_eq!(found(fine), [], "{fine}");
        }
    }

    #[test]
    fn every_phrase_is_in_small_letters_with_one_blank() {
        for phrase in PROMISES.iter().chain(CAUSES) {
            let line = format!("{phrase}.");
            assert!(find(&words(&line), phrase).is_some(), "{phrase}");
        }
    }
}
