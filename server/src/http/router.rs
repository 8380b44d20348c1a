//! The router of everything that is served, with its layers in their order.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    response::IntoResponse as _,
};
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
    middleware::{
        body, generated,
        guard::{self, Guard},
    },
    pages, shared, sign_in,
    state::Site,
    status_page, theme,
};

/// Builds the router of everything that is served.
pub fn router(site: Site, guard: Guard, body_limit: usize) -> Router {
    let routes = generate_route_list(app::App);
    let context = pages::context(&site);
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
        .merge(sign_in::router())
        .merge(shared::router())
        .merge(status_page::router())
        .merge(theme::router())
        .merge(pages)
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::Method, "This address needs another method. See /api.".to_owned())
        })
        .layer(from_fn_with_state(Arc::clone(&site.service), generated::mark))
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
