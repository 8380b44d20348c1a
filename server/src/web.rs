//! What the browser and other programs reach: pages, REST, the live stream, and the guard before
//! all of them.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::DefaultBodyLimit, middleware};
use commands::service::Operations;
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use tokio_util::sync::CancellationToken;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate as _,
        predicate::{NotForContentType, SizeAbove},
    },
};

use crate::{
    board::Board,
    clock::Clock,
    live::Live,
    monitor::intake::Intake,
    people::People,
    service::Service,
    store::Store,
    web::{
        guard::Door,
        problem::{Kind, Problem},
    },
};

pub mod api;
pub mod assets;
pub mod body;
pub mod came;
pub mod doors;
pub mod gate;
pub mod guard;
pub mod openapi;
pub mod problem;
pub mod push;
pub mod serving;
mod shared;
pub mod tls;
mod trail;
pub mod who;

/// What every handler may use.
#[derive(Clone)]
pub struct Site {
    /// The one door.
    pub service: Arc<Service>,
    /// The gate through which people come in.
    pub people: Arc<People>,
    /// The store, for the stream.
    pub store: Arc<dyn Store>,
    /// What is shown.
    pub board: Arc<Board>,
    /// What a call can do.
    pub reach: app::gate::Reach,
    /// How browsers reach this server from outside, without a slash at the end, if that is
    /// configured: links lead there.
    pub public_url: Option<Arc<str>>,
    /// The live stream.
    pub live: Arc<Live>,
    /// Where pushed observations come in.
    pub intake: Arc<Intake>,
    /// The most observations in one push.
    pub push_observations: usize,
    /// The clocks.
    pub clock: Clock,
    /// Ends every stream.
    pub stop: CancellationToken,
    /// What the pages' framework needs.
    pub leptos: LeptosOptions,
}

impl axum::extract::FromRef<Site> for LeptosOptions {
    fn from_ref(site: &Site) -> Self {
        site.leptos.clone()
    }
}

/// Everything that is served.
pub fn router(site: Site, door: Door, body_limit: usize) -> Router {
    let routes = generate_route_list(app::App);
    let operations = site.service.operations().clone();
    let clock = site.clock;
    let public_url = site.public_url.clone();
    let now: Arc<dyn Fn() -> domain::time::Timestamp + Send + Sync> =
        Arc::new(move || clock.now().wall);
    let context = move || {
        provide_context(Operations::clone(&operations));
        provide_context(who::current());
        provide_context(assets::names());
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
        .fallback(leptos_axum::render_app_async_with_context(context, app::shell));
    Router::new()
        .merge(api::router())
        .merge(gate::router())
        .merge(shared::router())
        .merge(pages)
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::Method, "This address takes another method; see /api.".to_owned())
        })
        .layer(middleware::from_fn_with_state(site.clone(), who::resolve))
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(middleware::from_fn(move |request, next| body::whole(body_limit, request, next)))
        .layer(
            CompressionLayer::new()
                .br(true)
                .gzip(true)
                .quality(tower_http::CompressionLevel::Precise(4))
                .compress_when(compressed),
        )
        .merge(assets::router())
        .layer(CatchPanicLayer::custom(|_| {
            let detail =
                "Calm Ops failed at this request; it goes on watching. The log says where."
                    .to_owned();
            axum::response::IntoResponse::into_response(Problem::new(Kind::Internal, detail))
        }))
        .layer(middleware::from_fn_with_state(door, guard::guard))
        .with_state(site)
}

/// How long the whole stop may take.
pub const STOP_WITHIN: Duration = Duration::from_secs(2);
