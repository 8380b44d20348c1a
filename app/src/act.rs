//! What a person can do to an incident, as a page that is alive asks for it. Without Wasm its forms do the same: see `posted`.

use leptos::prelude::*;

use crate::problem::Problem;

/// Does one of `acknowledge`, `comment`, `resolve`, `reopen` to an incident; `text` is the comment or the note. Answers what is said then.
#[server(prefix = "/api/pages", endpoint = "act")]
pub async fn act(incident: u32, what: String, #[server(default)] text: String) -> Result<String, Problem> {
    use crate::{deed::Deed, door, problem::Kind};
    use rules::incident::IncidentNumber;
    let Some(deed) = Deed::named(&what) else {
        let sentence = "What was sent could not be read. Nothing was changed. Reload the page and try again.".to_owned();
        return Err(door::refuse(Problem { kind: Kind::Invalid, sentence }));
    };
    door::act(deed.command(IncidentNumber(incident), text)).await?;
    Ok(deed.sentence().to_owned())
}
