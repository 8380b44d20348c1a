//! What keeps a page that is shown in step: parts that changed are exchanged, readings are written
//! over, forms are sent without leaving.

use std::cell::RefCell;

use commands::view::Readings;
use domain::{
    error::ErrorKind,
    reading::Reading,
    time::{Span, Timestamp},
};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FormData, HtmlButtonElement, HtmlFormElement};
use wording::humanize;

use super::{Live, soon};
use crate::{
    act::act,
    mark,
    page::{Fetch, Lives, Sheet},
    problem::Problem,
    spark, status,
};

thread_local! {
    /// Asks for the page that is shown anew. A page that comes puts its own here.
    static AGAIN: RefCell<Option<Box<dyn Fn()>>> = RefCell::default();
}

/// Keeps a page in step with the journal and the readings for as long as it is shown.
pub(crate) fn keep(live: Live, lives: Lives, key: Memo<String>, fetch: Fetch) {
    let again = move || {
        let Some(asked) = key.try_get_untracked() else {
            return;
        };
        spawn_local(async move {
            let came = fetch(asked.clone()).await;
            // The reader may have gone on meanwhile.
            if let (Ok(sheet), Some(true)) = (came, key.try_with_untracked(|key| *key == asked)) {
                exchange(&sheet);
                live.localize_soon();
            }
        });
    };
    AGAIN.set(Some(Box::new(again)));
    let waiting = StoredValue::new(false);
    Effect::new(move |seen: Option<Option<u64>>| {
        let news = live.news.get();
        let concerned = news.is_some_and(|news| match (lives, news.incident) {
            (Lives::No, _) | (Lives::Apart, Some(_)) => false,
            (Lives::Always, _) | (Lives::Apart | Lives::Incident, None) => true,
            (Lives::Incident, Some(about)) => key.with_untracked(|key| {
                key.split([' ', '-']).next().and_then(|id| id.parse().ok()) == Some(about)
            }),
        });
        if concerned && seen.is_some() {
            soon(waiting, again);
        }
        news.map(|news| news.number)
    });
    if lives == Lives::Incident {
        Effect::new(move |_| {
            live.readings.with(|now| {
                if let (Some(now), Some(page)) = (now, document().get_element_by_id("sheet")) {
                    for shown in all(&page, "[data-reading]") {
                        let key = shown.get_attribute("data-reading");
                        let reading = now.readings.iter().find(|one| {
                            key.as_deref() == Some(&status::row_key(&one.subject, &one.signal))
                        });
                        if let Some(reading) = reading {
                            if is_other_age(&shown, reading) {
                                soon(waiting, again);
                                break;
                            }
                            write(Some(shown), &humanize::value(reading.value, &reading.unit));
                        }
                    }
                }
            });
        });
    }
    if lives == Lives::Always {
        Effect::new(move |_| {
            live.readings.with(|now| {
                if now.as_ref().is_some_and(write_over) {
                    soon(waiting, again);
                }
            });
        });
    }
}

fn all(within: &Element, selector: &str) -> Vec<Element> {
    let Ok(found) = within.query_selector_all(selector) else {
        return Vec::new();
    };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

fn one(within: &Element, selector: &str) -> Option<Element> {
    within.query_selector(selector).ok().flatten()
}

/// Whether someone is writing there: then it is left alone.
fn is_written_in(part: &Element) -> bool {
    let focused = document()
        .active_element()
        .is_some_and(|focused| focused.tag_name() == "TEXTAREA" && part.contains(Some(&focused)));
    focused
        || all(part, "textarea").iter().any(|field| {
            field
                .dyn_ref()
                .is_some_and(|field: &web_sys::HtmlTextAreaElement| !field.value().is_empty())
        })
}

/// Exchanges the parts of the page whose content is another now; the whole of it if it has other
/// parts.
fn exchange(sheet: &Sheet) {
    let Some(shown) = document().get_element_by_id("sheet") else {
        return;
    };
    let Ok(fresh) = document().create_element("template") else {
        return;
    };
    fresh.set_inner_html(&sheet.html.text);
    let Some(fresh) =
        fresh.dyn_ref::<web_sys::HtmlTemplateElement>().map(web_sys::HtmlTemplateElement::content)
    else {
        return;
    };
    let Ok(parts) = fresh.query_selector_all("[data-hash]") else {
        return;
    };
    let parts: Vec<Element> =
        (0..parts.length()).filter_map(|index| parts.item(index)?.dyn_into().ok()).collect();
    let ids = |parts: &[Element]| parts.iter().map(Element::id).collect::<Vec<_>>();
    if parts.is_empty() || ids(&parts) != ids(&all(&shown, "[data-hash]")) {
        shown.set_inner_html(&sheet.html.text);
        return;
    }
    for part in &parts {
        let Some(old) = document().get_element_by_id(&part.id()) else {
            continue;
        };
        let (was, is) = (old.get_attribute("data-hash"), part.get_attribute("data-hash"));
        if old.class_name() != part.class_name() {
            old.set_class_name(&part.class_name());
        }
        // What a person decides upon is not exchanged under their finger for something else: they
        // are told.
        let bound = |part: &Element| part.get_attribute("data-binding");
        if let (Some(before), Some(now)) = (bound(&old), bound(part))
            && before != now
        {
            let changed = old.get_attribute("data-changed").unwrap_or_default();
            say_at("said-decision", "said refused", &changed);
            continue;
        }
        if was != is && !is_written_in(&old) && !is_printed_on(&old, part) {
            let _ = match bound(part) {
                Some(now) => old.set_attribute("data-binding", &now),
                None => old.remove_attribute("data-binding"),
            };
            let open: Vec<String> = all(&old, "details[open] > summary")
                .iter()
                .filter_map(|summary| summary.text_content())
                .collect();
            old.set_inner_html(&part.inner_html());
            for summary in all(&old, "details > summary") {
                if let (Some(text), Some(details)) =
                    (summary.text_content(), summary.parent_element())
                    && open.contains(&text)
                {
                    let _ = details.set_attribute("open", "");
                }
            }
            let _ = old.set_attribute("data-hash", &is.unwrap_or_default());
        }
    }
}

/// Goes on with what a run prints: what came since is added, so that only that is read out, and the
/// reader's place in it stays. False where there is no such place on both.
fn is_printed_on(old: &Element, fresh: &Element) -> bool {
    let (Some(shown), Some(fresh)) = (one(old, "[role=log]"), one(fresh, "[role=log]")) else {
        return false;
    };
    let (before, now) =
        (shown.text_content().unwrap_or_default(), fresh.text_content().unwrap_or_default());
    let top = shown.scroll_top();
    let at_end = top + shown.client_height() + 24 >= shown.scroll_height();
    match now.strip_prefix(&before) {
        Some(more) => {
            let _ = shown.append_child(&document().create_text_node(more));
        }
        None => shown.set_text_content(Some(&now)),
    }
    shown.set_scroll_top(if at_end { shown.scroll_height() } else { top });
    true
}

/// Writes where another text stands; a style makes the change seen, once.
fn write(element: Option<Element>, text: &str) {
    if let Some(element) = element
        && element.text_content().as_deref() != Some(text)
    {
        element.set_text_content(Some(text));
        // Two names for the same fading: a name that is new begins it again.
        let _ = element.set_attribute(
            "data-fresh",
            if element.get_attribute("data-fresh").as_deref() == Some("a") { "b" } else { "a" },
        );
    }
}

/// Writes new readings over those on the page. Says whether the page has to be asked for anew:
/// something came, went, or changed its place.
fn write_over(now: &Readings) -> bool {
    let Some(page) = document().get_element_by_id("sheet") else {
        return false;
    };
    let Some(sentence) = one(&page, "[data-active]") else {
        return false;
    };
    let active = sentence.get_attribute("data-active").filter(|active| !active.is_empty());
    let text = status::status_sentence(active, &status::count(&now.readings));
    if let Some(checked) = one(&page, "[data-checked]") {
        let _ = checked.set_attribute("data-checked", &now.checked_at.to_seconds_text());
        let _ = checked.set_attribute("data-start", status::checked(&text));
    }
    write(Some(sentence), &text);

    let rows = all(&page, "[data-row]");
    let mut keys: Vec<(String, usize)> = now
        .readings
        .iter()
        .enumerate()
        .map(|(index, reading)| (status::row_key(&reading.subject, &reading.signal), index))
        .collect();
    keys.sort_unstable();
    let troubles: Vec<String> =
        all(&page, "[data-trouble]").iter().filter_map(|trouble| trouble.text_content()).collect();
    let withheld =
        one(&page, "[data-withheld]").and_then(|part| part.get_attribute("data-withheld"));
    let mut other = rows.len() != now.readings.len()
        || troubles != now.troubles
        || withheld.is_some_and(|withheld| withheld != now.withheld.to_string());
    for row in &rows {
        let key = row.get_attribute("data-row").unwrap_or_default();
        let Ok(found) = keys.binary_search_by(|(known, _)| known.as_str().cmp(&key)) else {
            other = true;
            continue;
        };
        let reading = &now.readings[keys[found].1];
        let (class, _) = mark::status_words(reading.status);
        if row.class_name() != format!("row is-{class}") || is_other_age(row, reading) {
            other = true;
            continue;
        }
        write(one(row, ".value"), &humanize::value(reading.value, &reading.unit));
        write(one(row, ".note"), &status::note(reading));
        if let Some(picture) = one(row, ".spark") {
            draw(&picture, reading);
        }
    }
    other
}

/// Whether a value that is shown has become old, or is heard again.
fn is_other_age(shown: &Element, reading: &Reading) -> bool {
    shown.has_attribute("data-old") != reading.stale_since.is_some()
}

/// Goes on with a sparkline.
fn draw(picture: &Element, reading: &Reading) {
    let newest = picture
        .get_attribute("data-newest")
        .and_then(|micros| micros.parse().ok())
        .map(Timestamp::from_micros);
    let Some(later) =
        newest.map(|newest| reading.at.since(newest)).filter(|later| *later > Span::ZERO)
    else {
        return;
    };
    let mut points =
        spark::read(&picture.get_attribute("data-course").unwrap_or_default(), |text| {
            Some(js_sys::Number::parse_float(text)).filter(|number| number.is_finite())
        });
    spark::push(&mut points, later.as_secs_f64(), reading.value);
    let geometry = spark::lay_out(&points, reading.warning, reading.critical);
    let _ = picture.set_attribute("data-newest", &reading.at.as_micros().to_string());
    let _ = picture.set_attribute("data-course", &spark::write(&points));
    for (selector, y) in [(".warning", geometry.warning), (".critical", geometry.critical)] {
        if let (Some(line), Some(y)) = (one(picture, selector), y) {
            let _ = line.set_attribute("y1", &y.to_string());
            let _ = line.set_attribute("y2", &y.to_string());
        }
    }
    if let Some(line) = one(picture, "polyline") {
        let _ = line.set_attribute("points", &geometry.line);
    }
}

/// Says it beside the button that was pressed: the form names the place.
fn say_what_happened(form: &HtmlFormElement, class: &str, text: &str) {
    say_at(&form.get_attribute("data-act").unwrap_or_default(), class, text);
}

/// Says it at a place.
fn say_at(place: &str, class: &str, text: &str) {
    if let Some(said) = document().get_element_by_id(place) {
        said.set_class_name(class);
        said.set_text_content(Some(text));
    }
}

/// Sends a form of an incident without leaving the page. Without Wasm the same form does the same.
pub(super) fn send(event: &Event) {
    let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok())
    else {
        return;
    };
    let Some(data) =
        form.has_attribute("data-act").then(|| FormData::new_with_form(&form).ok()).flatten()
    else {
        return;
    };
    event.prevent_default();
    let field = |name: &str| data.get(name).as_string().unwrap_or_default();
    let Ok(incident) = field("incident").parse() else {
        return;
    };
    let buttons = all(&form, "button");
    let able = |able: bool| {
        for button in buttons.iter().filter_map(|button| button.dyn_ref::<HtmlButtonElement>()) {
            button.set_disabled(!able);
        }
    };
    able(false);
    say_what_happened(&form, "said", "Working on it.");
    let sent = act(incident, field("what"), field("text"), field("place"), field("binding"));
    spawn_local(async move {
        match sent.await {
            Ok(sentence) => {
                say_what_happened(&form, "said done", &sentence);
                form.reset();
            }
            // How it stands now is another: the server answers with the whole of it, and keeps what
            // was typed.
            Err(Problem {
                kind: ErrorKind::Conflict | ErrorKind::SignIn | ErrorKind::SignInAgain,
                ..
            }) if form.has_attribute("data-whole") => {
                let _ = form.submit();
                return;
            }
            Err(Problem { sentence, .. }) => say_what_happened(&form, "said refused", &sentence),
        }
        for button in buttons.iter().filter_map(|button| button.dyn_ref::<HtmlButtonElement>()) {
            button.set_disabled(false);
        }
        AGAIN.with_borrow(|again| {
            if let Some(again) = again {
                again();
            }
        });
    });
}
