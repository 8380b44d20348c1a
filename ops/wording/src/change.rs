//! Reported changes in words.

use domain::{
    change::{ChangeKind, ReportedChange},
    text::{clip, isolated},
    time::{Span, Timestamp},
};

use crate::humanize::{self, whole_minutes};

/// The most subjects that are named.
const MOST_SUBJECTS: usize = 4;

/// `deployment 3f2a of api`, `a configuration change of nginx`.
pub fn named(change: &ReportedChange) -> String {
    let kind = match change.kind {
        ChangeKind::Deployment => "deployment",
        ChangeKind::Migration => "migration",
        ChangeKind::Configuration => "configuration change",
        ChangeKind::Other => "change",
    };
    let named = |text: &str| isolated(&clip(text, 60));
    let what = named(&change.what);
    match &change.version {
        Some(version) => format!("{kind} {} of {what}", named(version)),
        None => format!("a {kind} of {what}"),
    }
}

/// The subjects that it touches, as people say them; empty where it names none.
pub fn subjects(change: &ReportedChange) -> String {
    let mut names: Vec<String> =
        change.subjects.iter().take(MOST_SUBJECTS).map(humanize::subject).collect();
    let more = change.subjects.len().saturating_sub(MOST_SUBJECTS);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    humanize::list(&names)
}

fn beside(name: &str, at: Timestamp, began_at: Timestamp) -> String {
    let (before, after) = (whole_minutes(began_at.since(at)), whole_minutes(at.since(began_at)));
    if after >= Span::from_secs(1) {
        format!("It began {after} before {name} was reported.")
    } else if before >= Span::from_secs(1) {
        format!("It began {before} after {name}.")
    } else {
        format!("It began at the same time as {name}.")
    }
}

/// `It began 4 min after deployment 3f2a of api.`
pub fn after(change: &ReportedChange, began_at: Timestamp) -> String {
    beside(&named(change), change.at, began_at)
}

/// The same without the team's names: `It began 4 min after a deployment.`
pub fn after_for_managers(change: &ReportedChange, began_at: Timestamp) -> String {
    let kind = match change.kind {
        ChangeKind::Deployment => "a new version of the software",
        ChangeKind::Migration => "a database change",
        ChangeKind::Configuration => "a configuration change",
        ChangeKind::Other => "a change",
    };
    beside(kind, change.at, began_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_beside_the_beginning() {
        let began = Timestamp::from_secs(1_795_000_000);
        let said = |kind, version: Option<&str>, at| {
            let change = ReportedChange {
                kind,
                what: "api".to_owned(),
                version: version.map(str::to_owned),
                subjects: Vec::new(),
                at,
            };
            (after(&change, began), after_for_managers(&change, began))
        };
        let deployed = began.minus(Span::from_secs(250));
        assert_eq!(
            said(ChangeKind::Deployment, Some("3f2a"), deployed),
            (
                "It began 4 min after deployment 3f2a of api.".to_owned(),
                "It began 4 min after a new version of the software.".to_owned()
            )
        );
        assert!(
            said(ChangeKind::Deployment, Some("نسخة"), deployed)
                .0
                .contains("deployment \u{2068}نسخة\u{2069} of api.")
        );
        let late = began.plus(Span::from_micros(30_400_000));
        assert_eq!(
            said(ChangeKind::Configuration, None, late).0,
            "It began 30 s before a configuration change of api was reported."
        );
        assert_eq!(
            said(ChangeKind::Other, None, began).0,
            "It began at the same time as a change of api."
        );
    }
}
