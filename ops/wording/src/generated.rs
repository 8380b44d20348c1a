//! Words about generated data, which `calm-ops simulate week` and `history` make.

use domain::{text::isolated, time::Timestamp};

use crate::humanize;

/// Beginning of the notice about generated data, by which pages know it.
const BEGINNING: &str = "This is generated data, ";

/// The mark of everything that leaves a server whose journal begins with generated data.
pub const MARK: &str = "This Calm Ops began with generated data that did not happen.";

/// The end of generated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A moment.
    At(Timestamp),
    /// The first start of the server.
    FirstStart,
    /// The same, of a simulation that was interrupted.
    Interrupted,
}

/// The notice of a server whose journal begins with generated data.
pub fn notice(simulation: &str, seed: u64, end: End) -> String {
    let until = match end {
        End::At(at) => humanize::moment(at),
        End::FirstStart | End::Interrupted => "the first start of the server".to_owned(),
    };
    let part = if end == End::Interrupted {
        " The simulation was interrupted, so it is not complete: make a new one in a new folder."
    } else {
        ""
    };
    format!(
        "{BEGINNING}made by 'calm-ops simulate {}' with the seed {seed}, up to {until}. Nothing of that happened.{part} What this host reports since then is real, and commands that are approved now really run.",
        isolated(simulation)
    )
}

/// True for the notice about generated data.
pub fn is_notice(sentence: &str) -> bool {
    sentence.starts_with(BEGINNING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_claims_nothing_of_what_came_after_generated_data() {
        let until = Timestamp::from_micros(0);
        let whole = notice("week", 1, End::At(until));
        assert!(is_notice(&whole), "{whole}");
        assert!(whole.contains("up to 1 Jan 1970, 00:00:00 UTC."), "{whole}");
        let open = notice("history", 1, End::FirstStart);
        assert!(open.contains("up to the first start of the server."), "{open}");
        let part = notice("week", 1, End::Interrupted);
        assert!(part.contains("interrupted, so it is not complete"), "{part}");
        assert!(!open.contains("interrupted") && is_notice(&part));
        assert!(!is_notice("The clock jumped."));
    }
}
