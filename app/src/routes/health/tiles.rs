//! The strip of tiles: each subject at a glance, the worst first. It is sorted anew only while nobody
//! points at it.

use std::sync::Arc;

use domain::subject::Subject;
use leptos::prelude::*;

use super::group::{Group, Groups, SubjectStatus, is_collector, keep_order};
use crate::status::subject_anchor;

/// So many tiles at most have room for their names.
const FEW: usize = 24;

/// An order of subjects that stays while `is_held`.
pub(super) fn steady(
    subjects: Memo<Vec<Subject>>,
    is_held: impl Fn() -> bool + Send + Sync + 'static,
) -> Memo<Vec<Subject>> {
    Memo::new(move |before: Option<&Vec<Subject>>| {
        let now = subjects.get();
        match before {
            Some(before) if is_held() => keep_order(before, &now),
            _ => {
                // The reader may come later.
                is_held();
                now
            }
        }
    })
}

/// Name of a subject as its tile shows it, and what tells it from others of that name.
fn name(subject: &Subject) -> (String, String) {
    if is_collector(subject) {
        return ("Collectors".to_owned(), String::new());
    }
    let host = subject.host().filter(|host| *host != subject.name());
    (subject.name().to_owned(), host.map(|host| format!(" on {host}")).unwrap_or_default())
}

/// Puts the focus on a part of the page, and opens the card that it heads.
fn go_to(id: &str) {
    #[cfg(feature = "hydrate")]
    crate::state::navigation::open(id);
    #[cfg(not(feature = "hydrate"))]
    let _ = id;
}

/// The strip, with the subjects that the filter keeps.
#[component]
pub(super) fn Tiles(groups: Memo<Arc<Groups>>, kept: Memo<Vec<Subject>>) -> impl IntoView {
    let (is_pointed_at, has_focus) = (RwSignal::new(false), RwSignal::new(false));
    // Both are asked, so that both are followed.
    let order = steady(kept, move || is_pointed_at.get() | has_focus.get());
    let is_dense = Memo::new(move |_| kept.with(|kept| kept.len() > FEW));
    view! {
        <a class="skip" href="#subjects" on:click=move |_| go_to("subjects")>"Skip to subjects"</a>
        <ul
            class="tiles"
            class:dense=move || is_dense.get()
            on:pointerenter=move |_| is_pointed_at.set(true)
            on:pointerleave=move |_| is_pointed_at.set(false)
            on:focusin=move |_| has_focus.set(true)
            on:focusout=move |_| has_focus.set(false)
        >
            <For each=move || order.get() key=Subject::clone let:subject>
                <Tile subject groups/>
            </For>
        </ul>
    }
}

/// A tile: an icon and a colour, with the name and the status in words. It leads to the card, and
/// opens it.
#[component]
fn Tile(subject: Subject, groups: Memo<Arc<Groups>>) -> impl IntoView {
    let (name, more) = name(&subject);
    let (id, title) = (subject_anchor(&subject), format!("{name}{more}"));
    let href = format!("#{id}");
    let status = Memo::new(move |before: Option<&SubjectStatus>| {
        let now = groups.with(|groups| groups.get(&subject).map(|group: &Group| group.status));
        now.or_else(|| before.copied()).unwrap_or(SubjectStatus::Unknown)
    });
    let told = Memo::new(move |_| format!("{title}: {}", status.get().words().1));
    view! {
        <li>
            <a
                class=move || format!("tile mark {}", status.get().words().0)
                href=href
                title=move || told.get()
                aria-label=move || told.get()
                on:click=move |_| go_to(&id)
            >
                <i aria-hidden="true"></i>
                <span class="name"><bdi>{name}</bdi></span>
            </a>
        </li>
    }
}
