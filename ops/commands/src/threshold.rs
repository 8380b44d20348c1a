//! Changes of rows of the thresholds: the page, trials on stored history, and what people decide about
//! proposals.

use domain::{
    backtest::{Comparison, FoundIncident, MovedIncident},
    error::{Conflict, Entity, Error, FieldReason},
    hash::Hash,
    id::IncidentNumber,
    input::checked,
    journal::{Cursor, Event},
    signal::Signal,
    subject::Subject,
    threshold::{
        ThresholdCells, ThresholdProposal, ThresholdProposals, ThresholdRefusal, ThresholdRow,
    },
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::backtest::{BacktestReport, Interruptions};

/// The periods that can be tried, in days. Minutes are kept for 90 days, hours for two years.
pub const TRIAL_DAYS: [u32; 4] = [7, 30, 90, 730];
/// The longest text of a cell, in characters.
pub const LONGEST_CELL: usize = 100;
/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 200;
/// The most incidents of each kind that a trial tells.
const MOST_TOLD: usize = 20;

/// A change of a row, bound to the document as it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ThresholdEdit {
    /// SHA-256 of the document that was shown.
    pub document: Hash,
    /// The line of the row in it, from 1.
    pub line: u32,
    /// The new texts.
    pub cells: ThresholdCells,
    /// The proposal that is accepted, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<u64>,
}

impl ThresholdEdit {
    /// The same with texts as they stand in a document: in one line, and `-` for nothing.
    pub fn checked(self) -> Result<Self, Error> {
        let cell = |field: &'static str, text: &str| -> Result<String, Error> {
            let text = checked_line(field, text, LONGEST_CELL, false)?;
            Ok(if text.is_empty() { "-".to_owned() } else { text })
        };
        let cells = ThresholdCells {
            warning: cell("warning", &self.cells.warning)?,
            critical: cell("critical", &self.cells.critical)?,
            held: cell("for", &self.cells.held)?,
            recovers_at: cell("recovers_at", &self.cells.recovers_at)?,
        };
        if cells.warning == "-" && cells.critical == "-" {
            let expected =
                "a threshold, here or as critical: to switch a row off, edit the document";
            return Err(Error::invalid("warning", FieldReason::Expected(expected.into())));
        }
        Ok(Self { cells, ..self })
    }
}

/// A text of one line.
fn checked_line(
    field: &'static str,
    text: &str,
    most: usize,
    required: bool,
) -> Result<String, Error> {
    let text = checked(field, text, required)?.unwrap_or_default();
    let length = text.chars().count();
    if length > most {
        return Err(Error::invalid(field, FieldReason::TooLong { most, length }));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return Err(Error::invalid(field, FieldReason::ControlCharacter(control)));
    }
    Ok(text)
}

/// The reason of a change, in one line.
pub fn checked_reason(reason: &str) -> Result<String, Error> {
    checked_line("reason", reason, LONGEST_REASON, true)
}

/// A row that can be changed on the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EditableRow {
    /// The row.
    pub row: ThresholdRow,
    /// Its cells as the document has them.
    pub cells: ThresholdCells,
}

/// An open proposal, with one of the subjects that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OfferedThreshold {
    /// The subject.
    pub subject: Subject,
    /// The proposal.
    pub proposal: ThresholdProposal,
}

/// The reason the document can't be written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WriteObstacle {
    /// The built-in documents are in use.
    BuiltIn,
    /// The folder or its file system can't be written.
    ReadOnly,
}

/// Rows of the thresholds that are in force for a signal, as the document has them now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ThresholdPage {
    /// The journal position at which it was read.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub cursor: Cursor,
    /// The subject.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// Path of the document inside the documents' directory.
    pub document: String,
    /// SHA-256 of the document.
    pub hash: Hash,
    /// The rows in force: by level, by the rate of change, by a forecast.
    pub rows: Vec<EditableRow>,
    /// The first mistake of the document, if it has one: then nothing can be changed here.
    pub mistake: Option<String>,
    /// The reason the document can't be written, if it can't.
    pub obstacle: Option<WriteObstacle>,
    /// Proposals for these rows, newest first.
    pub proposals: Vec<ThresholdProposal>,
    /// True if the caller may try a change.
    pub may_try: bool,
    /// True if the caller may change a row.
    pub may_change: bool,
}

/// A change of a row, tried on stored history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ThresholdTrial {
    /// The change as it would be made.
    pub edit: ThresholdEdit,
    /// The first moment of history that was judged; `None` if there is none.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// Since when history is minutes: before that it is hours, and approximate.
    pub minutes_since: Timestamp,
    /// The number of days that were asked for.
    pub days: u32,
    /// The time zone of the team, by whose clocks it is night.
    pub zone: String,
    /// Number of incidents that the row in force opens, with all other rows.
    pub today: usize,
    /// Number of incidents that the changed row opens, with all other rows.
    pub proposed: usize,
    /// Incidents that only the changed row opens; the first of them.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Object>))]
    pub added: Vec<FoundIncident>,
    /// Their number.
    pub added_count: usize,
    /// Incidents that are not opened any more; the first of them.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Object>))]
    pub removed: Vec<FoundIncident>,
    /// Their number.
    pub removed_count: usize,
    /// Incidents that open earlier or later; the first of them.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Object>))]
    pub moved: Vec<MovedIncident>,
    /// Their number.
    pub moved_count: usize,
    /// Incidents that there were, and that would have been missed.
    pub missed: Vec<IncidentNumber>,
    /// Incidents that there were, and that only the changed row finds.
    pub gained: Vec<IncidentNumber>,
    /// The number of incidents that there were in this time.
    pub known: usize,
    /// Interruptions under the row in force.
    #[cfg_attr(feature = "schema", schema(value_type = Object))]
    pub interruptions_today: Interruptions,
    /// Interruptions under the changed one.
    #[cfg_attr(feature = "schema", schema(value_type = Object))]
    pub interruptions_proposed: Interruptions,
    /// The difference of the documents, as a patch (unified format).
    pub patch: String,
}

impl ThresholdTrial {
    /// The trial that a report of a backtest comes to; `None` if it compared nothing.
    pub fn of(edit: ThresholdEdit, days: u32, zone: &str, report: BacktestReport) -> Option<Self> {
        let proposed = report.proposed?;
        let Comparison { added, removed, moved, same, missed, gained, .. } = proposed.comparison;
        Some(Self {
            edit,
            from: report.from,
            until: report.until,
            minutes_since: report.minutes_since,
            days,
            zone: zone.to_owned(),
            today: same + moved.len() + removed.len(),
            proposed: same + moved.len() + added.len(),
            added_count: added.len(),
            added: first(added, brief),
            removed_count: removed.len(),
            removed: first(removed, brief),
            moved_count: moved.len(),
            moved: first(moved, |one| MovedIncident {
                today: brief(one.today),
                proposed: brief(one.proposed),
            }),
            missed,
            gained,
            known: report.known,
            interruptions_today: proposed.today,
            interruptions_proposed: proposed.proposed,
            patch: proposed.difference,
        })
    }
}

fn first<T>(all: Vec<T>, brief: impl FnMut(T) -> T) -> Vec<T> {
    all.into_iter().take(MOST_TOLD).map(brief).collect()
}

/// Without the moments of its interruptions, which can be many.
fn brief(one: FoundIncident) -> FoundIncident {
    FoundIncident { interruptions: Vec::new(), ..one }
}

/// Declines a proposal.
pub fn decline(all: &ThresholdProposals, number: u64, reason: &str) -> Result<Vec<Event>, Error> {
    let known = open(all, number)?;
    let (signal, reason) = (known.row.signal.clone(), checked_reason(reason)?);
    Ok(vec![Event::ThresholdDeclined { proposal: number, signal, reason }])
}

/// A proposal about which nobody has decided.
pub fn open(all: &ThresholdProposals, number: u64) -> Result<&ThresholdProposal, Error> {
    let known = all.get(number).ok_or(Error::NotFound(Entity::ThresholdProposal(number)))?;
    if known.is_open() {
        Ok(known)
    } else {
        Err(Conflict::Threshold(ThresholdRefusal::ProposalEnded(number)).into())
    }
}

/// True for a number of days that can be tried.
pub fn check_days(days: u32) -> Result<(), Error> {
    if TRIAL_DAYS.contains(&days) {
        return Ok(());
    }
    let expected = "7, 30, 90 or 730";
    Err(Error::invalid("days", FieldReason::Expected(expected.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(warning: &str, critical: &str) -> ThresholdEdit {
        let text = |text: &str| text.to_owned();
        let cells = ThresholdCells {
            warning: text(warning),
            critical: text(critical),
            held: text(" 3 min "),
            recovers_at: text(""),
        };
        ThresholdEdit { document: Hash::GENESIS, line: 9, cells, proposal: None }
    }

    #[test]
    fn texts_stand_in_a_cell_and_a_row_keeps_a_threshold() {
        let cells = edit("above 5", "").checked().unwrap().cells;
        assert_eq!(cells.texts(), ["above 5", "-", "3 min", "-"]);
        for (warning, critical, field) in [
            ("", " - ", "warning"),
            ("above 5\nx", "", "warning"),
            ("above 5", "x\u{202e}", "critical"),
        ] {
            let Err(Error::InvalidField { field: found, .. }) = edit(warning, critical).checked()
            else {
                panic!("{warning:?} was taken")
            };
            assert_eq!(found, field);
        }
        assert!(edit(&"9".repeat(101), "").checked().is_err());
    }

    #[test]
    fn a_reason_is_one_line() {
        assert_eq!(checked_reason(" Too noisy. ").unwrap(), "Too noisy.");
        for text in ["", " ", "a\nb", &"x".repeat(201)] {
            assert!(checked_reason(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_proposal_that_is_not_there_is_not_declined() {
        let none = ThresholdProposals::default();
        let missing = Error::NotFound(Entity::ThresholdProposal(7));
        assert_eq!(decline(&none, 7, "x"), Err(missing));
        assert!(check_days(30).is_ok() && check_days(31).is_err());
    }
}
