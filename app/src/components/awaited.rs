//! Views that wait for a resource.

use std::future::Future;

use leptos::{prelude::*, tachys::reactive_graph::OwnedView};

/// A view that is made when `wait` is done, and made again when what it awaits changes: until then
/// the one before stays.
///
/// On the server the document waits for the future itself. `Suspense` and `Transition` wait for an
/// effect on another thread instead, which makes every view several times and can miss its wake-up
/// where one resource is awaited in two places: the document then never ends.
pub(crate) fn awaited<V, F>(wait: impl Fn() -> F + Send + Sync + 'static) -> AnyView
where
    V: IntoView + 'static,
    F: Future<Output = V> + Send + 'static,
{
    let view = move || {
        let wait = wait();
        // What comes after waiting is rendered on any thread: with the owner of this view.
        Suspend::new(async move { OwnedView::new(wait.await.into_view()) })
    };
    view.into_any()
}
