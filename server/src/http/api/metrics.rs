//! The present values for Prometheus.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use commands::reading::ScrapeMetrics;
use http::header;

use crate::{
    http::{api::route::Route, schema::Content, state::Site},
    metrics::CONTENT_TYPE,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get_with("/metrics", metrics)
            .needs::<ScrapeMetrics>()
            .content(Content::Text)
            .summary("The present values for Prometheus, in its text format 0.0.4. A token with the scope `read` is enough.")
            .answer("A metric for each declared signal in its base unit, `calm_ops_pushed_value` for signals that programs sent, and Calm Ops' own. What is unknown has no sample, and signals of single organizations are left out. At most 2 s old."),
    ]
}

async fn metrics(State(site): State<Site>) -> Response {
    let text = site.metrics.text(&site.service, &site.board, site.clock).await;
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text)
        .into_response()
}
