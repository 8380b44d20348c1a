//! `/share/{token}`: one incident for whoever holds its link. A token that is unknown, over or
//! ended gets the same answer, after the same work.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::{Path, State, rejection::PathRejection},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use commands::{reading::GetSharedPage, sharing::token_hash};
use domain::{
    error::{Error, Unavailable},
    hash::Hash,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::http::{assets, state::Site};

/// The longest token that is looked for; ours are shorter.
const LONGEST: usize = 100;
/// The header that a page that is open sends when it looks again: it is no new view.
const AGAIN: &str = "x-calm-ops-again";

/// A new token of 256 bits as it stands in a link, and what is kept of it.
pub(super) fn token() -> Result<(String, Hash), Error> {
    let token = random().ok_or(Unavailable::NoRandomness)?;
    let hash = token_hash(&token);
    Ok((token, hash))
}

/// 256 bits as 64 hexadecimal digits.
pub(super) fn random() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(Hash(bytes).to_string())
}

/// Its address.
pub(super) const ROUTE: super::state::Row = ("get", "/share/{token}", || get(page));

/// The route.
pub(super) fn router() -> Router<Site> {
    let (_, path, handler) = ROUTE;
    Router::new().route(path, handler())
}

async fn page(
    State(site): State<Site>,
    token: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let token = token.map(|Path(token)| token).unwrap_or_default();
    let token = token.get(..LONGEST).unwrap_or(&token);
    match look(&site, token, !headers.contains_key(AGAIN)).await {
        Ok(Some(page)) => {
            let Some(nonce) = random() else { return closed() };
            let html =
                app::shared_page(&page, site.service.is_generated(), &assets::names().css, &nonce);
            guarded(StatusCode::OK, html, &nonce)
        }
        Ok(None) | Err(Error::NotFound(_) | Error::Forbidden(_)) => closed(),
        Err(_) => {
            let html = app::shared_away(&assets::names().css);
            guarded(StatusCode::SERVICE_UNAVAILABLE, html, "")
        }
    }
}

async fn look(
    site: &Site,
    token: &str,
    opened: bool,
) -> Result<Option<commands::sharing::SharedPage>, Error> {
    let Some(caller) = site.service.by_share(token, opened).await? else { return Ok(None) };
    site.service.execute(caller, GetSharedPage {}).await.map(Some)
}

/// The one answer for every link that shows nothing.
fn closed() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| app::shared_closed(&assets::names().css));
    guarded(StatusCode::NOT_FOUND, PAGE.clone(), "")
}

/// With the headers that such a page has, whatever it says.
fn guarded(status: StatusCode, html: String, nonce: &str) -> Response {
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    let script = if nonce.is_empty() {
        String::new()
    } else {
        format!("script-src 'nonce-{nonce}'; connect-src 'self'; ")
    };
    let policy = format!(
        "default-src 'none'; {script}style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    response
}
