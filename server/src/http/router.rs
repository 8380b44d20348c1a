//! The router of everything that is served, with its layers in their order.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    response::IntoResponse as _,
};
use commands::service::Operations;
use domain::time::Timestamp;
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate as _,
        predicate::{NotForContentType, SizeAbove},
    },
};

use crate::http::{
    api, assets, auth,
    error::{Kind, Problem},
    gate,
    middleware::{
        body,
        guard::{self, Guard},
    },
    shared,
    state::Site,
    theme,
};

/// Builds the router of everything that is served.
pub fn router(site: Site, guard: Guard, body_limit: usize) -> Router {
    let routes = generate_route_list(app::App);
    let operations = site.service.operations().clone();
    let clock = site.clock;
    let public_url = site.public_url.clone();
    let now: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(move || clock.now().wall);
    let context = move || {
        provide_context(Operations::clone(&operations));
        provide_context(auth::current());
        provide_context(assets::names());
        provide_context(theme::current());
        provide_context(app::NewToken(shared::random));
        provide_context(app::WallClock(Arc::clone(&now)));
        provide_context(app::PublicUrl(public_url.clone()));
    };
    // The live stream is never compressed: it must go out at once, and each client's own compressor
    // would cost memory.
    let compressed = SizeAbove::new(512)
        .and(NotForContentType::SSE)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::const_new("application/wasm"));
    let pages = Router::new()
        .leptos_routes_with_context(&site, routes, context.clone(), app::shell)
        .merge(app::forms(context.clone(), app::shell))
        .layer(from_fn({
            let context = context.clone();
            move |request, next| app::without_wasm(context.clone(), app::shell, request, next)
        }))
        .fallback(leptos_axum::render_app_async_with_context(context, app::shell))
        .layer(from_fn(theme::resolve));
    Router::new()
        .merge(api::router())
        .merge(gate::router())
        .merge(shared::router())
        .merge(theme::router())
        .merge(pages)
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::Method, "This address needs another method. See /api.".to_owned())
        })
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(from_fn(move |request, next| body::whole(body_limit, request, next)))
        // Before the body is read: strangers have less room for theirs.
        .layer(from_fn_with_state(site.clone(), auth::resolve))
        .layer(
            CompressionLayer::new()
                .br(true)
                .gzip(true)
                .quality(CompressionLevel::Precise(4))
                .compress_when(compressed),
        )
        .merge(assets::router())
        .layer(CatchPanicLayer::custom(|_| {
            let detail =
                "Calm Ops failed to answer this request. Monitoring continues. See the log for details."
                    .to_owned();
            Problem::new(Kind::Internal, detail).into_response()
        }))
        .layer(from_fn_with_state(guard, guard::guard))
        .with_state(site)
}
