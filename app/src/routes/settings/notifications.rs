//! Settings of one's notifications: contacts, their tests, and new ones.

use commands::{
    notifications::{
        ContactCard, Contacts, DeliveryStatus, LastNotification, MOST_CONTACTS, Quiet,
    },
    view::Viewer,
};
use domain::severity::Severity;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};
use wording::{humanize, report};

use super::{
    channel_form::{add, change},
    contact_forms::ContactForms,
    done_word, follow,
    form::{Forms, Said, button},
    page_of, sign_in_again,
};
use crate::{
    actions::{Section, SettingsOutcome, SettingsStep},
    components::{page::page, time::At},
    problem::Problem,
};

const PATH: &str = "/ops/settings/notifications";

/// The ways in which one is notified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactsView {
    /// The reader.
    pub reader: Viewer,
    /// One's contacts.
    pub contacts: Contacts,
    /// Forms by which one adds others.
    pub forms: ContactForms,
    /// The outcome of a form that was sent without Wasm.
    pub outcome: SettingsOutcome,
}

/// One's contacts; `done` is the word that a form led back with.
#[server(prefix = "/api/pages", endpoint = "contacts", input = GetUrl)]
pub async fn get_contacts(#[server(default)] done: String) -> Result<ContactsView, Problem> {
    use commands::reading::{GetSettings, ListContacts};

    use crate::{accounts, backend};
    let outcome = super::outcome(&done);
    let forms = accounts::backend().map_err(backend::refuse)?.contact_forms();
    let reader = backend::execute(GetSettings {}).await?.reader;
    let contacts = backend::execute(ListContacts {}).await?;
    backend::header(http::header::CACHE_CONTROL, "private, no-store");
    Ok(ContactsView { reader, contacts, forms, outcome })
}

/// The page.
#[component]
pub(crate) fn NotificationsPage() -> AnyView {
    let contacts = RwSignal::new(Vec::new());
    page(
        |_| "Notifications".to_owned(),
        done_word(),
        get_contacts,
        move |view: &ContactsView| contacts.set(view.contacts.contacts.clone()),
        move |first| view! { <Page first contacts/> }.into_any(),
    )
}

#[component]
fn Page(first: ContactsView, contacts: RwSignal<Vec<ContactCard>>) -> impl IntoView {
    follow();
    let ContactsView { reader, forms: of_channels, outcome, .. } = first;
    let forms = Forms::new(Section::Contacts, &outcome);
    let (links, channels) = (of_channels.links, StoredValue::new(of_channels));
    // What is typed into a form of a contact stays while its last notification changes.
    let card = move |first: ContactCard| {
        let id = first.id;
        let takes_reports = channels.with_value(|all| all.takes_reports(first.kind.as_str()));
        let card = Memo::new(move |before: Option<&ContactCard>| {
            let found = contacts.with(|all| all.iter().find(|one| one.id == id).cloned());
            found.unwrap_or_else(|| before.unwrap_or(&first).clone())
        });
        contact(forms, card, takes_reports)
    };
    let has_room = Memo::new(move |_| contacts.with(Vec::len) < MOST_CONTACTS);
    let new = move || {
        has_room.get().then(|| {
            channels
                .with_value(|all| all.channels.iter().map(|form| add(forms, form)).collect_view())
        })
    };
    let content = view! {
        {sign_in_again(reader.recently_authenticated, PATH)}
        {move || contacts.with(Vec::is_empty).then(|| view! {
            <p class="empty">"You have no notifications yet. Calm Ops notifies you when an incident opens, when it becomes critical, when a command needs a decision, and when a command did not help."</p>
        })}
        <ul class="listed"><For each=move || contacts.get() key=|one| one.id let:one>{card(one)}</For></ul>
        {(!links).then(|| view! {
            <p class="notice">"Notifications contain no links yet. Set " <code>"public_url"</code> " in the configuration to the address your phone uses to reach this server."</p>
        })}
        <Said forms/>
        <section aria-labelledby="new-contact">
            <h2 id="new-contact">"New contact"</h2>
            {new}
            {move || (!has_room.get()).then(|| view! {
                <p class="quiet">{format!("You have {MOST_CONTACTS} contacts, the most there can be. Remove one to add another.")}</p>
            })}
        </section>
    };
    page_of(PATH, "Notifications", content.into_any())
}

fn contact(forms: Forms, card: Memo<ContactCard>, takes_reports: bool) -> AnyView {
    let first = card.get_untracked();
    let id = first.id;
    view! {
        <li>
            <p><strong><bdi>{move || card.with(|card| card.label.clone())}</bdi></strong> ", " {first.by.clone()} " " <bdi>{first.place.clone()}</bdi></p>
            <p class="quiet">{move || card.with(when)}</p>
            {move || card.with(reports).map(|sentence| view! { <p class="quiet">{sentence}</p> })}
            <p class="quiet">{move || card.with(|card| last(card.last.as_ref()))}</p>
            <div class="deeds">
                {button(forms, SettingsStep::TestContact, &id, "Send a test")}
                {button(forms, SettingsStep::RemoveContact, &id, "Remove")}
            </div>
            {change(forms, &first, takes_reports)}
        </li>
    }
    .into_any()
}

/// The events of which a contact is notified, and when.
fn when(card: &ContactCard) -> String {
    match (card.enabled, card.least) {
        (false, _) => "Paused.".to_owned(),
        (true, Severity::Warning) => match &card.quiet {
            Some(Quiet { from, to, zone }) => {
                format!("Warnings and critical. Quiet hours for warnings: {from} to {to} ({zone}).")
            }
            None => "Warnings and critical, at any time.".to_owned(),
        },
        (true, Severity::Critical) => "Critical only, at any time.".to_owned(),
    }
}

/// The stability reports that a contact gets; `None` if it gets none.
fn reports(card: &ContactCard) -> Option<String> {
    let kinds: Vec<String> =
        card.reports.iter().map(|kind| report::kind(*kind).to_lowercase()).collect();
    let told = card.enabled && !kinds.is_empty();
    told.then(|| format!("Gets the {} stability summary.", humanize::list(&kinds)))
}

/// The outcome of the last notification.
fn last(last: Option<&LastNotification>) -> AnyView {
    let Some(LastNotification { at, test, fate, problem }) = last else {
        return "No notifications sent yet.".into_any();
    };
    let what = if *test { "Last test" } else { "Last notification" };
    let became = match fate {
        DeliveryStatus::Waiting if problem.is_some() => "could not be sent, retrying.",
        DeliveryStatus::Waiting => "waiting to be sent.",
        DeliveryStatus::Sent => "sent.",
        DeliveryStatus::Failed => "could not be sent.",
        DeliveryStatus::Dropped => "no longer needed.",
    };
    let why = problem.as_ref().map(|problem| format!(" {problem}"));
    view! { {what} " " <At at=Signal::stored(*at)/> ": " {became} {why} }.into_any()
}
