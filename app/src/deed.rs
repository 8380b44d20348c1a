//! What a person can do to an incident, and what is said when it is done.

use rules::{desk::Command, incident::IncidentNumber};

/// What a person does to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Take note of it.
    Acknowledge,
    /// Write on its timeline.
    Comment,
    /// End it.
    Resolve,
    /// Open it again.
    Reopen,
}

impl Deed {
    const ALL: [Self; 4] = [Self::Acknowledge, Self::Comment, Self::Resolve, Self::Reopen];

    /// What a form calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Comment => "comment",
            Self::Resolve => "resolve",
            Self::Reopen => "reopen",
        }
    }

    /// The word that stands in the address when a form without Wasm has done it.
    pub(crate) const fn done(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledged",
            Self::Comment => "written",
            Self::Resolve => "resolved",
            Self::Reopen => "reopened",
        }
    }

    /// What is said when it is done.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Acknowledge => "Acknowledged. The team sees that someone is on it.",
            Self::Comment => "Written on the timeline.",
            Self::Resolve => "Resolved. It stays in the history, and can be opened again.",
            Self::Reopen => "Open again. Calm Ops watches it.",
        }
    }

    /// Where that is said: beside the button that was pressed.
    pub(crate) const fn place(self) -> &'static str {
        match self {
            Self::Acknowledge | Self::Resolve | Self::Reopen => "said-steps",
            Self::Comment => "said-comment",
        }
    }

    /// The deed that a form names.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.name() == name)
    }

    /// The deed that an address says was done. Whatever else stands there says nothing.
    pub(crate) fn of_done(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.done() == word)
    }

    /// As the desk takes it; `text` is the comment or the note.
    pub(crate) fn command(self, incident: IncidentNumber, text: String) -> Command {
        match self {
            Self::Acknowledge => Command::Acknowledge { incident },
            Self::Comment => Command::Comment { incident, text },
            Self::Resolve => Command::Resolve { incident, note: text },
            Self::Reopen => Command::Reopen { incident, note: text },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deed_is_found_by_its_words_and_by_no_other() {
        for deed in Deed::ALL {
            assert_eq!((Deed::named(deed.name()), Deed::of_done(deed.done())), (Some(deed), Some(deed)));
            assert!(deed.sentence().ends_with('.'));
        }
        assert_eq!((Deed::named("delete"), Deed::of_done("<script>")), (None, None));
    }
}
