//! State of the page, and a form of it as it was sent.

use commands::status_page::StatusPageView;
use domain::status_page::NoticeState;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// The address of the page, which also takes its forms.
pub(crate) const PATH: &str = "/ops/status";

/// The page, and a form of it that was looked at first or refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusView {
    /// Everything that is published.
    pub page: StatusPageView,
    /// The incident for which a new notice is to be published.
    pub incident: Option<u32>,
    /// The form that was sent and not carried out.
    pub sent: Option<SentStatus>,
}

/// The outcome of a form that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SentOutcome {
    /// Shown as it would be published.
    Preview,
    /// Refused.
    Refused(Problem),
}

/// A form that was sent and not carried out, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentStatus {
    /// The word of the form: `notice`, `update` or `withdraw`.
    pub what: String,
    /// The number of the notice.
    pub notice: String,
    /// The number of the update that is to be withdrawn.
    pub update: String,
    /// The incident that a new notice is about.
    pub incident: String,
    /// The word of the state.
    pub state: String,
    /// The title.
    pub title: String,
    /// The text.
    pub text: String,
    /// The reason for a withdrawal.
    pub reason: String,
    /// The outcome.
    pub outcome: SentOutcome,
}

impl SentStatus {
    /// The state that was chosen.
    pub(super) fn chosen(&self) -> Option<NoticeState> {
        NoticeState::of(&self.state)
    }

    /// True if it was this form of a notice.
    pub(super) fn is(&self, what: &str, notice: u64) -> bool {
        self.what == what && self.notice.parse() == Ok(notice)
    }

    /// True if it is shown as it would be published.
    pub(super) fn is_preview(&self) -> bool {
        self.outcome == SentOutcome::Preview
    }
}
