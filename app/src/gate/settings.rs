//! The settings: one's own account, notifications, and for an owner members and tokens.

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
    document, may, moment, said,
};
use crate::shell::Assets;

fn used(at: Option<Timestamp>) -> AnyView {
    match at {
        Some(at) => view! { "last used " {moment(at)} }.into_any(),
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
    [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "never")];

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
                "You signed in a while ago. To change your password, passkeys, notifications, members or tokens, "
                <a href="/sign-in?to=%2Fops%2Fsettings">"sign in again"</a> " first."
            </p>
        }
    });
    let inside = view! {
        <h1>"Settings"</h1>
        <p class="lead">{format!("Signed in as {} ({}): {}.", isolated(&reader.name), reader.role, may(reader.role))}</p>
        {said(message)}
        {sign_in_again}
        {contacts::section(contacts, forms, typed)}
        <section aria-labelledby="passkeys">
            <h2 id="passkeys">"Passkeys"</h2>
            {if mine.is_empty() {
                view! { <p class="empty">"None yet. A passkey lets you sign in with your fingerprint, face or device PIN: the fastest way in at night."</p> }.into_any()
            } else {
                view! { <ul class="listed">{mine.iter().map(passkey).collect_view()}</ul> }.into_any()
            }}
            {if *passkeys {
                view! {
                    <form class="passkey" data-passkey="add">
                        <label for="label">"Device name"</label>
                        <input id="label" name="label" maxlength="60" required value="This device"/>
                        <button class="button" type="submit" disabled>"Add a passkey"</button>
                        <p role="status" class="quiet" data-say=""></p>
                    </form>
                }.into_any()
            } else {
                view! { <p class="quiet">"Passkeys need a domain name. Open this page by its name instead of its IP address, with https or as localhost."</p> }.into_any()
            }}
        </section>
        <section aria-labelledby="password-head">
            <h2 id="password-head">"Password"</h2>
            <form method="post" action="/ops/settings">
                <input type="hidden" name="what" value="password"/>
                <input class="away" name="username" autocomplete="username" value=reader.name.clone() tabindex="-1" aria-hidden="true" readonly/>
                <label for="present">"Current password"</label>
                <input id="present" name="present" type="password" autocomplete="current-password" maxlength="200"/>
                <label for="password">"New password (at least 10 characters)"</label>
                <input id="password" name="password" type="password" autocomplete="new-password" required minlength="10" maxlength="200"/>
                <fieldset>
                    <legend>"Also remove, in case someone else used your account"</legend>
                    {Foothold::ALL.into_iter().map(|one| view! {
                        <label class="tick"><input type="checkbox" name="end" value=one.as_str()/>{foothold_word(one)}</label>
                    }).collect_view()}
                </fieldset>
                <button class="button" type="submit">"Change password"</button>
                <p class="quiet">"You will be signed out everywhere else. If you do not know your current password, sign in with a passkey and change it within 5 minutes."</p>
            </form>
        </section>
        <section aria-labelledby="sessions">
            <h2 id="sessions">"Where you are signed in"</h2>
            <ul class="listed">{sessions.iter().map(session).collect_view()}</ul>
            <form method="post" action="/sign-out"><button class="button" type="submit">"Sign out"</button></form>
        </section>
        {owner.then(|| view! {
            <section aria-labelledby="people">
                <h2 id="people">"Members"</h2>
                <ul class="listed">{people.iter().map(person).collect_view()}</ul>
                {(!invitations.is_empty()).then(|| view! {
                    <h3>"Pending invitations"</h3>
                    <ul class="listed">{invitations.iter().map(|one_| view! {
                        <li><p>{one_.role.as_str()} ", expires " {moment(one_.until)}</p>{one("withdraw", &one_.id, "Withdraw")}</li>
                    }).collect_view()}</ul>
                })}
                <form method="post" action="/ops/settings">
                    <input type="hidden" name="what" value="invite"/>
                    <label for="role">"Invite as"</label>
                    <select id="role" name="role">{roles(Some(Role::Responder))}</select>
                    <button class="button" type="submit">"Create invitation link"</button>
                </form>
            </section>
            <section aria-labelledby="tokens">
                <h2 id="tokens">"API tokens"</h2>
                {if tokens.is_empty() {
                    view! { <p class="empty">"None yet. Programs send a token in the Authorization header: " <code>"Bearer TOKEN"</code> "."</p> }.into_any()
                } else {
                    view! { <ul class="listed">{tokens.iter().map(token).collect_view()}</ul> }.into_any()
                }}
                <form method="post" action="/ops/settings">
                    <input type="hidden" name="what" value="token"/>
                    <label for="token-label">"Name"</label>
                    <input id="token-label" name="label" maxlength="60" required/>
                    <fieldset>
                        <legend>"Permissions"</legend>
                        {Scope::ALL.into_iter().map(|scope| view! {
                            <label class="tick"><input type="checkbox" name="scope" value=scope.as_str() checked=scope == Scope::Ingest/>{scope_word(scope)}</label>
                        }).collect_view()}
                    </fieldset>
                    <label for="token-days">"Expires after"</label>
                    <select id="token-days" name="days">{DAYS.map(|(days, word)| view! { <option value=days selected=days == "90">{word}</option> }).to_vec()}</select>
                    <button class="button" type="submit">"Create token"</button>
                </form>
            </section>
        })}
    };
    document(assets, "Settings", true, true, inside.into_any())
}

const fn foothold_word(foothold: Foothold) -> &'static str {
    match foothold {
        Foothold::Passkeys => "all passkeys",
        Foothold::Contacts => "all contacts for notifications",
        Foothold::Tokens => "API tokens and invitations that you created",
    }
}

const fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Ingest => "send readings (ingest)",
        Scope::Read => "read everything (read)",
        Scope::Respond => "acknowledge, comment and resolve (respond)",
    }
}

fn passkey(card: &PasskeyCard) -> AnyView {
    view! { <li><p><strong><bdi>{card.label.clone()}</bdi></strong> ", " {used(card.used_at)}</p>{one("remove-passkey", &card.id, "Remove")}</li> }
        .into_any()
}

fn session(card: &SessionCard) -> AnyView {
    let agent =
        if card.agent.is_empty() { "Unknown browser".to_owned() } else { browser(&card.agent) };
    view! {
        <li>
            <p><strong>{agent}</strong> " from " {card.address.clone()} {card.this.then_some(" (this device)")}</p>
            <p class="quiet">"Signed in " {moment(card.created_at)} ", last active " {moment(card.seen_at)}</p>
            {(!card.this).then(|| one("end-session", &card.id, "Sign out"))}
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
            <button class="button small" type="submit">"Change role"</button>
        </form>
    };
    let (word, what) = if card.closed { ("Reactivate", "open") } else { ("Deactivate", "close") };
    view! {
        <li>
            <p><strong><bdi>{card.name.clone()}</bdi></strong> ", " {card.role.as_str()} {card.closed.then_some(", deactivated")}</p>
            <p class="quiet">{match card.seen_at {
                Some(at) => view! { "Last seen " {moment(at)} }.into_any(),
                None => "Not seen recently".into_any(),
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
                Some(until) => view! { "Expires " {moment(until)} }.into_any(),
                None => "Never expires".into_any(),
            }}</p>
            {one("revoke", &card.id, "Revoke")}
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
