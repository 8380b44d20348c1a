//! What a person can do, as a page that is alive asks for it. Without Wasm its forms do the same:
//! see `posted`.

use leptos::prelude::*;

use crate::problem::Problem;

/// Does what a form asks for to an incident, or to the recommendation at a place of it; `text` is
/// the comment, the note or the reason, and `binding` what an approval is for. Answers what is said
/// then.
#[server(prefix = "/api/pages", endpoint = "act")]
pub async fn act(
    incident: u32,
    what: String,
    #[server(default)] text: String,
    #[server(default)] place: String,
    #[server(default)] binding: String,
) -> Result<String, Problem> {
    use crate::{
        deed::{Asked, Deed},
        door,
    };
    door::header(http::header::CACHE_CONTROL, "private, no-store");
    let asked = Asked {
        deed: Deed::named(&what),
        text,
        place: place.parse().ok(),
        binding,
        seen: String::new(),
    };
    crate::posted::act(door::known(), domain::id::IncidentNumber(incident), &asked)
        .await
        .map_err(door::refuse)?;
    Ok(asked.deed.map(Deed::sentence).unwrap_or_default().to_owned())
}
