//! The store, and who is told of what the reducer touched.

use commands::view::{Health, Incidents};
use leptos::prelude::*;
use reactive_stores::{Field, Store};

use super::{
    ops::{Ops, OpsStoreFields, Row, RowStoreFields},
    reducer::{self, Touched},
};

/// The store as pages hold it.
pub(crate) type OpsStore = Store<Ops>;

/// One row, by its key. Reading it after the row has gone yields nothing.
pub(crate) fn row(ops: OpsStore, key: String) -> Field<Row> {
    ops.rows().at_key(key).into()
}

/// Takes the health page into the store.
pub(crate) fn load_health(ops: OpsStore, health: &Health) {
    let touched = ops.try_update_untracked(|ops| reducer::load_health(ops, health));
    notify(ops, touched.unwrap_or_default());
}

/// Takes both lists of incidents into the store.
pub(crate) fn load_incidents(ops: OpsStore, incidents: &Incidents) {
    let touched = ops.try_update_untracked(|ops| reducer::load_incidents(ops, incidents));
    notify(ops, touched.unwrap_or_default());
}

/// Takes an event of the stream. False if readings are missing in between: the stream has to be
/// opened again.
#[cfg(feature = "hydrate")]
pub(super) fn take(ops: OpsStore, event: commands::stream::StreamEvent) -> bool {
    let touched = ops.try_update_untracked(|ops| reducer::apply(ops, event)).unwrap_or_default();
    let is_complete = !touched.is_incomplete;
    notify(ops, touched);
    is_complete
}

/// Tells those who read what was touched, and nobody else.
fn notify(ops: OpsStore, touched: Touched) {
    if touched.rows_moved {
        ops.rows().update_keys();
        ops.rows().notify();
    }
    for key in touched.values {
        ops.rows().at_key(key).reading().notify();
    }
    for key in touched.courses {
        ops.rows().at_key(key).course().notify();
    }
    if touched.incidents {
        ops.knows_incidents().notify();
        ops.active().update_keys();
        ops.active().notify();
        ops.resolved().update_keys();
        ops.resolved().notify();
    }
    if touched.checked_at {
        ops.checked_at().notify();
    }
    if touched.layout {
        ops.layout().notify();
    }
    if touched.count {
        ops.count().notify();
    }
    if touched.troubles {
        ops.troubles().notify();
        ops.left_out().notify();
    }
    if touched.overview {
        ops.overview().notify();
    }
}
