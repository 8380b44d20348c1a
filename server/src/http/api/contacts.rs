//! By which ways oneself is called.

use axum::{
    extract::{Path, State},
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use commands::{
    command::{RemoveContact, SetContact, TestContact},
    notifications::{ContactRequest, Contacts},
    operation::Committed,
    reading::ListContacts,
};
use domain::{
    access::{Permission, Role},
    error::Error,
    id::ContactId,
};
use http::HeaderMap;

use super::{Empty, Route, body, execute};
use crate::http::{
    auth::As,
    error::Problem,
    openapi::{Content, of},
    state::Site,
};

const OWN: Permission = Permission::Person { role: Role::Viewer, recently_authenticated: false };
/// The same, with a fresh sign-in: an address that calls go to may let in whoever knows it, and is
/// asked from this machine.
const OWN_AND_FRESH: Permission =
    Permission::Person { role: Role::Viewer, recently_authenticated: true };

/// `GET /api/people/contacts`
pub(super) const LIST: Route = Route {
    method: "get",
    path: "/api/people/contacts",
    need: OWN,
    summary: "The ways by which oneself is called. What lets someone in is never shown, only that there is one.",
    query: &[],
    body: None,
    answer: (200, "The contacts, each with its last call."),
    content: Content::Json(of::<Contacts>),
    handler: || get(list),
};

/// `POST /api/people/contacts`
pub(super) const ADD: Route = Route {
    method: "post",
    path: "/api/people/contacts",
    need: OWN_AND_FRESH,
    summary: "Set a way by which oneself is called: `ntfy`, `webhook` or `mail`. In quiet hours warnings wait; what is critical always comes through.",
    query: &[],
    body: Some((
        r#"{"label":"Phone","way":{"kind":"ntfy","server":"https://ntfy.sh","topic":"calm-ops-8f3k"},"least":"warning","quiet":{"from":"22:00","to":"07:00","zone":"Europe/Berlin"},"enabled":true}"#,
        of::<ContactRequest>,
    )),
    answer: (200, "The journal position after it; its number is the contact's."),
    content: Content::Json(of::<Committed>),
    handler: || post(add),
};

/// `POST /api/people/contacts/{id}`
pub(super) const CHANGE: Route = Route {
    method: "post",
    path: "/api/people/contacts/{id}",
    need: OWN_AND_FRESH,
    summary: "Change a way by which oneself is called. Without `way` that stays as it is, with its secrets.",
    query: &[],
    body: Some((r#"{"label":"Phone","least":"critical","enabled":true}"#, of::<ContactRequest>)),
    answer: (200, "The journal position after it."),
    content: Content::Json(of::<Committed>),
    handler: || post(change),
};

/// `POST /api/people/contacts/{id}/remove`
pub(super) const REMOVE: Route = Route {
    method: "post",
    path: "/api/people/contacts/{id}/remove",
    need: OWN,
    summary: "Remove a way by which oneself is called. What waits for it is dropped.",
    query: &[],
    body: Some((r#"{}"#, of::<Empty>)),
    answer: (200, "The journal position after it."),
    content: Content::Json(of::<Committed>),
    handler: || post(remove),
};

/// `POST /api/people/contacts/{id}/test`
pub(super) const TEST: Route = Route {
    method: "post",
    path: "/api/people/contacts/{id}/test",
    need: OWN,
    summary: "Send a test. A moment later the list says whether it went out.",
    query: &[],
    body: Some((r#"{}"#, of::<Empty>)),
    answer: (200, "The journal position; a test is not journalled."),
    content: Content::Json(of::<Committed>),
    handler: || post(test),
};

fn which(text: &str) -> Result<ContactId, Problem> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(ContactId).ok_or_else(|| {
        Error::NotFound { what: "contact like that: a number names one".to_owned() }.into()
    })
}

async fn list(State(site): State<Site>, As(caller): As) -> Result<Response, Problem> {
    execute(&site, caller, ListContacts {}).await
}

async fn add(
    State(site): State<Site>,
    As(caller): As,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let wanted: ContactRequest = body(&headers, &bytes)?;
    execute(&site, caller, SetContact { contact: None, wanted }).await
}

async fn change(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let contact = Some(which(&id)?);
    let wanted: ContactRequest = body(&headers, &bytes)?;
    execute(&site, caller, SetContact { contact, wanted }).await
}

async fn remove(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    execute(&site, caller, RemoveContact { contact: which(&id)? }).await
}

async fn test(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    execute(&site, caller, TestContact { contact: which(&id)? }).await
}
