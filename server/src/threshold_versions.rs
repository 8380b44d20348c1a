//! The version of the thresholds that the journal tells of last, held against the file at the start: a
//! file that was put back while Calm Ops did not run looks as if nothing had happened.

use commands::audit::AuditFilter;
use domain::{
    hash::Hash,
    journal::{Entry, Event},
};

use crate::{
    documents::{Documents, THRESHOLDS},
    store::{Store, StoreError, readable},
    threshold_file::hash,
};

/// Kinds of entries that tell of a version.
const KINDS: [&str; 2] = ["threshold_changed", "document_in_force"];
/// The most entries of a kind that are read: the newest.
const ENTRIES: u32 = 500;

/// The event that tells of the version in force, if neither the journal nor an event that is about to
/// be journalled does.
pub async fn untold(
    store: &dyn Store,
    documents: &Documents,
    about_to_be_told: &[Event],
) -> Result<Option<Event>, StoreError> {
    let is_told =
        |event: &Event| matches!(event, Event::DocumentInForce { name, .. } if name == THRESHOLDS);
    let texts = documents.texts();
    let Some(text) = texts.iter().find(|one| one.name == THRESHOLDS) else { return Ok(None) };
    if about_to_be_told.iter().any(is_told) {
        return Ok(None);
    }
    let mut entries: Vec<Entry> = Vec::new();
    for kind in KINDS {
        let filter = AuditFilter { kind: Some(kind.to_owned()), ..AuditFilter::default() };
        for (stored, _) in store.as_trail().trail(&filter, ENTRIES).await? {
            entries.push(readable(&stored)?);
        }
    }
    entries.sort_by_key(|entry| entry.number);
    Ok(untold_by(&entries, &text.markdown))
}

/// A version that an entry tells of.
enum Version<'a> {
    /// This one; the version before and the patch from it, where they are known.
    Known { to: Hash, change: Option<(Hash, &'a str)> },
    /// The entry was redacted.
    Removed,
}

fn version(entry: &Entry) -> Option<Version<'_>> {
    match &entry.event {
        Some(Event::ThresholdChanged { from, to, patch, .. }) => {
            Some(Version::Known { to: *to, change: Some((*from, patch)) })
        }
        Some(Event::DocumentInForce { name, sha256, .. }) if name == THRESHOLDS => {
            Some(Version::Known { to: sha256.parse().ok()?, change: None })
        }
        Some(_) => None,
        None => Some(Version::Removed),
    }
}

/// The event that tells of a version, if the newest of some entries, oldest first, tells of another.
fn untold_by(entries: &[Entry], text: &str) -> Option<Event> {
    let Version::Known { to, change } = entries.iter().rev().find_map(version)? else {
        return None;
    };
    let now = hash(text);
    (to != now).then(|| Event::DocumentInForce {
        name: THRESHOLDS.to_owned(),
        sha256: now.to_string(),
        difference: change
            .filter(|(from, _)| *from == now)
            .map_or_else(String::new, |(_, patch)| undone(patch)),
    })
}

/// The lines that go (`-`) and come (`+`) where a patch is undone.
fn undone(patch: &str) -> String {
    let is_header = |line: &&str| line.starts_with("--- ") || line.starts_with("+++ ");
    let mut lines: Vec<String> = patch
        .lines()
        .skip_while(is_header)
        .filter_map(|line| {
            let sign = match line.chars().next()? {
                '-' => '+',
                '+' => '-',
                _ => return None,
            };
            Some(format!("{sign}{}\n", line.get(1..)?))
        })
        .collect();
    lines.reverse();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use domain::{
        actor::Actor,
        threshold::{ThresholdCells, ThresholdRow, ThresholdWay},
        time::Timestamp,
    };

    use super::*;
    use crate::documents::patch;

    const BEFORE: &str = "one\ntwo\nthree\n";
    const AFTER: &str = "one\n2\nthree\n";

    fn entry(number: u64, event: Option<Event>) -> Entry {
        Entry { number, at: Timestamp::default(), actor: Actor::System, event }
    }

    fn in_force(name: &str, text: &str) -> Option<Event> {
        let (name, sha256) = (name.to_owned(), hash(text).to_string());
        Some(Event::DocumentInForce { name, sha256, difference: String::new() })
    }

    fn changed() -> Option<Event> {
        let cells = || Box::new(ThresholdCells::default());
        Some(Event::ThresholdChanged {
            document: THRESHOLDS.to_owned(),
            row: ThresholdRow {
                signal: "queue.depth".parse().unwrap(),
                subjects: "*".to_owned(),
                way: ThresholdWay::Level,
                line: 2,
            },
            before: cells(),
            after: cells(),
            from: hash(BEFORE),
            to: hash(AFTER),
            patch: patch(THRESHOLDS, BEFORE, AFTER),
            reason: "It alerts later.".to_owned(),
            proposal: None,
            by: None,
        })
    }

    fn difference(entries: &[Entry], text: &str) -> Option<String> {
        match untold_by(entries, text)? {
            Event::DocumentInForce { name, sha256, difference } => {
                assert_eq!((name.as_str(), sha256), (THRESHOLDS, hash(text).to_string()));
                Some(difference)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_that_was_put_back_is_told_with_its_difference() {
        let mut entries = vec![entry(1, in_force(THRESHOLDS, BEFORE)), entry(2, changed())];
        assert_eq!(difference(&entries, AFTER), None, "the journal tells of it");
        assert_eq!(difference(&entries, BEFORE).as_deref(), Some("-2\n+two\n"));
        assert_eq!(difference(&entries, "another\n").as_deref(), Some(""));
        entries.push(entry(3, in_force("runbooks/guide.md", BEFORE)));
        assert!(difference(&entries, BEFORE).is_some(), "that is another document");
        entries.push(entry(4, in_force(THRESHOLDS, AFTER)));
        assert_eq!(difference(&entries, BEFORE).as_deref(), Some(""));
        entries.push(entry(5, in_force(THRESHOLDS, BEFORE)));
        assert_eq!(difference(&entries, BEFORE), None);
        entries.push(entry(6, None));
        assert_eq!(difference(&entries, AFTER), None, "nobody knows what it told");
        assert_eq!(difference(&[], BEFORE), None);
    }
}
