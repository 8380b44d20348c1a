//! State that every handler may use.

use std::sync::Arc;

use axum::routing::MethodRouter;
use leptos::prelude::LeptosOptions;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock, current_status::CurrentStatus, http::places::Requests, metrics::Metrics,
    monitor::ingest::Intake, people::People, service::Service, store::Store, stream::Live,
};

/// A method in lower case, a path, and what makes its handler.
pub(super) type Row = (&'static str, &'static str, fn() -> MethodRouter<Site>);

/// State that every handler may use.
#[derive(Clone)]
pub struct Site {
    /// The service, through which everything is read and changed.
    pub service: Arc<Service>,
    /// Sign-ins, passkeys, invitations and tokens.
    pub people: Arc<People>,
    /// The store, for the stream.
    pub store: Arc<dyn Store>,
    /// The current status.
    pub board: Arc<CurrentStatus>,
    /// Forms by which people set their contacts.
    pub contact_forms: Arc<app::ContactForms>,
    /// The address of this server for browsers, without a slash at the end, if that is configured:
    /// links lead there.
    pub public_url: Option<Arc<str>>,
    /// The live stream.
    pub live: Arc<Live>,
    /// The text that Prometheus gets.
    pub metrics: Arc<Metrics>,
    /// Intake of pushed observations.
    pub intake: Arc<Intake>,
    /// The most observations in one push.
    pub push_observations: usize,
    /// Requests that are being answered.
    pub requests: Requests,
    /// The clocks.
    pub clock: Clock,
    /// Ends every stream.
    pub stop: CancellationToken,
    /// Options of the pages' framework.
    pub leptos: LeptosOptions,
}

impl axum::extract::FromRef<Site> for LeptosOptions {
    fn from_ref(site: &Site) -> Self {
        site.leptos.clone()
    }
}
