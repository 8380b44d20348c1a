//! State of the page about protection, and the forms of it that were refused.

use commands::protection::ProtectionPage as View;
use domain::{actor::Actor, protection::Protection, time::Timestamp};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wording::humanize;

use crate::problem::{Problem, SIGN_IN};

/// The address of the page, which also takes its forms.
pub(crate) const PATH: &str = "/ops/protection";

/// A form of the page that was refused, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedProtection {
    /// The word of the form.
    pub what: String,
    /// The reason that was typed.
    pub reason: String,
    /// The reason for the refusal.
    pub problem: Problem,
}

/// State of the page, kept in step with the journal.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub view: RwSignal<View>,
    pub refused: StoredValue<Option<RefusedProtection>>,
}

impl State {
    /// The protection in force.
    pub fn protection<T>(self, read: impl FnOnce(&Protection) -> T) -> T {
        self.view.with(|view| read(&view.protection))
    }

    /// The form that was refused, if it was this one.
    pub fn refused(self, what: &str) -> Option<RefusedProtection> {
        self.refused.with_value(|refused| refused.clone().filter(|one| one.what == what))
    }
}

/// The reason for a refusal, and what to do.
pub(super) fn refusal(refused: Option<RefusedProtection>) -> Option<AnyView> {
    let RefusedProtection { problem, .. } = refused?;
    let link = problem.asks_for_sign_in().then(|| {
        view! { " " <a href=format!("{SIGN_IN}{PATH}") rel="external">"Sign in"</a> }
    });
    Some(view! { <p class="said refused" role="status">{problem.sentence} {link}</p> }.into_any())
}

/// The text of a person beside their name and the time.
pub(super) fn by(state: State, actor: Actor, at: Timestamp) -> String {
    let who = state.view.with(|view| view.names.of(actor));
    format!("{who}, {}", humanize::moment(at))
}
