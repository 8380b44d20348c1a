//! The cards of subjects: one line where all is well, open where something is wrong. What a reader
//! opened or closed stays so.

use std::sync::Arc;

use domain::{subject::Subject, text};
use leptos::{html, prelude::*};
use wording::humanize;

use super::{
    day::DayBar,
    group::{Group, Groups, SubjectStatus},
    row::{Row, Telling},
    tiles::steady,
};
use crate::status::subject_anchor;

/// The cards, with the subjects that the filter keeps. `may` says whether their reader may retire
/// subjects. While one of them has the focus none moves.
#[component]
pub(super) fn SubjectCards(
    groups: Memo<Arc<Groups>>,
    kept: Memo<Vec<Subject>>,
    may: bool,
) -> impl IntoView {
    let has_focus = RwSignal::new(false);
    let order = steady(kept, move || has_focus.get());
    view! {
        <div
            class="groups"
            on:focusin=move |_| has_focus.set(true)
            on:focusout=move |_| has_focus.set(false)
        >
            <For each=move || order.get() key=Subject::clone let:subject>
                {
                    let of = subject.clone();
                    let group = Memo::new(move |before: Option<&Option<Group>>| {
                        let now = groups.with(|groups| groups.get(&of).cloned());
                        now.or_else(|| before.cloned().flatten())
                    });
                    view! { <Card subject group may/> }
                }
            </For>
        </div>
    }
}

/// The way to say that a subject is gone for good, alone or with what is missing beside it.
fn retire(subject: &Subject, alike: &[Subject]) -> AnyView {
    let all = (alike.len() > 1).then(|| {
        let names: Vec<String> = alike.iter().map(|one| text::isolated(one.name())).collect();
        view! {
            <form method="post" action="/ops/health">
                <p class="quiet">"Also missing: " {humanize::list(&names)}</p>
                <input type="hidden" name="what" value="retire-missing"/>
                {alike.iter().map(|one| view! { <input type="hidden" name="missing" value=one.to_string()/> }).collect_view()}
                <button class="button" type="submit">"Retire all " {alike.len()}</button>
            </form>
        }
    });
    view! {
        <details class="fold">
            <summary>"Gone for good?"</summary>
            <form method="post" action="/ops/health">
                <p class="quiet">"If it was removed on purpose, retire it: Calm Ops then expects no data from it. If it reports again, monitoring resumes."</p>
                <input type="hidden" name="what" value="retire"/>
                <input type="hidden" name="subject" value=subject.to_string()/>
                <button class="button" type="submit">"Retire " {title(subject)}</button>
            </form>
            {all}
        </details>
    }
    .into_any()
}

/// A card. Its rows follow their readings only while it is open.
#[component]
fn Card(subject: Subject, group: Memo<Option<Group>>, may: bool) -> impl IntoView {
    let of = move |tell: fn(&Group) -> String| {
        Memo::new(move |_| group.with(|group| group.as_ref().map(tell).unwrap_or_default()))
    };
    let keys = move |tell: fn(&Group) -> &Vec<String>| {
        Memo::new(move |_| {
            group.with(|one| one.as_ref().map(|one| tell(one).clone()).unwrap_or_default())
        })
    };
    let (told, folded) = (keys(|group| &group.told), keys(|group| &group.folded));
    let status = Memo::new(move |_| {
        group.with(|group| group.as_ref().map_or(SubjectStatus::Unknown, |group| group.status))
    });
    let is_judged = Memo::new(move |_| status.get() != SubjectStatus::Shown);
    let is_problem = Memo::new(move |_| status.get().is_problem());
    let is_folded = Memo::new(move |_| folded.with(|folded| !folded.is_empty()));
    let telling = Memo::new(move |_| group.with(|group| group.as_ref()?.telling.clone()));
    let (counts, fold) = (of(|group| group.counts.clone()), of(Group::fold));
    let gone = Memo::new(move |_| {
        let gone = |group: &Group| (may && group.may_be_gone).then(|| group.missing.clone());
        group.with(|group| group.as_ref().and_then(gone))
    });
    let is_collectors =
        group.with_untracked(|group| group.as_ref().is_some_and(Group::is_collectors));
    let head = if is_collectors {
        "Collectors".into_any()
    } else {
        view! { <span class="kind">{subject.kind().to_owned()}</span> " " {title(&subject)} }
            .into_any()
    };
    let id = subject_anchor(&subject);
    let (heading, of_gone) = (id.clone(), subject.clone());
    let node: NodeRef<html::Details> = NodeRef::new();
    let opened_at_first = is_problem.get_untracked();
    let (is_open, more_is_open) = (RwSignal::new(opened_at_first), RwSignal::new(false));
    // It opens when something goes wrong; from then on it is the reader's.
    Effect::new(move |was_problem: Option<bool>| {
        let is_problem = is_problem.get();
        if was_problem == Some(false)
            && is_problem
            && let Some(details) = node.get_untracked()
        {
            details.set_open(true);
        }
        is_problem
    });
    let more: NodeRef<html::Details> = NodeRef::new();
    let toggled = move |node: NodeRef<html::Details>, is_open: RwSignal<bool>| {
        move |_: leptos::ev::Event| {
            is_open.set(node.get_untracked().is_some_and(|details| details.open()));
        }
    };
    let all_open = Signal::derive(move || is_open.get() && more_is_open.get());
    view! {
        <section class=move || format!("group is-{}", status.get().words().0) aria-labelledby=heading>
            <details class="subject" node_ref=node open=opened_at_first on:toggle=toggled(node, is_open)>
                <summary>
                    <span class=move || format!("mark {}", status.get().words().0)><i aria-hidden="true"></i></span>
                    <h3 id=id>{head}</h3>
                    {move || telling.get().map(|key| view! { <Telling key/> })}
                    <span class="counts">{move || counts.get()}</span>
                    <DayBar subject is_judged/>
                </summary>
                <ul class="rows"><For each=move || told.get() key=String::clone let:key><Row key is_seen=is_open.into()/></For></ul>
                <Show when=move || is_folded.get()>
                    <details class="fold" node_ref=more on:toggle=toggled(more, more_is_open)>
                        <summary>{move || fold.get()}</summary>
                        <ul class="rows"><For each=move || folded.get() key=String::clone let:key><Row key is_seen=all_open/></For></ul>
                    </details>
                </Show>
                {move || gone.get().map(|alike| retire(&of_gone, &alike))}
            </details>
        </section>
    }
    .into_any()
}

/// `/var on web-1`.
fn title(subject: &Subject) -> AnyView {
    let host = subject.host().filter(|host| *host != subject.name());
    view! { <bdi>{subject.name().to_owned()}</bdi> {host.map(|host| format!(" on {host}"))} }
        .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_can_be_retired_where_it_stands() {
        let form = retire(&"disk:/data@web-1".parse().unwrap(), &[]).to_html();
        assert!(
            form.contains("action=\"/ops/health\"") && form.contains("value=\"disk:/data@web-1\""),
            "{form}"
        );
    }

    #[test]
    fn subjects_are_titled_with_their_host() {
        let title = |subject: &str| title(&subject.parse().unwrap()).to_html().replace("<!>", "");
        assert!(title("disk:/var@web-1").starts_with("<bdi>/var</bdi> on web-1"));
        assert!(title("host:web-1").starts_with("<bdi>web-1</bdi>"));
        assert!(!title("host:web-1").contains(" on "));
    }
}
