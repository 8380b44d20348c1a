//! Settings of oneself: passkeys, the password, and where one is signed in.

use commands::{
    accounts::MOST_SESSIONS,
    view::{PasskeyCard, SessionCard, Settings},
};
use domain::{access::Foothold, text::isolated};
use leptos::prelude::*;

use super::{
    SettingsView,
    form::{Forms, Said, StepForm, Submit, button},
    page_of, settings_page, sign_in_again, used,
};
use crate::{
    actions::{Section, SettingsStep},
    components::time::At,
    roles::may,
};

/// The page.
#[component]
pub(crate) fn AccountPage() -> AnyView {
    settings_page("Settings", |first, view| view! { <Page first view/> }.into_any())
}

#[component]
fn Page(first: SettingsView, view: RwSignal<Option<Settings>>) -> impl IntoView {
    let SettingsView { settings: Settings { reader, .. }, can_have_passkeys, outcome } = first;
    let forms = |section| Forms::new(section, &outcome);
    let (account, of_passkeys, of_password, of_sessions) = (
        forms(Section::Account),
        forms(Section::Passkeys),
        forms(Section::Password),
        forms(Section::Sessions),
    );
    let passkeys = Memo::new(move |_| {
        view.with(|view| view.as_ref().map(|all| all.passkeys.clone()).unwrap_or_default())
    });
    let sessions = Memo::new(move |_| {
        view.with(|view| view.as_ref().map(|all| all.sessions.clone()).unwrap_or_default())
    });
    let content = view! {
        <p class="lead">{format!("Signed in as {} ({}): {}.", isolated(&reader.name), reader.role, may(reader.role))}</p>
        <Said forms=account/>
        {sign_in_again(reader.recently_authenticated, "/ops/settings")}
        <section aria-labelledby="passkeys">
            <h2 id="passkeys">"Passkeys"</h2>
            {move || passkeys.with(Vec::is_empty).then(|| view! {
                <p class="empty">"None yet. A passkey lets you sign in with your fingerprint, face or device PIN: the fastest way in at night."</p>
            })}
            <ul class="listed">
                <For each=move || passkeys.get() key=|one| (one.id, one.used_at) let:one>{passkey(of_passkeys, one)}</For>
            </ul>
            <Said forms=of_passkeys/>
            {if can_have_passkeys { new_passkey(of_passkeys) } else {
                view! { <p class="quiet">"Passkeys need a domain name. Open this page by its name instead of its IP address, with https or as localhost."</p> }.into_any()
            }}
        </section>
        <section aria-labelledby="password-head">
            <h2 id="password-head">"Password"</h2>
            <StepForm forms=of_password step=SettingsStep::SetPassword clears=true>
                <input class="away" name="username" autocomplete="username" value=reader.name.clone() tabindex="-1" aria-hidden="true" readonly/>
                <label for="present">"Current password"</label>
                <input id="present" name="fields[present]" type="password" autocomplete="current-password" maxlength="200"/>
                <label for="password">"New password (at least 10 characters)"</label>
                <input id="password" name="fields[password]" type="password" autocomplete="new-password" required minlength="10" maxlength="200"/>
                <fieldset>
                    <legend>"Also remove, in case someone else used your account"</legend>
                    {Foothold::ALL.into_iter().map(|one| view! {
                        <label class="tick"><input type="checkbox" name="chosen[]" value=one.as_str()/>{foothold_word(one)}</label>
                    }).collect_view()}
                </fieldset>
                <Submit forms=of_password>"Change password"</Submit>
                <p class="quiet">"You will be signed out everywhere else. If you do not know your current password, sign in with a passkey and change it within 5 minutes."</p>
            </StepForm>
            <Said forms=of_password/>
        </section>
        <section aria-labelledby="sessions">
            <h2 id="sessions">"Where you are signed in"</h2>
            <ul class="listed">
                <For each=move || sessions.get() key=|one| (one.id, one.seen_at, one.this) let:one>{session(of_sessions, one)}</For>
            </ul>
            <Said forms=of_sessions/>
            {move || room(sessions.with(Vec::len))}
            // Another person may come next: with a document of its own.
            <form method="post" action="/sign-out"><button class="button" type="submit">"Sign out"</button></form>
        </section>
    };
    page_of("/ops/settings", "Settings", content.into_any())
}

/// The limit of devices that are signed in, and the rule for others.
fn room(open: usize) -> AnyView {
    if open >= MOST_SESSIONS {
        let sentence = format!(
            "You are signed in on {open} devices, the most there can be. The next sign-in signs out the one that was not used for the longest time."
        );
        view! { <p class="notice">{sentence}</p> }.into_any()
    } else {
        let sentence = format!(
            "You can be signed in on {MOST_SESSIONS} devices. One more signs out the one that was not used for the longest time."
        );
        view! { <p class="quiet">{sentence}</p> }.into_any()
    }
}

const fn foothold_word(foothold: Foothold) -> &'static str {
    match foothold {
        Foothold::Passkeys => "all passkeys",
        Foothold::Contacts => "all contacts for notifications",
        Foothold::Tokens => "API tokens and invitations that you created",
    }
}

fn passkey(forms: Forms, card: PasskeyCard) -> AnyView {
    view! {
        <li>
            <p><strong><bdi>{card.label}</bdi></strong> ", " {used(card.used_at)}</p>
            {button(forms, SettingsStep::RemovePasskey, &card.id, "Remove")}
        </li>
    }
    .into_any()
}

/// The form by which the script adds a passkey.
fn new_passkey(forms: Forms) -> AnyView {
    let is_ready = RwSignal::new(false);
    #[cfg(feature = "hydrate")]
    {
        use super::passkey;
        use crate::actions::{Changed, Done};
        Effect::new(move |_| passkey::bring(is_ready));
        passkey::on_added(move || forms.tell(Changed::Done(Done::PasskeyAdded)));
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = forms;
    view! {
        <form class="passkey" name="add" on:submit=|event| event.prevent_default()>
            <label for="label">"Device name"</label>
            <input id="label" name="label" maxlength="60" required value="This device"/>
            <button class="button" type="submit" disabled=move || !is_ready.get()>"Add a passkey"</button>
            <p role="status" class="quiet"></p>
        </form>
    }
    .into_any()
}

fn session(forms: Forms, card: SessionCard) -> AnyView {
    let agent =
        if card.agent.is_empty() { "Unknown browser".to_owned() } else { browser(&card.agent) };
    let times = view! { "Signed in " <At at=Signal::stored(card.created_at)/> ", last active " <At at=Signal::stored(card.seen_at)/> };
    view! {
        <li>
            <p><strong>{agent}</strong> " from " {card.address} {card.this.then_some(" (this device)")}</p>
            <p class="quiet">{times}</p>
            {(!card.this).then(|| button(forms, SettingsStep::EndSession, &card.id, "Sign out"))}
        </li>
    }
    .into_any()
}

/// The name of a browser, in two words.
fn browser(agent: &str) -> String {
    let find = |pairs: &[(&str, &'static str)]| {
        pairs.iter().find(|(part, _)| agent.contains(part)).map(|(_, word)| *word)
    };
    let name = find(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let on = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (name, on) {
        (Some(name), Some(on)) => format!("{name} on {on}"),
        (Some(name), None) => name.to_owned(),
        (None, _) => agent.chars().take(40).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_in_two_words() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        assert_eq!(browser("curl/8.1"), "curl");
    }

    #[test]
    fn the_last_device_that_fits_is_told_before_another_one_ends_it() {
        let full = room(MOST_SESSIONS).to_html();
        assert!(full.contains("notice") && full.contains("on 20 devices"), "{full}");
        assert!(!room(MOST_SESSIONS - 1).to_html().contains("notice"));
    }
}
