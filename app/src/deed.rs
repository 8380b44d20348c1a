//! What a person can do to an incident and to what is recommended for it, and what is said when it
//! is done.

use commands::command::{
    Acknowledge, Approve, CancelRun, Command, Comment, Decline, Reopen, Resolve,
};
use domain::{
    error::ErrorKind,
    hash::Hash,
    id::{IncidentNumber, RecommendationId},
};

use crate::{problem::Problem, urlencoded::Form};

/// What a person does.
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
    /// Say yes to a recommendation.
    Approve,
    /// Say no to a recommendation.
    Decline,
    /// End a run early.
    Cancel,
}

impl Deed {
    const ALL: [Self; 7] = [
        Self::Acknowledge,
        Self::Comment,
        Self::Resolve,
        Self::Reopen,
        Self::Approve,
        Self::Decline,
        Self::Cancel,
    ];

    /// What a form calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Comment => "comment",
            Self::Resolve => "resolve",
            Self::Reopen => "reopen",
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Cancel => "cancel",
        }
    }

    /// The word that stands in the address when a form without Wasm has done it.
    pub(crate) const fn done(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledged",
            Self::Comment => "written",
            Self::Resolve => "resolved",
            Self::Reopen => "reopened",
            Self::Approve => "approved",
            Self::Decline => "declined",
            Self::Cancel => "cancelled",
        }
    }

    /// What is said when it is done.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Acknowledge => "Acknowledged. The team sees that someone is on it.",
            Self::Comment => "Written on the timeline.",
            Self::Resolve => "Resolved. It stays in the history, and can be opened again.",
            Self::Reopen => "Open again. Calm Ops watches it.",
            Self::Approve => "Your yes is in the journal. This page shows what becomes of it.",
            Self::Decline => {
                "Declined. Nothing was run. The incident shows what is recommended now."
            }
            Self::Cancel => "It is being ended. This page shows when it is over.",
        }
    }

    /// Where that is said: beside the button that was pressed.
    pub(crate) const fn place(self) -> &'static str {
        match self {
            Self::Acknowledge | Self::Resolve | Self::Reopen => "said-steps",
            Self::Comment => "said-comment",
            Self::Approve | Self::Decline | Self::Cancel => "said-decision",
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
}

/// What a form asks for, as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What, if that could be read.
    pub deed: Option<Deed>,
    /// The comment, the note or the reason.
    pub text: String,
    /// Of which recommendation of the incident.
    pub place: Option<u32>,
    /// What was decided upon: the hash that stood in the form.
    pub binding: String,
    /// The same in words, as it stood in the form: only ever shown to who sent it.
    pub seen: String,
}

/// The most of what a form says that it showed.
const MOST_SEEN: usize = 8_000;

impl Asked {
    /// From the body of a form.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Problem> {
        let form = Form::read(body)?;
        Ok(Self {
            deed: Deed::named(form.get("what")),
            text: form.get("text").to_owned(),
            place: form.get("place").parse().ok(),
            binding: form.get("binding").to_owned(),
            seen: form.get("seen").chars().take(MOST_SEEN).collect(),
        })
    }

    /// As the service takes it.
    pub(crate) fn command(&self, incident: IncidentNumber) -> Result<Command, Problem> {
        let unread = || {
            Problem {
            kind: ErrorKind::Invalid,
            sentence: "What was sent could not be read. Nothing was changed. Look at the page and try again.".to_owned(),
        }
        };
        let recommendation =
            || self.place.map(|place| RecommendationId { incident, place }).ok_or_else(unread);
        let text = || self.text.clone();
        Ok(match self.deed.ok_or_else(unread)? {
            Deed::Acknowledge => Command::Acknowledge(Acknowledge { incident }),
            Deed::Comment => Command::Comment(Comment { incident, text: text() }),
            Deed::Resolve => Command::Resolve(Resolve { incident, note: text() }),
            Deed::Reopen => Command::Reopen(Reopen { incident, note: text() }),
            Deed::Approve => Command::Approve(Approve {
                recommendation: recommendation()?,
                binding: self.binding.parse::<Hash>().map_err(|_| unread())?,
            }),
            Deed::Decline => {
                Command::Decline(Decline { recommendation: recommendation()?, reason: text() })
            }
            Deed::Cancel => Command::CancelRun(CancelRun { recommendation: recommendation()? }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deed_is_found_by_its_words_and_by_no_other() {
        for deed in Deed::ALL {
            assert_eq!(
                (Deed::named(deed.name()), Deed::of_done(deed.done())),
                (Some(deed), Some(deed))
            );
            assert!(deed.sentence().ends_with('.'));
        }
        assert_eq!((Deed::named("delete"), Deed::of_done("<script>")), (None, None));
    }

    #[test]
    fn an_approval_names_what_it_is_for_or_is_not_read() {
        let number = IncidentNumber(42);
        let read = |form: &str| Asked::read(form.as_bytes())?.command(number);
        let binding = Hash([7; 32]);
        let good = read(&format!("what=approve&place=1&binding={binding}")).unwrap();
        assert_eq!(
            good,
            Command::Approve(Approve {
                recommendation: RecommendationId { incident: number, place: 1 },
                binding
            })
        );
        let (no_place, no_binding) =
            (format!("what=approve&binding={binding}"), "what=approve&place=1");
        for bad in [
            no_place.as_str(),
            no_binding,
            "what=approve&place=1&binding=",
            "what=approve&place=x&binding=00",
            "what=decline",
            "what=decline&place=2&text=%ff",
            "what=decline&what=approve&place=2",
            "",
        ] {
            assert_eq!(read(bad).unwrap_err().kind, ErrorKind::Invalid, "{bad}");
        }
        let said = read("what=decline&place=2&text=not+now").unwrap();
        let recommendation = RecommendationId { incident: number, place: 2 };
        assert_eq!(said, Command::Decline(Decline { recommendation, reason: "not now".into() }));
    }
}
