//! Settings of members and invitations: for owners. Others are told who can.

use commands::view::{InvitationCard, PersonCard, Settings};
use domain::access::Role;
use leptos::prelude::*;

use super::{
    SettingsView, for_owners,
    form::{Forms, Said, StepForm, Submit, button},
    page_of, settings_page, sign_in_again,
};
use crate::{
    actions::{Section, SettingsStep},
    components::time::At,
};

const PATH: &str = "/ops/settings/members";

/// The page.
#[component]
pub(crate) fn MembersPage() -> AnyView {
    settings_page("Members", |first, view| view! { <Page first view/> }.into_any())
}

#[component]
fn Page(first: SettingsView, view: RwSignal<Option<Settings>>) -> impl IntoView {
    let SettingsView { settings, outcome, .. } = first;
    let content = if settings.reader.role == Role::Owner {
        let of_members = Forms::new(Section::Members, &outcome);
        let of_invitations = Forms::new(Section::Invitations, &outcome);
        view! {
            {sign_in_again(settings.reader.recently_authenticated, PATH)}
            {members(of_members, view)}
            {invitations(of_invitations, view)}
        }
        .into_any()
    } else {
        for_owners("members", &settings)
    };
    page_of(PATH, "Members", content)
}

fn members(forms: Forms, view: RwSignal<Option<Settings>>) -> AnyView {
    let people = Memo::new(move |_| {
        view.with(|view| view.as_ref().map(|all| all.people.clone()).unwrap_or_default())
    });
    // A role that was chosen and not yet sent stays while others come and go.
    let key = |one: &PersonCard| (one.account, one.name.clone(), one.role, one.closed);
    let person = move |card: PersonCard| {
        let account = card.account;
        let seen = Memo::new(move |_| {
            people.with(|people| people.iter().find(|one| one.account == account)?.seen_at)
        });
        person(forms, card, seen)
    };
    view! {
        <section aria-labelledby="people">
            <h2 id="people">"Who is here"</h2>
            <ul class="listed"><For each=move || people.get() key=key let:one>{person(one)}</For></ul>
            <Said forms/>
        </section>
    }
    .into_any()
}

fn person(forms: Forms, card: PersonCard, seen: Memo<Option<domain::time::Timestamp>>) -> AnyView {
    let PersonCard { account, name, role, closed, .. } = card;
    let change = (!closed).then(|| {
        let (id, name) = (format!("role-{account}"), name.clone());
        view! {
            <StepForm forms step=SettingsStep::SetRole id=account.to_string()>
                <label class="away" for=id.clone()>"Role of " <bdi>{name}</bdi></label>
                <select id=id name="fields[role]">{roles(role)}</select>
                <Submit forms class="button small">"Change role"</Submit>
            </StepForm>
        }
    });
    let (word, step) = if closed {
        ("Reactivate", SettingsStep::Reactivate)
    } else {
        ("Deactivate", SettingsStep::Deactivate)
    };
    let last = move || match seen.get() {
        Some(at) => view! { "Last seen " <At at=Signal::stored(at)/> }.into_any(),
        None => "Not seen recently".into_any(),
    };
    view! {
        <li>
            <p><strong><bdi>{name}</bdi></strong> ", " {role.as_str()} {closed.then_some(", deactivated")}</p>
            <p class="quiet">{last}</p>
            {change}
            {button(forms, step, &account, word)}
        </li>
    }
    .into_any()
}

fn roles(chosen: Role) -> AnyView {
    let options = Role::ALL.into_iter().map(|role| {
        view! { <option value=role.as_str() selected=chosen == role>{role.as_str()}</option> }
    });
    options.collect_view().into_any()
}

fn invitations(forms: Forms, view: RwSignal<Option<Settings>>) -> AnyView {
    let waiting = Memo::new(move |_| {
        view.with(|view| view.as_ref().map(|all| all.invitations.clone()).unwrap_or_default())
    });
    let invitation = move |card: InvitationCard| {
        view! {
            <li>
                <p>{card.role.as_str()} ", expires " <At at=Signal::stored(card.until)/></p>
                {button(forms, SettingsStep::Withdraw, &card.id, "Withdraw")}
            </li>
        }
    };
    let refused = forms.refused(SettingsStep::Invite, "");
    let chosen = refused.and_then(|form| form.fields.get("role").parse().ok());
    view! {
        <section aria-labelledby="invitations">
            <h2 id="invitations">"Invitations"</h2>
            {move || waiting.with(Vec::is_empty).then(|| view! {
                <p class="empty">"None pending. An invitation is a link that works once; whoever opens it chooses a name and a password."</p>
            })}
            <ul class="listed"><For each=move || waiting.get() key=|one| one.id let:one>{invitation(one)}</For></ul>
            <Said forms/>
            <StepForm forms step=SettingsStep::Invite>
                <label for="role">"Invite as"</label>
                <select id="role" name="fields[role]">{roles(chosen.unwrap_or(Role::Responder))}</select>
                <Submit forms>"Create invitation link"</Submit>
            </StepForm>
        </section>
    }
    .into_any()
}
