//! State of the page, and a form of it that was refused.

use std::collections::BTreeMap;

use commands::review::ReviewPage;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// The route of the page, which also takes its forms.
#[cfg(feature = "ssr")]
pub(crate) const PATH: &str = "/ops/incidents/{id}/review";

/// The address of the review of an incident.
pub(crate) fn address(incident: u32) -> String {
    format!("/ops/incidents/{incident}/review")
}

/// A form that was refused, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedReview {
    /// The word of the form: `save`, `rate`, `add`, `done` or `drop`.
    pub what: String,
    /// The fields that were sent, by their names.
    pub fields: BTreeMap<String, String>,
    /// The reason for the refusal.
    pub problem: Problem,
}

impl RefusedReview {
    /// A field as it was sent.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// True if it was this form; those of a step name it.
    pub(crate) fn is_form(&self, what: &str, step: Option<u64>) -> bool {
        self.what == what && step.is_none_or(|step| self.field("step").parse() == Ok(step))
    }
}

/// The page, or what was typed where it can't be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReviewAnswer {
    /// The page.
    Page(Box<ReviewView>),
    /// The page can't be shown, and a form of it was refused: what was typed is kept.
    Kept {
        /// The number of the incident, as it stands in the address.
        id: String,
        /// The reason why the page can't be shown.
        problem: Problem,
        /// The form.
        refused: Box<RefusedReview>,
    },
}

/// The page, and what came of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewView {
    /// The review.
    pub page: ReviewPage,
    /// The form that was refused.
    pub refused: Option<RefusedReview>,
    /// The word that a form led back with.
    pub done: String,
}

/// State of the page, kept in step with the journal. What was typed is no part of it.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub page: RwSignal<ReviewPage>,
    pub refused: StoredValue<Option<RefusedReview>>,
    pub done: StoredValue<String>,
}

impl State {
    pub fn new(view: ReviewView) -> Self {
        let ReviewView { page, refused, done } = view;
        Self {
            page: RwSignal::new(page),
            refused: StoredValue::new(refused),
            done: StoredValue::new(done),
        }
    }

    /// The number of the incident.
    pub fn number(self) -> u32 {
        self.page.with_untracked(|page| page.incident.0)
    }

    /// Takes a page that was loaded again. An answer may be older than the last one, or of another
    /// incident.
    pub fn take(self, page: &ReviewPage) {
        let is_newer = |known: &ReviewPage| {
            known.incident == page.incident && known.cursor.number <= page.cursor.number
        };
        if self.page.try_with_untracked(is_newer) == Some(true) {
            self.page.set(page.clone());
        }
    }

    /// The form that was refused, if it was this one.
    pub fn refused(self, what: &str, step: Option<u64>) -> Option<RefusedReview> {
        self.refused.with_value(|refused| refused.clone().filter(|one| one.is_form(what, step)))
    }
}
