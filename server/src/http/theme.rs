//! The reader's theme: found in the cookie of each request for a page, and chosen by a form.

use app::{Form, Theme, own_page};
use axum::{
    Router,
    body::Bytes,
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
    routing::post,
};
use domain::error::{Error, FieldReason};
use http::{HeaderMap, HeaderValue, header};

use crate::http::{client_info::ClientInfo, error::Problem, state::Site};

tokio::task_local! {
    /// Theme of the request that is answered right now.
    static THEME: Theme;
}

/// Theme of the request that is answered right now.
pub(super) fn current() -> Theme {
    THEME.try_with(|theme| *theme).unwrap_or_default()
}

fn of(headers: &HeaderMap) -> Theme {
    Theme::of_cookies(headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes))
}

/// Reads the theme of a request.
pub(super) async fn resolve(request: Request, next: Next) -> Response {
    let theme = of(request.headers());
    THEME.scope(theme, next.run(request)).await
}

/// Its address.
pub(super) const ROUTE: super::state::Row = ("post", "/theme", || post(choose));

/// The route.
pub(super) fn router() -> Router<Site> {
    let (_, path, handler) = ROUTE;
    Router::new().route(path, handler())
}

/// Keeps the theme that was chosen, and leads back to the page.
async fn choose(client: ClientInfo, body: Bytes) -> Result<Response, Problem> {
    let form = Form::read(&body)?;
    let theme = Theme::named(form.get("theme")).ok_or_else(|| {
        Error::invalid("theme", FieldReason::Expected("system, light or dark".into()))
    })?;
    let mut response = Redirect::to(own_page(form.get("to"))).into_response();
    let headers = response.headers_mut();
    if let Ok(cookie) = HeaderValue::from_str(&theme.cookie(client.secure)) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
