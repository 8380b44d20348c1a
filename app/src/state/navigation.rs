//! Scroll and focus across pages: a section that the address names is shown, back and forward return
//! to the same place, and any other page begins at its heading.

use std::{cell::RefCell, collections::HashMap};

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::listen::listen;

/// Number of places that are remembered.
const MOST_PLACES: usize = 100;

#[derive(Default)]
struct Places {
    /// The scroll position of each address.
    scrolled: HashMap<String, f64>,
    /// The address that is shown.
    here: String,
    /// The reader went back or forward.
    is_return: bool,
    /// The first page came with the document: the browser has taken care of it.
    has_arrived: bool,
}

thread_local! {
    static PLACES: RefCell<Places> = RefCell::default();
}

fn address() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// Begins to remember places.
pub(super) fn start() {
    listen(window().unchecked_ref(), "popstate", |_| {
        // To another section of the same page is no return: no page arrives.
        PLACES.with_borrow_mut(|places| places.is_return = places.here != address());
    });
    listen(document().unchecked_ref(), "scroll", |_| {
        let at = window().scroll_y().unwrap_or_default();
        PLACES.with_borrow_mut(|places| {
            // While the next page is on its way, this one is still shown.
            if places.here == address() {
                if places.scrolled.len() >= MOST_PLACES {
                    places.scrolled.clear();
                }
                places.scrolled.insert(places.here.clone(), at);
            }
        });
    });
}

/// Called when the content of a page stands there.
pub(crate) fn arrived() {
    request_animation_frame(|| {
        let here = address();
        let (is_return, is_first, at) = PLACES.with_borrow_mut(|places| {
            let is_first = !std::mem::replace(&mut places.has_arrived, true);
            let at = places.scrolled.get(&here).copied();
            places.here.clone_from(&here);
            (std::mem::take(&mut places.is_return), is_first, at)
        });
        let hash = window().location().hash().unwrap_or_default();
        let section = hash.strip_prefix('#').filter(|id| !id.is_empty());
        let section = section.and_then(|id| document().get_element_by_id(id));
        match (section, at) {
            (_, Some(at)) if is_return => window().scroll_to_with_x_and_y(0.0, at),
            _ if is_first => {}
            (Some(section), _) => {
                section.scroll_into_view();
                open_around(&section);
                focus(section);
            }
            (None, _) => {
                window().scroll_to_with_x_and_y(0.0, 0.0);
                if let Ok(Some(heading)) = document().query_selector("main h1") {
                    focus(heading);
                }
            }
        }
    });
}

/// The content of the page was exchanged in place, or its address is another one now, such as when a
/// filter was typed: scroll and focus stay.
pub(crate) fn stayed() {
    PLACES.with_borrow_mut(|places| {
        places.here = address();
        places.is_return = false;
    });
}

/// Opens the fold in which an element stands, and puts the focus on what folds it.
pub(crate) fn open(id: &str) {
    let Some(element) = document().get_element_by_id(id) else { return };
    let summary = open_around(&element);
    focus(summary.unwrap_or(element));
}

/// Opens the fold in which an element stands, if it does; returns what folds it.
fn open_around(element: &Element) -> Option<Element> {
    let fold = element.closest("details").ok().flatten()?;
    let _ = fold.set_attribute("open", "");
    fold.query_selector("summary").ok().flatten()
}

/// Puts the focus on an element, without moving the page.
fn focus(element: Element) {
    if !element.has_attribute("tabindex") && element.tag_name() != "SUMMARY" {
        let _ = element.set_attribute("tabindex", "-1");
    }
    if let Ok(element) = element.dyn_into::<HtmlElement>() {
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.focus_with_options(&options);
    }
}
