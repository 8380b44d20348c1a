//! Settings of the tokens by which programs come in: for owners. Others are told who can.

use commands::view::{Settings, TokenCard};
use domain::access::{Role, Scope};
use leptos::prelude::*;

use super::{
    SettingsView, for_owners,
    form::{Forms, Said, StepForm, Submit, button},
    page_of, settings_page, sign_in_again, used,
};
use crate::{
    actions::{Section, SettingsStep},
    components::time::At,
};

const PATH: &str = "/ops/settings/tokens";

/// The choices of after how many days a token expires; empty for never.
const DAYS: [(&str, &str); 4] =
    [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "never")];

/// The page.
#[component]
pub(crate) fn TokensPage() -> AnyView {
    settings_page("API tokens", |first, view| view! { <Page first view/> }.into_any())
}

#[component]
fn Page(first: SettingsView, view: RwSignal<Option<Settings>>) -> impl IntoView {
    let SettingsView { settings, outcome, .. } = first;
    let content = if settings.reader.role == Role::Owner {
        let forms = Forms::new(Section::Tokens, &outcome);
        view! {
            {sign_in_again(settings.reader.recently_authenticated, PATH)}
            {tokens(forms, view)}
        }
        .into_any()
    } else {
        for_owners("tokens", &settings)
    };
    page_of(PATH, "API tokens", content)
}

fn tokens(forms: Forms, view: RwSignal<Option<Settings>>) -> AnyView {
    let known = Memo::new(move |_| {
        view.with(|view| view.as_ref().map(|all| all.tokens.clone()).unwrap_or_default())
    });
    view! {
        <section aria-labelledby="tokens">
            <h2 id="tokens">"In use"</h2>
            {move || known.with(Vec::is_empty).then(|| view! {
                <p class="empty">"None yet. Programs send a token in the Authorization header: " <code>"Bearer TOKEN"</code> "."</p>
            })}
            <ul class="listed">
                <For each=move || known.get() key=|one| (one.id, one.used_at, one.until) let:one>{token(forms, one)}</For>
            </ul>
            <Said forms/>
        </section>
        <section aria-labelledby="new-token">
            <h2 id="new-token">"New token"</h2>
            {new(forms)}
        </section>
    }
    .into_any()
}

fn token(forms: Forms, card: TokenCard) -> AnyView {
    let scopes: Vec<&str> = card.scopes.iter().map(|scope| scope.as_str()).collect();
    let until = match card.until {
        Some(until) => view! { "Expires " <At at=Signal::stored(until)/> }.into_any(),
        None => "Never expires".into_any(),
    };
    view! {
        <li>
            <p><strong><bdi>{card.label}</bdi></strong> ", " {scopes.join(", ")} ", " {used(card.used_at)}</p>
            <p class="quiet">{until}</p>
            {button(forms, SettingsStep::RevokeToken, &card.id, "Revoke")}
        </li>
    }
    .into_any()
}

/// The form of a new token. What was refused without Wasm still stands in it.
fn new(forms: Forms) -> AnyView {
    let refused = forms.refused(SettingsStep::CreateToken, "");
    let typed = |name: &str| refused.as_ref().map(|form| form.fields.get(name).to_owned());
    let (label, days) = (typed("label").unwrap_or_default(), typed("days"));
    let days = days.as_deref().unwrap_or("90");
    let days = DAYS.map(|(value, word)| {
        view! { <option value=value selected=days == value>{word}</option> }
    });
    let is_chosen = |scope: Scope| match &refused {
        Some(form) => form.chosen.iter().any(|chosen| chosen == scope.as_str()),
        None => scope == Scope::Ingest,
    };
    let scopes = Scope::ALL.map(|scope| {
        let checked = is_chosen(scope);
        view! {
            <label class="tick"><input type="checkbox" name="chosen[]" value=scope.as_str() checked=checked/>{scope_word(scope)}</label>
        }
    });
    view! {
        <StepForm forms step=SettingsStep::CreateToken clears=true>
            <label for="token-label">"Name"</label>
            <input id="token-label" name="fields[label]" maxlength="60" required value=label/>
            <fieldset>
                <legend>"Permissions"</legend>
                {scopes.into_iter().collect_view()}
            </fieldset>
            <label for="token-days">"Expires after"</label>
            <select id="token-days" name="fields[days]">{days.into_iter().collect_view()}</select>
            <Submit forms>"Create token"</Submit>
        </StepForm>
    }
    .into_any()
}

const fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Ingest => "send readings (ingest)",
        Scope::Read => "read everything (read)",
        Scope::Respond => "acknowledge, comment and resolve (respond)",
        Scope::Plans => "set the plans of organizations (plans)",
    }
}
