//! The pages at the gate: sign in, join by an invitation, and the settings. They are whole
//! documents of their own, small and complete without Wasm; only a passkey needs a few lines of
//! script.

use domain::{access::Role, time::Timestamp};
use leptos::prelude::*;

use crate::{clock, shell::Assets};

mod button;
mod contacts;
mod settings;

pub use contacts::{ContactForms, Typed};
pub use settings::{SettingsPage, settings};

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
    let title = format!("{title} · Calm Ops");
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
                <a class="skip" href="#main">"Skip to content"</a>
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
        Said::Done(sentence) => {
            view! { <p role="status" class="said done">{sentence.clone()}</p> }.into_any()
        }
        Said::Refused(sentence) => {
            view! { <p role="alert" class="said refused">{sentence.clone()}</p> }.into_any()
        }
        Said::Secret { what, secret } => view! {
            <div role="status" class="said done">
                <p>{what.clone()}</p>
                <p><code class="secret">{secret.clone()}</code></p>
                <p class="quiet">"It is shown only once. Copy it now; it can't be recovered later."</p>
            </div>
        }
        .into_any(),
    }
}

/// A moment, to the minute: in UTC from the server, by the reader's clock as soon as the script has
/// run.
fn moment(at: Timestamp) -> AnyView {
    let title = clock::utc(at);
    view! { <time datetime=at.to_seconds_text() title=title>{clock::utc_minute(at)}</time> }
        .into_any()
}

/// The page where one signs in.
pub fn sign_in(assets: &Assets, page: &SignInPage) -> String {
    if !page.owned {
        let inside = view! {
            <h1>"This Calm Ops has no owner yet"</h1>
            {said(&page.said)}
            <p class="lead">"Open the " <code>"/join/"</code> " link that was printed at startup to become the owner. If the name of a file was printed instead, the link is in that file. It works once and expires in a day."</p>
            <p>"To create a new link, run on the server:"</p>
            <pre><code>"calm-ops owner-link"</code></pre>
            <p class="quiet">"Monitoring is already running."</p>
        };
        return document(assets, "No owner yet", false, false, inside.into_any());
    }
    let with_passkey = page.passkeys.then(|| {
        view! {
            <form class="passkey" data-passkey="sign-in" data-to=page.to.clone()>
                <button class="button primary" type="submit" disabled>"Sign in with a passkey"</button>
                <p role="status" class="quiet" data-say="">"Fingerprint, face or device PIN."</p>
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

/// The page that stands where another one can't: what is wrong, and what to do.
pub fn problem(assets: &Assets, title: &str, detail: &str) -> String {
    let inside = view! {
        <h1>"This page can't be shown"</h1>
        <p class="lead">{detail.to_owned()}</p>
        <p class="quiet">"Monitoring continues."</p>
        <p><a class="button" href="/ops/health">"Go to the health page"</a></p>
    };
    document(assets, title, false, false, inside.into_any())
}

/// The page behind an invitation.
pub fn join(assets: &Assets, page: &JoinPage) -> String {
    let Some(role) = page.role else {
        let inside = view! {
            <h1>"This link is not valid"</h1>
            <p class="lead">"It was already used or withdrawn, or it has expired. Ask for a new one."</p>
            <p class="quiet">"Owners create invitation links in the settings. For the first owner, run " <code>"calm-ops owner-link"</code> " on the server."</p>
            <p><a class="button" href="/sign-in">"Sign in"</a></p>
        };
        return document(assets, "Link not valid", false, false, inside.into_any());
    };
    let inside = view! {
        <h1>"Join"</h1>
        <p class="lead">{format!("You are joining as {}: {}.", role.one(), may(role))}</p>
        {said(&page.said)}
        <form method="post" action=format!("/join/{}", page.secret)>
            <label for="name">"Your name, as your team knows you"</label>
            <input id="name" name="name" autocomplete="username" required maxlength="60" autofocus value=page.name.clone()/>
            <label for="password">"Password (at least 10 characters)"</label>
            <input id="password" name="password" type="password" autocomplete="new-password" required minlength="10" maxlength="200"/>
            <p class="quiet">"A few random words are strong and easy to remember. You can add a passkey later."</p>
            <button class="button primary" type="submit">"Create account"</button>
        </form>
    };
    document(assets, "Join", false, false, inside.into_any())
}

/// What a role may do, in words.
const fn may(role: Role) -> &'static str {
    match role {
        Role::Viewer => "you can see everything",
        Role::Responder => "you can see everything, acknowledge, comment, resolve and share",
        Role::Approver => "you can handle incidents and approve commands",
        Role::Owner => "you can approve commands and manage members",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_never_markup_and_a_secret_is_shown_once() {
        let assets = Assets::default();
        let hostile = "\"><script>x</script>".to_owned();
        let page = SignInPage {
            to: hostile.clone(),
            name: hostile.clone(),
            passkeys: true,
            owned: true,
            said: Said::Refused(hostile.clone()),
        };
        let html = sign_in(&assets, &page);
        assert!(!html.contains("<script>x") && html.contains("/gate.js"), "{html}");
        let html = join(
            &assets,
            &JoinPage {
                role: Some(Role::Owner),
                secret: hostile.clone(),
                name: hostile,
                said: Said::Nothing,
            },
        );
        assert!(
            !html.contains("<script>x") && html.contains("You are joining as an owner"),
            "{html}"
        );
    }

    #[test]
    fn without_an_owner_it_says_where_the_link_is_and_offers_no_sign_in() {
        let html = sign_in(&Assets::default(), &SignInPage::default());
        assert!(html.contains("calm-ops owner-link") && !html.contains("<form"), "{html}");
    }
}
