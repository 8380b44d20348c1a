//! The settings: oneself, how one is called, and for an owner who else is here.

use std::sync::Arc;

use commands::{
    notifications::Contacts,
    view::{PasskeyCard, PersonCard, SessionCard, Settings, TokenCard},
};
use domain::{
    access::{Foothold, Role, Scope},
    text::isolated,
    time::Timestamp,
};
use leptos::prelude::*;

use super::{
    Said,
    button::one,
    contacts::{self, ContactForms, Typed},
    document, may, said,
};
use crate::{clock, shell::Assets};

fn used(at: Option<Timestamp>) -> AnyView {
    match at {
        Some(at) => view! { "used last " {clock::moment(at)} }.into_any(),
        None => "not used yet".into_any(),
    }
}

fn roles(chosen: Option<Role>) -> AnyView {
    let options = Role::ALL.into_iter().map(|role| {
        view! { <option value=role.as_str() selected=chosen == Some(role)>{role.as_str()}</option> }
    });
    options.collect_view().into_any()
}

/// After how many days a token may end; empty for never.
const DAYS: [(&str, &str); 4] =
    [("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "never, until you end it")];

/// What the settings know.
#[derive(Clone, Debug)]
pub struct SettingsPage {
    /// Oneself, and for an owner who else is here.
    pub settings: Settings,
    /// How one is called.
    pub contacts: Contacts,
    /// Forms by which contacts are set.
    pub forms: Arc<ContactForms>,
    /// Whether the browser can have passkeys for this address.
    pub passkeys: bool,
    /// What it says first.
    pub said: Said,
    /// What was typed into the form that was refused.
    pub typed: Typed,
}

/// The settings.
pub fn settings(assets: &Assets, page: &SettingsPage) -> String {
    let SettingsPage { settings, contacts, forms, passkeys, said: message, typed } = page;
    let Settings { cursor: _, reader, sessions, passkeys: mine, people, invitations, tokens } =
        settings;
    let owner = reader.role == Role::Owner;
    let sign_in_again = (!reader.recently_authenticated).then(|| {
        view! {
            <p class="notice">
                "Your sign-in is some time ago. To change passwords, passkeys, how you are called, people or tokens, "
                <a href="/sign-in?to=%2Fops%2Fsettings">"sign in again"</a> " first."
            </p>
        }
    });
    let inside = view! {
        <h1>"Settings"</h1>
        <p class="lead">{format!("You are {}, {}: {}.", isolated(&reader.name), reader.role.one(), may(reader.role))}</p>
        {said(message)}
        {sign_in_again}
        {contacts::section(contacts, forms, typed)}
        <section aria-labelledby="passkeys">
            <h2 id="passkeys">"Your passkeys"</h2>
            {if mine.is_empty() {
                view! { <p class="empty">"None yet. With a passkey you sign in by fingerprint, face or the device's code: the quickest way to decide at night."</p> }.into_any()
            } else {
                view! { <ul class="listed">{mine.iter().map(passkey).collect_view()}</ul> }.into_any()
            }}
            {if *passkeys {
                view! {
                    <form class="passkey" data-passkey="add">
                        <label for="label">"What this device is called"</label>
                        <input id="label" name="label" maxlength="60" required value="This device"/>
                        <button class="button" type="submit" disabled>"Add a passkey"</button>
                        <p role="status" class="quiet" data-say=""></p>
                    </form>
                }.into_any()
            } else {
                view! { <p class="quiet">"Browsers have passkeys only where this page is opened by its name: with https, or as localhost on this machine."</p> }.into_any()
            }}
        </section>
        <section aria-labelledby="password-head">
            <h2 id="password-head">"Your password"</h2>
            <form method="post" action="/ops/settings">
                <input type="hidden" name="what" value="password"/>
                <input class="away" name="username" autocomplete="username" value=reader.name.clone() tabindex="-1" aria-hidden="true" readonly/>
                <label for="present">"Your present password"</label>
                <input id="present" name="present" type="password" autocomplete="current-password" maxlength="200"/>
                <label for="password">"A new password, at least 10 characters"</label>
                <input id="password" name="password" type="password" autocomplete="new-password" required minlength="10" maxlength="200"/>
                <fieldset>
                    <legend>"If somebody else had your sign-in, end as well"</legend>
                    {Foothold::ALL.into_iter().map(|one| view! {
                        <label class="tick"><input type="checkbox" name="end" value=one.as_str()/>{foothold_word(one)}</label>
                    }).collect_view()}
                </fieldset>
                <button class="button" type="submit">"Set it"</button>
                <p class="quiet">"Your other sign-ins end. Without the present password, sign in again with a passkey and set the new one within 5 minutes."</p>
            </form>
        </section>
        <section aria-labelledby="sessions">
            <h2 id="sessions">"Where you are signed in"</h2>
            <ul class="listed">{sessions.iter().map(session).collect_view()}</ul>
            <form method="post" action="/sign-out"><button class="button" type="submit">"Sign out"</button></form>
        </section>
        {owner.then(|| view! {
            <section aria-labelledby="people">
                <h2 id="people">"Who is here"</h2>
                <ul class="listed">{people.iter().map(person).collect_view()}</ul>
                {(!invitations.is_empty()).then(|| view! {
                    <h3>"Invitations that wait"</h3>
                    <ul class="listed">{invitations.iter().map(|one_| view! {
                        <li><p>{one_.role.one()} ", until " {clock::moment(one_.until)}</p>{one("withdraw", &one_.id, "Take back")}</li>
                    }).collect_view()}</ul>
                })}
                <form method="post" action="/ops/settings">
                    <input type="hidden" name="what" value="invite"/>
                    <label for="role">"Invite someone as"</label>
                    <select id="role" name="role">{roles(Some(Role::Responder))}</select>
                    <button class="button" type="submit">"Make a link"</button>
                </form>
            </section>
            <section aria-labelledby="tokens">
                <h2 id="tokens">"Tokens for programs"</h2>
                {if tokens.is_empty() {
                    view! { <p class="empty">"None yet. A program that pushes observations or reads sends one as " <code>"Authorization: Bearer"</code> "."</p> }.into_any()
                } else {
                    view! { <ul class="listed">{tokens.iter().map(token).collect_view()}</ul> }.into_any()
                }}
                <form method="post" action="/ops/settings">
                    <input type="hidden" name="what" value="token"/>
                    <label for="token-label">"What it is for"</label>
                    <input id="token-label" name="label" maxlength="60" required/>
                    <fieldset>
                        <legend>"What it may do"</legend>
                        {Scope::ALL.into_iter().map(|scope| view! {
                            <label class="tick"><input type="checkbox" name="scope" value=scope.as_str() checked=scope == Scope::Ingest/>{scope_word(scope)}</label>
                        }).collect_view()}
                    </fieldset>
                    <label for="token-days">"It ends after"</label>
                    <select id="token-days" name="days">{DAYS.map(|(days, word)| view! { <option value=days selected=days == "90">{word}</option> }).to_vec()}</select>
                    <button class="button" type="submit">"Make a token"</button>
                </form>
            </section>
        })}
    };
    document(assets, "Settings", true, true, inside.into_any())
}

const fn foothold_word(foothold: Foothold) -> &'static str {
    match foothold {
        Foothold::Passkeys => "all passkeys",
        Foothold::Contacts => "all ways to be called",
        Foothold::Tokens => "tokens and invitations that you made",
    }
}

const fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Ingest => "push observations (ingest)",
        Scope::Read => "read everything (read)",
        Scope::Respond => "acknowledge, comment and resolve (respond)",
    }
}

fn passkey(card: &PasskeyCard) -> AnyView {
    view! { <li><p><strong><bdi>{card.label.clone()}</bdi></strong> ", " {used(card.used_at)}</p>{one("remove-passkey", &card.id, "Remove")}</li> }
        .into_any()
}

fn session(card: &SessionCard) -> AnyView {
    let agent = if card.agent.is_empty() { "A program".to_owned() } else { browser(&card.agent) };
    view! {
        <li>
            <p><strong>{agent}</strong> " from " {card.address.clone()} {card.this.then_some(" (this one)")}</p>
            <p class="quiet">"since " {clock::moment(card.created_at)} ", used last " {clock::moment(card.seen_at)}</p>
            {(!card.this).then(|| one("end-session", &card.id, "End"))}
        </li>
    }
    .into_any()
}

/// What a browser calls itself, in two words.
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

fn person(card: &PersonCard) -> AnyView {
    let role = view! {
        <form method="post" action="/ops/settings">
            <input type="hidden" name="what" value="role"/>
            <input type="hidden" name="id" value=card.account.to_string()/>
            <label class="away" for=format!("role-{}", card.account)>"Role of " <bdi>{card.name.clone()}</bdi></label>
            <select id=format!("role-{}", card.account) name="role">{roles(Some(card.role))}</select>
            <button class="button small" type="submit">"Change"</button>
        </form>
    };
    let (word, what) = if card.closed { ("Open again", "open") } else { ("Close", "close") };
    view! {
        <li>
            <p><strong><bdi>{card.name.clone()}</bdi></strong> ", " {card.role.as_str()} {card.closed.then_some(", closed")}</p>
            <p class="quiet">{match card.seen_at {
                Some(at) => view! { "seen last " {clock::moment(at)} }.into_any(),
                None => "not signed in for some time".into_any(),
            }}</p>
            {(!card.closed).then_some(role)}
            {one(what, &card.account, word)}
        </li>
    }
    .into_any()
}

fn token(card: &TokenCard) -> AnyView {
    let scopes: Vec<&str> = card.scopes.iter().map(|scope| scope.as_str()).collect();
    view! {
        <li>
            <p><strong><bdi>{card.label.clone()}</bdi></strong> ", " {scopes.join(", ")} ", " {used(card.used_at)}</p>
            <p class="quiet">{match card.until {
                Some(until) => view! { "until " {clock::moment(until)} }.into_any(),
                None => "without an end".into_any(),
            }}</p>
            {one("revoke", &card.id, "End it")}
        </li>
    }
    .into_any()
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
}
