//! Steps of people, the forms that ask for them, and what came of a form.

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// A step of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Acknowledge the incident.
    Acknowledge,
    /// Comment on its timeline.
    Comment,
    /// Look at something of the host.
    Inspect,
    /// Resolve it.
    Resolve,
    /// Reopen it.
    Reopen,
    /// Approve a recommendation.
    Approve,
    /// Decline a recommendation.
    Decline,
    /// Stop a run early.
    Cancel,
}

/// Place of a step's outcome: beside the button that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Under the steps of an incident.
    Steps,
    /// Under the comment form.
    Comment,
    /// At the decision.
    Decision,
    /// Under the looks at the host.
    Inspections,
}

impl Place {
    /// Id of the element.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Steps => "said-steps",
            Self::Comment => "said-comment",
            Self::Decision => "said-decision",
            Self::Inspections => "said-inspections",
        }
    }
}

impl Step {
    #[cfg(feature = "ssr")]
    const ALL: [Self; 8] = [
        Self::Acknowledge,
        Self::Comment,
        Self::Inspect,
        Self::Resolve,
        Self::Reopen,
        Self::Approve,
        Self::Decline,
        Self::Cancel,
    ];

    /// Name in a form.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Comment => "comment",
            Self::Inspect => "inspect",
            Self::Resolve => "resolve",
            Self::Reopen => "reopen",
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Cancel => "cancel",
        }
    }

    #[cfg(feature = "ssr")]
    /// Word in the address that a form without Wasm leads back to.
    pub(crate) const fn done(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledged",
            Self::Comment => "commented",
            Self::Inspect => "inspected",
            Self::Resolve => "resolved",
            Self::Reopen => "reopened",
            Self::Approve => "approved",
            Self::Decline => "declined",
            Self::Cancel => "cancelled",
        }
    }

    /// The sentence when it is done.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Acknowledge => "Acknowledged. The team can see you are on it.",
            Self::Comment => "Comment added.",
            Self::Inspect => "Done. The result is below and in the timeline.",
            Self::Resolve => "Resolved. You can find it in the history and reopen it.",
            Self::Reopen => "Reopened. Calm Ops is watching it again.",
            Self::Approve => "Approved. This page shows the progress.",
            Self::Decline => {
                "Declined. Nothing was run. See the incident for the next recommendation."
            }
            Self::Cancel => "Stopping it. This page updates when it has stopped.",
        }
    }

    /// Place of that sentence.
    pub(crate) const fn place(self) -> Place {
        match self {
            Self::Acknowledge | Self::Resolve | Self::Reopen => Place::Steps,
            Self::Comment => Place::Comment,
            Self::Inspect => Place::Inspections,
            Self::Approve | Self::Decline | Self::Cancel => Place::Decision,
        }
    }

    #[cfg(feature = "ssr")]
    /// The step that a form names.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    #[cfg(feature = "ssr")]
    /// The step that an address says was done. Whatever else stands there says nothing.
    pub(crate) fn of_done(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.done() == word)
    }
}

/// A form as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The step, if that could be read.
    pub step: Option<Step>,
    /// The comment, the note or the reason.
    pub text: String,
    /// Of which recommendation of the incident.
    pub place: Option<u32>,
    /// The hash of what was decided upon, as it stood in the form.
    pub binding: String,
    /// The same in words: only ever shown to whoever sent it.
    pub seen: String,
    /// The key of the inspection that was asked for.
    pub inspection: String,
}

/// A form that was refused without Wasm, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The form as it was sent.
    pub sent: Sent,
    /// The reason.
    pub problem: Problem,
}

/// The news of a page about a form that was sent without Wasm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// None was.
    #[default]
    None,
    /// Carried out.
    Done(Step),
    /// Refused.
    Refused(Box<Refused>),
}

impl Outcome {
    /// The refusal of this step.
    pub(crate) fn refused(&self, step: Step) -> Option<&Refused> {
        match self {
            Self::Refused(refused) if refused.sent.step == Some(step) => Some(refused),
            Self::None | Self::Done(_) | Self::Refused(_) => None,
        }
    }

    /// Class and sentence at a place; `None` if nothing is said there.
    pub(crate) fn said(&self, place: Place) -> Option<(&'static str, String)> {
        match self {
            Self::Done(step) if step.place() == place => {
                Some(("said done", step.sentence().to_owned()))
            }
            Self::Refused(refused)
                if refused.sent.step.map_or(Place::Steps, Step::place) == place =>
            {
                Some(("said refused", refused.problem.sentence.clone()))
            }
            Self::None | Self::Done(_) | Self::Refused(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_found_by_its_words_and_by_no_other() {
        for step in Step::ALL {
            assert_eq!(
                (Step::named(step.name()), Step::of_done(step.done())),
                (Some(step), Some(step))
            );
            assert!(step.sentence().ends_with('.'));
        }
        assert_eq!((Step::named("delete"), Step::of_done("<script>")), (None, None));
    }
}
