//! What a person does to an incident and to what is recommended for it: one server function, used by
//! several pages, with and without Wasm.

#[cfg(feature = "ssr")]
mod execute;
mod step;

use leptos::prelude::*;

use crate::problem::Problem;

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
