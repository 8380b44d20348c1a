//! The needs of a practice in the documents: a row of the thresholds, and a command that changes
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

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: &str = include_str!("../../alerts/thresholds.md");
    const COMMANDS: &str = include_str!("../../runbooks/recovery.commands.md");

    fn checked(thresholds: &str, commands: &str) -> Result<(), PracticeRefusal> {
        let signals = fixtures::signals();
        check(
            &Thresholds::parse("thresholds.md", thresholds, signals).unwrap(),
            &Catalogue::parse("commands.md", commands, &[], signals).unwrap(),
        )
    }

    #[test]
    fn the_documents_have_what_a_practice_needs_until_someone_deletes_it() {
        assert_eq!(checked(THRESHOLDS, COMMANDS), Ok(()));
        let without = |text: &str, part: &str| {
            let lines = text.lines().filter(|line| !line.contains(part));
            lines.collect::<Vec<_>>().join("\n")
        };
        let gone = without(THRESHOLDS, "| `practice.pressure` |");
        assert_eq!(checked(&gone, COMMANDS), Err(PracticeRefusal::NoRow));
        let higher =
            THRESHOLDS.replace("above 50% | 0 s | - | This", "above 100% | 0 s | - | This");
        assert_ne!(higher, THRESHOLDS);
        assert_eq!(checked(&higher, COMMANDS), Err(PracticeRefusal::NoRow));
        let (before, _) = COMMANDS.split_once("## practice").unwrap();
        assert_eq!(checked(THRESHOLDS, before), Err(PracticeRefusal::NoCommand));
        // What acts on something is no command of a practice.
        let acts = COMMANDS.replace("| runs | `true` |", "| runs | `certbot renew` |");
        assert_eq!(checked(THRESHOLDS, &acts), Err(PracticeRefusal::NoCommand));
    }
}
