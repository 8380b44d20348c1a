//! The context that the pages of the app get with each request.

use std::sync::Arc;

use commands::service::Operations;
use domain::time::Timestamp;
use leptos::prelude::provide_context;

use crate::http::{assets, auth, settings::Accounts, shared, state::Site, theme};

/// Provides it to the page, or to the function of a page, that answers the present request.
pub(super) fn context(site: &Site) -> impl Fn() + Clone + Send + Sync + 'static + use<> {
    let site = site.clone();
    let clock = site.clock;
    let now: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(move || clock.now().wall);
    move || {
        provide_context(Operations::clone(site.service.operations()));
        provide_context(auth::current());
        provide_context(assets::names());
        provide_context(theme::current());
        provide_context(app::NewToken(shared::random));
        provide_context(app::WallClock(Arc::clone(&now)));
        provide_context(app::PublicUrl(site.public_url.clone()));
        provide_context(app::Accounts(Arc::new(Accounts::new(site.clone(), auth::client()))));
    }
}
