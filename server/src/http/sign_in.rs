//! Coming in and going out: the forms of sign-in and join, and the way out. They change who one is,
//! so each ends with a document of its own; the pages are the app's.

use app::{EntryRefused, Form, own_page, page_at, shell};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use commands::account_change::EndSession;
use domain::{access::Principal, error::Error};
use http::{HeaderValue, Uri, header};
use leptos::prelude::provide_context;
use wording::error::sentence;

use crate::{
    http::{
        auth::RequestPrincipal,
        client_info::ClientInfo,
        error::Problem,
        pages,
        state::{Row, Site},
    },
    people::{Device, SignedIn},
};

/// Every address here.
pub(super) const ROUTES: &[Row] = &[
    ("post", "/sign-in", || post(sign_in)),
    ("post", "/join/{secret}", || post(join)),
    ("post", "/sign-out", || post(sign_out)),
    ("get", "/passkeys.js", || get(script)),
];

/// The routes.
pub fn router() -> Router<Site> {
    ROUTES.iter().fold(Router::new(), |router, (_, path, handler)| router.route(path, handler()))
}

async fn script() -> Response {
    let kind = (header::CONTENT_TYPE, "text/javascript; charset=utf-8");
    ([kind, (header::CACHE_CONTROL, "no-cache")], include_str!("passkeys.js")).into_response()
}

/// The page on which a form was refused: with the name that was typed, and why.
async fn refused(site: &Site, address: &str, name: String, refusal: &Error) -> Response {
    let problem = Problem::from(refusal.clone());
    let refused = EntryRefused { name, sentence: sentence(refusal) };
    let more = move || provide_context(refused.clone());
    let context = pages::context(site);
    let mut response = page_at(address, problem.status(), context, more, shell).await;
    problem.say_when(response.headers_mut());
    response
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
    let (name, to) = (form.get("name").to_owned(), own_page(form.get("to")));
    match site.people.sign_in(&name, form.get("password").to_owned(), &device).await {
        Ok(signed_in) => Ok(led_on(&signed_in, to)),
        Err(refusal) => {
            let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
            Ok(refused(&site, &format!("/sign-in?to={to}"), name, &refusal).await)
        }
    }
}

async fn join(
    State(site): State<Site>,
    device: Device,
    Path(secret): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&body)?;
    let name = form.get("name").to_owned();
    match site.people.join(&secret, &name, form.get("password").to_owned(), &device).await {
        Ok(signed_in) => Ok(led_on(&signed_in, "/ops/settings")),
        Err(refusal) => Ok(refused(&site, uri.path(), name, &refusal).await),
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
