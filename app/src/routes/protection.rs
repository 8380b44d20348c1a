//! Protection: what is limited now and why, whether the agent may limit anyone, and safe mode. It
//! follows the journal by the same projection as the server.

mod measures;
mod safe_mode;
mod state;
mod traffic;

pub(crate) use measures::lift;
#[cfg(feature = "ssr")]
pub(crate) use state::PATH;
pub use state::RefusedProtection;

use commands::protection::ProtectionPage as View;
use domain::protection::Protection;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};
use wording::protection;

use crate::{
    components::page::followed,
    problem::Problem,
    state::{OpsStore, OpsStoreFields},
};
use state::State;

/// The page, and what is said about a form of it that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProtectionView {
    /// Protection in force.
    pub page: View,
    /// The form that was refused, and why.
    pub refused: Option<RefusedProtection>,
}

/// The page about protection.
#[server(prefix = "/api/pages", endpoint = "protection", input = GetUrl)]
pub async fn get_protection() -> Result<ProtectionView, Problem> {
    let page = crate::backend::execute(commands::reading::GetProtection {}).await?;
    Ok(ProtectionView { page, refused: use_context::<RefusedProtection>() })
}

/// The page.
#[component]
pub(crate) fn ProtectionPage() -> AnyView {
    followed(
        |_| "Protection".to_owned(),
        || (),
        |()| get_protection(),
        |answer: &ProtectionView| Some(answer.page.cursor),
        |state: State, answer| {
            // An answer may be older than what the stream told meanwhile, and the page gone.
            let number = answer.page.cursor.number;
            if state.view.try_with_untracked(|known| known.cursor.number <= number) == Some(true) {
                state.view.set(answer.page.clone());
            }
        },
        |ProtectionView { page, refused }| {
            let state = State { view: RwSignal::new(page), refused: StoredValue::new(refused) };
            (Some(state), view! { <Page state/> }.into_any())
        },
    )
}

/// Follows the journal.
#[cfg(feature = "hydrate")]
fn listen(state: State) {
    let live = crate::live::live();
    live.on_entry(move |entry| {
        let known = state.view.try_with_untracked(|view| (view.cursor, view.protection.clone()));
        // This one may be gone.
        let Some((cursor, mut next)) = known else { return };
        let is_new = entry.number > cursor.number;
        if is_new && next.take(entry) {
            let is_stranger = state.view.with_untracked(|view| {
                entry.actor.is_person() && !view.names.0.contains_key(&entry.actor)
            });
            state.view.update(|view| {
                view.cursor.number = entry.number;
                view.protection = next;
            });
            if is_stranger {
                live.refresh_soon();
            }
        }
    });
}

#[component]
fn Page(state: State) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    listen(state);
    let ops = expect_context::<OpsStore>();
    // The readings of the gate tell it too: its first window may end after the page was loaded.
    let has_gate = Memo::new(move |_| {
        ops.layout().track();
        state.view.with(|view| view.traffic.is_some())
            || ops.with_untracked(|ops| {
                ops.rows.iter().any(|row| row.reading.subject.kind() == "gate")
            })
    });
    let sentence = Memo::new(move |_| state.protection(status));
    view! {
        <div class="page protection">
            <h1>"Protection"</h1>
            <p class="lead" aria-live="polite">{move || sentence.get()}</p>
            <safe_mode::SafeModeCard state/>
            <measures::Measures state/>
            <measures::Overrides state/>
            {move || (!has_gate.get()).then(no_gate)}
            <Show when=move || has_gate.get()><traffic::Traffic/></Show>
            <measures::Automation state/>
            <safe_mode::Begin state/>
        </div>
    }
}

/// One sentence that is true right now.
fn status(protection: &Protection) -> String {
    if let Some(in_force) = &protection.safe_mode {
        return format!("Safe mode is in force: {}.", protection::stage(in_force.stage));
    }
    let mut organizations: Vec<&str> =
        protection.in_effect().map(|one| one.measure.requests.organization.name()).collect();
    organizations.sort_unstable();
    organizations.dedup();
    match organizations.as_slice() {
        [] if protection.suspension.is_some() => {
            "Calm Ops limits nobody: automatic measures are suspended.".to_owned()
        }
        [] => "Calm Ops limits nobody right now.".to_owned(),
        [one] => format!("Calm Ops limits {one} right now."),
        all => format!("Calm Ops limits {} organizations right now.", all.len()),
    }
}

/// Teaches what is missing.
fn no_gate() -> AnyView {
    view! {
        <p class="notice">
            "There is no traffic from a gate, so Calm Ops can limit nobody. Set gate.listen, and let your proxy ask it: the recipes are in protection/gate of your documents."
        </p>
    }
    .into_any()
}
