//! Settings: oneself, notifications, members, tokens, and what runs here. One page each.

use commands::view::Settings;
use domain::time::Timestamp;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use crate::{
    actions::SettingsOutcome,
    components::{page::page, time::At},
    problem::{Problem, SIGN_IN},
};

mod about;
mod account;
mod channel_form;
mod contact_forms;
mod form;
mod members;
mod notifications;
#[cfg(feature = "hydrate")]
mod passkey;
pub(crate) mod readiness;
mod sources;
mod tokens;

pub(crate) use about::AboutPage;
pub(crate) use account::AccountPage;
pub use contact_forms::ContactForms;
pub(crate) use members::MembersPage;
pub(crate) use notifications::NotificationsPage;
pub(crate) use readiness::ReadinessPage;
pub(crate) use sources::SourcesPage;
pub(crate) use tokens::TokensPage;

/// Oneself, and for an owner who else is here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingsView {
    /// The settings.
    pub settings: Settings,
    /// True if the browser can have passkeys for the address that it asked.
    pub can_have_passkeys: bool,
    /// The outcome of a form that was sent without Wasm.
    pub outcome: SettingsOutcome,
}

/// The settings; `done` is the word that a form led back with.
#[server(prefix = "/api/pages", endpoint = "settings", input = GetUrl)]
pub async fn get_settings(#[server(default)] done: String) -> Result<SettingsView, Problem> {
    let outcome = outcome(&done);
    let can_have_passkeys =
        crate::accounts::backend().is_ok_and(|backend| backend.can_have_passkeys());
    let settings = crate::backend::execute(commands::reading::GetSettings {}).await?;
    // It may hold a secret that is shown once.
    crate::backend::header(http::header::CACHE_CONTROL, "private, no-store");
    Ok(SettingsView { settings, can_have_passkeys, outcome })
}

/// The outcome of a form: as its answer says, or the address.
#[cfg(feature = "ssr")]
fn outcome(done: &str) -> SettingsOutcome {
    use crate::actions::{Changed, Done};
    use_context().unwrap_or_else(|| {
        Done::of_word(done).map_or(SettingsOutcome::None, |done| {
            SettingsOutcome::Changed(done.section(), Changed::Done(done))
        })
    })
}

/// The word in the address that says what a form did.
fn done_word() -> impl Fn() -> String + Send + Sync + 'static {
    let query = leptos_router::hooks::use_query_map();
    move || query.with(|query| query.get("done").unwrap_or_default())
}

/// A page of the settings that everyone reads in the same way, with what of it is shown.
fn settings_page(
    name: &'static str,
    render: fn(SettingsView, RwSignal<Option<Settings>>) -> AnyView,
) -> AnyView {
    let view = RwSignal::new(None);
    page(
        move |_| name.to_owned(),
        done_word(),
        get_settings,
        move |one: &SettingsView| view.set(Some(one.settings.clone())),
        move |first| {
            follow();
            render(first, view)
        },
    )
}

/// Follows what others, or oneself on another device, change about accounts and contacts.
#[cfg(feature = "hydrate")]
fn follow() {
    use domain::journal::EventGroup;
    let live = crate::live::live();
    live.on_entry(move |entry| {
        let group = entry.event.as_ref().map(domain::journal::Event::group);
        if matches!(group, Some(EventGroup::Account(_) | EventGroup::Notification(_))) {
            live.refresh_soon();
        }
    });
}

/// On the server nothing changes any more.
#[cfg(not(feature = "hydrate"))]
const fn follow() {}

/// The pages of the settings, with the one that is shown.
const PAGES: [(&str, &str); 7] = [
    ("/ops/settings", "You"),
    ("/ops/settings/notifications", "Notifications"),
    ("/ops/settings/members", "Members"),
    ("/ops/settings/tokens", "Tokens"),
    ("/ops/settings/readiness", "Readiness"),
    ("/ops/settings/sources", "Sources"),
    ("/ops/settings/about", "About"),
];

/// A page of the settings: its heading, the way to the others, and its content.
fn page_of(path: &'static str, heading: &'static str, content: AnyView) -> AnyView {
    let links = PAGES.map(|(href, word)| {
        view! { <li><a href=href aria-current=(href == path).then_some("page")>{word}</a></li> }
    });
    view! {
        <div class="page settings">
            <h1>{heading}</h1>
            <nav class="tabs" aria-label="Settings"><ul>{links.into_iter().collect_view()}</ul></nav>
            {content}
        </div>
    }
    .into_any()
}

/// Says that a sign-in is too old for changes, with the way to a new one and back to `path`.
fn sign_in_again(is_recent: bool, path: &'static str) -> AnyView {
    let href = format!("{SIGN_IN}{path}");
    (!is_recent)
        .then(|| {
            view! {
                <p class="notice">
                    "You signed in a while ago. To change your password, passkeys, notifications, members or tokens, "
                    <a href=href rel="external">"sign in again"</a> " first."
                </p>
            }
        })
        .into_any()
}

/// Says that only owners can, and who they are.
fn for_owners(what: &str, settings: &Settings) -> AnyView {
    let owners: Vec<String> =
        settings.owners.iter().map(|name| domain::text::isolated(name)).collect();
    let who = match owners.as_slice() {
        [] => "Ask an owner.".to_owned(),
        [one] => format!("Ask {one}."),
        [most @ .., last] => format!("Ask {} or {last}.", most.join(", ")),
    };
    view! { <p class="empty">{format!("Only owners manage {what}. {who}")}</p> }.into_any()
}

/// The time of the last use.
fn used(at: Option<Timestamp>) -> AnyView {
    match at {
        Some(at) => view! { "last used " <At at=Signal::stored(at)/> }.into_any(),
        None => "not used yet".into_any(),
    }
}
