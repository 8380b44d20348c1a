//! Shows every state of a recommendation in a browser, without a server or a database: `cargo run
//! -p app --features ssr --example decision`, then `http://127.0.0.1:3999/ops/incidents`. What is
//! pressed is decided by the real rules, as the first approver, and forgotten at the end. There is no Wasm: it is also how
//! the pages look without it. `?as=viewer`, `?as=stale` and `?as=second` in front of a path show it
//! to someone else: `http://127.0.0.1:3999/as/viewer/ops/approve/1-1`.

#![recursion_limit = "256"]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "an example tells what it does, and fails where it can't"
)]

#[path = "../tests/it/sample.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod decision;

use std::{path::Path, sync::Arc};

use axum::{Router, http::header, response::IntoResponse, routing::get};
use domain::access::{Principal, Role};

/// The style sheets in their order.
fn styles() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../style");
    let main = std::fs::read_to_string(folder.join("main.css")).unwrap();
    let names =
        main.lines().filter_map(|line| line.strip_prefix("@import \"")?.strip_suffix("\";"));
    names.map(|name| std::fs::read_to_string(folder.join(name)).unwrap()).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let backend = Arc::new(decision::Sample::default());
    let css = get(|| async { ([(header::CONTENT_TYPE, "text/css")], styles()).into_response() });
    let as_ = |caller: Principal| decision::pages(&backend, caller, None);
    let router = Router::new()
        .route("/pkg/calm-ops.css", css)
        .nest("/as/viewer", as_(decision::person(3, Role::Viewer, true)))
        .nest("/as/stale", as_(decision::person(1, Role::Approver, false)))
        .nest("/as/second", as_(decision::person(2, Role::Approver, true)))
        .nest("/as/nobody", as_(Principal::Nobody))
        .merge(as_(decision::person(1, Role::Approver, true)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3999").await.unwrap();
    println!("http://{}/ops/incidents", listener.local_addr().unwrap());
    axum::serve(listener, router).await.unwrap();
}
