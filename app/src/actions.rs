//! Steps that a person takes on an incident, on a recommendation, and in the settings: a server
//! function each, used by several pages, with and without Wasm.

#[cfg(feature = "ssr")]
mod execute;
mod settings;
mod step;

use leptos::prelude::*;

use crate::problem::Problem;

pub use settings::{
    Changed, Done, Fields, NewSecret, Section, SettingsForm, SettingsOutcome, SettingsStep,
};
#[cfg(feature = "ssr")]
pub use step::Sent;
pub use step::{Outcome, Refused, Step};

pub(crate) use step::Place;

/// Carries out what a form asks for on an incident, or on the recommendation at a place of it.
/// `text` is the comment, the note or the reason, `binding` what an approval is for, and
/// `inspection` the key of what is looked at. Answers with the sentence that is said then.
#[server(prefix = "/api/pages", endpoint = "act")]
pub async fn act(
    incident: u32,
    what: String,
    #[server(default)] text: String,
    #[server(default)] place: String,
    #[server(default)] binding: String,
    #[server(default)] inspection: String,
) -> Result<String, Problem> {
    let sent = Sent {
        step: Step::named(&what),
        text,
        place: place.parse().ok(),
        binding,
        seen: String::new(),
        inspection,
    };
    execute::act(incident, &sent).await
}

/// Carries out the form of the settings that `what` names. `id` names the contact, session, member
/// or other item that it changes; `fields` holds what was typed, and `chosen` what was ticked.
#[server(prefix = "/api/pages", endpoint = "change-settings")]
pub async fn change_settings(
    what: String,
    #[server(default)] id: String,
    #[server(default)] fields: Fields,
    #[server(default)] chosen: Vec<String>,
) -> Result<Changed, Problem> {
    use crate::{accounts, backend};

    backend::header(http::header::CACHE_CONTROL, "private, no-store");
    let form = SettingsForm { what, id, fields, chosen };
    let known = backend::known().ok_or_else(backend::lost).and_then(|(_, principal)| {
        accounts::backend().map(|backend| backend.change(principal, form))
    });
    // Not awaited where the context is borrowed.
    let pending = known.map_err(backend::refuse)?;
    pending.await.map_err(|error| backend::refuse(error.into()))
}
