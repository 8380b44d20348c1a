//! Rows of the thresholds as people change them: what a row says, what history proposes for it, and
//! what became of proposals.

pub(crate) mod parts;
pub(crate) mod refusal;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::threshold::{
    parts::{ProposalEvidence, ThresholdCells, ThresholdRow, ThresholdWay},
    refusal::ThresholdRefusal,
};
use crate::{
    journal::{Entry, Event},
    time::Timestamp,
};

/// The fate of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ProposalState {
    /// Nobody has decided yet.
    Open,
    /// The row was changed since, by this proposal or by another change.
    Closed {
        /// The entry that tells of it.
        entry: u64,
    },
    /// A person declined it, or undid the change.
    Declined {
        /// The entry that tells of it.
        entry: u64,
        /// The reason.
        reason: String,
    },
}

/// A proposed change of a row; its number is that of its entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ThresholdProposal {
    /// The number.
    pub number: u64,
    /// The time at which it was made.
    pub at: Timestamp,
    /// The row.
    pub row: ThresholdRow,
    /// The row as it was judged.
    pub before: ThresholdCells,
    /// The row as it would be.
    pub after: ThresholdCells,
    /// The evidence.
    pub evidence: ProposalEvidence,
    /// Its fate.
    pub state: ProposalState,
}

/// Proposals by number, folded from their entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThresholdProposals(BTreeMap<u64, ThresholdProposal>);

impl ThresholdProposals {
    /// Folds entries in the order of their numbers; others change nothing.
    pub fn of(entries: &[Entry]) -> Self {
        let mut all = Self::default();
        entries.iter().for_each(|entry| all.take(entry));
        all
    }

    fn take(&mut self, entry: &Entry) {
        match &entry.event {
            Some(Event::ThresholdProposed { row, before, after, evidence }) => {
                // At most one of a row is open: the newest.
                self.close(row, entry.number);
                let proposal = ThresholdProposal {
                    number: entry.number,
                    at: entry.at,
                    row: row.clone(),
                    before: (**before).clone(),
                    after: (**after).clone(),
                    evidence: evidence.clone(),
                    state: ProposalState::Open,
                };
                self.0.insert(entry.number, proposal);
            }
            Some(Event::ThresholdChanged { row, before, after, reason, .. }) => {
                self.take_back(row, (before, after), (entry.number, reason));
                self.close(row, entry.number);
            }
            Some(Event::ThresholdDeclined { proposal, reason, .. }) => {
                if let Some(known) = self.0.get_mut(proposal) {
                    let reason = reason.clone();
                    known.state = ProposalState::Declined { entry: entry.number, reason };
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, row: &ThresholdRow, entry: u64) {
        for known in self.0.values_mut() {
            if known.is_open() && known.row.is_same(row) {
                known.state = ProposalState::Closed { entry };
            }
        }
    }

    /// A change that undoes what a proposal brought about declines it.
    fn take_back(
        &mut self,
        row: &ThresholdRow,
        (before, after): (&ThresholdCells, &ThresholdCells),
        (entry, reason): (u64, &str),
    ) {
        for known in self.0.values_mut() {
            let is_closed = matches!(known.state, ProposalState::Closed { .. });
            if is_closed
                && known.row.is_same(row)
                && known.after == *before
                && known.before == *after
            {
                known.state = ProposalState::Declined { entry, reason: reason.to_owned() };
            }
        }
    }

    /// A proposal by its number.
    pub fn get(&self, number: u64) -> Option<&ThresholdProposal> {
        self.0.get(&number)
    }

    /// All of them, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &ThresholdProposal> {
        self.0.values()
    }

    /// True if a change of a row is to be proposed: of a row that is as it was, none is open or was
    /// declined on evidence that tells as much.
    pub fn is_worth_telling(
        &self,
        row: &ThresholdRow,
        before: &ThresholdCells,
        after: &ThresholdCells,
        evidence: &ProposalEvidence,
    ) -> bool {
        let of_row = |known: &&ThresholdProposal| known.row.is_same(row) && known.before == *before;
        self.all().filter(of_row).all(|known| match &known.state {
            ProposalState::Closed { .. } => true,
            ProposalState::Open => known.after != *after && evidence.is_new(&known.evidence),
            ProposalState::Declined { .. } => evidence.is_new(&known.evidence),
        })
    }
}

impl ThresholdProposal {
    /// True while nobody has decided.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, ProposalState::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{actor::Actor, backtest::Benefit, hash::Hash, id::IncidentNumber, time::Span};

    fn row() -> ThresholdRow {
        let signal = "queue.depth".parse().unwrap();
        ThresholdRow { signal, subjects: "service:*".to_owned(), way: ThresholdWay::Level, line: 9 }
    }

    fn cells(held: &str) -> ThresholdCells {
        let text = |text: &str| text.to_owned();
        ThresholdCells {
            warning: text("above 100"),
            critical: text("-"),
            held: text(held),
            recovers_at: text("-"),
        }
    }

    fn earlier(incident: u32) -> ProposalEvidence {
        let (incident, by) = (IncidentNumber(incident), Span::from_mins(9));
        evidence(Benefit::Earlier { incident, by })
    }

    fn evidence(benefit: Benefit) -> ProposalEvidence {
        let (from, until) = (Timestamp::from_secs(0), Timestamp::from_secs(100));
        let (interruptions_today, interruptions_proposed) = (3, 3);
        let missed = Vec::new();
        ProposalEvidence {
            from,
            until,
            benefit,
            interruptions_today,
            interruptions_proposed,
            missed,
        }
    }

    fn entry(number: u64, event: Event) -> Entry {
        Entry { number, at: Timestamp::default(), actor: Actor::System, event: Some(event) }
    }

    fn proposed(number: u64, held: &str, evidence: ProposalEvidence) -> Entry {
        let (row, before, after) = (row(), cells("5 min").into(), cells(held).into());
        entry(number, Event::ThresholdProposed { row, before, after, evidence })
    }

    #[test]
    fn one_proposal_of_a_row_is_open_until_someone_decides() {
        let mut entries = vec![proposed(1, "3 min", earlier(7)), proposed(2, "2 min", earlier(8))];
        let all = ThresholdProposals::of(&entries);
        let is_told = |all: &ThresholdProposals, held: &str, evidence| {
            all.is_worth_telling(&row(), &cells("5 min"), &cells(held), &evidence)
        };
        assert_eq!(all.get(1).unwrap().state, ProposalState::Closed { entry: 2 });
        assert!(all.get(2).unwrap().is_open());
        assert!(!is_told(&all, "2 min", earlier(9)), "it is open");
        assert!(!is_told(&all, "1 min", earlier(8)), "another one is open");
        assert!(is_told(&all, "1 min", earlier(9)));
        let (signal, reason) = (row().signal, "It is noisy.".to_owned());
        entries.push(entry(3, Event::ThresholdDeclined { proposal: 2, signal, reason }));
        let all = ThresholdProposals::of(&entries);
        assert!(!all.get(2).unwrap().is_open());
        for held in ["2 min", "1 min"] {
            assert!(!is_told(&all, held, earlier(8)), "{held}");
        }
        assert!(is_told(&all, "2 min", earlier(9)), "another incident");
        let (before, after) = (cells("5 min"), cells("2 min"));
        let told = |row: &ThresholdRow, before: &ThresholdCells| {
            all.is_worth_telling(row, before, &after, &earlier(8))
        };
        let moved = ThresholdRow { line: 10, ..row() };
        let other = ThresholdRow { way: ThresholdWay::Rise, ..row() };
        assert!(!told(&moved, &before) && told(&other, &before));
        assert!(told(&row(), &cells("4 min")), "the row is another one now");
    }

    fn changed(number: u64, held: (&str, &str)) -> Entry {
        let event = Event::ThresholdChanged {
            document: "alerts/thresholds.md".to_owned(),
            row: row(),
            before: cells(held.0).into(),
            after: cells(held.1).into(),
            from: Hash::GENESIS,
            to: Hash::GENESIS,
            patch: String::new(),
            reason: format!("Reason {number}."),
            proposal: None,
            by: None,
        };
        entry(number, event)
    }

    #[test]
    fn a_change_that_is_undone_is_not_proposed_again() {
        let mut entries = vec![proposed(1, "2 min", earlier(7)), changed(2, ("5 min", "2 min"))];
        let all = ThresholdProposals::of(&entries);
        assert_eq!(all.get(1).unwrap().state, ProposalState::Closed { entry: 2 });
        let is_told = |all: &ThresholdProposals, evidence| {
            all.is_worth_telling(&row(), &cells("5 min"), &cells("2 min"), &evidence)
        };
        assert!(is_told(&all, earlier(7)), "the row is the accepted one");
        entries.push(changed(3, ("2 min", "4 min")));
        entries.push(changed(4, ("4 min", "5 min")));
        let all = ThresholdProposals::of(&entries);
        assert_eq!(all.get(1).unwrap().state, ProposalState::Closed { entry: 2 }, "not undone");
        entries.truncate(2);
        entries.push(changed(3, ("2 min", "5 min")));
        let all = ThresholdProposals::of(&entries);
        let declined = ProposalState::Declined { entry: 3, reason: "Reason 3.".to_owned() };
        assert_eq!(all.get(1).unwrap().state, declined);
        assert!(!is_told(&all, earlier(7)) && is_told(&all, earlier(8)));
    }

    #[test]
    fn fewer_interruptions_are_new_evidence_when_they_are_twice_as_many() {
        let fewer = |fewer| evidence(Benefit::Quieter { fewer });
        assert!(!fewer(5).is_new(&fewer(3)));
        assert!(fewer(6).is_new(&fewer(3)));
        assert!(!earlier(9).is_new(&fewer(3)), "the same time tells no more");
    }

    #[test]
    fn evidence_without_missed_incidents_is_stored_as_it_was() {
        let text = serde_json::to_string(&earlier(7)).unwrap();
        assert!(!text.contains("missed"), "{text}");
        assert_eq!(serde_json::from_str::<ProposalEvidence>(&text).unwrap(), earlier(7));
    }

    #[test]
    fn a_change_tells_the_cells_that_differ() {
        let (before, after) = (cells("5 min"), cells("3 min"));
        assert_eq!(before.differences(&after), [("for", "5 min", "3 min")]);
        assert_eq!(before.differences(&before), []);
        let text = serde_json::to_string(&before).unwrap();
        assert!(text.contains(r#""for":"5 min""#), "{text}");
    }
}
