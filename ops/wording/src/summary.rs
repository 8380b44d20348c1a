//! The decision summary in sentences, for each audience.

mod customer;
mod manager;
mod runs;
mod team;
mod tense;
#[cfg(test)]
mod tests;

use commands::view::{IncidentCard, Section};
use domain::{
    breach::Breach,
    incident::Incident,
    subject::Subject,
    summary::{Fact, Sentence, Summary},
};
use serde::{Deserialize, Serialize};

use crate::{humanize, practice};

pub(crate) use customer::plain_name;
pub(crate) use team::far as far_from_usual;
pub(crate) use tense::GENERAL_PART;
use tense::Tense;

/// The readers of a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// Those who repair: everything, with names and numbers.
    Team,
    /// Those who use the product: no hosts, paths, process names or inner numbers.
    Customer,
    /// Those who answer for it: plain words.
    Manager,
}

impl Reader {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Team, Self::Customer, Self::Manager];
}

/// One reader's sentence for a fact, or none where it is nothing for that reader.
type Say = fn(&Sentence, Tense) -> Option<String>;

/// Returns what happened in one clause, for lists and titles.
pub fn headline(summary: &Summary) -> String {
    if summary.is_practice() {
        return practice::headline(summary.is_over());
    }
    let first = summary.happened.first().and_then(|first| team::headline(first, summary.is_over()));
    first.unwrap_or_else(|| "No summary yet.".to_owned())
}

/// Returns the first sentence of the summary where it says more than the headline: the reason, or
/// when it counts as recovered.
pub fn first_sentence(summary: &Summary) -> Option<String> {
    if summary.is_practice() {
        return Some(practice::NOTICE.to_owned());
    }
    let sentence = team::sentence(summary.happened.first()?, Tense::of(summary))?;
    (sentence != headline(summary)).then_some(sentence)
}

/// Renders all of it in one reader's words. Parts without a sentence for this reader are left out.
pub fn render(summary: &Summary, reader: Reader) -> Vec<Section> {
    let tense = Tense::of(summary);
    let over = tense == Tense::Over;
    let (headings, sentence): (_, Say) = match reader {
        Reader::Team => (team::headings(over), team::sentence),
        Reader::Customer => (customer::headings(over), customer::sentence),
        Reader::Manager => (manager::headings(over), manager::sentence),
    };
    // A practice affects nobody, and nothing about it is unknown.
    let (affected, unknown): (&[Sentence], &[Sentence]) = match summary.is_practice() {
        true => (&[], &[]),
        false => (&summary.affected, &summary.unknown),
    };
    let parts: [&[Sentence]; 7] = [
        &summary.happened,
        &summary.since,
        affected,
        &summary.done,
        &summary.recommended,
        &summary.otherwise,
        unknown,
    ];
    let mut sections: Vec<Section> = Vec::new();
    for (heading, part) in headings.into_iter().zip(parts) {
        let mut sentences: Vec<String> = Vec::new();
        if sections.is_empty() && summary.is_practice() {
            sentences.push(practice::NOTICE.to_owned());
        }
        for text in part.iter().filter_map(|one| sentence(one, tense)) {
            // Facts that differ only in what this reader does not see are told once.
            if !sentences.contains(&text) {
                sentences.push(text);
            }
        }
        if !sentences.is_empty() {
            sections.push(Section { heading: heading.to_owned(), sentences });
        }
    }
    sections
}

/// Builds the card of an incident for lists.
pub fn incident_card(incident: &Incident) -> IncidentCard {
    IncidentCard::new(incident, headline(&incident.summary))
}

/// The words about a breach, as the part of a sentence, without its full stop: as the team reads
/// it.
pub fn breach_for_people(breach: &Breach) -> String {
    team::holds(&Fact::of(breach))
}

/// The improvement of a breach on the healthy side, as the part of a sentence; `None` where it does
/// not.
pub(crate) fn improvement(breach: &Breach) -> Option<String> {
    team::improvement(&Fact::of(breach))
}

/// A subject as people say it: `the disk /var on web-1`, `web-1`, `imports`.
pub fn subject_for_people(subject: &Subject) -> String {
    humanize::subject(subject)
}
