//! Every subject that is watched: a strip of tiles, a search, and a card for each.

use std::sync::Arc;

use domain::subject::Subject;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{
    cards::SubjectCards,
    filter::{self, Filter, Filters},
    group::Groups,
    tiles::Tiles,
};
use crate::state::{OpsStore, OpsStoreFields};

/// Tiles, search and cards; `may` says whether their reader may retire subjects.
#[component]
pub(crate) fn Board(may: bool) -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(Filter::of));
    #[cfg(feature = "hydrate")]
    Effect::new(move |before: Option<()>| {
        query.track();
        if before.is_some() {
            crate::state::navigation::stayed();
        }
    });
    let groups = Memo::new(move |_| {
        ops.layout().track();
        Arc::new(ops.with_untracked(|ops| Groups::of(ops.rows.iter().map(|row| &row.reading))))
    });
    let kept = Memo::new(move |_| {
        let keeps = |groups: &Arc<Groups>| {
            filter.with(|filter| {
                let kept = groups.all.iter().filter(|group| filter.keeps(group));
                kept.map(|group| group.subject.clone()).collect::<Vec<Subject>>()
            })
        };
        groups.with(keeps)
    });
    let is_empty = Memo::new(move |_| groups.with(|groups| groups.all.is_empty()));
    let finds_nothing = Memo::new(move |_| !is_empty.get() && kept.with(Vec::is_empty));
    view! {
        <section class="glance" aria-label="All subjects at a glance" class:none=move || is_empty.get()>
            <Tiles groups kept/>
        </section>
        <section class="board" aria-labelledby="subjects">
            <h2 id="subjects" class="away">"Subjects"</h2>
            <Filters groups filter/>
            <Show when=move || is_empty.get()>
                <p class="empty">
                    "Readings from this host, its disks, apps and endpoints appear here, each next to its threshold. Programs can send their own signals to "
                    <code>"/api/ops/signals"</code> "."
                </p>
            </Show>
            <Show when=move || finds_nothing.get()>{filter::nothing()}</Show>
            <SubjectCards groups kept may/>
        </section>
    }
}
