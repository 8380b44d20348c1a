//! The command palette: one field that finds pages, incidents, subjects, signals, sections of the
//! runbook and settings; and the list of keyboard shortcuts.

mod entry;
mod matching;
mod shortcuts;

use leptos::{
    ev::{Event, KeyboardEvent, MouseEvent},
    html,
    prelude::*,
};

use crate::{
    clock::Clock, components::theme_switch::ChosenTheme, routes::runbook::get_runbook,
    state::OpsStore,
};
use entry::{Entry, Group, Section, Target};

/// The contents of the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    Search,
    Shortcuts,
}

/// Sections of the runbook, asked for when the search is opened first.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sections {
    /// Not asked for yet, or on their way.
    Unknown,
    /// They can't be had right now.
    Away,
    /// These.
    Known(Vec<Section>),
}

/// The palette of a page.
#[derive(Clone, Copy)]
pub(crate) struct Palette {
    shown: RwSignal<Shown>,
    dialog: NodeRef<html::Dialog>,
    sections: RwSignal<Sections>,
    /// True if single keys do anything.
    has_shortcuts: RwSignal<bool>,
}

impl Palette {
    /// Provides the palette to the frame.
    pub(crate) fn provide() -> Self {
        let palette = Self {
            shown: RwSignal::new(Shown::Nothing),
            dialog: NodeRef::new(),
            sections: RwSignal::new(Sections::Unknown),
            has_shortcuts: RwSignal::new(true),
        };
        provide_context(palette);
        palette
    }

    /// Opens the dialog. The browser keeps the focus inside, and returns it when it closes.
    fn open(self, shown: Shown) {
        let Some(dialog) = self.dialog.get_untracked() else { return };
        self.shown.set(shown);
        if shown == Shown::Search {
            self.ask_for_sections();
        }
        if !dialog.open() {
            let _ = dialog.show_modal();
        }
        // The content stands there by then.
        request_animation_frame(move || {
            if let Ok(Some(field)) = dialog.query_selector("input") {
                focus(&field);
            }
        });
    }

    /// Closes the dialog. The browser tells when it is closed.
    fn close(self) {
        if let Some(dialog) = self.dialog.get_untracked() {
            dialog.close();
        }
    }

    /// The dialog is open now. `shown` changes later, when the browser tells that it was closed, and
    /// keys may be pressed before.
    #[cfg(feature = "hydrate")]
    fn is_open(self) -> bool {
        self.dialog.get_untracked().is_some_and(|dialog| dialog.open())
    }

    /// Removes the content of a closed dialog, unless it was opened again before the browser told.
    fn was_closed(self) {
        if self.dialog.get_untracked().is_none_or(|dialog| !dialog.open()) {
            self.shown.set(Shown::Nothing);
        }
    }

    fn ask_for_sections(self) {
        if matches!(self.sections.get_untracked(), Sections::Known(_)) {
            return;
        }
        leptos::task::spawn_local(async move {
            let sections = match get_runbook().await {
                Ok(document) => Sections::Known(sections(&document.markdown)),
                Err(_) => Sections::Away,
            };
            self.sections.set(sections);
        });
    }
}

/// The sections of a document, with their anchors.
fn sections(markdown: &str) -> Vec<Section> {
    let contents = crate::components::markdown::render(markdown).contents;
    let sections = contents.into_iter().filter(|(level, _, _)| matches!(level, 2 | 3));
    sections.map(|(_, heading, anchor)| (heading, anchor)).collect()
}

/// Puts the focus on an element.
fn focus(element: &leptos::web_sys::Element) {
    use leptos::wasm_bindgen::JsCast as _;
    if let Some(element) = element.dyn_ref::<leptos::web_sys::HtmlElement>() {
        let _ = element.focus();
    }
}

#[cfg(feature = "hydrate")]
mod in_browser {
    use leptos::{ev, prelude::*};
    use leptos_router::{NavigateOptions, hooks::use_navigate};
    use wasm_bindgen::{JsCast as _, JsValue};

    use super::{
        Palette, Shown,
        shortcuts::{Action, Keys, Press},
    };

    /// The name under which the browser keeps that shortcuts are off.
    const KEY: &str = "calm-ops-shortcuts";

    /// The values that the browser keeps for this site. There is none where its reader forbids it.
    fn storage() -> Option<JsValue> {
        let storage = js_sys::Reflect::get(&window(), &"localStorage".into()).ok()?;
        storage.is_object().then_some(storage)
    }

    fn are_kept_on() -> bool {
        let kept = storage().and_then(|kept| js_sys::Reflect::get(&kept, &KEY.into()).ok());
        kept.and_then(|kept| kept.as_string()).as_deref() != Some("off")
    }

    /// Keeps whether shortcuts are on.
    pub(super) fn keep(are_on: bool) {
        if let Some(storage) = storage() {
            let word = if are_on { "on" } else { "off" };
            let _ = js_sys::Reflect::set(&storage, &KEY.into(), &word.into());
        }
    }

    /// Listens to the keys of the whole page.
    pub(super) fn listen(palette: Palette) {
        let navigate = use_navigate();
        Effect::new(move |_| palette.has_shortcuts.set(are_kept_on()));
        let keys = StoredValue::new(Keys::default());
        let _ = window_event_listener(ev::keydown, move |event| {
            let target =
                event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
            let is_field = target.is_some_and(|element| {
                let fields = "input, textarea, select, [contenteditable]";
                element.closest(fields).is_ok_and(|field| field.is_some())
            });
            let key = event.key();
            let press = Press {
                key: &key,
                with_control: event.ctrl_key() || event.meta_key(),
                with_alt: event.alt_key(),
                is_typing: is_field || event.repeat() || event.is_composing(),
                at: event.time_stamp(),
            };
            let are_on = palette.has_shortcuts.get_untracked();
            let asked = keys.try_update_value(|keys| keys.press(press, are_on)).flatten();
            let is_open = palette.is_open();
            match asked {
                Some(Action::Search)
                    if is_open && palette.shown.get_untracked() == Shown::Search =>
                {
                    palette.close();
                }
                Some(Action::Search) => palette.open(Shown::Search),
                // While the dialog is open, keys belong to it.
                Some(_) if is_open => return,
                Some(Action::List) => palette.open(Shown::Shortcuts),
                Some(Action::Go(address)) => navigate(address, NavigateOptions::default()),
                None => return,
            }
            event.prevent_default();
        });
    }
}

/// The way into the palette. Without Wasm it leads to the search of past incidents.
#[component]
pub(crate) fn SearchLink() -> impl IntoView {
    let palette = expect_context::<Palette>();
    let clock = expect_context::<Clock>();
    let is_alive = move || clock.is_alive();
    view! {
        <a
            class="search-link"
            href="/ops/history"
            aria-haspopup=move || is_alive().then_some("dialog")
            aria-keyshortcuts=move || is_alive().then_some("Control+K Meta+K")
            on:click=move |event: MouseEvent| {
                event.prevent_default();
                palette.open(Shown::Search);
            }
        >
            <i class="icon search" aria-hidden="true"></i>
            <span>"Search"</span>
            <kbd aria-hidden="true" hidden=move || !is_alive()>"Ctrl K"</kbd>
        </a>
    }
}

/// The dialog, closed at first.
#[component]
pub(crate) fn PaletteDialog() -> impl IntoView {
    let palette = expect_context::<Palette>();
    #[cfg(feature = "hydrate")]
    in_browser::listen(palette);
    let label = move || match palette.shown.get() {
        Shown::Nothing | Shown::Search => "Search",
        Shown::Shortcuts => "Keyboard shortcuts",
    };
    let inside = move || match palette.shown.get() {
        Shown::Nothing => ().into_any(),
        Shown::Search => view! { <Finder palette/> }.into_any(),
        Shown::Shortcuts => view! { <Shortcuts palette/> }.into_any(),
    };
    view! {
        <dialog
            class="palette"
            node_ref=palette.dialog
            aria-label=label
            closedby="any"
            on:close=move |_| palette.was_closed()
        >
            {inside}
        </dialog>
    }
}

/// Id of the list of what was found.
const LIST: &str = "found";

fn option_id(index: usize) -> String {
    format!("found-{index}")
}

/// The field, and what it finds.
#[component]
fn Finder(palette: Palette) -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let (query, selected) = (RwSignal::new(String::new()), RwSignal::new(0));
    let entries = Memo::new(move |_| {
        palette.sections.with(|sections| {
            let known = match sections {
                Sections::Known(sections) => sections.as_slice(),
                Sections::Unknown | Sections::Away => &[],
            };
            ops.with_untracked(|ops| entry::all(ops, known))
        })
    });
    let groups =
        Memo::new(move |_| entries.with(|entries| query.with(|query| entry::find(entries, query))));
    let count = Memo::new(move |_| {
        groups.with(|groups| groups.iter().map(|group| group.entries.len()).sum::<usize>())
    });
    let told = move || match count.get() {
        1 => "1 result".to_owned(),
        count => format!("{count} results"),
    };
    let is_away = move || palette.sections.with(|sections| *sections == Sections::Away);
    let on_input = move |event: Event| {
        query.set(event_target_value(&event));
        selected.set(0);
    };
    let results = move || {
        let mut next = 0;
        let groups = groups.get().into_iter().map(|group| {
            let first = next;
            next += group.entries.len();
            group_view(palette, group, first, selected)
        });
        groups.collect_view()
    };
    view! {
        <div class="palette-field">
            <i class="icon search" aria-hidden="true"></i>
            <input
                type="text"
                role="combobox"
                aria-label="Search pages, incidents, signals and the runbook"
                aria-expanded="true"
                aria-autocomplete="list"
                aria-controls=LIST
                aria-activedescendant=move || option_id(selected.get())
                placeholder="Search pages, incidents, signals and the runbook"
                autocomplete="off"
                spellcheck="false"
                maxlength="200"
                on:input=on_input
                on:keydown=move |event: KeyboardEvent| move_on(&event, selected, count.get_untracked())
            />
            <button class="button" type="button" on:click=move |_| palette.close()>"Close"</button>
        </div>
        <div class="palette-list" id=LIST role="listbox" aria-label="Results">{results}</div>
        <p class="away" role="status">{told}</p>
        <p class="quiet" hidden=move || !is_away()>"Sections of the runbook can't be loaded right now."</p>
    }
}

/// Arrow keys move the selection, and Enter follows it.
fn move_on(event: &KeyboardEvent, selected: RwSignal<usize>, count: usize) {
    let at = selected.get_untracked();
    let next = match event.key().as_str() {
        "ArrowDown" if count > 0 => (at + 1) % count,
        "ArrowUp" if count > 0 => (at + count - 1) % count,
        "Enter" if !event.is_composing() => {
            event.prevent_default();
            if let Some(option) = option(at) {
                option.click();
            }
            return;
        }
        _ => return,
    };
    event.prevent_default();
    selected.set(next);
    let list = document().get_element_by_id(LIST);
    if let Some((option, list)) = option(next).zip(list) {
        let (top, bottom) = (option.offset_top(), option.offset_top() + option.offset_height());
        if top < list.scroll_top() {
            list.set_scroll_top(top);
        } else if bottom > list.scroll_top() + list.client_height() {
            list.set_scroll_top(bottom - list.client_height());
        }
    }
}

/// The element of an option.
fn option(index: usize) -> Option<leptos::web_sys::HtmlElement> {
    use leptos::wasm_bindgen::JsCast as _;
    document().get_element_by_id(&option_id(index))?.dyn_into().ok()
}

/// Options of one kind, under their heading.
fn group_view(palette: Palette, group: Group, first: usize, selected: RwSignal<usize>) -> AnyView {
    let id = format!("found-kind-{first}");
    let heading = id.clone();
    let entries = group.entries.into_iter().enumerate();
    let options =
        entries.map(|(index, entry)| option_view(palette, entry, first + index, selected));
    view! {
        <div role="group" aria-labelledby=id>
            <p role="presentation" id=heading>{group.kind.heading()}</p>
            {options.collect_view()}
        </div>
    }
    .into_any()
}

fn option_view(palette: Palette, entry: Entry, index: usize, selected: RwSignal<usize>) -> AnyView {
    let id = option_id(index);
    let is_selected = move || if selected.get() == index { "true" } else { "false" };
    let link = |address: String, rel: Option<&'static str>| {
        view! {
            <a
                id=option_id(index)
                role="option"
                aria-selected=is_selected
                tabindex="-1"
                href=address
                rel=rel
                on:click=move |_| palette.close()
            >
                {entry.title.clone()}
            </a>
        }
        .into_any()
    };
    let chosen = expect_context::<ChosenTheme>();
    let act = match entry.target {
        Target::Page(address) => return link(address, None),
        Target::Document(address) => return link(address.to_owned(), Some("external")),
        Target::Theme(theme) => Box::new(move || {
            chosen.choose(theme);
            palette.close();
        }) as Box<dyn Fn()>,
        Target::Shortcuts => Box::new(move || palette.open(Shown::Shortcuts)),
    };
    view! {
        <button id=id role="option" aria-selected=is_selected tabindex="-1" type="button" on:click=move |_| act()>
            {entry.title}
        </button>
    }
    .into_any()
}

/// The list of shortcuts, and their switch.
#[component]
fn Shortcuts(palette: Palette) -> impl IntoView {
    let change = move |event: Event| {
        let are_on = event_target_checked(&event);
        palette.has_shortcuts.set(are_on);
        #[cfg(feature = "hydrate")]
        in_browser::keep(are_on);
    };
    let places = shortcuts::PLACES.map(|(letter, name, _)| {
        view! { <div><dt><kbd>"g"</kbd> " then " <kbd>{letter}</kbd></dt><dd>{name}</dd></div> }
    });
    view! {
        <div class="palette-keys">
            <h2>"Keyboard shortcuts"</h2>
            <dl>
                <div><dt><kbd>"Ctrl"</kbd> " " <kbd>"K"</kbd></dt><dd>"Search"</dd></div>
                {places}
                <div><dt><kbd>"?"</kbd></dt><dd>"This list"</dd></div>
            </dl>
            <label class="tick">
                <input type="checkbox" prop:checked=move || palette.has_shortcuts.get() on:change=change/>
                "Use single-key shortcuts"
            </label>
            <p class="quiet">"Kept in this browser. Without them " <kbd>"Ctrl"</kbd> " " <kbd>"K"</kbd> " still works."</p>
            <button class="button" type="button" on:click=move |_| palette.close()>"Close"</button>
        </div>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn sections_of_the_runbook_that_calm_ops_brings_are_found() {
        let sections = sections(include_str!("../../../ops/runbooks/when-things-break.md"));
        let is_known =
            |heading: &str, anchor: &str| sections.contains(&(heading.into(), anchor.into()));
        assert!(is_known("Crash loop", "crash-loop"), "{sections:?}");
        assert!(!is_known("When things break", "when-things-break"), "a title is no section");
    }
}
