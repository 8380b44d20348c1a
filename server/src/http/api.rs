//! The interface for programs: the same service as the pages. One list of routes makes the router,
//! the description and the tests of who may what.

use axum::{Router, routing::any};
use domain::error::ErrorKind;

use crate::http::{
    api::route::Route,
    error::{Kind, Problem},
    state::Site,
};

mod accounts;
mod changes;
mod contacts;
mod docs;
mod events;
mod health;
mod history;
mod incidents;
mod journal;
mod maintenance;
mod messages;
mod metrics;
mod organizations;
mod practice;
mod protection;
mod recommendations;
mod reports;
mod reviews;
pub mod route;
mod safe_mode;
mod shares;
pub(crate) mod signals;
mod status_page;
mod subjects;
mod thresholds;

/// Every route of the interface for programs.
pub fn routes() -> Vec<Route> {
    [
        health::routes(),
        metrics::routes(),
        incidents::routes(),
        messages::routes(),
        history::routes(),
        recommendations::routes(),
        reviews::routes(),
        thresholds::routes(),
        reports::routes(),
        journal::routes(),
        shares::routes(),
        subjects::routes(),
        changes::routes(),
        maintenance::routes(),
        practice::routes(),
        protection::routes(),
        organizations::routes(),
        status_page::routes(),
        signals::routes(),
        events::routes(),
        accounts::routes(),
        contacts::routes(),
        safe_mode::routes(),
        docs::routes(routes),
    ]
    .concat()
}

/// The router of all routes, with problem details for whatever else is asked under `/api`.
pub fn router() -> Router<Site> {
    let router = routes().into_iter().fold(Router::new(), |router, route| route.mount(router));
    router.route("/api/{*rest}", any(nothing_here))
}

async fn nothing_here() -> Problem {
    Problem::new(
        Kind::Service(ErrorKind::NotFound),
        "There is nothing at this address. See /api.".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::http::openapi::operation;

    /// A later type of the same name would take the place of the first without a word.
    #[test]
    fn every_name_stands_for_one_schema() {
        let mut all = Vec::new();
        routes().iter().for_each(|route| drop(operation(route, &mut all)));
        let mut known = BTreeMap::new();
        for (name, schema) in all {
            let schema = serde_json::to_value(schema).unwrap();
            assert_eq!(
                *known.entry(name.clone()).or_insert_with(|| schema.clone()),
                schema,
                "two types are called {name}"
            );
        }
        assert!(known.len() > 60, "{}", known.len());
    }
}
