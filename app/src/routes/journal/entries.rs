//! The entries: a time and a sentence each, days above them, and what proves an entry in its details.

use commands::audit::AuditEntry;
use domain::{
    actor::Names,
    hash::Hash,
    input::LONGEST_TEXT,
    journal::{Entry, Event},
    time::Timestamp,
};
use leptos::prelude::*;
use wording::{
    journal::{self, Routine},
    timeline,
};

use super::view::NotRedacted;
use crate::{
    clock,
    components::{
        exact::{Exact, TimeOfDay, day_heading},
        form::{field_text, first_line_kept},
        prose::prose,
        timeline::{author, tone_class},
    },
    problem::SIGN_IN,
};

/// One line of the list: an entry, or several of a routine kind that follow each other.
#[derive(Debug, PartialEq)]
enum Row<'a> {
    One(&'a AuditEntry),
    Several(Routine, &'a [AuditEntry]),
}

impl<'a> Row<'a> {
    /// Time of the row: of several, that of the newest.
    const fn at(&self) -> Option<Timestamp> {
        match self {
            Self::One(one) => Some(one.entry.at),
            Self::Several(_, [first, ..]) => Some(first.entry.at),
            Self::Several(_, []) => None,
        }
    }

    fn all(entries: &'a [AuditEntry], folds: bool) -> Vec<Self> {
        let day = |one: &AuditEntry| clock::utc_day(one.entry.at);
        let routine = |one: &AuditEntry| Routine::of(&one.kind).filter(|_| folds);
        let belong = |one: &AuditEntry, next: &AuditEntry| {
            routine(one).is_some() && routine(one) == routine(next) && day(one) == day(next)
        };
        let mut rows = Vec::new();
        for group in entries.chunk_by(belong) {
            match group {
                [first, _, ..] => rows.extend(routine(first).map(|it| Self::Several(it, group))),
                group => rows.extend(group.iter().map(Self::One)),
            }
        }
        rows
    }
}

/// The list. Routine entries are folded where all kinds are shown.
pub(super) fn entries(
    entries: &[AuditEntry],
    names: &Names,
    folds: bool,
    refused: Option<&NotRedacted>,
) -> AnyView {
    let mut before = None;
    let rows = Row::all(entries, folds).into_iter().map(|row| {
        let at = row.at();
        let heading = at.and_then(|at| day_heading(at, before));
        before = at.or(before);
        let content = match row {
            Row::One(one) => entry(one, names, When::Time, refused),
            Row::Several(routine, all) => several(routine, all, names),
        };
        view! { <li>{heading}{content}</li> }
    });
    view! { <ol class="trail">{rows.collect_view()}</ol> }.into_any()
}

fn several(routine: Routine, all: &[AuditEntry], names: &Names) -> AnyView {
    let at = all.first().map(|first| first.entry.at).unwrap_or_default();
    let each = all.iter().map(|one| view! { <li>{entry(one, names, When::Whole, None)}</li> });
    view! {
        <div class="line tone-shown">
            <details class="fold several">
                <summary><TimeOfDay at=at/> <span>{routine.several(all.len())}</span></summary>
                <ol>{each.collect_view()}</ol>
            </details>
        </div>
    }
    .into_any()
}

/// Part of a moment that is written before a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// The time: the day is above.
    Time,
    /// The day too.
    Whole,
}

fn entry(one: &AuditEntry, names: &Names, when: When, refused: Option<&NotRedacted>) -> AnyView {
    let line = timeline::line(&one.entry, names);
    let (number, at) = (line.number, line.at);
    let refused = refused.filter(|refused| refused.entry == number);
    let time = match when {
        When::Time => view! { <TimeOfDay at=at/> }.into_any(),
        When::Whole => view! { <Exact at=at/> }.into_any(),
    };
    let incident = one.incident.map(|incident| {
        view! { <a href=format!("/ops/incidents/{incident}#entry-{number}")>"Incident " {incident.0}</a> }
    });
    let redact = (one.removable || refused.is_some()).then(|| removal(number, refused));
    view! {
        <div class=format!("line tone-{}", tone_class(line.tone)) id=format!("entry-{number}")>
            <p>{time} " " {prose(&line.sentence)} " " <span class="quiet">{author(one.entry.actor, line.who)}</span></p>
            {line.words.map(|words| view! { <blockquote dir="auto">{words}</blockquote> })}
            {printed(&one.entry)}
            <div class="about">
                <details class="fold" open=refused.is_some()>
                    <summary>"Details"</summary>
                    {details(one)}
                    {redact}
                </details>
                {incident}
            </div>
        </div>
    }
    .into_any()
}

fn details(one: &AuditEntry) -> AnyView {
    let hash = |hash: Hash| view! { <code class="hash">{hash.to_string()}</code> };
    let before = match one.before {
        Some(before) => hash(before).into_any(),
        None => "missing".into_any(),
    };
    view! {
        <dl class="hashes">
            <div><dt>"Entry"</dt><dd>{one.entry.number} ", " {journal::kind(&one.kind)}</dd></div>
            <div><dt>"Written"</dt><dd>{clock::utc(one.entry.at)}</dd></div>
            <div><dt>"Hash"</dt><dd>{hash(one.hash)}</dd></div>
            <div><dt>"Hash of its content"</dt><dd>{hash(one.payload_hash)}</dd></div>
            <div><dt>"Hash of the entry before it"</dt><dd>{before}</dd></div>
        </dl>
    }
    .into_any()
}

/// Output of a run, folded.
fn printed(entry: &Entry) -> Option<AnyView> {
    let Some(Event::RunEnded { output, .. }) = &entry.event else { return None };
    (!output.is_empty()).then(|| {
        view! {
            <details class="fold">
                <summary>"Output"</summary>
                <pre class="printed" aria-label="Output" tabindex="0" >{first_line_kept(output.clone())}</pre>
            </details>
        }
        .into_any()
    })
}

/// The form that redacts an entry: what is lost and what stays, before the button.
fn removal(number: u64, refused: Option<&NotRedacted>) -> AnyView {
    let id = format!("reason-{number}");
    let text = refused.map(|refused| field_text(&refused.reason)).unwrap_or_default();
    view! {
        <form method="post" action=format!("/ops/journal/{number}/redact")>
            {refused.map(|refused| view! { <p class="said refused" role="status">{refused.problem.sentence.clone()}</p> })}
            {refused.filter(|refused| refused.problem.asks_for_sign_in()).map(|_| {
                let to = format!("{SIGN_IN}/ops/journal%3Fbefore%3D{}", number.saturating_add(1));
                view! { <p><a class="button" href=to rel="external">"Sign in again"</a></p> }
            })}
            <p>
                "To redact this entry is to delete its text permanently: on every page, in the search, and in the database. "
                "It can't be recovered. Earlier backups and downloads still hold it."
            </p>
            <p>
                "The entry stays: who, when, what kind, and its hash, so that the journal still verifies. "
                "A new entry says that you redacted it, and why. That reason can't be redacted: do not repeat the words in it."
            </p>
            <label for=id.clone()>"Reason"</label>
            <textarea id=id name="reason" rows="2" maxlength=LONGEST_TEXT required>{text}</textarea>
            <button class="button" type="submit">"Redact entry " {number}</button>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::actor::Actor;

    use super::*;

    fn audited(number: u64, kind: &str, at: &str) -> AuditEntry {
        AuditEntry {
            entry: Entry { number, at: at.parse().unwrap(), actor: Actor::System, event: None },
            kind: kind.to_owned(),
            incident: None,
            payload_hash: Hash([1; 32]),
            hash: Hash([2; 32]),
            before: None,
            removable: false,
        }
    }

    #[test]
    fn routine_entries_that_follow_each_other_on_a_day_are_one_row() {
        let all = [
            audited(9, "signed_in", "2026-11-28T10:03:00Z"),
            audited(8, "signed_in", "2026-11-28T10:02:00Z"),
            audited(7, "commented", "2026-11-28T10:01:00Z"),
            audited(6, "commented", "2026-11-28T10:00:30Z"),
            audited(5, "signed_in", "2026-11-28T10:00:00Z"),
            audited(4, "summary_written", "2026-11-28T00:00:00Z"),
            audited(3, "summary_written", "2026-11-27T23:59:59Z"),
            audited(2, "summary_written", "2026-11-27T23:59:58Z"),
            audited(1, "signed_out", "2026-11-27T23:59:57Z"),
        ];
        assert_eq!(
            Row::all(&all, true),
            [
                Row::Several(Routine::SignIns, &all[..2]),
                Row::One(&all[2]),
                Row::One(&all[3]),
                Row::One(&all[4]),
                Row::One(&all[5]),
                Row::Several(Routine::Summaries, &all[6..8]),
                Row::One(&all[8]),
            ]
        );
        assert_eq!(Row::all(&all, false).len(), all.len());
        assert_eq!(Row::all(&[], true), []);
    }
}
