//! Search and filters of the health page. All of it stands in the address: a form without Wasm; with
//! it what is shown follows what one types, and the server is asked for nothing.

use std::{collections::BTreeSet, sync::Arc};

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate, params::ParamsMap};

use super::group::{Group, Groups, SubjectStatus};
use crate::{address::percent_encode, clock::Clock};

/// Address of the page.
const PAGE: &str = "/ops/health";
/// More subjects than so many are worth a search.
const MANY: usize = 8;
/// The longest text that is looked for, in characters.
const LONGEST: usize = 200;
/// Everything that needs a person to know.
const PROBLEMS: &str = "problems";

/// The subjects that are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Words that are all in a subject's name or in those of its signals.
    pub text: String,
    /// The kind of subject.
    pub kind: String,
    /// The host.
    pub host: String,
    /// The status, or `problems`.
    pub status: String,
}

impl Filter {
    /// From the query of an address.
    pub fn of(query: &ParamsMap) -> Self {
        let field = |name| query.get_str(name).unwrap_or_default().chars().take(LONGEST).collect();
        Self { text: field("q"), kind: field("kind"), host: field("host"), status: field("status") }
    }

    /// True if it leaves anything out.
    pub fn is_narrow(&self) -> bool {
        *self != Self { text: self.text.clone(), ..Self::default() } || !self.text.trim().is_empty()
    }

    /// The address that shows it.
    pub fn address(&self) -> String {
        let fields = [
            ("q", &self.text),
            ("kind", &self.kind),
            ("host", &self.host),
            ("status", &self.status),
        ];
        let query: Vec<String> = fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", percent_encode(value)))
            .collect();
        if query.is_empty() { PAGE.to_owned() } else { format!("{PAGE}?{}", query.join("&")) }
    }

    /// True if a subject is shown.
    pub fn keeps(&self, group: &Group) -> bool {
        self.keeps_status(group.status) && self.keeps_but_for_status(group)
    }

    fn keeps_status(&self, status: SubjectStatus) -> bool {
        match self.status.as_str() {
            "" => true,
            PROBLEMS => status.is_problem(),
            name => status.words().0 == name,
        }
    }

    fn keeps_but_for_status(&self, group: &Group) -> bool {
        let text = self.text.to_lowercase();
        (self.kind.is_empty() || self.kind == group.subject.kind())
            && (self.host.is_empty() || group.subject.host() == Some(&*self.host))
            && text.split_whitespace().all(|word| group.words.contains(word))
    }
}

/// The choices of kinds or hosts: those that there are, and the one that is chosen.
fn choices<'a>(
    groups: &'a Groups,
    name: impl Fn(&'a Group) -> Option<&'a str>,
    chosen: &'a str,
) -> Vec<String> {
    let mut names: BTreeSet<&str> = groups.all.iter().filter_map(name).collect();
    if !chosen.is_empty() {
        names.insert(chosen);
    }
    names.into_iter().map(str::to_owned).collect()
}

/// A choice of statuses.
#[derive(Clone, Copy)]
struct Choice {
    /// As it stands in the address.
    name: &'static str,
    word: &'static str,
    is_always_there: bool,
}

/// All, problems, then each status.
fn statuses() -> impl Iterator<Item = Choice> {
    let one = |name, word| Choice { name, word, is_always_there: true };
    let each = SubjectStatus::ALL.into_iter().map(|status| {
        let (name, word) = status.words();
        Choice { name, word, is_always_there: false }
    });
    [one("", "all"), one(PROBLEMS, "only problems")].into_iter().chain(each)
}

/// Number of subjects that a choice of statuses would show.
fn count(groups: &Groups, filter: &Filter, status: &'static str) -> usize {
    let filter = Filter { status: status.to_owned(), ..filter.clone() };
    groups.all.iter().filter(|group| filter.keeps(group)).count()
}

/// The form.
#[component]
pub(super) fn Filters(groups: Memo<Arc<Groups>>, filter: Memo<Filter>) -> impl IntoView {
    let navigate = use_navigate();
    let is_alive = {
        let clock = use_context::<Clock>().unwrap_or_else(Clock::provide);
        move || clock.is_alive()
    };
    // What one types stays in its place: no step back for each letter, and nothing scrolls.
    let show = move |change: &dyn Fn(&mut Filter)| {
        let mut next = filter.get_untracked();
        change(&mut next);
        let options = NavigateOptions { replace: true, scroll: false, ..Default::default() };
        navigate(&next.address(), options);
    };
    let (by_text, by_kind, by_host, by_status) = (show.clone(), show.clone(), show.clone(), show);
    let is_few = Memo::new(move |_| {
        filter.with(|filter| !filter.is_narrow()) && groups.with(|groups| groups.all.len() <= MANY)
    });
    let kinds = Memo::new(move |_| {
        let chosen = filter.with(|filter| filter.kind.clone());
        groups.with(|groups| choices(groups, |one| Some(one.subject.kind()), &chosen))
    });
    let hosts = Memo::new(move |_| {
        let chosen = filter.with(|filter| filter.host.clone());
        groups.with(|groups| choices(groups, |one| one.subject.host(), &chosen))
    });
    let option = move |of: fn(&Filter) -> &String| {
        move |name: String| {
            let is_chosen = filter.with_untracked(|filter| *of(filter) == name);
            let value = name.clone();
            view! { <option value=value selected=is_chosen>{name}</option> }
        }
    };
    let chips = statuses().map(|choice| {
        let by_status = by_status.clone();
        let Choice { name, word, is_always_there } = choice;
        let count = Memo::new(move |_| {
            groups.with(|groups| filter.with(|filter| count(groups, filter, name)))
        });
        let is_chosen = Memo::new(move |_| filter.with(|filter| filter.status == name));
        let is_first = is_chosen.get_untracked();
        let icon = (!is_always_there).then(|| view! { <i aria-hidden="true"></i> });
        view! {
            <label class=format!("chip mark {name}") class:none=move || !is_always_there && !is_chosen.get() && count.get() == 0>
                <input type="radio" name="status" value=name checked=is_first prop:checked=move || is_chosen.get() on:change=move |_| by_status(&|next| next.status = name.to_owned())/>
                {icon}
                <span>{word} " " <b>{move || count.get()}</b></span>
            </label>
        }
    });
    view! {
        <form class="filters" class:none=move || is_few.get() method="get" action=PAGE role="search" on:submit=move |event| event.prevent_default()>
            <div class="find">
                <label for="q">"Find a subject"</label>
                <input
                    id="q"
                    name="q"
                    type="search"
                    maxlength=LONGEST
                    autocomplete="off"
                    value=filter.with_untracked(|filter| filter.text.clone())
                    prop:value=move || filter.with(|filter| filter.text.clone())
                    on:input=move |event| {
                        let text = event_target_value(&event);
                        by_text(&|next| next.text.clone_from(&text));
                    }
                />
            </div>
            <div class:none=move || kinds.with(|kinds| kinds.len() < 2)>
                <label for="kind">"Kind"</label>
                <select id="kind" name="kind" prop:value=move || filter.with(|filter| filter.kind.clone()) on:change=move |event| {
                    let kind = event_target_value(&event);
                    by_kind(&|next| next.kind.clone_from(&kind));
                }>
                    <option value="">"any"</option>
                    <For each=move || kinds.get() key=String::clone children=option(|filter| &filter.kind)/>
                </select>
            </div>
            <div class:none=move || hosts.with(|hosts| hosts.len() < 2)>
                <label for="host">"Host"</label>
                <select id="host" name="host" prop:value=move || filter.with(|filter| filter.host.clone()) on:change=move |event| {
                    let host = event_target_value(&event);
                    by_host(&|next| next.host.clone_from(&host));
                }>
                    <option value="">"any"</option>
                    <For each=move || hosts.get() key=String::clone children=option(|filter| &filter.host)/>
                </select>
            </div>
            <fieldset class="chips">
                <legend class="away">"Status"</legend>
                {chips.collect_view()}
            </fieldset>
            <button class="button" class:none=is_alive type="submit">"Search"</button>
        </form>
    }
}

/// Says that nothing fits, with the way out.
pub(super) fn nothing() -> AnyView {
    view! { <p class="empty">"No subject matches. " <a href=PAGE data-noscroll="">"Clear"</a></p> }
        .into_any()
}

#[cfg(test)]
mod tests {
    use domain::reading::Status;

    use super::*;
    use crate::routes::health::group::tests::reading;

    fn groups() -> Groups {
        let readings = [
            reading("app:api@web-1", "app.memory", Status::Critical),
            reading("disk:/var@web-1", "disk.used", Status::Unknown),
            reading("host:web-1", "host.cpu.used", Status::Healthy),
            reading("host:web-2", "host.cpu.used", Status::Watching),
            reading("service:Imports", "queue.depth", Status::Shown),
        ];
        Groups::of(readings.iter())
    }

    fn found(filter: &Filter) -> Vec<String> {
        let groups = groups();
        let kept = groups.all.iter().filter(|group| filter.keeps(group));
        kept.map(|group| group.subject.to_string()).collect()
    }

    fn query(pairs: &[(&str, &str)]) -> ParamsMap {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn subjects_are_found_by_their_names_and_those_of_their_signals() {
        let by = |text: &str| found(&Filter { text: text.to_owned(), ..Filter::default() });
        assert_eq!(by("IMPORTS"), ["service:Imports"]);
        assert_eq!(by(" web-1  cpu "), ["host:web-1"]);
        assert_eq!(by("queue.depth"), ["service:Imports"]);
        assert_eq!(by("  ").len(), 5);
        assert_eq!(by("nothing like that"), [""; 0]);
    }

    #[test]
    fn kind_host_and_status_narrow_what_is_shown() {
        let filter = |pairs: &[(&str, &str)]| Filter::of(&query(pairs));
        assert_eq!(found(&filter(&[("status", "problems")])), ["app:api@web-1", "disk:/var@web-1"]);
        assert_eq!(found(&filter(&[("status", "watching")])), ["host:web-2"]);
        assert_eq!(found(&filter(&[("kind", "host"), ("host", "web-2")])), ["host:web-2"]);
        assert_eq!(found(&filter(&[("status", "no such status")])), [""; 0]);
        assert_eq!(found(&filter(&[("other", "field")])).len(), 5);
    }

    #[test]
    fn a_filter_keeps_itself_in_the_address() {
        let filter = Filter {
            text: "a & b=c?#".into(),
            kind: "disk".into(),
            host: "web-1".into(),
            status: "problems".into(),
        };
        let address = filter.address();
        assert_eq!(
            address,
            "/ops/health?q=a%20%26%20b%3Dc%3F%23&kind=disk&host=web-1&status=problems"
        );
        assert_eq!(Filter::default().address(), "/ops/health");
        assert!(filter.is_narrow() && !Filter::default().is_narrow());
        assert!(!Filter { text: "  ".into(), ..Filter::default() }.is_narrow());
        let long = "x".repeat(9_999);
        assert_eq!(Filter::of(&query(&[("q", &long)])).text.len(), LONGEST);
    }

    #[test]
    fn each_choice_tells_how_many_it_shows() {
        let groups = groups();
        let shown: Vec<(&str, usize)> = statuses()
            .map(|choice| (choice.word, count(&groups, &Filter::default(), choice.name)))
            .collect();
        assert_eq!(
            shown,
            [
                ("all", 5),
                ("only problems", 2),
                ("critical", 1),
                ("warning", 0),
                ("no data", 1),
                ("watching", 1),
                ("healthy", 1),
                ("no threshold", 1)
            ]
        );
        // A kind that is gone can still be seen as what is chosen.
        assert_eq!(choices(&groups, |one| one.subject.host(), "gone"), ["gone", "web-1", "web-2"]);
    }
}
