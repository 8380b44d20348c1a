//! The pages at the gate, as forms without script send them: sign in, join, and the settings.

use std::{collections::BTreeSet, sync::Arc};

use app::{
    Form,
    gate::{self, JoinPage, POLICY, Said, SettingsPage, SignInPage, Typed},
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{MethodRouter, get, post},
};
use commands::{
    account_change::{
        AccountChange, EndSession, RemovePasskey, RevokeToken, SetClosed, SetRole,
        WithdrawInvitation,
    },
    command::Command,
    reading::{GetSettings, ListContacts},
};
use domain::{
    access::{Foothold, Principal, Role, Scope},
    error::Error,
    id::{AccountId, InvitationId, PasskeyId, SessionId, TokenId},
    time::Span,
};
use http::{HeaderValue, StatusCode, Uri, header};

use wording::error::sentence;

use crate::{
    http::{
        assets,
        auth::{RequestPrincipal, own_page},
        client_info::ClientInfo,
        error::Problem,
        state::Site,
    },
    people::{Device, SignedIn, passkeys},
};

mod contacts;
mod form;

use form::{Outcome, unreadable};

/// A method in lower case, a path, and what makes its handler.
pub(super) type Row = (&'static str, &'static str, fn() -> MethodRouter<Site>);

/// Every address here.
pub(super) const ROUTES: &[Row] = &[
    ("get", "/sign-in", || get(sign_in_page)),
    ("post", "/sign-in", || post(sign_in)),
    ("get", "/join/{secret}", || get(join_page)),
    ("post", "/join/{secret}", || post(join)),
    ("post", "/sign-out", || post(sign_out)),
    ("get", "/ops/settings", || get(settings_page)),
    ("post", "/ops/settings", || post(settings)),
    ("get", "/gate.js", || get(script)),
];

/// The pages.
pub fn router() -> Router<Site> {
    ROUTES.iter().fold(Router::new(), |router, (_, path, handler)| router.route(path, handler()))
}

async fn script() -> Response {
    let kind = (header::CONTENT_TYPE, "text/javascript; charset=utf-8");
    ([kind, (header::CACHE_CONTROL, "no-cache")], include_str!("gate.js")).into_response()
}

fn document(status: StatusCode, html: String) -> Response {
    let policy =
        [(header::CACHE_CONTROL, "private, no-store"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (status, policy, Html(html)).into_response()
}

/// The page that says why something was refused.
fn refused(refusal: &Error, html: String) -> Response {
    let problem = Problem::from(refusal.clone());
    let mut response = document(problem.status(), html);
    problem.say_when(response.headers_mut());
    response
}

/// The fields of an address's query.
fn asked(uri: &Uri) -> Result<Form, Error> {
    Form::read(uri.query().unwrap_or_default().as_bytes())
}

async fn sign_in_page(
    State(site): State<Site>,
    client: ClientInfo,
    uri: Uri,
) -> Result<Response, Problem> {
    let to = own_page(asked(&uri)?.get("to")).to_owned();
    let page = SignInPage {
        to,
        passkeys: passkeys::are_possible(&client),
        owned: site.people.has_owner().await?,
        ..SignInPage::default()
    };
    Ok(document(StatusCode::OK, gate::sign_in(&assets::names(), &page)))
}

/// Leads on with the session's cookie.
fn led_on(signed_in: &SignedIn, to: &str) -> Response {
    let mut response = Redirect::to(own_page(to)).into_response();
    for cookie in signed_in.cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn sign_in(
    State(site): State<Site>,
    device: Device,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&body)?;
    let (name, to) = (form.get("name").to_owned(), form.get("to").to_owned());
    match site.people.sign_in(&name, form.get("password").to_owned(), &device).await {
        Ok(signed_in) => Ok(led_on(&signed_in, &to)),
        Err(refusal) => {
            let said = Said::Refused(sentence(&refusal));
            let owned = site.people.has_owner().await?;
            let page = SignInPage {
                to: own_page(&to).to_owned(),
                name,
                passkeys: passkeys::are_possible(&device.came),
                owned,
                said,
            };
            Ok(refused(&refusal, gate::sign_in(&assets::names(), &page)))
        }
    }
}

async fn join_page(
    State(site): State<Site>,
    Path(secret): Path<String>,
) -> Result<Response, Problem> {
    let role = site.people.invited(&secret).await?;
    let code = if role.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let page = JoinPage { role, secret, name: String::new(), said: Said::Nothing };
    Ok(document(code, gate::join(&assets::names(), &page)))
}

async fn join(
    State(site): State<Site>,
    device: Device,
    Path(secret): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&body)?;
    let name = form.get("name").to_owned();
    match site.people.join(&secret, &name, form.get("password").to_owned(), &device).await {
        Ok(signed_in) => Ok(led_on(&signed_in, "/ops/settings")),
        Err(refusal) => {
            let role = site.people.invited(&secret).await?;
            let page = JoinPage { role, secret, name, said: Said::Refused(sentence(&refusal)) };
            Ok(refused(&refusal, gate::join(&assets::names(), &page)))
        }
    }
}

async fn sign_out(
    State(site): State<Site>,
    client: ClientInfo,
    RequestPrincipal(caller): RequestPrincipal,
) -> Response {
    if let Principal::Account { session, .. } = caller {
        // One that has ended already is just as good.
        let _ = site.service.execute(caller, EndSession { session }).await;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    if let Ok(cookie) = HeaderValue::from_str(&site.people.cookie.forgotten(&client)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn shown(
    site: &Site,
    client: &ClientInfo,
    caller: Principal,
    code: StatusCode,
    said: Said,
    typed: Vec<(String, String)>,
) -> Result<Response, Problem> {
    let settings = site.service.execute(caller.clone(), GetSettings {}).await?;
    let contacts = site.service.execute(caller, ListContacts {}).await?;
    let (forms, passkeys) = (Arc::clone(&site.contact_forms), passkeys::are_possible(client));
    let page = SettingsPage { settings, contacts, forms, passkeys, said, typed: Typed(typed) };
    Ok(document(code, gate::settings(&assets::names(), &page)))
}

/// What is said when a form has led back here.
fn done(word: &str) -> Said {
    let sentence = match word {
        "passkey" => "Passkey added. Next time you can sign in with this device.",
        "remove-passkey" => "Passkey removed.",
        "password" => "Password changed. You have been signed out everywhere else.",
        "password-and-more" => {
            "Password changed. You have been signed out everywhere else, and everything you chose was removed."
        }
        "end-session" => "Signed out on that device.",
        "withdraw" => "Invitation withdrawn. Its link no longer works.",
        "role" => "Role changed.",
        "close" => {
            "Account deactivated. It is signed out everywhere, and its invitations, tokens and share links no longer work."
        }
        "open" => "Account reactivated.",
        "revoke" => "Token revoked.",
        "contact" => "Contact changed.",
        "remove-contact" => "Contact removed. It no longer receives notifications.",
        _ => return Said::Nothing,
    };
    Said::Done(sentence.to_owned())
}

async fn settings_page(
    State(site): State<Site>,
    client: ClientInfo,
    RequestPrincipal(caller): RequestPrincipal,
    uri: Uri,
) -> Result<Response, Problem> {
    let said = done(asked(&uri)?.get("done"));
    shown(&site, &client, caller, StatusCode::OK, said, Vec::new()).await
}

async fn settings(
    State(site): State<Site>,
    client: ClientInfo,
    RequestPrincipal(caller): RequestPrincipal,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&body)?;
    match deed(&site, &client, caller.clone(), &form).await {
        Ok(Outcome::Done(word)) => {
            Ok(Redirect::to(&format!("/ops/settings?done={word}")).into_response())
        }
        Ok(Outcome::Said(said)) => {
            shown(&site, &client, caller, StatusCode::OK, said, Vec::new()).await
        }
        Err(Error::SignIn) => Ok(Redirect::to("/sign-in?to=%2Fops%2Fsettings").into_response()),
        Err(refusal) => {
            shown(
                &site,
                &client,
                caller,
                Problem::from(refusal.clone()).status(),
                Said::Refused(sentence(&refusal)),
                form.into(),
            )
            .await
        }
    }
}

async fn deed(
    site: &Site,
    client: &ClientInfo,
    caller: Principal,
    form: &Form,
) -> Result<Outcome, Error> {
    let id = || form.get("id").parse::<u32>().map_err(|_| unreadable());
    let role = || form.get("role").parse::<Role>().map_err(|_| unreadable());
    let (word, change) = match form.get("what") {
        "password" => {
            let text = |name| form.get(name).to_owned();
            let (present, password) = (text("present"), text("password"));
            let foothold =
                |value: &str| Foothold::ALL.into_iter().find(|one| one.as_str() == value);
            let end: BTreeSet<Foothold> = form
                .all("end")
                .map(|value| foothold(value).ok_or_else(unreadable))
                .collect::<Result<_, _>>()?;
            let word = if end.is_empty() { "password" } else { "password-and-more" };
            site.people.set_password(caller, present, password, end, client.from).await?;
            return Ok(Outcome::Done(word));
        }
        "invite" => {
            let role = role()?;
            let secret = site.people.invite(caller, role).await?;
            let here =
                || format!("{}://{}", if client.secure { "https" } else { "http" }, client.host);
            let here = site.public_url.as_deref().map_or_else(here, str::to_owned);
            let what =
                format!("Send this link to the new {role}. It works once and expires in 14 days.");
            return Ok(Outcome::Said(Said::Secret {
                what,
                secret: format!("{here}/join/{secret}"),
            }));
        }
        "token" => {
            let scopes: BTreeSet<Scope> = form
                .all("scope")
                .map(|scope| scope.parse().map_err(|_| unreadable()))
                .collect::<Result<_, _>>()?;
            let until = match form.get("days") {
                "" => None,
                days => {
                    let days: u64 = days
                        .parse()
                        .ok()
                        .filter(|days| (1..=3_650).contains(days))
                        .ok_or_else(unreadable)?;
                    Some(site.clock.now().wall.plus(Span::from_secs(days * 86_400)))
                }
            };
            let label = form.get("label").to_owned();
            let secret = site.people.create_token(caller, label, scopes, until).await?;
            return Ok(Outcome::Said(Said::Secret {
                what: "Your new token. Use it as: Authorization: Bearer TOKEN".to_owned(),
                secret,
            }));
        }
        "contact" | "remove-contact" | "test-contact" => {
            return contacts::deed(site, caller, form).await;
        }
        "end-session" => {
            ("end-session", AccountChange::EndSession(EndSession { session: SessionId(id()?) }))
        }
        "remove-passkey" => (
            "remove-passkey",
            AccountChange::RemovePasskey(RemovePasskey { passkey: PasskeyId(id()?) }),
        ),
        "withdraw" => (
            "withdraw",
            AccountChange::WithdrawInvitation(WithdrawInvitation {
                invitation: InvitationId(id()?),
            }),
        ),
        "role" => {
            ("role", AccountChange::SetRole(SetRole { account: AccountId(id()?), role: role()? }))
        }
        "close" => (
            "close",
            AccountChange::SetClosed(SetClosed { account: AccountId(id()?), closed: true }),
        ),
        "open" => (
            "open",
            AccountChange::SetClosed(SetClosed { account: AccountId(id()?), closed: false }),
        ),
        "revoke" => ("revoke", AccountChange::RevokeToken(RevokeToken { token: TokenId(id()?) })),
        _ => return Err(unreadable()),
    };
    site.service.operations().change(caller, Command::Account(change)).await?;
    Ok(Outcome::Done(word))
}
