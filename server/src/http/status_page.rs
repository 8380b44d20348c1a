//! `/status`, and `/api/status` for programs: the same bytes for everyone, without an account and
//! without a cookie.

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{
    http::{assets::is_known, state::Site},
    publisher::Tagged,
};

/// The address of the page.
pub(super) const ROUTE: super::state::Row = ("get", "/status", || get(page));

/// The route.
pub(super) fn router() -> Router<Site> {
    let (_, path, handler) = ROUTE;
    Router::new().route(path, handler())
}

async fn page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let rendered = site.service.publisher().rendered();
    let mut response = answered(&rendered.html, "text/html; charset=utf-8", &headers);
    // A frame can only be forbidden in a header.
    let policy = format!("{}; frame-ancestors 'none'", rendered.policy);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The page for programs.
pub(super) async fn json(State(site): State<Site>, headers: HeaderMap) -> Response {
    answered(&site.service.publisher().rendered().json, "application/json", &headers)
}

fn answered(text: &Tagged, kind: &'static str, headers: &HeaderMap) -> Response {
    let mut response = if is_known(headers, &text.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
        (kind, text.bytes.clone()).into_response()
    };
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=10"));
    if let Ok(tag) = HeaderValue::from_str(&text.tag) {
        fields.insert(header::ETAG, tag);
    }
    response
}
