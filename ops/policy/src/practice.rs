//! What a practice needs of the documents: a row of the thresholds, and a command that changes
//! nothing.

use domain::practice::{PRESSURE, PracticeRefusal, SIGNAL, subject};

use crate::{
    catalogue::{Catalogue, Command},
    thresholds::{Level, Thresholds},
};

/// Looks whether a practice would open an incident and have a command to recommend. People may have
/// deleted the rows for it.
pub fn check(thresholds: &Thresholds, catalogue: &Catalogue) -> Result<(), PracticeRefusal> {
    let subject = subject();
    let row = thresholds.rows_for(SIGNAL, subject.as_str()).level;
    let row = row.ok_or(PracticeRefusal::NoRow)?;
    let alerts =
        |level: Option<Level>| matches!(level, Some(Level::Above(level)) if level < PRESSURE);
    if !alerts(row.warning) && !alerts(row.critical) {
        return Err(PracticeRefusal::NoRow);
    }
    let commands = &row.guidance.commands;
    let helps = |command: &Command| {
        command.changes_nothing()
            && (commands.iter().any(|id| id == command.id())
                || command.helps().iter().any(|signal| signal.as_str() == SIGNAL))
    };
    if catalogue.commands().iter().any(helps) { Ok(()) } else { Err(PracticeRefusal::NoCommand) }
}
