//! The pages at the gate: sign in, come in by an invitation, and the settings. They are whole documents of their own, small and complete
//! without Wasm; only a passkey needs a few lines of script.

use leptos::prelude::*;
use rules::{
    people::{Role, Scope},
    time::Timestamp,
    view::{PasskeyCard, PersonCard, SessionCard, Settings, TokenCard},
};

use crate::{clock, shell::Assets};

/// What may load on these pages.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'";

/// What a page says first: nothing, what was done, or what was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Said {
    /// Nothing yet.
    #[default]
    Nothing,
    /// What was done.
    Done(String),
    /// What was refused, and why.
    Refused(String),
    /// A secret that is shown once, with what it is.
    Secret {
        /// What it is and what to do with it.
        what: String,
        /// It.
        secret: String,
    },
}

/// What the sign-in page knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignInPage {
    /// Where it leads.
    pub to: String,
    /// What was typed as the name.
    pub name: String,
    /// Whether the browser can have passkeys for this address.
    pub passkeys: bool,
    /// Whether there is an owner already.
    pub owned: bool,
    /// What it says first.
    pub said: Said,
}

/// What the page behind an invitation knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinPage {
    /// What whoever comes in will be; `None` if the link is not good.
    pub role: Option<Role>,
    /// The last part of the link.
    pub secret: String,
    /// What was typed as the name.
    pub name: String,
    /// What it says first.
    pub said: Said,
}

/// A whole document.
fn document(assets: &Assets, title: &str, script: bool, places: bool, inside: AnyView) -> String {
    let title = format!("{title} - Calm Ops");
    let brand = view! { <p class="brand"><a href="/">"Calm Ops"</a></p> };
    let header = if places {
        let place = |href: &'static str, icon: &'static str, word: &'static str| {
            view! { <li><a href=href><i class=icon aria-hidden="true"></i>{word}</a></li> }
        };
        view! {
            <header class="places">
                {brand}
                <nav aria-label="Places">
                    <ul>
                        {place("/ops/health", "icon health", "Health")}
                        {place("/ops/incidents", "icon incidents", "Incidents")}
                        {place("/ops/history", "icon history", "History")}
                        {place("/ops/journal", "icon journal", "Journal")}
                        {place("/ops/runbook", "icon runbook", "Runbook")}
                    </ul>
                </nav>
                <a class="me" href="/ops/settings" aria-current="page">"Settings"</a>
            </header>
        }
        .into_any()
    } else {
        view! { <header class="gate-head">{brand}</header> }.into_any()
    };
    let class = if places { "frame" } else { "gate" };
    let html = view! {
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="robots" content="noindex"/>
                <title>{title}</title>
                <link rel="icon" href="/icons/calm.svg"/>
                <link rel="stylesheet" href=assets.css.clone()/>
                {script.then(|| view! { <script src="/gate.js" defer></script> })}
            </head>
            <body>
                <a class="skip" href="#main">"Skip to the page"</a>
                <div class=class>
                    {header}
                    <main id="main" tabindex="-1">{inside}</main>
                </div>
            </body>
        </html>
    };
    format!("<!DOCTYPE html>{}", html.into_any().to_html())
}

fn said(said: &Said) -> AnyView {
    match said {
        Said::Nothing => ().into_any(),
        Said::Done(sentence) => view! { <p role="status" class="said done">{sentence.clone()}</p> }.into_any(),
        Said::Refused(sentence) => view! { <p role="alert" class="said refused">{sentence.clone()}</p> }.into_any(),
        Said::Secret { what, secret } => view! {
            <div role="status" class="said done">
                <p>{what.clone()}</p>
                <p><code class="secret">{secret.clone()}</code></p>
                <p class="quiet">"It is shown only now. Calm Ops keeps no copy."</p>
            </div>
        }
        .into_any(),
    }
}

/// The page where one signs in.
pub fn sign_in(assets: &Assets, page: &SignInPage) -> String {
    if !page.owned {
        let inside = view! {
            <h1>"Nobody owns this Calm Ops yet"</h1>
            {said(&page.said)}
            <p class="lead">"When it started, it printed a link that begins with " <code>"/join/"</code> ". Open it to become the owner. It works once, for a day."</p>
            <p>"On this machine a new one is made with:"</p>
            <pre><code>"calm-ops owner-link"</code></pre>
            <p class="quiet">"What is watched is watched already. This page can wait."</p>
        };
        return document(assets, "Not owned yet", false, false, inside.into_any());
    }
    let with_passkey = page.passkeys.then(|| {
        view! {
            <form class="passkey" data-passkey="sign-in" data-to=page.to.clone()>
                <button class="button primary" type="submit" disabled>"Use a passkey"</button>
                <p role="status" class="quiet" data-say="">"Your fingerprint, face or the device's code."</p>
            </form>
            <p class="or">"or"</p>
        }
    });
    let primary = if page.passkeys { "button" } else { "button primary" };
    let inside = view! {
        <h1>"Sign in"</h1>
        {said(&page.said)}
        {with_passkey}
        <form method="post" action="/sign-in">
            <input type="hidden" name="to" value=page.to.clone()/>
            <label for="name">"Name"</label>
            <input id="name" name="name" autocomplete="username webauthn" required maxlength="60" autofocus=!page.passkeys value=page.name.clone()/>
            <label for="password">"Password"</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200"/>
            <button class=primary type="submit">"Sign in"</button>
        </form>
        <p class="quiet">"No account? An owner can invite you."</p>
    };
    document(assets, "Sign in", true, false, inside.into_any())
}

/// The page behind an invitation.
pub fn join(assets: &Assets, page: &JoinPage) -> String {
    let Some(role) = page.role else {
        let inside = view! {
            <h1>"This link does not work any more"</h1>
            <p class="lead">"It was used, taken back, or its time is over. Ask for a new one."</p>
            <p class="quiet">"An owner can make one in the settings. For the first owner " <code>"calm-ops owner-link"</code> " makes one on the machine itself."</p>
            <p><a class="button" href="/sign-in">"Sign in"</a></p>
        };
        return document(assets, "Link over", false, false, inside.into_any());
    };
    let inside = view! {
        <h1>"Come in"</h1>
        <p class="lead">{format!("You will be {}: {}.", role.one(), may(role))}</p>
        {said(&page.said)}
        <form method="post" action=format!("/join/{}", page.secret)>
            <label for="name">"Your name, as the team knows you"</label>
            <input id="name" name="name" autocomplete="username" required maxlength="60" autofocus value=page.name.clone()/>
            <label for="password">"A password, at least 10 characters"</label>
            <input id="password" name="password" type="password" autocomplete="new-password" required minlength="10" maxlength="200"/>
            <p class="quiet">"Some words in a row are good and easy to remember. A passkey can be added afterwards."</p>
            <button class="button primary" type="submit">"Come in"</button>
        </form>
    };
    document(assets, "Come in", false, false, inside.into_any())
}

/// What a role may do, in words.
const fn may(role: Role) -> &'static str {
    match role {
        Role::Viewer => "you see everything",
        Role::Responder => "you see everything, acknowledge, comment and resolve",
        Role::Approver => "you also approve and decline commands",
        Role::Owner => "you also decide who else is here",
    }
}

/// One form with one button, for what needs nothing typed.
fn one(what: &'static str, id: &impl ToString, word: &'static str) -> AnyView {
    view! {
        <form method="post" action="/ops/settings">
            <input type="hidden" name="what" value=what/>
            <input type="hidden" name="id" value=id.to_string()/>
            <button class="button small" type="submit">{word}</button>
        </form>
    }
    .into_any()
}

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

/// The settings: oneself, and for an owner who else is here.
pub fn settings(assets: &Assets, page: &Settings, passkeys: bool, message: &Said) -> String {
    let Settings { cursor: _, reader, sessions, passkeys: mine, people, invitations, tokens } = page;
    let owner = reader.role == Role::Owner;
    let sign_in_again = (!reader.fresh).then(|| {
        view! {
            <p class="notice">
                "Your sign-in is some time ago. To change passwords, passkeys, people or tokens, "
                <a href="/sign-in?to=%2Fops%2Fsettings">"sign in again"</a> " first."
            </p>
        }
    });
    let inside = view! {
        <h1>"Settings"</h1>
        <p class="lead">{format!("You are {}, {}: {}.", reader.name, reader.role.one(), may(reader.role))}</p>
        {said(message)}
        {sign_in_again}
        <section aria-labelledby="passkeys">
            <h2 id="passkeys">"Your passkeys"</h2>
            {if mine.is_empty() {
                view! { <p class="empty">"None yet. With a passkey you sign in by fingerprint, face or the device's code: the quickest way to decide at night."</p> }.into_any()
            } else {
                view! { <ul class="listed">{mine.iter().map(passkey).collect_view()}</ul> }.into_any()
            }}
            {if passkeys {
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
                <label for="password">"A new password, at least 10 characters"</label>
                <input id="password" name="password" type="password" autocomplete="new-password" required minlength="10" maxlength="200"/>
                <button class="button" type="submit">"Set it"</button>
                <p class="quiet">"Your other sign-ins end."</p>
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
                    <button class="button" type="submit">"Make a token"</button>
                </form>
            </section>
        })}
    };
    document(assets, "Settings", true, true, inside.into_any())
}

const fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Ingest => "push observations (ingest)",
        Scope::Read => "read everything (read)",
        Scope::Respond => "acknowledge, comment and resolve (respond)",
    }
}

fn passkey(card: &PasskeyCard) -> AnyView {
    view! { <li><p><strong>{card.label.clone()}</strong> ", " {used(card.used_at)}</p>{one("remove-passkey", &card.id, "Remove")}</li> }
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
    let find = |pairs: &[(&str, &'static str)]| pairs.iter().find(|(part, _)| agent.contains(part)).map(|(_, word)| *word);
    let name = find(&[("Firefox/", "Firefox"), ("Edg/", "Edge"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")]);
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
            <label class="away" for=format!("role-{}", card.account)>"Role of " {card.name.clone()}</label>
            <select id=format!("role-{}", card.account) name="role">{roles(Some(card.role))}</select>
            <button class="button small" type="submit">"Change"</button>
        </form>
    };
    let (word, what) = if card.closed { ("Open again", "open") } else { ("Close", "close") };
    view! {
        <li>
            <p><strong>{card.name.clone()}</strong> ", " {card.role.as_str()} {card.closed.then_some(", closed")}</p>
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
            <p><strong>{card.label.clone()}</strong> ", " {scopes.join(", ")} ", " {used(card.used_at)}</p>
            {card.until.map(|until| view! { <p class="quiet">"until " {clock::moment(until)}</p> })}
            {one("revoke", &card.id, "End it")}
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_never_markup_and_a_secret_is_shown_once() {
        let assets = Assets::default();
        let hostile = "\"><script>x</script>".to_owned();
        let page =
            SignInPage { to: hostile.clone(), name: hostile.clone(), passkeys: true, owned: true, said: Said::Refused(hostile.clone()) };
        let html = sign_in(&assets, &page);
        assert!(!html.contains("<script>x") && html.contains("/gate.js"), "{html}");
        let html = join(&assets, &JoinPage { role: Some(Role::Owner), secret: hostile.clone(), name: hostile, said: Said::Nothing });
        assert!(!html.contains("<script>x") && html.contains("You will be an owner"), "{html}");
    }

    #[test]
    fn without_an_owner_it_says_where_the_link_is_and_offers_no_sign_in() {
        let html = sign_in(&Assets::default(), &SignInPage::default());
        assert!(html.contains("calm-ops owner-link") && !html.contains("<form"), "{html}");
    }

    #[test]
    fn browsers_are_named_in_two_words() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        assert_eq!(browser("curl/8.1"), "curl");
    }
}
