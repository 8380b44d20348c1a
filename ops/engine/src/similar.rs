//! Similar incidents: the ranking of those that a database found, and what resolved one.
//!
//! A kind of problem (a signal of a kind of subject) weighs most, then the subjects, the cause, and
//! the words. Shares are Dice's coefficient (L. R. Dice, Ecology 26, 1945); a word counts by its
//! inverse document frequency (K. Spärck Jones, Journal of Documentation 28, 1972), within what
//! was found.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use domain::{
    actor::Actor,
    breach::Ending,
    id::IncidentNumber,
    incident::Incident,
    recommendation::{Recommendation, Stage},
    review::{Rating, Ratings},
    signal::Signal,
    similar::{PastResolution, PastRun, problem, problems},
    subject::Subject,
    time::Timestamp,
};

#[cfg(test)]
mod tests;

/// The most similar incidents that are shown.
pub const MOST_SIMILAR: usize = 3;
/// The most words that a look-up takes.
pub const MOST_WORDS: usize = 8;
/// The most words of one text that are compared.
const MOST_COMPARED: usize = 400;

/// The weights of what two incidents share; their sum is the highest score.
const KINDS: f64 = 60.0;
const SUBJECTS: f64 = 20.0;
const CAUSE: f64 = 12.0;
const WORDS: f64 = 8.0;

/// The lowest score of a similar incident that shares a kind of problem: one of a few.
const SCORE: f64 = 30.0;
/// The lowest share of words of a similar incident that shares a subject, and no kind of problem.
const ALIKE: f64 = 0.5;

/// The shortest word that counts, in characters.
const SHORTEST: usize = 3;
/// Words that stand in many incidents and tell nothing.
const COMMON: [&str; 32] = [
    "about", "again", "and", "are", "because", "been", "but", "for", "from", "had", "has", "have",
    "incident", "into", "its", "not", "now", "than", "that", "the", "then", "there", "this", "was",
    "were", "what", "when", "which", "while", "will", "with", "you",
];

/// The traits of an incident that are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traits {
    /// Its number.
    pub number: IncidentNumber,
    /// Its origin, in lower case.
    pub cause: String,
    /// The subjects that take part, in lower case.
    pub subjects: BTreeSet<String>,
    /// The kinds of problems; see [`problems`].
    pub problems: BTreeSet<String>,
    /// The words of its texts beside the names of subjects and signals.
    pub words: BTreeSet<String>,
}

impl Traits {
    /// The traits as they are stored: a subject a line, a kind of problem a line, and all texts.
    pub fn new(
        number: IncidentNumber,
        cause: &str,
        subjects: &str,
        problems: &str,
        text: &str,
    ) -> Self {
        let lines = |text: &str| -> BTreeSet<String> {
            text.lines().filter(|line| !line.is_empty()).map(str::to_lowercase).collect()
        };
        let named: BTreeSet<String> = words(subjects).chain(words(problems)).collect();
        let own = words(text).filter(|word| !named.contains(word));
        Self {
            number,
            cause: cause.to_lowercase(),
            subjects: lines(subjects),
            problems: lines(problems),
            words: own.take(MOST_COMPARED).collect(),
        }
    }

    /// The words by which similar incidents are looked up: those of its subjects' names, then the
    /// longest of its texts.
    pub fn looked_up(&self) -> Vec<String> {
        let mut own: Vec<&String> = self.words.iter().collect();
        own.sort_by_key(|word| (Reverse(word.chars().count()), *word));
        let mut found: Vec<String> = Vec::new();
        let names = self.subjects.iter().flat_map(|subject| {
            let name = subject.split_once(':').map_or(subject.as_str(), |(_, name)| name);
            words(name.split('@').next().unwrap_or_default()).collect::<Vec<_>>()
        });
        for word in names.take(MOST_WORDS / 2).chain(own.into_iter().cloned()) {
            if !found.contains(&word) {
                found.push(word);
            }
        }
        found.truncate(MOST_WORDS);
        found
    }
}

/// The words of a text that count, in lower case: letters and digits, no number alone.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().nth(SHORTEST - 1).is_some())
        .filter(|word| word.chars().any(char::is_alphabetic))
        .map(str::to_lowercase)
        .filter(|word| !COMMON.contains(&word.as_str()))
}

/// The similar ones among those that were found, the most similar first, at most
/// [`MOST_SIMILAR`]; of equal ones the newest first.
pub fn rank(asked: &Traits, found: &[Traits]) -> Vec<IncidentNumber> {
    let others: BTreeMap<IncidentNumber, &Traits> = found
        .iter()
        .filter(|one| one.number != asked.number)
        .map(|one| (one.number, one))
        .collect();
    let rarity = Rarity::of(asked, others.values().copied());
    let mut ranked: Vec<(f64, IncidentNumber)> = others
        .into_values()
        .filter_map(|one| Some((score(asked, one, &rarity)?, one.number)))
        .collect();
    ranked.sort_by(|one, two| two.0.total_cmp(&one.0).then(two.1.cmp(&one.1)));
    ranked.into_iter().take(MOST_SIMILAR).map(|(_, number)| number).collect()
}

/// The score of an incident from 0 to 100; `None` if it is not similar.
fn score(asked: &Traits, one: &Traits, rarity: &Rarity<'_>) -> Option<f64> {
    let (kinds, subjects) =
        (dice(&asked.problems, &one.problems), dice(&asked.subjects, &one.subjects));
    let words = rarity.share(&asked.words, &one.words);
    let cause = if asked.cause == one.cause { CAUSE } else { 0.0 };
    let score = KINDS * kinds + SUBJECTS * subjects + cause + WORDS * words;
    let is_similar = if kinds > 0.0 { score >= SCORE } else { subjects > 0.0 && words >= ALIKE };
    is_similar.then_some(score)
}

/// Twice what two sets share, of all that both have.
fn dice(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let all = one.len() + other.len();
    if all == 0 {
        return 0.0;
    }
    2.0 * one.intersection(other).count() as f64 / all as f64
}

/// The number of texts in which each word stands.
struct Rarity<'a> {
    texts: f64,
    with: BTreeMap<&'a str, f64>,
}

impl<'a> Rarity<'a> {
    fn of(asked: &'a Traits, others: impl Iterator<Item = &'a Traits>) -> Self {
        let mut rarity = Self { texts: 0.0, with: BTreeMap::new() };
        for one in others.chain([asked]) {
            rarity.texts += 1.0;
            for word in &one.words {
                *rarity.with.entry(word).or_default() += 1.0;
            }
        }
        rarity
    }

    /// The weight of a word: the rarer, the more.
    fn weight(&self, word: &str) -> f64 {
        let with = self.with.get(word).copied().unwrap_or(1.0).max(1.0);
        (1.0 + self.texts / with).ln()
    }

    /// The weight of the words that two texts share, of the weight of all their words.
    fn share(&self, one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
        let all: f64 = one.union(other).map(|word| self.weight(word)).sum();
        let shared: f64 = one.intersection(other).map(|word| self.weight(word)).sum();
        if all > 0.0 { shared / all } else { 0.0 }
    }
}

/// The signals of the kinds of problems, and the subjects, that two incidents share, in the order
/// of the first one.
pub fn shared(asked: &Incident, one: &Incident) -> (Vec<Signal>, Vec<Subject>) {
    let same = problems(one);
    let mut signals: Vec<Signal> = Vec::new();
    for known in &asked.breaches {
        let signal = &known.breach.key.signal;
        if !signals.contains(signal) && same.contains(&problem(&known.breach)) {
            signals.push(signal.clone());
        }
    }
    let others = one.subjects();
    let subjects = asked.subjects().into_iter().filter(|subject| others.contains(subject));
    (signals, subjects.cloned().collect())
}

/// The end of an incident; `None` while it is active.
pub fn resolution(incident: &Incident, ratings: &Ratings) -> Option<PastResolution> {
    let end = incident.resolution.as_ref()?;
    let recovered = |ending: Option<Ending>| matches!(ending, Some(Ending::Recovered { .. }));
    Some(PastResolution {
        lasted: end.at.since(incident.opened_at),
        run: run(incident, ratings),
        limited: !incident.measures.is_empty(),
        recovered: incident.breaches.iter().all(|known| recovered(known.ending)),
        by_person: !matches!(end.by, Actor::Agent),
        note: end.note.clone(),
    })
}

/// The run that helped, the last one of several; else the last one that ran. What people rated as
/// wrong resolved nothing.
fn run(incident: &Incident, ratings: &Ratings) -> Option<PastRun> {
    let runs = || incident.recommendations.iter().rev().filter(|one| !is_wrong(one, ratings));
    let has_run =
        |one: &&Recommendation| matches!(&one.stage, Stage::Ended(ended) if ended.has_run());
    let one = runs().find(|one| has_helped(one)).or_else(|| runs().find(has_run))?;
    let Stage::Ended(ended) = &one.stage else { return None };
    let recovered_at = incident.breach(&one.proof.breach).and_then(|known| match known.ending {
        Some(Ending::Recovered { since }) => Some(since),
        _ => None,
    });
    let after = |at: Timestamp| at.since(ended.started_at);
    Some(PastRun {
        place: one.place,
        title: one.title.clone(),
        subject: one.subject.clone(),
        // What had begun to recover before says nothing about it.
        worked: ended.worked.filter(|_| !ended.began_before),
        recovered_after: recovered_at.filter(|_| has_helped(one)).map(after),
        rating: ratings.at(one.place),
    })
}

/// True if a command ran and its signal was seen to recover by it.
fn has_helped(one: &Recommendation) -> bool {
    matches!(&one.stage, Stage::Ended(ended)
        if ended.worked == Some(true) && !ended.began_before && ended.has_run())
}

/// True if people rated it as wrong.
fn is_wrong(one: &Recommendation, ratings: &Ratings) -> bool {
    ratings.at(one.place) == Some(Rating::Wrong)
}

/// The commands of an incident that is over that helped, each with the signal that recovered by it,
/// and none that people rated as wrong.
pub fn helped(incident: &Incident, ratings: &Ratings) -> BTreeSet<(String, Signal)> {
    let over = incident.resolution.is_some() && !incident.is_practice();
    let has_helped = |one: &&Recommendation| over && has_helped(one) && !is_wrong(one, ratings);
    let helped = incident.recommendations.iter().filter(has_helped);
    helped.map(|one| (one.command.clone(), one.proof.breach.signal.clone())).collect()
}
