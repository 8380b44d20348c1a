//! The form of the health page: check now.

use axum::{Router, routing::post};
use commands::reading::CheckNow;
use leptos::prelude::*;

use super::trail::{known, led_to, shown};
use crate::problem::status;

/// The page.
pub(super) const HEALTH: &str = "/ops/health";

/// The route; `context` and `shell` as the pages have them.
pub(super) fn forms<S, IV>(
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    IV: IntoView + 'static,
{
    let check = move || {
        let (context, shell) = (context.clone(), shell.clone());
        async move {
            match known(&context).execute(CheckNow {}).await {
                Ok(()) => led_to(HEALTH),
                Err(problem) => shown(HEALTH, status(problem.kind), context, || {}, shell).await,
            }
        }
    };
    Router::new().route(HEALTH, post(check))
}
